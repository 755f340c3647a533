"""An upstream effect: is it right in the mean, do its intervals hold, and how wide are they beside those of one who knows the spreads."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NamedTuple, Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from cgt_etl.handoffs.effects import estimate, site_slopes
from cgt_etl.handoffs.evaluation.figures import Figure, Map, at_most, between, pooled

DRAWS = 10
"""Worlds of a seed."""
PARTS_OF = 10**9
"""Counts are whole numbers: sums are kept in billionths."""


class Exposed(Protocol):
    """A world of cases (`site`, `product`, `exposure`, `outcome`) with a known effect."""

    @property
    def cases(self) -> pl.DataFrame:
        """What an analysis may see."""

    @property
    def slope(self) -> float:
        """Mean effect over sites."""

    @property
    def slope_spread(self) -> float:
        """Standard deviation of the effect between sites."""

    @property
    def noise(self) -> float:
        """Standard deviation of the outcome given everything."""


class Found(NamedTuple):
    """What an analysis says of one world, beside what is true of it."""

    truth: float
    estimate: float
    interval: tuple[float, float]
    oracle: tuple[float, float]
    """The interval of one who knows the spreads."""
    plain: tuple[float, float]
    """That of one who thinks that all sites have the same slope."""
    others: Mapping[str, float]
    """By name, estimates that ignore something."""

    def counted(self) -> Counter[str]:
        """Whole numbers, so that worlds add up in any order."""
        (low, high), (oracle_low, oracle_high) = self.interval, self.oracle
        sums = {
            "truth": self.truth,
            "estimate": self.estimate,
            "width": high - low,
            "oracle width": oracle_high - oracle_low,
            **self.others,
        }
        covers = {"covered": self.interval, "oracle covered": self.oracle, "plain covered": self.plain}
        count = Counter({name: round(value * PARTS_OF) for name, value in sums.items()})
        count.update({name: int(within[0] <= self.truth <= within[1]) for name, within in covers.items()})
        count["worlds"] = 1
        return count


def effects(world: Callable[..., Exposed], seeds: Iterable[int], each: Map = map) -> list[Figure]:
    """Ten worlds a seed, with slopes that differ between sites and with one slope for all.

    Args:
        world: called with a seed, `draw` and `slope_spread`.
        seeds: seeds of each kind.
        each: how to go through them.
    """
    chosen = list(seeds)
    figures = []
    for part, spread in (("upstream effect", 0.05), ("the same everywhere", 0.0)):
        count = pooled(partial(_count, world, spread), chosen, each)
        figures += judged(part, count, {"crude slope": "crude", "between sites": "between"}, "least squares with sites")
    return figures


def judged(part: str, count: Counter[str], others: Mapping[str, str], plain: str) -> list[Figure]:
    """The figures of counts that were added up over worlds (`Found.counted`).

    Args:
        part: what they are figures of.
        count: summed.
        others: what to call each of `Found.others` -> its name there.
        plain: what to call who thinks that all sites have the same slope.
    """
    worlds = count["worlds"]
    away = {name: abs(count[name] / count["truth"] - 1) for name in ("estimate", *others.values())}
    beside = ", ".join(f"{says} {away[name]:.2f}" for says, name in others.items())
    coverage = f"oracle {count['oracle covered'] / worlds:.3f}, {plain} {count['plain covered'] / worlds:.3f}"
    return [
        at_most(part, "mean of seeds away from the truth", 0.05, away["estimate"], beside),
        between(part, "95 % intervals cover", (0.935, 0.965), count["covered"] / worlds, coverage),
        at_most(part, "width over the oracle's", 1.2, count["width"] / count["oracle width"]),
    ]


def _count(world: Callable[..., Exposed], spread: float, seed: int) -> Counter[str]:
    count: Counter[str] = Counter()
    for draw in range(DRAWS):
        drawn = world(seed, draw=draw, slope_spread=spread)
        said = estimate(drawn.cases)
        if said is not None:
            others = {"crude": said.crude, "between": said.between}
            count.update(Found(drawn.slope, said.estimate, (said.low, said.high), *_oracle(drawn), others).counted())
    return count


def _oracle(drawn: Exposed) -> tuple[tuple[float, float], tuple[float, float]]:
    """Intervals of the same slopes by one who knows both spreads, and by one who thinks that all sites have the same slope."""
    numbers = [np.unique(drawn.cases[name].to_numpy().astype(str), return_inverse=True)[1] for name in ("site", "product")]
    slopes, unscaled, variance = site_slopes(numbers[0], numbers[1], drawn.cases["exposure"].to_numpy(), drawn.cases["outcome"].to_numpy())
    known, assumed = unscaled * drawn.noise**2 + drawn.slope_spread**2 * np.eye(len(slopes)), unscaled * variance
    return interval(slopes, known), interval(slopes, assumed)


def interval(slopes: NDArray[np.float64], covariance: NDArray[np.float64]) -> tuple[float, float]:
    """95 % interval of what is common to the slopes, by one for whom their covariance is known."""
    weight = np.linalg.inv(covariance)
    mean, error = float((weight @ slopes).sum() / weight.sum()), 1 / math.sqrt(weight.sum())
    reach = float(stats.norm.ppf(0.975)) * error
    return mean - reach, mean + reach
