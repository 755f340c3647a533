"""Control charts: exact values under no change, a calibrated limit, closures out of the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cgt_etl.handoffs import charts

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def test_values_are_standard_normal_and_independent_while_nothing_changes() -> None:
    series = np.random.default_rng(4).normal(50, 7, (20_000, 30))
    z = charts.standardised(series)
    assert np.isnan(z[:, :2]).all()
    for point in (2, 3, 10, 29):
        assert stats.kstest(z[:, point], "norm").pvalue > 0.001
    assert abs(np.corrcoef(z[:, 2:].T) - np.eye(28)).max() < 0.04


def test_a_value_is_the_t_test_of_a_point_against_those_before() -> None:
    series = np.array([3.0, 5.0, 4.0, 9.0])
    before = series[:3]
    t = (9 - before.mean()) / before.std(ddof=1) * np.sqrt(3 / 4)
    assert charts.standardised(series)[3] == pytest.approx(stats.norm.ppf(stats.t.cdf(t, 2)))


@given(st.floats(-100, 100), st.floats(0.01, 100))
def test_neither_zero_nor_unit_matters(zero: float, unit: float) -> None:
    series = np.random.default_rng(9).normal(0, 1, 40)
    assert charts.standardised(zero + unit * series)[2:] == pytest.approx(charts.standardised(series)[2:], abs=1e-5)


def test_the_limit_is_that_of_its_simulation() -> None:
    assert charts.limit(charts=20_000) == pytest.approx(charts.LIMIT, abs=0.15)


def test_alarms_at_a_change_and_says_which_way_and_since_when() -> None:
    series = np.random.default_rng(13).normal(3, 0.4, 80)
    assert charts.first_alarm(series) is None
    for sign in (1, -1):
        changed = series.copy()
        changed[50:] += sign * 0.8
        alarm = charts.first_alarm(changed)
        assert alarm is not None
        assert alarm.is_up == (sign > 0)
        assert 50 <= alarm.point < 65
        assert 45 <= alarm.since <= alarm.point


def test_a_constant_series_and_too_short_a_baseline() -> None:
    assert charts.first_alarm(np.full(30, 2.0)) is None
    with pytest.raises(ValueError, match="20 points"):
        charts.first_alarm(np.arange(20.0))


def test_hours_of_a_weekend_are_not_waited() -> None:
    def at(day: int, hour: int) -> datetime:
        return MONDAY + timedelta(days=day, hours=hour)

    spans = pl.DataFrame(
        {
            "site": ["a", "a", "b", "a", "a"],
            "start_at_utc": [at(4, 12), at(5, 6), at(4, 12), at(0, 8), at(4, 12)],
            "end_at_utc": [at(7, 12), at(5, 9), at(7, 12), at(0, 9), at(14, 12)],
        }
    )
    closures = pl.DataFrame(
        {
            "site": ["a", "a", "a", "a"],
            "closed_from_utc": [at(5, 0), at(5, 12), at(5, 13), at(12, 0)],
            "closed_until_utc": [at(6, 12), at(7, 0), at(6, 0), at(14, 0)],
        }
    )
    assert charts.open_hours(spans, closures).to_list() == [24.0, 0.0, 72.0, 1.0, 240 - 48 - 48]
