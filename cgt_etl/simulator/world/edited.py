"""Gene-edited autologous stem cells: cycles of mobilised collections, one product, and a backup that is kept unedited in the cold."""

from __future__ import annotations

from datetime import timedelta

from cgt_etl.simulator.calendar import clock, hours_between, later
from cgt_etl.simulator.model import Bag, Collection, Features, Person
from cgt_etl.simulator.parties import Product
from cgt_etl.simulator.world.autologous import Case, Patient, order
from cgt_etl.simulator.world.collecting import Bags, Blood, bag, collect
from cgt_etl.simulator.world.course import Course
from cgt_etl.simulator.world.making import Order, make
from cgt_etl.simulator.world.network import GRAFTS
from cgt_etl.simulator.world.scene import Scene
from cgt_etl.simulator.world.transplants import sent_to_hospital, stem_cells_e6
from cgt_etl.simulator.world.treating import CONDITIONING_DAYS, Dose, infuse, infusion_time

MOST_CYCLES = 3
"""Of the table's cycles; patients who would need more give up, as `TOO_FEW` says."""
CYCLES_APART_DAYS = (14, 35)
TOO_FEW = 0.08
"""Share of patients from whom too few cells are collected; chosen."""
CULTURE_DAYS = 3
EARLY_DAYS = 130
"""From the first collection to the infusion in a journey of the head, so that the small demonstration holds the infusion."""
SHIPPED_BEFORE_DAYS = 14
RESCUE_DAYS = (35, 43)
"""From the infusion of edited cells that do not take to that of the backup; chosen."""


def edited(scene: Scene, person: Person, product: Product) -> Course:
    """The course of a patient; every cycle is frozen at the blood centre and all of them are made into one batch."""
    draws, course = scene.draws, Course()
    lymphocytes = round(draws.number("pb_alc", "patient"), 2)
    patient = Patient(person, 0, had_bendamustine=False, ratio=0.0, lymphocytes=lymphocytes, transit_h=0.0, why_frozen="sponsor")
    case = Case(scene, course, patient, product, scene.party(product.manufacturer))
    order(case)
    course.features = Features(0, False, 0.0, lymphocytes, "frozen", "sponsor", 0.0, 0.0, None)
    material, backup, runs = _collected(case)
    if draws.chance(TOO_FEW) and scene.plan.wanted is None:
        return course.ends("after_collection", runs[-1].completed.date() + timedelta(days=draws.random.randrange(3, 20)))
    _treated(case, material, runs[0])
    last = course.administrations[-1]
    if scene.plan.decide("backup_used", draws.happens("backup_used_p", "ghsc")):
        on = last.started.date() + timedelta(days=draws.random.randrange(*RESCUE_DAYS))
        ready = clock(on - timedelta(days=6), 10, scene.blood_centre.zone)
        bags, kept = backup
        delivered = sent_to_hospital(scene, bags, is_frozen=True, transit_h=draws.random.uniform(0.5, 2), ready=ready)
        dose = Dose(2, GRAFTS["backup"], "graft", course.backup, None, stem_cells_e6(scene, kept, is_frozen=True), delivered)
        course.administrations.append(infuse(scene, dose, infusion_time(scene, on), conditioned=False))
    return course


def _collected(case: Case) -> tuple[tuple[Bag, ...], tuple[Bags, list[Collection]], list[Collection]]:
    """Bags for manufacture, the backup with its runs (the last day of the first cycle), and all runs."""
    scene, course, draws = case.scene, case.course, case.scene.draws
    cycles = min(MOST_CYCLES, int(draws.category("mobilisation_cycles", "ghsc")))
    if scene.plan.wanted is not None:
        cycles = 2
    day = scene.referred + timedelta(days=round(draws.number("referral_to_apheresis_days", "centre")))
    material: list[Bag] = []
    backup: tuple[Bags, list[Collection]] | None = None
    for _ in range(cycles):
        days = int(draws.category("apheresis_days_per_cycle", "ghsc"))
        sent = clock(day - timedelta(days=1), 15, scene.hospital.zone)
        scene.ledger.give("H04", scene.hospital, scene.blood_centre, (course.order_id,), sent, usual_h=15.0)
        blood = Blood(cohort="patient")
        runs = collect(scene, case.patient.person, day, days, blood, mobilised=True, recipient_kg=case.patient.person.weight_kg)
        dins = tuple(run.din for run in runs)
        scene.ledger.give("H05", scene.blood_centre, scene.blood_centre, dins, runs[-1].completed, usual_h=0.4)
        course.collections += runs
        if backup is None:
            *runs, kept = runs
            backup = bag(scene, [kept], hold_h=draws.random.uniform(2, 20)), [kept]
            course.bags += backup[0].every
        main = bag(scene, runs, hold_h=draws.random.uniform(2, 20))
        course.bags += main.every
        material += main.final
        day += timedelta(days=days + draws.random.randrange(*CYCLES_APART_DAYS))
    if backup is None:
        raise ValueError("there is at least one cycle")
    course.backup = tuple(one.key for one in backup[0].final)
    return tuple(material), backup, course.collections


def _treated(case: Case, material: tuple[Bag, ...], first: Collection) -> None:
    """Made, released, kept by the manufacturer until the patient is scheduled, and infused after myeloablative conditioning."""
    scene, course, product, maker, draws = case.scene, case.course, case.product, case.maker, case.scene.draws
    keys = tuple(one.key for one in material)
    ready = max(later(one.created, 24) for one in material)
    arrived = scene.ledger.ship(
        ("H07", "H08"), scene.blood_centre, maker, keys, ready, is_drug_product=False, site=scene.collection_site, is_frozen=True,
        transit_h=draws.number("transit_hours", "domestic"),
    )  # fmt: skip
    received = later(arrived.delivered, 0.25, maker.zone)
    accepted = scene.ledger.give("H09", maker, maker, keys, received, usual_h=20.0)
    transit_h = hours_between(arrived.picked_up, arrived.delivered)
    batch = make(scene, Order(
        product, course.coi, material, received, later(received, 1), later(accepted, 2), transit_h=transit_h, must_pass=True,
        culture_days=CULTURE_DAYS,
    ))  # fmt: skip
    course.batches.append(batch)
    lots = tuple(unit.lot for unit in batch.dose_units)
    days = round(draws.number("v2v_days", "ghsc"))
    target = first.started.date() + timedelta(days=days if scene.plan.wanted is None else EARLY_DAYS)
    disposed = batch.disposed or batch.started
    told = scene.ledger.give("H12", scene.party(product.sponsor), scene.hospital, lots, disposed, usual_h=2 + draws.random.random() * 12)
    wanted = clock(target - timedelta(days=SHIPPED_BEFORE_DAYS), 10, maker.zone)
    shipment = scene.ledger.ship(
        ("H13", "H14"), maker, scene.hospital, lots, max(wanted, later(told, 2, maker.zone)), is_drug_product=True, is_frozen=True,
        transit_h=draws.number("transit_hours", "domestic"), pickup_h=3 + draws.random.random() * 8, limit_c=product.storage_limit_c,
    )  # fmt: skip
    on = max(target, shipment.delivered.date() + timedelta(days=CONDITIONING_DAYS + 1))
    cells = sum(unit.car_pos_e6 for unit in batch.dose_units)
    course.administrations.append(infuse(scene, Dose(1, product, "CD34", lots, batch, cells, shipment.delivered), infusion_time(scene, on)))
