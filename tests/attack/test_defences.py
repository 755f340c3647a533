"""Each defence, taken away, lets an attack succeed, and none succeeds while all are there.

`make attack` does so for ten sets of keys, and for the defences of sandboxes and questions, too.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from cgt_etl.egress.collective.ledger import Ledger
from cgt_etl.egress.collective.publish import publish
from tests.attack import access, defences, worlds
from tests.attack.defences import Deleted
from tests.attack.families import programme
from tests.attack.history import history, play
from tests.egress.collective.worlds import FIRST, people

DELETED = (*defences.ALL, *access.RIGHTS)
NAMES = [f"{one.defence} {number}" for number, one in enumerate(DELETED)]


@pytest.mark.slow
@pytest.mark.parametrize("deleted", DELETED, ids=NAMES)
def test_each_defence_deleted_lets_an_attack_succeed(deleted: Deleted) -> None:
    assert deleted.is_missed(seed=0)


@pytest.mark.slow
@pytest.mark.parametrize(
    "kept", [*defences.GUARDS, *defences.OTHERS[:1], *defences.OTHERS[-2:], *access.RIGHTS], ids=lambda kept: kept.defence
)
def test_while_it_is_there_the_same_attack_finds_nothing(kept: Deleted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defences, "KEYS", 12)
    assert list(kept.attacks(0)) == []


@pytest.mark.slow
def test_the_audit_holds_back_one_of_the_neighbours_that_give_a_hidden_cell_away(tmp_path: Path) -> None:
    rows, key = people(defences.SPREAD), next(defences.unlucky(0))
    assert list(programme.attack(play(worlds.PLAN, [rows], [FIRST], key)))
    published = publish(Ledger(tmp_path, b"mark"), worlds.PLAN, rows, FIRST, key)
    assert list(programme.attack(history([published], [rows]))) == []
    assert sum(trace.value is not None for trace in published.cells.values()) == 2  # one of three is held back
