"""Cut after cut of a year, in which few subjects change: a figure that changes, comes or goes tells that somebody did."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product

from cgt_etl.egress.collective import guards
from cgt_etl.egress.collective.plan import Cell
from tests.attack.history import Figure, Found, History, K, offsets_together, totals


def attack(history: History) -> Iterator[Found]:
    """Figures that changed within a year though fewer than k others did."""
    yield from shown(history, at_new_year=False)


def shown(history: History, *, at_new_year: bool) -> Iterator[Found]:
    """A figure changes, comes or goes, and neither own rows nor new offsets explain it, though fewer than k others changed.

    Since it was last looked at, or since it last changed: a figure never was about other days than those.
    """
    for cell in history.cuts[0].cells:
        changed = looked_at = 0
        for before, after in pairwise(range(len(history.cuts))):
            trace, is_rebase = history.cuts[after].cells[cell], history.cuts[after].is_rebase
            if trace.value != history.cuts[before].cells[cell].value:
                for who, then in product(history.attackers, {looked_at, changed}) if is_rebase == at_new_year else ():
                    moved = history.others(after, cell, who) ^ history.others(then, cell, who)
                    if len(moved) < K and not _is_explained(history, cell, (then, after), who):
                        yield Found(Figure.SHOWN, history.text(after, cell, who), who)
                changed = after
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
    own = [history.own(one, cell, who) for one in at]
    return any(
        {total - own[0] for total in totals(old, first)} & {total - own[1] for total in totals(new, second)}
        for first, second in offsets_together(cell, before.epoch, after.epoch)
    )
