"""What of the pooled, unprotected analysis the protected tables tell as well: `python -m tests.egress.collective.findings SEEDS`.

A contrast is two rows and two bands of a table: the log odds ratio of their four counts. It is a finding where its 95 % interval in the
exact counts of the last cut, by Woolf's formula, is on one side of nought. It is recovered where the figures of the tables have the same
sign and their interval overlaps. A finding whose four figures were never shown together is not recovered.

The tables' interval knows the rounding: a figure v stands for counts of mean v - 1/2 and variance 21.9 (u uniform on 0 to 11, the remainder
on 0 to 10), which is put beside Woolf's variance by the delta method.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from math import log, sqrt
from typing import NamedTuple

from cgt_etl.egress.collective.engine import Cut
from cgt_etl.egress.collective.plan import Cell, Plan, load
from cgt_etl.simulator.collective_world import Size
from tests.egress.collective.figures import QUARTERS, five_years
from tests.egress.collective.test_plan import PUBLISHED

EFFECT = 0.7
Z = 1.96
MEAN, VARIANCE = -0.5, (11**2 - 1) / 12 + (12**2 - 1) / 12


class Contrast(NamedTuple):
    """A log odds ratio with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def is_finding(self) -> bool:
        return self.low > 0 or self.high < 0

    def agrees(self, other: Contrast) -> bool:
        return (self.value > 0) == (other.value > 0) and self.low <= other.high and other.low <= self.high


def contrast(counts: Sequence[float], rounding: float = 0.0) -> Contrast:
    """Of counts of row 1 band 1, row 1 band 2, row 2 band 1, row 2 band 2, each off by a variance of `rounding`."""
    value = log(counts[0]) - log(counts[1]) - log(counts[2]) + log(counts[3])
    half = Z * sqrt(sum(1 / count + rounding / count**2 for count in counts))
    return Contrast(value, value - half, value + half)


def contrasts(plan: Plan) -> Iterator[tuple[Cell, Cell, Cell, Cell]]:
    for table in plan.tables:
        rows, bands = (plan.dimension(name).categories for name in table.dimensions)
        for (row, other), (band, beside) in ((rs, bs) for rs in combinations(rows, 2) for bs in combinations(bands, 2)):
            yield tuple(Cell(table.name, at) for at in ((row, band), (row, beside), (other, band), (other, beside)))  # type: ignore[misc]


def recovered(cuts: Sequence[Cut]) -> Counter[str]:
    """Findings of the last cut's exact counts, by what becomes of them: `recovered`, `contradicted`, `withheld`."""
    found: Counter[str] = Counter()
    for cells in contrasts(cuts[-1].plan):
        exact = [sum(cuts[-1].cells[cell].counts.values()) for cell in cells]
        if not all(exact) or not (pooled := contrast(exact)).is_finding:
            continue
        shown = [values for cut in reversed(cuts) if None not in (values := [cut.cells[cell].value for cell in cells])]
        if not shown:
            found["withheld"] += 1
        else:
            protected = contrast([value + MEAN for value in shown[0]], VARIANCE)
            found["recovered" if pooled.agrees(protected) else "contradicted"] += 1
    return found


def main() -> None:
    plan, found, last = load(PUBLISHED), Counter[str](), Counter[str]()
    for seed in range(int(sys.argv[1])):
        cuts = five_years(plan, seed, Size(quarters=QUARTERS, effect=EFFECT), every=4)
        found, last = found + recovered(cuts), last + recovered(cuts[-1:])
        if (seed + 1) % 10 == 0:
            for name, many in (("five yearly cuts", found), ("the last alone", last)):
                shares = ", ".join(f"{which} {many[which] / many.total():.1%}" for which in ("recovered", "withheld", "contradicted"))
                print(f"{seed + 1} seeds, {name}: {many.total()} findings; {shares}", flush=True)


if __name__ == "__main__":
    main()
