"""What each exported record states of measurements: the truth that a release's `measurement` is compared with.

Read back from the record as it is written, defects included, by tables of this package's own: a cell that its sender would not have
written so is no number, and a number in a strange unit is no value. Knows columns and units of the exports, nothing of the pipeline.
Minutes of wearables and readings of loggers have no truth of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from cgt_etl.simulator.facts import Fact
from cgt_etl.simulator.measured import carried, charted, collected, made
from cgt_etl.simulator.measured.shapes import Measured, Reader

__all__ = ["Measured", "measurements"]
READERS: Mapping[tuple[str, str], Reader] = {**collected.READERS, **charted.READERS, **made.READERS, **carried.READERS}
"""(Dialect, feed) -> its reader; the other feeds state no measurement."""


def measurements(dialect: str, fact: Fact, zones: Mapping[str, ZoneInfo]) -> tuple[Measured, ...]:
    """All that the record states; `zones` are those of the partners."""
    reader = READERS.get((dialect, fact.feed))
    return tuple(reader(fact, zones[fact.partner])) if reader else ()
