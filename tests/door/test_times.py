"""Times: precision as said, offsets, the hour that happens twice and the hour that never does, in New York and Berlin."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgt_etl.door import times

NEW_YORK = ZoneInfo("America/New_York")
BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str) -> times.Placed:
    said = times.parse(text)
    assert said is not None
    return times.place(said, NEW_YORK)


@pytest.mark.parametrize(
    ("text", "status", "utc"),
    [
        ("2025-11-02T00:59", "ok", "2025-11-02T04:59"),
        ("2025-11-02T01:00", "ambiguous", None),
        ("2025-11-02T01:30", "ambiguous", None),
        ("2025-11-02T01:59", "ambiguous", None),
        ("2025-11-02T02:00", "ok", "2025-11-02T07:00"),
        ("2025-03-09T01:59", "ok", "2025-03-09T06:59"),
        ("2025-03-09T02:00", "set_aside", None),
        ("2025-03-09T02:30", "set_aside", None),
        ("2025-03-09T02:59", "set_aside", None),
        ("2025-03-09T03:00", "ok", "2025-03-09T07:00"),
        ("2025-11-02T01:30:00-05:00", "ok", "2025-11-02T06:30"),
        ("2025-11-02T01:30:00-04:00", "ok", "2025-11-02T05:30"),
        ("2025-03-09T02:30:00Z", "ok", "2025-03-09T02:30"),
    ],
)
def test_both_changes_of_the_clock(text: str, status: str, utc: str | None) -> None:
    placed = at(text)
    assert placed.status == status
    assert placed.at_utc == (datetime.fromisoformat(utc) if utc else None)
    assert placed.said is not None
    assert placed.said.local == text.removesuffix("Z").removesuffix("-05:00").removesuffix("-04:00")


@given(st.datetimes(datetime(1971, 1, 1), datetime(2036, 12, 31)), st.sampled_from([NEW_YORK, BERLIN, ZoneInfo("Australia/Lord_Howe")]))  # noqa: DTZ001
def test_a_placed_time_reads_the_same_on_the_sites_clock(local: datetime, zone: ZoneInfo) -> None:
    placed = times.place(times.Said(local, "second"), zone)
    candidates = {local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    real = {moment for moment in candidates if moment.astimezone(zone).replace(tzinfo=None) == local}
    assert placed.status == {0: "set_aside", 1: "ok", 2: "ambiguous"}[len(real)]
    if placed.at_utc is not None:
        assert {placed.at_utc.replace(tzinfo=UTC)} == real


@pytest.mark.parametrize(("text", "precision"), [("2025", "year"), ("2025-12", "month"), ("2025-12-07", "day")])
def test_a_date_alone_has_no_instant(text: str, precision: str) -> None:
    placed = at(text)
    assert (placed.status, placed.at_utc, placed.zone_source) == ("partial", None, "none")
    assert placed.said is not None
    assert (placed.said.precision, placed.said.local) == (precision, text)
    assert placed.said.day == (date(2025, 12, 7) if precision == "day" else None)


NO_DATES = ["", "25", "2025-13", "2025-02-30", "2025-1-7", "٢٠٢٥", "12/07/2025"]
NO_TIMES = ["T", "T10", "T24:00", "T10:00:60", "T10:00+25:00", "T10:00-05:61"]


@pytest.mark.parametrize("text", [*NO_DATES, *(f"2025-12-07{text}" for text in NO_TIMES)])
def test_what_is_no_iso_time(text: str) -> None:
    assert times.parse(text) is None


def test_formats_are_tried_in_order_and_state_their_precision() -> None:
    formats = ["%Y-%m-%d", "%Y-%m-XX", "%Y-XX-XX"]
    assert [
        (said.local, said.precision) for text in ("2025-12-07", "2025-12-XX", "2025-XX-XX") if (said := times.parse(text, formats))
    ] == [
        ("2025-12-07", "day"),
        ("2025-12", "month"),
        ("2025", "year"),
    ]
    assert times.parse("2025-12-32", formats) is None
    said = times.parse("11/05/2025 1:15 PM", ["%m/%d/%Y %I:%M %p"])
    assert said is not None
    assert said.local == "2025-11-05T13:15"


def test_fractions_and_offsets_of_fhir() -> None:
    placed = at("2025-11-02T07:55:00.123456789-05:00")
    assert placed.at_utc == datetime(2025, 11, 2, 12, 55, 0, 123456)  # noqa: DTZ001
    assert placed.zone_source == "offset"


def test_an_instant_outside_all_years_is_none() -> None:
    assert at("0001-01-01T00:00:00+14:00").status == "set_aside"
    assert at("9999-12-31T23:59:00-12:00").status == "set_aside"


def combined(day: date, clock: str, after: str | None) -> times.Placed:
    return times.combine(day, time.fromisoformat(clock), NEW_YORK, times.parse(after) if after else None, "minute")


def test_an_end_before_its_start_is_on_the_next_day() -> None:
    placed = combined(date(2025, 11, 10), "01:20", "2025-11-10T22:00")
    assert placed.said is not None
    assert placed.said.local == "2025-11-11T01:20"
    assert combined(date(2025, 11, 10), "22:00", "2025-11-10T22:00").at_utc == datetime(2025, 11, 11, 3, 0)  # noqa: DTZ001


def test_midnight_into_the_change_of_the_clock() -> None:
    assert combined(date(2025, 11, 1), "01:20", "2025-11-01T22:00").status == "ambiguous"
    assert combined(date(2025, 3, 8), "02:20", "2025-03-08T22:00").status == "set_aside"


def test_both_in_the_hour_that_comes_twice_may_be_in_order() -> None:
    placed = combined(date(2025, 11, 2), "01:10", "2025-11-02T01:50")
    assert placed.status == "ambiguous"
    assert placed.said is not None
    assert placed.said.local == "2025-11-02T01:10"


def test_no_day_after_the_last() -> None:
    assert combined(date.max, "01:00", "9999-12-31T02:00").status == "set_aside"


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("20251101", "2025-11-01"),
        ("202511010130", "2025-11-01T01:30"),
        ("20251101013059", "2025-11-01T01:30:59"),
        ("20251101013059+0700", "2025-11-01T01:30:59"),
        ("2025110", None),
        ("2025110101305", None),
    ],
)
def test_digits_without_signs_between_them_are_read_by_their_number(text: str, local: str | None) -> None:
    said = times.parse(text, ["%Y%m%d%H%M%S%z", "%Y%m%d%H%M%S", "%Y%m%d%H%M%z", "%Y%m%d%H%M", "%Y%m%d"])
    assert (said.local if said else None) == local


@pytest.mark.parametrize(
    ("text", "month", "local"),
    [
        ("2 Nov 13:10", date(2025, 11, 1), "2025-11-02T13:10"),
        ("1 Jan 01:15", date(2025, 12, 1), "2026-01-01T01:15"),
        ("31 Dec 23:40", date(2026, 1, 1), "2025-12-31T23:40"),
        ("29 Feb 10:00", date(2024, 3, 1), "2024-02-29T10:00"),
        ("30 Feb 10:00", date(2025, 3, 1), None),
        ("2025-11-02 13:10", date(2025, 11, 1), None),
    ],
)
def test_a_time_without_a_year_is_of_the_year_nearest_to_its_month(text: str, month: date, local: str | None) -> None:
    said = times.parse_near(text, ["%d %b %H:%M"], month)
    assert (said.local if said else None) == local
