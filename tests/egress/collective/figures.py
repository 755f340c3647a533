"""What the collective tables are worth, and what an audit costs: `python -m tests.egress.collective.figures [SEEDS] [knowing]`.

Prints, over the published list and simulated worlds of five years: the error of published counts whose truth is at least 75, against the
truth of the same day and of the day on which the figure was made, and how many contributors get a benchmark. With `audit`, the time that
an audit of the twentieth cut takes against the nineteen before.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import numpy as np

from cgt_etl.egress.collective.audit import audit
from cgt_etl.egress.collective.engine import Cut, Quarter, cut
from cgt_etl.egress.collective.plan import Plan, load
from cgt_etl.simulator.collective_world import Size, at, world
from tests.egress.collective.test_plan import PUBLISHED

QUARTERS = 20
LARGE = 75


def five_years(plan: Plan, seed: int, size: Size, every: int = 1) -> list[Cut]:
    """Cuts of the engine on a world of the published list: each quarter, or every so many."""
    populations = {
        name: {dimension: plan.dimension(dimension).categories for table in plan.of(name) for dimension in table.dimensions}
        for name in plan.populations
    }
    of = world(seed, populations, size)
    cuts: list[Cut] = []
    for number in range(0, size.quarters, every):
        quarter = Quarter(2026 + number // 4, number % 4 + 1)
        cuts.append(cut(plan, at(of, number), quarter, key=f"key {seed}".encode(), before=cuts[-1] if cuts else None))
    return cuts


def errors(cuts: list[Cut]) -> Iterator[tuple[float, float]]:
    """Relative errors of each published count: against today's truth, and against the truth when it was made."""
    made: dict[object, int] = {}
    for one in cuts:
        for cell, trace in one.cells.items():
            truth = sum(trace.counts.values())
            if trace.is_evaluated:
                made[cell] = truth
            if trace.value is not None and truth >= LARGE:
                yield abs(trace.value - truth) / truth, abs(trace.value - made[cell]) / made[cell]


def benchmarks(cuts: list[Cut]) -> Iterator[tuple[bool, bool]]:
    """For each cut, contributor and row of a table it contributes to: whether two bands are shown, and whether all are."""
    for one in cuts:
        for table in one.plan.tables:
            for category in one.plan.dimension(table.dimensions[0]).categories:
                of = [one.cells[cell] for cell in one.plan.cells(table) if cell.categories[0] == category]
                shown = [trace.value is not None for trace in of]
                for _ in {group.contributor for trace in of for group in trace.counts}:
                    yield sum(shown) > 1, all(shown)


def main() -> None:
    seeds, size = int(sys.argv[1]), Size(knowing=int(sys.argv[2]), quarters=QUARTERS)
    plan = load(PUBLISHED)
    played = [five_years(plan, seed, size) for seed in range(seeds)]
    today, then = np.array([pair for cuts in played for pair in errors(cuts)]).T
    two, every = np.array([pair for cuts in played for pair in benchmarks(cuts)]).T
    print(f"{size}, {seeds} seeds, {len(today)} published counts of at least {LARGE}")
    print(f"error, 95th percentile: {np.quantile(today, 0.95):.1%} of today's count, {np.quantile(then, 0.95):.1%} of the count when made")
    print(f"benchmark: {two.mean():.1%} of contributors see two bands and more, {every.mean():.1%} all bands of a row they contribute to")
    if "audit" in sys.argv:
        began, worked = time.monotonic(), time.process_time()
        conflicts = audit(played[0])
        spent = f"{time.process_time() - worked:.0f} s of processor, {time.monotonic() - began:.0f} s by the clock"
        print(f"audit of cut {QUARTERS} against {QUARTERS - 1}: {spent}; conflicts {len(conflicts)}")
        for conflict in conflicts[:10]:
            print(" ", conflict)


if __name__ == "__main__":
    main()
