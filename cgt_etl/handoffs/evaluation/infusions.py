"""An upstream effect on the time to infusion: is it right in the mean, do its intervals hold, how wide are they beside the oracle's."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

import numpy as np
import polars as pl

from cgt_etl.handoffs.evaluation.effects import DRAWS, Found, interval, judged
from cgt_etl.handoffs.evaluation.figures import Figure, Map, pooled
from cgt_etl.handoffs.hazards import fit, pooled_ratio


class Waited(Protocol):
    """A world of cases (`site`, `product`, `exposure`, `days`, `event`) with a known factor of the hazard."""

    @property
    def cases(self) -> pl.DataFrame:
        """What an analysis may see."""

    @property
    def slope(self) -> float:
        """Logarithm of the factor, in the mean of sites."""

    @property
    def slope_spread(self) -> float:
        """Standard deviation of that logarithm between sites."""


def infusions(world: Callable[..., Waited], seeds: Iterable[int], each: Map = map) -> list[Figure]:
    """Ten worlds a seed, with slopes that differ between sites and with one slope for all.

    Args:
        world: called with a seed, `draw` and `slope_spread`.
        seeds: seeds of each kind.
        each: how to go through them.
    """
    chosen = list(seeds)
    figures = []
    for part, spread in (("time to infusion", 0.01), ("infusion, same effect", 0.0)):
        count = pooled(partial(_count, world, spread), chosen, each)
        figures += judged(part, count, {"unadjusted": "crude"}, "one slope assumed")
    return figures


def _count(world: Callable[..., Waited], spread: float, seed: int) -> Counter[str]:
    count: Counter[str] = Counter()
    for draw in range(DRAWS):
        drawn = world(seed, draw=draw, slope_spread=spread)
        fitted = fit(drawn.cases)
        if fitted is None:
            continue
        said = pooled_ratio(fitted)
        oracle = interval(fitted.slopes, fitted.covariance + drawn.slope_spread**2 * np.eye(len(fitted.slopes)))
        plain = interval(fitted.slopes, fitted.covariance)
        found, crude, low, high = (math.log(one) for one in (said.ratio, said.crude, said.low, said.high))
        count.update(Found(drawn.slope, found, (low, high), oracle, plain, {"crude": crude}).counted())
    return count
