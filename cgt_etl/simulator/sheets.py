"""Workbooks with one plain table, as laboratories keep their logs. Writes the same bytes for the same rows: no clock stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import xlsxwriter

CREATED = datetime(2025, 1, 1, tzinfo=UTC).replace(tzinfo=None)
AS_WRITTEN = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def write_table(path: Path, sheet: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """One sheet: the columns' names in its first row, a row of texts and numbers each below; a blank text leaves its cell empty."""
    with xlsxwriter.Workbook(str(path), AS_WRITTEN) as book:
        book.set_properties({"created": CREATED})
        page = book.add_worksheet(sheet)
        page.write_row(0, 0, columns)
        for row, cells in enumerate(rows, start=1):
            for column, value in enumerate(cells):
                if value not in ("", None):
                    page.write(row, column, value)
