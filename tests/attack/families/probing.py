"""Own rows are added and taken off while others only grow: each figure of a year narrows the ones before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cgt_etl.egress.collective.plan import Cell
from tests.attack.history import Found, History, K, narrow, offsets, totals


def attack(history: History) -> Iterator[Found]:
    """Counts of others in the figures of one year, between which others only grew."""
    for cell in history.cuts[0].cells:
        for who in history.attackers:
            series: list[tuple[int, int, set[str]]] = []
            for number, one in enumerate(history.cuts):
                trace, others = one.cells[cell], history.others(number, cell, who)
                if one.is_rebase or (series and trace.is_evaluated and not series[-1][2] <= others):
                    yield from _narrowed(series, cell, one.epoch, who)
                    series = []
                if trace.is_evaluated and trace.value is not None:
                    series.append((trace.value, len(history.members[number][cell]) - len(others), others))
            yield from _narrowed(series, cell, history.cuts[-1].epoch, who)


def _narrowed(series: Sequence[tuple[int, int, set[str]]], cell: Cell, year: int, who: frozenset[str]) -> Iterator[Found]:
    possible: list[set[int]] = [set() for _ in series]
    for offset in offsets(cell, year) if len(series) > 1 else ():
        spans = [[total - own for total in totals(value, offset) if total >= own] for value, own, _ in series]
        low, high = [min(span, default=1) for span in spans], [max(span, default=0) for span in spans]
        for place in range(1, len(spans)):
            low[place] = max(low[place], low[place - 1] + K)
        for place in range(len(spans) - 2, -1, -1):
            high[place] = min(high[place], high[place + 1] - K)
        if all(least <= most for least, most in zip(low, high, strict=True)):
            for place, span in enumerate(spans):
                possible[place] |= {one for one in span if low[place] <= one <= high[place]}
    for one in possible:
        yield from narrow(len(one), f"{cell} {year} {sorted(who)}", who)
