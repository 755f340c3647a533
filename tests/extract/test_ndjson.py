"""JSON lines: paths, lists as rows, several values, elements outside the contract, broken lines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cgt_etl.contracts.formats import NdjsonFormat
from cgt_etl.errors import DeclarationError, RefusedFile
from cgt_etl.extract import Batch, Reading, open_reader, paths
from tests.extract.build import column, table

RECORD = table(
    "patient",
    column("id", position=1),
    column("mrn", "identifier[type.coding.code=MR].value"),
    column("family", "name[0].family"),
    column("any_family", "name.family"),
    column("score", "score"),
    column("dead", "deceasedBoolean"),
)
CHILD = table("identifier", column("id", "^.id"), column("system", "system"), column("value", "value"), explode="identifier")
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [
        {"system": "a", "value": "1"},
        {"type": {"coding": [{"code": "XX"}, {"code": "MR"}]}, "system": "b", "value": "00123"},
    ],
    "name": [{"family": "Old"}, {"family": "New"}],
}


def read(path: Path, *lines: str | dict[str, Any] | bytes, end: str = "\n", **dialect: Any) -> tuple[Reading, dict[str, Batch]]:
    texts = [line if isinstance(line, bytes) else (line if isinstance(line, str) else json.dumps(line)).encode() for line in lines]
    path.write_bytes(b"\n".join(texts) + end.encode())
    reading = open_reader(NdjsonFormat(format="ndjson", **dialect), path, (RECORD, CHILD), ignored_elements={"text": "a narrative"})
    return reading, {batch.object: batch for batch in reading}


def test_cells_by_path(tmp_path: Path) -> None:
    reading, batches = read(tmp_path / "f", PATIENT | {"score": 1.50, "deceasedBoolean": False}, resource_type="Patient")
    batch = batches["patient"]
    assert {name: cells[0] for name, cells in batch.columns.items()} == {
        "id": "p1",
        "mrn": "00123",
        "family": "Old",
        "any_family": None,
        "score": "1.5",
        "dead": "false",
    }
    assert batch.ambiguous == {(0, "any_family"): '["Old", "New"]'}
    assert reading.units == 1


def test_numbers_keep_their_text(tmp_path: Path) -> None:
    _, batches = read(tmp_path / "f", '{"id":"p","score":1.500}', '{"id":"q","score":123456789012345678901234567890}')
    assert batches["patient"].columns["score"] == ["1.500", "123456789012345678901234567890"]


def test_list_elements_are_rows_with_their_parents_position(tmp_path: Path) -> None:
    _, batches = read(tmp_path / "f", "", PATIENT, {"resourceType": "Patient", "id": "p2"})
    child = batches["identifier"]
    assert (child.positions, child.items) == ([2, 2], [0, 1])
    assert child.columns == {"id": ["p1", "p1"], "system": ["a", "b"], "value": ["1", "00123"]}


def test_one_value_said_twice_is_one_value(tmp_path: Path) -> None:
    _, batches = read(tmp_path / "f", {"id": "p", "name": [{"family": "Same"}, {"family": "Same"}]})
    assert batches["patient"].columns["any_family"] == ["Same"]


def test_an_element_where_a_text_is_expected_is_no_text(tmp_path: Path) -> None:
    _, batches = read(tmp_path / "f", {"id": "p", "score": {"value": 3}})
    assert batches["patient"].columns["score"] == [None]
    assert (0, "score") in batches["patient"].ambiguous


def test_unmapped_elements_are_counted_by_name(tmp_path: Path) -> None:
    odd = {"a CANARY name": 1}
    reading, _ = read(tmp_path / "f", {"id": "p", "text": 1, "photo": 1}, {"id": "q", "photo": 1, **odd})
    assert reading.unmapped == {"(an element whose name is no name)": 1, "photo": 2}
    assert reading.unmapped_first["photo"] == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('{"id":"CANARY"', "no JSON"),
        ("CANARY", "no JSON"),
        ('["CANARY"]', "no JSON object"),
        ('{"id":"p","score":NaN}', "an element given twice, NaN or Infinity"),
        ('{"id":"p","id":"CANARY"}', "an element given twice, NaN or Infinity"),
        ('{"id":"\\ud800"}', "half of a surrogate pair"),
        ('{"id":"\\u0000"}', "a NUL character"),
        ("[" * 100_000, "nested deeper than 64"),
        ('{"id":' + "[" * 70 + "]" * 70 + "}", "nested deeper than 64"),
    ],
)
def test_a_broken_line_is_set_aside_alone(tmp_path: Path, line: str, reason: str) -> None:
    reading, batches = read(tmp_path / "f", PATIENT, line, {"id": "p3"})
    assert batches["patient"].columns["id"] == ["p1", "p3"]
    assert [(one.position, one.rule, one.reason, one.raw) for one in reading.set_aside] == [(2, "D01", reason, line.encode())]
    assert reading.units == 3


def test_brackets_inside_text_are_no_depth(tmp_path: Path) -> None:
    _, batches = read(tmp_path / "f", {"id": "p", "score": '\\"' + "[" * 200})
    assert batches["patient"].columns["score"] == ['\\"' + "[" * 200]


def test_another_resource_type_refuses_the_file(tmp_path: Path) -> None:
    with pytest.raises(RefusedFile, match="wrong resource type: this one is not Patient") as refused:
        read(tmp_path / "f", PATIENT, {"resourceType": "CANARY"}, resource_type="Patient")
    assert refused.value.position == 2
    assert "CANARY" not in str(refused.value)


def test_a_record_without_a_type_is_set_aside(tmp_path: Path) -> None:
    reading, _ = read(tmp_path / "f", {"id": "CANARY"}, resource_type="Patient")
    assert [one.reason for one in reading.set_aside] == ["no resourceType"]


@pytest.mark.parametrize(
    ("lines", "what"),
    [([""], "empty"), ([PATIENT, '{"id": "CANARY'], "truncated"), ([b'{"id":"\xff"}'], "not utf-8")],
)
def test_refusals(tmp_path: Path, lines: list[Any], what: str) -> None:
    with pytest.raises(RefusedFile, match=what) as refused:
        read(tmp_path / "f", *lines, end="")
    assert "CANARY" not in str(refused.value)


def test_digest_is_of_the_whole_line(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text('{"id":"p","photo":1}\n{"id":"p","photo":2}\n')
    [batch] = open_reader(NdjsonFormat(format="ndjson"), path, (table("patient", column("id")),))
    assert batch.digests is not None
    assert batch.digests[0] != batch.digests[1]


@pytest.mark.parametrize("text", ["", "a..b", "a.", "a[x]", "a b", "[0]", "a[0"])
def test_what_is_no_path_is_a_declaration_error(text: str) -> None:
    with pytest.raises(DeclarationError):
        paths.parse(text)


def test_path_language() -> None:
    node = {
        "code": {"coding": [{"system": "http://loinc.org", "code": "a"}, {"system": "x", "code": "b"}]},
        "rows": [[{"v": "1"}], [{"v": "2"}]],
    }
    assert paths.parse("code.coding[system=http://loinc.org].code").find(node) == ["a"]
    assert paths.parse("code.coding[1].code").find(node) == ["b"]
    assert paths.parse("code.coding[7].code").find(node) == []
    assert paths.parse("rows.v").find(node) == ["1", "2"]
    assert paths.parse("nothing.at.all").find(node) == []


def test_a_list_of_texts_is_rows_of_their_own(tmp_path: Path) -> None:
    given = table("given", column("id", "^.id"), column("text", "$this"), explode="name.given")
    path = tmp_path / "f"
    path.write_text(json.dumps(PATIENT | {"name": [{"given": ["Ann", "Bo"]}, {"given": [{"no": "text"}]}]}) + "\n", encoding="utf-8")
    batches = {batch.object: batch for batch in open_reader(NdjsonFormat(format="ndjson"), path, (RECORD, given))}
    assert batches["given"].columns == {"id": ["p1"] * 3, "text": ["Ann", "Bo", None]}
