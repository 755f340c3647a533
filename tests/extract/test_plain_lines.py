"""Plain lines divided a stretch at a time: whatever the file, the same rows, refusals and records set aside as line by line."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import ArffFormat, CsvFormat, FileFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import Columnar, open_reader, plain_lines
from tests.extract.build import column, table

KEYED = table("sample", column("one", "ONE", position=1), column("two", "TWO"))
KEYLESS = table("sample", column("two", "TWO"), column("one", "ONE"))
SINGLE = table("sample", column("one", "ONE"))
QUOTED = ['"a",b', '"a,""b""","c"', 'a,""', '""""', '"",""']
WRONGLY_QUOTED = ['a"b,c', '"a"b,c', '"a" ,b', 'a,"b\nc"', '"a","b', '"""', ' "a",b', 'a,"b"""', '"a\r",b']
ODD = ["a,'b',''", '"a,b', "\ufeffa,b", "ONE,TWO", "x" * 40 + ",y", "a\r,b", "%a,b"]
LINES = st.lists(st.sampled_from(["a,b", "a,b", "\u00e9,", ",", "", " ", "a", "a,b,c", *QUOTED, *QUOTED, *WRONGLY_QUOTED, *ODD]))
ENDS = st.sampled_from(["\n", "\r\n", "\r"])


def told(file: FileFormat, path: Path, spec: ObjectSpec) -> Any:
    """Everything that a reading tells."""
    reading = open_reader(file, path, (spec,))
    try:
        batches = list(reading)
    except RefusedFile as refused:
        return str(refused), refused.position, refused.rule
    names = [one.name for one in spec.columns]
    rows = [
        (*row, batch.digests[place] if batch.digests else None)
        for batch in batches
        for place, row in enumerate(zip(batch.positions, batch.items, *(batch.columns[name] for name in names), strict=True))
    ]
    return rows, reading.units, reading.set_aside, reading.unmapped, reading.unmapped_first


def both(content: bytes, file: FileFormat, spec: ObjectSpec) -> tuple[Any, Any]:
    """What is told with and without the quick way."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "f"
        path.write_bytes(content)
        patch.setattr(plain_lines, "_STRETCH_BYTES", 16)
        quick = told(file, path, spec)
        patch.setattr(plain_lines.PlainLines, "__iter__", lambda _: iter(()))
        return quick, told(file, path, spec)


@pytest.mark.parametrize("spec", [KEYED, KEYLESS, SINGLE])
@settings(max_examples=300, deadline=None)
@given(lines=LINES, end=ENDS, is_closed=st.booleans(), encoding=st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "utf-16"]))
def test_a_delimited_file_says_the_same(spec: ObjectSpec, lines: list[str], end: str, is_closed: bool, encoding: Any) -> None:
    header = ",".join(one.physical_name for one in spec.columns)
    text = end.join([header, *lines]) + end * is_closed
    quick, careful = both(text.encode(encoding, "replace"), CsvFormat(format="csv", encoding=encoding), spec)
    assert quick == careful


@settings(max_examples=300, deadline=None)
@given(lines=LINES, end=ENDS, is_closed=st.booleans(), blank=st.sampled_from(["", " ", "\x1c", "\u2003"]))
def test_an_arff_file_says_the_same(lines: list[str], end: str, is_closed: bool, blank: str) -> None:
    lines = [line.replace("a", f"a{blank}") for line in lines]
    text = end.join(["@attribute ONE string", "@attribute TWO string", "@data", *lines]) + end * is_closed
    quick, careful = both(text.encode(), ArffFormat(format="arff"), KEYED)
    assert quick == careful


def test_plain_lines_are_read_a_column_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("ONE,TWO\na,b\nc,d\n", encoding="utf-8")
    assert [type(batch) for batch in open_reader(CsvFormat(format="csv"), path, (KEYED,))] == [Columnar]


def test_a_quoted_field_is_none_of_the_odd_ones(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text('ONE,TWO\n"a,b",c\r\nd,"say ""e"""\n', encoding="utf-8")
    [batch] = open_reader(CsvFormat(format="csv"), path, (KEYED,))
    assert isinstance(batch, Columnar)
    assert [*batch.columns.values()] == [["a,b", "d"], ["c", 'say "e"']]
