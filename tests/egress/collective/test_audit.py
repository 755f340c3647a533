"""The auditor: bounds as an independent programme over the whole cube has them, and every way to tell too much refused by name."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cgt_etl.egress.collective import bounds, engine, guards
from cgt_etl.egress.collective.audit import audit
from cgt_etl.egress.collective.counting import Group
from cgt_etl.egress.collective.engine import Cut, Quarter, Standing, Trace, cut
from cgt_etl.egress.collective.plan import Cell
from tests.attack.families.programme import cube_bounds
from tests.egress.collective.worlds import drawn_cut, evenly, people, plan

LARGE, SMALL = Cell("ab", ("a1", "b1")), Cell("ab", ("a2", "b1"))
ONE, OTHER = Cell("bc", ("b1", "c1")), Cell("bc", ("b1", "c2"))


def _unlucky() -> Cut:
    """All with b1 have a1, and roundings lie as they seldom do: what is left for a2 can be no more than nine."""
    return drawn_cut(plan("ab", "bc"), {LARGE: (130, 132), ONE: (65, 55), OTHER: (65, 55)})


@pytest.mark.slow
@pytest.mark.parametrize("drawn", [_unlucky(), drawn_cut(plan("ab", "bc"), {LARGE: (66, 77), ONE: (54, 44), OTHER: (23, 22)})])
def test_bounds_on_margins_are_those_of_the_cube(drawn: Cut) -> None:
    told = {one.place.cell: (one.least, one.most) for one in bounds.narrow([drawn], "batch", frozenset())}
    for cell in drawn.cells:
        least, most = cube_bounds(drawn, cell)
        low, high = int(np.ceil(least - 1e-6)), int(np.floor(most + 1e-6))
        assert told.get(cell) == ((low, high) if high - low + 1 < 11 else None), cell


@pytest.mark.slow
def test_a_hidden_cell_that_neighbours_give_away_is_named_with_them() -> None:
    (found,) = (one for one in audit([_unlucky()]) if one.cell == SMALL)
    assert "within less than the base" in found.rule
    assert set(found.because) == {LARGE, ONE, OTHER}
    assert "ab [a2, b1] of 2026Q1" in str(found)


def test_a_cut_that_tells_nothing_passes() -> None:
    assert audit([drawn_cut(plan("ab", "bc"), {LARGE: (130, 132), ONE: (65, 66), OTHER: (65, 66)})]) == []


def _shown(counts: dict[str, int], value: int) -> Cut:
    cut = drawn_cut(plan("ab"), {})
    groups = {Group(name, (name,)): many for name, many in counts.items()}
    return replace(cut, cells={**cut.cells, LARGE: Trace(value, True, groups, {}, {})})


@pytest.mark.parametrize(
    ("counts", "value", "says"),
    [
        (dict.fromkeys("pqrst", 20), 110, None),
        (dict.fromkeys("pqrst", 20), 99, None),
        (dict.fromkeys("pqrst", 20), 88, "no rounding"),
        (dict.fromkeys("pqrst", 20), 105, "no rounding"),
        (dict.fromkeys("pqrst", 3), 22, "fewer than 11 subjects"),
        (dict.fromkeys("pqrs", 25), 99, "fewer than 3 contributors"),
        (dict.fromkeys("pqrst", 10) | {"p": 200}, 242, "more than 60%"),
        (dict.fromkeys("pqrst", 20) | {"p": 200, "q": 200, "r": 90}, 528, "more than 60%"),
    ],
)
def test_a_cell_that_rests_wrongly_is_refused(counts: dict[str, int], value: int, says: str | None) -> None:
    rules = " ".join(one.rule for one in audit([_shown(counts, value)]) if one.cell == LARGE)
    assert (rules == "") if says is None else (says in rules)


def _next(cut: Cut, value: int, joined: int, quarter: Quarter) -> Cut:
    """The cut after, with so many subjects more at two contributors besides the first three."""
    trace = cut.cells[LARGE]
    counts = dict(trace.counts)
    moved = {}
    for name in ("s", "t"):
        group = Group(name, (name,))
        counts[group] += joined
        moved[None, group] = joined
    is_rebase = quarter.year != cut.quarter.year
    others = {cell: other if is_rebase else other._replace(is_evaluated=False) for cell, other in cut.cells.items()}
    return Cut(quarter, cut.plan, is_rebase, {**others, LARGE: Trace(value, True, counts, moved, moved)})


@pytest.mark.parametrize(
    ("joined", "value", "quarter", "shows"),
    [
        (5, 121, Quarter(2026, 2), True),
        (5, 110, Quarter(2026, 2), False),
        (5, 121, Quarter(2027, 1), False),  # new offsets explain one step
        (5, 88 + 33, Quarter(2027, 1), False),
    ],
)
def test_a_small_change_that_shows_is_refused(joined: int, value: int, quarter: Quarter, shows: bool) -> None:
    first = _shown(dict.fromkeys("pqrst", 20), 110)
    rules = [one.rule for one in audit([first, _next(first, value, joined, quarter)])]
    assert any("change of fewer than 11" in rule for rule in rules) == shows


def test_two_steps_in_a_year_no_offsets_explain() -> None:
    first = _shown(dict.fromkeys("pqrst", 20), 99)
    assert any("change of fewer than 11" in one.rule for one in audit([first, _next(first, 121, 5, Quarter(2027, 1))]))


def test_figures_that_no_counts_give_are_a_contradiction() -> None:
    first = _unlucky()
    impossible = replace(first, cells={**first.cells, SMALL: Trace(99, True, first.cells[LARGE].counts, {}, {})})
    assert any("no counts agree" in one.rule for one in audit([impossible]))


@pytest.mark.parametrize("engine_is", ["whole", "careless", "forgetful"])
def test_an_engine_that_lets_own_rows_show_after_others_came_and_went_is_found_out(engine_is: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Others come and go between two cuts; then a change of own rows shows alone, though not since the cell was last looked at."""
    many = evenly("a1 b1 c1", 10, contributors=6)
    first, less = many | {("p0", "a1 b1 c1"): 40}, many | {("p0", "a1 b1 c1"): 23}
    grown = less | evenly("a1 b1 c1", 14, contributors=6) | {("p0", "a1 b1 c1"): 23}
    monkeypatch.setattr(guards, "RESTING", 10**9)
    monkeypatch.setattr(bounds, "narrow", lambda *_: [])
    if engine_is != "whole":
        monkeypatch.setattr(guards, "may_change", lambda since_evaluated, since_changed: since_evaluated.subjects >= guards.LEAST)
    if engine_is == "forgetful":
        monkeypatch.setattr(
            engine, "Standing", lambda value, offset, evaluated, _, *rest: Standing(value, offset, evaluated, evaluated, *rest)
        )
    found = set()
    for number in range(20):
        cuts: list[Cut] = []
        for place, step in enumerate((first, grown, less), start=1):
            before = cuts[-1] if cuts else None
            cuts.append(cut(plan("ab"), people(step), Quarter(2026, place), key=f"key {number}".encode(), before=before))
        found |= {one.rule for one in audit(cuts)}
    expected = {
        "whole": set(),
        "careless": {"a change of fewer than 11 subjects of others shows"},
        "forgetful": {"what is said to have changed does not lead to the counts"},
    }
    assert expected[engine_is] <= found
    assert engine_is != "whole" or not found


@pytest.mark.parametrize("forgets", [False, True])
def test_an_engine_that_forgets_a_figure_of_two_years_ago_is_found_out(forgets: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step a year is what offsets explain; two steps in two years, in which ten others joined, are more."""
    monkeypatch.setattr(guards, "RESTING", 10**9)
    monkeypatch.setattr(bounds, "narrow", lambda *_: [])
    if forgets:
        monkeypatch.setattr(engine, "_earlier", lambda was, is_changed: ())
    many, found = evenly("a1 b1 c1", 10), set()
    for number in range(40):
        cuts: list[Cut] = []
        for place, joined in enumerate((0, 5, 10)):
            rows = people(many | {("p3", "a1 b1 c1"): 10 + joined})
            before = cuts[-1] if cuts else None
            cuts.append(cut(plan("ab"), rows, Quarter(2026 + place, 1), key=f"key {number}".encode(), before=before))
        found |= {one.rule for one in audit(cuts)}
    assert found == ({"a change of fewer than 11 subjects of others shows"} if forgets else set())
