"""Whole JSON documents: where the records lie, what stands above them, what refuses a file and what sets one record aside."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import JsonFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import Batch, Reading, json_document, limits, open_reader
from tests.extract.build import column, table

MINUTE = table(
    "minute", column("day", "^.activities-heart[0].dateTime"), column("time"), column("rate", "value"), column("account", "$.account")
)
HEART = {"records": "activities-heart-intraday.dataset", "inside": "response"}
DOCUMENT: dict[str, Any] = {
    "activities-heart": [{"dateTime": "2025-11-24"}],
    "activities-heart-intraday": {"dataset": [{"time": "00:01:00", "value": 64}, {"time": "00:02:00", "value": 63.50}]},
}


def read(
    path: Path, content: Any, objects: Iterable[ObjectSpec] = (MINUTE,), ignored: Iterable[str] = (), **layout: Any
) -> tuple[Reading, dict[str, Batch]]:
    path.write_bytes(
        content if isinstance(content, bytes) else (content if isinstance(content, str) else json.dumps(content, indent=2)).encode()
    )
    file = JsonFormat(format="json", **layout)
    reading = open_reader(file, path, tuple(objects), ignored_elements=dict.fromkeys(ignored, "why"))
    return reading, {batch.object: batch for batch in reading}


def test_records_of_a_list_with_values_of_the_head(tmp_path: Path) -> None:
    reading, batches = read(tmp_path / "f", DOCUMENT, **HEART)
    assert batches["minute"].columns == {
        "day": ["2025-11-24"] * 2,
        "time": ["00:01:00", "00:02:00"],
        "rate": ["64", "63.5"],
        "account": [None, None],
    }
    assert (batches["minute"].positions, reading.units, reading.unmapped) == ([1, 2], 2, {})


def test_a_collectors_document_holds_the_vendors(tmp_path: Path) -> None:
    wrapped = [{"account": "A", "response": DOCUMENT}, {"account": "B", "response": DOCUMENT, "extra": 1}]
    reading, batches = read(tmp_path / "f", wrapped, **HEART)
    assert batches["minute"].columns["account"] == ["A", "A", "B", "B"]
    assert batches["minute"].columns["day"] == ["2025-11-24"] * 4
    assert batches["minute"].positions == [1, 2, 3, 4]
    assert (reading.unmapped, reading.unmapped_first) == ({"extra": 1}, {"extra": 3})


@pytest.mark.parametrize(
    "document", [{"body": {"list": [{"time": "1"}]}}, {"body": {"answer": {"list": [{"time": "1"}]}}}], ids=["document", "answer"]
)
def test_the_list_of_records_is_at_the_first_place_where_there_is_one(tmp_path: Path, document: Any) -> None:
    reading, batches = read(tmp_path / "f", document, records="body.list|body.answer.list")
    assert (batches["minute"].columns["time"], reading.units, reading.unmapped) == (["1"], 1, {})


def test_rows_of_a_list_may_stand_in_several_places(tmp_path: Path) -> None:
    spec = table("report", column("value"), explode="sensors[kind=a]|sensors[kind=b]|more")
    document = {"sensors": [{"kind": "b", "value": 1}, {"kind": "c", "value": 2}, {"kind": "a", "value": 3}], "more": {"value": 4}}
    reading, batches = read(tmp_path / "f", document, (table("record", column("id")), spec))
    assert (batches["report"].columns["value"], batches["report"].items) == (["3", "1", "4"], [0, 1, 2])
    assert reading.unmapped == {}


def test_an_empty_list_is_an_empty_file_and_an_absent_one_another_document(tmp_path: Path) -> None:
    spec = table("sleep", column("log", "logId"))
    reading, batches = read(tmp_path / "f", {"sleep": []}, [spec], records="sleep")
    assert (reading.units, batches) == (0, {})
    for content in ({"errors": [{"errorType": "CANARY"}]}, {"sleep": None}):
        with pytest.raises(RefusedFile, match="the document has no `sleep`") as refused:
            read(tmp_path / "f", content, [spec], records="sleep")
        assert refused.value.rule == "F02"
        assert "CANARY" not in str(refused.value)


def test_in_a_list_of_documents_one_without_its_list_is_set_aside_alone(tmp_path: Path) -> None:
    spec = table("sleep", column("log", "logId"), column("account", "$.account"))
    failed = {"account": "B", "response": {"errors": ["CANARY"]}}
    content = json.dumps([{"account": "A", "response": {"sleep": [{"logId": 1}]}}, failed, "x", {"sleep": [{"logId": 2}]}])
    torn = content[:-1] + ',{"account":"C","sleep":[],"sleep":[{"logId":"CANARY"}]}]'
    reading, batches = read(tmp_path / "f", torn, [spec], records="sleep", inside="response")
    assert batches["sleep"].columns == {"log": ["1", "2"], "account": ["A", None]}
    assert [(one.position, one.reason) for one in reading.set_aside] == [
        (2, "no `sleep`"),
        (3, "no JSON object"),
        (5, "an element given twice"),
    ]
    assert all(b"CANARY" in reading.set_aside[place].raw for place in (0, 2))
    assert (reading.units, reading.unmapped) == (5, {})


def test_a_document_may_be_the_record_and_its_lists_rows(tmp_path: Path) -> None:
    day = table("day", column("steps", "summary.steps"))
    log = table("log", column("name"), column("of_day", "^.summary.steps"), column("account", "$.account"), explode="activities")
    document = {"account": "A", "response": {"summary": {"steps": 12517}, "activities": [{"name": "Walk"}, {"name": "Run"}], "goals": {}}}
    reading, batches = read(tmp_path / "f", document, [day, log], inside="response")
    assert batches["day"].columns == {"steps": ["12517"]}
    assert batches["log"].columns == {"name": ["Walk", "Run"], "of_day": ["12517"] * 2, "account": ["A", "A"]}
    assert (reading.units, reading.unmapped) == (1, {"goals": 1})


def test_records_that_are_members_of_an_object_have_its_names(tmp_path: Path) -> None:
    spec = table("minute", column("second", "$key", position=1), column("steps"))
    series = {"1434758640": {"steps": 21}, "1434758700": {"duration": 1440}}
    reading, batches = read(tmp_path / "f", {"status": 0, "body": {"series": series}}, [spec], ["duration"], records="body.series.*")
    assert batches["minute"].columns == {"second": ["1434758640", "1434758700"], "steps": ["21", None]}
    assert reading.unmapped == {"status": 1}
    for nothing in ([], {}):
        assert read(tmp_path / "f", {"body": {"series": nothing}}, [spec], records="body.series.*")[0].units == 0
    for other in ({"series": [1]}, {"series": 1}, {}):
        with pytest.raises(RefusedFile, match=r"has no `body.series.\*`"):
            read(tmp_path / "f", {"body": other}, [spec], records="body.series.*")


def test_a_bundle_gives_the_resources_of_its_type(tmp_path: Path) -> None:
    spec = table("patient", column("id", position=1))
    layout = {"records": "entry.resource", "is_alone_allowed": True, "resource_type": "Patient"}
    entries = [
        {"resource": {"resourceType": kind, "id": kind[0] + str(place)}} for place, kind in enumerate(["Patient", "Observation", "Patient"])
    ]
    reading, batches = read(
        tmp_path / "f", {"resourceType": "Bundle", "type": "searchset", "entry": [*entries, {"response": {}}]}, [spec], **layout
    )
    assert (batches["patient"].columns["id"], batches["patient"].positions) == (["P0", "P2"], [1, 3])
    assert reading.unmapped == {"resourceType:Observation": 1}
    assert [(one.position, one.reason) for one in reading.set_aside] == [(4, "no JSON object")]
    assert reading.units == 3
    reading, batches = read(tmp_path / "f", {"resourceType": "Patient", "id": "p"}, [spec], **layout)
    assert batches["patient"].columns["id"] == ["p"]
    assert read(tmp_path / "f", {"resourceType": "Bundle", "total": 0}, [spec], **layout)[0].units == 0
    with pytest.raises(RefusedFile, match="wrong resource type: this one is not Patient"):
        read(tmp_path / "f", {"resourceType": "CANARY"}, [spec], **layout)


@pytest.mark.parametrize(
    ("node", "reason"),
    [
        ('{"time":"a","time":"CANARY"}', "an element given twice"),
        ('{"time":{"deep":[{"x":1,"x":2}]}}', "an element given twice"),
        ('{"value":NaN}', "NaN or Infinity"),
        ('{"value":-Infinity}', "NaN or Infinity"),
        ('{"time":"\\ud800"}', "half of a surrogate pair"),
        ('{"time":"\\u0000"}', "a NUL character"),
        ('"CANARY"', "no JSON object"),
        ("null", "no JSON object"),
    ],
)
def test_a_record_that_is_not_sound_is_set_aside_alone(tmp_path: Path, node: str, reason: str) -> None:
    content = f'{{"rows":[{{"time":"1"}},{node},{{"time":"3"}}]}}'
    reading, batches = read(tmp_path / "f", content, [table("row", column("time"), column("value"))], records="rows")
    assert batches["row"].columns["time"] == ["1", "3"]
    assert [(one.position, one.rule, one.reason) for one in reading.set_aside] == [(2, "D01", reason)]
    assert ("CANARY" in node) == (b"CANARY" in reading.set_aside[0].raw)
    assert reading.units == 3


@pytest.mark.parametrize(
    ("content", "what", "line"),
    [
        ("", "empty", None),
        ('{"rows":[]}\n{"rows":[]}', "something follows the document", 2),
        ('{"rows":[]}\nCANARY', "something follows the document", 2),
        ('{\n"rows":[{"time":"CANARY"},', "truncated", 2),
        ('{"rows":[{"time":"CANARY', "truncated", 1),
        ('{"rows":[\n{"time":CANARY}]}', "no JSON from this line on", 2),
        ('"CANARY"', "neither a JSON object nor a list", 1),
        (b'{"rows":["\xff"]}', "not utf-8", 1),
        ('{"rows":[],"rows":[]}', "an element given twice outside its records", None),
        ('{"rows":[],"head":{"a":1,"a":2}}', "an element given twice outside its records", None),
        ('{"rows":[],"head":Infinity}', "NaN or Infinity outside its records", None),
        ('{"rows":' + "[" * 70 + "]" * 70 + "}", "nested deeper than 64", None),
        ('{"rows":"' + '\\"' * 100_000, "truncated", 1),
    ],
)
def test_refusals(tmp_path: Path, content: Any, what: str, line: int | None) -> None:
    with pytest.raises(RefusedFile, match=what) as refused:
        read(tmp_path / "f", content, [table("row", column("time"))], records="rows")
    assert refused.value.position == line
    assert refused.value.rule == "F01"
    assert "CANARY" not in str(refused.value)


@pytest.mark.parametrize(
    ("limit", "most", "what"), [("MAX_DOCUMENT_BYTES", 200, "more than 200"), ("MAX_DOCUMENT_VALUES", 3, "more than 3 values")]
)
def test_what_is_too_large_to_hold_is_refused_by_its_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int, what: str
) -> None:
    assert getattr(limits, limit) > most
    monkeypatch.setattr(json_document, limit, most)
    with pytest.raises(RefusedFile, match=what):
        read(tmp_path / "f", DOCUMENT, **HEART)


def test_numbers_keep_their_text_however_long(tmp_path: Path) -> None:
    long = "9" * 5_000
    _, batches = read(
        tmp_path / "f", f'{{"rows":[{{"n":1.500}},{{"n":{long}}},{{"n":-0.0e-7}}]}}', [table("row", column("n"))], records="rows"
    )
    assert batches["row"].columns["n"] == ["1.500", long, "-0.0e-7"]


def test_a_record_is_shown_as_it_was_delivered(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text('[{"n":1.50,"s":"1.50"},{"n":true}]', encoding="utf-8")
    assert list(json_document.printed(JsonFormat(format="json"), path, 1, 1)) == ["{", ' "n": 1.50,', ' "s": "1.50"', "}"]


def test_the_digest_tells_records_apart(tmp_path: Path) -> None:
    _, batches = read(tmp_path / "f", [{"a": 1}, {"a": 2}, {"a": 1}], [table("row", column("none"))])
    digests = batches["row"].digests
    assert digests is not None
    assert (digests[0] == digests[2], digests[0] == digests[1]) == (True, False)


def test_one_record_of_two_persons_is_two_records(tmp_path: Path) -> None:
    spec = table("point", column("steps"), column("account", "$.account"))
    points = [{"account": account, "body": {"steps": 0}} for account in ("A", "B", "A")]
    _, batches = read(tmp_path / "f", points, [spec], inside="body")
    digests = batches["point"].digests
    assert digests is not None
    assert (digests[0] == digests[2], digests[0] == digests[1]) == (True, False)


def test_the_first_path_that_leads_anywhere(tmp_path: Path) -> None:
    spec = table("point", column("steps", "step_count.value|step_count"), column("at", "at[kind=a|b].t|$.day"))
    points = [{"step_count": 6000, "day": "d"}, {"step_count": {"value": 7, "unit": "steps"}, "at": [{"kind": "a|b", "t": "t"}]}]
    reading, batches = read(tmp_path / "f", points, [spec], ["day"])
    assert batches["point"].columns == {"steps": ["6000", "7"], "at": ["d", "t"]}
    assert reading.unmapped == {}


NAMES = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=8)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]).filter(lambda c: c != "\0"), max_size=20)
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=20)


def _texts(value: Any) -> list[str | None]:
    """What a value of Python's own parser comes to, cell by cell; None is an object where a text is expected."""
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    if value is None:
        return []
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [None] if isinstance(value, dict) else [value if isinstance(value, str) else json.dumps(value)]


@settings(deadline=None)
@given(values=st.lists(VALUES, max_size=5), head=VALUES, indent=st.none() | st.integers(0, 3), is_ascii=st.booleans())
def test_any_json_becomes_its_cells(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], head: Any, indent: int | None, is_ascii: bool
) -> None:
    content = json.dumps({"head": head, "rows": [{"cell": value} for value in values]}, indent=indent, ensure_ascii=is_ascii)
    spec = table("row", column("cell"), column("head", "^.head"))
    reading, batches = read(tmp_path_factory.getbasetemp() / "any.json", content, [spec], records="rows")
    assert (reading.units, reading.set_aside, reading.unmapped) == (len(values), [], {})
    for place, value in enumerate(values):
        batch = batches["row"]
        for name, of in (("cell", value), ("head", head)):
            texts = set(_texts(of))
            one = texts.pop() if len(texts) == 1 else None
            assert batch.columns[name][place] == one
            assert ((place, name) in batch.ambiguous) == (len(set(_texts(of))) > 1 or set(_texts(of)) == {None})


@settings(deadline=None)
@given(st.binary(max_size=200) | st.text(st.sampled_from('{}[]",:0123456789.eE+-\\utrfnalse\n "'), max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    try:
        reading, batches = read(tmp_path_factory.getbasetemp() / "any.bin", content, [table("row", column("cell", "a"))])
    except RefusedFile:
        return
    rows = len(batches["row"].positions) if batches else 0
    assert reading.units == rows + len(reading.set_aside)
