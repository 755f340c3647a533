"""The answers of a ward's flowsheet reach the consensus grading: what a code map says is a finding that the grading macro knows."""

from __future__ import annotations

import csv
from typing import Any

import pytest
from jinja2 import Environment

from cgt_etl.settings import PACKAGE, REPOSITORY


def _maps(name: str) -> dict[str, str]:
    with (PACKAGE / "vocabularies" / "code_map.csv").open(encoding="utf-8", newline="") as file:
        return {row["local_code"]: row["canonical"] for row in csv.DictReader(file) if row["map"] == name}


def _findings() -> dict[str, dict[str, Any]]:
    """What the dbt macro `astct_findings` returns."""
    returned: list[dict[str, dict[str, Any]]] = []
    text = (REPOSITORY / "dbt_project" / "macros" / "toxicity.sql").read_text(encoding="utf-8")
    module = Environment(autoescape=False).from_string(text, {"return": lambda value: returned.append(value) or ""}).module
    module.astct_findings()  # type: ignore[attr-defined]
    return returned[0]


ANSWERS = _maps("toxicity_finding")
UNGRADED = {"fever_treatment": {"yes", "no"}}
"""A part of CRS that by itself gives no grade."""


@pytest.mark.parametrize("answer", sorted(ANSWERS))
def test_an_answer_is_a_finding_of_its_question(answer: str) -> None:
    part = _maps("laboratory_test")[answer.partition(":")[0]]
    grades = _findings()[part]["grades"] if part not in UNGRADED else UNGRADED[part]
    assert ANSWERS[answer] in grades


def test_every_finding_of_the_grading_can_be_answered() -> None:
    tests = _maps("laboratory_test")
    answered = {(tests[answer.partition(":")[0]], finding) for answer, finding in ANSWERS.items()}
    assert answered >= {(part, finding) for part, stated in _findings().items() for finding in stated["grades"]}
