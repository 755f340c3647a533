"""Doses that a site could lose fewer: whether the interval covers what it would lose less at its peers' rates, and whose are above zero."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Protocol

import polars as pl

from cgt_etl.handoffs import lost
from cgt_etl.handoffs.evaluation.figures import Figure, Map, between, pooled, stated


class Lossy(Protocol):
    """A world of doses: `transition`, `site`, `product`, `is_lost`."""

    @property
    def cases(self) -> pl.DataFrame:
        """What an analysis may see."""

    @property
    def recoverable(self) -> Mapping[str, float]:
        """What is true, by site."""


def losses(world: Callable[[int], Lossy], seeds: Iterable[int], each: Map = map) -> list[Figure]:
    """Coverage of the intervals, and what is recovered in the mean.

    Args:
        world: called with a seed.
        seeds: of the worlds.
        each: how to go through them.
    """
    count = pooled(partial(_count, world), list(seeds), each)
    part, judged = "recoverable products", max(1, count["judged"])
    return [
        between(
            part, "95 % intervals cover", (0.93, 0.97), count["covered"] / judged, f"crude rates {count['crude covered'] / judged:.2f}"
        ),
        stated(part, "wholly above zero, of 2 lossy sites", count["lossy found"] / max(1, count["lossy"])),
        stated(part, "wholly above zero, of the others", count["others found"] / max(1, count["others"])),
    ]


def _count(world: Callable[[int], Lossy], seed: int) -> Counter[str]:
    drawn = world(seed)
    crude = lost.compare(drawn.cases.with_columns(product=pl.lit("any")))
    lossy = set(sorted(drawn.recoverable, key=lambda site: -drawn.recoverable[site])[:2])
    count: Counter[str] = Counter()
    for name, judged in (("", lost.compare(drawn.cases)), ("crude ", crude)):
        for row in judged.drop_nulls("recoverable_products").iter_rows(named=True):
            low, high = row["recoverable_products_low"], row["recoverable_products_high"]
            count[f"{name}covered"] += low <= drawn.recoverable[row["site"]] <= high
            kind = "lossy" if row["site"] in lossy else "others"
            if not name:
                count.update({"judged": 1, kind: 1, f"{kind} found": int(low > 0)})
    return count
