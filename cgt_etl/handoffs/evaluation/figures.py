"""What every part of the evaluation shares: a figure with its target and baseline, and counts pooled over seeds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Map = Callable[[Callable[[int], Counter[str]], Iterable[int]], Iterable[Counter[str]]]
"""`map`, or that of a pool of processes."""


@dataclass(frozen=True)
class Figure:
    """One line of the table."""

    part: str
    what: str
    target: str
    reached: float
    is_met: bool
    baseline: str = ""


def pooled(count: Callable[[int], Counter[str]], seeds: Iterable[int], each: Map = map) -> Counter[str]:
    """The counts of all seeds together."""
    total: Counter[str] = Counter()
    for counted in each(count, seeds):
        total.update(counted)
    return total


def at_least(part: str, what: str, target: float, reached: float, baseline: str = "") -> Figure:
    """A figure that must not be smaller."""
    return Figure(part, what, f">= {target:g}", reached, reached >= target, baseline)


def at_most(part: str, what: str, target: float, reached: float, baseline: str = "") -> Figure:
    """A figure that must not be greater."""
    return Figure(part, what, f"<= {target:g}", reached, reached <= target, baseline)


def between(part: str, what: str, target: tuple[float, float], reached: float, baseline: str = "") -> Figure:
    """A figure that must lie between two."""
    return Figure(part, what, f"{target[0]:g} to {target[1]:g}", reached, target[0] <= reached <= target[1], baseline)


def stated(part: str, what: str, reached: float, baseline: str = "") -> Figure:
    """A figure without a target, said because it limits another."""
    return Figure(part, what, "stated", reached, True, baseline)
