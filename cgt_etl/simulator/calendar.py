"""The nights of a run: when a fact that became known on a day is delivered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from cgt_etl.simulator.world import SPAN_DAYS, START


@dataclass(frozen=True)
class Calendar:
    """`nights` nights, evenly over the span of the world; the last is its end."""

    nights: int

    def day_of(self, night: int) -> date:
        return START + timedelta(days=SPAN_DAYS * night // self.nights)

    def night_of(self, known: date) -> int | None:
        """Number of the first night that can deliver it; None if it is known only after the last."""
        return next((night for night in range(1, self.nights + 1) if self.day_of(night) >= known), None)

    def next_night(self, night: int) -> int | None:
        """The night that brings a correction; None after the last."""
        return night + 1 if night < self.nights else None

    def stamp(self, night: int) -> str:
        """`YYYYMMDD`, as it stands in file names."""
        return f"{self.day_of(night):%Y%m%d}"
