"""The commands of the collective tables over a home: what a person reads, what is written, and what is refused."""

from __future__ import annotations

import base64
import fcntl
import json
import re
import shutil
from collections.abc import Sequence
from datetime import date
from itertools import product
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from cgt_etl.cli import cgt_etl
from cgt_etl.door.tokens import Keys
from cgt_etl.egress.collective import home as tables_of
from cgt_etl.egress.collective.agreed import agreed
from cgt_etl.egress.collective.ledger import Ledger, TamperedLedger
from cgt_etl.egress.collective.plan import Cell
from cgt_etl.egress.collective.rows import rows
from cgt_etl.egress.rights.everybody import Wish, of_agreements
from cgt_etl.egress.rights.home import log_of, rights_of
from cgt_etl.errors import DeclarationError, LeaseHeld
from cgt_etl.release import read
from cgt_etl.settings import Settings
from cgt_etl.simulator.partner_files import partner_files
from cgt_etl.simulator.world.journeys import network
from tests.egress.collective.release_world import HOSPITALS, MAKERS, ROLES, declare, empty, entity, patients
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


@pytest.fixture(scope="module")
def partners(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parties of the release, all of whom agree to the tables."""
    return declare(tmp_path_factory.mktemp("partners"), ROLES)


@pytest.fixture(autouse=True)
def _environment(home: Path, partners: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGT_PARTNERS", f"={partners}")
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
    first, second = log_of(Settings(home)).read()
    assert {one["table"] for one in first["decisions"]} != {one["table"] for one in second["decisions"]}, "of each population"
    assert first["asked_for"] == "collective cut of the quarter from 2026-01-01 on"
    assert {one["form"] for one in first["decisions"]} == {"aggregate"}
    assert first["agreements"]
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


def test_without_its_agreement_a_manufacturer_counts_in_no_table_of_its_population(
    partners: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(home, tmp_path / "home", symlinks=True, ignore=shutil.ignore_patterns("collective", "lease"))
    shutil.copytree(partners, tmp_path / "partners")
    monkeypatch.setenv("CGT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CGT_PARTNERS", f"={tmp_path / 'partners'}")
    (tmp_path / "partners" / MAKERS[3] / "agreements.yaml").unlink()
    done = _said("cut", "--quarter", "2026-01-01")
    assert done.exit_code == 0, (done.output, done.exception)
    assert f"left out  batch  {entity(MAKERS[3])}  batch.disposition_code for " in done.output
    assert done.output.count("too few contributors") == 3, "the tables of seven manufacturers"
    assert "hospital, 95 % and more: " in done.output
    assert "no agreement permits it" in done.output


def test_one_recipient_refused_is_enough_to_be_left_out_and_the_others_stay() -> None:
    def decide(wishes: Sequence[Wish]) -> list[tuple[bool, str]]:
        return [((one.contributor, one.recipient, one.column) != (HOSPITALS[2], MAKERS[0], "site_id"), "refused") for one in wishes]

    release = read.find(Settings.from_environment(), None)
    plan, begin = tables_of.listed(), date(2026, 1, 1)
    every = rows(release, plan, begin)
    found = agreed(every, plan, release, decide, begin)
    assert [one.contributor for one in found.refused["collection"]] == [HOSPITALS[2]]
    assert found.refused["batch"] == ()
    assert found.rows.counted.filter(pl.col("population") == "batch").equals(every.counted.filter(pl.col("population") == "batch"))
    assert "collection" in found.rows.too_few, "seven are left"


def test_a_dimension_that_does_not_say_what_it_reads_is_refused() -> None:
    listed = tables_of.listed()
    nameless = listed.model_copy(update={"dimensions": tuple(one.model_copy(update={"reads": ()}) for one in listed.dimensions)})
    with pytest.raises(DeclarationError, match="says not what it reads"):
        nameless.reads("batch")


def test_the_wide_world_agrees_to_the_list(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for partner, files in partner_files(network("wide", 1), is_wide=True, high_volume=False).items():
        (tmp_path / partner).mkdir()
        for name, text in files.items():
            (tmp_path / partner / name).write_text(text)
    monkeypatch.setenv("CGT_PARTNERS", f"={tmp_path}")
    rights, plan = rights_of(Settings.from_environment()), tables_of.listed()
    names = sorted(rights.network.roles)
    for population in plan.populations:
        wishes = [
            Wish(to, of, *column.split("."), plan.purpose, date(2026, 1, 1))
            for to, of, column in product(names, names, plan.reads(population))
        ]
        assert all(is_allowed for is_allowed, _ in of_agreements(rights, plan.use)(wishes))
