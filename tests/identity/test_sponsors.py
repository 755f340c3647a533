"""Chain-of-identity ids of each sponsor's style, and serial numbers that are used again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from cgt_etl.contracts.model import Speaks
from cgt_etl.contracts.registry import Registry
from cgt_etl.door.admit import Admission, admit
from cgt_etl.door.tokens import Keys
from cgt_etl.extract import open_reader
from cgt_etl.settings import PACKAGE, Settings
from tests.identity.landed import Id, Row, Sent, coi, identity, mrn

STYLES = {"J-0098-221": r"J-\d{4}-\d{3}", "COID00481516": r"COID\d{8}", "KT/24/00017": r"[A-Z]{2}/\d{2}/\d{5}", "9000123456": r"9\d{9}"}
"""A JOIN ID, a chain-of-identity number, a batch number and a sponsor's patient number, as sponsors print them."""
REGISTRY = Registry.load(Settings(home=Path("/nowhere"), partner_paths=(PACKAGE / "partners",)))


def _admitted(folder: Path, patterns: list[str], ids: list[str]) -> Admission:
    """Patients of a hospital with these chain-of-identity ids, by a partner file with these patterns."""
    binding = REGISTRY.binding("lakeside_hospital", "patient")
    binding = replace(binding, speaks=binding.speaks.model_copy(update={"patterns": {"coi": patterns}}))
    file = folder / "Patient.ndjson"
    said = [{"system": "urn:isbt128:coi", "value": one} for one in ids]
    lines = [{"resourceType": "Patient", "id": f"p-{place}", "identifier": [one]} for place, one in enumerate(said)]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    extension = binding.feed.extension
    reading = open_reader(extension.file, file, binding.feed.objects, ignored_elements=extension.ignored_elements)
    return admit(binding, reading, Keys(bytes(32)), frozenset(), REGISTRY, source_delivery="sample", sequence="1")


@pytest.mark.parametrize("style", STYLES)
def test_a_partner_states_its_sponsors_styles(tmp_path: Path, style: str) -> None:
    admission = _admitted(tmp_path, [STYLES[style]], [style, f" {style.lower()} ", "CHA99992500A1B2", f"{style}-7"])
    tokens = admission.tables["patient"]["coi"].to_list()
    assert tokens[0] == tokens[1] is not None
    assert tokens[2:] not in ([None], tokens[:1])
    assert len(tokens) == 3
    assert admission.verdicts.select("column", "rule", "effect").rows() == [("coi", "R04", "row")]


def test_without_its_pattern_a_style_is_no_chain_of_identity(tmp_path: Path) -> None:
    assert _admitted(tmp_path, [], list(STYLES)).tables["patient"].is_empty()


def test_a_pattern_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError):
        Speaks(dialect="ehr_fhir_r4", site="main", patterns={"coi": ["J-("]})


@pytest.mark.slow
def test_a_serial_number_used_again_joins_nobody(tmp_path: Path) -> None:
    """A logger and a shipper that travel with two patients' products in two weeks, and with others' before and after."""
    logger, shipper = Id("logger", "LT88213", issuer="courier"), Id("serial", "DRY-7", issuer="courier")
    weeks = [Sent(f"2025110{week}", (Row(f"w{week}", (coi(f"C{week}"), mrn(str(week)), logger, shipper)),)) for week in range(1, 5)]
    built = identity(tmp_path, *weeks)
    subjects = {built.subject_of(mrn(str(week))) for week in range(1, 5)}
    assert len(subjects) == 4
    assert built["conflict"] == []
    assert {built.identifier(one)["subject_id"] for one in (logger, shipper)} == {None}
    components = {built.identifier(mrn(str(week)))["component_id"] for week in range(1, 5)}
    assert components == {built.identifier(shipper)["component_id"]}


@pytest.mark.slow
def test_several_numbers_at_one_hospital_are_told_and_then_decided(tmp_path: Path) -> None:
    """Registered twice and never merged: one registry number in both charts. Two people with a conflict, until a steward has looked."""
    crid = Id("crid", "1234567", "recipient")
    sent = Sent("1", (Row("a", (mrn("1"), crid)), Row("b", (mrn("2"), crid)), Row("c", (mrn("3"),))))
    shown = identity(tmp_path / "shown", sent)
    assert len(shown["subject"]) == 4
    assert {row["source_row"] for row in shown["conflict"]} == {2, 3}
    decisions = [shown.decided(mrn("1"), "same", mrn("2")), shown.decided(mrn("2"), "same", mrn("3"))]
    built = identity(tmp_path / "decided", sent, decisions=decisions)
    assert len(built["subject"]) == 1
    assert not built["subject"][0]["is_contested"]
    assert built["conflict"] == []
