"""The one way out of the collective tables: cut, attack, hold back what an attack would tell, attack again, write to the ledger.

Holds the order of these steps alone.
"""

from __future__ import annotations

from collections import Counter

import polars as pl

from cgt_etl.egress.collective.audit import Conflict, audit
from cgt_etl.egress.collective.engine import Cut, Quarter, cut
from cgt_etl.egress.collective.ledger import Ledger
from cgt_etl.egress.collective.plan import Cell, Plan
from cgt_etl.errors import CgtError


class RefusedCut(CgtError):
    """A cut that may not go out, though all was held back that could be."""


def publish(ledger: Ledger, plan: Plan, rows: pl.DataFrame, quarter: Quarter, key: bytes) -> Cut:
    """The cut of a quarter, audited against everything in the ledger and written to its end.

    Cells through which an attack would work are held back: they stay what they were, or are withheld at a re-base.

    Args:
        ledger: everything released so far.
        plan: the list of tables.
        rows: one row per subject; see `counting.members`.
        quarter: whose begin it is.
        key: of the hub alone.

    Raises:
        RefusedCut: a conflict that holding back does not mend; names it. Nothing was written.
        CgtError: what `engine.cut` and `Ledger.read` raise.
    """
    released = ledger.read()
    held: frozenset[Cell] = frozenset()
    while True:
        candidate = cut(plan, rows, quarter, key=key, before=released[-1] if released else None, held=held)
        conflicts = audit([*released, candidate])
        if not conflicts:
            ledger.append(candidate)
            return candidate
        more = _to_hold(conflicts) - held
        if not more:
            raise RefusedCut(
                f"the cut would tell too much: {conflicts[0]}", rule="R52", remedy="Nothing was released; see docs/sandboxes.md"
            )
        held |= more


def _to_hold(conflicts: list[Conflict]) -> frozenset[Cell]:
    """Few figures of this cut without which no conflict is left: the one that is in most of them, then of the rest, and so on."""
    held: list[Cell] = []
    while left := [conflict for conflict in conflicts if conflict.because and not set(conflict.because) & set(held)]:
        held += [cell for cell, _ in Counter(cell for conflict in left for cell in conflict.because).most_common(1)]
    return frozenset(held)
