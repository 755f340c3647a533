"""What something upstream does to the time until infusion, where others drop out and the rest still wait: cause-specific hazards.

Cox's model (1972): the hazard of one kind of end, among those whom none has met yet, times exp(slope × exposure). Who drops out
leaves those at risk then, who still waits at the edge of the data leaves there: neither is left out, neither counts as infused
(Prentice and others 1978). Each site has a baseline hazard and a slope of its own, products are adjusted for, and the sites' slopes
are pooled as in `effects.py`, with its correction for few sites. Ties after Efron (1977), since days are whole. The hazard of dropping
out is estimated in the same way: an exposure may well do both. Holds no causal claim, and no exposure that changes on the way: it must
be known when the time begins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

from cgt_etl.handoffs.effects import LEAST_SITES, pooled

LEAST_EVENTS = 10
"""Of a site; with fewer it has no slope of its own and is left out."""
STEPS = 30
"""Newton's method ends after these at the latest; six are usual."""

ROUNDING = 1e-9
"""Of a log likelihood of a thousand or so: a smaller difference says nothing."""

Floats = NDArray[np.float64]
Whole = NDArray[np.int_]


@dataclass(frozen=True)
class HazardRatio:
    """By how much the hazard is multiplied per unit of the exposure."""

    ratio: float
    low: float
    high: float
    """95 % interval."""
    p: float
    sites: int
    cases: int
    events: int
    """Cases whose time ended as asked."""
    spread: float
    """Standard deviation of the ratio's logarithm between sites."""
    crude: float
    """Ratio over all cases as if there were no sites and products: where it differs, those confound."""


class Fitted(NamedTuple):
    """Cox's model with a slope per site."""

    slopes: Floats
    """Log hazard ratios per unit of the exposure, shape (k,)."""
    covariance: Floats
    """Of their chance, shape (k, k)."""
    crude: float
    """Log hazard ratio without sites and products."""
    cases: int
    events: int


def estimate(cases: pl.DataFrame, kind: int = 1) -> HazardRatio | None:
    """The hazard ratio of one kind of end; arguments and refusals as of `fit`.

    Returns:
        None where fewer than `LEAST_SITES` sites have a slope of their own, or the likelihood has no maximum.
    """
    fitted = fit(cases, kind)
    return pooled_ratio(fitted) if fitted else None


def pooled_ratio(fitted: Fitted) -> HazardRatio:
    """The sites' slopes as drawn from a distribution of slopes: its mean, with an interval that few sites deserve."""
    slope, error, spread = pooled(fitted.slopes, fitted.covariance)
    freedom = len(fitted.slopes) - 1
    reach = float(stats.t.ppf(0.975, freedom)) * error
    return HazardRatio(
        ratio=math.exp(slope),
        low=math.exp(slope - reach),
        high=math.exp(slope + reach),
        p=float(2 * stats.t.sf(abs(slope) / error, freedom)),
        sites=len(fitted.slopes),
        cases=fitted.cases,
        events=fitted.events,
        spread=spread,
        crude=math.exp(fitted.crude),
    )


def fit(cases: pl.DataFrame, kind: int = 1) -> Fitted | None:
    """The sites' slopes.

    Args:
        cases: `site`, `product` (text), `exposure` (in its unit), `days` (to the end, or to the edge of the data), `event` (0 where none
            was seen yet, else a kind from 1 on); rows with nulls are left out.
        kind: of the end.

    Returns:
        None where fewer than `LEAST_SITES` sites have a slope of their own, or the likelihood has no maximum.

    Raises:
        ValueError: a time below zero or not a number.
    """
    known = cases.drop_nulls(["site", "product", "exposure", "days", "event"]).with_columns(pl.col("event") == kind)
    days = known["days"].to_numpy().astype(float)
    if not np.isfinite(days).all() or (days < 0).any():
        raise ValueError("times must be numbers from zero on")
    # a product of which nobody was seen to end so has a hazard of zero, and says nothing of the exposure
    known = known.filter(pl.col("event").any().over("product"))
    table = _sorted(known)
    kept = [str(name) for number, name in enumerate(table.sites) if _has_slope(table, number)]
    if len(kept) < LEAST_SITES:
        return None
    known = known.filter(pl.col("site").is_in(kept))
    fitted, crude = site_slopes(_sorted(known)), site_slopes(_sorted(known.with_columns(site=pl.lit(""), product=pl.lit(""))))
    if fitted is None or crude is None:
        return None
    return Fitted(*fitted, float(crude[0][0]), len(known), int(known["event"].sum()))


class Table(NamedTuple):
    """Cases by site, the longest time first, so that those at risk at an event are the rows of its site up to `last`."""

    sites: NDArray[np.str_]
    starts: Whole
    """First row of each site."""
    site: Whole
    """0 to k - 1, of each row."""
    x: Floats
    """Exposure, then one column per product but the first, less their means at the site: shape (n, p)."""
    events: Whole
    """Rows whose time ended as asked, in order."""
    last: Whole
    """Of each event the last row at risk."""
    tie: Whole
    """First of the events of the same site and time, as a place in `events`."""
    share: Floats
    """Of the weight of an event's ties, the part that no more counts as at risk (Efron)."""


def _sorted(cases: pl.DataFrame) -> Table:
    names = [np.unique(cases[name].to_numpy().astype(str), return_inverse=True) for name in ("site", "product")]
    (sites, site), (products, product) = names
    days = cases["days"].to_numpy().astype(float)
    order = np.lexsort((-days, site))
    site, days = site[order], days[order]
    starts = np.searchsorted(site, np.arange(len(sites)))
    x = np.column_stack([cases["exposure"].to_numpy().astype(float), np.eye(len(products))[product][:, 1:]])[order]
    x = x - (np.add.reduceat(x, starts) / np.bincount(site)[:, None])[site] if len(x) else x
    is_first = np.concatenate([[True], (np.diff(site) != 0) | (np.diff(days) != 0)])[: len(site)]
    moment = is_first.cumsum() - 1
    ends = np.flatnonzero(np.concatenate([is_first[1:], [True]])) if len(site) else moment
    events = np.flatnonzero(cases["event"].to_numpy()[order])
    of = moment[events]
    tie = np.searchsorted(of, of)
    many = np.searchsorted(of, of, side="right") - tie
    return Table(sites, starts, site, x, events, ends[of], tie, (np.arange(len(events)) - tie) / many)


def _has_slope(table: Table, number: int) -> bool:
    """Whether a site has enough ends, and they are not each the longest exposed at risk, nor each the least: else there is no maximum."""
    first = table.starts[number]
    here = table.site[table.events] == number
    if here.sum() < LEAST_EVENTS:
        return False
    exposure = table.x[first:, 0]
    ends, last = exposure[table.events[here] - first], table.last[here] - first
    is_most, is_least = (ends == extreme.accumulate(exposure)[last] for extreme in (np.maximum, np.minimum))
    return not (is_most.all() or is_least.all())


def site_slopes(table: Table) -> tuple[Floats, Floats] | None:
    """Cox's model with a baseline and a slope per site, and the same factor for a product everywhere.

    Returns:
        Log hazard ratios per unit of exposure, shape (k,), and their covariance, shape (k, k); None where no maximum is found.
    """
    count = len(table.sites)
    scale = float(table.x[:, 0].std()) or 1.0
    scaled = table._replace(x=np.column_stack([table.x[:, :1] / scale, table.x[:, 1:]]))
    at = np.zeros(count + table.x.shape[1] - 1)
    likelihood, gradient, information = _partial(scaled, at)
    for _ in range(STEPS):
        inverse = np.linalg.pinv(information, hermitian=True)
        step = inverse @ gradient
        if float(gradient @ step) < ROUNDING:
            return at[:count] / scale, np.asarray(inverse[:count, :count] / scale**2, dtype=np.float64)
        length = 1.0
        while (tried := _partial(scaled, at + length * step))[0] < likelihood - ROUNDING and length > 1e-6:
            length /= 2
        at = at + length * step
        likelihood, gradient, information = tried
    return None


def _partial(table: Table, at: Floats) -> tuple[float, Floats, Floats]:
    """Log partial likelihood, its gradient and its information."""
    count, width = len(table.sites), table.x.shape[1]
    linear = table.x[:, 0] * at[table.site] + table.x[:, 1:] @ at[count:]
    weight = np.exp(linear)[:, None]
    sums = np.hstack([weight, weight * table.x, (weight * table.x)[:, np.repeat(np.arange(width), width)] * np.tile(table.x, width)])
    so_far = np.vstack([np.zeros(sums.shape[1]), sums.cumsum(axis=0)])
    tied = np.vstack([np.zeros(sums.shape[1]), sums[table.events].cumsum(axis=0)])
    until = np.searchsorted(table.tie, table.tie, side="right")
    at_risk = so_far[table.last + 1] - so_far[table.starts[table.site[table.events]]]
    at_risk = at_risk - table.share[:, None] * (tied[until] - tied[table.tie])
    mean = at_risk[:, 1 : width + 1] / at_risk[:, :1]
    spread = (at_risk[:, width + 1 :] / at_risk[:, :1]).reshape(-1, width, width) - mean[:, :, None] * mean[:, None, :]
    at_site = np.searchsorted(table.site[table.events], np.arange(count))
    slope = np.add.reduceat(table.x[table.events] - mean, at_site)
    curve = np.add.reduceat(spread, at_site)
    information = np.zeros((len(at), len(at)))
    information[:count, :count] = np.diag(curve[:, 0, 0])
    information[:count, count:] = curve[:, 0, 1:]
    information[count:, :count] = curve[:, 0, 1:].T
    information[count:, count:] = curve[:, 1:, 1:].sum(axis=0)
    likelihood = float(linear[table.events].sum() - np.log(at_risk[:, 0]).sum())
    return likelihood, np.concatenate([slope[:, 0], slope[:, 1:].sum(axis=0)]), information
