"""A linear programme over the cube of all dimensions at every cut, with the offsets that the cuts of a year share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array

from cgt_etl.egress.collective.engine import Cut
from cgt_etl.egress.collective.plan import Cell
from tests.attack.history import BASE, Found, History, K, narrow

MANY = 10.0**5
ROUNDS = 6
"""Random directions tried for all counts at once; what they leave in doubt is tried one by one."""
EXACT = 1e-6


def attack(history: History) -> Iterator[Found]:
    """Counts of others at any cut, shown or hidden, that all figures ever released bracket."""
    programme = Programme(history.cuts)
    for who in history.attackers:
        own = {(number, cell): history.own(number, cell, who) for number in range(len(history.cuts)) for cell in history.cuts[number].cells}
        for (number, cell), (least, most) in programme.bounds(own).items():
            possible = int(np.floor(most + EXACT) - np.ceil(least - EXACT)) + 1
            yield from narrow(possible, history.text(number, cell, who), who)


def cube_bounds(one: Cut, cell: Cell) -> tuple[float, float]:
    """Least and most of a cell of a single cut, to somebody without rows of their own."""
    programme = Programme([one])
    return programme.span((0, cell), dict.fromkeys(programme.sums, 0))


class Programme:
    """Unknown are the others in each cell of the cube at each cut, and each offset of a year. Rows of who looks come with each question."""

    def __init__(self, cuts: list[Cut]) -> None:
        plan = cuts[0].plan
        names = [one.name for one in plan.dimensions]
        cube = [dict(zip(names, at, strict=True)) for at in product(*(one.categories for one in plan.dimensions))]
        within = {
            cell: self._within(names, cube, plan_cell=cell, of=table.dimensions) for table in plan.tables for cell in plan.cells(table)
        }
        self.sums = {
            (number, cell): [number * len(cube) + at for at in within[cell]] for number in range(len(cuts)) for cell in cuts[number].cells
        }
        self._shown = {place: value for place in self.sums if (value := self._figure(cuts, place)) is not None}
        offsets = sorted({(cuts[number].epoch, cell) for number, cell in self._shown})
        self._cubes, self._unknown = len(cuts) * len(cube), len(cuts) * len(cube) + len(offsets)
        at, rows = [], 0
        for number, cell in self._shown:
            offset = self._cubes + offsets.index((cuts[number].epoch, cell))
            at += [(rows, one, 1.0) for one in (*self.sums[number, cell], offset)]
            at += [(rows + 1, one, -1.0) for one in (*self.sums[number, cell], offset)]
            at += [(rows + 2, one, -1.0) for one in self.sums[number, cell]]
            rows += 3
        where, which, factor = zip(*at, strict=True) if at else ((), (), ())
        self._above = csr_array((np.array(factor, float), (where, which)), shape=(rows, self._unknown))
        self._wide = [(0, MANY)] * self._cubes + [(0, BASE)] * len(offsets)

    @staticmethod
    def _within(names: list[str], cube: list[dict[str, str]], *, plan_cell: Cell, of: tuple[str, ...]) -> list[int]:
        return [at for at, point in enumerate(cube) if tuple(point[name] for name in of) == plan_cell.categories]

    @staticmethod
    def _figure(cuts: list[Cut], place: tuple[int, Cell]) -> int | None:
        trace = cuts[place[0]].cells[place[1]]
        return trace.value if trace.is_evaluated else None

    def bounds(self, own: Mapping[tuple[int, Cell], int]) -> dict[tuple[int, Cell], tuple[float, float]]:
        """Least and most of each count that can be only one of few; of the others, nothing."""
        random = np.random.default_rng(len(self.sums))
        least, most = dict.fromkeys(self.sums, np.inf), dict.fromkeys(self.sums, -np.inf)
        doubtful = set(self.sums)
        for _ in range(ROUNDS):
            if not doubtful:
                break
            goal = np.concatenate([random.choice([-1.0, 1.0], self._cubes), np.zeros(self._unknown - self._cubes)])
            for point in (self._solve(goal, own), self._solve(-goal, own)):
                for place in doubtful:
                    count = float(point[self.sums[place]].sum())
                    least[place], most[place] = min(least[place], count), max(most[place], count)
            doubtful = {one for one in doubtful if np.floor(most[one] + EXACT) - np.ceil(least[one] - EXACT) + 1 < BASE}
        return {one: self.span(one, own) for one in sorted(doubtful)}

    def span(self, place: tuple[int, Cell], own: Mapping[tuple[int, Cell], int]) -> tuple[float, float]:
        goal = np.zeros(self._unknown)
        goal[self.sums[place]] = 1.0
        least, most = (float(goal @ self._solve(sign * goal, own)) for sign in (1, -1))
        return least, most

    def _solve(self, goal: NDArray[np.float64], own: Mapping[tuple[int, Cell], int]) -> NDArray[np.float64]:
        limit: list[float] = []
        for place, value in self._shown.items():
            left = value - own[place]
            limit += [left + BASE - 1, -left, -K]
        bound = {"A_ub": self._above, "b_ub": limit} if limit else {}
        found = linprog(goal, bounds=self._wide, method="highs", **bound)
        assert found.success, "the figures contradict one another"
        return np.asarray(found.x)
