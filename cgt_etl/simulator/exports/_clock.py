"""What a partner's own clock shows of what happened: a collection as the centre's system has it, where that clock runs ahead."""

from __future__ import annotations

from dataclasses import replace

from cgt_etl.simulator.calendar import later
from cgt_etl.simulator.model import Collection


def by_its_clock(run: Collection) -> Collection:
    """The collection with the times that its blood centre's clock showed; itself where that clock is right."""
    ahead_h = run.blood_centre.clock_ahead_min / 60
    return replace(run, started=later(run.started, ahead_h), completed=later(run.completed, ahead_h)) if ahead_h else run
