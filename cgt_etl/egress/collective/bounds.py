"""What somebody can work out of a series of cuts: the least and the most that each count of others can be, by linear programming.

The attacker of this module knows more than any contributor does: the whole algorithm, own rows and a colluder's at every cut, when each
cell was looked at, and also every change of others that is too small to show. The counts it bounds must stay open all the same.

Unknown are the foreign members of each cell at each cut, and each cell's offset in each year. Known are the published figures, and that
tables of a population count the same subjects: where they share a dimension, the sums over the others are equal.
Judges nothing (`audit` does).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, vstack

from cgt_etl.egress.collective import guards
from cgt_etl.egress.collective.counting import View, change, foreign
from cgt_etl.egress.collective.engine import Cut, Trace
from cgt_etl.egress.collective.plan import Cell, Plan, Table

SLACK = 1e-6
"""By which a bound of the solver may be off; counts are whole."""
ROUNDS = 6
"""Random directions that are tried for all counts at once, before those still in doubt are tried one by one."""
PLENTY = 1_000_000.0
"""More subjects than any cell has: stands for no upper bound."""


class Place(NamedTuple):
    """A cell at a cut; `cut` counts from 0."""

    cell: Cell
    cut: int


class Narrow(NamedTuple):
    """A count of others that can only be one of few."""

    place: Place
    least: int
    most: int
    because: tuple[Place, ...]
    """Published figures on which the bounds rest, those that weigh most first."""


class Contradiction(Exception):
    """No counts agree with what was published: the ledger or the counts behind it are wrong."""


class _Count(NamedTuple):
    """A count of others as an unknown plus a known number."""

    unknown: int
    plus: int


@dataclass
class _System:
    """Rows of coefficients with a lower and an upper bound; unknowns are at least 0 or their own floor."""

    floors: list[float] = field(default_factory=list)
    ceilings: list[float] = field(default_factory=list)
    rows: list[dict[int, float]] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    says: list[Place | None] = field(default_factory=list)
    """The published figure that a row comes from."""
    places: dict[int, Place] = field(default_factory=dict)
    """Unknown -> the count that it is."""
    seen: set[tuple[object, ...]] = field(default_factory=set)

    def unknown(self, floor: float = 0.0, ceiling: float = PLENTY) -> int:
        self.floors.append(floor)
        self.ceilings.append(ceiling)
        return len(self.floors) - 1

    def add(self, row: Mapping[int, float], low: float, high: float, says: Place | None = None) -> None:
        kept = {unknown: factor for unknown, factor in sorted(row.items()) if factor}
        mark = (tuple(kept.items()), low, high)
        if kept and mark not in self.seen:
            self.seen.add(mark)
            self.rows.append(kept)
            self.lows.append(low)
            self.highs.append(high)
            self.says.append(says)


def narrow(cuts: Sequence[Cut], population: str, view: View) -> list[Narrow]:
    """Counts of a population that are foreign to a view and that it can tell more narrowly than the rounding base.

    Exact for the linear programme: every count is either seen at two values `BASE` possible counts apart, or bounded by two programmes.

    Raises:
        Contradiction: the cuts cannot all be.
    """
    system = _system(cuts, population, view)
    solve = _Solver(system)
    targets = sorted(system.places)
    least, most = np.full(len(targets), np.inf), np.full(len(targets), -np.inf)

    def look(objective: NDArray[np.float64]) -> tuple[Place, ...]:
        found, because = solve(objective)
        np.minimum(least, found[targets], out=least)
        np.maximum(most, found[targets], out=most)
        return because

    def in_doubt() -> list[int]:
        return np.flatnonzero(_many(least, most) < guards.BASE).tolist()

    random = np.random.default_rng(len(cuts))
    for _ in range(ROUNDS):
        if not in_doubt():
            return []
        objective = np.zeros(len(system.floors))
        objective[targets] = random.choice([-1.0, 1.0], len(targets))
        look(objective)
        look(-objective)
    found = []
    for place in in_doubt():
        objective = np.zeros(len(system.floors))
        objective[targets[place]] = 1.0
        because = (*look(objective), *look(-objective))
        if _many(least, most)[place] < guards.BASE:
            low, high = int(np.ceil(least[place] - SLACK)), int(np.floor(most[place] + SLACK))
            found.append(Narrow(system.places[targets[place]], low, high, tuple(dict.fromkeys(because))))
    return found


def _many(least: NDArray[np.float64], most: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many whole counts lie between."""
    return np.floor(most + SLACK) - np.ceil(least - SLACK) + 1


class _Solver:
    """Minimises over one system, again and again."""

    def __init__(self, system: _System) -> None:
        self._bounds = np.column_stack([system.floors, system.ceilings])
        low, high = np.array(system.lows), np.array(system.highs)
        even = np.flatnonzero(low == high)
        uneven = np.flatnonzero(low != high)
        upper, lower = uneven[np.isfinite(high[uneven])], uneven[np.isfinite(low[uneven])]
        matrix = _matrix(system)
        self._equal, self._equal_to = matrix[even], low[even]
        self._below = csr_array(vstack([matrix[upper], -matrix[lower]]))
        self._below_of = np.concatenate([high[upper], -low[lower]])
        self._says = [system.says[row] for row in (*upper.tolist(), *lower.tolist())]

    def __call__(self, objective: NDArray[np.float64]) -> tuple[NDArray[np.float64], tuple[Place, ...]]:
        """Where the objective is least, and the published figures that keep it from being less."""
        inequalities = {"A_ub": self._below, "b_ub": self._below_of} if self._below_of.size else {}
        equalities = {"A_eq": self._equal, "b_eq": self._equal_to} if self._equal_to.size else {}
        found = linprog(objective, bounds=self._bounds, method="highs", **inequalities, **equalities)
        if not found.success:
            raise Contradiction
        if not inequalities:
            return found.x, ()
        weights = np.abs(found.ineqlin.marginals)
        heavy = [int(row) for row in np.argsort(-weights, kind="stable") if weights[row] > SLACK]
        return found.x, tuple(says for row in heavy if (says := self._says[row]) is not None)


def _matrix(system: _System) -> csr_array:
    at = [(row, unknown, factor) for row, factors in enumerate(system.rows) for unknown, factor in factors.items()]
    rows, columns, factors = zip(*at, strict=True) if at else ((), (), ())
    return csr_array((np.array(factors, float), (rows, columns)), shape=(len(system.rows), len(system.floors)))


def _system(cuts: Sequence[Cut], population: str, view: View) -> _System:
    system = _System()
    last: dict[Cell, _Count] = {}
    """Each cell's count when it was last looked at."""
    offsets: dict[Cell, int] = {}
    for number, cut in enumerate(cuts):
        if cut.is_rebase:
            offsets.clear()
        now: dict[Cell, _Count] = {}
        for cell in (cell for table in cut.plan.of(population) for cell in cut.plan.cells(table)):
            trace = cut.cells[cell]
            now[cell] = _counted(system, Place(cell, number), trace, last.get(cell), view, is_rebase=cut.is_rebase)
            if trace.is_evaluated:
                last[cell] = now[cell]
            if trace.is_evaluated and trace.value is not None:
                if cell not in offsets:
                    offsets[cell] = system.unknown(ceiling=guards.BASE)
                _published(system, Place(cell, number), (now[cell], offsets[cell]), trace, view)
        for one, other in _equal_sums(cut.plan, population):
            _same(system, [now[cell] for cell in one], [now[cell] for cell in other])
    return system


def _counted(system: _System, place: Place, trace: Trace, last: _Count | None, view: View, *, is_rebase: bool) -> _Count:
    """The count of others, tied to the one when the cell was last looked at where little changed since."""
    moved = change(trace.moved, view)
    if last is not None and moved.subjects < guards.LEAST:
        return _Count(last.unknown, last.plus + moved.net)
    count = _Count(system.unknown(), 0)
    system.places[count.unknown] = place
    if last is not None and trace.is_evaluated and not is_rebase and not moved.left:  # only grew, by as many as a change takes
        system.add({count.unknown: 1.0, last.unknown: -1.0}, last.plus + guards.LEAST, np.inf)
    return count


def _published(system: _System, place: Place, unknown: tuple[_Count, int], trace: Trace, view: View) -> None:
    """A published figure less own rows is the count of others plus the offset, rounded down; and rests on at least k of them."""
    count, offset = unknown
    others = sum(foreign(trace.counts, view).values())
    left = (trace.value or 0) - (sum(trace.counts.values()) - others)
    system.add({count.unknown: 1.0, offset: 1.0}, left - count.plus, left + guards.BASE - 1 - count.plus, place)
    system.floors[count.unknown] = max(system.floors[count.unknown], guards.LEAST - count.plus)


def _same(system: _System, one: Sequence[_Count], other: Sequence[_Count]) -> None:
    row: dict[int, float] = defaultdict(float)
    for counts, sign in ((one, 1.0), (other, -1.0)):
        for count in counts:
            row[count.unknown] += sign
    known = float(sum(count.plus for count in other) - sum(count.plus for count in one))
    system.add(row, known, known)


def _equal_sums(plan: Plan, population: str) -> Iterator[tuple[list[Cell], list[Cell]]]:
    """Pairs of sets of cells that count the same subjects: by each category of a shared dimension, and all where none is shared."""
    tables = plan.of(population)
    for name in dict.fromkeys(name for table in tables for name in table.dimensions):
        for one, other in pairwise(table for table in tables if name in table.dimensions):
            for category in plan.dimension(name).categories:
                yield _with(plan, one, name, category), _with(plan, other, name, category)
    for one, other in pairwise(tables):
        if not set(one.dimensions) & set(other.dimensions):
            yield list(plan.cells(one)), list(plan.cells(other))


def _with(plan: Plan, table: Table, name: str, category: str) -> list[Cell]:
    return [cell for cell in plan.cells(table) if cell.categories[table.dimensions.index(name)] == category]
