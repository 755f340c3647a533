"""Cuts the collective tables: members of each cell in, a protected figure or nothing out, and what must be remembered for the next cut.

Every defence is in `guards`; what a cut gives away together with earlier ones is judged by `audit`. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import polars as pl

from cgt_etl.egress.collective import guards
from cgt_etl.egress.collective.counting import Group, Members, Move, View, change, counts, entities, foreign, members, moves
from cgt_etl.egress.collective.plan import Cell, Plan
from cgt_etl.errors import CgtError


class Quarter(NamedTuple):
    """A calendar quarter; rows are those known at its begin."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"


class Standing(NamedTuple):
    """What is remembered of a cell between cuts. Never leaves the hub."""

    value: int | None
    offset: int
    evaluated: Members
    """Its members when it was last looked at."""
    changed: Members
    """Its members when what is shown last changed."""


class Trace(NamedTuple):
    """What became of a cell at a cut, as counts, for the audit. Never leaves the hub."""

    value: int | None
    """What is published; None is withheld."""
    is_evaluated: bool
    """Whether it was looked at in this cut; otherwise what stood before still stands."""
    counts: Mapping[Group, int]
    """Its members at this cut."""
    moved: Mapping[Move, int]
    """Against its members when it was last looked at before this cut; empty where it never was."""


@dataclass(frozen=True)
class Cut:
    """One cut: what is published, with the counts behind it."""

    quarter: Quarter
    plan: Plan
    is_rebase: bool
    """Every cell is looked at, under new offsets: the first cut, the first of a year, and the first of another list."""
    cells: Mapping[Cell, Trace]
    standing: Mapping[Cell, Standing] = field(default_factory=dict, repr=False)
    """Of the last cut alone: who was in earlier ones is not kept."""

    @property
    def epoch(self) -> int:
        return self.quarter.year


def cut(
    plan: Plan,
    rows: pl.DataFrame,
    quarter: Quarter,
    *,
    key: bytes,
    before: Cut | None = None,
    held: frozenset[Cell] = frozenset(),
) -> Cut:
    """The cut of a quarter.

    Args:
        plan: the list of tables; another list than before only at the first cut of a year.
        rows: one row per subject; see `counting.members`.
        quarter: whose begin it is; later than that of `before`.
        key: of the hub alone; draws offsets and resting cells.
        before: the last cut that was released.
        held: cells that the audit wants left as they were; at a re-base, withheld.

    Raises:
        CgtError: the quarter is not later, the list changed within a year, or the rows are not what `counting.members` wants.
    """
    if before is not None and quarter <= before.quarter:
        raise CgtError("a cut is later than the one before", remedy="Cut the next quarter")
    is_rebase = before is None or before.epoch != quarter.year
    if before is not None and not is_rebase and plan != before.plan:
        raise CgtError("the list of collective tables stands for a year", remedy="Change it with the first cut of the next year")
    stood = before.standing if before is not None else {}
    now = members(plan, rows)
    groups = {group for of in now.values() for group in of.values()}
    groups |= {group for one in stood.values() for of in (one.evaluated, one.changed) for group in of.values()}
    year = _Year(key, quarter.year, is_rebase, guards.lookers(entities(groups)))
    cells: dict[Cell, Trace] = {}
    standing: dict[Cell, Standing] = {}
    for cell, of in now.items():
        was = stood.get(cell)
        looked_at = year.looked_at(cell, of, was, is_held=cell in held)
        standing[cell] = looked_at or stood[cell]
        moved = moves(was.evaluated, of) if was is not None else {}
        cells[cell] = Trace(standing[cell].value, looked_at is not None, counts(of), moved)
    return Cut(quarter, plan, is_rebase, cells, standing)


class _Year(NamedTuple):
    """What holds for all cells of a cut."""

    key: bytes
    epoch: int
    is_rebase: bool
    lookers: list[View]

    def looked_at(self, cell: Cell, of: Members, was: Standing | None, *, is_held: bool) -> Standing | None:
        """The cell looked at anew, or None where what stands must stay."""
        if was is None or self.is_rebase:
            drawn = guards.offset(self.key, self.epoch, cell, self._allowed(of, was))
            return Standing(None if is_held else self._figure(cell, of, drawn), drawn, of, of)
        evaluated, changed = moves(was.evaluated, of), moves(was.changed, of)
        if is_held or not all(guards.may_change(change(evaluated, view), change(changed, view)) for view in self.lookers):
            return None
        value = self._figure(cell, of, was.offset)
        return Standing(value, was.offset, of, was.changed if value == was.value else of)

    def _figure(self, cell: Cell, of: Members, drawn: int) -> int | None:
        if guards.rests(self.key, self.epoch, cell):
            return None
        seen, total = counts(of), len(of)
        value = guards.rounded(total, drawn)
        for view in self.lookers:
            others = foreign(seen, view)
            left = value - (total - sum(others.values()))
            if not (guards.is_enough(left) and guards.is_of_several(others) and guards.is_nobodys(others)):
                return None
        return value

    def _allowed(self, of: Members, was: Standing | None) -> list[int]:
        """Offsets to draw from: at a re-base, those under which a small foreign change could be none. The one before is always one."""
        every = list(range(guards.BASE + 1))
        if was is None or was.value is None:
            return every
        own = set()
        for then in (was.evaluated, was.changed):
            moved = moves(then, of)
            changes = [change(moved, view) for view in self.lookers]
            own |= {len(of) - len(then) - one.net for one in changes if one.subjects < guards.LEAST}
        return [one for one in every if all(guards.steps_back(guards.rounded(len(of), one), many, was.value) for many in own)]
