"""Control charts: false alarms while nothing changes, the delay until a change is seen, and what the usual chart does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from cgt_etl.handoffs import charts as statistic
from cgt_etl.handoffs.evaluation.figures import Figure, Map, at_most, pooled

SHIFT = 1.5
MOVING_RANGE = 1.128
"""Mean moving range of two standard normal values."""

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
World = Callable[..., Floats]


def charts(world: World, seeds: Iterable[int], each: Map = map) -> list[Figure]:
    """Charts from 20 and from 40 points on, the change at the first point after the baseline, where little is known of it.

    Args:
        world: called with a seed, `baseline` and `shift` (standard deviations); gives series of shape (charts, points).
        seeds: worlds of each kind.
        each: how to go through them.
    """
    chosen = list(seeds)
    figures = []
    for baseline in (20, 40):
        count = pooled(partial(_count, world, baseline), chosen, each)
        usual = f"usual chart {count['usual'] / count['charts']:.2f}, with run rules {count['usual with rules'] / count['charts']:.2f}"
        part = f"charts from {baseline} points"
        delays = np.repeat(*np.array(sorted((int(key[5:]), many) for key, many in count.items() if key.startswith("delay"))).T)
        figures += [
            at_most(part, "false alarms in 50 points", 0.05, count["false"] / count["charts"], usual),
            at_most(part, f"median delay at {SHIFT:g} sigma", 12, float(np.median(delays))),
        ]
    return figures


def _count(world: World, baseline: int, seed: int) -> Counter[str]:
    still, changed = (_beyond(world(seed, baseline=baseline, shift=shift), baseline) for shift in (0.0, SHIFT))
    series = world(seed, baseline=baseline, shift=0.0)
    count = Counter(
        {
            "charts": len(series),
            "false": int(still[:, : statistic.POINTS].any(axis=1).sum()),
            "usual": int(_usual(series, baseline, has_rules=False).any(axis=1).sum()),
            "usual with rules": int(_usual(series, baseline, has_rules=True).any(axis=1).sum()),
        }
    )
    delay = np.where(changed.any(axis=1), changed.argmax(axis=1) + 1, changed.shape[1] + 1)
    count.update(f"delay{value}" for value in delay)
    return count


def _beyond(series: Floats, baseline: int) -> Flags:
    up, down = statistic.sums(statistic.standardised(series)[:, baseline:])
    beyond: Flags = np.maximum(up, down) > statistic.LIMIT
    return beyond


def _usual(series: Floats, baseline: int, *, has_rules: bool) -> Flags:
    """Baseline: a chart of individuals, limits of three sigma from the moving range; also with eight in a row on one side."""
    known, new = series[:, :baseline], series[:, baseline : baseline + statistic.POINTS]
    sigma = np.abs(np.diff(known)).mean(axis=1, keepdims=True) / MOVING_RANGE
    apart = (new - known.mean(axis=1, keepdims=True)) / sigma
    alarms: Flags = np.abs(apart) > 3
    if has_rules:
        sides = np.lib.stride_tricks.sliding_window_view(np.sign(apart), 8, axis=1).sum(axis=2)
        alarms[:, 7:] |= np.abs(sides) == 8
    return alarms
