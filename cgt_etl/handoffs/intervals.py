"""95 % intervals of the plain figures of a card: a share, a median, a total. Holds no model and no reading of tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

CONFIDENCE = 0.95
LEAST_FOR_MEDIAN = 6
"""Below, no two of the values lie around the median of what they are drawn from in 95 % of samples."""
LEAST_FOR_TOTAL = 20
"""Below, what was drawn says too little of what could have been."""
RESAMPLES = 2000


def share(count: int, of: int) -> tuple[float, float]:
    """Of a share, Wilson (1927).

    Raises:
        ValueError: of nothing, or more than all.
    """
    interval = stats.binomtest(count, of).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def median(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """Of the median, between two of the values (order statistics, exact); None below `LEAST_FOR_MEDIAN` values."""
    if len(values) < LEAST_FOR_MEDIAN:
        return None
    interval = stats.quantile_test(values, p=0.5).confidence_interval(CONFIDENCE)
    return float(interval.low), float(interval.high)


def total(values: NDArray[np.float64]) -> tuple[float, float] | None:
    """Of the sum over as many cases again, percentile bootstrap (Efron 1979), always with the same draws; None below `LEAST_FOR_TOTAL`."""
    if len(values) < LEAST_FOR_TOTAL:
        return None
    # In an order of their own, so that the order of the rows does not move the draws.
    drawn = np.random.default_rng(1).choice(np.sort(values), size=(RESAMPLES, len(values)))
    low, high = np.quantile(drawn.sum(axis=1), [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)
