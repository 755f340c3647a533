"""The span of the simulated world, its nights (when a fact that became known on a day is delivered) and its clocks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

START = date(2025, 9, 1)
SPAN_DAYS = 240
"""Days from the first referral to the last night."""


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


def named(pattern: str, day: date) -> str:
    """A file's or a sheet's name, with the day where it stands in it: `{stamp}`, or `{day:...}` in another form."""
    return pattern.format(stamp=f"{day:%Y%m%d}", day=day)


def clock(day: date, hour: float, zone: ZoneInfo) -> datetime:
    """Local time on a day, to the minute; daytime hours exist once on every day."""
    minutes = round(hour * 60)
    return datetime.combine(day, time(minutes // 60, minutes % 60), tzinfo=zone)


def later(moment: datetime, hours: float, zone: ZoneInfo | None = None) -> datetime:
    """So many elapsed hours later, to the minute, as the clock shows it in `zone` (or in the moment's own)."""
    instant = moment.astimezone(UTC) + timedelta(minutes=round(hours * 60))
    return instant.astimezone(zone or moment.tzinfo)


def told_once(moment: datetime) -> datetime:
    """The moment; two hours later where its hour is one that the clock shows twice, so that a local time without an offset tells it."""
    comes_twice = moment.replace(fold=0).utcoffset() != moment.replace(fold=1).utcoffset()
    return later(moment, 2) if comes_twice else moment


def hours_between(first: datetime, second: datetime) -> float:
    """Elapsed hours, whatever the clocks did in between."""
    return (second.astimezone(UTC) - first.astimezone(UTC)).total_seconds() / 3600
