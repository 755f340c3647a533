"""Patients and donors: each drawn from their own seed, so that one person is the same in every journey that names them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from cgt_etl.simulator import numbers
from cgt_etl.simulator.calendar import START
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.model import Person
from cgt_etl.simulator.parties import Party

FAMILY_NAMES = (
    "Abernathy", "Bellweather", "Castellane", "Dunmore", "Ellsworth", "Farrow", "Greystone", "Hollins", "Ivers", "Kestrel", "Larkspur",
    "Merriden", "Núñez", "O'Dwyer", "Quillfeather", "Rosenfäller", "Smith-Harrow", "Thistlewood", "Van der Meer", "Wexcombe", "Yarrow",
)  # fmt: skip
GIVEN_NAMES = {
    "female": ("Adela", "Bettina", "Corisande", "Delphine", "Élodie", "Fenna", "Greta", "Hestia"),
    "male": ("Alaric", "Bertram", "Caspian", "Desmond", "Evander", "Florian", "Günther", "Hector"),
}
SMOKERS = 0.18
NAMESAKES, FIRST_NAMESAKE = 0.02, 60
"""Share of patients, from this number on, who have name, sex and birth date of an earlier one. Chosen: common names are commoner."""
DONORS = 10_000_000
"""Truth's numbers of registry donors start here, those of starting-material donors at twice this, of related donors at three times, of
children whose cord blood was banked at four times, of donors whom a registry asks in vain at five; patients have their journey's."""
FIRST_DONOR_NUMBER = 300_000
FIRST_CRID = 1_234_500
GRID_ORGANISATION = 9999


def patient(seed: int, number: int, hospital: Party, *, is_ninety: bool, gives: bool) -> Person:
    """The patient of a journey; `gives` for one who is collected from."""
    draws = Draws.seeded(seed, "patient", number)
    age = 91.0 if is_ninety else draws.number("age_years", "auto_cart_LBCL")
    base = _base(number, draws, "male" if draws.happens("sex_male_p", "auto_cart_LBCL") else "female", age)
    donor_number = f"D{FIRST_DONOR_NUMBER + number}" if gives else ""
    mrn, crid = _record_number(number, hospital), str(FIRST_CRID + number)
    namesake = Draws.seeded(seed, "namesake", number)
    if number >= FIRST_NAMESAKE and namesake.chance(NAMESAKES):
        earlier = patient(seed, number - namesake.random.randrange(1, FIRST_NAMESAKE), hospital, is_ninety=False, gives=False)
        base = (number, earlier.family, earlier.given, earlier.sex, earlier.born, *base[5:])
    return Person(*base, mrn=mrn, fhir_id=f"p-{100 + number}", crid=crid, donor_number=donor_number)


def known_at(person: Person, number: int, hospital: Party) -> Person:
    """The patient of a journey under the numbers of another hospital, which knows no registry's."""
    return replace(person, mrn=_record_number(number, hospital), fhir_id=f"r-{100 + number}", crid="")


def donor(seed: int, number: int, *, in_registry: bool) -> Person:
    """A healthy donor, by truth's number; `in_registry` for one whom a transplant registry lists."""
    draws = Draws.seeded(seed, "donor", number)
    base = _base(number, draws, draws.random.choice(("male", "female")), draws.random.uniform(18, 55))
    grid = numbers.registration_identifier(GRID_ORGANISATION, number) if in_registry else ""
    return Person(*base, donor_number=f"D{FIRST_DONOR_NUMBER + number}", grid=grid)


def related_donor(seed: int, number: int, hospital: Party, *, is_parent: bool) -> Person:
    """A sibling, or a parent, of the patient of a journey: with a chart of their own at the patient's hospital."""
    draws = Draws.seeded(seed, "related donor", number)
    age = draws.random.uniform(35, 70) if is_parent else draws.random.uniform(18, 65)
    base = _base(3 * DONORS + number, draws, draws.random.choice(("male", "female")), age)
    mrn = _record_number(number, hospital, is_donor=True)
    return Person(*base, mrn=mrn, fhir_id=f"d-{100 + number}", donor_number=f"D{FIRST_DONOR_NUMBER + base[0]}")


def child(seed: int, number: int, unit: int) -> Person:
    """The child of a unit of cord blood, 0 or 1, of a journey."""
    draws = Draws.seeded(seed, "child", number, unit)
    base = _base(4 * DONORS + 2 * number + unit, draws, draws.random.choice(("male", "female")), draws.random.uniform(2, 15))
    return Person(*base, donor_number=f"C-{base[0]}")


def _record_number(number: int, hospital: Party, *, is_donor: bool = False) -> str:
    """Leading zeros occur in every hospital: the number fills all places but one. Donors' are half of the room away."""
    room = 10 ** (hospital.mrn_digits - 1)
    return f"{(number * 7_654_321 + 123_457 + is_donor * room // 2) % room:0{hospital.mrn_digits}d}"


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
