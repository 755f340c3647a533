"""Tracker pairs: two sums of figures whose subjects differ by few, over cells, margins, tables, cuts and years.

Neither sum is secret; their difference would tell of the few in whom they differ (Denning and Denning, The tracker, ACM TODS 4, 1979).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import NamedTuple

import numpy as np

from cgt_etl.egress.collective.plan import Cell, Plan
from tests.attack.history import BASE, Figure, Found, History, K, offsets_together, totals

PAIRS = 1000
NEAR = 40
"""Subjects by whom a pair differs, own ones too: with more, hardly anybody knows all but ten of them."""
APART = 5
"""Cuts between the two sums of a pair, at most: over the turn of a year too."""


class Query(NamedTuple):
    """A sum of cells of one table as of a cut."""

    number: int
    cells: tuple[Cell, ...]


def attack(history: History) -> Iterator[Found]:
    """Pairs whose difference cannot be nought, or can be one of few numbers only. Pairs differ by 1 to 10 others."""
    for first, second, who in pairs(history):
        least, most = _difference(history, first, second, who)
        says = f"{history.text(first.number, first.cells[0], who)} and {history.text(second.number, second.cells[0], who)}"
        if least > 0 or most < 0:
            yield Found(Figure.SHOWN, says, who)
        elif most - least + 1 < BASE:
            yield Found(Figure.BRACKETED, says, who)


def pairs(history: History) -> Iterator[tuple[Query, Query, frozenset[str]]]:
    """So many pairs, drawn from all that there are, each with somebody for whom it isolates fewer than k others."""
    sums, nobody = _sums(history.cuts[0].plan), history.attackers[0]
    alike = [(one, other) for one in sums for other in sums if _counts_alike(one, other)]
    near = []
    for then in range(len(history.cuts)):
        for later in range(then, min(then + APART + 1, len(history.cuts))):
            for first, second in ((Query(then, one), Query(later, other)) for one, other in alike):
                if _is_shown(history, first) and _is_shown(history, second) and 0 < len(_apart_by(history, first, second, nobody)) < NEAR:
                    near.append((first, second))
    rng = np.random.default_rng(len(history.cuts))
    tried = rng.permutation(len(near) * len(history.attackers)) if near else []
    found = 0
    for which, looker in (divmod(int(one), len(history.attackers)) for one in tried):
        if found == PAIRS:
            return
        first, second, who = *near[which], history.attackers[looker]
        if 0 < len(_apart_by(history, first, second, who)) < K:
            found += 1
            yield first, second, who


def _apart_by(history: History, first: Query, second: Query, who: frozenset[str]) -> set[str]:
    """Others who are in one of two sums alone."""
    return _of(history, first, who) ^ _of(history, second, who)


def _sums(plan: Plan) -> list[tuple[Cell, ...]]:
    """Cells, margins, and margins without one cell."""
    found: list[tuple[Cell, ...]] = []
    for table in plan.tables:
        cells = list(plan.cells(table))
        margins = [
            tuple(cell for cell in cells if cell.categories[place] == category)
            for place, name in enumerate(table.dimensions)
            for category in plan.dimension(name).categories
        ]
        found += [(cell,) for cell in cells] + margins
        found += [some for margin in margins if len(margin) > 2 for some in combinations(margin, len(margin) - 1)]
    return found


def _counts_alike(one: tuple[Cell, ...], other: tuple[Cell, ...]) -> bool:
    """The same sum at two cuts, or two sums of tables of which one may hold the other's subjects: they share a category."""
    return one == other or (one[0].table != other[0].table and bool(_shared(one) & _shared(other)))


def _shared(cells: tuple[Cell, ...]) -> set[str]:
    return set.intersection(*(set(cell.categories) for cell in cells))


def _is_shown(history: History, query: Query) -> bool:
    return all(history.cuts[query.number].cells[cell].value is not None for cell in query.cells)


def _of(history: History, query: Query, who: frozenset[str]) -> set[str]:
    """The others whom a sum is about: of each cell, on the day on which it was looked at."""
    return {subject for cell in query.cells for subject in history.others(history.looked_at(query.number, cell), cell, who)}


def _difference(history: History, first: Query, second: Query, who: frozenset[str]) -> tuple[int, int]:
    """Least and most of the second sum's others less the first's. Offsets of a cell that is in both are one."""
    least = most = 0
    for cell in {*first.cells, *second.cells}:
        spans = [_figure(history, query, cell, who) if cell in query.cells else None for query in (first, second)]
        low, high = _apart(cell, *spans)
        least, most = least + low, most + high
    return least, most


def _figure(history: History, query: Query, cell: Cell, who: frozenset[str]) -> tuple[int, int, int]:
    value = history.cuts[query.number].cells[cell].value
    assert value is not None
    number = history.looked_at(query.number, cell)
    return value, history.own(number, cell, who), history.cuts[number].epoch


def _apart(cell: Cell, first: tuple[int, int, int] | None, second: tuple[int, int, int] | None) -> tuple[int, int]:
    value, own, year = first or (None, 0, 0)
    later, own_later, year_later = second or (None, 0, 0)
    low, high = counts_apart(cell, value, year or year_later, later, year_later or year)
    return low - own_later + own, high - own_later + own


@cache
def counts_apart(cell: Cell, value: int | None, year: int, later: int | None, year_later: int) -> tuple[int, int]:
    together = [
        ([0] if value is None else totals(value, one), [0] if later is None else totals(later, other))
        for one, other in offsets_together(cell, year, year_later)
    ]
    possible = [(before, after) for before, after in together if before and after]
    return min(min(after) - max(before) for before, after in possible), max(max(after) - min(before) for before, after in possible)
