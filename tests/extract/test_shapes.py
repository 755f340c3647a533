"""JSON lines of one shape read together: whatever the lines, the same rows, counts and records set aside as one by one."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import NdjsonFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import Columnar, ndjson, open_reader, shapes
from tests.extract.build import column, table

CELLS = (
    column("mrn", "identifier[type.coding.code=MR].value"),
    column("family", "name[0].family"),
    column("value", "value.quantity"),
    column("flag", "flag"),
    column("second", "series[1]"),
    column("kind", "kind|value.kind"),
)
KEYED = (
    table("record", column("id", "id", position=1), *CELLS),
    table("name", column("text", "given"), column("of", "^.id"), explode="name"),
)
KEYLESS = (table("record", *CELLS), table("word", column("word", "$this"), column("all", "$.value.kind"), explode="words"))
TEXTS = st.sampled_from(["a", "MR", "é", "", "\u2028", "x" * 60]) | st.text(max_size=4)
NUMBERS = st.sampled_from(["1", "-0", "1.500", "1e5", "123456789012345678901234567890", "1E+2", "01", "1.", "NaN", "-"])
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": ")])


@st.composite
def lines(draw: st.DrawFn) -> str:
    """A line like others: the same elements with other values, sometimes with one more, sometimes broken."""
    record: dict[str, Any] = {"id": draw(TEXTS), "resourceType": draw(st.sampled_from(["A"] * 9 + ["B"]))}
    record["identifier"] = [{"type": {"coding": [{"code": draw(st.sampled_from(["MR", "SS"]))}]}, "value": draw(TEXTS)} for _ in range(2)]
    if draw(st.booleans()):
        record["name"] = [{"family": draw(TEXTS), "given": [draw(TEXTS)]} for _ in range(draw(st.integers(0, 2)))]
        record["words"] = [draw(TEXTS) for _ in range(draw(st.integers(0, 2)))]
    if draw(st.booleans()):
        record["value"] = {"quantity": "@number", "kind": draw(TEXTS)}
        record[draw(st.sampled_from(["flag", "other", "kind"]))] = draw(st.sampled_from([True, False, None, "t"]))
    if draw(st.booleans()):
        record["a name that is longer than what is compared at once, which is sixty-four bytes"] = draw(TEXTS)
        record["series"] = ["@number"] * draw(st.integers(1, 3)) + draw(st.sampled_from([[], ["@number"], [[]]]))
        record["last"] = draw(st.sampled_from(["@number", "t"]))
    said = json.dumps(record, ensure_ascii=draw(st.booleans()), separators=draw(SEPARATORS)).replace('"@number"', draw(NUMBERS))
    broken = [said[:-1], f"{said}x", f" {said}", "", "[]", said.replace('"id"', '"name"'), said.replace('"a"', '"\ue0000"')]
    return draw(st.sampled_from([said] * 12 + broken))


def told(path: Path, objects: tuple[ObjectSpec, ...], resource_type: str | None) -> Any:
    """Everything that a reading tells."""
    reading = open_reader(NdjsonFormat(format="ndjson", resource_type=resource_type), path, objects)
    rows: dict[str, list[Any]] = {spec.name: [] for spec in objects}
    try:
        for batch in reading:
            for place, row in enumerate(zip(batch.positions, batch.items, *batch.columns.values(), strict=True)):
                several = {name: said for (number, name), said in batch.ambiguous.items() if number == place}
                rows[batch.object].append((*row, several, batch.digests[place] if batch.digests else None))
    except RefusedFile as refused:
        return str(refused), refused.position, refused.rule
    return rows, reading.units, reading.set_aside, reading.unmapped, reading.unmapped_first


@pytest.mark.parametrize("objects", [KEYED, KEYLESS])
@settings(max_examples=150, deadline=None)
@given(written=st.lists(lines(), max_size=12), end=st.sampled_from(["\n", "\r\n"]), is_closed=st.booleans(), is_typed=st.booleans())
def test_lines_say_the_same(objects: tuple[ObjectSpec, ...], written: list[str], end: str, is_closed: bool, is_typed: bool) -> None:
    written = [line if is_typed is False or number else line.replace('"B"', '"A"') for number, line in enumerate(written)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "f"
        path.write_bytes((end.join(written) + end * is_closed).encode())
        patch.setattr(ndjson, "_STRETCH_BYTES", 700)
        patch.setattr(ndjson, "LEAST_ALIKE", 1)
        patch.setattr(shapes, "LEAST_ALIKE", 1)
        quick = told(path, objects, "A" if is_typed else None)
        patch.setattr(shapes.Shapes, "divide", lambda _, lines: ([], np.arange(lines.count)))
        assert quick == told(path, objects, "A" if is_typed else None)


def test_lines_of_one_shape_are_read_together(tmp_path: Path) -> None:
    path = tmp_path / "f.ndjson"
    path.write_text('{"id":"a","flag":true}\n' * shapes.LEAST_ALIKE, encoding="utf-8")
    assert [type(batch) for batch in open_reader(NdjsonFormat(format="ndjson"), path, KEYED)] == [Columnar]


OTHER = "(an element whose name is no name)"
LONG = "a name that is longer than what is compared at once, which is sixty-four bytes"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_that_is_nearly_of_a_shape_is_read_with_care(tmp_path: Path, end: str) -> None:
    """It stands between many that are of it, and would be taken for one of them where a byte of it was not looked at."""
    line = '{"id":"a","series":[1,2.5,-3],"' + LONG + '":7,"flag":"%s"}'
    broken = [
        line % "b" + "x",
        line % "b\\",
        line % "b\t",
        line % 'b"',
        (line % "b").replace("2.5", "02.5"),
        (line % "b").replace("2.5", ""),
        (line % "b").replace(":7,", ":,"),
        (line % "b").replace("bytes", "bytes\x01"),
        (line % "b").replace("[1", "{1"),
        (line % "b").replace("7", "7 7"),
    ]
    odd = [(line % "b").replace("bytes", "Bytes"), (line % "b").replace('"id"', '"di"'), (line % "b").replace("2.5", "null")]
    many = [line % f"é{number}" for number in range(40)]
    path = tmp_path / "f.ndjson"
    path.write_bytes(end.join([*many, *broken[:-1], *many, *odd, broken[-1], *many, ""]).encode())
    rows, units, aside, unmapped, first = told(path, KEYED, None)
    assert [misread.position for misread in aside] == [*range(41, 50), 93]
    assert (units, len(rows["record"])) == (133, 123)
    assert [row[7] for row in rows["record"]] == [*["2.5"] * 82, "-3", *["2.5"] * 40]
    assert unmapped == {OTHER: 123, "di": 1}
    assert first == {OTHER: 1, "di": 91}
