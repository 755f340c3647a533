"""Who takes part: the network of the repository's partners, and a wide one with at least eight legal entities in each role.

Everything is fictional: names, products, GS1 prefix 9999999, facility numbers A9990 to A9999. The small network is what the partner files
of the repository say (a test compares them), with who collects and carries for whom, which no partner file says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal
from zoneinfo import ZoneInfo

from cgt_etl.simulator import numbers
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.parties import Network, Party, Product, Site

GRAFTS = {
    relation: Product(name, "", "hsct", "", "", "", ("",), 0.0, False, False, 80.0, -150.0, "")
    for relation, name in {
        "unrelated": "Unrelated graft", "sibling": "Sibling graft", "haploidentical": "Haploidentical graft", "cord": "Cord blood graft",
        "backup": "Unmanipulated backup",
    }.items()
}  # fmt: skip
"""What a transplant gives, by the donor's relation; nobody manufactures it."""


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

NEW_YORK, CHICAGO, LOS_ANGELES, BERLIN = "America/New_York", "America/Chicago", "America/Los_Angeles", "Europe/Berlin"


def _at(site: str, name: str, zone: str, location: int = 0, facility: str = "") -> Site:
    return Site(site, name, ZoneInfo(zone), facility, numbers.location_number(location) if location else "")


NORTHGATE = Party(
    "northgate_blood_centre", "Northgate Blood Centre", "Northgate Community Blood Services Inc.", "blood_centre", "US",
    (
        _at("main", "Northgate apheresis unit", NEW_YORK, 1, "A9999"),
        _at("harborside", "Northgate Harborside donor centre", NEW_YORK, 21, "A9997"),
    ),
    ("becs_us",),
)  # fmt: skip
RIVERSIDE = Party(
    "riverside_blood_centre", "Riverside Blood Centre", "Riverside Regional Donor Services LLC", "blood_centre", "US",
    (
        _at("main", "Riverside apheresis unit", CHICAGO, 2, "A9998"),
        _at("prairie", "Riverside Prairie donor centre", CHICAGO, 22, "A9996"),
    ),
    ("becs_us",),
)  # fmt: skip
RHEINLAND = Party(
    "rheinland_blutspendedienst", "Rheinland Blutspendedienst", "Rheinland Blutspendedienst gGmbH", "blood_centre", "DE",
    (_at("main", "Zentrum Apherese", BERLIN, 8, "A9995"), _at("sued", "Spendezentrum Süd", BERLIN, 23, "A9994")),
    ("becs_eu",),
)  # fmt: skip
NETWORK = Network(
    blood_centres=(NORTHGATE, RIVERSIDE, RHEINLAND),
    hospitals=(
        Party(
            "lakeside_hospital", "Lakeside University Hospital", "Lakeside University Health System", "hospital", "US",
            (_at("main", "Lakeside cell therapy unit", NEW_YORK, 3),), ("ehr_fhir_r4",), 8, 0, NORTHGATE.partner, "swiftline_couriers",
        ),
        Party(
            "summit_hospital", "Summit Medical Center", "Summit Medical Center Corporation", "hospital", "US",
            (_at("main", "Summit infusion centre", CHICAGO, 4),), ("ehr_fhir_r4",), 7, 4, RIVERSIDE.partner, "swiftline_couriers",
        ),
        Party(
            "marienhof_klinikum", "Marienhof Klinikum", "Marienhof Klinikum gGmbH", "hospital", "DE",
            (_at("main", "Marienhof Transplantationszentrum", BERLIN, 9),), ("ehr_fhir_r4",), 8, 0, RHEINLAND.partner,
            "meridian_air_freight",
        ),
        Party(
            "harbor_hospital", "Harbor Community Hospital", "Harbor Community Hospital Association", "hospital", "US",
            (_at("main", "Harbor Community Hospital", CHICAGO, 10),), ("ehr_hl7v2",), 7, 4, RIVERSIDE.partner, "meridian_cold_chain",
        ),
    ),
    manufacturers=(
        Party(
            "orchard_cell_therapies", "Orchard Cell Therapies", "Orchard Cell Therapies Inc.", "manufacturer", "US",
            (_at("main", "Orchard manufacturing site", LOS_ANGELES, 5),), ("mes_batch_record", "order_portal"),
        ),
        Party(
            "rowan_cell_works", "Rowan Cell Works", "Rowan Contract Cell Works GmbH", "manufacturer", "DE",
            (_at("main", "Rowan manufacturing suite", BERLIN, 11),), ("mes_b2mml",),
        ),
        Party(
            "hawthorn_cell_sciences", "Hawthorn Cell Sciences", "Hawthorn Cell Sciences Inc.", "manufacturer", "US",
            (_at("main", "Hawthorn clean rooms", NEW_YORK, 12),), ("mes_batch_record", "order_portal"),
        ),
    ),
    laboratories=(
        Party(
            "beacon_qc_laboratory", "Beacon QC Laboratory", "Beacon Analytical Laboratories Inc.", "laboratory", "US",
            (_at("main", "Beacon release testing laboratory", LOS_ANGELES, 6),), ("qc_coa",),
        ),
    ),
    couriers=(
        Party(
            "swiftline_couriers", "Swiftline Couriers", "Swiftline Specialty Couriers Inc.", "courier", "US",
            (_at("main", "Swiftline control tower", CHICAGO, 7),), ("courier_custody", "courier_epcis", "courier_logger"),
        ),
        Party(
            "meridian_cold_chain", "Meridian Cold Chain", "Meridian Cold Chain Logistics Inc.", "courier", "US",
            (_at("main", "Meridian operations desk", NEW_YORK, 13),), ("courier_custody", "courier_epcis_xml"),
        ),
        Party(
            "meridian_air_freight", "Meridian Air Freight", "Meridian Air Freight Inc.", "courier", "US",
            (_at("main", "Meridian dispatch", NEW_YORK, 14),), ("courier_tms",),
        ),
    ),
    registries=(
        Party(
            "cell_outcomes_registry", "Cell Therapy Outcomes Registry", "Cell Therapy Outcomes Registry Foundation", "registry", "US",
            (_at("main", "Registry data centre", CHICAGO),), ("registry_ct",),
        ),
    ),
    products=(
        Product(
            "Duocel", "DUO", "auto_cart", "orchard_cell_therapies", "orchard_cell_therapies", "orchard_cell_therapies", ("C8", "C4"), 90.0,
            True, False, 70.0, -130.0, "v4.2", 90,
        ),
        # a contract manufacturer stands between the sponsor and the hospitals
        Product(
            "Unacel", "UNA", "auto_cart", "rowan_cell_works", "orchard_cell_therapies", "orchard_cell_therapies", ("",), 140.0, True, True,
            80.0, -120.0, "v1.3", 60,
        ),
        Product(
            "Nakcel", "NAK", "allo_nk", "hawthorn_cell_sciences", "hawthorn_cell_sciences", "orchard_cell_therapies", ("",), 900.0, False,
            False, 70.0, -150.0, "v2.0", 60,
        ),
        Product(
            "Emendacel", "EME", "ghsc", "hawthorn_cell_sciences", "hawthorn_cell_sciences", "orchard_cell_therapies", ("",), 330.0, True,
            True, 70.0, -150.0, "v1.0", 90,
        ),
    ),
    processing_laboratories=(
        Party(
            "kestrel_cell_laboratory", "Kestrel Cell Laboratory", "Kestrel Cell Processing LLC", "laboratory", "US",
            (_at("main", "Kestrel cryo unit", NEW_YORK, 15),), ("ln2_tank_log", "processing_lab", "vi_cell_blu", "revvity_matrix"),
        ),
    ),
    cord_banks=(
        Party(
            "harvest_cord_bank", "Harvest Cord Bank", "Harvest Public Cord Blood Program Inc.", "cord_bank", "US",
            (_at("main", "Harvest processing and storage", NEW_YORK, 16, "A9993"),), ("cord_bank",),
        ),
    ),
    donor_registries=(
        Party(
            "bridge_donor_registry", "Bridge Donor Registry", "Bridge Registry of Volunteer Donors Foundation", "donor_registry", "US",
            (_at("main", "Bridge coordination centre", CHICAGO, 17),), ("donor_registry",),
        ),
    ),
)  # fmt: skip
PLACES = (
    ("alder", "America/New_York", "US"), ("birch", "America/Chicago", "US"), ("cedar", "America/Denver", "US"),
    ("dogwood", "America/Los_Angeles", "US"), ("elm", "America/Phoenix", "US"), ("fir", "Europe/Berlin", "DE"),
    ("ginkgo", "Europe/Paris", "FR"), ("hazel", "Europe/London", "GB"), ("juniper", "Europe/Madrid", "ES"),
    ("larch", "Europe/Helsinki", "FI"),
)  # fmt: skip
"""Of the wide world: the first part of a name, zone and country."""
SECOND = {
    "blood_centre": ("blood_centre", "Blood Centre", ("becs_us",)),
    "hospital": ("university_hospital", "University Hospital", ("ehr_fhir_r4",)),
    "manufacturer": ("cell_works", "Cell Works", ("mes_batch_record", "order_portal")),
    "laboratory": ("quality_laboratory", "Quality Laboratory", ("qc_coa",)),
    "courier": ("couriers", "Couriers", ("courier_custody", "courier_epcis", "courier_logger")),
    "registry": ("outcomes_registry", "Outcomes Registry", ("registry_ct",)),
}
"""Likewise, the second part of a folder's and of a party's name, and the dialects."""
FEWEST_WIDE, MOST_WIDE = 8, 9
CLOCK_AHEAD_MIN = 11
"""Of the centre whose clock is wrong: more than the minute that all times are told to, less than what would turn steps around."""


def network(kind: Literal["network", "wide"], seed: int) -> Network:
    """The parties and products of a world.

    Args:
        kind: `network` is the same for every seed; `wide` has 8 or 9 parties in each role, each its own legal entity.
        seed: How many parties, and where.

    Raises:
        ValueError: no such world.
    """
    if kind == "network":
        return NETWORK
    if kind == "wide":
        parties = {role: _wide(role, seed) for role in SECOND}
        return Network(
            blood_centres=parties["blood_centre"],
            hospitals=parties["hospital"],
            manufacturers=parties["manufacturer"],
            laboratories=parties["laboratory"],
            couriers=parties["courier"],
            registries=parties["registry"],
            products=_products(tuple(party.partner for party in parties["manufacturer"])),
        )
    raise ValueError(f"no world {kind}: network or wide")


def with_a_wrong_clock(parties: Network) -> Network:
    """The same network, the clock of its second blood centre ahead of the others'."""
    first, second, *rest = parties.blood_centres
    return replace(parties, blood_centres=(first, replace(second, clock_ahead_min=CLOCK_AHEAD_MIN), *rest))


def _products(makers: tuple[str, ...]) -> tuple[Product, ...]:
    """Each of another manufacturer, which is its sponsor."""
    authority = makers[0]

    def product(place: int, name: str, modality: str, components: tuple[str, ...], dose_e6: float, *rest: Any) -> Product:
        return Product(name, name[:3].upper(), modality, makers[place], makers[place], authority, components, dose_e6, *rest)

    return (
        product(0, "Duocel", "auto_cart", ("C8", "C4"), 90.0, True, False, 70.0, -130.0, "v4.2", 90),
        product(1, "Unacel", "auto_cart", ("",), 140.0, True, True, 80.0, -120.0, "v1.3", 60),
        product(2, "Nakcel", "allo_nk", ("",), 900.0, False, False, 70.0, -150.0, "v2.0", 60),
        product(3, "Tessacel", "auto_cart", ("",), 160.0, True, False, 75.0, -150.0, "v3.1", 45),
        product(4, "Quarticel", "auto_cart", ("",), 150.0, True, False, 75.0, -150.0, "v2.4", 45),
        product(5, "Solvacel", "auto_cart", ("C8", "C4"), 100.0, True, False, 70.0, -130.0, "v1.0", 90),
        product(6, "Mirracel", "auto_cart", ("",), 130.0, True, True, 80.0, -120.0, "v5.0", 60),
        product(7, "Nivacel", "allo_nk", ("",), 1200.0, False, False, 70.0, -150.0, "v1.1", 60),
        product(2, "Emendacel", "ghsc", ("",), 330.0, True, True, 70.0, -150.0, "v1.0", 90),
    )


def _wide(role: str, seed: int) -> tuple[Party, ...]:
    # A hospital stands beside its blood centre: the two roles have one number and one order of places.
    pair = "blood_centre" if role == "hospital" else role
    draws = Draws.seeded(seed, "parties", pair)
    places = draws.random.sample(PLACES, draws.random.randint(FEWEST_WIDE, MOST_WIDE))
    folder, title, dialects = SECOND[role]
    first = 100 + list(SECOND).index(role) * 20
    is_hospital = role == "hospital"
    parties = []
    for place, (stem, zone, country) in enumerate(places):
        name = f"{stem.title()} {title}"
        facility = f"A{9999 - place}" if role == "blood_centre" else ""
        parties.append(
            Party(
                partner=f"{stem}_{folder}",
                name=name,
                legal_entity=f"{name} {'Inc.' if country == 'US' else 'Ltd.'}",
                role=role,
                country=country,
                sites=(_at("main", name, zone, 0 if role == "registry" else first + place, facility),),
                dialects=dialects,
                mrn_digits=8 - place % 2 if is_hospital else 0,
                mrn_dash_after=4 if is_hospital and place % 2 else 0,
                collects_at=f"{stem}_{SECOND['blood_centre'][0]}" if is_hospital else "",
            )
        )
    return tuple(parties)
