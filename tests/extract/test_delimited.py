"""Delimited files: what was written comes back cell for cell; what cannot be read is refused or set aside, never padded or dropped."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import CsvFormat
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import Batch, Reading, delimited, limits, open_reader, records, text
from tests.extract.build import column, table

SPEC = table("sample", column("one", "ONE"), column("two", "TWO"))
HEADER = "ONE,TWO\r\n"
CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=8) | st.sampled_from(
    ["", '"', '""', ",", "a\nb", "a\r\nb", " x ", "é", "\u2028", "=1+1"]
)


def read(path: Path, content: str | bytes, **dialect: Any) -> tuple[Reading, list[Batch]]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    reading = open_reader(CsvFormat(format="csv", **dialect), path, (SPEC,))
    return reading, list(reading)


def refusal(path: Path, content: str | bytes, **dialect: Any) -> RefusedFile:
    with pytest.raises(RefusedFile) as refused:
        read(path, content, **dialect)
    assert "CANARY" not in str(refused.value)
    assert refused.value.file == path.name
    return refused.value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELLS, CELLS), max_size=6), delimiter=st.sampled_from(",;\t|"), encoding=st.sampled_from(["utf-8", "utf-16"])
)
def test_what_the_csv_module_wrote_comes_back(tmp_path: Path, rows: list[tuple[str, str]], delimiter: str, encoding: str) -> None:
    rows = [row for row in rows if row != ("ONE", "TWO")]
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows([("ONE", "TWO"), *rows])
    reading, batches = read(tmp_path / "f.csv", stream.getvalue().encode(encoding), delimiter=delimiter, encoding=encoding)
    found = [pair for batch in batches for pair in zip(batch.columns["one"], batch.columns["two"], strict=True)]
    assert found == rows
    assert reading.units == len(rows)
    assert reading.set_aside == []


def test_position_is_the_physical_line_of_the_start(tmp_path: Path) -> None:
    _, [batch] = read(tmp_path / "f.csv", HEADER + 'a,b\r\n\r\n"x\r\ny",c\r\nd,e\r\n')
    assert batch.positions == [2, 4, 6]
    assert batch.columns == {"one": ["a", "x\r\ny", "d"], "two": ["b", "c", "e"]}


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    _, [batch] = read(tmp_path / "f.csv", "TWO,ONE\nb,a\n")
    assert batch.columns == {"one": ["a"], "two": ["b"]}


def test_stated_dialect_is_used(tmp_path: Path) -> None:
    content = "Report of today\nONE;TWO\nµ;'a;b'\n".encode("latin-1")
    _, [batch] = read(tmp_path / "f.csv", content, delimiter=";", quote="'", encoding="latin-1", header_lines=2)
    assert batch.columns == {"one": ["µ"], "two": ["a;b"]}
    assert batch.positions == [3]


def test_batches_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BATCH_ROWS", 3)
    reading, batches = read(tmp_path / "f.csv", HEADER + "a,b\n" * 8)
    assert [len(batch.positions) for batch in batches] == [3, 3, 2]
    assert reading.units == 8


def test_wrong_field_count_sets_the_row_aside(tmp_path: Path) -> None:
    reading, [batch] = read(tmp_path / "f.csv", HEADER + "a,b\nCANARY,b,c\nCANARY\nd,e\n")
    assert batch.columns["one"] == ["a", "d"]
    assert [(one.position, one.rule, one.reason, one.raw) for one in reading.set_aside] == [
        (3, "D01", "3 fields instead of 2", b"CANARY,b,c"),
        (4, "D01", "1 fields instead of 2", b"CANARY"),
    ]
    assert reading.units == 4


def test_stray_quote_within_a_line_sets_that_row_aside(tmp_path: Path) -> None:
    reading, [batch] = read(tmp_path / "f.csv", HEADER + 'a,"say "CANARY" now"\nd,e\n')
    assert batch.columns["one"] == ["d"]
    assert [one.position for one in reading.set_aside] == [2]


@pytest.mark.parametrize(
    ("body", "position"),
    [
        ('a,b\n"CANARY,b\nc,d\n', 3),  # swallows the rest of the file
        ('a,b\n"CANARY,b\nc,"d"\n', 3),  # swallows up to the next quotation mark
        ('a,b\n"CANARY,b\nc,d",e,f\nx,y\n', 3),  # closes by chance with another number of fields
    ],
)
def test_unbalanced_quote_is_refused_with_its_line(tmp_path: Path, body: str, position: int) -> None:
    refused = refusal(tmp_path / "f.csv", HEADER + body)
    assert refused.position == position
    assert "quotation mark" in refused.what


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\r\n \n", "empty"),
        ("ONE\na\n", "missing column TWO"),
        ("ONE,TWO,SURPRISE\na,b,CANARY\n", "extra column SURPRISE"),
        ("ONE,THREE\na,CANARY\n", "missing column TWO; extra column THREE"),
        ("ONE,TWO,TWO\na,b,CANARY\n", "column given twice TWO"),
        ("CANARY,b\nc,d\n", "no column of the contract is there; missing ONE, TWO"),
        ("ONE;TWO\na;CANARY\n", "wrong delimiter: the header is divided by semicolon, the contract says comma"),
        (HEADER + "a,CANARY\n" + HEADER + "c,d\n", "header comes a second time"),
        (HEADER + "a,b\nCANARY", "truncated"),
        (HEADER + "a,CAN\0ARY\n", "NUL"),
        ((HEADER + "a,µCANARY\n").encode("latin-1"), "not utf-8"),
        ((HEADER + "a,b\n").encode("utf-16"), "wrong encoding: the file is UTF-16"),
    ],
)
def test_refusals_say_why(tmp_path: Path, content: str | bytes, what: str) -> None:
    assert what in refusal(tmp_path / "f.csv", content).what


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        ((HEADER + "a,µCANARY\n").encode(), "latin-1"),
        (b"\xef\xbb\xbf" + HEADER.encode(), "utf-8"),
        (HEADER.encode(), "utf-16"),
    ],
)
def test_another_encoding_than_stated_is_refused(tmp_path: Path, content: bytes, encoding: str) -> None:
    assert "wrong encoding" in refusal(tmp_path / "f.csv", content, encoding=encoding).what


def test_wrong_bytes_are_found_with_their_line(tmp_path: Path) -> None:
    assert refusal(tmp_path / "f.csv", HEADER.encode() + b"a,b\nc,\xff\n").position == 3


def test_an_endless_line_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cgt_etl.extract.text.MAX_LINE_BYTES", 100)
    assert "longer than" in refusal(tmp_path / "f.csv", HEADER + "a," + "CANARY" * 50).what


def test_a_file_without_a_last_line_end_is_whole(tmp_path: Path) -> None:
    reading, [batch] = read(tmp_path / "f.csv", HEADER + "a,b")
    assert batch.columns["two"] == ["b"]
    assert reading.units == 1


def test_header_alone_is_an_export_of_nothing(tmp_path: Path) -> None:
    reading, batches = read(tmp_path / "f.csv", HEADER)
    assert (reading.units, batches) == (0, [])


def test_digests_only_where_there_is_no_key(tmp_path: Path) -> None:
    _, [batch] = read(tmp_path / "f.csv", HEADER + "a,b\na,b\na,c\n")
    assert batch.digests is not None
    assert batch.digests[0] == batch.digests[1] != batch.digests[2]
    path = tmp_path / "k.csv"
    path.write_text(HEADER + "a,b\n")
    keyed = table("sample", column("one", "ONE", position=1), column("two", "TWO"))
    [batch] = list(open_reader(CsvFormat(format="csv"), path, (keyed,)))
    assert batch.digests is None


def test_field_limit_bounds_an_unclosed_quote(tmp_path: Path) -> None:
    refused = refusal(tmp_path / "f.csv", HEADER + '"CANARY' + "x,y\n" * (limits.MAX_FIELD_CHARACTERS // 2))
    assert refused.position == 2


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("REMARK", "extra column REMARK"),
        ("CD34+_%", "extra column CD34+_%"),
        ("", "extra column number 3"),
        ("CANARY, JOAN", "extra column number 3"),
        ("0249-131", "extra column number 3"),
        ("MRN0249131", "extra column number 3"),
        ("2025-11-20", "extra column number 3"),
    ],
)
def test_an_extra_column_is_named_by_what_is_a_name_and_else_by_its_place(name: str, told: str) -> None:
    assert delimited.compare(["DIN", "VOL"], ["DIN", "VOL", name]) == told


@pytest.mark.rule("F03")
def test_what_the_name_says_is_a_cell_of_every_row(tmp_path: Path) -> None:
    spec = table("log", column("level", "Level"), column("tank", "tank"))
    file = CsvFormat.model_validate({"format": "csv", "name": r"(?P<tank>\d{8})\.CSV"})
    path = tmp_path / "39567300.CSV"
    path.write_text("Level\n212\n140\n", encoding="utf-8")
    (batch,) = open_reader(file, path, (spec,))
    assert batch.columns == {"level": ["212", "140"], "tank": ["39567300", "39567300"]}
    (batch,) = open_reader(file, path, (spec,), name="00000001.CSV")
    assert batch.columns["tank"] == ["00000001", "00000001"]
    with pytest.raises(RefusedFile) as refused:
        list(open_reader(file, path, (spec,), name="tank.CSV"))
    assert (refused.value.rule, "holds tank" in refused.value.what) == ("F03", True)


def test_micro_sign_and_greek_letter_are_one_name(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    for written in ("\u00b5", "\u03bc"):
        path.write_text(f"Diameter ({written}m)\n18.5\n", encoding="utf-8")
        for stated in ("\u00b5", "\u03bc"):
            [batch] = open_reader(CsvFormat(format="csv"), path, (table("t", column("diameter", f"Diameter ({stated}m)")),))
            assert batch.columns == {"diameter": ["18.5"]}


def of(*specs: tuple[str, str]) -> tuple[Any, ...]:
    return (table("t", *(column(name, heading) for name, heading in specs)),)


def named(path: Path, content: str | bytes, objects: tuple[Any, ...], **dialect: Any) -> tuple[Reading, Batch]:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    reading = open_reader(CsvFormat(format="csv", **dialect), path, objects)
    [batch] = list(reading)
    return reading, batch


def test_a_byte_order_mark_alone_tells_a_second_encoding(tmp_path: Path) -> None:
    text = HEADER + "é,b\r\n"
    for content in (text.encode(), text.encode("utf-16"), b"\xfe\xff" + text.encode("utf-16-be")):
        _, [batch] = read(tmp_path / "f.csv", content, marked_encodings=["utf-16"])
        assert batch.columns == {"one": ["é"], "two": ["b"]}
    assert "NUL" in str(refusal(tmp_path / "f.csv", text.replace("é", "e").encode("utf-16-le"), marked_encodings=["utf-16"]))
    assert "the contract says utf-8-sig" in str(refusal(tmp_path / "f.csv", text.encode("utf-16")))


def test_the_second_of_two_columns_of_one_name_is_told_by_its_place(tmp_path: Path) -> None:
    objects = of(("of_value", "CI"), ("value", "X"), ("of_mean", "CI[1]"))
    _, batch = named(tmp_path / "f.csv", "CI,X,CI\na,b,c\n", objects)
    assert batch.columns == {"of_value": ["a"], "value": ["b"], "of_mean": ["c"]}
    for wrong, said in (("CI,X\na,b\n", "missing column CI[1]"), ("CI,X,CI,CI\na,b,c,d\n", "given twice")):
        with pytest.raises(RefusedFile, match=re.escape(said)):
            named(tmp_path / "f.csv", wrong, objects)


def test_a_stated_other_heading_is_the_column_and_no_other_is(tmp_path: Path) -> None:
    objects, others = of(("one", "Conc. [µL]")), {"Conc. [\ufffdL]": "Conc. [μL]"}
    for heading in ("Conc. [\ufffdL]", "Conc. [µL]", "Conc. [μL]"):
        _, batch = named(tmp_path / "f.csv", f"{heading}\n1\n", objects, headings=others)
        assert batch.columns == {"one": ["1"]}
    with pytest.raises(RefusedFile):
        named(tmp_path / "f.csv", "Conc. [uL]\n1\n", objects, headings=others)


def test_a_header_may_leave_out_the_name_of_the_last_column_but_no_row_its_cell(tmp_path: Path) -> None:
    reading, batch = named(tmp_path / "f.csv", "ONE\na,b\nc\n", (SPEC,), may_lack_last_heading=True)
    assert batch.columns == {"one": ["a"], "two": ["b"]}
    assert [one.position for one in reading.set_aside] == [3]
    with pytest.raises(RefusedFile, match="missing column ONE"):
        named(tmp_path / "f.csv", "TWO\na,b\n", (SPEC,), may_lack_last_heading=True)


def test_a_column_that_a_file_may_lack_is_read_where_it_is_and_missing_where_not(tmp_path: Path) -> None:
    objects = (table("t", column("one", "ONE"), column("some", "SOME", may_lack=True), column("two", "TWO")),)
    _, batch = named(tmp_path / "f.csv", "SOME,TWO,ONE\nc,b,a\n", objects)
    assert batch.columns == {"one": ["a"], "some": ["c"], "two": ["b"]}
    reading, batch = named(tmp_path / "f.csv", "ONE,TWO\na,b\nc,d,e\n", objects)
    assert batch.columns == {"one": ["a"], "some": [None], "two": ["b"]}
    assert [(one.position, one.rule) for one in reading.set_aside] == [(3, "D01")]
    for wrong, said in (("ONE,SOME\na,c\n", "missing column TWO"), ("ONE,TWO,Some\na,b,c\n", "extra column Some")):
        with pytest.raises(RefusedFile, match=said):
            named(tmp_path / "f.csv", wrong, objects)


def test_a_margin_is_empty_or_its_row_is_no_row(tmp_path: Path) -> None:
    reading, batch = named(tmp_path / "f.csv", ",ONE,,TWO\n,a,,b\nx,c,,d\n", (SPEC,), has_empty_margin=True)
    assert batch.columns == {"one": ["a"], "two": ["b"]}
    assert [(one.position, one.rule) for one in reading.set_aside] == [(3, "D01")]
    assert "extra column number 1" in str(refusal(tmp_path / "f.csv", ",ONE,TWO\n,a,b\n"))


def test_what_a_block_says_once_holds_to_the_next_block_or_the_next_unreadable_row(tmp_path: Path) -> None:
    objects = of(("plate", "P"), ("kind", "K"), ("well", "W"))
    content = "P,K,W\np1,k1,A1\n,,A2\n,k2,A1\n,,A2\n,,A3,x\n,,A4\np3,,A1\n,,A2\n"
    reading, batch = named(tmp_path / "f.csv", content, objects, carried_down=["plate", "kind"])
    assert batch.columns["plate"] == ["p1", "p1", "", "", "", "p3", "p3"]
    assert batch.columns["kind"] == ["k1", "k1", "k2", "k2", "", "", ""]
    assert reading.units == 8


@pytest.mark.parametrize("chunk_bytes", [4, 1024])
def test_what_is_no_text_is_told_by_its_line_however_far_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int) -> None:
    monkeypatch.setattr(text, "_CHUNK", chunk_bytes)
    rows = HEADER + "a,b\n" * 3
    assert refusal(tmp_path / "f.csv", rows + "a,\0\n").position == 5
    assert refusal(tmp_path / "f.csv", (rows + "a,é\n").encode("latin-1")).position == 5
    monkeypatch.setattr(text, "MAX_LINE_BYTES", 20)
    assert refusal(tmp_path / "f.csv", rows + "a" * 2000).position == 5
