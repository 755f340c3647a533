"""What happened: persons, their collections and their infusions, as nobody sees them whole.

Times are local wall-clock times with their zone. Everything is fictional; facility numbers are the demonstration range of ISBT 128.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from cgt_etl.simulator import numbers
from cgt_etl.simulator.draws import Draws

START = date(2025, 9, 1)
SPAN_DAYS = 240
"""Days from the first referral to the last night."""
MANUFACTURER = "orchard_cell_therapies"
REGISTRY = "cell_outcomes_registry"
FAMILY_NAMES = (
    "Abernathy", "Bellweather", "Castellane", "Dunmore", "Ellsworth", "Farrow",
    "Greystone", "Hollins", "Ivers", "Kestrel", "Larkspur", "Merriden",
)  # fmt: skip
GIVEN_NAMES = {"female": ("Adela", "Bettina", "Corisande", "Delphine"), "male": ("Alaric", "Bertram", "Caspian", "Desmond")}
GRAMS_PER_ML = 1.058
MOST_T_CELLS = 0.7
"""Largest share of a product's nucleated cells that are T cells."""
INDICATIONS = ("C83.30", "C83.38", "C83.31")


@dataclass(frozen=True)
class Centre:
    """A blood centre and the hospital that sends it patients."""

    blood_centre: str
    hospital: str
    zone: ZoneInfo
    facility: str
    mrn_digits: int


CENTRES = (
    Centre("northgate_blood_centre", "lakeside_hospital", ZoneInfo("America/New_York"), "A9999", 8),
    Centre("riverside_blood_centre", "summit_hospital", ZoneInfo("America/Chicago"), "A9998", 7),
)


@dataclass(frozen=True)
class Product:
    """A fictional product: what the registry and the hospital call it, its components and its dose in 10*6 cells."""

    name: str
    formulary: str
    components: tuple[str, ...]
    dose: float


PRODUCTS = (Product("Duocel", "DUO", ("C8", "C4"), 90.0), Product("Unacel", "UNA", ("",), 140.0))


@dataclass(frozen=True)
class Person:
    """One patient, who is the donor of their own cells."""

    number: int
    family: str
    given: str
    sex: str
    born: date
    fhir_id: str
    mrn: str
    donor_number: str
    crid: str
    weight_kg: float
    height_cm: float


@dataclass(frozen=True)
class Collection:
    """One apheresis with the figures of its run; cells of the blood per µL, volumes in mL, yields in cells."""

    din: str
    started: datetime
    completed: datetime
    pre_cd3: float
    blood_ml: float
    inlet_ml: float
    anticoagulant_ml: float
    blood_volume_ml: float
    product_g: float
    product_wbc: float
    cd3_yield: float
    ce2: float
    haemoglobin: tuple[float, float]
    platelets: tuple[float, float]
    viability: float
    reaction: str


@dataclass(frozen=True)
class Journey:
    """One intent to treat, from referral to the last that is known of the patient."""

    number: int
    centre: Centre
    person: Person
    product: Product
    indication: str
    order_id: str
    coi: str
    batch: str
    lots: tuple[str, ...]
    referred: date
    collections: tuple[Collection, ...]
    infused: datetime | None
    dose: float
    crs_grade: int
    crs_onset_day: int | None
    neurotoxicity: int
    response: str
    died: date | None

    @property
    def collected(self) -> date:
        """Day of the last collection."""
        return self.collections[-1].started.date()


def journeys(count: int, seed: int) -> list[Journey]:
    """`count` journeys, spread over the first half of the span; the same seed gives the same journeys."""
    return [_journey(number, count, seed) for number in range(1, count + 1)]


def _journey(number: int, count: int, seed: int) -> Journey:
    draws = Draws.seeded(seed, "journey", number)
    centre = CENTRES[number % 2 - 1]
    product = PRODUCTS[(number // 2) % 2]
    referred = START + timedelta(days=(number - 1) * (SPAN_DAYS // 2) // count)
    person = _person(number, centre, draws)
    first_day = referred + timedelta(days=min(40, round(draws.number("referral_to_apheresis_days", "centre"))))
    days = 2 if number == 2 else min(2, int(draws.category("apheresis_days", "auto_cart")))
    collections = tuple(_collection(number * 10 + day + 1, first_day + timedelta(days=day), centre, person, draws) for day in range(days))
    coi = numbers.chain_of_identity(centre.facility, referred.year, draws.random)
    batch = f"B{referred.year % 100}-{400 + number:04d}"
    infused = None
    if number != 5 and not draws.happens("dropout_after_apheresis_p", "trials"):
        day = collections[-1].started.date() + timedelta(days=round(draws.number("v2v_days", "axi US")))
        hour = draws.number("infusion_local_hour", "LBCL")
        infused = _clock(day, hour, centre.zone)
    crs = draws.random.choice((1, 1, 2, 2, 3)) if draws.happens("crs_any_p", "axi") else 0
    neurotoxicity = draws.random.choice((1, 2, 3)) if draws.happens("icans_any_p", "axi") else 0
    response = draws.random.choice(("CMR", "CMR", "CMR", "PR", "SD", "PD"))
    died = infused.date() + timedelta(days=45) if infused and response == "PD" else None
    return Journey(
        number=number,
        centre=centre,
        person=person,
        product=product,
        indication=INDICATIONS[number % len(INDICATIONS)],
        order_id=f"ORD-{77000 + number}",
        coi=coi,
        batch=batch,
        lots=tuple(f"{part}-{batch}" if part else f"L-{batch}" for part in product.components),
        referred=referred,
        collections=collections,
        infused=infused,
        dose=round(draws.near(product.dose, 0.08), 1),
        crs_grade=crs,
        crs_onset_day=min(9, round(draws.number("crs_onset_day", "tisa ALL"))) if crs else None,
        neurotoxicity=neurotoxicity,
        response=response,
        died=died,
    )


def _person(number: int, centre: Centre, draws: Draws) -> Person:
    sex = "male" if draws.happens("sex_male_p", "auto_cart_LBCL") else "female"
    age = 91 if number == 7 else round(draws.number("age_years", "auto_cart_LBCL"))
    born = START - timedelta(days=age * 365 + age // 4 + draws.random.randrange(1, 300))
    serial = draws.random.randrange(10_000, 99_999)
    return Person(
        number=number,
        family=FAMILY_NAMES[(number - 1) % len(FAMILY_NAMES)],
        given=draws.random.choice(GIVEN_NAMES[sex]),
        sex=sex,
        born=born,
        fhir_id=f"p-{100 + number}",
        mrn=f"{number:02d}{serial}".zfill(centre.mrn_digits),
        donor_number=f"D{serial + 300_000 + number}",
        crid=str(1_234_500 + number),
        weight_kg=round(min(130, max(45, draws.near(76, 0.18))), 1),
        height_cm=round(draws.near(170, 0.06)),
    )


def _collection(serial: int, on: date, centre: Centre, person: Person, draws: Draws) -> Collection:
    blood_volume = person.weight_kg * 65
    blood = max(4000.0, min(16000.0, blood_volume * draws.number("wb_processed_tbv", "patient")))
    minutes = draws.number("run_time", "CMNC")
    started = _clock(on, 8 + draws.random.random() * 2, centre.zone)
    pre = draws.number("pb_cd3_abs", "patient")
    ce2 = draws.number("ce2_cd3", "CMNC")
    cd3_yield = round(pre) * 1000 * round(blood, -1) * ce2 / 100
    anticoagulant = blood / 11.5
    haemoglobin = draws.near(11, 0.1)
    platelets = draws.near(140, 0.25)
    product_g = round(draws.number("product_volume", "CMNC") * GRAMS_PER_ML)
    thickest = cd3_yield / MOST_T_CELLS / (product_g / GRAMS_PER_ML) / 1e6
    return Collection(
        din=numbers.donation_number(centre.facility, on.year, serial),
        started=started,
        completed=(started.astimezone(ZoneInfo("UTC")) + timedelta(minutes=round(minutes))).astimezone(centre.zone),
        pre_cd3=round(pre),
        blood_ml=round(blood, -1),
        inlet_ml=round(blood + anticoagulant, -1),
        anticoagulant_ml=round(anticoagulant),
        blood_volume_ml=round(blood_volume),
        product_g=product_g,
        product_wbc=round(max(draws.near(35, 0.2), thickest), 1),
        cd3_yield=cd3_yield,
        ce2=round(ce2, 1),
        haemoglobin=(round(haemoglobin, 1), round(haemoglobin - 0.4, 1)),
        platelets=(round(platelets), round(platelets * (1 - draws.number("plt_drop_pct", "donor MNC") / 100))),
        viability=round(min(99.5, draws.near(98, 0.008)), 1),
        reaction=draws.random.choice(("CIT1", "CIT1", "CIT2", "VV")) if draws.happens("citrate_reaction_p", "donor MNC") else "",
    )


def _clock(day: date, hour: float, zone: ZoneInfo) -> datetime:
    """Local time on a day, to the minute; daytime hours exist once on every day."""
    minutes = round(hour * 60)
    return datetime.combine(day, time(minutes // 60, minutes % 60), tzinfo=zone)
