"""Attacks on whole histories fail, and each defence, taken away, lets one succeed.

Defences are taken away from outside, by putting another function in their place; the pipeline has no switch for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from cgt_etl.egress.collective import guards
from cgt_etl.egress.collective import plan as plans
from cgt_etl.egress.collective.counting import views
from cgt_etl.egress.collective.engine import Quarter
from cgt_etl.egress.collective.ledger import Ledger
from cgt_etl.egress.collective.plan import Cell
from cgt_etl.egress.collective.publish import publish
from cgt_etl.simulator.collective_world import Size, at, world
from tests.egress.collective import attacks
from tests.egress.collective.attacks import History, history, play
from tests.egress.collective.worlds import DIMENSIONS, FIRST, evenly, people, plan

PLAN = plan("ab", "bc")
CELL = Cell("ab", ("a1", "b1"))
LATER, NEXT_YEAR = [Quarter(2026, 2), Quarter(2026, 3)], Quarter(2027, 1)
KEYS = [f"key {number}".encode() for number in range(30)]
Many = Mapping[tuple[str, str], int]


def _quarters(many: int) -> list[Quarter]:
    return [Quarter(2026 + number // 4, number % 4 + 1) for number in range(many)]


def _frames(seed: int, size: Size) -> list[pl.DataFrame]:
    """A world of small changes and withdrawals, in which one contributor adds and takes off own rows to probe."""
    of, rng = world(seed, {"batch": DIMENSIONS}, size), np.random.default_rng(seed)
    probe = at(of, 0)[0].with_columns(contributor=pl.lit("batch_maker_00"))
    frames = []
    for number in range(size.quarters):
        probes = [probe.with_columns(subject=pl.lit(f"probe {place}")) for place in range(rng.integers(0, 60))]
        frames.append(pl.concat([at(of, number), *probes]))
    return frames


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10))
def test_twenty_four_cuts_of_small_changes_tell_nothing(seed: int) -> None:
    size = Size(contributors=8, at_first=500, each_quarter=12, quarters=24)
    played = play(PLAN, _frames(seed, size), _quarters(24), b"the hub's")
    assert sum(trace.value is not None for cut in played.cuts for trace in cut.cells.values()) > 60
    assert [(name, found) for name, attack in attacks.ALL.items() for found in attack(played)] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_what_is_published_withstands_reconstruction(seed: int, tmp_path: Path) -> None:
    frames = _frames(seed, Size(contributors=8, at_first=400, each_quarter=60, quarters=3))
    ledger = Ledger(tmp_path, b"mark")
    over_new_year = _quarters(5)[2:]
    cuts = [publish(ledger, PLAN, rows, quarter, b"the hub's") for rows, quarter in zip(frames, over_new_year, strict=True)]
    played = history(cuts, frames)
    assert list(attacks.reconstruction(played)) == []
    assert [(name, found) for name, attack in attacks.ALL.items() for found in attack(played)] == []
    assert [cut.cells for cut in ledger.read()] == [cut.cells for cut in cuts]


class Deleted(NamedTuple):
    """A defence, what is put in its place, and the histories in which an attack then succeeds."""

    defence: str
    instead: Callable[..., object]
    attack: Callable[[History], Iterator[str]]
    played: Callable[[], Iterator[History]]


def _each_key(*steps: Many, quarters: list[Quarter]) -> Iterator[History]:
    frames = [people(step) for step in steps]
    yield from (play(plan("ab"), frames, quarters, key) for key in KEYS)


def _once(many: Many) -> Callable[[], Iterator[History]]:
    return lambda: _each_key(many, quarters=[FIRST])


COMMON = evenly("a1 b1 c1", 10)
GROWN = {(f"p{number}", "a1 b1 c1"): 10 + 2 + (number < 4) for number in range(1, 8)}
"""Others than p0 grow by seventeen, of whom no two leave fewer than eleven."""


def _probed() -> Iterator[History]:
    first = COMMON | {("p0", "a1 b1 c1"): 18}
    yield from _each_key(first, first | GROWN | {("p0", "a1 b1 c1"): 22}, quarters=[FIRST, LATER[0]])


def _come_and_gone() -> Iterator[History]:
    first, less = COMMON | {("p0", "a1 b1 c1"): 40}, COMMON | {("p0", "a1 b1 c1"): 23}
    yield from _each_key(first, less | GROWN, less, quarters=[FIRST, *LATER])


def _one_more() -> Iterator[History]:
    yield from _each_key(COMMON, COMMON | {("p3", "a1 b1 c1"): 11}, quarters=[FIRST, LATER[0]])


def _one_withdrawn() -> Iterator[History]:
    yield from _each_key(COMMON, COMMON | {("p3", "a1 b1 c1"): 9}, quarters=[FIRST, NEXT_YEAR])


def _ten_more_next_year() -> Iterator[History]:
    first = evenly("a1 b1 c1", 11) | {("p0", "a1 b1 c1"): 10}
    yield from _each_key(first, first | {("p3", "a1 b1 c1"): 21}, quarters=[FIRST, NEXT_YEAR])


def _fifth_contributor_leaves() -> Iterator[History]:
    four = evenly("a1 b1 c1", 30, contributors=4)
    yield from _each_key(four | {("p4", "a1 b1 c1"): 1}, four, quarters=[FIRST, NEXT_YEAR])


SMALL = evenly("a1 b1 c1", 1, contributors=11) | {("p0", "a1 b1 c1"): 12, ("p1", "a1 b1 c1"): 11}
AS_IT_WAS = guards.offset
DELETED = [
    Deleted("rounded", lambda count, offset: count, attacks.self_subtraction, _once(COMMON)),
    Deleted("is_enough", lambda others: True, attacks.self_subtraction, _once(SMALL)),
    Deleted("is_of_several", lambda foreign: True, attacks.few_behind, _once(evenly("a1 b1 c1", 40, contributors=4))),
    Deleted("is_nobodys", lambda foreign: True, attacks.few_behind, _once(COMMON | {("p0", "a1 b1 c1"): 200})),
    Deleted(
        "lookers",
        lambda names: [view for view in views(names) if len(view) < 2],
        attacks.few_behind,
        _once(evenly("a1 b1 c1", 40, contributors=4)),
    ),
    Deleted("offset", lambda key, epoch, cell, allowed: allowed[0], attacks.probing, _probed),
    Deleted("offset", lambda key, epoch, cell, allowed: AS_IT_WAS(key, 0, cell, allowed), attacks.small_changes, _one_withdrawn),
    Deleted("may_change", lambda since_evaluated, since_changed: True, attacks.small_changes, _one_more),
    Deleted(
        "may_change",
        lambda since_evaluated, since_changed: since_evaluated.subjects >= guards.LEAST,
        attacks.small_changes,
        _come_and_gone,
    ),
    Deleted("steps_back", lambda value, own_change, before: True, attacks.small_changes, _ten_more_next_year),
    Deleted("rests", lambda key, epoch, cell: False, attacks.small_changes, _fifth_contributor_leaves),
]


@pytest.mark.parametrize("deleted", DELETED, ids=[f"{one.defence}-{one.attack.__name__}" for one in DELETED])
def test_each_defence_deleted_lets_an_attack_succeed(deleted: Deleted, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [found for played in deleted.played() for found in deleted.attack(played)] == []
    monkeypatch.setattr(guards, deleted.defence, deleted.instead)
    assert any(True for played in deleted.played() for _ in deleted.attack(played))


def _key(wanted: Mapping[Cell, Callable[[int], bool]]) -> bytes:
    """A key under which offsets lie so, and no cell rests."""
    every = list(range(12))
    for number in range(100_000):
        key = f"key {number}".encode()
        is_found = all(is_so(guards.offset(key, 2026, cell, every)) for cell, is_so in wanted.items())
        if is_found and not any(guards.rests(key, 2026, cell) for cell in wanted):
            return key
    raise AssertionError("no such key")


SPREAD = {(f"p{number}", f"a1 b1 {c}"): 8 + (number == 0) for number in range(8) for c in ("c1", "c2")}
UNLUCKY = _key(
    {
        CELL: lambda offset: offset >= 2,
        Cell("bc", ("b1", "c1")): lambda offset: offset == 0,
        Cell("bc", ("b1", "c2")): lambda offset: offset == 0,
    }
)


@pytest.mark.slow
def test_without_the_audit_neighbours_give_a_hidden_cell_away(tmp_path: Path) -> None:
    rows = people(SPREAD)
    assert list(attacks.reconstruction(play(PLAN, [rows], [FIRST], UNLUCKY)))
    published = publish(Ledger(tmp_path, b"mark"), PLAN, rows, FIRST, UNLUCKY)
    assert list(attacks.reconstruction(history([published], [rows]))) == []
    assert sum(trace.value is not None for trace in published.cells.values()) == 2  # one of three is held back


def test_without_the_rule_on_margins_a_margin_narrows_its_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "_no_margins", lambda tables: None)
    rows = people({(f"p{number}", f"a1 {b} c1"): 8 + (number == 0) for number in range(8) for b in ("b1", "b2")})
    low = {Cell("ab", ("a1", b)): (lambda offset: offset == 0) for b in ("b1", "b2")}
    key = _key(low | {Cell("a", ("a1",)): lambda offset: offset >= 2})
    assert any("ab [a1" in found for found in attacks.reconstruction(play(plan("ab", "a"), [rows], [FIRST], key)))
