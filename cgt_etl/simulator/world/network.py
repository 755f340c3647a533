"""Who takes part: the small network of the repository's partners, and a wide one with at least eight legal entities in each role.

Everything is fictional: names, products, GS1 prefix 9999999, facility numbers A9990 to A9999.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from cgt_etl.simulator import numbers
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.model import Network, Party, Product

GRAFT = Product("Unrelated graft", "", "hsct", "", ("",), 0.0, False, False, 80.0, -150.0, "")
"""What a transplant gives; nobody manufactures it."""


@dataclass(frozen=True)
class Cohorts:
    """Cohorts of `distributions.csv` that a fictional product draws from."""

    days: str
    """Vein-to-vein days in the United States."""
    days_eu: str
    failure: str
    oos: str
    crs: str
    icans: str
    transduction: str


_TISA = Cohorts("tisa US", "tisa EU", "tisa JP", "tisa NHL", "tisa NHL", "tisa NHL", "tisa")
_AXI = Cohorts("axi US", "axi EU", "axi/LBCL", "cilta", "axi", "axi", "axi/other")
_BREXU = Cohorts("axi US", "axi EU", "brexu/MCL", "tisa NHL", "axi", "axi", "axi/other")
_LISO = Cohorts("liso", "tisa EU", "axi/LBCL", "cilta", "liso", "tisa NHL", "axi/other")
COHORTS = {"Duocel": _LISO, "Unacel": _TISA, "Tessacel": _AXI, "Quarticel": _BREXU, "Solvacel": _AXI, "Mirracel": _TISA}
"""By product name; off-the-shelf products and grafts have none."""

NETWORK = {
    "blood_centre": (
        ("northgate_blood_centre", "Northgate Blood Centre", "Northgate Community Blood Services Inc.", "America/New_York"),
        ("riverside_blood_centre", "Riverside Blood Centre", "Riverside Regional Donor Services LLC", "America/Chicago"),
    ),
    "hospital": (
        ("lakeside_hospital", "Lakeside University Hospital", "Lakeside University Health System", "America/New_York"),
        ("summit_hospital", "Summit Medical Center", "Summit Medical Center Corporation", "America/Chicago"),
    ),
    "manufacturer": (("orchard_cell_therapies", "Orchard Cell Therapies", "Orchard Cell Therapies Inc.", "America/Los_Angeles"),),
    "laboratory": (("beacon_qc_laboratory", "Beacon QC Laboratory", "Beacon Analytical Laboratories Inc.", "America/Los_Angeles"),),
    "courier": (("swiftline_couriers", "Swiftline Couriers", "Swiftline Specialty Couriers Inc.", "America/Chicago"),),
    "registry": (
        ("cell_outcomes_registry", "Cell Therapy Outcomes Registry", "Cell Therapy Outcomes Registry Foundation", "America/Chicago"),
    ),
}  # fmt: skip
PLACES = (
    ("alder", "America/New_York", "US"), ("birch", "America/Chicago", "US"), ("cedar", "America/Denver", "US"),
    ("dogwood", "America/Los_Angeles", "US"), ("elm", "America/Phoenix", "US"), ("fir", "Europe/Berlin", "DE"),
    ("ginkgo", "Europe/Paris", "FR"), ("hazel", "Europe/London", "GB"), ("juniper", "Europe/Madrid", "ES"),
    ("larch", "Europe/Helsinki", "FI"),
)  # fmt: skip
"""Of the wide world: the first part of a name, zone and country."""
SECOND = {
    "blood_centre": ("blood_centre", "Blood Centre"),
    "hospital": ("university_hospital", "University Hospital"),
    "manufacturer": ("cell_works", "Cell Works"),
    "laboratory": ("quality_laboratory", "Quality Laboratory"),
    "courier": ("couriers", "Couriers"),
    "registry": ("outcomes_registry", "Outcomes Registry"),
}
FEWEST_WIDE, MOST_WIDE = 8, 9


def network(kind: Literal["network", "wide"], seed: int) -> Network:
    """The parties and products of a world.

    Args:
        kind: `network` is the same for every seed; `wide` has 8 or 9 parties in each role, each its own legal entity.
        seed: How many parties, and where.

    Raises:
        ValueError: no such world.
    """
    if kind == "network":
        return _assembled({role: _listed(role) for role in NETWORK}, _products(("orchard_cell_therapies",) * 8)[:3])
    if kind == "wide":
        parties = {role: _wide(role, seed) for role in SECOND}
        makers = tuple(party.partner for party in parties["manufacturer"][:8])
        return _assembled(parties, _products(makers))
    raise ValueError(f"no world {kind}: network or wide")


def _assembled(parties: dict[str, tuple[Party, ...]], products: tuple[Product, ...]) -> Network:
    return Network(
        blood_centres=parties["blood_centre"],
        hospitals=parties["hospital"],
        manufacturers=parties["manufacturer"],
        laboratories=parties["laboratory"],
        couriers=parties["courier"],
        registries=parties["registry"],
        products=products,
    )


def _products(makers: tuple[str, ...]) -> tuple[Product, ...]:
    """Duocel, Unacel and Nakcel first: the small network has these alone."""
    return (
        Product("Duocel", "DUO", "auto_cart", makers[0], ("C8", "C4"), 90.0, True, False, 70.0, -130.0, "v4.2"),
        Product("Unacel", "UNA", "auto_cart", makers[1], ("",), 140.0, True, True, 80.0, -120.0, "v1.3"),
        Product("Nakcel", "NAK", "allo_nk", makers[2], ("",), 900.0, False, False, 70.0, -150.0, "v2.0"),
        Product("Tessacel", "TES", "auto_cart", makers[3], ("",), 160.0, True, False, 75.0, -150.0, "v3.1"),
        Product("Quarticel", "QUA", "auto_cart", makers[4], ("",), 150.0, True, False, 75.0, -150.0, "v2.4"),
        Product("Solvacel", "SOL", "auto_cart", makers[5], ("C8", "C4"), 100.0, True, False, 70.0, -130.0, "v1.0"),
        Product("Mirracel", "MIR", "auto_cart", makers[6], ("",), 130.0, True, True, 80.0, -120.0, "v5.0"),
        Product("Nivacel", "NIV", "allo_nk", makers[7], ("",), 1200.0, False, False, 70.0, -150.0, "v1.1"),
    )


def _listed(role: str) -> tuple[Party, ...]:
    first = 1 + sum(len(NETWORK[before]) for before in list(NETWORK)[: list(NETWORK).index(role)])
    return tuple(_party(role, place, entry[:3], (entry[3], "US"), location=first + place) for place, entry in enumerate(NETWORK[role]))


def _wide(role: str, seed: int) -> tuple[Party, ...]:
    # A hospital stands beside its blood centre: the two roles have one number and one order of places.
    pair = "blood_centre" if role == "hospital" else role
    draws = Draws.seeded(seed, "parties", pair)
    places = draws.random.sample(PLACES, draws.random.randint(FEWEST_WIDE, MOST_WIDE))
    folder, title = SECOND[role]
    first = 100 + list(SECOND).index(role) * 20
    parties = []
    for place, (stem, zone, country) in enumerate(places):
        name = f"{stem.title()} {title}"
        names = (f"{stem}_{folder}", name, f"{name} {'Inc.' if country == 'US' else 'Ltd.'}")
        parties.append(_party(role, place, names, (zone, country), location=first + place))
    return tuple(parties)


def _party(role: str, place: int, names: tuple[str, str, str], where: tuple[str, str], *, location: int) -> Party:
    partner, name, entity = names
    zone, country = where
    is_hospital = role == "hospital"
    return Party(
        partner=partner,
        name=name,
        legal_entity=entity,
        role=role,
        zone=ZoneInfo(zone),
        country=country,
        facility=f"A{9999 - place}" if role == "blood_centre" else "",
        gln=numbers.location_number(location) if role != "registry" else "",
        mrn_digits=8 - place % 2 if is_hospital else 0,
        mrn_dash_after=4 if is_hospital and place % 2 else 0,
    )
