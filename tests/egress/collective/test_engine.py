"""What a cut shows: protected against everybody and each two of them, and still until enough others changed."""

from __future__ import annotations

from itertools import combinations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.egress.collective import guards
from cgt_etl.egress.collective.engine import Quarter, cut
from cgt_etl.egress.collective.plan import Cell
from cgt_etl.errors import CgtError
from tests.egress.collective.worlds import FIRST, evenly, people, plan

PLAN = plan("ab")
CELL = Cell("ab", ("a1", "b1"))
NEXT = Quarter(2026, 2)


@pytest.fixture(autouse=True)
def _no_cell_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "RESTING", 10**9)


def _value(many: dict[tuple[str, str], int], key: bytes = b"key") -> int | None:
    return cut(PLAN, people(many), FIRST, key=key).cells[CELL].value


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 60), min_size=4, max_size=8), st.binary(min_size=1, max_size=4))
def test_what_is_shown_rests_on_enough_whoever_is_taken_away(sizes: list[int], key: bytes) -> None:
    value = _value({(f"p{number}", "a1 b1 c1"): size for number, size in enumerate(sizes)} | {("p0", "a2 b2 c2"): 1}, key)
    if value is None:
        return
    assert value % 11 == 0
    assert abs(value - sum(sizes)) <= 11
    for taken in (*combinations(range(len(sizes)), 2), *combinations(range(len(sizes)), 1), ()):
        left = [size for number, size in enumerate(sizes) if number not in taken and size]
        assert sum(left) >= 11
        assert len(left) >= 3
        assert max(left) <= 0.6 * sum(left)


def test_a_common_cell_is_shown_and_a_small_one_is_not() -> None:
    assert _value(evenly("a1 b1 c1", 10)) in {77, 88}
    assert _value(evenly("a1 b1 c1", 3)) is None


def test_four_contributors_are_too_few() -> None:
    assert _value(evenly("a1 b1 c1", 40, contributors=4)) is None
    assert _value(evenly("a1 b1 c1", 40, contributors=5)) is not None


def test_who_else_knows_the_rows_counts_as_one_of_them() -> None:
    rows = people(evenly("a1 b1 c1", 20, contributors=6))
    hospital = [["hospital"] if name < "p3" else [] for name in rows["contributor"]]
    known = rows.with_columns(also_known_to=pl.Series(hospital))
    assert cut(PLAN, rows, FIRST, key=b"key").cells[CELL].value is not None
    assert cut(PLAN, known, FIRST, key=b"key").cells[CELL].value is None  # hospital and p3 know all but two contributors' rows


def _then(first: dict[tuple[str, str], int], second: dict[tuple[str, str], int], at: Quarter = NEXT) -> tuple[int | None, int | None, bool]:
    before = cut(PLAN, people(first), FIRST, key=b"key")
    after = cut(PLAN, people(second), at, key=b"key", before=before)
    return before.cells[CELL].value, after.cells[CELL].value, after.cells[CELL].is_evaluated


def test_ten_others_more_and_a_hundred_own_change_nothing() -> None:
    first = evenly("a1 b1 c1", 10)
    before, after, is_evaluated = _then(first, first | {("p0", "a1 b1 c1"): 110, ("p5", "a1 b1 c1"): 20})
    assert (after, is_evaluated) == (before, False)


def test_a_change_by_two_contributors_alone_does_not_show() -> None:
    first = evenly("a1 b1 c1", 10)
    assert not _then(first, first | {("p0", "a1 b1 c1"): 60, ("p5", "a1 b1 c1"): 60})[2]
    assert _then(first, evenly("a1 b1 c1", 12))[2]  # twelve others, whoever two look


def test_as_many_that_come_and_go_are_a_change() -> None:
    first = evenly("a1 b1 c1", 10)
    moved = {**evenly("a1 b1 c1", 8), **evenly("a1 b1 c2", 2)}
    assert _then(first, {**moved, **{(f"p{n}", "a2 b1 c1"): 2 for n in range(8)}})[2]


def test_a_year_begins_anew_without_the_withdrawn() -> None:
    first = evenly("a1 b1 c1", 10)
    fewer = first | {("p3", "a1 b1 c1"): 9}
    before = cut(PLAN, people(first), FIRST, key=b"key")
    assert not cut(PLAN, people(fewer), NEXT, key=b"key", before=before).cells[CELL].is_evaluated
    after = cut(PLAN, people(fewer), Quarter(2027, 1), key=b"key", before=before)
    assert after.is_rebase
    assert len(after.standing[CELL].evaluated) == 79


def test_a_held_cell_stays_what_it_was_and_is_withheld_when_a_year_begins() -> None:
    before = cut(PLAN, people(evenly("a1 b1 c1", 10)), FIRST, key=b"key")
    more = people(evenly("a1 b1 c1", 30))
    assert cut(PLAN, more, NEXT, key=b"key", before=before, held=frozenset([CELL])).cells[CELL] == cut(
        PLAN, more, NEXT, key=b"key", before=before
    ).cells[CELL]._replace(value=before.cells[CELL].value, is_evaluated=False)
    assert cut(PLAN, more, Quarter(2027, 1), key=b"key", before=before, held=frozenset([CELL])).cells[CELL].value is None


def test_the_same_rows_in_another_order_give_the_same_cut() -> None:
    rows = people(evenly("a1 b1 c1", 10))
    assert cut(PLAN, rows, FIRST, key=b"key") == cut(PLAN, rows.reverse(), FIRST, key=b"key")


def test_offsets_are_spread_evenly_and_differ_by_cell_and_year() -> None:
    every = list(range(12))
    drawn = [guards.offset(b"key", year, Cell("t", (str(number),)), every) for year in range(10) for number in range(120)]
    assert min(drawn.count(one) for one in every) > 60
    assert drawn[:120] != drawn[120:240]


@pytest.mark.parametrize(("at", "of"), [(FIRST, PLAN), (NEXT, plan("bc"))])
def test_a_cut_is_later_and_of_the_years_list(at: Quarter, of: object) -> None:
    before = cut(PLAN, people(evenly("a1 b1 c1", 10)), FIRST, key=b"key")
    with pytest.raises(CgtError):
        cut(of, people(evenly("a1 b1 c1", 10)), at, key=b"key", before=before)
