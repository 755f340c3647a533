"""Workbooks as archives: what is hostile or broken is refused unread, and what another program writes is read."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.errors import RefusedFile
from cgt_etl.extract import limits
from cgt_etl.extract.archive import extent_of, usual_extent
from tests.extract.workbooks import (
    read,
    refusal,
    rows,
    workbook,
)

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
