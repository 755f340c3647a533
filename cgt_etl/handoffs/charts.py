"""Control charts that are fair from twenty points on: a self-starting CUSUM, and closures taken out of the clock.

The usual chart takes limits estimated from a short baseline for known ones and cries wolf. Here each point is compared with the mean and
standard deviation of all before it; the t value of that comparison becomes a standard normal one, exactly so and independent of the rest
while nothing changes (Hawkins 1987). Two cumulative sums of these, one up and one down, alarm beyond a limit that false alarms in fifty
points reach in `FALSE_ALARMS` of charts: since the values are independent standard normals whatever the baseline's length, one limit serves
every chart. Holds no judgement of sites against each other (`peers`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

LEAST_BASELINE = 20
FALSE_ALARMS, POINTS = 0.05, 50
"""Share of charts without a change that alarm within so many points after the baseline, at most."""
ALLOWANCE = 0.5
"""k of the sums, in standard deviations: half the change looked for, less what the mean learns of it."""
LIMIT = 5.6
"""h of the sums, from `limit()`."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Alarm:
    """The first point at which a chart alarms."""

    point: int
    """Index in the series, from 0."""
    is_up: bool
    since: int
    """Index from which the sum has been above zero: the likely start of the change (Page 1954)."""


def standardised(series: Floats) -> Floats:
    """Each point against those before it, as a standard normal value while nothing changes; Hawkins (1987).

    Args:
        series: shape (..., n), in order of time; take logarithms of durations first.

    Returns:
        Shape (..., n); nan for the first two points, and where all points before are the same.
    """
    n = np.arange(1, series.shape[-1] + 1)
    shifted = series - series[..., :1]
    total, squares = shifted.cumsum(axis=-1), (shifted**2).cumsum(axis=-1)
    mean = total / n
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.sqrt(np.maximum(squares - n * mean**2, 0.0) / (n - 1))
        t = (shifted[..., 1:] - mean[..., :-1]) / deviation[..., :-1] * np.sqrt(n[:-1] / n[1:])
        t = np.where(deviation[..., :-1] > 0, t, np.nan)
    # The upper tail of -|t| keeps its digits where the distribution function itself would round to 1.
    z = -stats.norm.ppf(stats.t.sf(np.abs(t), np.maximum(n[:-1] - 1, 1))) * np.sign(t)
    value = np.concatenate([np.full((*series.shape[:-1], 1), np.nan), z], axis=-1)
    value[..., :2] = np.nan
    return value


def sums(z: Floats) -> tuple[Floats, Floats]:
    """Upper and lower cumulative sums (Page 1954) of standard normal values, shape (..., n); a nan adds nothing."""
    z = np.where(np.isnan(z), 0.0, z)
    up, down = np.zeros_like(z), np.zeros_like(z)
    high = low = np.zeros(z.shape[:-1])
    for index in range(z.shape[-1]):
        high = np.maximum(0.0, high + z[..., index] - ALLOWANCE)
        low = np.maximum(0.0, low - z[..., index] - ALLOWANCE)
        up[..., index], down[..., index] = high, low
    return up, down


def limit(*, charts: int = 200_000, seed: int = 1) -> float:
    """The h that `FALSE_ALARMS` of charts without a change reach within `POINTS`, by simulation; `LIMIT` is its value, rounded up."""
    up, down = sums(np.random.default_rng(seed).standard_normal((charts, POINTS)))
    return float(np.quantile(np.maximum(up, down).max(axis=-1), 1 - FALSE_ALARMS))


def first_alarm(series: Floats, *, baseline: int = LEAST_BASELINE) -> Alarm | None:
    """Judge a series after its baseline; none where nothing changed so far.

    Args:
        series: shape (n,), in order of time.
        baseline: points that are taken for unchanged; the sums start after them.

    Raises:
        ValueError: a baseline of fewer than `LEAST_BASELINE` points, or a series no longer than it.
    """
    if baseline < LEAST_BASELINE or len(series) <= baseline:
        raise ValueError(f"a chart needs {LEAST_BASELINE} points of baseline and at least one after them")
    up, down = sums(standardised(series)[baseline:])
    beyond = np.flatnonzero(np.maximum(up, down) > LIMIT)
    if not len(beyond):
        return None
    point = int(beyond[0])
    is_up = bool(up[point] > LIMIT)
    resting = np.flatnonzero((up if is_up else down)[: point + 1] <= 0)
    return Alarm(baseline + point, is_up, baseline + (int(resting[-1]) + 1 if len(resting) else 0))


def open_hours(spans: pl.DataFrame, closures: pl.DataFrame) -> pl.Series:
    """Hours of each span in which its site was open, so that a weekend or a seasonal closure is no delay.

    Args:
        spans: `site`, `start_at_utc`, `end_at_utc` (datetimes; end >= start).
        closures: `site`, `closed_from_utc`, `closed_until_utc`; a site's closures may overlap.

    Returns:
        Float64, one value per span, in their order.
    """
    merged = (
        closures.sort("site", "closed_from_utc")
        .with_columns(before=pl.col("closed_until_utc").cum_max().shift(1).over("site"))
        .with_columns(closed_from_utc=pl.max_horizontal("closed_from_utc", "before"))
        .filter(pl.col("closed_until_utc") > pl.col("closed_from_utc"))
    )
    numbered = spans.with_row_index("span")
    hit = numbered.join(merged, on="site").with_columns(
        closed=pl.min_horizontal("end_at_utc", "closed_until_utc") - pl.max_horizontal("start_at_utc", "closed_from_utc")
    )
    lost = hit.filter(pl.col("closed") > pl.duration()).group_by("span").agg(pl.col("closed").sum())
    hour = pl.col("end_at_utc") - pl.col("start_at_utc") - pl.col("closed").fill_null(pl.duration())
    return numbered.join(lost, on="span", how="left", maintain_order="left").select(hours=hour.dt.total_microseconds() / 3.6e9)["hours"]
