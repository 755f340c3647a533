"""The commands of rights over a home: what a person reads, what is kept, and what is refused."""

from __future__ import annotations

import base64
import fcntl
import json
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cgt_etl.cli import cgt_etl
from cgt_etl.egress.rights.home import log_of
from cgt_etl.errors import CgtError, LeaseHeld
from cgt_etl.landing.chain import TamperedChain
from cgt_etl.settings import Settings
from tests.egress.collective.release_world import empty
from tests.release import sample


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose release tells of the first of June."""
    folder = tmp_path_factory.mktemp("home")
    rows = empty()
    rows["event"] = [{"event_id": "e1", "occurred_date": date(2026, 6, 1), "status_code": "completed"}]
    sample.released(folder, 1, rows, "first")
    return folder


@pytest.fixture(autouse=True)
def _environment(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGT_HOME", str(home))
    monkeypatch.setenv("CGT_MASTER_KEY", base64.b64encode(bytes(32)).decode())


def _said(*words: str) -> Result:
    return CliRunner().invoke(cgt_etl, ["rights", *words])


def test_every_agreement_and_refusal_is_listed_with_its_terms() -> None:
    said = _said("list").output
    assert "lakeside_hospital/lymphoma_outcomes_for_orchard  to orchard_cell_therapies, 2026-04-01 to 2027-09-30" in said
    assert "DUO:0000007 MONDO:0005062 (DS, disease specific research: lymphoma)" in said
    assert "hawthorn_cell_sciences/own_outcomes_while_blinded  refuses hawthorn_cell_sciences: outcome" in said
    assert "No agreement of: meridian_air_freight." in said
    listed = json.loads(_said("list", "--json").output)
    assert listed["policy_hash"] in said
    assert len(listed["contributors"]["orchard_cell_therapies"]["agreements"]) == 2
    assert 'principal == Partner::"cell_outcomes_registry"' in _said("list", "--policies").output


def test_what_a_partner_may_see_is_told_as_of_the_end_of_the_release_or_of_a_day() -> None:
    words = ("explain", "orchard_cell_therapies", "outcome", "--purpose", "DS MONDO:0018905", "--accept", "PUB", "--accept", "COL")
    now = _said(*words).output
    assert "diffuse large B-cell lymphoma), on 2026-06-01." in now
    assert "yes  lakeside_hospital: by lakeside_hospital/lymphoma_outcomes_for_orchard until 2027-09-30" in now
    before = _said(*words, "--as-of", "2026-03-31").output
    assert "lakeside_hospital/lymphoma_outcomes_for_orchard: embargo until 2026-04-01" in before
    row = _rows(json.loads(_said(*words, "--json").output), "grade")
    assert row["lakeside_hospital"]["is_allowed"]
    assert not row["summit_hospital"]["is_allowed"]


def _rows(said: dict[str, list[dict[str, object]]], column: str) -> dict[str, dict[str, object]]:
    (one,) = [one for one in said["columns"] if one["column"] == column]
    return {answer["contributor"]: answer for answer in one["others"] if answer["form"] == "row"}  # type: ignore[index, union-attr]


def test_decisions_are_kept_with_the_release_and_the_log_is_verified(home: Path) -> None:
    kept = _said("explain", "summit_hospital", "dose_unit", "--keep").output
    head = kept.split("the log of decisions ends with ")[1].split(".")[0]
    (said,) = log_of(Settings(home)).read(head)
    assert said["release"].startswith("0001-")
    assert "orchard_cell_therapies/doses_for_centres" in said["agreements"]
    assert f"1 records; the log of decisions ends with {head}." in _said("verify", "--head", head).output
    assert isinstance(_said("verify", "--head", "0" * 64).exception, TamperedChain)
    with (home / "lease").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert isinstance(_said("explain", "summit_hospital", "dose_unit", "--keep").exception, LeaseHeld)


@pytest.mark.parametrize(
    "words",
    [
        ("nobody", "outcome"),
        ("summit_hospital", "outcomes"),
        ("summit_hospital", "outcome", "--purpose", "DS"),
        ("summit_hospital", "outcome", "--accept", "HMB"),
    ],
)
def test_what_there_is_not_is_refused(words: tuple[str, ...]) -> None:
    assert isinstance(_said("explain", *words).exception, CgtError)


def test_without_a_release_a_day_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGT_HOME", str(tmp_path))
    assert "there is no such release" in str(_said("explain", "summit_hospital", "outcome").exception)
    assert _said("explain", "summit_hospital", "outcome", "--as-of", "2026-03-01").exit_code == 0


def test_agreements_of_a_deployment_stand_beside_its_partners_and_one_that_is_wrong_stops_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "partners" / "elm_laboratory"
    folder.mkdir(parents=True)
    monkeypatch.setenv("CGT_PARTNERS", str(tmp_path / "partners"))
    site = "{site: main, name: Elm, zone: Europe/Paris, country: FR}"
    (folder / "partner.yaml").write_text(
        f"partner: elm_laboratory\nname: Elm\nlegal_entity: Elm\nroles: [laboratory]\nsites: [{site}]\ntoken_key: elm-1\nowner: elm\n"
    )
    words = ("explain", "summit_hospital", "measurement", "--as-of", "2026-03-01")
    assert "elm_laboratory" in _said(*words).output
    given = (
        "agreements:\n  - {agreement: all, to: everybody, purposes: [HMB], consent: research, tables: [measurement], tier: network,\n"
        "     signed: 2026-01-01, expires: 2026-12-31, in_return: [thanks]}\n"
    )
    (folder / "agreements.yaml").write_text(given)
    assert "yes  elm_laboratory: by elm_laboratory/all until 2026-12-31" in _said(*words).output
    (folder / "agreements.yaml").write_text(given.replace("measurement", "measurements"))
    assert "elm_laboratory/agreements.yaml" in str(_said(*words).exception)
