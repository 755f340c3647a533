"""Properties of what becomes of values: days, ages, bands, tokens, small cells."""

from __future__ import annotations

import math
from datetime import date, datetime, timedelta
from itertools import pairwise

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from cgt_etl.egress import values

DATES = st.dates(date(1900, 1, 1), date(2100, 1, 1))


@given(st.lists(DATES, min_size=1), DATES, st.integers(-20_000, 20_000))
def test_days_keep_every_distance_and_forget_the_calendar(dates: list[date], zero: date, shift: int) -> None:
    given = pl.Series("x", dates)
    days = values.days(given, pl.Series([zero] * len(dates)))
    assert [second - first for first, second in pairwise(days)] == [(second - first).days for first, second in pairwise(dates)]
    moved = pl.Series("x", [one + timedelta(shift) for one in dates])
    assert values.days(moved, pl.Series([zero + timedelta(shift)] * len(dates))).equals(days)


@given(st.datetimes(), DATES)
def test_an_instant_leaves_its_time_of_day_behind(instant: datetime, zero: date) -> None:
    told = values.days(pl.Series("x", [instant], dtype=pl.Datetime("us")), pl.Series([zero]))
    assert told.to_list() == [(instant.date() - zero).days]
    assert told.dtype == pl.Int64


@given(st.lists(st.tuples(st.one_of(st.none(), st.integers(0, 120)), st.booleans()), min_size=1))
def test_no_age_above_89_and_none_below_of_a_person_who_is(people: list[tuple[int | None, bool]]) -> None:
    ages = values.capped(pl.Series("age", [age for age, _ in people], dtype=pl.Int64), pl.Series([is_aged for _, is_aged in people]))
    for (age, is_aged), told in zip(people, ages, strict=True):
        if age is None or (is_aged and age <= values.OLDEST):
            assert told is None
        else:
            assert told == min(age, 90)


@given(st.lists(st.decimals(-1000, 1000, places=3).map(float), min_size=1), st.sampled_from([1.0, 5.0, 10.0, 500.0]))
def test_a_band_begins_at_or_below_its_values_and_is_as_wide_as_said(numbers: list[float], width: float) -> None:
    for number, low in zip(numbers, values.banded(pl.Series("x", numbers), width), strict=True):
        assert low <= number
        assert number - low <= width * (1 + 1e-9)
        assert math.isclose(low / width, round(low / width), abs_tol=1e-9)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 4)), min_size=1), st.integers(2, 4))
def test_a_code_is_shown_where_enough_different_people_have_it(cells: list[tuple[str, int]], minimum: int) -> None:
    told = values._enough(pl.Series("x", [code for code, _ in cells]), pl.Series([str(who) for _, who in cells]), minimum)
    people = {code: {who for other, who in cells if other == code} for code, _ in cells}
    assert told.to_list() == [code if len(people[code]) >= minimum else values.SUPPRESSED for code, _ in cells]


@given(st.sets(st.text()), st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_tokens_differ_by_text_and_by_key(texts: set[str], key: bytes, other: bytes) -> None:
    told = values.tokens(key, texts)
    assert len(set(told.values())) == len(texts)
    if key != other:
        assert not set(told.values()) & set(values.tokens(other, texts).values())
