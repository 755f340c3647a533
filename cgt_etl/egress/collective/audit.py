"""Attacks a cut, together with everything ever released, before it goes out; names each conflict.

Trusts no defence of `engine`: it works from the counts behind the figures, with rules written down here once more. Changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from cgt_etl.egress.collective import bounds
from cgt_etl.egress.collective.counting import Move, View, change, entities, foreign, views
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
            for rule in _explains_itself(cuts, cell):
                yield Conflict(rule, cell, str(candidate.quarter), ())
            for view in lookers:
                trace = candidate.cells[cell]
                for rule in (*_rests_wrongly(trace, view), *_shows(cuts, cell, view), *_shows_against_earlier(cuts, cell, view)):
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
    """A figure that changes though fewer than k subjects of others did: since it was last looked at, or since it last changed."""
    trace, before = cuts[-1].cells[cell], cuts[-2].cells.get(cell) if len(cuts) > 1 else None
    if before is None or trace.value == before.value:
        return
    rule = f"a change of fewer than {LEAST} subjects of others shows"
    for then, moved in _since(cuts, cell):
        if change(moved, view).subjects >= LEAST:
            continue
        if not cuts[-1].is_rebase:
            yield rule
        elif trace.value is not None and before.value is not None:
            own = _own(trace, view) - _own(then, view)
            if abs(trace.value - own - before.value) > 2 * BASE - 1:  # no two offsets explain it
                yield rule


def _shows_against_earlier(cuts: Sequence[Cut], cell: Cell, view: View) -> Iterator[str]:
    """A figure differs from one of any time before by more than offsets explain, though few others need have changed.

    By the counts alone: who was in earlier cells is not kept. Within a year the offset is the same, so that any difference shows.
    """
    trace, year = cuts[-1].cells[cell], max(number for number, cut in enumerate(cuts) if cut.is_rebase)
    if not trace.is_evaluated or trace.value is None:
        return
    known = [id(then) for then, _ in _since(cuts, cell)] if len(cuts) > 1 and cell in cuts[-2].cells else []
    for number, then in ((number, cut.cells[cell]) for number, cut in enumerate(cuts[:-1]) if cell in cut.cells):
        if not then.is_evaluated or then.value is None or id(then) in known:
            continue
        own = _own(trace, view) - _own(then, view)
        apart_by = abs(trace.value - own - then.value)
        if apart_by > (BASE - 1 if number >= year else 2 * BASE - 1) and abs(_others(trace, view) - _others(then, view)) < LEAST:
            yield f"a change of fewer than {LEAST} subjects of others shows"
            return


def _explains_itself(cuts: Sequence[Cut], cell: Cell) -> Iterator[str]:
    """The moves that a cut states lead from the counts of the cut that they are said to be since to its own."""
    trace = cuts[-1].cells[cell]
    if len(cuts) < 2 or cell not in cuts[-2].cells:
        return
    for then, moved in _since(cuts, cell):
        left = Counter(trace.counts)
        left.subtract(then.counts)
        for (old, new), number in moved.items():
            left.subtract({group: sign * number for group, sign in ((new, 1), (old, -1)) if group is not None})
        if any(left.values()):
            yield "what is said to have changed does not lead to the counts"


def _since(cuts: Sequence[Cut], cell: Cell) -> Iterator[tuple[Trace, Mapping[Move, int]]]:
    """The cell when it was last looked at, and when what is shown last changed, as the figures have it; each with the moves since."""
    trace, had = cuts[-1].cells[cell], [cut for cut in cuts[:-1] if cell in cut.cells]
    yield next(was for cut in reversed(had) if (was := cut.cells[cell]).is_evaluated), trace.moved
    changed = max(number for number, cut in enumerate(had) if cut.is_rebase)
    for number in range(changed + 1, len(had)):
        if had[number].cells[cell].value != had[number - 1].cells[cell].value:
            changed = number
    yield had[changed].cells[cell], trace.moved_since_changed


def _own(trace: Trace, view: View) -> int:
    return sum(trace.counts.values()) - _others(trace, view)


def _others(trace: Trace, view: View) -> int:
    return sum(foreign(trace.counts, view).values())
