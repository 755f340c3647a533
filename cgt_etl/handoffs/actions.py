"""Did an action work? The site against comparators that did not act, before and after, with regression to the mean taken for what it is.

Difference in differences of mean log hours: the last cases before the start and the first after it, against the same calendar spans at
comparators. Actions are begun after bad spells, and bad spells end by themselves; so

* of the distance from the peers before, only the part that persists at comparators is expected after (analysis of covariance; the slope
  is pooled over all spans of all comparators), and
* the permutation test asks how often a comparator would have done as well had it begun after its own worst spell: each is taken for the
  acting one in turn (placebo test, Abadie, Diamond and Hainmueller 2010), with the start that looked worst for it.

A site that acts later is a comparator until then (staggered start). Holds no state of actions, findings or disputes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from cgt_etl.handoffs.peers import MARGIN, SHORTEST_HOURS

CASES = 25
"""Of the site on each side of the start; fewer are not enough."""
LEAST_CASES = 10
"""Of a comparator in a calendar span; with fewer it is left out of that span."""
COMPARATORS = 19
"""At least: with fewer no permutation could reach the significance asked for."""
SIGNIFICANCE = 0.05

Verdict = Literal["worked", "no effect", "worse", "not enough data"]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Action:
    """An action at a site."""

    site: str
    start: float
    """In the unit of the cases' `at`."""
    expected: float
    """Change of hours hoped for, as a share: -0.4 for forty per cent fewer."""


@dataclass(frozen=True)
class Judged:
    """The verdict with what it rests on; shares are None where there is not enough data."""

    verdict: Verdict
    cases_before: int
    cases_after: int
    comparators: int
    change: float | None = None
    """Of hours, as a share, beyond what the comparators and the end of a bad spell explain."""
    low: float | None = None
    high: float | None = None
    """95 % interval of the change."""
    p: float | None = None
    """Share of comparators, this site among them, that did at least as well from their own worst spell on."""


@dataclass(frozen=True)
class _Series:
    """One site's cases in order of time, with running sums of their adjusted log hours."""

    at: Floats
    running: Floats

    def means(self, start: Floats, end: Floats) -> Floats:
        """Mean log hours of the cases in each [start, end); nan with fewer than `LEAST_CASES`."""
        first, last = np.searchsorted(self.at, start), np.searchsorted(self.at, end)
        many = last - first
        mean: Floats = np.where(many >= LEAST_CASES, (self.running[last] - self.running[first]) / np.maximum(many, 1), np.nan)
        return mean


def judge(cases: pl.DataFrame, action: Action, others: list[Action], *, many: int = CASES) -> Judged:
    """The verdict on one action.

    Args:
        cases: of one transition, finished handoffs of all sites: `site`, `product`, `at` (a number that grows with time, such as a day),
            `hours`.
        action: the one judged.
        others: actions of other sites at the transition, none of them at `action.site`; their cases count until their start.
        many: cases on each side.

    Returns:
        `worked`: better than the placebos at 5 %, and by at least half of what was expected, on the log scale; `worse`: slower than
        comparators over the same spans at 5 %, and by the margin of a bottleneck; `no effect`: neither, and what was expected is refuted at
        5 %; else `not enough data`, also with fewer than `many` cases on a side or fewer than 19 comparators.
    """
    series = _series(cases, {other.site: other.start for other in others})
    own = series.pop(action.site, _Series(np.zeros(0), np.zeros(1)))
    start = int(np.searchsorted(own.at, action.start))
    before, after = min(start, many), min(len(own.at) - start, many)
    if before < many or after < many:
        return Judged("not enough data", before, after, len(series))
    spans = _span(own, start, many)
    pre, post = (np.array([one.means(*span)[0] for one in series.values()]) for span in ((spans[0], spans[1]), (spans[1], spans[2])))
    usable = ~np.isnan(pre + post)
    names = [name for name, is_usable in zip(series, usable, strict=True) if is_usable]
    if len(names) < COMPARATORS:
        return Judged("not enough data", before, after, len(names))
    pre, post = pre[usable], post[usable]
    apart_pre, apart_post, of_site = _placebos([series[name] for name in names], many)
    persists = float(np.clip((apart_pre * apart_post).sum() / (apart_pre**2).sum(), 0, 1))
    own_pre, own_post = own.means(spans[0], spans[1])[0] - pre.mean(), own.means(spans[1], spans[2])[0] - post.mean()
    result = own_post - persists * own_pre
    worst = [int(np.flatnonzero(of_site == site)[np.argmax(apart_pre[of_site == site])]) for site in np.unique(of_site)]
    placebo = apart_post[worst] - persists * apart_pre[worst]
    spread = float(placebo.std(ddof=1)) * math.sqrt(1 + 1 / len(placebo))
    change = result - placebo.mean()
    reach = stats.t.ppf(0.975, len(placebo) - 1) * spread
    p = (1 + int((placebo <= result).sum())) / (1 + len(placebo))
    still = (post - post.mean()) - persists * (pre - pre.mean())
    p_worse = (1 + int((still >= result).sum())) / (1 + len(still))
    hoped = math.log1p(action.expected)
    verdict: Verdict = "not enough data"
    if p <= SIGNIFICANCE and change <= hoped / 2:
        verdict = "worked"
    elif p_worse <= SIGNIFICANCE and result >= math.log1p(MARGIN):
        verdict = "worse"
    elif change - stats.t.ppf(1 - SIGNIFICANCE, len(placebo) - 1) * spread > hoped:
        verdict = "no effect"
    return Judged(verdict, before, after, len(names), math.expm1(change), math.expm1(change - reach), math.expm1(change + reach), p)


def _series(cases: pl.DataFrame, until: dict[str, float]) -> dict[str, _Series]:
    """Each site's log hours in order of time, less what its products explain, up to its own action."""
    ordered = cases.sort("site", "at").select("site", "product", "at", y=pl.col("hours").clip(lower_bound=SHORTEST_HOURS).log())
    made = ordered["product"].to_dummies()
    # Within sites, so that no site's pace is taken for its products' (Frisch, Waugh and Lovell).
    both = pl.concat([ordered.select("site", "y"), made], how="horizontal")
    within = both.select(pl.exclude("site") - pl.exclude("site").mean().over("site"))
    effects = np.linalg.lstsq(within.drop("y").to_numpy(), within["y"].to_numpy(), rcond=None)[0]
    adjusted = ordered.with_columns(y=ordered["y"] - pl.Series(made.to_numpy() @ effects))
    found = {}
    for (site,), part in adjusted.group_by("site", maintain_order=True):
        name = str(site)
        kept = part.filter(pl.col("at") < until[name]) if name in until else part
        found[name] = _Series(kept["at"].to_numpy().astype(float), np.concatenate([[0.0], kept["y"].to_numpy().cumsum()]))
    return found


def _span(own: _Series, start: NDArray[np.int_] | int, many: int) -> tuple[Floats, Floats, Floats]:
    """Begin, start and end in time of spans of `many` cases on both sides of the case with index `start`."""
    index = np.atleast_1d(start)
    return own.at[index - many], own.at[index], np.nextafter(own.at[index + many - 1], np.inf)


def _placebos(series: list[_Series], many: int) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Every comparator at every start that its cases allow: distance from the other comparators before and after, and whose it is."""
    starts = [np.arange(many, len(one.at) - many + 1, many) for one in series]
    of_site = np.repeat(np.arange(len(series)), [len(index) for index in starts])
    begin, middle, end = (
        np.concatenate(bounds) for bounds in zip(*(_span(one, index, many) for one, index in zip(series, starts, strict=True)), strict=True)
    )
    pre = np.array([one.means(begin, middle) for one in series])
    post = np.array([one.means(middle, end) for one in series])
    own = np.arange(len(series))[:, None] == of_site
    apart_pre = pre[of_site, np.arange(len(of_site))] - np.nanmean(np.where(own, np.nan, pre), axis=0)
    apart_post = post[of_site, np.arange(len(of_site))] - np.nanmean(np.where(own, np.nan, post), axis=0)
    usable = ~np.isnan(apart_pre + apart_post)
    return apart_pre[usable], apart_post[usable], of_site[usable]
