"""What was set aside, night by night: whether a feed gets better or worse. Counts alone; no positions and no values.

A delivery counts in the first recorded night that had it, with what its current door makes of it: a contract that was mended since mends
the past as well.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from dataclasses import dataclass

from cgt_etl.landing.delivery import Manifest, deliveries
from cgt_etl.landing.quarantine import recorded_nights
from cgt_etl.settings import Settings

LEAST = 5
"""Fewer records set aside in a night than this are no trend, however few came."""
WORSE = 2.0
"""A night is worse when its share is more than so many times the median share of the feed's earlier nights."""


@dataclass(frozen=True)
class Night:
    """What one feed delivered in one night. Units are those of its format."""

    night: int
    units: int
    set_aside: int
    refused: int
    """Files."""
    by_rule: dict[str, int]
    """`<rule> <row|cell>` -> how many records or cells it set aside."""

    @property
    def share(self) -> float:
        return self.set_aside / self.units if self.units else 0.0


@dataclass(frozen=True)
class Trend:
    """One feed of one partner, in the nights in which it delivered."""

    partner: str
    feed: str
    nights: tuple[Night, ...]

    @property
    def usual_share(self) -> float | None:
        """Median share of records set aside in the nights before the last; None where there is none before."""
        return statistics.median(one.share for one in self.nights[:-1]) if len(self.nights) > 1 else None

    @property
    def is_worse(self) -> bool:
        """Whether the last night set aside clearly more than usual."""
        last, usual = self.nights[-1], self.usual_share
        return usual is not None and last.set_aside >= LEAST and last.share > WORSE * usual


def trends(settings: Settings, *, partner: str | None = None, feed: str | None = None) -> list[Trend]:
    """One trend per feed that delivered in a recorded night, by partner and feed."""
    first: dict[str, int] = {}
    for night, ids in recorded_nights(settings):
        for one in ids:
            first.setdefault(one, night)
    came: defaultdict[tuple[str, str], defaultdict[int, list[Manifest]]] = defaultdict(lambda: defaultdict(list))
    for delivery in deliveries(settings):
        if delivery.id in first and partner in (None, delivery.partner) and feed in (None, delivery.feed):
            came[delivery.partner, delivery.feed][first[delivery.id]].append(delivery.manifest)
    return [Trend(of, name, tuple(_night(night, nights[night]) for night in sorted(nights))) for (of, name), nights in sorted(came.items())]


def lines(found: list[Trend]) -> list[str]:
    """For a terminal: a line per feed with the share of each night, then its rules, and what got worse last."""
    out = []
    for one in found:
        shares = "  ".join(
            f"{night.night:04d} {night.set_aside}/{night.units}{f' (files refused: {night.refused})' if night.refused else ''}"
            for night in one.nights
        )
        out.append(f"{one.partner}/{one.feed}  {shares}{'  WORSE' if one.is_worse else ''}")
        for rule in sorted({rule for night in one.nights for rule in night.by_rule}):
            out.append(f"  {rule:10}  " + "  ".join(f"{night.night:04d} {night.by_rule.get(rule, 0)}" for night in one.nights))
    if any(one.is_worse for one in found):
        out.append(
            f"WORSE: at least {LEAST} records set aside, and more than {WORSE:g} times the median share of the feed's earlier nights."
        )
    return out or ["No recorded night has had a delivery."]


def said(found: list[Trend]) -> list[dict[str, object]]:
    """As JSON."""
    return [
        {
            "partner": one.partner,
            "feed": one.feed,
            "usual_share": one.usual_share,
            "is_worse": one.is_worse,
            "nights": [
                {
                    "night": night.night,
                    "units": night.units,
                    "set_aside": night.set_aside,
                    "share": night.share,
                    "files_refused": night.refused,
                    "by_rule": night.by_rule,
                }
                for night in one.nights
            ],
        }
        for one in found
    ]


def _night(night: int, manifests: list[Manifest]) -> Night:
    by_rule: defaultdict[str, int] = defaultdict(int)
    for one in manifests:
        for rule, effects in one.verdicts.items():
            for effect in ("row", "cell"):
                if effects.get(effect):
                    by_rule[f"{rule} {effect}"] += effects[effect]
    units = [one.counts["units"] for one in manifests if one.status == "landed"]
    return Night(
        night,
        sum(of["in"] for of in units),
        sum(of["set_aside"] for of in units),
        sum(one.status == "refused" for one in manifests),
        dict(sorted(by_rule.items())),
    )
