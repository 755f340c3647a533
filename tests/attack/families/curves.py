"""Quartiles and cumulative counts, read from the figures of a row as partners read them: a step of few subjects must not be readable.

No curve is published. What can be derived is the band that holds a quartile, how the cumulative count up to a band moved, and, where
another table has the row's total, the step that is withheld.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from cgt_etl.egress.collective.plan import Cell
from tests.attack.families.tracker import counts_apart
from tests.attack.history import Figure, Found, History, K, narrow, offsets, totals

QUARTILES = (0.25, 0.5, 0.75)


def attack(history: History) -> Iterator[Found]:
    """Withheld steps that the rest tells, besides what `moves` finds."""
    yield from moves(history)
    for row in rows(history):
        for who in history.attackers:
            for number in range(len(history.cuts)):
                yield from _withheld(history, row, number, who)


def moves(history: History) -> Iterator[Found]:
    """Quartiles that moved, and steps that grew or shrank, though fewer than k others did."""
    for row in rows(history):
        for who in history.attackers:
            for at in pairwise(range(len(history.cuts))):
                yield from _moved(history, row, at, who)


def rows(history: History) -> Iterator[tuple[Cell, ...]]:
    """Cells of a distribution in their order: of each table with two dimensions, by each category of either."""
    plan = history.cuts[0].plan
    for table in plan.tables:
        for place, name in enumerate(table.dimensions if len(table.dimensions) == 2 else ()):
            for category in plan.dimension(name).categories:
                yield tuple(cell for cell in plan.cells(table) if cell.categories[place] == category)


def _moved(history: History, row: tuple[Cell, ...], at: tuple[int, int], who: frozenset[str]) -> Iterator[Found]:
    shown = [[history.cuts[number].cells[cell].value for cell in row] for number in at]
    if shown[0] == shown[1] or None in shown[0] or None in shown[1]:
        return
    then = [[history.looked_at(number, cell) for cell in row] for number in at]
    changed = [history.others(one, cell, who) ^ history.others(other, cell, who) for one, other, cell in zip(*then, row, strict=True)]
    spans = [[_span(history, number, cell, who) for number, cell in zip(some, row, strict=True)] for some in then]
    says = history.text(at[1], row[0], who)
    if len(set().union(*changed)) < K and any(not bands(spans[0], share) & bands(spans[1], share) for share in QUARTILES):
        yield Found(Figure.SHOWN, f"quartile {says}", who)
    low = high = 0
    for place, cell in enumerate(row):
        before, after = (some[place] for some in then)
        least, most = counts_apart(cell, shown[0][place], history.cuts[before].epoch, shown[1][place], history.cuts[after].epoch)
        own = history.own(after, cell, who) - history.own(before, cell, who)
        low, high = low + least - own, high + most - own
        if len(set().union(*changed[: place + 1])) < K and (low > 0 or high < 0):
            yield Found(Figure.SHOWN, f"step {says}", who)


def bands(spans: list[tuple[int, int]], share: float) -> set[int]:
    """Bands of a row that can hold the quartile, given between which numbers each count lies."""
    found = set()
    for band in range(len(spans)):
        least = [low for low, _ in spans]
        most = [high for _, high in spans]
        up_to = (1 - share) * sum(most[: band + 1]) - share * sum(least[band + 1 :])
        below = (1 - share) * sum(least[:band]) - share * sum(most[band:])
        if up_to >= 0 > below:
            found.add(band)
    return found


def _withheld(history: History, row: tuple[Cell, ...], number: int, who: frozenset[str]) -> Iterator[Found]:
    """One step of a row is withheld: the total of the same category in another table, less all the others."""
    cells = history.cuts[number].cells
    hidden = [cell for cell in row if cells[cell].value is None]
    if len(hidden) != 1 or not all(cells[cell].is_evaluated for cell in row):
        return
    steps = [_span(history, number, cell, who) for cell in row if cell is not hidden[0]]
    category = set.intersection(*(set(cell.categories) for cell in row))
    for other in rows(history):
        if other[0].table == row[0].table or set.intersection(*(set(cell.categories) for cell in other)) != category:
            continue
        if all(cells[cell].is_evaluated and cells[cell].value is not None for cell in other):
            total = [_span(history, number, cell, who) for cell in other]
            low = max(0, sum(one[0] for one in total) - sum(one[1] for one in steps))
            high = sum(one[1] for one in total) - sum(one[0] for one in steps)
            yield from narrow(high - low + 1, f"withheld step {history.text(number, hidden[0], who)}", who)


def _span(history: History, number: int, cell: Cell, who: frozenset[str]) -> tuple[int, int]:
    value = history.cuts[number].cells[cell].value
    assert value is not None
    own = history.own(number, cell, who)
    possible = [total - own for one in offsets(cell, history.cuts[number].epoch) for total in totals(value, one) if total >= own]
    return min(possible), max(possible)
