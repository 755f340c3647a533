"""Who is in which cell: rows into members, members into counts, and how much of a count is foreign to whoever looks.

Counts exactly. Decides nothing about what is shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import combinations
from typing import NamedTuple

import polars as pl

from cgt_etl.egress.collective.plan import Cell, Plan
from cgt_etl.errors import CgtError


class Group(NamedTuple):
    """Whose a subject is in a table, and which legal entities know that row: the contributor, and others along the chain."""

    contributor: str
    knowing: tuple[str, ...]
    """Sorted; the contributor among them."""


Members = Mapping[str, Group]
"""Subject -> its group: all members of one cell."""
View = frozenset[str]
"""Legal entities that look together: nobody, a requester, or a requester with one colluder."""
Move = tuple[Group | None, Group | None]
"""Group before and after: None is out of the cell."""


class Change(NamedTuple):
    """How a view's foreign members differ between two times; a subject counts once."""

    joined: int
    left: int

    @property
    def subjects(self) -> int:
        return self.joined + self.left

    @property
    def net(self) -> int:
        return self.joined - self.left


def members(plan: Plan, rows: pl.DataFrame) -> dict[Cell, dict[str, Group]]:
    """Members of every cell of the list, empty cells too.

    Args:
        plan: the list of tables.
        rows: one row per subject: `population`, `subject` (a token), `contributor` (legal entity), `also_known_to` (list of further
            legal entities that hold this row's facts), and a column of categories for each dimension that a table of the population uses.

    Raises:
        CgtError: a subject has two rows, or a row no declared category of a dimension; says the dimension and the row, never a value.
    """
    _demand(plan, rows)
    found: dict[Cell, dict[str, Group]] = {cell: {} for table in plan.tables for cell in plan.cells(table)}
    for row in rows.iter_rows(named=True):
        group = Group(row["contributor"], tuple(sorted({row["contributor"], *(row["also_known_to"] or ())})))
        for table in plan.of(row["population"]):
            found[Cell(table.name, tuple(row[name] for name in table.dimensions))][row["subject"]] = group
    return found


def _demand(plan: Plan, rows: pl.DataFrame) -> None:
    if absent := sorted({"population", "subject", "contributor", "also_known_to"} - set(rows.columns)):
        raise CgtError(f"the rows have no column {absent[0]}", remedy="Give one row per subject")
    for name in ("population", "subject", "contributor"):
        if rows[name].null_count():
            raise CgtError("a row says nothing", column=name, remedy="Say whose row it is")
    # A subject in two populations would tie tables together in a way that no audit of shared dimensions sees.
    if rows["subject"].n_unique() < rows.height:
        raise CgtError("a subject has two rows", column="subject", remedy="Give one row per subject, in one population")
    for population in plan.populations:
        own = rows.with_row_index("row").filter(pl.col("population") == population)
        for name in sorted({name for table in plan.of(population) for name in table.dimensions}):
            if name not in own.columns:
                raise CgtError("the rows have no such dimension", column=name, remedy="Give its category for each subject")
            stray = own.filter(~pl.col(name).is_in(plan.dimension(name).categories).fill_null(value=False))
            if stray.height:
                remedy = "Give each subject a declared category; declare one such as `not stated` for those without"
                raise CgtError("a subject has no declared category", column=name, position=int(stray["row"][0]) + 1, remedy=remedy)


def counts(of: Members) -> dict[Group, int]:
    """Members by group."""
    return dict(sorted(Counter(of.values()).items()))


def moves(before: Members, after: Members) -> dict[Move, int]:
    """Subjects by group before and after; those that stayed in one group are left out."""
    subjects = before.keys() | after.keys()
    pairs = Counter((before.get(subject), after.get(subject)) for subject in subjects)
    return {pair: number for pair, number in pairs.items() if pair[0] != pair[1]}


def entities(groups: Iterable[Group]) -> list[str]:
    return sorted({name for group in groups for name in group.knowing})


def views(names: Iterable[str]) -> list[View]:
    """Nobody, each legal entity, each two of them."""
    known = sorted(set(names))
    return [frozenset(), *(frozenset([name]) for name in known), *(frozenset(pair) for pair in combinations(known, 2))]


def foreign(seen: Mapping[Group, int], view: View) -> dict[str, int]:
    """Members that nobody of the view knows, by contributor."""
    found: Counter[str] = Counter()
    for group, number in seen.items():
        if view.isdisjoint(group.knowing):
            found[group.contributor] += number
    return dict(found)


def change(moved: Mapping[Move, int], view: View) -> Change:
    """What of the moves is foreign to the view."""
    joined = left = 0
    for (old, new), number in moved.items():
        was = old is not None and view.isdisjoint(old.knowing)
        is_now = new is not None and view.isdisjoint(new.knowing)
        joined += number * (is_now and not was)
        left += number * (was and not is_now)
    return Change(joined, left)


def apart(before: Mapping[Group, int], after: Mapping[Group, int], view: View) -> Change:
    """The least of what is foreign to the view that must have changed, by the counts alone.

    Those who came and went cancel out, also between groups: who knows a subject's row may change while the subject stays.
    """
    net = sum(foreign(after, view).values()) - sum(foreign(before, view).values())
    return Change(max(net, 0), max(-net, 0))
