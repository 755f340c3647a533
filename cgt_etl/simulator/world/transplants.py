"""Grafts: of an unrelated donor, of a brother, sister or parent, and of banked cord blood."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cgt_etl.simulator.calendar import START, clock
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.model import Bag, Collection, CordUnit, Features, Person
from cgt_etl.simulator.world import effects
from cgt_etl.simulator.world.collecting import Bags, Blood, bag, collect
from cgt_etl.simulator.world.course import Course
from cgt_etl.simulator.world.network import GRAFTS
from cgt_etl.simulator.world.people import DONORS, child, donor, related_donor
from cgt_etl.simulator.world.plan import HSCT, modality, plan
from cgt_etl.simulator.world.scene import Scene
from cgt_etl.simulator.world.treating import Dose, infuse, infusion_time

REPEATS = 0.1
"""Share of transplants whose donor gave before, where an earlier one is at the same centre."""
LOOK_BACK = 400
"""Journeys back to look for one."""
SECOND_DAY = 0.25
FROZEN_GRAFTS = 0.25
DROP_OUT = 0.05
CORD_CODE, CORD_TYPE = "S1398", "3"
"""As the samples of the cord bank's dialect have them."""
BANKED_YEARS = (1, 12)
"""Between the birth of the child and the transplant; chosen."""
REDUCED_ML = 25.0
"""Volume of a unit's bag, red cells and plasma taken off."""
SEARCH_DAYS = (12, 30)
"""From referral to the day on which a unit is sent for; chosen."""


def unrelated(scene: Scene, patient: Person) -> tuple[Course, Person]:
    """A registry donor's graft, fresh or frozen, and its donor."""
    giver = donor(scene.seed, DONORS + transplant_donor(scene.seed, scene.number, len(scene.network.hospitals)), in_registry=True)
    course = Course()
    registry = (scene.network.donor_registries or (scene.registry,))[0]
    requested = clock(scene.referred + timedelta(days=2), 11, registry.zone)
    cleared = scene.ledger.give("H17", registry, scene.blood_centre, (giver.grid,), requested)
    if _drops_out(scene, course):
        return course, giver
    _given(scene, course, giver, cleared.date() + timedelta(days=5), to=patient, relation="unrelated")
    return course, giver


def related(scene: Scene, patient: Person) -> tuple[Course, Person, str]:
    """The graft of a matched brother or sister, or of a half-matched relative, collected where the patient is treated; and how related."""
    draws = scene.draws
    relation = "haploidentical" if scene.plan.decide("haploidentical", draws.happens("haploidentical_p", "related")) else "sibling"
    is_parent = relation == "haploidentical" and draws.chance(0.5)
    giver = related_donor(scene.seed, scene.number, scene.hospital, is_parent=is_parent)
    course = Course()
    day = scene.referred + timedelta(days=round(draws.number("referral_to_apheresis_days", "centre")))
    sent = clock(day - timedelta(days=1), 15, scene.hospital.zone)
    scene.ledger.give("H04", scene.hospital, scene.blood_centre, (giver.donor_number,), sent, usual_h=15.0)
    if not _drops_out(scene, course):
        _given(scene, course, giver, day, to=patient, relation=relation)
    return course, giver, relation


def _drops_out(scene: Scene, course: Course) -> bool:
    drops_out = scene.draws.chance(DROP_OUT) and scene.plan.wanted is None
    if drops_out:
        course.ends("before_collection", scene.referred + timedelta(days=scene.draws.random.randrange(10, 30)))
    return drops_out


def _given(scene: Scene, course: Course, giver: Person, first_day: date, *, to: Person, relation: str) -> None:
    """Collected, brought to the hospital fresh or frozen, and infused."""
    draws, ledger = scene.draws, scene.ledger
    shift = effects.SMOKING.size * giver.is_smoker + effects.FEMALE_DONOR.size * (giver.sex == "female")
    shift += effects.DONOR_AGE.size * ((START - giver.born).days / 365.25 - 35)
    blood = Blood(log_cd34=shift, cohort="healthy donor")
    days = 2 if draws.chance(SECOND_DAY) else 1
    runs = collect(scene, giver, first_day, days, blood, mobilised=True, recipient_kg=to.weight_kg)
    is_far = relation == "unrelated"
    transit = draws.number("transit_hours", "domestic") if is_far else draws.random.uniform(0.5, 2)
    why = "distance" if transit > effects.FAR_HOURS and draws.chance(effects.FROZEN_IF_FAR) else ""
    why = why or ("schedule" if draws.chance(FROZEN_GRAFTS) else "")
    hold = draws.number("hold_hours", "fresh") if why else 2.0
    bags = bag(scene, runs, hold_h=hold if why else None)
    course.collections, course.bags = runs, list(bags.every)
    ledger.give("H05", scene.blood_centre, scene.blood_centre, tuple(run.din for run in runs), runs[-1].completed, usual_h=0.4)
    delivered = sent_to_hospital(scene, bags, is_frozen=bool(why), transit_h=transit)
    waits = draws.random.randrange(8, 30) if why else 1
    started = infusion_time(scene, delivered.date() + timedelta(days=waits))
    keys, cells = tuple(one.key for one in bags.final), stem_cells_e6(scene, runs, is_frozen=bool(why))
    course.administrations.append(infuse(scene, Dose(1, GRAFTS[relation], "graft", keys, None, cells, delivered), started))
    course.features = Features(0, False, 0.0, 0.0, "frozen" if why else "fresh", why, round(hold if why else 2.0, 2), 0.0, None)


def sent_to_hospital(scene: Scene, bags: Bags, *, is_frozen: bool, transit_h: float, ready: datetime | None = None) -> datetime:
    """Brings a graft from the blood centre to the hospital; the time at which it is there."""
    return scene.ledger.ship(
        ("H07", "H18"), scene.blood_centre, scene.hospital, tuple(one.key for one in bags.final), ready or bags.ready,
        is_drug_product=False, site=scene.collection_site, is_frozen=is_frozen, transit_h=transit_h,
        pickup_h=0.5 + scene.draws.random.random() * 2,
    ).delivered  # fmt: skip


def stem_cells_e6(scene: Scene, runs: list[Collection], *, is_frozen: bool) -> float:
    """CD34+ cells of the runs that reach the patient, 10*6."""
    recovery = scene.draws.number("cd34_recovery_post_thaw", "cryo HPC") / 100 if is_frozen else 1.0
    return sum(run.cd34_yield for run in runs) / 1e6 * recovery


def transplant_donor(seed: int, number: int, places: int) -> int:
    """The first journey of the donor of a transplant: its own, or, for a donor who gave before, that donor's earlier one."""
    repeats = plan(number).decide("repeat", Draws.seeded(seed, "repeat", number).chance(REPEATS))
    if repeats:
        for earlier in range(number - places, max(0, number - LOOK_BACK), -places):
            if modality(earlier) == HSCT:
                return transplant_donor(seed, earlier, places)
    return number


@dataclass(frozen=True)
class _Banked:
    unit: CordUnit
    bag: Bag


def cord(scene: Scene) -> tuple[Course, Person]:
    """One or two units of cord blood out of the bank, and the child of the first."""
    draws, course = scene.draws, Course()
    count = 2 if scene.plan.decide("two_units", draws.happens("cord_two_units_p", "adult")) else 1
    banked = [_banked(scene, place) for place in range(count)]
    course.cord_units, course.bags = [one.unit for one in banked], [one.bag for one in banked]
    first = banked[0].unit
    if _drops_out(scene, course):
        course.cord_units, course.bags = [], []
        return course, first.donor
    keys = tuple(one.key for one in course.bags)
    sent = clock(scene.referred + timedelta(days=draws.random.randrange(*SEARCH_DAYS)), 10, first.cord_bank.zone)
    shipment = scene.ledger.ship(
        ("H07", "H19"), first.cord_bank, scene.hospital, keys, sent, is_drug_product=False, is_frozen=True,
        transit_h=draws.number("transit_hours", "domestic"), pickup_h=1 + draws.random.random() * 3,
    )  # fmt: skip
    started = infusion_time(scene, shipment.delivered.date() + timedelta(days=draws.random.randrange(8, 14)))
    cells = sum(one.cd34_e6 for one in course.cord_units) * draws.number("cd34_recovery_post_thaw", "cryo HPC") / 100
    course.administrations.append(infuse(scene, Dose(1, GRAFTS["cord"], "graft", keys, None, cells, shipment.delivered), started))
    course.features = Features(0, False, 0.0, 0.0, "frozen", "schedule", 0.0, 0.0, None)
    return course, first.donor


def _banked(scene: Scene, place: int) -> _Banked:
    draws = scene.draws
    # where no cord bank takes part, a blood centre keeps the units
    bank = (scene.network.cord_banks or (scene.blood_centre,))[0]
    site = bank.sites[0]
    years = draws.random.uniform(*BANKED_YEARS)
    born = clock(scene.referred - timedelta(days=round(years * 365.25)), 6 + draws.random.random() * 14, site.zone)
    frozen = clock(born.date() + timedelta(days=1), 8 + draws.random.random() * 10, site.zone)
    tnc_e9 = round(draws.number("cord_tnc", "banked unit"), 3)
    din = scene.cord_donation(site, born.year, place)
    unit = CordUnit(
        din=din,
        donor=child(scene.seed, scene.number, place),
        cord_bank=bank,
        site=site,
        collected=born,
        frozen=frozen,
        volume_ml=float(round(draws.near(110, 0.2))),
        tnc_e9=tnc_e9,
        cd34_e6=round(draws.number("cord_cd34", "banked unit"), 2),
        viability=round(min(99.0, draws.near(94, 0.03)), 1),
    )
    held = Bag(din, f"{CORD_CODE}{CORD_TYPE}00", "00", "cryopreserved", REDUCED_ML, round(tnc_e9 * 0.9, 3), round(tnc_e9 * 200, 1), frozen)
    return _Banked(unit, held)
