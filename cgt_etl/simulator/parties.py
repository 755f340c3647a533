"""Who takes part in a simulated network: organisations with their sites, and fictional products. Frozen records alone.

What happens among them is in `model`, who they are in a world in `world/network`.
"""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Site:
    """A place where an organisation works."""

    site: str
    """Its name in the partner file."""
    name: str
    zone: ZoneInfo
    """The same at all sites of a party: its exports state one clock."""
    facility: str = ""
    """ISBT 128 facility number, of a place that numbers donations."""
    gln: str = ""
    """13 digits with their check digit; of every place that packs, ships or receives."""


@dataclass(frozen=True)
class Party:
    """One organisation with its sites."""

    partner: str
    """Folder name of its partner file."""
    name: str
    legal_entity: str
    role: str
    """blood_centre, hospital, manufacturer, laboratory, courier, registry, cord_bank or donor_registry."""
    country: str
    sites: tuple[Site, ...]
    """The first is the main one."""
    dialects: tuple[str, ...] = ()
    """What it speaks: an export module is heard for those that speak its dialect."""
    mrn_digits: int = 0
    """Length of a hospital's medical record numbers."""
    mrn_dash_after: int = 0
    """A hospital that prints a dash after so many digits; 0 for none."""
    collects_at: str = ""
    """Blood centre to which a hospital sends its patients."""
    courier: str = ""
    """Courier that carries for a hospital; empty where they take turns."""
    clock_ahead_min: int = 0
    """How far a blood centre's clock is ahead of the true one; all times of its apheresis files are read off it."""

    @property
    def zone(self) -> ZoneInfo:
        return self.sites[0].zone

    @property
    def facility(self) -> str:
        return self.sites[0].facility

    @property
    def gln(self) -> str:
        return self.sites[0].gln


@dataclass(frozen=True)
class Product:
    """A fictional product: what manufacturer, registry and hospital call it, its components, its dose and limits."""

    name: str
    formulary: str
    modality: str
    """auto_cart, allo_nk, ghsc (gene-edited stem cells) or hsct (a graft, which nobody manufactures)."""
    manufacturer: str
    """Partner that makes it; empty for a graft."""
    sponsor: str
    """Partner that takes orders for it and releases it: the manufacturer itself, or the one for whom it works under contract."""
    numbered_by: str
    """Partner that issues its order, batch and lot numbers: one numbering authority for all sponsors of a world."""
    components: tuple[str, ...]
    """One drug product lot each: ("C8", "C4") or ("",)."""
    dose_e6: float
    """Planned viable CAR+, NK or CD34+ cells, 10*6."""
    is_gene_modified: bool
    frozen_only: bool
    """Its sponsor takes frozen starting material alone."""
    viability_limit_pct: float
    storage_limit_c: float
    """Highest allowed temperature of the frozen product."""
    specification_version: str
    thaw_window_min: int = 0
    """Minutes from the thaw within which the infusion begins; 0 of a graft. Chosen, after H15 of `handoffs.csv`."""
    storage_lowest_c: float = -196.0
    """Lowest one: that of liquid nitrogen."""


@dataclass(frozen=True)
class Network:
    """Who takes part. Every hospital sends its patients to one blood centre; the rest serve all."""

    blood_centres: tuple[Party, ...]
    hospitals: tuple[Party, ...]
    manufacturers: tuple[Party, ...]
    laboratories: tuple[Party, ...]
    """Quality control laboratories; manufacturer i uses laboratory i modulo their number."""
    couriers: tuple[Party, ...]
    registries: tuple[Party, ...]
    """Outcomes registries."""
    products: tuple[Product, ...]
    processing_laboratories: tuple[Party, ...] = ()
    """Those that freeze and store for others."""
    cord_banks: tuple[Party, ...] = ()
    donor_registries: tuple[Party, ...] = ()

    @property
    def parties(self) -> tuple[Party, ...]:
        return (
            *self.blood_centres, *self.hospitals, *self.manufacturers, *self.laboratories, *self.couriers, *self.registries,
            *self.processing_laboratories, *self.cord_banks, *self.donor_registries,
        )  # fmt: skip

    def party(self, partner: str) -> Party:
        """The party of that name.

        Raises:
            KeyError: nobody of that name takes part.
        """
        return {one.partner: one for one in self.parties}[partner]

    def patients_of(self, blood_centre: Party) -> tuple[Party, ...]:
        """The hospitals whose patients a blood centre collects from; the first is the one whose record numbers it writes down."""
        return tuple(one for one in self.hospitals if one.collects_at == blood_centre.partner)
