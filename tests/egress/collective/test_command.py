"""The commands of the collective tables over a home: what a person reads, what is written, and what is refused."""

from __future__ import annotations

import base64
import fcntl
import json
import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cgt_etl.cli import cgt_etl
from cgt_etl.door.tokens import Keys
from cgt_etl.egress.collective import home as tables_of
from cgt_etl.egress.collective.ledger import Ledger, TamperedLedger
from cgt_etl.egress.collective.plan import Cell
from cgt_etl.errors import LeaseHeld
from tests.egress.collective.release_world import empty, patients
from tests.egress.collective.worlds import drawn_cut
from tests.release import sample

KEY = bytes(range(32))
PATIENTS = 160
CELLS = {"auto_cart, 21 to 28 d", "auto_cart, 90 % and more", "24 to 48 h, within specification", "hospital, 95 % and more"}
"""In which all of them are."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose release tells of so many patients, and of days until June."""
    folder = tmp_path_factory.mktemp("home")
    rows = empty()
    patients(rows, PATIENTS)
    rows["event"][0]["occurred_date"] = date(2026, 6, 1)
    sample.released(folder, 1, rows, "first")
    return folder


@pytest.fixture(autouse=True)
def _environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGT_HOME", str(home))
    monkeypatch.setenv("CGT_MASTER_KEY", base64.b64encode(KEY).decode())


def _said(*words: str) -> Result:
    return CliRunner().invoke(cgt_etl, ["collective", *words])


def test_the_list_is_told_in_words() -> None:
    said = _said("list").output
    assert "starting_viability: people collected from" in said
    assert "verdict of the release tests of the batch, and its disposition: within specification;" in said
    assert "consents cover the purpose research" in said


def test_cuts_are_released_and_attacked_again_and_a_quarter_is_cut_once(home: Path) -> None:
    done = _said("cut", "--quarter", "2026-01-01")
    assert done.exit_code == 0, (done.output, done.exception)
    figures = dict(re.findall(r"^  (.+): (\d+|withheld)$", done.output, re.MULTILINE))
    assert {cell for cell, figure in figures.items() if figure != "withheld"} == CELLS
    assert all(abs(int(figures[cell]) - PATIENTS) <= 11 and int(figures[cell]) % 11 == 0 for cell in CELLS)
    released = json.loads((home / "collective" / "released" / "2026Q1.json").read_text())
    assert {", ".join(one["categories"]): one["value"] for one in released["cells"] if one["value"]} == {
        cell: int(figures[cell]) for cell in CELLS
    }
    assert "a cut is later than the one before" in str(_said("cut", "--quarter", "2026-01-01").exception)
    assert _said("cut", "--quarter", "2026-04-01", "--release", "0001").exit_code == 0
    audited = _said("audit")
    assert (audited.exit_code, "Attacked 2 cuts" in audited.output) == (0, True), audited.output
    assert audited.output.splitlines()[-1] == "Nothing is told."


@pytest.mark.parametrize(
    ("day", "says"), [("2026-02-01", "no quarter begins on this day"), ("2026-07-01", "ends before the quarter begins")]
)
def test_a_day_that_cannot_be_cut_is_refused(day: str, says: str) -> None:
    assert says in str(_said("cut", "--quarter", day).exception)


def test_nothing_is_cut_while_a_night_writes(home: Path) -> None:
    with (home / "lease").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert isinstance(_said("cut", "--quarter", "2026-04-01").exception, LeaseHeld)


def test_an_audit_names_what_the_ledger_tells_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGT_HOME", str(tmp_path))
    ledger = Ledger(tmp_path / "collective", Keys(KEY).collective("ledger"))
    ledger.append(drawn_cut(tables_of.listed(), {Cell("viability", ("ghsc", "below 80 %")): (5, 11)}))
    audited = _said("audit")
    assert audited.exit_code == 1
    assert "viability [ghsc, below 80 %] of 2026Q1, seen by anybody: rests on fewer than 11 subjects of others" in audited.output
    assert audited.output.splitlines()[-1] == "The ledger tells too much."


def test_a_ledger_under_another_key_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGT_HOME", str(tmp_path))
    Ledger(tmp_path / "collective", bytes(32)).append(drawn_cut(tables_of.listed(), {}))
    assert isinstance(_said("audit").exception, TamperedLedger)
