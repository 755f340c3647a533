"""An upstream effect: is it right in the mean, do its intervals hold, and how wide are they beside those of one who knows the spreads."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

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
        worlds = count["worlds"]
        away = abs(count["estimate"] / count["truth"] - 1)
        away_crude, away_between = (abs(count[name] / count["truth"] - 1) for name in ("crude", "between"))
        crude = f"crude slope {away_crude:.2f}, between sites {away_between:.2f}"
        coverage = f"oracle {count['oracle covered'] / worlds:.3f}, least squares with sites {count['plain covered'] / worlds:.3f}"
        figures += [
            at_most(part, "mean of seeds away from the truth", 0.05, away, crude),
            between(part, "95 % intervals cover", (0.935, 0.965), count["covered"] / worlds, coverage),
            at_most(part, "width over the oracle's", 1.2, count["width"] / count["oracle width"]),
        ]
    return figures


def _count(world: Callable[..., Exposed], spread: float, seed: int) -> Counter[str]:
    count: Counter[str] = Counter()
    for draw in range(DRAWS):
        drawn = world(seed, draw=draw, slope_spread=spread)
        found = estimate(drawn.cases)
        if found is None:
            continue
        oracle, plain = _oracle(drawn)
        sums = {
            "truth": drawn.slope,
            "estimate": found.estimate,
            "crude": found.crude,
            "between": found.between,
            "width": found.high - found.low,
            "oracle width": oracle[1] - oracle[0],
        }
        count.update({name: round(value * PARTS_OF) for name, value in sums.items()})
        count.update(
            {
                "worlds": 1,
                "covered": int(found.low <= drawn.slope <= found.high),
                "oracle covered": int(oracle[0] <= drawn.slope <= oracle[1]),
                "plain covered": int(plain[0] <= drawn.slope <= plain[1]),
            }
        )
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
