"""Cumulative incidence with competing events, against a table typed out and against what must hold of any."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgt_etl.handoffs.incidence import cumulative

DAYS = [1.2, 2.5, 3.1, 4.4, 5.0, 6.3, 7.7, 8.8, 9.1, 10.6, 11.9, 12.4]
EVENT = [1, 2, 1, 0, 1, 2, 0, 1, 1, 2, 1, 0]

LIFELINES = (  # day, cumulative density, confidence interval
    (1.2, 0.0833333, 0.0050528, 0.3110704),
    (3.1, 0.1666667, 0.0265104, 0.4129803),
    (5.0, 0.2604167, 0.0617663, 0.5219637),
    (8.8, 0.3729167, 0.1105096, 0.6429209),
    (11.9, 0.5979167, 0.2480806, 0.8271678),
)


def test_against_lifelines() -> None:
    """`AalenJohansenFitter(calculate_variance=True)` of lifelines 0.30.3 on these twelve, event 1, typed out."""
    found = cumulative(np.array(DAYS), np.array(EVENT)).filter(event=1)
    for day, incidence, low, high in LIFELINES:
        row = found.filter(pl.col("days") <= day).tail(1).to_dicts()[0]
        assert (row["incidence"], row["low"], row["high"]) == pytest.approx((incidence, low, high), abs=1e-6)


def test_drop_outs_are_not_counted_as_waiting_nor_the_waiting_as_dropped() -> None:
    """Four of ten infused, four dropped out, two still waiting: neither 4 of 4 nor one minus Kaplan and Meier."""
    found = cumulative(np.arange(1.0, 11.0), np.array([1, 2, 1, 2, 1, 2, 1, 2, 0, 0])).filter(event=1)
    assert found["incidence"].to_list()[-1] == pytest.approx(0.4)


cases = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), max_size=40)


@given(cases)
def test_incidences_grow_and_with_those_left_make_one(drawn: list[tuple[int, int]]) -> None:
    days, event = np.array([float(day) for day, _ in drawn]), np.array([kind for _, kind in drawn], dtype=int)
    found = cumulative(days, event)
    total = np.zeros(len(found.filter(event=found["event"].min()))) if len(found) else np.zeros(0)
    for _, part in found.group_by("event"):
        assert (np.diff(part["incidence"]) >= -1e-12).all()
        assert ((part["low"] <= part["incidence"] + 1e-12) & (part["incidence"] <= part["high"] + 1e-12)).all()
        total = total + part["incidence"].to_numpy()
    left, at = 1.0, []
    for day in sorted(set(days[event > 0])):
        left *= 1 - (event[days == day] > 0).sum() / (days >= day).sum()
        at.append(left)
    assert total + np.array(at) == pytest.approx(np.ones(len(at)))


def test_without_competition_the_variance_is_greenwoods() -> None:
    rng = np.random.default_rng(2)
    days, event = rng.exponential(10, 60), rng.integers(0, 2, 60)
    row = cumulative(days, event).tail(20).head(1).to_dicts()[0]
    until = sorted(days[(days <= row["days"]) & (event == 1)])
    risk = [(days >= day).sum() for day in until]
    left = np.prod([1 - 1 / many for many in risk])
    error = left * np.sqrt(sum(1 / (many * (many - 1)) for many in risk))
    f = 1 - left
    assert row["incidence"] == pytest.approx(f)
    assert row["low"] == pytest.approx(f ** np.exp(1.959964 * error / (f * abs(np.log(f)))), rel=1e-5)


def test_refuses_what_is_no_time() -> None:
    for days in ([-1.0], [float("nan")], [1.0, 2.0]):
        with pytest.raises(ValueError, match="from zero on"):
            cumulative(np.array(days), np.array([1]))
