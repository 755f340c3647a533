"""Cuts the collective tables: members of each cell in, a protected figure or nothing out, and what must be remembered for the next cut.

Every defence is in `guards`; what a cut gives away together with earlier ones is judged by `audit`. Writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import polars as pl

from cgt_etl.egress.collective import guards
from cgt_etl.egress.collective.counting import Change, Group, Members, Move, View, apart, change, counts, entities, foreign, members, moves
from cgt_etl.egress.collective.plan import Cell, Plan
from cgt_etl.errors import CgtError


class Quarter(NamedTuple):
    """A calendar quarter; rows are those known at its begin."""

    year: int
    number: int

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"

    @classmethod
    def beginning(cls, day: date) -> Quarter:
        """The quarter that begins on this day. Raises CgtError where none does."""
        if day.day != 1 or day.month % 3 != 1:
            raise CgtError("no quarter begins on this day", remedy="Name the first of January, April, July or October")
        return cls(day.year, day.month // 3 + 1)


class Look(NamedTuple):
    """A figure of long ago and the counts on which it was made. Never leaves the hub."""

    value: int | None
    counts: Mapping[Group, int]


class Standing(NamedTuple):
    """What is remembered of a cell between cuts. Never leaves the hub."""

    value: int | None
    offset: int
    evaluated: Members
    """Its members when it was last looked at."""
    changed: Members
    """Its members when what is shown last changed."""
    earlier: tuple[Look, ...] = ()
    """All other times that it was looked at: of earlier years those in which it was shown."""


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
    moved_since_changed: Mapping[Move, int]
    """Against its members when what is shown last changed before this cut; empty where it never was looked at."""


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
        moved, since_changed = (moves(was.evaluated, of), moves(was.changed, of)) if was is not None else ({}, {})
        cells[cell] = Trace(standing[cell].value, looked_at is not None, counts(of), moved, since_changed)
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
            allowed = self._allowed(of, was)
            drawn = guards.offset(self.key, self.epoch, cell, allowed or _EVERY)
            earlier = tuple(look for look in _earlier(was, is_changed=True) if look.value is not None) if was is not None else ()
            return Standing(self._figure(cell, of, drawn) if allowed and not is_held else None, drawn, of, of, earlier)
        evaluated, changed, seen = moves(was.evaluated, of), moves(was.changed, of), counts(of)
        if is_held or not all(
            guards.may_change(change(evaluated, view), change(changed, view))
            and all(guards.is_new(apart(look.counts, seen, view)) for look in was.earlier)
            for view in self.lookers
        ):
            return None
        value = self._figure(cell, of, was.offset)
        is_changed = value != was.value
        return Standing(value, was.offset, of, of if is_changed else was.changed, _earlier(was, is_changed=is_changed))

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
        """Offsets to draw from: those that explain the step from each figure ever shown since which fewer than k others changed.

        Of last year alone, the offset before is always one; where there is none, the cell is withheld.
        """
        if was is None:
            return list(_EVERY)
        small: set[tuple[int, int]] = set()
        """Figures, with the change of own rows since, where fewer than k others changed."""
        for value, then in ((was.value, was.evaluated), (was.value, was.changed)):
            moved = moves(then, of)
            small |= _small(value, len(of) - len(then), (change(moved, view) for view in self.lookers))
        seen = counts(of)
        for look in was.earlier:
            small |= _small(look.value, len(of) - sum(look.counts.values()), (apart(look.counts, seen, view) for view in self.lookers))
        return [one for one in _EVERY if all(guards.steps_back(guards.rounded(len(of), one), own, value) for value, own in small)]


_EVERY = range(guards.BASE + 1)


def _small(value: int | None, net: int, changes: Iterable[Change]) -> set[tuple[int, int]]:
    return set() if value is None else {(value, net - one.net) for one in changes if one.subjects < guards.LEAST}


def _earlier(was: Standing, *, is_changed: bool) -> tuple[Look, ...]:
    """What was looked at before, once the cell is looked at again: without the two times of which members are still known."""
    kept = [was.evaluated] if is_changed or was.evaluated != was.changed else []
    if is_changed and was.evaluated != was.changed:
        kept.insert(0, was.changed)
    return (*was.earlier, *(Look(was.value, counts(of)) for of in kept))
