"""Intervals against figures worked out elsewhere, and how often they cover."""

from __future__ import annotations

import numpy as np
import pytest

from cgt_etl.handoffs import intervals


def test_a_share_by_wilson() -> None:
    # Newcombe 1998 (Stat Med 17:857), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    for (count, of), expected in {
        (81, 263): (0.2553, 0.3662),
        (15, 148): (0.0624, 0.1605),
        (0, 20): (0.0, 0.1611),
        (1, 29): (0.0061, 0.1718),
    }.items():
        assert intervals.share(count, of) == pytest.approx(expected, abs=5e-5)


def test_a_median_lies_between_two_of_the_values() -> None:
    assert intervals.median(np.arange(5.0)) is None
    assert intervals.median(np.arange(6.0)) == (0.0, 5.0)  # 1 - 2 / 2**6 = 0.969
    assert intervals.median(np.arange(15.0)) == (3.0, 11.0)  # the 4th and 12th (Conover 1999, table A3)


def test_a_total_covers_what_as_many_again_come_to() -> None:
    chance = np.random.default_rng(4)
    covered = 0
    for _ in range(200):
        interval = intervals.total(chance.exponential(10.0, 60))
        covered += interval is not None and interval[0] <= 600 <= interval[1]
    assert 0.88 <= covered / 200 <= 0.97
    assert intervals.total(np.ones(19)) is None
    assert intervals.total(np.arange(30.0)) == intervals.total(np.arange(30.0)[::-1].copy())
