"""Questions over a home: asked, answered under noise, told to everybody, and refused where nothing of the rows decides it."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cgt_etl.cli import cgt_etl
from cgt_etl.egress.questions import features, home
from cgt_etl.egress.questions.home import Asked
from cgt_etl.egress.rights.everybody import Wish
from cgt_etl.egress.rights.everybody import partners as of_roles
from cgt_etl.errors import CgtError
from cgt_etl.release import read
from cgt_etl.settings import Settings
from tests.egress.collective.release_world import BEGIN, HOSPITALS, MAKERS, declare, empty, entity, patient
from tests.egress.questions.worlds import CATALOGUE
from tests.egress.world import token
from tests.release import sample

KEY = bytes(range(32))
PATIENTS = 768
QUESTION = ("contrast", "out_of_specification", "hold_48_h_or_more")
ASKED = Asked("contrast", "out_of_specification", ("hold_48_h_or_more",), MAKERS[0], BEGIN)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight manufacturers' patients; every other one held for 60 h, of whom half fail, of the others one in ten."""
    folder = tmp_path_factory.mktemp("home")
    rows = empty()
    for number in range(PATIENTS):
        is_held = number // 64 % 2
        fails = number // 8 % (2 if is_held else 10) == 0
        patient(
            rows,
            f"patient {number}",
            MAKERS[number % 8],
            HOSPITALS[number // 8 % 8],
            hold_h=60 if is_held else 30,
            verdict="fail" if fails else "pass",
        )
    for number, row in enumerate(rows["collection"]):
        row["is_cryopreserved"] = bool(number % 2)
    for number, row in enumerate(rows["administration"]):
        row["cells_given_10_6"] = 100.0 + 200 * (number % 2)
    for number, row in enumerate(rows["journey"][:4]):
        said = {"outcome_id": token(f"crs {number}"), "journey_id": row["journey_id"], "subject_id": row["subject_id"]}
        scale = "lee" if number == 3 else "astct"
        rows["outcome"].append(said | {"outcome_type": "crs", "scale_code": scale, "grade": number, "onset_date": date(2025, 12, 1)})
    rows["event"][0]["occurred_date"] = date(2026, 6, 1)
    sample.released(folder, 1, rows, "first")
    return folder


@pytest.fixture(scope="module")
def partners(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The parties of the release, of which the manufacturers agree to what is asked."""
    return declare(tmp_path_factory.mktemp("partners"), MAKERS)


@pytest.fixture(autouse=True)
def _environment(released: Path, partners: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGT_PARTNERS", f"={partners}")
    monkeypatch.setenv("CGT_HOME", str(released))
    monkeypatch.setenv("CGT_MASTER_KEY", base64.b64encode(KEY).decode())


def _said(*words: str) -> Result:
    return CliRunner().invoke(cgt_etl, ["collective", *words])


def _ask(*words: str, by: str = MAKERS[0], quarter: str = "2026-01-01") -> Result:
    return _said("ask", *words, "--by", by, "--quarter", quarter)


def test_the_catalogue_is_told_in_words() -> None:
    said = _said("questions").output
    assert "frozen_start: starting material frozen before manufacture, against fresh" in said
    assert "consents cover the purpose research" in said


def test_a_question_is_answered_once_a_quarter_for_everybody(released: Path) -> None:
    done = _ask(*QUESTION)
    assert done.exit_code == 0, (done.output, done.exception)
    low, high = (float(one) for one in re.findall(r"\((-?[\d.]+) to (-?[\d.]+)\)", done.output)[0])
    assert low < 0.4 < high
    assert high - low < 0.5
    again = _ask(*QUESTION, by=MAKERS[1])
    assert "Answered before" in again.output
    assert again.output.splitlines()[:-1] == done.output.splitlines()[:-1]
    told = json.loads((released / "questions" / "released" / "000001.json").read_text())
    assert f"({told['figures'][0]['low']:.4f} to {told['figures'][0]['high']:.4f})" in done.output
    later = _ask(*QUESTION, quarter="2026-04-01")
    assert later.output.splitlines()[2:3] != done.output.splitlines()[2:3]
    listed_answers = _said("answers").output
    assert "batch, 2026Q1: spent 0.0080 of 0.1 rho" in listed_answers
    assert "batch, ever: spent 0.0160 of 1 rho" in listed_answers


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (ASKED._replace(by="nobody"), "knows no such partner"),
        (ASKED._replace(begin=date(2026, 2, 1)), "no quarter begins"),
        (ASKED._replace(begin=date(2026, 7, 1)), "ends before the quarter begins"),
        (ASKED._replace(outcome="survival"), "no such outcome"),
    ],
)
def test_what_cannot_be_asked_is_refused_and_costs_nothing(asked: Asked, says: str) -> None:
    before = home.answers(Settings.from_environment())
    with pytest.raises(CgtError, match=says):
        home.ask(Settings.from_environment(), asked, lambda wishes: [(True, "")] * len(wishes))
    assert home.answers(Settings.from_environment()) == before


def test_without_its_agreement_a_partner_is_left_out(partners: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copytree(partners, tmp_path / "partners")
    (tmp_path / "partners" / MAKERS[3] / "agreements.yaml").unlink()
    monkeypatch.setenv("CGT_PARTNERS", f"={tmp_path / 'partners'}")
    refused = _ask("contrast", "out_of_specification", "frozen_start", quarter="2026-04-01")
    assert "fewer than 8 legal entities" in str(refused.exception)


def test_who_does_not_permit_is_left_out_and_too_few_are_not_asked() -> None:
    def decide(wishes: Sequence[Wish]) -> list[tuple[bool, str]]:
        return [((wish.contributor, wish.recipient) != (MAKERS[2], HOSPITALS[0]), "no agreement") for wish in wishes]

    with pytest.raises(CgtError, match="fewer than 8 legal entities"):
        home.ask(Settings.from_environment(), ASKED._replace(exposures=("frozen_start",), begin=date(2026, 4, 1)), decide)


def test_rows_have_the_features_that_questions_ask_about(released: Path) -> None:
    rows = features.rows(read.find(Settings.from_environment(), None), CATALOGUE, BEGIN)
    assert rows.height == PATIENTS
    assert dict(rows["starting_state"].value_counts().iter_rows()) == {"fresh": PATIENTS // 2, "frozen": PATIENTS // 2}
    assert dict(rows["dose_band"].value_counts().iter_rows()) == {"up to 200 x 10^6": PATIENTS // 2, "above 200 x 10^6": PATIENTS // 2}
    assert dict(rows["crs_band"].value_counts().iter_rows()) == {"below grade 2": 2, "grade 2 or more": 1, "not stated": PATIENTS - 3}
    declared = of_roles(read.find(Settings.from_environment(), None), ["manufacturer"])
    assert declared == {entity(one): (one,) for one in MAKERS}
    assert set(rows["contributor"]) == set(declared)
