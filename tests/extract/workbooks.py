"""Workbooks that the tests write, what the reader makes of them, and what it owes."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import strategies as st

from cgt_etl.contracts.formats import XlsxFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import Batch, Reading, open_reader
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


def form(change: Callable[[dict[tuple[int, int], Any]], object] = lambda cells: None, **more: Any) -> bytes:
    cells = dict(FORM_CELLS)
    change(cells)
    return workbook(cells, **more)
