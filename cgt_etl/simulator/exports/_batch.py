"""What a batch record says, in whatever format: the names of its parameters and the events that they state. No layout."""

from __future__ import annotations

from cgt_etl.simulator import genealogy, numbers
from cgt_etl.simulator.facts import Edge, Stated
from cgt_etl.simulator.model import Batch, Journey, ProcessPoint

BY_DAY = ("VCD", "VIAB", "FOLD")
"""Parameters that the systems name with their culture day."""
NAMES = {"TNC_HARV": "HARV_TVC"}
"""The systems' name of a parameter, where it is another."""
EVENTS = {
    "THAW": "starting_material_thawed",
    "ENRICH": "selection_completed",
    "ACT": "activation_started",
    "TDX": "transduction_or_editing",
    "EXP": "in_process_check",
    "HARV": "harvest_completed",
    "FF": "drug_product_filled",
}
WITHOUT_DIVISION = 0.3
"""Share of batches whose starting material is named by donation alone."""


def parameter(point: ProcessPoint) -> str:
    """Its name, with the culture day where it has one: `D4_VCD`."""
    name = NAMES.get(point.parameter, point.parameter)
    return f"D{point.culture_day}_{name}" if name in BY_DAY else name


def vector_lot(batch: Batch) -> str:
    """Empty where the cells were not transduced."""
    return next((lot.lot for lot in batch.materials if lot.kind == "vector"), "")


def expiry(batch: Batch, kind: str) -> str:
    """Last day of use of its lot of this kind of material, ISO; empty where it used none."""
    return next((f"{lot.expires:%Y-%m-%d}" for lot in batch.materials if lot.kind == kind), "")


def starting_material(batch: Batch, *, has_division: bool) -> list[str]:
    """Its donations, each once, with the bag's division or without."""
    return list(dict.fromkeys(f"{bag.din}-{bag.division}" if has_division else bag.din for bag in batch.inputs))


def consumed(batch: Batch, *, has_division: bool) -> tuple[Edge, ...]:
    """Cells as `starting_material` names them."""
    named = dict.fromkeys(genealogy.donation(bag.din, bag.division if has_division else "") for bag in batch.inputs)
    return tuple(Edge("consume", cells, ("batch", batch.number)) for cells in named)


def remade(batch: Batch) -> tuple[Edge, ...]:
    return (Edge("remake", ("batch", batch.replaces), ("batch", batch.number)),) if batch.replaces else ()


def whose(journey: Journey, batch: Batch) -> int | None:
    """Truth's number of the person a batch is for; None for a product for anybody."""
    return journey.patient.number if batch.coi else None


def step(journey: Journey, batch: Batch, point: ProcessPoint) -> Stated:
    """The unit operation that a parameter was read in; on one day it is one event, however many parameters it has."""
    at = numbers.utc(point.at)
    return Stated(EVENTS[point.operation], whose(journey, batch), at, at, f"{batch.number}/{at[:10]}")
