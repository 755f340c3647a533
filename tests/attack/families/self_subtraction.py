"""Own rows, and a colluder's, are taken off a figure."""

from __future__ import annotations

from collections.abc import Iterator

from tests.attack.history import Found, History, narrow, offsets, totals


def attack(history: History) -> Iterator[Found]:
    """What is left of each figure leaves few possible counts of others."""
    for number, cell, value in history.made():
        possible = {total for one in offsets(cell, history.cuts[number].epoch) for total in totals(value, one)}
        for who in history.attackers:
            own = history.own(number, cell, who)
            yield from narrow(sum(total >= own for total in possible), history.text(number, cell, who), who)
