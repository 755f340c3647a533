"""Attributed time: how many of the minutes that an injected delay adds, and of all minutes, are in their cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

import polars as pl

from cgt_etl.handoffs.dwell import attribute
from cgt_etl.handoffs.evaluation.figures import Figure, Map, at_least, at_most, pooled


class Waited(Protocol):
    """A world of handoffs (`handoff`, `site`, `ready_at_utc`, `done_at_utc`) and their waits."""

    @property
    def handoffs(self) -> pl.DataFrame:
        """What an analysis may see."""

    @property
    def waits(self) -> pl.DataFrame:
        """As `attribute` takes them."""

    @property
    def injected(self) -> dict[str, str]:
        """Site -> the cause for which it waits longer."""

    @property
    def binding(self) -> pl.DataFrame:
        """What is true: `handoff`, `cause`, `minutes`."""


def dwell(world: Callable[..., Waited], seeds: Iterable[int], each: Map = map) -> list[Figure]:
    """Sites whose handoffs wait longer for one cause each, stamps missing, beside the same world without the delays.

    Args:
        world: called with a seed, and with `longer_hours=0` for its twin.
        seeds: worlds.
        each: how to go through them.
    """
    count = pooled(partial(_count, world), list(seeds), each)
    found, agreed = (
        {way: count[f"{way} {part}"] / count[f"{way} {whole}"] for way in ("ours", "longest")}
        for part, whole in (("gained", "added"), ("agreed", "minutes"))
    )
    longest = "longest wait takes all"
    return [
        at_least("attributed time", "injected minutes in their cause", 0.90, found["ours"], f"{longest} {found['longest']:.2f}"),
        at_least("attributed time", "all minutes in their cause", 0.90, agreed["ours"], f"{longest} {agreed['longest']:.2f}"),
        at_most("attributed time", "handoffs whose parts do not add up", 0, count["apart"]),
    ]


def _count(world: Callable[..., Waited], seed: int) -> Counter[str]:
    drawn, twin = world(seed), world(seed, longer_hours=0.0)
    parts = attribute(drawn.handoffs, drawn.waits)
    sums = _dwelt(drawn).join(parts.group_by("handoff").agg(pl.col("waited").sum()), on="handoff", how="left")
    count = Counter({"apart": sums.filter(pl.col("waited").fill_null(pl.duration()) != pl.col("dwelt")).height})
    ways = {"ours": (parts, attribute(twin.handoffs, twin.waits)), "longest": (_longest(drawn), _longest(twin))}
    cause = drawn.handoffs.select("handoff", cause=pl.col("site").replace_strict(drawn.injected, default=None, return_dtype=pl.String))
    added = (
        cause.join(drawn.binding, on=["handoff", "cause"])
        .join(twin.binding, on=["handoff", "cause"], suffix="_twin")
        .select("handoff", "cause", added=pl.col("minutes") - pl.col("minutes_twin"))
        .filter(pl.col("added") > 0)
    )
    for way, (with_delay, without) in ways.items():
        gained = (
            added.join(with_delay, on=["handoff", "cause"], how="left")
            .join(without, on=["handoff", "cause"], how="left", suffix="_twin")
            .select("added", gained=_minutes("waited") - _minutes("waited_twin"))
        )
        agreed = drawn.binding.join(with_delay, on=["handoff", "cause"]).select(pl.min_horizontal("minutes", _minutes("waited")).sum())
        count.update(
            {
                f"{way} gained": gained.select(pl.min_horizontal("gained", "added").clip(lower_bound=0).sum()).item(),
                f"{way} added": gained["added"].sum(),
                f"{way} agreed": agreed.item(),
                f"{way} minutes": drawn.binding["minutes"].sum(),
            }
        )
    return count


def _minutes(duration: str) -> pl.Expr:
    return pl.col(duration).dt.total_minutes().fill_null(0)


def _dwelt(drawn: Waited) -> pl.DataFrame:
    return drawn.handoffs.select("handoff", dwelt=pl.col("done_at_utc") - pl.col("ready_at_utc"))


def _longest(drawn: Waited) -> pl.DataFrame:
    """Baseline: the whole dwell belongs to the longest wait."""
    long = drawn.waits.with_columns(long=pl.col("until_at_utc") - pl.col("from_at_utc")).sort(
        "long", "cause", descending=True, nulls_last=True
    )
    return (
        long.unique("handoff", keep="first", maintain_order=True)
        .join(_dwelt(drawn), on="handoff")
        .select("handoff", "cause", waited="dwelt")
    )
