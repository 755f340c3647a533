"""Bottlenecks: how many are found, how many findings are none, and what simpler ways find."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Protocol

import numpy as np
import polars as pl
from scipy import stats

from cgt_etl.handoffs import peers, told
from cgt_etl.handoffs.evaluation.figures import Figure, Map, at_least, at_most, pooled, stated

Cell = tuple[str, ...]
"""Transition and site, and the product where it is of one alone."""


class Delayed(Protocol):
    """A world of cases with bottlenecks: `transition`, `site`, `product`, `hours`, `day` of a year."""

    @property
    def cases(self) -> pl.DataFrame:
        """What an analysis may see."""

    @property
    def injected(self) -> frozenset[Cell]:
        """What is true."""


def bottlenecks(world: Callable[..., Delayed], seeds: Iterable[int], each: Map = map) -> list[Figure]:
    """Bottlenecks at +80 % and +50 %, those of one product alone, a year of quarterly snapshots without any, and sites that spread more.

    Args:
        world: called with a seed, `delay`, `injected`, `spread` and `of_one_product`.
        seeds: worlds of each kind.
        each: how to go through them.
    """
    chosen = list(seeds)
    figures = []
    for delay, precision, recall in ((0.8, 0.95, 0.95), (0.5, 0.90, 0.65)):
        count = pooled(partial(_count_found, world, delay), chosen, each)
        part = f"bottlenecks +{delay:.0%}"
        figures += [
            at_least(part, "precision", precision, _precision(count, "ours"), _baselines(count, _precision)),
            at_least(part, "recall", recall, _recall(count, "ours"), _baselines(count, _recall)),
        ]
    for delay in (0.8, 0.5):
        count = pooled(partial(_count_of_products, world, delay), chosen, each)
        part = f"one product +{delay:.0%}"
        figures += [
            stated(part, "precision", _precision(count, "ours"), f"whole places {_precision(count, 'whole places'):.2f}"),
            stated(part, "recall", _recall(count, "ours"), f"whole places {_recall(count, 'whole places'):.2f}"),
        ]
    count = pooled(partial(_count_told, world), chosen, each)
    snapshots = count["snapshots"]
    baseline = f"no margin {count['no margin'] / snapshots:.1f}"
    figures += [
        at_most("no bottlenecks", "new findings a snapshot", 0.2, count["new"] / snapshots, baseline),
        at_most("no bottlenecks", "findings repeated", 0.0, count["repeated"] / snapshots),
    ]
    figures.append(stated("no bottlenecks", "findings of one product a year", count["of a product"] / len(chosen)))
    for spread in (0.15, 0.20):
        count = pooled(partial(_count_spread, world, spread), chosen, each)
        part = f"sites spread {spread:.0%}"
        figures += [
            stated(part, "precision at +80%", _precision(count, "ours")),
            stated(part, "recall at +80%", _recall(count, "ours")),
            stated(part, "findings, none injected", count["nothing"] / len(chosen)),
        ]
    return figures


def _count_found(world: Callable[..., Delayed], delay: float, seed: int) -> Counter[str]:
    drawn = world(seed, delay=delay)
    ways = {
        "ours": _found(peers.compare(drawn.cases)),
        "slowest steps": _slowest(drawn.cases, len(drawn.injected)),
        "unadjusted peers": _unadjusted(drawn.cases),
        "no margin": _without_margin(drawn.cases),
    }
    count = Counter({"injected": len(drawn.injected)})
    for way, found in ways.items():
        count[f"{way} right"] += len(found & drawn.injected)
        count[f"{way} wrong"] += len(found - drawn.injected)
    return count


def _count_of_products(world: Callable[..., Delayed], delay: float, seed: int) -> Counter[str]:
    drawn = world(seed, delay=delay, of_one_product=True)
    whole = peers.compare(drawn.cases)
    found, places = _found_of_products(drawn.cases, whole), _found(whole)
    of_places = {cell[:2] for cell in drawn.injected}
    return Counter(
        {
            "injected": len(drawn.injected),
            "ours right": len(found & drawn.injected),
            "ours wrong": len(found - drawn.injected),
            "whole places right": len(places & of_places),
            "whole places wrong": len(places - of_places),
        }
    )


def _count_spread(world: Callable[..., Delayed], spread: float, seed: int) -> Counter[str]:
    drawn = world(seed, spread=spread)
    found, nothing = _found(peers.compare(drawn.cases)), _found(peers.compare(world(seed, spread=spread, injected=0).cases))
    return Counter(
        {
            "injected": len(drawn.injected),
            "ours right": len(found & drawn.injected),
            "ours wrong": len(found - drawn.injected),
            "nothing": len(nothing),
        }
    )


def _count_told(world: Callable[..., Delayed], seed: int) -> Counter[str]:
    cases = world(seed, injected=0).cases
    state, count, ever = told.nothing(), Counter[str](), set[Cell]()
    for quarter in range(1, 5):
        so_far = cases.filter(pl.col("day") < quarter * 365 / 4)
        news, state = told.tell(peers.compare(so_far), state, f"Q{quarter}")
        said = _cells(news.filter(pl.col("news") != "over"))
        count.update({"snapshots": 1, "new": len(said - ever), "repeated": len(said & ever), "no margin": len(_without_margin(so_far))})
        ever |= said
    count["of a product"] = len(_found_of_products(cases, peers.compare(cases)))
    return count


def _cells(rows: pl.DataFrame) -> set[Cell]:
    return set(rows.select("transition", "site").iter_rows())


def _found(compared: pl.DataFrame) -> set[Cell]:
    return _cells(compared.filter(pl.col("verdict") == "bottleneck"))


def _found_of_products(cases: pl.DataFrame, whole: pl.DataFrame) -> set[Cell]:
    found = peers.compare_products(cases, whole).filter(pl.col("verdict") == "bottleneck")
    return set(found.select("transition", "site", "product").iter_rows())


def _slowest(cases: pl.DataFrame, count: int) -> set[Cell]:
    """Baseline: the places with the longest mean hours, as many as there are bottlenecks."""
    means = cases.group_by("transition", "site").agg(pl.col("hours").mean())
    return _cells(means.sort("hours", "transition", "site", descending=True).head(count))


def _unadjusted(cases: pl.DataFrame) -> set[Cell]:
    """Baseline: hours of a site against all others' at the transition, whatever the products; Welch's test, 5 % false discoveries."""
    keys, p = [], []
    for (transition,), part in sorted(cases.group_by("transition"), key=lambda item: str(item[0])):
        site, hours = part["site"].to_numpy(), part["hours"].to_numpy()
        for name in sorted(set(site)):
            keys.append((str(transition), str(name)))
            p.append(float(stats.ttest_ind(hours[site == name], hours[site != name], equal_var=False, alternative="greater").pvalue))
    return {key for key, is_found in zip(keys, peers.discoveries(np.array(p), peers.FALSE_DISCOVERIES), strict=True) if is_found}


def _without_margin(cases: pl.DataFrame) -> set[Cell]:
    """Baseline: the same adjusted comparison, but any excess over the peers that chance does not explain is found."""
    compared = peers.compare(cases).drop_nulls("excess")
    reach = np.log1p(compared["excess_high"].to_numpy()) - np.log1p(compared["excess"].to_numpy())
    p = stats.norm.sf(np.log1p(compared["excess"].to_numpy()) / reach * stats.norm.ppf(0.975))
    return _cells(compared.filter(pl.Series(peers.discoveries(p, peers.FALSE_DISCOVERIES), dtype=pl.Boolean)))


def _precision(count: Counter[str], way: str) -> float:
    return count[f"{way} right"] / max(1, count[f"{way} right"] + count[f"{way} wrong"])


def _recall(count: Counter[str], way: str) -> float:
    return count[f"{way} right"] / max(1, count["injected"])


def _baselines(count: Counter[str], share: Callable[[Counter[str], str], float]) -> str:
    return ", ".join(f"{way} {share(count, way):.2f}" for way in ("slowest steps", "unadjusted peers", "no margin"))
