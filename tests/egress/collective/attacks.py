"""Attacks on the collective tables, each written from what an attacker has: the algorithm, all figures, own rows and a colluder's.

Independent of the auditor: they invert the algorithm itself, by trying. What depends on the hub's key an attacker finds out by running the
algorithm under guessed keys: what comes out the same under all of them is known, the rest is not. Each attack returns what it found out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from itertools import combinations, pairwise, product
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.optimize import linprog

from cgt_etl.egress.collective import guards
from cgt_etl.egress.collective.counting import Group, members
from cgt_etl.egress.collective.engine import Cut, Quarter, cut
from cgt_etl.egress.collective.plan import Cell, Plan
from tests.egress.collective.worlds import DIMENSIONS

K = BASE = 11
GUESSES = [f"guess {number}".encode() for number in range(24)]


class History(NamedTuple):
    """Cuts as they went out, and who was in each cell."""

    cuts: list[Cut]
    members: list[dict[Cell, dict[str, Group]]]
    attackers: list[frozenset[str]]
    """Nobody, everybody alone, every two."""


def play(plan: Plan, frames: Sequence[pl.DataFrame], quarters: Sequence[Quarter], key: bytes) -> History:
    """What the engine lets out, without an audit."""
    cuts: list[Cut] = []
    for rows, quarter in zip(frames, quarters, strict=True):
        cuts.append(cut(plan, rows, quarter, key=key, before=cuts[-1] if cuts else None))
    return history(cuts, frames)


def history(cuts: list[Cut], frames: Sequence[pl.DataFrame]) -> History:
    """Cuts beside the rows that they were made of."""
    of = [members(one.plan, rows) for one, rows in zip(cuts, frames, strict=True)]
    names = sorted({name for one in of for cell in one.values() for group in cell.values() for name in group.knowing})
    return History(cuts, of, [frozenset(), *map(frozenset, combinations(names, 1)), *map(frozenset, combinations(names, 2))])


def self_subtraction(history: History) -> Iterator[str]:
    """Own rows taken off a figure leave few possible counts of others."""
    for number, cell, value in _made(history):
        totals = {total for one in _offsets(cell, history.cuts[number].epoch) for total in _totals(value, one)}
        for who in history.attackers:
            own = len(history.members[number][cell]) - len(_others(history, number, cell, who))
            if 0 < sum(total >= own for total in totals) < BASE:
                yield f"{cell} {history.cuts[number].quarter} {sorted(who)}"


def probing(history: History) -> Iterator[str]:
    """Own rows are added and taken off while others only grow: each figure of a year narrows the ones before and after."""
    for cell in history.cuts[0].cells:
        for who in history.attackers:
            series: list[tuple[int, int, set[str]]] = []
            for number, one in enumerate(history.cuts):
                trace, others = one.cells[cell], _others(history, number, cell, who)
                if one.is_rebase or (series and trace.is_evaluated and not series[-1][2] <= others):
                    yield from _narrowed(series, cell, one.epoch, who)
                    series = []
                if trace.is_evaluated and trace.value is not None:
                    series.append((trace.value, len(history.members[number][cell]) - len(others), others))
            yield from _narrowed(series, cell, history.cuts[-1].epoch, who)


def _narrowed(series: Sequence[tuple[int, int, set[str]]], cell: Cell, year: int, who: frozenset[str]) -> Iterator[str]:
    possible: list[set[int]] = [set() for _ in series]
    for offset in _offsets(cell, year) if len(series) > 1 else ():
        spans = [[total - own for total in _totals(value, offset) if total >= own] for value, own, _ in series]
        low, high = [min(span, default=1) for span in spans], [max(span, default=0) for span in spans]
        for place in range(1, len(spans)):
            low[place] = max(low[place], low[place - 1] + K)
        for place in range(len(spans) - 2, -1, -1):
            high[place] = min(high[place], high[place + 1] - K)
        if all(least <= most for least, most in zip(low, high, strict=True)):
            for place, span in enumerate(spans):
                possible[place] |= {one for one in span if low[place] <= one <= high[place]}
    yield from (f"{cell} {year} {sorted(who)}" for one in possible if 0 < len(one) < BASE)


def small_changes(history: History) -> Iterator[str]:
    """A figure changes, comes or goes, and neither own rows nor new offsets explain it, though fewer than k others changed.

    Since it was last looked at, or since it last changed: a figure never was about other days than those.
    """
    for cell in history.cuts[0].cells:
        shown_since = looked_at = 0
        for before, after in pairwise(range(len(history.cuts))):
            trace = history.cuts[after].cells[cell]
            if trace.value != history.cuts[before].cells[cell].value:
                for who, then in product(history.attackers, {looked_at, shown_since}):
                    changed = _others(history, after, cell, who) ^ _others(history, then, cell, who)
                    if len(changed) < K and not _is_explained(history, cell, (then, after), who):
                        yield f"{cell} {history.cuts[after].quarter} {sorted(who)}"
                shown_since = after
            if trace.is_evaluated:
                looked_at = after


def _is_explained(history: History, cell: Cell, at: tuple[int, int], who: frozenset[str]) -> bool:
    """Whether the year's new offsets could have changed the figure without anybody else's change."""
    before, after = (history.cuts[one] for one in at)
    old, new = before.cells[cell].value, after.cells[cell].value
    if not after.is_rebase:
        return False
    if old is None or new is None:
        return any(guards.rests(f"guess {number}".encode(), year.epoch, cell) for number in range(200) for year in (before, after))
    own = [len(history.members[one][cell]) - len(_others(history, one, cell, who)) for one in at]
    pairs = _offsets_together(cell, before.epoch, after.epoch)
    return any(
        {total - own[0] for total in _totals(old, first)} & {total - own[1] for total in _totals(new, second)} for first, second in pairs
    )


def few_behind(history: History) -> Iterator[str]:
    """What is left of a figure without own rows is one competitor's, or nearly, or two competitors'."""
    for number, cell, _ in _made(history):
        of = history.members[number][cell]
        for who in history.attackers:
            left = [of[subject].contributor for subject in _others(history, number, cell, who)]
            sizes = sorted((left.count(name) for name in set(left)), reverse=True)
            if len(sizes) < 3 or sizes[0] > 0.6 * sum(sizes):
                yield f"{cell} {history.cuts[number].quarter} {sorted(who)}"


def reconstruction(history: History) -> Iterator[str]:
    """A linear programme over the cube of all dimensions brackets a count of the first cut, shown or hidden."""
    for who in history.attackers:
        own = {cell: len(of) - len(_others(history, 0, cell, who)) for cell, of in history.members[0].items()}
        for cell in history.cuts[0].cells:
            least, most = cube_bounds(history.cuts[0], cell, own)
            if np.floor(most + 1e-6) - np.ceil(least - 1e-6) + 1 < BASE:
                yield f"{cell} {sorted(who)}"


def cube_bounds(one: Cut, cell: Cell, own: Mapping[Cell, int]) -> tuple[float, float]:
    """Least and most of the others in a cell, by a programme over the cube of all dimensions, for a single cut."""
    names = sorted(DIMENSIONS)
    cube = [dict(zip(names, at, strict=True)) for at in product(*DIMENSIONS.values())]
    sums = {some: np.array([[at[name] for name in some.table] == list(some.categories) for at in cube], float) for some in one.cells}
    shown = {some: trace.value for some, trace in one.cells.items() if trace.value is not None}
    above, limit = [], []
    for number, (some, value) in enumerate(shown.items()):
        offset = np.eye(len(shown))[number]
        above += [np.concatenate([sums[some], offset]), np.concatenate([-sums[some], -offset]), np.concatenate([-sums[some], 0 * offset])]
        limit += [value - own.get(some, 0) + 10, own.get(some, 0) - value, -K]
    wide = [(0, 10**6)] * len(cube) + [(0, 11)] * len(shown)
    goal = np.concatenate([sums[cell], np.zeros(len(shown))])
    bound = {"A_ub": np.array(above), "b_ub": limit} if shown else {}
    least, most = (linprog(sign * goal, bounds=wide, **bound).fun for sign in (1, -1))
    return least, -most


def _made(history: History) -> Iterator[tuple[int, Cell, int]]:
    for number, one in enumerate(history.cuts):
        for cell, trace in one.cells.items():
            if trace.is_evaluated and trace.value is not None:
                yield number, cell, trace.value


def _others(history: History, number: int, cell: Cell, who: frozenset[str]) -> set[str]:
    return {subject for subject, group in history.members[number][cell].items() if who.isdisjoint(group.knowing)}


def _offsets(cell: Cell, year: int) -> list[int]:
    seen = {guards.offset(guess, year, cell, list(range(BASE + 1))) for guess in GUESSES}
    return sorted(seen) if len(seen) == 1 else list(range(BASE + 1))


def _offsets_together(cell: Cell, first: int, second: int) -> list[tuple[int, int]]:
    every = list(range(BASE + 1))
    if all(guards.offset(guess, first, cell, every) == guards.offset(guess, second, cell, every) for guess in GUESSES):
        return [(one, one) for one in _offsets(cell, first)]
    return list(product(_offsets(cell, first), _offsets(cell, second)))


def _totals(value: int, offset: int) -> list[int]:
    return _inverse(guards.rounded, value, offset)


@cache
def _inverse(rounded, value: int, offset: int) -> list[int]:
    return [total for total in range(max(0, value - 3 * BASE), value + 3 * BASE) if rounded(total, offset) == value]


ALL = {attack.__name__: attack for attack in (self_subtraction, probing, small_changes, few_behind)}
"""Those that work on a history of any length; `reconstruction` works on a first cut."""
