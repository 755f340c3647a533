"""A manufacturer's plant: which version of a process a batch is made by, and on which equipment. Chosen; bears on nothing else."""

from __future__ import annotations

from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.model import Batch, ProcessPoint

VERSION_DAYS = 120
"""Days for which a version of a process stands."""
FIRST_VERSION_DAY = 739_000
"""Ordinal of the day on which version 1 began, a year before the first journeys."""
LINES = 4
"""Production lines of a plant."""
EQUIPMENT = {"THAW": "THW", "HARV": "HRV", "FF": "FIL"}
"""Unit operation -> kind of equipment; the others are done on the line's closed processor."""
PROCESSOR = "PRC"


def process_version(batch: Batch) -> str:
    """Of its product's process, as it stood on the day on which the batch was started: `UNA-P3`."""
    number = 1 + max(0, batch.started.date().toordinal() - FIRST_VERSION_DAY) // VERSION_DAYS
    return f"{batch.product.formulary}-P{number}"


def equipment(batch: Batch, point: ProcessPoint) -> str:
    """Number of what it was read on: a batch stays on one line."""
    line = 1 + Draws.seeded("production line", batch.product.manufacturer, batch.number).random.randrange(LINES)
    return f"{EQUIPMENT.get(point.operation, PROCESSOR)}-{line:02d}"
