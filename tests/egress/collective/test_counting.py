"""Members, changes and what of them is foreign: counted the slow way beside."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgt_etl.egress.collective.counting import Group, apart, change, counts, foreign, members, moves, views
from cgt_etl.egress.collective.plan import Cell
from cgt_etl.errors import CgtError
from tests.egress.collective.worlds import people, plan

GROUPS = [Group("p", ("p",)), Group("p", ("p", "q")), Group("q", ("q",)), Group("r", ("q", "r"))]
MEMBERS = st.dictionaries(st.sampled_from([f"s{number}" for number in range(12)]), st.sampled_from(GROUPS))


def test_members_of_every_cell_of_every_table() -> None:
    found = members(plan("ab", "bc"), people({("p", "a1 b1 c2"): 2, ("q", "a2 b1 c2"): 1}))
    assert {cell: len(of) for cell, of in found.items() if of} == {
        Cell("ab", ("a1", "b1")): 2,
        Cell("ab", ("a2", "b1")): 1,
        Cell("bc", ("b1", "c2")): 3,
    }
    assert len(found) == 8


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda rows: pl.concat([rows, rows]), "two rows"),
        (lambda rows: rows.with_columns(b=pl.lit("elsewhere")), "column b"),
        (lambda rows: rows.with_columns(b=pl.lit(None, pl.String)), "column b"),
        (lambda rows: rows.drop("b"), "no such dimension"),
        (lambda rows: rows.drop("also_known_to"), "also_known_to"),
        (lambda rows: rows.with_columns(contributor=pl.lit(None, pl.String)), "column contributor"),
    ],
)
def test_rows_that_cannot_be_counted_are_refused_without_a_value(spoil, says) -> None:
    with pytest.raises(CgtError, match=says) as refused:
        members(plan("ab"), spoil(people({("p", "a1 b1 c1"): 2})))
    assert "elsewhere" not in str(refused.value)


def test_everybody_nobody_and_each_two_look() -> None:
    assert [sorted(view) for view in views(["q", "p", "q"])] == [[], ["p"], ["q"], ["p", "q"]]


@given(before=MEMBERS, after=MEMBERS, view=st.sets(st.sampled_from(["p", "q", "r"]), max_size=2))
def test_a_foreign_change_is_one_of_subjects_unknown_to_the_view(before, after, view) -> None:
    def unknown(of):
        return {subject for subject, group in of.items() if not view & set(group.knowing)}

    found = change(moves(before, after), frozenset(view))
    assert found == (len(unknown(after) - unknown(before)), len(unknown(before) - unknown(after)))
    assert sum(foreign(counts(after), frozenset(view)).values()) == len(unknown(after))


@given(MEMBERS, MEMBERS)
def test_counts_alone_say_of_changes_what_is_certain(before, after) -> None:
    for view in views(["p", "q", "r"]):
        sure = apart(counts(before), counts(after), view)
        assert sure.subjects <= change(moves(before, after), view).subjects
        assert sure.net == change(moves(before, after), view).net
