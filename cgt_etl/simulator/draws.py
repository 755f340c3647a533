"""Random draws from the network's table of distributions (`vocabularies/distributions.csv`); no figure is written here."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parents[1] / "vocabularies" / "distributions.csv"


@cache
def _table() -> dict[tuple[str, str], dict[str, str]]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {(row["variable"], row["cohort"]): row for row in csv.DictReader(file)}


@dataclass(frozen=True)
class Draws:
    """One stream of randomness; the same seed gives the same draws in the same order."""

    random: random.Random

    @classmethod
    def seeded(cls, *parts: object) -> Draws:
        """A stream of its own for each thing simulated, so that one more patient changes nobody else."""
        return cls(random.Random("/".join(str(part) for part in parts)))

    def number(self, variable: str, cohort: str) -> float:
        """One value in the table's unit, clipped as the table says.

        Raises:
            KeyError: no such variable and cohort.
            ValueError: the table gives it a distribution that is no number's.
        """
        row = _table()[variable, cohort]
        first, second = float(row["param1"]), float(row["param2"])
        if row["distribution"] == "normal":
            value = self.random.normalvariate(first, second)
        elif row["distribution"] == "lognormal":
            value = self.random.lognormvariate(first, second)
        else:
            raise ValueError(f"{variable} of {cohort} is {row['distribution']}")
        low, high = row["clip_low"], row["clip_high"]
        return max(float(low) if low else value, min(float(high) if high else value, value))

    def happens(self, variable: str, cohort: str) -> bool:
        """One trial of a bernoulli row."""
        return self.random.random() < float(_table()[variable, cohort]["param1"])

    def category(self, variable: str, cohort: str) -> str:
        """One label of a categorical row such as `1:0.86;2:0.11`."""
        labels, weights = zip(*(part.split(":") for part in _table()[variable, cohort]["param1"].split(";")), strict=True)
        return str(self.random.choices(labels, [float(weight) for weight in weights])[0])

    def near(self, typical: float, relative: float = 0.1) -> float:
        """A value near a typical one, for what the table does not know; never below a quarter of it."""
        return max(typical * 0.25, typical * self.random.normalvariate(1, relative))
