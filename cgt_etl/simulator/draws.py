"""Random draws from the network's table of distributions (`vocabularies/distributions.csv`); no figure is written here."""

from __future__ import annotations

import csv
import math
import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parents[1] / "vocabularies" / "distributions.csv"
QUARTILE = 0.6744897501960817
"""Standard normal deviate of the upper quartile."""


@dataclass(frozen=True)
class Row:
    """One row of the table, read."""

    distribution: str
    first: float
    second: float
    quartiles: tuple[float, float]
    """Of an empirical row; else zeros."""
    low: float
    high: float
    labels: tuple[str, ...]
    weights: tuple[float, ...]
    never: float
    """Share of persons in whom it never happens, where the table says `never 2.7%`."""
    confidence: str


def _row(row: dict[str, str]) -> Row:
    labels: tuple[str, ...] = ()
    weights: tuple[float, ...] = ()
    quartiles = (0.0, 0.0)
    first, second = row["param1"], row["param2"]
    if row["distribution"] == "categorical":
        parts = [part.strip().split(" ")[0].split(":") for part in first.split(";")]
        labels, weights = tuple(part[0] for part in parts), tuple(float(part[1]) for part in parts)
        first = "0"
    if row["distribution"] == "empirical":
        low, high = second.split("-")
        quartiles, second = (float(low), float(high)), "0"
    never = re.match(r"never ([\d.]+)%", row["conditional_effect"])
    return Row(
        distribution=row["distribution"],
        first=float(first or 0),
        second=float(second or 0),
        quartiles=quartiles,
        low=float(row["clip_low"] or "-inf"),
        high=float(row["clip_high"] or "inf"),
        labels=labels,
        weights=weights,
        never=float(never[1]) / 100 if never else 0.0,
        confidence=row["confidence"],
    )


@cache
def table() -> dict[tuple[str, str], Row]:
    """The whole table by variable and cohort."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {(row["variable"], row["cohort"]): _row(row) for row in csv.DictReader(file)}


def probability(variable: str, cohort: str) -> float:
    """Share that a bernoulli row states."""
    return table()[variable, cohort].first


def confidence(variable: str, cohort: str) -> str:
    """How well founded the row is: V verified in a publication, R reasoned, or both for its parts."""
    return table()[variable, cohort].confidence


@dataclass(frozen=True)
class Draws:
    """One stream of randomness; the same seed gives the same draws in the same order."""

    random: random.Random

    @classmethod
    def seeded(cls, *parts: object) -> Draws:
        """A stream of its own for each thing simulated, so that one more patient changes nobody else."""
        return cls(random.Random("/".join(str(part) for part in parts)))

    def number(self, variable: str, cohort: str, shift: float = 0.0) -> float:
        """One value in the table's unit, clipped as the table says.

        Args:
            shift: An effect, added on the scale of the distribution before clipping (the natural logarithm of a lognormal row).

        Raises:
            KeyError: no such variable and cohort.
            ValueError: the table gives it a distribution that is no number's.
        """
        row = table()[variable, cohort]
        kind = row.distribution
        if kind == "normal":
            value = self.random.normalvariate(row.first + shift, row.second)
        elif kind == "lognormal":
            value = self.random.lognormvariate(row.first + shift, row.second)
        elif kind == "gamma":
            value = self.random.gammavariate(row.first, row.second) + shift
        elif kind == "beta*100":
            value = self.random.betavariate(row.first, row.second) * 100 + shift
        elif kind == "poisson+1":
            value = self._poisson(row.first) + 1.0 + shift
        elif kind == "empirical":
            # Median and quartiles are met exactly; beyond them each side goes on as a lognormal.
            deviate = self.random.normalvariate(0, 1)
            quartile = row.quartiles[0 if deviate < 0 else 1]
            value = row.first * math.exp(abs(math.log(quartile / row.first)) / QUARTILE * deviate) + shift
        else:
            raise ValueError(f"{variable} of {cohort} is {kind}")
        return max(row.low, min(row.high, value))

    def _poisson(self, mean: float) -> int:
        count, product, floor = 0, self.random.random(), math.exp(-mean)
        while product > floor:
            product *= self.random.random()
            count += 1
        return count

    def happens(self, variable: str, cohort: str) -> bool:
        """One trial of a bernoulli row."""
        return self.random.random() < table()[variable, cohort].first

    def chance(self, share: float) -> bool:
        """One trial with a share that the table does not know."""
        return self.random.random() < share

    def never(self, variable: str, cohort: str) -> bool:
        """Whether it never happens to this person, by the share that the table states beside the row."""
        return self.random.random() < table()[variable, cohort].never

    def category(self, variable: str, cohort: str) -> str:
        """One label of a categorical row such as `1:0.86;2:0.11`."""
        row = table()[variable, cohort]
        return self.random.choices(row.labels, row.weights)[0]

    def labels(self, variable: str, cohort: str) -> tuple[str, ...]:
        """Labels of a row whose labels may stand together, each with its own share; at least one."""
        row = table()[variable, cohort]
        while True:
            drawn = tuple(label for label, share in zip(row.labels, row.weights, strict=True) if self.random.random() < share)
            if drawn:
                return drawn

    def near(self, typical: float, relative: float = 0.1) -> float:
        """A value near a typical one, for what the table does not know; never below a quarter of it."""
        return max(typical * 0.25, typical * self.random.normalvariate(1, relative))
