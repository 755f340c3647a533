"""Attacks a cut, together with everything ever released, before it goes out; names each conflict.

Trusts no defence of `engine`: it works from the counts behind the figures, with rules written down here once more. Changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from cgt_etl.egress.collective import bounds
from cgt_etl.egress.collective.counting import View, change, entities, foreign, views
from cgt_etl.egress.collective.engine import Cut, Trace
from cgt_etl.egress.collective.guards import BASE, CONTRIBUTORS, LARGEST_SHARE, LEAST
from cgt_etl.egress.collective.plan import Cell


class Conflict(NamedTuple):
    """Why a cut may not go out."""

    rule: str
    cell: Cell
    quarter: str
    """Of the cut whose count would be told: the candidate's or an earlier one's."""
    view: tuple[str, ...]
    """Who could tell: nobody in particular, a requester, or a requester and a colluder."""
    because: tuple[Cell, ...] = ()
    """Figures of the candidate that would tell it, the heaviest first."""

    def __str__(self) -> str:
        seen = " with ".join(self.view) or "anybody"
        through = f", through {' and '.join(str(cell) for cell in self.because)}" if self.because else ""
        return f"{self.cell} of {self.quarter}, seen by {seen}: {self.rule}{through}"


def audit(cuts: Sequence[Cut]) -> list[Conflict]:
    """Conflicts of the last of the cuts, given all before it; none when it may go out. One a cell, quarter and rule.

    Args:
        cuts: everything ever released, in order, and the candidate.
    """
    found: dict[tuple[str, Cell, str], Conflict] = {}
    for conflict in _conflicts(cuts):
        found.setdefault((conflict.rule, conflict.cell, conflict.quarter), conflict)
    return list(found.values())


def _conflicts(cuts: Sequence[Cut]) -> Iterator[Conflict]:
    candidate = cuts[-1]
    for population in candidate.plan.populations:
        cells = [cell for table in candidate.plan.of(population) for cell in candidate.plan.cells(table)]
        lookers = views(entities(group for cut in cuts for cell in cells if cell in cut.cells for group in cut.cells[cell].counts))
        for cell in cells:
            for view in lookers:
                for rule in (*_rests_wrongly(candidate.cells[cell], view), *_shows(cuts, cell, view)):
                    yield Conflict(rule, cell, str(candidate.quarter), tuple(sorted(view)), (cell,))
        for view in lookers:
            yield from _told(cuts, population, view)


def _told(cuts: Sequence[Cut], population: str, view: View) -> Iterator[Conflict]:
    """Counts of others that all cuts together tell."""
    seen = tuple(sorted(view))
    try:
        narrow = bounds.narrow(cuts, population, view)
    except bounds.Contradiction:
        first = cuts[-1].plan.of(population)[0]
        yield Conflict("no counts agree with what was published", next(cuts[-1].plan.cells(first)), str(cuts[-1].quarter), seen)
        return
    for one in narrow:
        rule = "a count of others is determined" if one.least == one.most else "a count of others is told within less than the base"
        because = tuple(dict.fromkeys(place.cell for place in one.because if place.cut == len(cuts) - 1))
        yield Conflict(rule, one.place.cell, str(cuts[one.place.cut].quarter), seen, because)


def _rests_wrongly(trace: Trace, view: View) -> Iterator[str]:
    """R52, on the true counts of a figure made in this cut."""
    if trace.value is None or not trace.is_evaluated:
        return
    others = foreign(trace.counts, view)
    total = sum(others.values())
    if trace.value % BASE or abs(trace.value - sum(trace.counts.values())) > BASE:
        yield "the figure is no rounding of the count"
    if total < LEAST:
        yield f"rests on fewer than {LEAST} subjects of others"
    if len([number for number in others.values() if number]) < CONTRIBUTORS:
        yield f"rests on fewer than {CONTRIBUTORS} contributors besides"
    if max(others.values(), default=0) > LARGEST_SHARE * total:
        yield f"one contributor has more than {LARGEST_SHARE:.0%} of what is left"


def _shows(cuts: Sequence[Cut], cell: Cell, view: View) -> Iterator[str]:
    """A figure that changes though fewer than k subjects of others did."""
    trace, before = cuts[-1].cells[cell], cuts[-2].cells.get(cell) if len(cuts) > 1 else None
    if before is None or trace.value == before.value or change(trace.moved, view).subjects >= LEAST:
        return
    rule = f"a change of fewer than {LEAST} subjects of others shows"
    if not cuts[-1].is_rebase:
        yield rule
    elif trace.value is not None and before.value is not None:
        then = next(was for cut in reversed(cuts[:-1]) if (was := cut.cells[cell]).is_evaluated)  # at the latest when its year began
        own = _own(trace, view) - _own(then, view)
        if abs(trace.value - own - before.value) > 2 * BASE - 1:  # no two offsets explain it
            yield rule


def _own(trace: Trace, view: View) -> int:
    return sum(trace.counts.values()) - sum(foreign(trace.counts, view).values())
