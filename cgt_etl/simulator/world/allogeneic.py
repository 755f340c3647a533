"""Cells of somebody else: the unrelated transplant, and the off-the-shelf batch with those who are given of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from cgt_etl.simulator.calendar import START, clock, later
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.model import Administration, Bag, Batch, Collection, Features, Handoff, Person, Product, Shipment
from cgt_etl.simulator.world import effects
from cgt_etl.simulator.world.autologous import Course
from cgt_etl.simulator.world.collecting import Blood, bag, collect
from cgt_etl.simulator.world.making import Order, make
from cgt_etl.simulator.world.network import GRAFT
from cgt_etl.simulator.world.people import DONORS, donor
from cgt_etl.simulator.world.plan import HSCT, block, host, modality, plan
from cgt_etl.simulator.world.scene import Scene
from cgt_etl.simulator.world.treating import LYMPHODEPLETION_DAYS, Dose, infuse, infusion_time

REPEATS = 0.1
"""Share of transplants whose donor gave before, where an earlier one is at the same centre."""
LOOK_BACK = 400
"""Journeys back to look for one."""
SECOND_DAY = 0.25
FROZEN_GRAFTS = 0.25
TRANSPLANT_DROP_OUT = 0.05
NK_DROP_OUT = 0.05
DONOR_TO_BATCH_DAYS = 60
"""From the off-the-shelf donor's collection to the first referral that is served of it."""
NK_DOSES = (1, 2, 2, 3)
DOSES_APART_DAYS = 7
REPEAT_NK = 0.3


def transplant(scene: Scene, patient: Person) -> tuple[Course, Person]:
    """An unrelated donor's graft, fresh or frozen, and its donor."""
    draws, ledger = scene.draws, scene.ledger
    giver = donor(scene.seed, DONORS + transplant_donor(scene.seed, scene.number, len(scene.network.hospitals)), in_registry=True)
    course = Course()
    requested = clock(scene.referred + timedelta(days=2), 11, scene.registry.zone)
    cleared = ledger.give("H17", scene.registry, scene.blood_centre, (giver.grid,), requested)
    if draws.chance(TRANSPLANT_DROP_OUT) and scene.plan.wanted is None:
        course.dropped_out, course.dropped_out_on = "before_collection", scene.referred + timedelta(days=draws.random.randrange(10, 30))
        return course, giver
    shift = effects.SMOKING.size * giver.is_smoker + effects.FEMALE_DONOR.size * (giver.sex == "female")
    shift += effects.DONOR_AGE.size * ((START - giver.born).days / 365.25 - 35)
    first_day = cleared.date() + timedelta(days=5)
    blood = Blood(log_cd34=shift, cohort="healthy donor")
    days = 2 if draws.chance(SECOND_DAY) else 1
    runs = collect(scene, giver, first_day, days, blood, mobilised=True, recipient_kg=patient.weight_kg)
    transit = draws.number("transit_hours", "domestic")
    why = "distance" if transit > effects.FAR_HOURS and draws.chance(effects.FROZEN_IF_FAR) else ""
    why = why or ("schedule" if draws.chance(FROZEN_GRAFTS) else "")
    hold = draws.number("hold_hours", "fresh") if why else 2.0
    bags = bag(scene, runs, hold_h=hold if why else None)
    course.collections, course.bags = runs, list(bags.every)
    keys = tuple(one.key for one in bags.final)
    ledger.give("H05", scene.blood_centre, scene.blood_centre, tuple(run.din for run in runs), runs[-1].completed, usual_h=0.4)
    shipment = ledger.ship(
        ("H07", "H18"), scene.blood_centre, scene.hospital, keys, bags.ready, is_drug_product=False, is_frozen=bool(why),
        transit_h=transit, pickup_h=0.5 + draws.random.random() * 2,
    )  # fmt: skip
    waits = draws.random.randrange(8, 30) if why else 1
    started = infusion_time(scene, shipment.delivered.date() + timedelta(days=waits))
    recovery = draws.number("cd34_recovery_post_thaw", "cryo HPC") / 100 if why else 1.0
    cells = sum(run.cd34_yield for run in runs) / 1e6 * recovery
    course.administrations.append(infuse(scene, Dose(1, GRAFT, "graft", keys, None, cells, shipment.delivered), started))
    course.features = Features(0, False, 0.0, 0.0, "frozen" if why else "fresh", why, round(hold if why else 2.0, 2), 0.0, None)
    return course, giver


def transplant_donor(seed: int, number: int, places: int) -> int:
    """The first journey of the donor of a transplant: its own, or, for a donor who gave before, that donor's earlier one."""
    repeats = plan(number).decide("repeat", Draws.seeded(seed, "repeat", number).chance(REPEATS))
    if repeats:
        for earlier in range(number - places, max(0, number - LOOK_BACK), -places):
            if modality(earlier) == HSCT:
                return transplant_donor(seed, earlier, places)
    return number


@dataclass(frozen=True)
class Shelf:
    """An off-the-shelf batch with all that made it."""

    host: int
    donor: Person
    product: Product
    collections: tuple[Collection, ...]
    bags: tuple[Bag, ...]
    batch: Batch
    shipments: tuple[Shipment, ...]
    handoffs: tuple[Handoff, ...]


def shelf(of: Scene, number: int) -> Shelf:
    """Block `number`'s batch, drawn from its own seed: the same for every journey that it serves."""
    first = host(number)
    scene = Scene.of(of.network, of.seed, of.count, first, off_the_shelf=True)
    product, draws = scene.product("allo_nk"), scene.draws
    maker = scene.party(product.manufacturer)
    giver = donor(scene.seed, 2 * DONORS + _shelf_donor(scene.seed, number, len(scene.network.hospitals)), in_registry=False)
    day = scene.referred - timedelta(days=DONOR_TO_BATCH_DAYS)
    blood = Blood(cohort="healthy donor")
    runs = collect(scene, giver, day, 1, blood, mobilised=False, recipient_kg=giver.weight_kg)
    bags = bag(scene, runs, hold_h=draws.number("hold_hours", "fresh"))
    keys = tuple(one.key for one in bags.final)
    scene.ledger.give("H05", scene.blood_centre, scene.blood_centre, (runs[0].din,), runs[0].completed, usual_h=0.4)
    shipment = scene.ledger.ship(
        ("H07", "H08"), scene.blood_centre, maker, keys, bags.ready, is_drug_product=False, is_frozen=True,
        transit_h=draws.number("transit_hours", "domestic"),
    )  # fmt: skip
    received = later(shipment.delivered, 0.25, maker.zone)
    ready = scene.ledger.give("H09", maker, maker, keys, received, usual_h=20.0)
    order = Order(product, "", bags.final, received, later(received, 1), later(ready, 2), must_pass=True, culture_days=14)
    batch = make(scene, order)
    return Shelf(first, giver, product, tuple(runs), bags.every, batch, tuple(scene.ledger.shipments), tuple(scene.ledger.handoffs))


def _shelf_donor(seed: int, number: int, places: int) -> int:
    """The first block of the donor of a block, likewise."""
    if Draws.seeded(seed, "repeat shelf", number).chance(REPEAT_NK):
        for earlier in range(number - 1, max(-1, number - 2 * places), -1):
            if host(earlier) % places == host(number) % places:
                return _shelf_donor(seed, earlier, places)
    return number


def off_the_shelf(
    scene: Scene, source: Shelf, *, first_number: int, day: date | None, after: datetime | None = None
) -> list[Administration]:
    """Infusions of the lot: the first on `day`, or as soon as it is there, or right `after` another infusion of the same day."""
    draws, product = scene.draws, source.product
    maker = scene.party(product.manufacturer)
    lots = tuple(unit.lot for unit in source.batch.dose_units)
    disposed = source.batch.disposed or source.batch.started
    wanted = day or scene.referred + timedelta(days=round(10 + draws.random.random() * 20))
    asked = clock(wanted - timedelta(days=9), 10, maker.zone)
    ready = max(asked, later(disposed, 12, maker.zone))
    shipment = scene.ledger.ship(
        ("H13", "H20"), maker, scene.hospital, lots, ready, is_drug_product=True, is_frozen=True,
        transit_h=draws.number("transit_hours", "domestic"), pickup_h=2 + draws.random.random() * 6, limit_c=product.storage_limit_c,
    )  # fmt: skip
    first = max(wanted, shipment.delivered.date() + timedelta(days=LYMPHODEPLETION_DAYS if after is None else 1))
    dose = source.batch.dose_units[0].car_pos_e6
    given = []
    for place in range(1 if after else draws.random.choice(NK_DOSES)):
        started = infusion_time(scene, first + timedelta(days=place * DOSES_APART_DAYS))
        if after is not None and after.date() == started.date():
            started = later(after, 3)
        part = Dose(first_number + place, product, "NK", lots, source.batch, dose, shipment.delivered)
        given.append(infuse(scene, part, started, conditioned=place == 0 and after is None))
    return given


def source_of(scene: Scene) -> Shelf:
    """The off-the-shelf batch that serves this journey."""
    return shelf(scene, block(scene.number))


def renumbered(handoffs: tuple[Handoff, ...]) -> tuple[Handoff, ...]:
    """Handoffs of two ledgers in one order of time, numbered anew."""
    ordered = sorted(handoffs, key=lambda one: (one.sent.astimezone(UTC), one.code, one.objects))
    return tuple(replace(one, number=place) for place, one in enumerate(ordered, start=1))
