"""Somebody along the chain has everybody, but not all that they are counted by: the row of the table, and not the cell."""

from __future__ import annotations

from collections.abc import Iterator

from tests.attack.history import Figure, Found, History, offsets, totals


def attack(history: History) -> Iterator[Found]:
    """Figures that can only be right if everybody whom they know in a row of the table is in one cell of it."""
    for number, cell, value in history.made():
        row = [one for one in history.cuts[number].cells if one.table == cell.table and one.categories[0] == cell.categories[0]]
        at_least = min(total for one in offsets(cell, history.cuts[number].epoch) for total in totals(value, one))
        for who in history.attackers:
            knows_all = all(not history.others(number, one, who) for one in row)
            if knows_all and at_least >= sum(len(history.members[number][one]) for one in row):
                yield Found(Figure.DETERMINED, history.text(number, cell, who), who)
