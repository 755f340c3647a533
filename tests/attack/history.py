"""What an attack is played on, and what it says it found. No attack of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from itertools import combinations, product
from typing import NamedTuple

import polars as pl

from cgt_etl.egress.collective import guards
from cgt_etl.egress.collective.counting import Group, members
from cgt_etl.egress.collective.engine import Cut, Quarter, cut
from cgt_etl.egress.collective.plan import Cell, Plan

K = BASE = 11
EVERY = list(range(BASE + 1))
GUESSES = [f"guess {number}".encode() for number in range(24)]
"""Keys under which an attacker runs the algorithm: what comes out the same under all of them is known, the rest is not."""


class Figure(StrEnum):
    """What must be nought."""

    DETERMINED = "subjects or counts of others determined"
    SHOWN = "changes of fewer than k others that show"
    BRACKETED = "counts of others told within less than the base"
    RESTS = "figures that rest on too few contributors"
    TOLD = "bytes that tell what was withheld"
    ESCAPED = "statements that escape and bombs that are not ended"
    FOREIGN = "foreign canaries"
    WIDENED = "decisions that give more than was agreed"
    MEMBERS = "models that tell members from strangers"


class Found(NamedTuple):
    """What an attack found out, and who."""

    figure: Figure
    says: str
    who: frozenset[str] = frozenset()


@dataclass(frozen=True)
class History:
    """Cuts as they went out, and who was in each cell."""

    cuts: list[Cut]
    members: list[dict[Cell, dict[str, Group]]]
    attackers: list[frozenset[str]]
    """Nobody, everybody alone, every two."""
    _others: dict[tuple[int, Cell, frozenset[str]], set[str]] = field(default_factory=dict, repr=False)

    def others(self, number: int, cell: Cell, who: frozenset[str]) -> set[str]:
        """Subjects of a cell at a cut whom the attackers do not know."""
        if (found := self._others.get((number, cell, who))) is None:
            found = {subject for subject, group in self.members[number][cell].items() if who.isdisjoint(group.knowing)}
            self._others[number, cell, who] = found
        return found

    def own(self, number: int, cell: Cell, who: frozenset[str]) -> int:
        return len(self.members[number][cell]) - len(self.others(number, cell, who))

    def made(self) -> Iterator[tuple[int, Cell, int]]:
        """Cut, cell and figure wherever a cell was looked at and shown."""
        for number, one in enumerate(self.cuts):
            for cell, trace in one.cells.items():
                if trace.is_evaluated and trace.value is not None:
                    yield number, cell, trace.value

    def looked_at(self, number: int, cell: Cell) -> int:
        """The cut that the figure at a cut is about."""
        return next(one for one in range(number, -1, -1) if self.cuts[one].cells[cell].is_evaluated)

    def text(self, number: int, cell: Cell, who: frozenset[str]) -> str:
        return f"{cell} {self.cuts[number].quarter} {sorted(who)}"


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


def offsets(cell: Cell, year: int) -> list[int]:
    """What the offset of a cell can be, to somebody without the key."""
    seen = {guards.offset(guess, year, cell, EVERY) for guess in GUESSES}
    return sorted(seen) if len(seen) == 1 else EVERY


def offsets_together(cell: Cell, first: int, second: int) -> list[tuple[int, int]]:
    """What the offsets of two years can be."""
    if first == second or all(guards.offset(guess, first, cell, EVERY) == guards.offset(guess, second, cell, EVERY) for guess in GUESSES):
        return [(one, one) for one in offsets(cell, first)]
    return list(product(offsets(cell, first), offsets(cell, second)))


def totals(value: int, offset: int) -> list[int]:
    """Counts that are published as `value` under an offset."""
    return _inverse(guards.rounded, value, offset)


@cache
def _inverse(rounded, value: int, offset: int) -> list[int]:
    return [total for total in range(max(0, value - 3 * BASE), value + 3 * BASE) if rounded(total, offset) == value]


def narrow(possible: int, says: str, who: frozenset[str]) -> Iterator[Found]:
    """A count of others that can be one of so many numbers; none is a guess that was wrong."""
    if 0 < possible < BASE:
        yield Found(Figure.DETERMINED if possible == 1 else Figure.BRACKETED, says, who)
