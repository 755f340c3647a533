"""Which consents cover a purpose, and what a withdrawal does (R55, R56)."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from cgt_etl.egress import consents, policy
from tests.egress.world import consent

RESEARCH = policy.load().purpose("research")
QUALITY = policy.load().purpose("quality_improvement")
GONE = datetime(2025, 6, 1, 12)  # noqa: DTZ001
COLUMNS = {
    "subject_id": pl.String,
    "scope_code": pl.String,
    "purpose_code": pl.String,
    "given_date": pl.Date,
    "withdrawn_at_utc": pl.Datetime("us"),
    "source_delivery": pl.String,
    "source_row": pl.Int64,
}


def of(*rows: dict[str, object], purpose: policy.Purpose = RESEARCH, accepted: tuple[str, ...] = ()) -> str:
    """What the rows say of the one person whom they are about."""
    frame = pl.DataFrame([{name: row.get(name) for name in COLUMNS} for row in rows], schema=COLUMNS)
    subject = consent("anna")["subject_id"]
    found = consents.sort_out([str(subject)], frame, purpose, accepted)
    return next(name for name in ("covered", "withdrawn", "uncovered") if getattr(found, name))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ([], "uncovered"),
        ([consent("anna")], "covered"),
        ([consent("anna", None)], "covered"),
        ([consent("anna", "HRESCH")], "covered"),
        ([consent("anna", "DUO:0000007")], "uncovered"),
        ([consent("anna", "TREAT", scope_code="treatment")], "uncovered"),
        ([consent("anna", scope_code="treatment")], "uncovered"),
        ([consent("anna", withdrawn_at_utc=GONE)], "withdrawn"),
        ([consent("anna"), consent("anna", "DUO:0000007", withdrawn_at_utc=GONE)], "withdrawn"),
        ([consent("anna", withdrawn_at_utc=GONE), consent("anna", given_date=date(2025, 6, 1))], "withdrawn"),
        ([consent("anna", withdrawn_at_utc=GONE), consent("anna", given_date=None)], "withdrawn"),
        ([consent("anna", withdrawn_at_utc=GONE), consent("anna", given_date=date(2025, 6, 2))], "covered"),
        ([consent("anna"), consent("anna", None, scope_code="treatment", withdrawn_at_utc=GONE)], "covered"),
        ([consent("bert")], "uncovered"),
    ],
)
def test_consents_for_research(said: list[dict[str, object]], expected: str) -> None:
    assert of(*said) == expected
    assert of(*reversed(said)) == expected


def test_a_restriction_binds_its_own_record_until_the_recipient_meets_it() -> None:
    bound = [consent("anna"), consent("anna", "DUO:0000018")]
    assert of(*bound) == "uncovered"
    assert of(*bound, accepted=("DUO:0000018",)) == "covered"
    assert of(*bound, consent("anna", source_row=2)) == "covered"


def test_quality_improvement_needs_a_consent_that_says_so() -> None:
    assert of(consent("anna"), purpose=QUALITY) == "uncovered"
    assert of(consent("anna", None, scope_code="treatment"), purpose=QUALITY) == "uncovered"
    assert of(consent("anna", "HQUALIMP", scope_code="treatment"), purpose=QUALITY) == "covered"
