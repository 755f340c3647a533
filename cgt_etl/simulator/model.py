"""What happened, as nobody sees it whole: the shapes of a simulated network and its journeys.

Holds frozen records alone. No drawing (`world/`), no file (`exports/`). Times are local wall-clock times with their zone. Everything is
fictional; facility numbers are in the style of the demonstration range of ISBT 128.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from cgt_etl.simulator.parties import Party, Product, Site


@dataclass(frozen=True)
class Person:
    """A patient, a donor, or (autologous) both. `number` is the truth's name of the person, unique in a world."""

    number: int
    family: str
    given: str
    sex: str
    born: date
    weight_kg: float
    height_cm: float
    is_smoker: bool
    mrn: str = ""
    """At their hospital, digits only, with leading zeros; empty for a donor who is no patient."""
    fhir_id: str = ""
    crid: str = ""
    """Registry's recipient number; empty for a donor."""
    donor_number: str = ""
    """At their blood centre, or of a child at the cord bank; empty for a patient who never gave."""
    grid: str = ""
    """Global registration identifier, 19 characters; of registry donors alone."""


@dataclass(frozen=True)
class Collection:
    """One apheresis with the figures of its run; cells of the blood per µL, volumes in mL, yields in cells."""

    din: str
    donor: Person
    blood_centre: Party
    site: Site
    is_autologous: bool
    procedure: str
    """CMNC, MNC or mobilised HPC (`HPC`)."""
    device: str
    started: datetime
    completed: datetime
    pre_cd3: float
    pre_cd34: float
    """Mobilised collections alone; else 0."""
    post_cd3: float | None
    """None where no sample was drawn after the run."""
    blood_ml: float
    inlet_ml: float
    anticoagulant_ml: float
    blood_volume_ml: float
    product_ml: float
    product_wbc_e6_per_ml: float
    cd3_yield: float
    cd34_yield: float
    cd14_pct: float
    ce2: float
    """Of the T cells, %, whatever was collected for; that of the stem cells follows from their yield."""
    haemoglobin: tuple[float, float]
    platelets: tuple[float, float]
    viability: float
    reaction: str
    """Code of the blood centre, empty for none."""
    target_met: bool


@dataclass(frozen=True)
class CordUnit:
    """One unit of cord blood, banked years before anybody needs it; its bag stands among the journey's."""

    din: str
    donor: Person
    """The child, whom the bank's number names alone."""
    cord_bank: Party
    site: Site
    collected: datetime
    frozen: datetime
    volume_ml: float
    """Of the blood, before the unit was reduced."""
    tnc_e9: float
    cd34_e6: float
    viability: float


@dataclass(frozen=True)
class Bag:
    """One bag of cells: what ISBT 128 names by donation, product code and division."""

    din: str
    product_code: str
    """Eight characters: description code, type, division placeholder, as printed."""
    division: str
    """Two characters; `00` undivided."""
    state: str
    """fresh or cryopreserved."""
    volume_ml: float
    tnc_e9: float
    cd3_e6: float
    created: datetime
    made_from: tuple[str, ...] = ()
    """Keys of the bags it was made from; empty for what came off the machine."""
    edge: str = ""
    """split, pool, sample or transform (freezing); empty for what came off the machine."""

    @property
    def key(self) -> str:
        return f"{self.din}:{self.product_code}:{self.division}"


@dataclass(frozen=True)
class Handoff:
    """One change of hands as it really was; what each side writes down is the exports' business."""

    code: str
    """H01 to H22 of `handoffs.csv`."""
    number: int
    """Within its journey."""
    sender: str
    receiver: str
    """Partners."""
    objects: tuple[str, ...]
    """Bag keys, lots, batch, order id."""
    sent: datetime
    received: datetime | None
    """None where it never arrived, or the journey ended."""
    usual_h: float
    """Hours it would have taken without the injected delay."""
    delay_h: float
    cause: str
    """Of the delay: waiting_for_batch, capacity, people, papers, courier or clock; empty for none."""
    fault: str = ""
    """identity_swap, count_mismatch, clock_skew, seal_broken, temperature, papers_missing, lost; empty for none."""


@dataclass(frozen=True)
class Shipment:
    """One shipper on its way; the readings of its logger are drawn where they are written, from `logger_seed`."""

    sscc: str
    """18 digits with their check digit."""
    awb: str
    """11 digits `ppp-nnnnnnnc` with the modulo-7 check."""
    courier: str
    origin: str
    destination: str
    """Partners."""
    origin_gln: str
    destination_gln: str
    """Of the sites."""
    contents: tuple[str, ...]
    """Bag keys, or lots of drug product."""
    is_drug_product: bool
    is_frozen: bool
    packed: datetime
    picked_up: datetime
    delivered: datetime
    logger: str
    """Serial number; loggers are used again and again."""
    shipper: str
    hold_days: float
    """Qualified hold of the shipper from packing."""
    limit_c: tuple[float, float]
    """Lowest and highest allowed temperature of its contents."""
    excursion_min: int
    """Minutes above the limit in transit; 0 for none."""
    excursion_c: float
    """Highest temperature of the excursion."""
    lid_opened: datetime | None
    """At receipt; minutes above the limit after it are no excursion."""
    gap_min: int
    """Minutes without readings; 0 for none."""
    has_second_signature: bool
    logger_seed: str


@dataclass(frozen=True)
class ProcessPoint:
    """One parameter of one unit operation, in the parameter's own unit."""

    operation: str
    """THAW, ENRICH, ACT, TDX, EXP, HARV or FF."""
    parameter: str
    """THAW_VIAB, SEL_PUR, SEL_REC, MOI, VCD, VIAB, FOLD, PDL, TNC_HARV, VCN_TOT, ..."""
    culture_day: int
    value: float
    unit: str
    """As the manufacturer writes it: %, TU/cell, 1e6/mL, x, 1, 1e9, c/cell."""
    at: datetime


@dataclass(frozen=True)
class MaterialLot:
    kind: str
    """vector, media, cytokine or beads."""
    lot: str
    expires: date


@dataclass(frozen=True)
class Test:
    """One line of a certificate of analysis."""

    name: str
    """Name of `measurements.csv`: dp_viability, transduction_eff, dp_car_pos_viable_total, vcn, endotoxin, sterility_dp, mycoplasma,
    rcl_rcr, potency_ifng, dp_cd3_purity."""
    method: str
    value: float | None
    """In the vocabulary's unit; None for a qualitative result."""
    text: str
    """Qualitative result or empty: no_growth, no_growth_to_date, growth, not_detected, detected, below_quantification_limit."""
    comparator: str
    lower: float | None
    upper: float | None
    is_within: bool | None
    """None where it is not final."""


@dataclass(frozen=True)
class Certificate:
    laboratory: str
    specification_version: str
    issued: datetime
    disposition: str
    """released, conditional, out_of_specification or rejected."""
    tests: tuple[Test, ...]


@dataclass(frozen=True)
class DoseUnit:
    lot: str
    component: str
    car_pos_e6: float
    """Viable cells that count (CAR+, NK, or edited CD34+) in it, 10*6."""
    containers: int
    """Bags or vials that it was filled into."""
    expires: date
    """Last day on which it may be given."""


@dataclass(frozen=True)
class Batch:
    """One manufacturing attempt, failed ones included."""

    number: str
    product: Product
    site: Site
    """Of the manufacturer."""
    coi: str
    """Empty for a product for anybody."""
    replaces: str
    """Number of the batch that it was made again for; empty for a first attempt."""
    inputs: tuple[Bag, ...]
    received: datetime
    """Starting material at the door."""
    accepted: datetime
    started: datetime
    points: tuple[ProcessPoint, ...]
    materials: tuple[MaterialLot, ...]
    harvested: datetime | None
    """None where it was terminated."""
    terminated: datetime | None
    filled: datetime | None
    dose_units: tuple[DoseUnit, ...]
    certificate: Certificate | None
    disposed: datetime | None
    """When the disposition was given."""
    disposition: str
    """released, conditional, out_of_specification, rejected or terminated."""
    out_of_specification: tuple[str, ...]
    """Names of the tests that failed."""
    interim: Certificate | None = None
    """An earlier certificate, whose sterility was not yet final; `certificate` is the last that was issued."""


@dataclass(frozen=True)
class Administration:
    """One infusion of one or more lots, or of graft bags."""

    number: int
    """Within its journey, from 1."""
    product: Product
    arm: str
    """T, NK, CD34 (edited stem cells) or graft."""
    lots: tuple[str, ...]
    """Drug product lots, or bag keys of a graft."""
    batch: str
    started: datetime
    completed: datetime
    dose_e6: float
    """Actually given."""
    fraction_given: float
    pathway: str
    """Out-of-specification pathway, e.g. expanded_access; empty where within specification."""
    pathway_approved: datetime | None
    conditioning_started: date | None
    """Lymphodepletion or conditioning."""
    received_at_site: datetime
    thawed: datetime | None
    """None of a graft, which is not followed."""
    stopped: str = ""
    """Why it was not given whole: `reaction`; empty where it was."""
    withheld: tuple[str, ...] = ()
    """Lots of the batch that were on site and were not given."""


@dataclass(frozen=True)
class Outcome:
    crs_grade: int
    crs_onset_day: int | None
    icans_grade: int
    response: str
    """CMR, PR, SD, PD, or empty where not assessed (transplant)."""
    anc_engraft_day: int | None
    plt_engraft_day: int | None
    died: date | None
    relapsed: date | None


@dataclass(frozen=True)
class Mistake:
    """Another patient of the hospital, who is named in records of a journey."""

    kind: str
    """number_in_chart, number_at_collection, chain_at_collection, merged_by_mistake, or results_exchanged with theirs."""
    other: Person
    other_coi: str


@dataclass(frozen=True)
class Features:
    """What the planted effects work on; the truth file `effects.json` names each effect, null and the confounder."""

    prior_lines: int
    had_bendamustine: bool
    cd4_cd8_ratio: float
    lymphocytes: float
    """10*9/L."""
    starting_material: str
    """fresh or frozen."""
    why_frozen: str
    """sponsor, schedule or distance; empty for fresh."""
    hold_h: float
    """Collection end to freezing or to manufacture."""
    fold_expansion: float
    infusion_hour: float | None


@dataclass(frozen=True)
class Journey:
    """One intent to treat, from referral to the last that is known."""

    number: int
    modality: str
    """auto_cart, allo_nk, ghsc, hsct (unrelated donor), related_hsct or cord_hsct; `combined` for a T cell arm and an NK arm."""
    sequence: str
    """Combined arms alone: t_then_nk, nk_then_t or together; else empty."""
    patient: Person
    donor: Person
    """The patient in an autologous journey; of cord blood the child of the first unit."""
    relation: str
    """Of the donor of a transplant: unrelated, sibling, haploidentical or cord; else empty."""
    hospital: Party
    blood_centre: Party
    manufacturer: Party | None
    product: Product
    second_product: Product | None
    indication: str
    order_id: str
    """Empty for a transplant."""
    coi: str
    """Empty where the product is for anybody, and for a transplant."""
    referred: date
    ordered: datetime | None
    collections: tuple[Collection, ...]
    """For this journey alone: of an off-the-shelf product they stand in the journey that is the first to use the lot."""
    cord_units: tuple[CordUnit, ...]
    bags: tuple[Bag, ...]
    backup: tuple[str, ...]
    """Keys of bags that were not manufactured, kept frozen in case the edited cells fail."""
    batches: tuple[Batch, ...]
    """Likewise."""
    shipments: tuple[Shipment, ...]
    handoffs: tuple[Handoff, ...]
    administrations: tuple[Administration, ...]
    outcome: Outcome
    features: Features
    dropped_out: str
    """before_collection, after_collection, manufacturing_failed or unfit; empty where infused."""
    dropped_out_on: date | None
    mistakes: tuple[Mistake, ...] = ()
    referred_by: Party | None = None
    """Another hospital that has a chart of the patient."""
    chart_there: Person | None = None
    """The patient under the numbers of that hospital, which shares the chain of identity with the rest and no other number."""
