"""Where the time goes: the critical path, missing stamps, parts that add up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgt_etl.handoffs.dwell import CAUSES, attribute

READY = datetime(2026, 5, 4, 8, tzinfo=UTC)
STAMP = pl.Datetime("us", "UTC")


def _at(minutes: float | None) -> datetime | None:
    return None if minutes is None else READY + timedelta(minutes=minutes)


def _split(done: float, *waits: tuple[str, float | None, float | None]) -> dict[str, float]:
    handoffs = pl.DataFrame({"handoff": ["h"], "ready_at_utc": [READY], "done_at_utc": [_at(done)]})
    rows = [("h", cause, _at(start), _at(end)) for cause, start, end in waits]
    schema = {"handoff": pl.String, "cause": pl.String, "from_at_utc": STAMP, "until_at_utc": STAMP}
    parts = attribute(handoffs, pl.DataFrame(rows, schema=schema, orient="row"))
    return {cause: waited.total_seconds() / 60 for _, cause, waited in parts.iter_rows()}


def test_one_after_the_other() -> None:
    assert _split(100, ("batch", 0, 30), ("capacity", 30, 80), ("people", 80, 90)) == {
        "batch": 30,
        "capacity": 50,
        "people": 10,
        "unexplained": 10,
    }


def test_what_another_wait_would_have_covered_anyway_is_not_waited_for() -> None:
    """Papers and courier were there long before the slot: without them it would have been done no earlier."""
    assert _split(80, ("batch", 0, 30), ("capacity", 30, 80), ("papers", 0, 50), ("courier", 50, 60)) == {"batch": 30, "capacity": 50}


def test_a_missing_stamp_leaves_its_minutes_unexplained() -> None:
    assert _split(80, ("batch", 0, 30), ("capacity", 30, None), ("people", 70, 80)) == {"batch": 30, "people": 10, "unexplained": 40}
    assert _split(60) == {"unexplained": 60}


def test_waits_beyond_the_dwell_count_within_it() -> None:
    assert _split(50, ("papers", -20, 10), ("courier", 10, 500)) == {"papers": 10, "courier": 40}
    assert _split(50, ("papers", -20, -10), ("courier", 60, 70)) == {"unexplained": 50}
    assert _split(0) == {}


span = st.tuples(st.sampled_from(CAUSES), st.integers(-50, 300), st.integers(-50, 300))


@given(st.integers(0, 250), st.lists(span, max_size=12))
def test_parts_add_up_whatever_was_captured(done: int, waits: list[tuple[str, int, int]]) -> None:
    parts = _split(done, *waits)
    assert sum(parts.values()) == pytest.approx(done)
    assert all(minutes > 0 for minutes in parts.values())


def test_each_handoff_by_itself() -> None:
    handoffs = pl.DataFrame({"handoff": ["a", "b"], "ready_at_utc": [READY] * 2, "done_at_utc": [_at(10), _at(20)]})
    waits = pl.DataFrame({"handoff": ["b", "nobody"], "cause": ["papers"] * 2, "from_at_utc": [READY] * 2, "until_at_utc": [_at(20)] * 2})
    assert attribute(handoffs, waits).rows() == [("a", "unexplained", timedelta(minutes=10)), ("b", "papers", timedelta(minutes=20))]


def test_refuses_unknown_causes_and_impossible_handoffs() -> None:
    with pytest.raises(ValueError, match="one of the causes"):
        _split(10, ("weather", 0, 10))
    with pytest.raises(ValueError, match="before it is ready"):
        _split(-1)
