"""Names, dates of birth, sexes and postcodes: several forms of each as tokens, the values nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cgt_etl.contracts.model import Column, Demographic
from cgt_etl.door.admit import Admission
from cgt_etl.door.demographics import forms
from cgt_etl.door.tokens import token
from tests.door.build import KEYS, binding, csv_file, through
from tests.extract.build import column, table

NAME: dict[str, Any] = {"cast": "text", "privacy": "direct", "action": "token", "person": "recipient"}
PATIENT = table(
    "patient",
    column(
        "mrn", "MRN", position=1, required=True, cast="identifier", identifier="mrn", person="recipient", privacy="direct", action="token"
    ),
    column("family", "FAMILY", demographic="family_name", **NAME),
    column("given", "GIVEN", demographic="given_name", **NAME),
    column("postcode", "POSTCODE", demographic="postcode", **NAME),
    column("born", "BORN", cast="date", formats=["%Y-%m-%d", "%Y"], privacy="date", demographic="birth_date", person="recipient"),
    column("sex", "SEX", cast="code", code_map="sex", demographic="sex", person="recipient"),
    retraction={"column": "sex", "values": ["other"]},
)
ROW = ["123456", "Rosenfäller", "Élodie", "AB1 2CD", "1980-04-11", "F"]


def admitted(path: Path, *rows: list[str], suppressed: tuple[str, ...] = ()) -> Admission:
    return through(binding(PATIENT), csv_file(path / "f.csv", PATIENT, rows), suppressed)


def said(demographic: Demographic, text: str) -> dict[str, str]:
    return {form: written for form, _, written in forms(demographic, text)}


def shared(demographic: Demographic, one: str, other: str) -> set[str]:
    """Forms in which two values have one token."""
    return {form for form, *rest in forms(demographic, one) if (form, *rest) in set(forms(demographic, other))}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("ROSENFÄLLER", "Rosenfa\u0308ller", {"full", "phonetic", "start"}),
        ("Müller", "Mueller", {"phonetic"}),
        ("Smith-Harrow", "SMITH HARROW", {"full", "phonetic", "start"}),
        ("O'Dwyer", "Odwyer", {"full", "phonetic", "start"}),
        ("Strauß", "STRAUSS", {"full", "phonetic", "start"}),
        ("Thistlewood", "Thistlewod", {"phonetic", "start"}),
        ("Farrow", "Yarrow", set()),
    ],
)
def test_spellings_of_a_family_name_share_forms(one: str, other: str, expected: set[str]) -> None:
    assert shared("family_name", one, other) == expected


def test_an_initial_is_a_start_and_no_name() -> None:
    assert said("given_name", "J.") == {"start": "j"}
    assert shared("given_name", "Jane", "J") == {"start"}
    assert said("given_name", " .") == {}


def test_names_changed_about_have_one_token() -> None:
    family = {(kind, written) for form, kind, written in forms("family_name", "Hector") if form == "full"}
    assert family == {(kind, written) for form, kind, written in forms("given_name", "Hector") if form == "full"}


def test_a_birth_date_and_its_transposed_day() -> None:
    assert said("birth_date", "1980-04-11") == {"year": "1980", "day": "1980-04-11", "month_day": "04-11", "transposed": "1980-11-04"}
    assert "transposed" not in said("birth_date", "1980-04-13"), "no month 13"
    assert "transposed" not in said("birth_date", "1980-04-04"), "the same day"
    assert said("birth_date", "1980") == said("birth_date", "1980-04") == {"year": "1980"}
    days = {kind for form, kind, _ in forms("birth_date", "1980-04-11") if form in ("day", "transposed")}
    assert len(days) == 1, "so that the day of one is found as the transposed day of another"


def test_postcode_and_sex() -> None:
    assert said("postcode", "ab1 2cd") == {"full": "ab12cd", "area": "ab1"}
    assert said("sex", "female") == {"full": "female"}
    assert said("sex", "unknown") == said("postcode", "--") == {}


def test_tokens_are_under_the_linkage_key_and_no_name_is_accepted(tmp_path: Path) -> None:
    admission = admitted(tmp_path, ROW)
    table = admission.demographics
    assert set(table["demographic"]) == {"family_name", "given_name", "postcode", "birth_date", "sex"}
    assert set(table["person"]) == {"recipient"}
    [full] = table.filter(demographic="family_name", form="full")["token"]
    assert full == token(KEYS.linkage, "demographic/name", "", "rosenfaller")
    [sex] = table.filter(demographic="sex")["token"]
    assert sex == token(KEYS.linkage, "demographic/sex", "", "female"), "whatever code the partner has for it"
    accepted = admission.tables["patient"]
    assert not {name for name in accepted.columns if name.startswith(("family", "given", "postcode"))}
    assert accepted["born_date"].null_count() == 0, "what is kept is kept beside"
    written = repr(admission.tables) + repr(admission.links) + repr(admission.demographics.to_dicts()) + repr(admission.verdicts)
    assert not [text for text in ("Rosenf", "rosenf", "lodie", "ab1") if text in written]
    assert admission.counts["cells"]["tokenised"] == 4, "three of them into nothing but these tokens"


def test_what_does_not_stand_says_nothing(tmp_path: Path) -> None:
    assert admitted(tmp_path, [*ROW[:5], "other"]).demographics.is_empty(), "a retraction"
    unread = admitted(tmp_path, [*ROW[:4], "1980-02-30", "F"]).demographics
    assert "birth_date" not in set(unread["demographic"]), "a cell that was set aside"
    listed = token(KEYS.linkage, "mrn", "northgate", "00123456")
    erased = admitted(tmp_path, ROW, [*["654321"], *ROW[1:]], suppressed=(listed,))
    assert set(erased.demographics["source_row"]) == {3}, "a suppressed person's record"


@pytest.mark.parametrize(
    "wrong",
    [
        {"cast": "text", "privacy": "direct", "action": "token"},
        {"cast": "text", "privacy": "direct", "action": "token", "demographic": "family_name"},
        {"cast": "text", "privacy": "direct", "action": "token", "demographic": "birth_date", "person": "donor"},
        {"cast": "text", "privacy": "direct", "action": "drop", "reason": "x", "demographic": "family_name", "person": "donor"},
        {"cast": "text", "privacy": "direct", "action": "keep", "demographic": "family_name", "person": "donor"},
    ],
)
def test_a_contract_cannot_keep_a_name_or_leave_open_whose_it_is(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"demographic|kept|tokenised"):
        Column.model_validate(wrong)
