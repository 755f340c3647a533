"""An upstream effect on the time to infusion: is it right in the mean, do its intervals hold, how wide are they beside the oracle's."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

import numpy as np
import polars as pl

from cgt_etl.handoffs.evaluation.effects import DRAWS, PARTS_OF, interval
from cgt_etl.handoffs.evaluation.figures import Figure, Map, at_most, between, pooled
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
        worlds = count["worlds"]
        away, away_crude = (abs(count[name] / count["truth"] - 1) for name in ("slope", "crude"))
        crude = f"unadjusted {away_crude:.2f}"
        coverage = f"oracle {count['oracle covered'] / worlds:.3f}, one slope assumed {count['plain covered'] / worlds:.3f}"
        figures += [
            at_most(part, "mean of seeds away from the truth", 0.05, away, crude),
            between(part, "95 % intervals cover", (0.935, 0.965), count["covered"] / worlds, coverage),
            at_most(part, "width over the oracle's", 1.2, count["width"] / count["oracle width"]),
        ]
    return figures


def _count(world: Callable[..., Waited], spread: float, seed: int) -> Counter[str]:
    count: Counter[str] = Counter()
    for draw in range(DRAWS):
        drawn = world(seed, draw=draw, slope_spread=spread)
        fitted = fit(drawn.cases)
        if fitted is None:
            continue
        found = pooled_ratio(fitted)
        plain = interval(fitted.slopes, fitted.covariance)
        oracle = interval(fitted.slopes, fitted.covariance + drawn.slope_spread**2 * np.eye(len(fitted.slopes)))
        sums = {
            "truth": drawn.slope,
            "slope": math.log(found.ratio),
            "crude": math.log(found.crude),
            "width": math.log(found.high / found.low),
            "oracle width": oracle[1] - oracle[0],
        }
        count.update({name: round(value * PARTS_OF) for name, value in sums.items()})
        count.update(
            {
                "worlds": 1,
                "covered": int(math.log(found.low) <= drawn.slope <= math.log(found.high)),
                "oracle covered": int(oracle[0] <= drawn.slope <= oracle[1]),
                "plain covered": int(plain[0] <= drawn.slope <= plain[1]),
            }
        )
    return count
