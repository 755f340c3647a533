"""How many are infused by when, where others drop out and the rest are still waiting: cumulative incidence with competing events.

The mean time of the infused leaves out everybody who was not; one minus Kaplan and Meier counts as if drop-outs could still be infused.
Aalen and Johansen (1978) count neither way. Those still open at the edge of the data are censored, not dropped. Holds no reading of tables.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

Z = float(stats.norm.ppf(0.975))


def cumulative(days: NDArray[np.float64], event: NDArray[np.int_]) -> pl.DataFrame:
    """Cumulative incidence of each kind of event.

    Args:
        days: from the start to the event, or to the edge of the data, >= 0, shape (n,).
        event: 0 where none was seen yet (censored), else a kind from 1 on, shape (n,).

    Returns:
        One row per kind and day on which any event was seen: `event`, `days`, `at_risk`, `incidence`, `low`, `high` (95 %, on the
        log(-log) scale), with the delta-method variance of Marubini and Valsecchi (1995).

    Raises:
        ValueError: a time below zero or not a number, or arrays of different shapes.
    """
    if days.shape != event.shape or not np.isfinite(days).all() or (days < 0).any():
        raise ValueError("times must be numbers from zero on, one for each event")
    times, place = np.unique(days, return_inverse=True)
    kinds = [int(kind) for kind in np.unique(event) if kind > 0]
    seen = np.array([np.bincount(place, event == kind, len(times)) for kind in kinds]).reshape(len(kinds), len(times))
    leaving = np.bincount(place, minlength=len(times))
    at_risk = len(days) - np.concatenate([[0], leaving.cumsum()[:-1]]) if len(times) else leaving
    any_event = seen.sum(axis=0)
    kept = any_event > 0
    times, at_risk, any_event, seen = times[kept], at_risk[kept].astype(float), any_event[kept], seen[:, kept]
    left = np.concatenate([[1.0], np.cumprod(1 - any_event / at_risk)[:-1]]) if len(times) else at_risk
    frames = []
    for kind, own in zip(kinds, seen, strict=True):
        incidence = np.cumsum(left * own / at_risk)
        low, high = _interval(incidence, _variance(incidence, left, own, any_event, at_risk))
        frames.append(
            pl.DataFrame({"days": times, "at_risk": at_risk.astype(int), "incidence": incidence, "low": low, "high": high}).select(
                pl.lit(kind, dtype=pl.Int64).alias("event"), pl.all()
            )
        )
    schema = {"event": pl.Int64, "days": pl.Float64, "at_risk": pl.Int64, "incidence": pl.Float64, "low": pl.Float64, "high": pl.Float64}
    return pl.concat(frames) if frames else pl.DataFrame(schema=schema)


def _variance(
    incidence: NDArray[np.float64],
    left: NDArray[np.float64],
    own: NDArray[np.float64],
    any_event: NDArray[np.float64],
    at_risk: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The sums of the delta method, opened so that all times take one pass: (F(t) - F(s))^2 = F(t)^2 - 2 F(t) F(s) + F(s)^2."""
    stay = np.maximum(at_risk - any_event, 1e-300)
    # The last one at risk has an event: nobody is left, and the term, whose factor F(t) - F(s) is zero there, is left out.
    hazard = np.where(at_risk > any_event, any_event / (at_risk * stay), 0.0)
    cross = left * own / at_risk**2
    squares = left**2 * own * (at_risk - own) / at_risk**3
    first = incidence**2 * hazard.cumsum() - 2 * incidence * (incidence * hazard).cumsum() + (incidence**2 * hazard).cumsum()
    mixed = incidence * cross.cumsum() - (incidence * cross).cumsum()
    variance: NDArray[np.float64] = np.maximum(first + squares.cumsum() - 2 * mixed, 0.0)
    return variance


def _interval(incidence: NDArray[np.float64], variance: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """On the log(-log) scale, so that it stays between 0 and 1; no interval where the incidence is 0 or 1."""
    inside = (incidence > 0) & (incidence < 1)
    f = np.where(inside, incidence, 0.5)
    reach = Z * np.sqrt(variance) / (f * np.abs(np.log(f)))
    with np.errstate(over="ignore"):  # an interval from zero on
        low, high = np.exp(np.log(f) * np.exp(reach)), np.exp(np.log(f) * np.exp(-reach))
    return np.where(inside, low, incidence), np.where(inside, high, incidence)
