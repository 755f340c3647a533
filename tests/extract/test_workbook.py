"""Workbooks: what was written comes back cell for cell; a form gives its certificate and lines; a hostile archive is refused unread."""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import XlsxFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import Batch, Reading, limits, open_reader
from cgt_etl.extract.archive import extent_of, usual_extent
from cgt_etl.extract.workbook import printed
from tests.extract.build import column, table

TABLE = table("sample", column("one", "ONE"), column("two", "TWO"))
PLAIN = XlsxFormat.model_validate({"format": "xlsx", "sheet": "Data"})
FORM = XlsxFormat.model_validate({"format": "xlsx", "sheet": "Data", "form": {"table_end": "End"}})
CERTIFICATE = (
    table("certificate", column("batch", "Batch #:"), column("issued", "Issued:")),
    table("line", column("test", "Test"), column("result", "Result"), explode="table"),
)
FORM_CELLS = {
    (1, 1): "Certificate of analysis",
    (2, 1): "Batch #:",
    (2, 2): 7781,
    (2, 4): "Issued:",
    (2, 5): datetime(2025, 12, 10, 14, 30),  # noqa: DTZ001  as on paper
    (4, 1): "Test",
    (4, 3): "Result",
    (5, 1): "Viability",
    (5, 3): 78,
    (7, 1): "Endotoxin",
    (7, 3): "<0.25",
    (8, 1): "End",
}
WRITES_DATES = "yyyy-mm-dd hh:mm:ss"


@dataclass(frozen=True)
class Formula:
    text: str
    saved: str | int


ERROR = Formula("=NA()", "#N/A")


def workbook(cells: dict[tuple[int, int], Any], merged: dict[tuple[int, int], tuple[int, int]] | None = None, sheet: str = "Data") -> bytes:
    """The bytes of a workbook with these cells (sheet row and column from 1)."""
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    at = book.add_worksheet(sheet)
    style = {datetime: WRITES_DATES, date: "yyyy-mm-dd", time: "hh:mm:ss", timedelta: "[h]:mm:ss"}
    formats = {kind: book.add_format({"num_format": text}) for kind, text in style.items()}
    for (row, number), value in cells.items():
        if (last := (merged or {}).get((row, number))) is not None:
            at.merge_range(row - 1, number - 1, last[0] - 1, last[1] - 1, value)
        elif isinstance(value, Formula):
            at.write_formula(row - 1, number - 1, value.text, None, value.saved)
        elif isinstance(value, str):
            at.write_string(row - 1, number - 1, value)
        elif type(value) in formats:
            at.write_datetime(row - 1, number - 1, value, formats[type(value)])
        else:
            at.write(row - 1, number - 1, value)
    book.close()
    return stream.getvalue()


def read(
    path: Path, content: bytes, file: XlsxFormat = PLAIN, objects: tuple[ObjectSpec, ...] = (TABLE,), **more: Any
) -> tuple[Reading, list[Batch]]:
    path.write_bytes(content)
    reading = open_reader(file, path, objects, **more)
    return reading, list(reading)


def refusal(path: Path, content: bytes, file: XlsxFormat = PLAIN, objects: tuple[ObjectSpec, ...] = (TABLE,)) -> RefusedFile:
    with pytest.raises(RefusedFile) as refused:
        read(path, content, file, objects)
    assert "CANARY" not in str(refused.value)
    assert refused.value.file == path.name
    return refused.value


def rows(batches: list[Batch], *names: str) -> list[tuple[str | None, ...]]:
    return [row for batch in batches for row in zip(*(batch.columns[name] for name in names), strict=True)]


def is_xml(sign: str) -> bool:
    return sign in "\t\n\r" or "\x20" <= sign <= "\ud7ff" or "\ue000" <= sign <= "\ufffd" or sign > "\uffff"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]).filter(is_xml), min_size=1, max_size=12) | st.sampled_from(
    ["a\r\nb", " x ", "\n", "_x000D_", "_x0041_", "=1+1", "<c r='A1' t='e'>", "&amp;", "'", "00123", "\u2028", "-5", "1e5", "TRUE"]
)
NUMBERS = st.integers(-(10**15) + 1, 10**15 - 1) | st.floats(-1e12, 1e12, allow_nan=False).map(lambda value: float(f"{value:.15g}"))
FIRST, LAST = datetime(1900, 3, 1), datetime(2999, 12, 31)  # noqa: DTZ001  a workbook has no zones
DATES = st.dates(date(1900, 3, 1), date(9999, 12, 31)) | st.datetimes(FIRST, LAST).map(lambda at: at.replace(microsecond=0))
VALUES = st.none() | TEXTS | NUMBERS | DATES | st.booleans() | st.times().map(lambda at: at.replace(microsecond=0))


def as_text(value: Any) -> str | None:
    """What the reader owes for what was written."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(int(value)) if math.floor(value) == value else repr(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()  # a workbook does not tell midnight from a date
    return str(value.isoformat())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.lists(st.tuples(VALUES, VALUES), max_size=6))
def test_what_was_written_comes_back(tmp_path: Path, written: list[tuple[Any, Any]]) -> None:
    written = [pair for pair in written if pair not in {(None, None), ("ONE", "TWO")}]
    cells = {(1, 1): "ONE", (1, 2): "TWO"}
    cells |= {
        (row, place): value for row, pair in enumerate(written, start=3) for place, value in enumerate(pair, start=1) if value is not None
    }
    reading, batches = read(tmp_path / "w.xlsx", workbook(cells))
    assert rows(batches, "one", "two") == [(as_text(one), as_text(two)) for one, two in written]
    assert [position for batch in batches for position in batch.positions] == list(range(3, 3 + len(written)))
    assert (reading.units, reading.set_aside) == (len(written), [])


def test_other_kinds_of_cells(tmp_path: Path) -> None:
    cells = {
        (1, 1): "ONE",
        (1, 2): "TWO",
        (2, 1): timedelta(hours=36, minutes=5),
        (2, 2): Formula("=SUM(A1)", 42),
        (3, 1): ERROR,
        (3, 2): 2.0**60,
    }
    _, [batch] = read(tmp_path / "w.xlsx", workbook(cells))
    assert rows([batch], "one", "two") == [("36:05:00", "42"), (None, None)]
    assert batch.unreadable == {(1, "one"): "#N/A", (1, "two"): str(2.0**60)}


def test_an_empty_text_is_an_empty_cell_and_a_stray_column_sets_the_row_aside(tmp_path: Path) -> None:
    cells = {(1, 1): "ONE", (1, 2): "TWO", (2, 1): "", (2, 2): "x", (4, 1): "a", (4, 2): "b", (4, 5): "CANARY"}
    reading, batches = read(tmp_path / "w.xlsx", workbook(cells))
    assert rows(batches, "one", "two") == [(None, "x")]
    assert [(one.position, one.rule) for one in reading.set_aside] == [(4, "D01")]
    assert reading.units == 2


def test_the_header_row_is_where_the_contract_says(tmp_path: Path) -> None:
    cells = {(1, 1): "A title", (3, 2): "ONE", (3, 1): "TWO", (5, 2): "a"}
    file = XlsxFormat.model_validate({"format": "xlsx", "sheet": "Data", "header_row": 3})
    _, [batch] = read(tmp_path / "w.xlsx", workbook(cells), file)
    assert (batch.positions, batch.columns) == ([5], {"one": ["a"], "two": [None]})
    refused = refusal(tmp_path / "w.xlsx", workbook(cells))
    assert (refused.rule, refused.position) == ("F02", 1)
    assert refusal(tmp_path / "w.xlsx", workbook({(1, 1): "x"}), file).rule == "F02"


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (("ONE",), "missing column TWO"),
        (("ONE", "TWO", "THREE"), "extra column THREE"),
        (("ONE", "TWO", "TWO"), "column given twice TWO"),
        (("ONE", "TWO", "CANARY 12345"), "extra column number 3"),
    ],
)
def test_columns_that_are_not_the_contracts(tmp_path: Path, header: tuple[str, ...], says: str) -> None:
    refused = refusal(tmp_path / "w.xlsx", workbook({(1, place): name for place, name in enumerate(header, start=1)}))
    assert (refused.rule, says in str(refused)) == ("F02", True)


def test_a_column_or_label_that_a_workbook_may_lack_is_read_where_it_is_and_missing_where_not(tmp_path: Path) -> None:
    some = column("some", "SOME", may_lack=True)
    objects = (table("t", column("one", "ONE"), some, column("two", "TWO")),)
    with_it = {(1, 1): "SOME", (1, 2): "TWO", (1, 3): "ONE", (2, 1): "c", (2, 2): "b", (2, 3): "a"}
    _, [batch] = read(tmp_path / "w.xlsx", workbook(with_it), objects=objects)
    assert batch.columns == {"one": ["a"], "some": ["c"], "two": ["b"]}
    without = {(1, 1): "ONE", (1, 2): "TWO", (2, 1): "a", (2, 2): "b", (3, 1): "c", (3, 2): "d", (3, 3): "e"}
    reading, [batch] = read(tmp_path / "w.xlsx", workbook(without), objects=objects)
    assert batch.columns == {"one": ["a"], "some": [None], "two": ["b"]}
    assert [one.position for one in reading.set_aside] == [3]
    certificate = (table("certificate", *CERTIFICATE[0].columns, column("some", "Some:", may_lack=True)), CERTIFICATE[1])
    for value, cells in (("x", {(2, 7): "Some:", (2, 8): "x"}), (None, {})):
        _, [record, _] = read(tmp_path / "w.xlsx", form(lambda of, more=cells: of.update(more)), FORM, certificate)
        assert record.columns == {"batch": ["7781"], "issued": ["2025-12-10T14:30:00"], "some": [value]}


def form(change: Callable[[dict[tuple[int, int], Any]], object] = lambda cells: None, **more: Any) -> bytes:
    cells = dict(FORM_CELLS)
    change(cells)
    return workbook(cells, **more)


def test_a_form_is_one_record_and_its_lines(tmp_path: Path) -> None:
    reading, [certificate, lines] = read(
        tmp_path / "w.xlsx", form(), FORM, CERTIFICATE, ignored_elements={"Certificate of analysis": "title"}
    )
    assert (certificate.object, certificate.positions, certificate.items) == ("certificate", [2], [0])
    assert certificate.columns == {"batch": ["7781"], "issued": ["2025-12-10T14:30:00"]}
    assert (lines.object, lines.positions, lines.items) == ("line", [2, 2], [5, 7])
    assert lines.columns == {"test": ["Viability", "Endotoxin"], "result": ["78", "<0.25"]}
    assert (reading.units, reading.unmapped) == (1, {})


def test_a_form_may_stand_anywhere_and_be_merged(tmp_path: Path) -> None:
    moved = {(row + 10, place + 6): value for (row, place), value in FORM_CELLS.items() if (row, place) != (2, 2)}
    moved[12, 9] = 7781  # the label takes two columns, so its value is one further
    _, [certificate, lines] = read(tmp_path / "w.xlsx", workbook(moved, {(12, 7): (12, 8)}), FORM, CERTIFICATE)
    assert certificate.columns == {"batch": ["7781"], "issued": ["2025-12-10T14:30:00"]}
    assert (certificate.positions, lines.items) == ([12], [15, 17])


def test_what_a_person_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "w.xlsx"
    path.write_bytes(form(lambda cells: cells.update({(5, 3): ERROR})))
    shown = printed(FORM, path, 2, 2)
    assert shown[1] == "row 2: Batch #: | 7781 | Issued: | 2025-12-10T14:30:00"
    assert shown[3:] == ["row 5: Viability | #N/A", "row 7: Endotoxin | <0.25", "row 8: End"]
    path.write_bytes(workbook({(1, 1): "ONE", (1, 2): "TWO", (2, 1): "a", (4, 2): 5}))
    assert printed(PLAIN, path, 2, 4) == ["row 2: a", "row 4: 5"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.tuples(VALUES, VALUES),
    written=st.lists(st.tuples(TEXTS.map(lambda text: f"t{text}"), VALUES), max_size=4),
    down=st.integers(0, 20),
    right=st.integers(0, 20),
    swapped=st.booleans(),
)
def test_what_was_written_on_a_form_comes_back(
    tmp_path: Path, *, values: tuple[Any, Any], written: list[tuple[str, Any]], down: int, right: int, swapped: bool
) -> None:
    labels = [("Issued:", values[1]), ("Batch #:", values[0])] if swapped else [("Batch #:", values[0]), ("Issued:", values[1])]
    cells: dict[tuple[int, int], Any] = {}
    for number, (label, value) in enumerate(labels):
        cells |= {(1, 1 + 3 * number): label, (1, 2 + 3 * number): value}
    cells |= {(3, 2): "Result", (3, 1): "Test"}
    for row, (test, result) in enumerate(written, start=4):
        cells |= {(row, 1): test, (row, 2): result}
    cells[4 + len(written), 1] = "End"
    moved = {(row + down, place + right): value for (row, place), value in cells.items() if value is not None}
    _, found = read(tmp_path / "w.xlsx", workbook(moved), FORM, CERTIFICATE)
    assert rows(found[:1], "batch", "issued") == [(as_text(values[0]), as_text(values[1]))]
    assert rows(found[1:], "test", "result") == [(test, as_text(result)) for test, result in written]
    assert [item for batch in found[1:] for item in batch.items] == [4 + down + number for number in range(len(written))]


def test_an_empty_value_is_missing_and_a_label_is_never_a_value(tmp_path: Path) -> None:
    def crowded(cells: dict[tuple[int, int], Any]) -> None:
        cells[2, 2] = cells.pop((2, 4))
        cells[2, 3] = cells.pop((2, 5))

    _, [certificate, _] = read(tmp_path / "w.xlsx", form(crowded), FORM, CERTIFICATE)
    assert certificate.columns == {"batch": [None], "issued": ["2025-12-10T14:30:00"]}
    _, [certificate, _] = read(tmp_path / "w.xlsx", form(lambda cells: cells.pop((2, 5))), FORM, CERTIFICATE)
    assert certificate.columns == {"batch": ["7781"], "issued": [None]}


def test_what_a_form_holds_beside_the_contract_is_counted_and_not_named(tmp_path: Path) -> None:
    reading, _ = read(tmp_path / "w.xlsx", form(lambda cells: cells.update({(9, 2): "CANARY 4711"})), FORM, CERTIFICATE)
    assert (reading.unmapped, reading.unmapped_first) == ({"(a cell outside the form)": 1}, {"(a cell outside the form)": 2})


def test_an_error_in_a_form_is_no_empty_cell(tmp_path: Path) -> None:
    _, [certificate, lines] = read(tmp_path / "w.xlsx", form(lambda cells: cells.update({(2, 2): ERROR, (5, 3): ERROR})), FORM, CERTIFICATE)
    assert certificate.unreadable == {(0, "batch"): "#N/A"}
    assert lines.unreadable == {(0, "result"): "#N/A"}


@pytest.mark.parametrize(
    ("change", "rule", "says"),
    [
        (lambda cells: (cells.pop((2, 1)), cells.pop((2, 4))), "F02", "missing label Batch #:, Issued:"),
        (lambda cells: cells.update({(3, 4): "Batch #:"}), "F02", "label given twice Batch #:"),
        (lambda cells: cells.pop((4, 3)), "F02", "missing column Result"),
        (lambda cells: cells.update({(4, 5): "Comment"}), "F02", "extra column Comment"),
        (lambda cells: cells.update({(6, 1): "Test", (6, 3): "Result"}), "F02", "header comes twice"),
        (lambda cells: cells.pop((8, 1)), "F01", "there is no `End`"),
        (lambda cells: cells.clear(), "F02", "no column of the contract is there"),
    ],
)
def test_a_form_that_is_not_the_contracts(tmp_path: Path, change: Any, rule: str, says: str) -> None:
    refused = refusal(tmp_path / "w.xlsx", form(change), FORM, CERTIFICATE)
    assert (refused.rule, says in str(refused)) == (rule, True), str(refused)


def test_another_sheet_is_refused(tmp_path: Path) -> None:
    refused = refusal(tmp_path / "w.xlsx", workbook({(1, 1): "ONE"}, sheet="Other"))
    assert (refused.rule, "there is no sheet `Data`" in str(refused)) == ("F02", True)


GOOD = workbook({(1, 1): "ONE", (1, 2): "TWO", (2, 1): "CANARY"})


def repacked(change: Callable[[dict[str, bytes]], object], good: bytes = GOOD) -> bytes:
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    change(parts)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def with_cell(reference: str) -> bytes:
    cell = f'<row r="2"><c r="{reference}"><v>1</v></c></row></sheetData>'.encode()
    return repacked(lambda parts: parts.update({SHEET: parts[SHEET].replace(b"</sheetData>", cell)}))


def lying(good: bytes) -> bytes:
    """The sheet's stated size made smaller than it is, in the directory and at the part."""
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        size = archive.getinfo(SHEET).file_size
    return good.replace(size.to_bytes(4, "little"), (size - 50).to_bytes(4, "little"))


def going_on(good: bytes) -> bytes:
    """The sheet's stated size and checksum are those of its first half: a reader that believes them stops there."""
    with zipfile.ZipFile(io.BytesIO(good)) as archive:
        stated, content = archive.getinfo(SHEET), archive.read(SHEET)
    half = len(content) // 2
    lie = zlib.crc32(content[:half]).to_bytes(4, "little")
    truth = stated.CRC.to_bytes(4, "little") + stated.compress_size.to_bytes(4, "little") + stated.file_size.to_bytes(4, "little")
    return good.replace(truth, lie + stated.compress_size.to_bytes(4, "little") + half.to_bytes(4, "little"))


def given_twice(good: bytes) -> bytes:
    stream = io.BytesIO(good)
    with zipfile.ZipFile(stream, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(SHEET, b"<worksheet/>")
    return stream.getvalue()


def with_entities(parts: dict[str, bytes]) -> None:
    laughs = b"".join(b'<!ENTITY e%d "%s">' % (n, b"&e%d;" % (n - 1) * 10) for n in range(1, 12))
    strings = b'<!DOCTYPE sst [<!ENTITY e0 "ha">' + laughs + b"]>" + parts["xl/sharedStrings.xml"].split(b"?>", 1)[1]
    parts["xl/sharedStrings.xml"] = strings.replace(b"CANARY", b"&e11;")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "no XLSX"),
        (b"ONE,TWO\r\nCANARY,1\r\n", "no XLSX"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "encrypted"),
        (GOOD[: len(GOOD) // 2], "breaks off"),
        (GOOD[:-5], "breaks off"),
        (repacked(lambda parts: parts.pop("xl/workbook.xml")), "xl/workbook.xml"),
        (repacked(lambda parts: parts.pop(SHEET)), "no part"),
        (repacked(lambda parts: parts.update({"xl/workbook.xml": b"<!DOCTYPE x []><x/>"})), "damaged"),
        (repacked(lambda parts: parts.update({SHEET: parts[SHEET][:200]})), "cannot be read"),
        (repacked(lambda parts: parts.update({SHEET: parts[SHEET].decode().encode("utf-16")})), "not UTF-8"),
        (repacked(lambda parts: parts.update({"bomb": bytes(20_000_000)})), "expands more than"),
        (repacked(lambda parts: parts.update({f"part{n}": b"" for n in range(limits.MAX_PARTS)})), "more than 2000 entries"),
        (with_cell("BCDEF1"), "columns"),
        (with_cell("A99999999"), "rows"),
        (with_cell("ZZ900000"), "cells"),
        (lying(GOOD), "damaged"),
        (going_on(GOOD), "damaged"),
        (given_twice(GOOD), "a part twice"),
        (repacked(with_entities), "cannot be read"),
    ],
)
def test_a_hostile_or_broken_archive_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    refused = refusal(tmp_path / "w.xlsx", content)
    assert (refused.rule, says in str(refused)) == ("F01", True), str(refused)


OTHER = """<?xml version="1.0"?><x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>
<x:row r='1'><x:c r='A1' t='inlineStr'><x:is><x:t>ONE</x:t></x:is></x:c><x:c t="str" r = "B1"><x:v>TWO</x:v></x:c></x:row>
<x:row r='3'><x:c r='A3' t='inlineStr'><x:is><x:r><x:t>ri</x:t></x:r><x:r><x:t>ch</x:t></x:r></x:is></x:c><x:c
 r='B3'
 t='e'><x:v>#REF!</x:v></x:c></x:row>
<x:row r='4'><x:c r='A4' s="0"><x:v>-1.50</x:v></x:c></x:row></x:sheetData></x:worksheet>"""
"""As another program may write it: names with a prefix, inline and rich text, single quotes, line ends inside tags."""


def test_the_sheet_of_another_program(tmp_path: Path) -> None:
    def change(parts: dict[str, bytes]) -> None:
        parts[SHEET] = OTHER.encode()
        relations = "xl/_rels/workbook.xml.rels"
        parts[relations] = parts[relations].replace(b'"worksheets/', b'"/xl/worksheets/')

    _, [batch] = read(tmp_path / "w.xlsx", repacked(change))
    assert rows([batch], "one", "two") == [("rich", None), ("-1.5", None)]
    assert (batch.positions, batch.unreadable) == ([3, 4], {(0, "two"): "#REF!"})


def test_days_count_from_1904_where_the_workbook_says_so(tmp_path: Path) -> None:
    content = workbook({(1, 1): "ONE", (1, 2): "TWO", (2, 1): date(2025, 11, 2)})
    book = "xl/workbook.xml"
    moved = repacked(lambda parts: parts.update({book: parts[book].replace(b"<workbookPr ", b'<workbookPr date1904="1" ')}), content)
    _, [batch] = read(tmp_path / "w.xlsx", moved)
    assert rows([batch], "one", "two") == [("2029-11-03", None)]


def test_a_total_beyond_the_limit_is_refused_before_it_is_taken_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_EXPANDED_BYTES", 1000)
    assert "expands to more than" in str(refusal(tmp_path / "w.xlsx", GOOD))


def test_a_claim_of_a_million_columns_is_only_a_claim(tmp_path: Path) -> None:
    claim = b'<dimension ref="A1:XFD1048576"/>'
    content = repacked(lambda parts: parts.update({SHEET: parts[SHEET].replace(b'<dimension ref="A1:B2"/>', claim)}))
    _, batches = read(tmp_path / "w.xlsx", content)
    assert rows(batches, "one", "two") == [("CANARY", None)]


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, len(GOOD) - 1), sign=st.integers(1, 255))
def test_a_flipped_byte_is_refused_or_harmless(tmp_path: Path, place: int, sign: int) -> None:
    content = bytearray(GOOD)
    content[place] ^= sign
    try:
        _, batches = read(tmp_path / "w.xlsx", bytes(content))
    except RefusedFile as refused:
        assert "CANARY" not in str(refused)
    else:
        assert rows(batches, "one", "two") == [("CANARY", None)]


def test_the_name_of_the_file_names_the_sheet(tmp_path: Path) -> None:
    file = XlsxFormat.model_validate({"format": "xlsx", "sheet_in_name": r"log_[0-9]{6}_(?P<sheet>[A-Z][a-z]{2})[.]xlsx"})
    path = tmp_path / "raw"
    path.write_bytes(workbook({(1, 1): "ONE", (1, 2): "TWO", (2, 1): "a", (2, 2): "b"}, sheet="Nov"))
    [batch] = open_reader(file, path, (TABLE,), name="log_202511_Nov.xlsx")
    assert batch.columns == {"one": ["a"], "two": ["b"]}
    for name, rule, what in [("log_202512_Dec.xlsx", "F02", "no sheet `Dec`"), ("log.xlsx", "F03", "names no sheet")]:
        with pytest.raises(RefusedFile) as refused:
            list(open_reader(file, path, (TABLE,), name=name))
        assert (refused.value.rule, what in refused.value.what) == (rule, True)


HEADED = XlsxFormat.model_validate(
    {"format": "xlsx", "is_only_sheet": True, "head": {"columns": ["plate", "made"]}, "has_empty_margin": True}
)
BELOW = (table("t", column("plate", "Plate"), column("made", "Made"), column("well", "Well"), column("count", "Count")),)
HEAD_CELLS = {(1, 1): "Plate", (1, 2): "CANARY", (2, 1): "Made", (2, 2): datetime(2025, 5, 20, 12, 25), (4, 2): "Well", (4, 4): "Count"}  # noqa: DTZ001


def test_a_table_below_a_head_gets_what_the_head_says(tmp_path: Path) -> None:
    cells = {**HEAD_CELLS, (5, 2): "A1", (5, 4): 7, (6, 2): "A2", (6, 3): "a note", (6, 4): 8, (7, 4): 9}
    reading, batches = read(tmp_path / "f.xlsx", workbook(cells, sheet="any name"), HEADED, BELOW)
    when = "2025-05-20T12:25:00"
    assert rows(batches, "plate", "made", "well", "count") == [("CANARY", when, "A1", "7"), ("CANARY", when, None, "9")]
    assert [(one.position, one.rule, one.reason) for one in reading.set_aside] == [(6, "D01", "a value in a column without a name")]
    assert reading.units == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({(1, 1): "Plates"}, "missing label Plate"),
        ({(3, 1): "Made"}, "label given twice Made"),
        ({(4, 4): "Counts"}, "no line holds all its column names, missing Count"),
        ({(4, 5): "More"}, "extra column More"),
        ({(2, 2): Formula("=NA()", "#N/A")}, "a cell of the head is no value"),
    ],
)
def test_another_head_is_refused(tmp_path: Path, change: dict[tuple[int, int], Any], said: str) -> None:
    assert said in str(refusal(tmp_path / "f.xlsx", workbook({**HEAD_CELLS, (5, 2): "A1", **change}), HEADED, BELOW))


def test_the_only_sheet_is_alone(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        book.add_worksheet("one")
        book.add_worksheet("two")
    assert "has 2 sheets, the contract says one" in str(refusal(tmp_path / "f.xlsx", stream.getvalue(), HEADED, BELOW))


CELL_TAGS = st.sampled_from(
    ['<c r="A1">', '<c r="B12" s="1"/>', '<row r="7">', '<row r="0012" spans="1:2">', "<cols>", "<c>", "<row>", "</c>", "text", "<v>1</v>"]
)
ODD_TAGS = st.sampled_from(
    [
        '<c  r="C3">',
        "<c r='C3'>",
        '<c s="1" r="D44"/>',
        '<x:c r="E5"/>',
        '<x:row r="9"/>',
        '<c r="ABCD1"/>',
        '<c r="a1"/>',
        '<c r="A"/>',
        '<c r="AB" r="C9"/>',
        '<c r="9"/>',
        '<row r="A9"/>',
        '<row r="123456789012"/>',
        '<c\nr="F6"/>',
        "<c ",
        '<c r="',
        '<row r="1',
        "<",
        "<r",
    ]
)


@given(st.lists(st.one_of(CELL_TAGS, CELL_TAGS, CELL_TAGS, ODD_TAGS)))
def test_the_extent_of_usual_tags_is_that_of_any(tags: list[str]) -> None:
    content = "".join(tags).encode()
    assert usual_extent(content) in (None, extent_of(content))


def test_usual_tags_are_measured_together() -> None:
    assert usual_extent(b'<row r="2" spans="1:2"><c r="A2" s="1"/><c r="AB2"><v>1</v></c></row>') == (2, 28, 2)


SHEET_CELLS = st.sampled_from(["a", "a", "b", 1, 2.5, 10**15, True, "", None, ERROR, date(2025, 1, 2), "ONE"])
SHEET_ROWS = st.lists(
    st.one_of(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["c", 1.5, 2])), st.tuples(SHEET_CELLS, SHEET_CELLS, SHEET_CELLS)),
    max_size=12,
)


@pytest.mark.parametrize("spec", [TABLE, table("keyed", column("two", "TWO"), column("one", "ONE", position=1))])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=SHEET_ROWS, last=st.sampled_from(["TWO", "ONE"]))
def test_rows_read_together_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: ObjectSpec, written: list[tuple[Any, ...]], last: str
) -> None:
    lines = [("ONE", "TWO"), *written, (last, "TWO")][: None if last == "ONE" else -1]
    cells = {(row, place): value for row, of in enumerate(lines, start=1) for place, value in enumerate(of, start=1) if value is not None}
    path = tmp_path / "f"
    path.write_bytes(workbook(cells))

    def told() -> Any:
        reading = open_reader(PLAIN, path, (spec,))
        try:
            rows = [(batch.positions, batch.items, batch.columns, batch.unreadable, batch.digests) for batch in reading]
        except RefusedFile as refused:
            return str(refused), refused.position
        return rows, reading.units, reading.set_aside

    with monkeypatch.context() as patch:
        patch.setattr("cgt_etl.extract.workbook._BLOCK_ROWS", 3)
        together = told()
        patch.setattr("cgt_etl.extract.workbook._Sheet._columns", lambda *_: None)
        assert together == told()


def test_plain_rows_are_read_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(workbook({(row, place): ["ONE", "TWO"][place - 1] if row == 1 else row for row in range(1, 9) for place in (1, 2)}))
    walked: list[int] = []
    monkeypatch.setattr("cgt_etl.extract.workbook.Rows.add", lambda *_, **__: walked.append(1))
    keyed = table("keyed", column("one", "ONE", position=1), column("two", "TWO"))
    [batch] = open_reader(PLAIN, path, (keyed,))
    assert (batch.positions, walked) == ([*range(2, 9)], [])
