"""Actions: verdicts that are right, shams that are said to have worked, and what simpler ways say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

import numpy as np
import polars as pl
from scipy import stats

from cgt_etl.handoffs.actions import CASES, SIGNIFICANCE, Action, judge
from cgt_etl.handoffs.evaluation.figures import Figure, Map, at_least, at_most, pooled

EXPECTED = -0.4


class Acted(Protocol):
    """A world of one transition's cases (`site`, `product`, `at`, `hours`) in which actions were begun."""

    @property
    def cases(self) -> pl.DataFrame:
        """What an analysis may see."""

    @property
    def begun(self) -> dict[str, float]:
        """Site -> start, which an analysis may see too."""

    @property
    def real(self) -> frozenset[str]:
        """Sites whose action changes hours by `EXPECTED`."""

    @property
    def sham(self) -> frozenset[str]:
        """Sites whose action does nothing."""


def actions(world: Callable[..., Acted], seeds: Iterable[int], each: Map = map) -> list[Figure]:
    """Verdicts with comparators that never act, and with such that act later.

    Args:
        world: called with a seed and `staggered`.
        seeds: worlds of each kind.
        each: how to go through them.
    """
    chosen = list(seeds)
    figures = []
    for part, staggered in (("actions", False), ("actions, staggered", True)):
        count = pooled(partial(_count, world, staggered), chosen, each)
        right = (count["real ours"] + count["sham right"]) / (count["real"] + count["sham"])
        ways = ("before and after", "plain differences")
        powers = ", ".join(f"{way} {count[f'real {way}'] / count['real']:.2f}" for way in ways)
        errors = ", ".join(f"{way} {count[f'sham {way}'] / count['sham']:.2f}" for way in ways)
        figures += [
            at_least(part, "right verdicts", 0.90, right, f"real ones said to work: {powers}"),
            at_most(part, "shams said to work", 0.05, count["sham ours"] / count["sham"], errors),
        ]
    return figures


def _count(world: Callable[..., Acted], staggered: bool, seed: int) -> Counter[str]:
    drawn = world(seed, staggered=staggered)
    begun = [Action(site, start, EXPECTED) for site, start in sorted(drawn.begun.items())]
    idle = drawn.cases.filter(~pl.col("site").is_in(drawn.real | drawn.sham)).select("at", y=pl.col("hours").log())
    count: Counter[str] = Counter()
    for action in begun:
        if action.site not in drawn.real | drawn.sham:
            continue
        kind = "real" if action.site in drawn.real else "sham"
        verdict = judge(drawn.cases, action, [other for other in begun if other.site != action.site]).verdict
        own = drawn.cases.filter(pl.col("site") == action.site).sort("at").select("at", y=pl.col("hours").log())
        before, after = own.filter(pl.col("at") < action.start).tail(CASES), own.filter(pl.col("at") >= action.start).head(CASES)
        count.update(
            {
                kind: 1,
                f"{kind} ours": int(verdict == "worked"),
                f"{kind} right": int(verdict == "no effect"),
                f"{kind} before and after": int(stats.ttest_ind(after["y"], before["y"], alternative="less").pvalue <= SIGNIFICANCE),
                f"{kind} plain differences": int(_plain(before, after, idle) <= SIGNIFICANCE),
            }
        )
    return count


def _plain(before: pl.DataFrame, after: pl.DataFrame, idle: pl.DataFrame) -> float:
    """Baseline: p of the difference in differences of mean log hours, all comparators' cases together, chance of cases alone."""
    sides = [idle.filter(pl.col("at").is_between(part["at"].min(), part["at"].max())) for part in (before, after)]
    values = [part["y"].to_numpy() for part in (after, before, sides[1], sides[0])]
    means, variances = [value.mean() for value in values], [value.var(ddof=1) / len(value) for value in values]
    return float(stats.norm.cdf((means[0] - means[1] - means[2] + means[3]) / np.sqrt(sum(variances))))
