"""Nested records through the door: rows inside a record share its fate, several values, lists of identifiers, LOINC and its unit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.door.admit import Admission
from cgt_etl.door.tokens import token
from cgt_etl.errors import CgtError, DeclarationError
from tests.door.build import KEYS, binding, csv_file, through, verdicts
from tests.extract.build import column, table

FILE = {"format": "ndjson", "resource_type": "Observation"}
PERSON: dict[str, Any] = {
    "cast": "identifier",
    "identifier": "fhir_patient_id",
    "person": "recipient",
    "privacy": "direct",
    "action": "token",
}
LOINC = [("R30", "loinc_agrees", {"code": "loinc", "display": "display", "unit": "unit", "unit_code": "unit_code"})]
CODED = [column("loinc", "code.coding[system=http://loinc.org].code"), column("display", "code.coding[system=http://loinc.org].display")]
UNITS = [column("unit", "valueQuantity.unit"), column("unit_code", "valueQuantity.code")]
VALUE = column("value", "valueQuantity.value", cast="measured", unit_column="unit", rules=LOINC)
OBSERVATION = table(
    "observation",
    column("id", position=1, required=True),
    column("patient", "subject.reference", **PERSON),
    column("status"),
    *CODED,
    *UNITS,
    VALUE,
    retraction={"column": "status", "values": ["entered-in-error"]},
)
COMPONENT = table("component", *CODED, *UNITS, VALUE, explode="component")


def observation(number: int = 1, **changes: Any) -> dict[str, Any]:
    return {"resourceType": "Observation", "id": f"o{number}", "subject": {"reference": "Patient/CANARY-p"}, "status": "final", **changes}


def quantity(code: str, display: str | None, value: float, unit: str | None, ucum: str | None = None) -> dict[str, Any]:
    coding = {"system": "http://loinc.org", "code": code, **({"display": display} if display else {})}
    amount = {"value": value, **({"unit": unit} if unit else {}), **({"code": ucum} if ucum else {})}
    return {"code": {"coding": [coding]}, "valueQuantity": amount}


def admitted(
    path: Path, *records: dict[str, Any], objects: tuple[ObjectSpec, ...] = (OBSERVATION, COMPONENT), suppressed: tuple[str, ...] = ()
) -> Admission:
    file = path / "Observation.ndjson"
    file.write_text("\n".join(json.dumps(record) for record in records) + "\n", encoding="utf-8")
    return through(binding(*objects, file=FILE, ignored={"text": "a narrative"}), file, suppressed)


def test_rows_inside_a_record(tmp_path: Path) -> None:
    parts = [quantity("718-7", "Hemoglobin", 11.2, "g/dL"), quantity("777-3", "Platelets", 150, "10*9/L")]
    admission = admitted(tmp_path, observation(component=parts), observation(2))
    child = admission.tables["component"]
    assert (child["source_row"].to_list(), child["source_item"].to_list()) == ([1, 1], [0, 1])
    assert child["value"].to_list() == [11.2, 150.0]
    assert child["record_key"].n_unique() == 2
    assert admission.counts["rows"]["component"] == {"in": 2, "accepted": 2, "set_aside": 0, "erased": 0}
    assert admission.counts["units"]["in"] == 2
    assert admission.counts["cells"]["in"] == 2 * len(OBSERVATION.columns) + 2 * len(COMPONENT.columns)


def test_rows_go_with_their_record(tmp_path: Path) -> None:
    parts = [quantity("718-7", "Hemoglobin", 11.2, "g/dL")]
    gone = observation(component=parts)
    del gone["id"]
    admission = admitted(tmp_path, gone, observation(2, component=parts))
    assert admission.tables["component"]["source_row"].to_list() == [2]
    assert [(one.object, one.position, one.rule) for one in admission.set_aside] == [("observation", 1, "D03"), ("component", 1, "D03")]


def test_retracted_records_have_no_links(tmp_path: Path) -> None:
    admission = admitted(tmp_path, observation(status="entered-in-error", component=[quantity("718-7", None, 1, "g/dL")]), observation(2))
    assert admission.tables["observation"]["is_retracted"].to_list() == [True, False]
    assert admission.tables["component"]["is_retracted"].to_list() == [True]
    assert admission.links["source_row"].to_list() == [2]


def test_a_column_that_says_anything_takes_back_where_no_value_is_named(tmp_path: Path) -> None:
    declared = table("observation", column("id", position=1, required=True), column("declared"), retraction={"column": "declared"})
    admission = admitted(tmp_path, observation(declared="2025-11-06"), observation(2), observation(3, declared=" "), objects=(declared,))
    assert admission.tables["observation"]["is_retracted"].to_list() == [True, False, False]


def test_an_erased_record_goes_whole(tmp_path: Path) -> None:
    suppressed = (token(KEYS.linkage, "fhir_patient_id", "northgate", "CANARY-p"),)
    parts = [quantity("718-7", "CANARY", 11.2, "CANARY")]
    other = observation(2) | {"subject": {"reference": "Patient/q"}}
    admission = admitted(tmp_path, observation(component=parts), other, suppressed=suppressed)
    assert admission.counts["units"] == {"in": 2, "accepted": 1, "set_aside": 0, "erased": 1}
    assert admission.counts["rows"]["component"]["erased"] == 1
    assert (admission.set_aside, admission.tables["component"].height, verdicts(admission)) == ([], 0, [])


def test_several_values_where_one_is_expected(tmp_path: Path) -> None:
    both = observation(valueQuantity=[{"unit": "CANARY-1"}, {"unit": "CANARY-2"}])
    admission = admitted(tmp_path, both)
    assert verdicts(admission) == [(1, "unit", "D10", "cell")]
    assert [(one.column, json.loads(one.text)) for one in admission.set_aside] == [("unit", ["CANARY-1", "CANARY-2"])]
    assert admission.tables["observation"]["unit__status"].to_list() == ["set_aside"]
    twice = observation() | {"id": ["CANARY-1", "CANARY-2"]}
    assert (1, "id", "D10", "row") in verdicts(admitted(tmp_path, twice))


def test_elements_outside_the_contract_are_flagged_once(tmp_path: Path) -> None:
    admission = admitted(tmp_path, observation(), observation(2, note="CANARY", text="x"), observation(3, note="CANARY"))
    assert verdicts(admission) == [(2, "note", "D09", "flag")]
    assert admission.counts["unmapped"] == {"note": 2}


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        (quantity("718-7", "Hemoglobin [Mass/volume] in Blood", 11.2, "g/dL", "g/dL"), None),
        (quantity("718-7", None, 11.2, "printed somehow", "g/dL"), None),
        (quantity("718-7", "Platelets", 11.2, "g/dL"), "R30"),
        (quantity("718-7", "CD4 cells [#/volume] in Blood", 11.2, "g/dL"), "R30"),
        (quantity("718-7", "Hemoglobin", 11.2, "10*9/L"), "R30"),
        (quantity("718-7", None, 11.2, "10*9/L"), "R30"),
        (quantity("718-7", None, 11.2, "g/dL"), None),
        (quantity("718-7", "Hemoglobin", 11.2, "g/L", "g/dL"), "R30"),
        (quantity("718-7", "Hemoglobin", 11.2, "CANARY"), "D05"),
        (quantity("718-7", "Hemoglobin", 11.2, None), "D05"),
        (quantity("718-7", "Hemoglobin", 112, "g/dL"), "D07"),
        (quantity("718-7", "Hemoglobin", 112, "g/L"), None),
        (quantity("0-0", "CANARY", 11.2, "CANARY"), None),
    ],
)
def test_loinc_code_display_and_unit_agree(tmp_path: Path, said: dict[str, Any], rule: str | None) -> None:
    admission = admitted(tmp_path, observation(**said))
    effect = "flag" if rule == "D07" else "cell"
    assert verdicts(admission) == ([(1, "value", rule, effect)] if rule else [])
    assert admission.tables["observation"]["value__status"].to_list() == ["set_aside" if effect == "cell" and rule else "ok"]


OWN_CODE = {"local_code": "local", "local_display": "local_name", "local_map": "laboratory_test"}
OF_A_LABORATORY = table(
    "result",
    *[column(name, name) for name in ("id", "loinc", "name", "local", "local_name", "unit")],
    column(
        "value", "value", cast="measured", unit_column="unit",
        rules=[("R30", "loinc_agrees", {"code": "loinc", "display": "name", "unit": "unit", **OWN_CODE})],
    ),
)  # fmt: skip


@pytest.mark.parametrize(
    ("coded", "rule"),
    [
        (("718-7", "Hemoglobin", "HGB", "HEMOGLOBIN", "g/dL"), None),
        (("718-7", "Platelets", "HGB", "HEMOGLOBIN", "g/dL"), "R30"),
        (("718-7", "", "HGB", "CD4 ABS", "g/dL"), None),  # LOINC says by itself what it is
        (("", "", "T3AB", "CD3 ABS", "cells/cumm"), None),
        (("", "", "T3AB", "", "cells/cumm"), None),
        (("", "", "T3AB", "T LYMPHS", "cells/cumm"), None),
        (("", "", "T3AB", "CD4 ABS", "cells/cumm"), "R30"),
        (("", "", "T3AB", "CD3 OF CD4 RATIO", "cells/cumm"), None),
        (("", "", "T3AB", "CD3 ABS", "g/dL"), "R30"),
        (("", "", "T3AB", "CD3 ABS", "CANARY"), "D05"),
        (("", "", "T3AB", "CD3 ABS", ""), "D05"),
        (("", "", "CANARY", "CD4 ABS", "g/dL"), None),
        (("0-0", "CANARY", "T3AB", "CD3 ABS", "g/dL"), None),
    ],
)
def test_a_laboratorys_own_code_its_name_and_unit_agree(tmp_path: Path, coded: tuple[str, ...], rule: str | None) -> None:
    row = ["1", *coded, "12"]
    admission = through(binding(OF_A_LABORATORY), csv_file(tmp_path / "f.csv", OF_A_LABORATORY, [row]))
    assert verdicts(admission) == ([(2, "value", rule, "cell")] if rule else [])
    assert admission.tables["result"]["value__status"].to_list() == ["set_aside" if rule else "ok"]


LOTS = table(
    "outcome",
    column("id", "ID", position=1),
    column("lot", "LOT", cast="identifier", identifier="lot", split=", ", privacy="quasi", action="token"),
    column("din", "DIN", cast="identifier", identifier="din", split=";", privacy="quasi", action="token", rules=[("R03", "din", {})]),
)


def test_a_cell_with_several_identifiers(tmp_path: Path) -> None:
    rows = [["1", "C8-1, C4-1", ""], ["2", "", "A999925000101-A0;A999925000102"], ["3", "C8-1", "A999925000101;CANARY"]]
    admission = through(binding(LOTS), csv_file(tmp_path / "f.csv", LOTS, rows))
    lots = admission.tables["outcome__lot"]
    assert (lots["source_row"].to_list(), lots["source_item"].to_list()) == ([2, 2, 4], [0, 1, 0])
    assert lots["lot"].to_list()[0] == lots["lot"].to_list()[2] == token(KEYS.partner("northgate-1"), "lot", "northgate", "C8-1")
    assert lots["record_key"].n_unique() == 3
    assert admission.tables["outcome__din"]["source_row"].to_list() == [3, 3]
    assert verdicts(admission) == [(4, "din", "R03", "cell")]
    assert "lot" not in admission.tables["outcome"].columns
    assert sorted(admission.links["object"].unique()) == ["outcome__din", "outcome__lot"]
    assert admission.counts["cells"] == {"in": 9, "accepted": 8, "set_aside": 1, "erased": 0, "dropped": 0, "tokenised": 3, "missing": 2}


@pytest.mark.parametrize(
    "rules",
    [
        [("Q1", "no_such_check", {})],
        [("Q1", "pattern", {})],
        [("Q1", "scale_stated", {"scale": "nothing"})],
        [("R01", "din", {})],
    ],
)
def test_rules_that_cannot_be_are_declaration_errors(tmp_path: Path, rules: list[tuple[str, str, dict[str, Any]]]) -> None:
    spec = table("sample", column("x", "X", rules=rules))
    with pytest.raises(DeclarationError):
        through(binding(spec), csv_file(tmp_path / "f.csv", spec, [["CANARY"]]))


def test_a_rule_that_breaks_says_so_without_a_value(tmp_path: Path) -> None:
    spec = table("sample", column("x", "X", rules=[("Q1", "pattern", {"pattern": "(?<no>"})]))
    with pytest.raises(CgtError) as broken:
        through(binding(spec), csv_file(tmp_path / "f.csv", spec, [["CANARY"]]))
    error: BaseException | None = broken.value
    assert broken.value.rule == "Q1"
    while error is not None:
        assert "CANARY" not in str(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
