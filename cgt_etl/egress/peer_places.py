"""What may be told of other partners' pace: a place among peers as of the last quarterly cut, from eight contributors on (R52).

The one way by which a figure made of others' rows reaches a partner. Holds no statistics: who is slower by how much comes as an argument.
Nobody's name, count or figure but the asking partner's own leaves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

LEAST_CONTRIBUTORS = 8
"""Partners whose cases are compared, the asking one included; below, nothing is said of peers (issue 7)."""
LARGEST_SHARE = 0.5
"""Of the peers' cases that one of them may have: beyond, the peers' pace would be that partner's (dominance, R52)."""
QUARTERS = ("the fastest quarter", "the second quarter", "the third quarter", "the slowest quarter")

_FIGURES = ("excess", "excess_low", "excess_high", "recoverable_hours", "recoverable_low", "recoverable_high")


@dataclass(frozen=True)
class Place:
    """Where a partner stands at one transition. With `why_not`, every figure but `cases` is None."""

    transition: str
    cases: int
    """The partner's own before the cut."""
    why_not: str | None = None
    quarter: str | None = None
    """One of `QUARTERS`: never a rank, from which neighbours could be told."""
    excess: float | None = None
    """Slower than the peers by this share; below zero, faster."""
    excess_low: float | None = None
    excess_high: float | None = None
    recoverable_hours: float | None = None
    recoverable_low: float | None = None
    recoverable_high: float | None = None
    is_bottleneck: bool = False


def quarterly_cut(edge: datetime) -> datetime:
    """The begin, in UTC, of the calendar quarter in which the data end: cases done before it are compared.

    Between two cuts nothing new is told, so that nobody's nightly deliveries can be read from how the figures move.
    """
    return datetime(edge.year, (edge.month - 1) // 3 * 3 + 1, 1, tzinfo=UTC)


def places(compared: pl.DataFrame, partner: str) -> list[Place]:
    """The places of one partner, by transition.

    Args:
        compared: what `handoffs.peers.compare` says of all partners' cases before the cut, a partner being a `site` there.
        partner: who asks.
    """
    own = compared.filter(pl.col("site") == partner).sort("transition")
    return [_place(row, compared.filter(pl.col("transition") == row["transition"])) for row in own.iter_rows(named=True)]


def _place(own: dict[str, object], at: pl.DataFrame) -> Place:
    transition, cases = str(own["transition"]), int(str(own["cases"]))
    judged = at.filter(pl.col("excess").is_not_null())
    peers = judged.filter(pl.col("site") != own["site"])
    if own["verdict"] == "too small":
        return Place(transition, cases, "too few of your own cases to compare")
    if own["excess"] is None or judged.height < LEAST_CONTRIBUTORS:
        return Place(transition, cases, f"fewer than {LEAST_CONTRIBUTORS} contributors")
    if int(peers["cases"].max()) > LARGEST_SHARE * int(peers["cases"].sum()):  # type: ignore[arg-type]
        return Place(transition, cases, "most of the peers' cases are one contributor's")
    excess, low, high, hours, hours_low, hours_high = (float(str(own[name])) for name in _FIGURES)
    faster = judged.filter(pl.col("excess") < excess).height
    quarter = QUARTERS[faster * len(QUARTERS) // judged.height]
    return Place(transition, cases, None, quarter, excess, low, high, hours, hours_low, hours_high, own["verdict"] == "bottleneck")
