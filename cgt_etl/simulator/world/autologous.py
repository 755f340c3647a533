"""The autologous course: from the order to the infusion of what was made of the patient's own cells, or to where it ended."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from cgt_etl.simulator import numbers
from cgt_etl.simulator.calendar import clock, hours_between, later
from cgt_etl.simulator.draws import probability
from cgt_etl.simulator.model import Batch, Collection, Features, Person, Shipment
from cgt_etl.simulator.parties import Party, Product
from cgt_etl.simulator.world import effects
from cgt_etl.simulator.world.collecting import Bags, Blood, bag, collect
from cgt_etl.simulator.world.course import Course
from cgt_etl.simulator.world.making import Order, make
from cgt_etl.simulator.world.network import COHORTS
from cgt_etl.simulator.world.scene import Scene
from cgt_etl.simulator.world.treating import LYMPHODEPLETION_DAYS, Dose, infuse, infusion_time

COMMUNITY_SHARE = 1 / 3
"""Of patients, referred by community practices, whose drop-out before infusion the table gives."""
OUT_AND_INFUSED = 0.6, 0.15
"""Of products out of specification: infused with an approved pathway, and without one; the rest are rejected."""
REJECTED_REMADE = 0.7
FIRST_DOSE = 0.6
"""Share of the batch that is given first, where it is given twice; chosen."""
QC_AND_SHIPPING_DAYS = 8 + 3
PATHWAYS = ("expanded_access", "single_patient_protocol")
PATHWAYS_EU = ("exceptional_supply", "named_patient")


@dataclass(frozen=True)
class Patient:
    """What is drawn of a patient before anything is done, and how the material will travel."""

    person: Person
    lines: int
    had_bendamustine: bool
    ratio: float
    lymphocytes: float
    transit_h: float
    why_frozen: str


@dataclass(frozen=True)
class Case:
    """A patient on their course."""

    scene: Scene
    course: Course
    patient: Patient
    product: Product
    maker: Party


def autologous(scene: Scene, person: Person, product: Product, *, drops_out: bool = True) -> Course:
    """The course of a patient; `drops_out` False for a combined journey, which has its own ends and repeats."""
    course = Course()
    patient = _patient(scene, person, product)
    case = Case(scene, course, patient, product, scene.party(product.manufacturer))
    order(case)
    course.features = Features(patient.lines, patient.had_bendamustine, patient.ratio, patient.lymphocytes, "", "", 0.0, 0.0, None)
    wait = scene.draws.number("referral_to_apheresis_days", "centre")
    first_day = scene.referred + timedelta(days=round(wait))
    community = probability("dropout_before_infusion_p", "community")
    after = probability("dropout_after_apheresis_p", "trials")
    before = COMMUNITY_SHARE * (1 - (1 - community) / (1 - after))
    if scene.plan.decide("before_collection", scene.draws.chance(before)) and drops_out:
        return course.ends("before_collection", scene.referred + timedelta(days=round(wait * 0.8)))
    _manufactured(case, _collected(case, first_day), after if drops_out else 0.0, repeats=drops_out)
    return course


def _patient(scene: Scene, person: Person, product: Product) -> Patient:
    draws = scene.draws
    transit = draws.number("transit_hours", "domestic")
    is_far = transit > effects.FAR_HOURS
    why = ""
    if product.frozen_only:
        why = "sponsor"
    elif is_far and draws.chance(effects.FROZEN_IF_FAR):
        why = "distance"
    elif draws.chance(effects.schedule_share()):
        why = "schedule"
    return Patient(
        person=person,
        lines=int(draws.number("prior_lines", "LBCL")),
        had_bendamustine=scene.plan.decide("bendamustine", draws.happens("bendamustine_lt6mo_p", "LBCL")),
        ratio=round(draws.number("pb_cd4_cd8_ratio", "patient success"), 2),
        lymphocytes=round(draws.number("pb_alc", "patient"), 2),
        transit_h=transit,
        why_frozen=why,
    )


def order(case: Case) -> None:
    """Placed with the sponsor, who gives it a chain of identity and instructs the blood centre."""
    scene, course = case.scene, case.course
    day = scene.referred + timedelta(days=scene.draws.random.randrange(1, 4))
    course.order_id = f"ORD-{77000 + scene.number}"
    course.coi = numbers.chain_of_identity(scene.blood_centre.facility, scene.referred.year, scene.number)
    course.ordered = clock(day, 9 + scene.draws.random.random() * 8, scene.hospital.zone)
    sponsor = scene.party(case.product.sponsor)
    placed = scene.ledger.give("H02", scene.hospital, sponsor, (course.order_id,), course.ordered)
    scene.ledger.give("H03", sponsor, scene.blood_centre, (course.coi,), later(placed, 2), usual_h=20.0 + scene.draws.random.random() * 20)


def _collected(case: Case, first_day: date) -> list[Collection]:
    scene = case.scene
    days = int(scene.draws.category("apheresis_days", "auto_cart"))
    if scene.plan.wanted is not None:
        days = 4 if "four_days" in scene.plan.wanted else 2 if "two_days" in scene.plan.wanted else 1
    at = clock(first_day - timedelta(days=1), 15, scene.hospital.zone)
    usual_h = 14.0 + scene.draws.random.random() * 3
    scene.ledger.give("H04", scene.hospital, scene.blood_centre, (case.course.order_id,), at, usual_h=usual_h)
    return _runs(case, first_day, days)


def _runs(case: Case, first_day: date, days: int) -> list[Collection]:
    patient = case.patient
    shift = effects.PRIOR_LINES.size * (patient.lines - effects.MEAN_LINES) + effects.BENDAMUSTINE_CD3.size * patient.had_bendamustine
    blood = Blood(log_cd3=shift)
    runs = collect(case.scene, patient.person, first_day, days, blood, mobilised=False, recipient_kg=patient.person.weight_kg)
    case.course.collections += runs
    return runs


@dataclass(frozen=True)
class Arrival:
    """Starting material at the manufacturer."""

    bags: Bags
    received: datetime
    accepted: datetime
    started: datetime
    hold_h: float
    transit_h: float


def _arrival(case: Case, runs: list[Collection]) -> Arrival:
    """Held, frozen or not, shipped and accepted; fresh material is taken into manufacture at the end of its hold."""
    scene, course, patient, maker = case.scene, case.course, case.patient, case.maker
    draws, ledger = scene.draws, scene.ledger
    drawn_hold = draws.number("hold_hours", "fresh")
    bags = bag(scene, runs, hold_h=drawn_hold if patient.why_frozen else None)
    course.bags += bags.every
    keys = tuple(one.key for one in bags.final)
    ledger.give("H05", scene.blood_centre, scene.blood_centre, tuple(f"{run.din}" for run in runs), runs[-1].completed, usual_h=0.4)
    shipment = ledger.ship(
        ("H07", "H08"), scene.blood_centre, maker, keys, bags.ready, is_drug_product=False, site=scene.collection_site,
        is_frozen=bool(patient.why_frozen), transit_h=patient.transit_h,
        pickup_h=None if patient.why_frozen else 0.5 + draws.random.random() * 2,
    )  # fmt: skip
    received = later(shipment.delivered, 0.25, maker.zone)
    ready = ledger.give("H09", maker, maker, keys, received, usual_h=0.5 + draws.random.random() * 2)
    accepted = later(received, 0.4 + 0.5 * min(3.0, hours_between(received, ready)))
    started = later(ready, 0.5)
    hold = drawn_hold
    if not patient.why_frozen:
        started = max(started, later(runs[-1].completed, drawn_hold, maker.zone))
        hold = hours_between(runs[-1].completed, started)
    return Arrival(bags, received, min(accepted, ready), started, hold, hours_between(shipment.picked_up, shipment.delivered))


def _manufactured(case: Case, runs: list[Collection], after: float, *, repeats: bool) -> None:
    scene, course, patient, product = case.scene, case.course, case.patient, case.product
    draws, decide, cohorts = scene.draws, scene.plan.decide, COHORTS[product.name]
    days = draws.number("v2v_days", cohorts.days if scene.hospital.country == "US" else cohorts.days_eu)
    arrival = _arrival(case, runs)
    target = runs[-1].started.date() + timedelta(days=round(days))
    culture = draws.random.choice((7, 8, 8, 9))
    slack = (target - arrival.started.date()).days - culture - QC_AND_SHIPPING_DAYS - LYMPHODEPLETION_DAYS
    started = arrival.started
    if patient.why_frozen and slack > 1:
        started = later(started, round(slack * draws.random.uniform(0.2, 0.7)) * 24)
        slack = (target - started.date()).days - culture - QC_AND_SHIPPING_DAYS - LYMPHODEPLETION_DAYS
    failure = effects.raised(
        effects.base_failure(cohorts.failure),
        [effects.BENDAMUSTINE.size] * patient.had_bendamustine + [effects.LOW_RATIO.size] * (patient.ratio < effects.LOW_RATIO_LIMIT),
    )
    failed_for_good = probability("mfg_fail_p", cohorts.failure) * (1 - probability("remanufacture_success_p", "LBCL"))
    leaves = draws.chance(max(0.0, after - failed_for_good))
    leaves_early = draws.chance(0.5)
    other_reason = 1 - (1 - probability("oos_p", cohorts.oos)) / (1 - effects.below(product.viability_limit_pct))
    cd14 = sum(run.cd14_pct for run in runs) / len(runs)
    first = make(scene, Order(
        product, course.coi, arrival.bags.final, arrival.received, arrival.accepted, started, cd14_pct=cd14, hold_h=arrival.hold_h,
        transit_h=arrival.transit_h, fails=decide("terminated", draws.chance(failure)), is_out=decide("oos", draws.chance(other_reason)),
        must_pass=scene.plan.wanted is not None and "oos" not in scene.plan.wanted, in_a_hurry=slack < 8, culture_days=culture,
    ))  # fmt: skip
    course.batches.append(first)
    fold = next(point.value for point in reversed(first.points) if point.parameter == "FOLD")
    course.features = Features(
        patient.lines, patient.had_bendamustine, patient.ratio, max(patient.lymphocytes, round(runs[0].pre_cd3 / 1000 * 1.1, 2)),
        "frozen" if patient.why_frozen else "fresh", patient.why_frozen, round(arrival.hold_h, 2), fold, None,
    )  # fmt: skip
    if decide("after_collection", leaves and leaves_early):
        course.ends("after_collection", started.date() + timedelta(days=draws.random.randrange(2, 12)))
        return
    pathway, batch = _resolved(case, arrival, first, cd14)
    if batch is None:
        last = course.batches[-1]
        course.ends("manufacturing_failed", (last.disposed or last.started).date() + timedelta(days=1))
        return
    if decide("unfit", leaves and not leaves_early):
        course.ends("unfit", (batch.disposed or batch.started).date() + timedelta(days=draws.random.randrange(1, 8)))
        return
    _given(case, batch, pathway, target, repeats=repeats)


def _resolved(case: Case, arrival: Arrival, first: Batch, cd14: float) -> tuple[str, Batch | None]:
    """The batch that will be given and its pathway (`missing` for none where there should be one), after another attempt if need be."""
    scene, course = case.scene, case.course
    draws, decide = scene.draws, scene.plan.decide
    if first.disposition in ("released", "conditional"):
        return "", first
    if first.disposition == "out_of_specification":
        fate = draws.random.random()
        share, bare = OUT_AND_INFUSED
        if decide("pathway", fate < share) or (scene.plan.wanted is not None and "oos" not in scene.plan.wanted):
            return draws.random.choice(PATHWAYS if scene.hospital.country == "US" else PATHWAYS_EU), first
        if decide("no_pathway", share <= fate < share + bare):
            return "missing", first
        course.batches[-1] = first = replace(first, disposition="rejected")
        remade = draws.chance(REJECTED_REMADE)
    else:
        remade = draws.happens("remanufacture_success_p", "LBCL")
    if not decide("remade", remade):
        return "", None
    return "", _again(case, arrival, first, cd14)


def _again(case: Case, arrival: Arrival, first: Batch, cd14: float) -> Batch:
    """A second attempt: of the frozen bag that was kept, else of another collection, under the same chain-of-identity id."""
    scene, course, patient = case.scene, case.course, case.patient
    ended = first.disposed or first.started
    kept = arrival.bags.final[-1:] if patient.why_frozen and len(arrival.bags.final) > 1 else ()
    if kept:
        course.batches[-1] = first = replace(first, inputs=arrival.bags.final[:-1])
        started = later(ended, 24 * scene.draws.random.randrange(3, 10))
        received, accepted, hold_h, transit_h, bags = arrival.received, arrival.accepted, arrival.hold_h, arrival.transit_h, kept
    else:
        day = ended.astimezone(scene.blood_centre.zone).date() + timedelta(days=scene.draws.random.randrange(7, 21))
        second = _arrival(case, _runs(case, day, 1))
        received, accepted, started, hold_h, transit_h = second.received, second.accepted, second.started, second.hold_h, second.transit_h
        bags = second.bags.final
    batch = make(scene, Order(
        first.product, course.coi, bags, received, accepted, started, replaces=first.number, cd14_pct=cd14, hold_h=hold_h,
        transit_h=transit_h, must_pass=True, in_a_hurry=True,
    ))  # fmt: skip
    course.batches.append(batch)
    return batch


def _given(case: Case, batch: Batch, pathway: str, target: date, *, repeats: bool) -> None:
    """Infused; where laid down or drawn without its second component, or a second time of the same batch; or of a new one after relapse."""
    scene, product, draws = case.scene, case.product, case.scene.draws
    decide, given = scene.plan.decide, case.course.administrations
    shipment = _sent(case, batch)
    day = max(target, shipment.delivered.date() + timedelta(days=LYMPHODEPLETION_DAYS))
    units = batch.dose_units
    withholds = draws.happens("component_withheld_p", "two components")
    is_two_part = len(units) > 1
    planned = sum(unit.car_pos_e6 for unit in units)
    taken = units[:1] if decide("withheld", withholds) and is_two_part and not pathway else units
    lots, withheld = (tuple(unit.lot for unit in part) for part in (taken, units[len(taken) :]))
    splits = decide("second_dose", draws.happens("second_dose_p", "auto_cart")) and repeats and not withheld
    share = FIRST_DOSE if splits else 1.0
    e6 = sum(unit.car_pos_e6 for unit in taken)
    first = infuse(
        scene, Dose(1, product, "T", lots, batch, round(e6 * share, 1), shipment.delivered, withheld), infusion_time(scene, day),
        pathway="" if pathway == "missing" else pathway,
    )  # fmt: skip
    given.append(replace(first, fraction_given=round(first.dose_e6 / planned, 2)) if withheld else first)
    if splits:
        on = day + timedelta(days=round(draws.number("second_dose_days", "auto_cart")))
        rest = Dose(2, product, "T", lots, batch, round(e6 * (1 - share), 1), shipment.delivered)
        given.append(infuse(scene, rest, infusion_time(scene, on), conditioned=False))
    treats_again = decide("retreated", draws.happens("retreatment_p", "auto_cart"))
    if treats_again and repeats and not splits and len(case.course.batches) == 1:
        _again_after_relapse(case, day)


def _again_after_relapse(case: Case, first: date) -> None:
    """A new collection and a new batch under the same order, and its infusion."""
    scene, course, product = case.scene, case.course, case.product
    course.relapsed = first + timedelta(days=round(scene.draws.number("relapse_to_retreatment_days", "auto_cart")))
    arrival = _arrival(case, _runs(case, course.relapsed + timedelta(days=scene.draws.random.randrange(5, 12)), 1))
    batch = make(scene, Order(
        product, course.coi, arrival.bags.final, arrival.received, arrival.accepted, arrival.started, hold_h=arrival.hold_h,
        transit_h=arrival.transit_h, must_pass=True, in_a_hurry=True,
    ))  # fmt: skip
    course.batches.append(batch)
    shipment = _sent(case, batch)
    on = shipment.delivered.date() + timedelta(days=LYMPHODEPLETION_DAYS)
    lots, e6 = tuple(unit.lot for unit in batch.dose_units), sum(unit.car_pos_e6 for unit in batch.dose_units)
    number = len(course.administrations) + 1
    course.administrations.append(infuse(scene, Dose(number, product, "T", lots, batch, e6, shipment.delivered), infusion_time(scene, on)))


def _sent(case: Case, batch: Batch) -> Shipment:
    """Released by the sponsor, and shipped by whoever made it."""
    scene, product, draws = case.scene, case.product, case.scene.draws
    lots = tuple(unit.lot for unit in batch.dose_units)
    disposed = batch.disposed or batch.started
    told = scene.ledger.give(
        "H12", scene.party(product.sponsor), scene.hospital, lots, disposed, usual_h=2 + draws.random.random() * 12
    )  # fmt: skip
    return scene.ledger.ship(
        ("H13", "H14"), case.maker, scene.hospital, lots, later(told, 2, case.maker.zone), is_drug_product=True, is_frozen=True,
        transit_h=draws.number("transit_hours", "domestic"), pickup_h=3 + draws.random.random() * 8, limit_c=product.storage_limit_c,
    )  # fmt: skip
