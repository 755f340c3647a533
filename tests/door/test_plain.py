"""What is cast a column at a time is what is cast text by text, and nothing else."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cgt_etl.door.casts import Context, caster, layout
from cgt_etl.door.plain import TAKEN, plain
from tests.extract.build import column

NUMBERS = st.one_of(
    st.floats(allow_nan=True).map(repr),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.integers(-(10**20), 10**20).map(str),
    st.from_regex(r"-?[0-9]{1,16}([.,][0-9]{0,12})?", fullmatch=True),
    st.sampled_from(
        ["", " ", "-0", "-0.0", "+1", "007", "1e5", "1.", ".5", "٣", "1 ", "n/a", "NaN", "9223372036854775807", "0.1", "1_000"]
    ),
)
DAYS = st.dates().map(str) | st.sampled_from(["2025-02-29", "2024-02-29", "2025-13-01", "1900-02-29", "9999-12-31", "0001-01-01"])
CLOCKS = st.from_regex(r"[0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,10})?)?", fullmatch=True) | st.times().map(str)
OFFSETS = st.sampled_from(["", "Z", "z", " Z", "+00:00", "-00:00", "+0530", "-08:00", "+14:00", "+14:01", "-13:59", "+09:60", "+5:00"])
INSTANTS = st.builds(lambda day, mark, clock, offset: f"{day}{mark}{clock}{offset}", DAYS, st.sampled_from("T t"), CLOCKS, OFFSETS)
CHANGES = st.builds(  # around the hours in which clocks in New York, Lord Howe and Kathmandu were changed
    lambda day, hour, minute: f"{day}T{hour:02d}:{minute:02d}",
    st.sampled_from(["2025-03-09", "2025-11-02", "2025-04-05", "2025-04-06", "2025-10-05", "1986-01-01", "1985-12-31"]),
    st.integers(0, 23),
    st.integers(0, 59),
)
TEXTS = st.text(max_size=6) | st.sampled_from(["", " a", "a ", "a b", "\x1c", "a\x1f", "é", "\u00a0a", "n/a", "never", "~", "a\nb"])


def agree(texts: list[str | None], *, zone: str = "UTC", decimal: str = ".", **extension: Any) -> list[bool]:
    """Which texts were taken; each as the cast has it."""
    of = column("x", position=1, missing={"n/a": "missing", "never": "never", "0": "unknown"}, **extension)
    context = Context(ZoneInfo(zone), decimal)
    read = plain(of, context)
    assert read is not None
    found = read(pl.Series(texts, dtype=pl.String))
    cast = caster(of, context)
    names = [f"x{suffix}" for suffix, _ in layout(of)]
    assert found.select(names).dtypes == [dtype for _, dtype in layout(of)]
    for text, row in zip(texts, found.iter_rows(named=True), strict=True):
        cell = cast(text)
        if row[TAKEN]:
            said = (row["x__status"], tuple(row[name] for name in names), row["x@key"], row["x@rule"])
            assert repr(said) == repr((cell.status, cell.values, cell.key, cell.rule)), text
        else:
            assert row["x@key"] is None
    return found[TAKEN].to_list()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.none() | TEXTS, max_size=20))
def test_texts(texts: list[str | None]) -> None:
    agree(texts)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.none() | NUMBERS, max_size=20), st.sampled_from(["integer", "decimal", "measured"]), st.sampled_from(".,"))
def test_numbers(texts: list[str | None], cast: str, decimal: str) -> None:
    agree(texts, cast=cast, decimal=decimal, comparators=cast == "measured")


LIKE_USUAL = st.from_regex(r"(0|-?[1-9][0-9]{0,13})(\.[0-9]{1,10})?", fullmatch=True)
NEARLY = st.sampled_from(["", "-", ".", "1.2.3", "1-2", "--1", "00.5", "-0", ".5", "5.", "-.5", "1234567890123", "0.1234567890", "1/2"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(*[LIKE_USUAL] * 6, NEARLY), max_size=8))
@example(["1.5", "2"])
@example(["1.2.3", "4"])
def test_decimals_of_one_kind(texts: list[str | None]) -> None:
    agree(texts, cast="decimal")


ZONES = ["America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Monrovia"]
FORMATS: list[list[str]] = [
    [],
    ["%Y-%m-%dT%H:%M:%S%z"],
    ["%Y-%m-%d %H:%M"],
    ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
]


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.none() | INSTANTS | CHANGES, max_size=20),
    st.sampled_from(FORMATS),
    st.sampled_from(["America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Monrovia"]),
)
@example(["2025-11-02T01:30", "2025-03-09T02:30", "2025-04-06T01:45", "1986-01-01T00:10", "1972-01-07T00:30"], [], "Australia/Lord_Howe")
def test_instants(texts: list[str | None], formats: list[str], zone: str) -> None:
    agree(texts, cast="instant", formats=formats, zone=zone)


BROKEN = st.sampled_from(["", None, "2025-01-01T00:00:00+01:0x"])
USUAL = st.builds(  # of one length and offset unless one is odd
    lambda at, tail: f"{at.isoformat(timespec='seconds')}{tail}",
    st.datetimes(datetime(1890, 1, 1), datetime(2110, 1, 1)),  # noqa: DTZ001
    st.sampled_from(["+01:00"] * 6 + ["-13:59", "+14:00", "Z", "", "+0100"]),
)
ODD = st.sampled_from(["2025-02-29T00:00:00+01:00", "2000-02-29T23:59:60+01:00", "1899-12-31T00:00:00+01:00", "2025-00-10T24:00:00+01:00"])


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(*[USUAL] * 6, ODD, BROKEN), max_size=12), st.sampled_from(ZONES))
@example(["2025-02-28T03:04:05+01:00", None, "1900-02-28T00:00:00+01:00", ""], "America/New_York")
@example(["2025-03-09T02:30:00", "2025-03-09T03:30:00"], "America/New_York")
def test_instants_of_one_form(texts: list[str | None], zone: str) -> None:
    agree(texts, cast="instant", zone=zone)


def test_what_is_usual_is_taken() -> None:
    """Else nothing would be gained."""
    assert all(agree(["a b", "", None, "x-1"]))
    assert all(agree(["1", "2.50", "-0.125", ""], cast="decimal"))
    assert all(agree(["2,50", "1"], cast="measured", decimal=","))
    assert all(agree(["2025-01-02T03:04:05Z", "2025-01-02 03:04", "2025-07-02T03:04:05.125-0700"], cast="instant", zone="Europe/Berlin"))
    assert all(agree(["20250102030405"], cast="instant", formats=["%Y%m%d%H%M%S", "%Y%m%d"]))
    assert all(agree(["02.01.2025 03:04"], cast="instant", formats=["%d.%m.%Y %H:%M"]))
    assert not any(agree([" a", "n/a", "never", "é"]))


@pytest.mark.parametrize("formats", [["epoch_s"], ["%d %b %Y %H:%M"], ["%Y-%m-%dT%H:%M:%S%z", "epoch_ms"], ["%Y-%m-%d"], ["%y%m%d%H%M"]])
def test_other_formats_are_left_to_the_casts(formats: list[str]) -> None:
    assert plain(column("x", cast="instant", formats=formats), Context(ZoneInfo("UTC"))) is None
