"""Cells for anybody: the off-the-shelf batch with those who are given of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from cgt_etl.simulator.calendar import clock, later
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.model import Administration, Bag, Batch, Collection, Handoff, Person, Shipment
from cgt_etl.simulator.parties import Product
from cgt_etl.simulator.world.collecting import Blood, bag, collect
from cgt_etl.simulator.world.making import Order, make
from cgt_etl.simulator.world.people import DONORS, donor
from cgt_etl.simulator.world.plan import block, host
from cgt_etl.simulator.world.scene import Scene
from cgt_etl.simulator.world.treating import LYMPHODEPLETION_DAYS, Dose, infuse, infusion_time

NK_DROP_OUT = 0.05
DONOR_TO_BATCH_DAYS = 60
"""From the off-the-shelf donor's collection to the first referral that is served of it."""
NK_DOSES = (1, 2, 2, 3)
DOSES_APART_DAYS = 7
REPEAT_NK = 0.3


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
        ("H07", "H08"), scene.blood_centre, maker, keys, bags.ready, is_drug_product=False, site=scene.collection_site, is_frozen=True,
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
