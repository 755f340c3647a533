"""Patients and donors: each drawn from their own seed, so that one person is the same in every journey that names them."""

from __future__ import annotations

from datetime import date, timedelta

from cgt_etl.simulator import numbers
from cgt_etl.simulator.calendar import START
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.model import Party, Person

FAMILY_NAMES = (
    "Abernathy", "Bellweather", "Castellane", "Dunmore", "Ellsworth", "Farrow", "Greystone", "Hollins", "Ivers", "Kestrel", "Larkspur",
    "Merriden", "Núñez", "O'Dwyer", "Quillfeather", "Rosenfäller", "Smith-Harrow", "Thistlewood", "Van der Meer", "Wexcombe", "Yarrow",
)  # fmt: skip
GIVEN_NAMES = {
    "female": ("Adela", "Bettina", "Corisande", "Delphine", "Élodie", "Fenna", "Greta", "Hestia"),
    "male": ("Alaric", "Bertram", "Caspian", "Desmond", "Evander", "Florian", "Günther", "Hector"),
}
SMOKERS = 0.18
DONORS = 10_000_000
"""Truth's numbers of registry donors start here, those of starting-material donors at twice this; patients have their journey's."""
FIRST_DONOR_NUMBER = 300_000
FIRST_CRID = 1_234_500
GRID_ORGANISATION = 9999


def patient(seed: int, number: int, hospital: Party, *, is_ninety: bool, gives: bool) -> Person:
    """The patient of a journey; `gives` for one who is collected from."""
    draws = Draws.seeded(seed, "patient", number)
    age = 91.0 if is_ninety else draws.number("age_years", "auto_cart_LBCL")
    base = _base(number, draws, "male" if draws.happens("sex_male_p", "auto_cart_LBCL") else "female", age)
    # Leading zeros occur in every hospital: the number fills all places but one.
    room = 10 ** (hospital.mrn_digits - 1)
    mrn = f"{(number * 7_654_321 + 123_457) % room:0{hospital.mrn_digits}d}"
    donor_number = f"D{FIRST_DONOR_NUMBER + number}" if gives else ""
    return Person(*base, mrn=mrn, fhir_id=f"p-{100 + number}", crid=str(FIRST_CRID + number), donor_number=donor_number)


def donor(seed: int, number: int, *, in_registry: bool) -> Person:
    """A healthy donor, by truth's number; `in_registry` for one whom a transplant registry lists."""
    draws = Draws.seeded(seed, "donor", number)
    base = _base(number, draws, draws.random.choice(("male", "female")), draws.random.uniform(18, 55))
    grid = numbers.registration_identifier(GRID_ORGANISATION, number) if in_registry else ""
    return Person(*base, donor_number=f"D{FIRST_DONOR_NUMBER + number}", grid=grid)


Base = tuple[int, str, str, str, date, float, float, bool]


def _base(number: int, draws: Draws, sex: str, age: float) -> Base:
    pick = draws.random
    weight = min(130.0, max(45.0, draws.near(84 if sex == "male" else 70, 0.17)))
    height = draws.near(177 if sex == "male" else 164, 0.045)
    return (
        number,
        pick.choice(FAMILY_NAMES),
        pick.choice(GIVEN_NAMES[sex]),
        sex,
        START - timedelta(days=int(age * 365.25) + 1),
        round(weight, 1),
        float(round(height)),
        pick.random() < SMOKERS,
    )
