"""What the audit finds is held back, as little as will do; what cannot be mended is refused, and nothing is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from cgt_etl.egress.collective import publish as way_out
from cgt_etl.egress.collective.audit import Conflict
from cgt_etl.egress.collective.ledger import Ledger
from cgt_etl.egress.collective.plan import Cell
from cgt_etl.egress.collective.publish import RefusedCut, publish
from tests.egress.collective.worlds import FIRST, evenly, people, plan

ONE, OTHER, HIDDEN = Cell("ab", ("a1", "b1")), Cell("ab", ("a2", "b2")), Cell("ab", ("a1", "b2"))
ROWS = people(evenly("a1 b1 c1", 20) | evenly("a2 b2 c1", 20))
KEY = b"key 2"


def _told(*because: Cell) -> Conflict:
    return Conflict("a count of others is determined", HIDDEN, str(FIRST), ("p0", "p1"), because)


def test_the_figure_in_most_conflicts_is_held_back_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = iter([[_told(ONE, OTHER), _told(OTHER)], []])
    monkeypatch.setattr(way_out, "audit", lambda cuts: next(found))
    cut = publish(Ledger(tmp_path, b"mark"), plan("ab"), ROWS, FIRST, KEY)
    assert (cut.cells[ONE].value is None, cut.cells[OTHER].value) == (False, None)


def test_a_conflict_without_a_figure_to_hold_back_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(way_out, "audit", lambda cuts: [_told()])
    with pytest.raises(RefusedCut, match=r"ab \[a1, b2\] of 2026Q1, seen by p0 with p1: a count of others is determined"):
        publish(Ledger(tmp_path, b"mark"), plan("ab"), ROWS, FIRST, KEY)
    assert Ledger(tmp_path, b"mark").read() == []
