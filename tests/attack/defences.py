"""Each defence, what is put in its place, and the histories in which an attack then succeeds.

Defences are taken away from outside, by putting another function in their place; the pipeline has no switch for it. An attack is tried
under keys of a seed, one after the other, until it succeeds.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import polars as pl

from cgt_etl.egress.collective import engine, guards, ledger
from cgt_etl.egress.collective import plan as plans
from cgt_etl.egress.collective import publish as way_out
from cgt_etl.egress.collective.counting import Group, members, views
from cgt_etl.egress.collective.engine import Cut, Quarter
from cgt_etl.egress.collective.plan import Cell, Plan
from tests.attack import worlds
from tests.attack.families import (
    curves,
    dominance,
    metadata,
    partly,
    probing,
    programme,
    self_subtraction,
    small_changes,
    tracker,
    withdrawal,
)
from tests.attack.history import EVERY, Found, History, history, play
from tests.egress.collective.worlds import FIRST, evenly, people, plan

Many = Mapping[tuple[str, str], int]
LATER, NEXT_YEAR = [Quarter(2026, 2), Quarter(2026, 3)], Quarter(2027, 1)
THREE_YEARS = [FIRST, NEXT_YEAR, Quarter(2028, 1)]
CELL = Cell("ab", ("a1", "b1"))
KEYS = 400
"""Keys under which an attack is tried before a defence is said not to be missed."""


class Deleted(NamedTuple):
    """A defence by its place and name, what stands in its place, and what then tells something, under keys of a seed."""

    defence: str
    of: object
    instead: Callable[..., object]
    attacks: Callable[[int], Iterator[Found]]
    """Of a seed, tried key after key."""

    def is_missed(self, seed: int) -> bool:
        """Whether an attack succeeds once the defence is gone."""
        with patch.object(self.of, self.defence, self.instead):
            return any(True for _ in self.attacks(seed))


def _keys(seed: int, many: int | None = None) -> Iterator[bytes]:
    return (f"key {seed} {number}".encode() for number in range(many or KEYS))


Attack = Callable[[History], Iterator[Found]]


def _on(attack: Attack, *steps: Many, quarters: list[Quarter]) -> Callable[[int], Iterator[Found]]:
    """An attack on one table whose rows are the steps, quarter by quarter, under key after key."""
    frames = [people(step) for step in steps]
    return lambda seed: (found for key in _keys(seed) for found in attack(play(plan("ab"), frames, quarters, key)))


COMMON = evenly("a1 b1 c1", 10)
GROWN = {(f"p{number}", "a1 b1 c1"): 10 + 2 + (number < 4) for number in range(1, 8)}
"""Others than p0 grow by seventeen, of whom no two leave fewer than eleven."""
PROBE = COMMON | {("p0", "a1 b1 c1"): 18}
PROBED = PROBE | GROWN | {("p0", "a1 b1 c1"): 22}
MUCH, LESS = COMMON | {("p0", "a1 b1 c1"): 40}, COMMON | {("p0", "a1 b1 c1"): 23}
ONE_MORE, ONE_LESS = COMMON | {("p3", "a1 b1 c1"): 11}, COMMON | {("p3", "a1 b1 c1"): 9}
ELEVENS = evenly("a1 b1 c1", 11) | {("p0", "a1 b1 c1"): 10}
FOUR = evenly("a1 b1 c1", 40, contributors=4)
FIFTH = evenly("a1 b1 c1", 30, contributors=4) | {("p4", "a1 b1 c1"): 1}
SMALL = evenly("a1 b1 c1", 1, contributors=11) | {("p0", "a1 b1 c1"): 12, ("p1", "a1 b1 c1"): 11}
TWO_BANDS = COMMON | evenly("a1 b2 c1", 10)
AS_IT_WAS, SAID = guards.offset, ledger._said


def _subjects(cut: Cut) -> int:
    """A total, of the kind that is put beside figures without a thought: it differs where only what is withheld does."""
    return sum(sum(trace.counts.values()) for trace in cut.cells.values())


def _keys_where(seed: int, wanted: Mapping[Cell, Callable[[int], bool]]) -> Iterator[bytes]:
    """A few keys under which offsets lie so, and no cell rests."""
    found = (
        key
        for key in _keys(seed, 100_000)
        if all(is_so(guards.offset(key, 2026, cell, EVERY)) for cell, is_so in wanted.items())
        and not any(guards.rests(key, 2026, cell) for cell in wanted)
    )
    return islice(found, 4)


def _lie(high: Cell, *low: Cell) -> dict[Cell, Callable[[int], bool]]:
    """Roundings that lie alike: one figure is above its count, others as far below as can be."""
    return {high: lambda offset: offset >= 2} | {cell: (lambda offset: offset == 0) for cell in low}


SPREAD = {(f"p{number}", f"a1 b1 {c}"): 8 + (number == 0) for number in range(8) for c in ("c1", "c2")}
"""All with b1 have a1: where roundings lie alike, that nobody has a2 is nearly told."""


def unlucky(seed: int) -> Iterator[bytes]:
    """Keys under which roundings of `SPREAD` lie alike."""
    return _keys_where(seed, _lie(CELL, Cell("bc", ("b1", "c1")), Cell("bc", ("b1", "c2"))))


def _published(of: Plan, rows: pl.DataFrame, keys: Iterator[bytes]) -> Iterator[Found]:
    """A linear programme on what passes the audit."""
    for key in keys:
        with tempfile.TemporaryDirectory() as folder:
            cut = way_out.publish(ledger.Ledger(Path(folder), b"mark"), of, rows, FIRST, key)
        yield from programme.attack(history([cut], [rows]))


def _neighbours(seed: int) -> Iterator[Found]:
    yield from _published(worlds.PLAN, people(SPREAD), unlucky(seed))


def _margin(seed: int) -> Iterator[Found]:
    rows = people({(f"p{number}", f"a1 {b} c1"): 8 + (number == 0) for number in range(8) for b in ("b1", "b2")})
    for key in _keys_where(seed, _lie(Cell("a", ("a1",)), *(Cell("ab", ("a1", b)) for b in ("b1", "b2")))):
        yield from programme.attack(play(plan("ab", "a"), [rows], [FIRST], key))


FACES = {
    (f"p{number}", where): each
    for number in range(6)
    for where, each in {"a1 b1 c1": 9, "a1 b1 c2": 9, "a1 b2 c2": 20, "a2 b1 c1": 20, "a2 b2 c1": 20, "a2 b2 c2": 20}.items()
}
"""Whoever has a1 and b1 has a1 and c1, or b1 and c2, and nobody else has either: two faces of the cube bound the third from above."""


def _ring(seed: int) -> Iterator[Found]:
    """Faces of a cube, audited as if they were tables that share dimensions and nothing more."""
    keys = _keys_where(seed, _lie(CELL, Cell("ac", ("a1", "c1")), Cell("bc", ("b1", "c2"))))
    yield from _published(plan("ab", "bc", "ac"), people(FACES), keys)


def _marks(seed: int) -> Iterator[Found]:
    with tempfile.TemporaryDirectory() as folder:
        one, _ = worlds.twins(seed, Path(folder))
        yield from metadata.marks(one / "released", one / "hub")


def _told_beside(seed: int) -> Iterator[Found]:
    with tempfile.TemporaryDirectory() as folder:
        one, other = worlds.twins(seed, Path(folder))
        yield from metadata.ledgers(one / "released", other / "released")


def _nobody_besides(of: Plan, rows: pl.DataFrame) -> dict[Cell, dict[str, Group]]:
    """Only contributors count as knowing their rows."""
    return members(of, rows.with_columns(also_known_to=pl.lit([], dtype=pl.List(pl.String))))


def _partly(seed: int) -> Iterator[Found]:
    """A registry has every row, by its first dimension alone."""
    rows = people(evenly("a1 b1 c1", 11)).with_columns(also_known_to=pl.lit(["registry"], dtype=pl.List(pl.String)))
    yield from (found for key in _keys(seed) for found in partly.attack(play(plan("ab"), [rows], [FIRST], key)))


GUARDS = (
    Deleted("rounded", guards, lambda count, offset: count, _on(self_subtraction.attack, COMMON, quarters=[FIRST])),
    Deleted(
        "rounded", guards, lambda count, offset: count, _on(tracker.attack, TWO_BANDS, TWO_BANDS | ONE_MORE, quarters=[FIRST, NEXT_YEAR])
    ),
    Deleted("is_enough", guards, lambda others: True, _on(self_subtraction.attack, SMALL, quarters=[FIRST])),
    Deleted("is_of_several", guards, lambda foreign: True, _on(dominance.attack, FOUR, quarters=[FIRST])),
    Deleted("is_nobodys", guards, lambda foreign: True, _on(dominance.attack, COMMON | {("p0", "a1 b1 c1"): 200}, quarters=[FIRST])),
    Deleted(
        "lookers",
        guards,
        lambda names: [view for view in views(names) if len(view) < 2],
        _on(dominance.attack, FOUR, quarters=[FIRST]),
    ),
    Deleted("offset", guards, lambda key, epoch, cell, allowed: allowed[0], _on(probing.attack, PROBE, PROBED, quarters=[FIRST, LATER[0]])),
    Deleted(
        "offset",
        guards,
        lambda key, epoch, cell, allowed: AS_IT_WAS(key, 0, cell, allowed),
        _on(withdrawal.attack, COMMON, ONE_LESS, quarters=[FIRST, NEXT_YEAR]),
    ),
    Deleted(
        "may_change",
        guards,
        lambda since_evaluated, since_changed: True,
        _on(small_changes.attack, COMMON, ONE_MORE, quarters=[FIRST, LATER[0]]),
    ),
    Deleted(
        "may_change",
        guards,
        lambda since_evaluated, since_changed: True,
        _on(curves.attack, TWO_BANDS, TWO_BANDS | ONE_MORE, quarters=[FIRST, LATER[0]]),
    ),
    Deleted(
        "may_change",
        guards,
        lambda since_evaluated, since_changed: since_evaluated.subjects >= guards.LEAST,
        _on(small_changes.attack, MUCH, LESS | GROWN, LESS, quarters=[FIRST, *LATER]),
    ),
    Deleted(
        "is_new",
        guards,
        lambda since_earlier: True,
        _on(tracker.attack, COMMON, evenly("a1 b1 c1", 13), ONE_MORE, quarters=[FIRST, *LATER]),
    ),
    Deleted(
        "_earlier",
        engine,
        lambda was, is_changed: (),
        _on(tracker.attack, COMMON, COMMON | {("p3", "a1 b1 c1"): 15}, COMMON | {("p3", "a1 b1 c1"): 20}, quarters=THREE_YEARS),
    ),
    Deleted(
        "steps_back",
        guards,
        lambda value, own_change, before: True,
        _on(withdrawal.attack, ELEVENS, ELEVENS | {("p3", "a1 b1 c1"): 21}, quarters=[FIRST, NEXT_YEAR]),
    ),
    Deleted(
        "rests",
        guards,
        lambda key, epoch, cell: False,
        _on(withdrawal.attack, FIFTH, {one: many for one, many in FIFTH.items() if one[0] != "p4"}, quarters=[FIRST, NEXT_YEAR]),
    ),
)
OTHERS = (
    Deleted("members", engine, _nobody_besides, _partly),
    Deleted("audit", way_out, lambda cuts: [], _neighbours),
    Deleted("_no_margins", plans, lambda tables: None, _margin),
    Deleted("_no_cubes", plans, lambda tables: None, _ring),
    Deleted("_mark", ledger.Ledger, lambda self, written: hashlib.sha256(written).hexdigest(), _marks),
    Deleted("_said", ledger, lambda cut: SAID(cut) | {"subjects": _subjects(cut)}, _told_beside),
)
ALL = (*GUARDS, *OTHERS)
