"""The world's two doors: `network` and `journeys`. Here the parts of a journey are put together; what happens in them is beside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from cgt_etl.simulator.calendar import clock
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.model import Journey, Person
from cgt_etl.simulator.parties import Network, Product
from cgt_etl.simulator.world.allogeneic import NK_DROP_OUT, Shelf, off_the_shelf, renumbered, source_of
from cgt_etl.simulator.world.autologous import autologous
from cgt_etl.simulator.world.course import Course
from cgt_etl.simulator.world.edited import edited
from cgt_etl.simulator.world.network import GRAFTS, network
from cgt_etl.simulator.world.people import known_at, patient
from cgt_etl.simulator.world.plan import AUTO, CORD, EDITED, HSCT, NK, RELATED, TRANSPLANTS, sequence
from cgt_etl.simulator.world.scene import Scene
from cgt_etl.simulator.world.transplants import cord, related, unrelated
from cgt_etl.simulator.world.treating import UNTREATED, outcome

__all__ = ["journeys", "network"]

INDICATIONS = {
    AUTO: ("C83.30", "C83.38", "C83.31"), HSCT: ("C91.00",), RELATED: ("C92.00", "C91.00"), CORD: ("C91.00", "C92.00"),
    EDITED: ("D57.1", "D56.1"), NK: ("C83.39", "C90.00"),
}  # fmt: skip
REFERRED = 0.1
"""Share of autologous patients whom another hospital has a chart of, too. Chosen."""
APART_DAYS = (7, 15)
"""Between the two arms of a combined journey that follow one another."""


def journeys(network: Network, count: int, seed: int) -> Iterator[Journey]:
    """`count` journeys one by one, referred evenly over the first half of the span; nothing is kept between them.

    Journey n depends on the seed, on n and on the count alone.
    """
    for number in range(1, count + 1):
        yield journey(network, count, seed, number)


def journey(network: Network, count: int, seed: int, number: int) -> Journey:
    """One journey by its number from 1."""
    scene = Scene.of(network, seed, count, number)
    kind = scene.plan.modality
    gives = kind not in (*TRANSPLANTS, NK)
    person = patient(seed, number, scene.hospital, is_ninety=scene.plan.decide("ninety", False), gives=gives)
    if kind in TRANSPLANTS:
        return _transplant(scene, person)
    if kind == EDITED:
        product = scene.product(EDITED)
        return _journey(scene, person, person, edited(scene, person, product), product)
    if kind == AUTO:
        product = scene.product(AUTO)
        return _referred(scene, _journey(scene, person, person, autologous(scene, person, product), product))
    source = source_of(scene)
    if kind == NK:
        return _journey(scene, person, source.donor, _nk(scene, source), source.product, source=source)
    product = scene.product(AUTO)
    course = autologous(scene, person, product, drops_out=False)
    _second_arm(scene, course, source)
    return _journey(scene, person, person, course, product, second=source.product, source=source)


def _referred(scene: Scene, journey: Journey) -> Journey:
    """From the hospital next in the list that keeps charts as resources, for some."""
    others = [one for one in scene.network.hospitals if one != scene.hospital and "ehr_fhir_r4" in one.dialects]
    if scene.plan.wanted is not None or not others or not Draws.seeded(scene.seed, "referred", scene.number).chance(REFERRED):
        return journey
    there = others[scene.number % len(others)]
    return replace(journey, referred_by=there, chart_there=known_at(journey.patient, scene.number, there))


def _transplant(scene: Scene, person: Person) -> Journey:
    if scene.plan.modality == RELATED:
        course, giver, relation = related(scene, person)
    else:
        course, giver = cord(scene) if scene.plan.modality == CORD else unrelated(scene, person)
        relation = "cord" if scene.plan.modality == CORD else "unrelated"
    return _journey(scene, person, giver, course, GRAFTS[relation], relation=relation)


def _nk(scene: Scene, source: Shelf) -> Course:
    course = Course(order_id=f"ORD-{77000 + scene.number}")
    course.ordered = clock(scene.referred + timedelta(days=1), 9 + scene.draws.random.random() * 7, scene.hospital.zone)
    scene.ledger.give("H02", scene.hospital, scene.party(source.product.sponsor), (course.order_id,), course.ordered)
    if scene.draws.chance(NK_DROP_OUT) and scene.plan.wanted is None:
        course.dropped_out, course.dropped_out_on = "unfit", scene.referred + timedelta(days=12)
        return course
    course.administrations = off_the_shelf(scene, source, first_number=1, day=None)
    return course


def _second_arm(scene: Scene, course: Course, source: Shelf) -> None:
    """Adds the NK infusions before, with or after the T cells; infusions are numbered in the order of their times."""
    if not course.administrations:
        return
    cells = course.administrations[0]
    day, apart = cells.started.date(), timedelta(days=scene.draws.random.randrange(*APART_DAYS))
    order = sequence(scene.number)
    if order == "together":
        given = off_the_shelf(scene, source, first_number=2, day=day, after=cells.completed)
    elif order == "t_then_nk":
        given = off_the_shelf(scene, source, first_number=2, day=day + apart)
    else:
        # One dose, so that all NK cells are given before the T cells.
        given = off_the_shelf(scene, source, first_number=2, day=day - apart)[:1]
    ordered = sorted([cells, *given], key=lambda one: one.started)
    course.administrations = [replace(one, number=place) for place, one in enumerate(ordered, start=1)]


def _journey(
    scene: Scene,
    person: Person,
    giver: Person,
    course: Course,
    product: Product,
    *,
    second: Product | None = None,
    source: Shelf | None = None,
    relation: str = "",
) -> Journey:
    kind = scene.plan.modality
    result, features = UNTREATED, course.features
    if course.administrations:
        cells = next((one for one in course.administrations if one.arm == "T"), course.administrations[0])
        result = outcome(scene, kind, cells.product, cells.started, course.administrations[-1].started.date())
        if course.relapsed:
            result = replace(result, relapsed=course.relapsed)
        features = replace(features, infusion_hour=round(cells.started.hour + cells.started.minute / 60, 4))
        reported = clock(course.administrations[-1].started.date() + timedelta(days=100), 12, scene.hospital.zone)
        scene.ledger.give("H16", scene.hospital, scene.registry, (person.crid,), reported, usual_h=24.0)
    shipments, handoffs = tuple(scene.ledger.shipments), tuple(scene.ledger.handoffs)
    collections, bags, batches = tuple(course.collections), tuple(course.bags), tuple(course.batches)
    if source and source.host == scene.number:
        collections, bags, batches = (*source.collections, *collections), (*source.bags, *bags), (source.batch, *batches)
        shipments, handoffs = (*source.shipments, *shipments), (*source.handoffs, *handoffs)
    indications = INDICATIONS.get(kind, INDICATIONS[AUTO])
    return Journey(
        number=scene.number,
        modality=kind,
        sequence=sequence(scene.number) if second else "",
        patient=person,
        donor=giver,
        relation=relation,
        hospital=scene.hospital,
        blood_centre=scene.blood_centre,
        manufacturer=scene.party(product.manufacturer) if product.manufacturer else None,
        product=product,
        second_product=second,
        indication=indications[scene.number % len(indications)],
        order_id=course.order_id,
        coi=course.coi,
        referred=scene.referred,
        ordered=course.ordered,
        collections=collections,
        cord_units=tuple(course.cord_units),
        bags=bags,
        backup=course.backup,
        batches=batches,
        shipments=shipments,
        handoffs=renumbered(handoffs),
        administrations=tuple(course.administrations),
        outcome=result,
        features=features,
        dropped_out=course.dropped_out,
        dropped_out_on=course.dropped_out_on,
    )
