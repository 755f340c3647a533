"""Writes the sample workbooks of the dialect `processing_lab`: `python -m tests.dialects.processing_samples`. The same bytes every time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import xlsxwriter

from cgt_etl.settings import PACKAGE

FOLDER = PACKAGE / "dialects" / "processing_lab" / "samples"
HEADER = [
    "Sample", "DIN/Comp", "Rec'd", "Vol", "TNC (x10^10)", "Viab", "Viab method", "CD3/CD45 %", "CD14 %", "CD56+CD3- %", "Hct", "DMSO final",
    "Bag 1 mL", "Bag 2 mL", "Bag 3 mL", "Freeze start", "Freeze stop", "CRF prog", "Tank/Canister/Slot", "Steril",
]  # fmt: skip
LAYOUT_3: list[list[Any]] = [
    ["P-3301", "A999925000101-A0", "2 Nov 13:10", 185, 0.48, 97, "7AAD", 45, 22, 9, 0.04, "CS10", 50, 50, "-", "2 Nov 16:40", "2 Nov 17:55",
     "P7", "T2/C4/11", "NGTD"],
    ["P-3301", "A999925000101-B0", "2 Nov 13:10", 185, 0.48, 97, "7AAD", 45, 22, 9, "4 %", 10, 50, None, None, "2 Nov 16:40", "2 Nov 17:55",
     "P7", "T2/C4/12", "NG14"],
    ["P-3302", "A999925000102", None, 190, 0.57, 91, "TB", 42, 31, 8, 4, "1:1 w/20%", 60, 60, 55, "4 Nov 10:15", "4 Nov 11:30",
     "P7", "T2/C5/1", "POS CoNS (1/2)"],
]  # fmt: skip


def changed(**cells: Any) -> list[Any]:
    """The first row of the layout with other cells, by column name."""
    row = dict(zip(HEADER, LAYOUT_3[0], strict=True))
    return list((row | cells).values())


def workbook(name: str, sheet: str, rows: list[list[Any]], header: list[str] = HEADER) -> None:
    with xlsxwriter.Workbook(FOLDER / name) as book:
        book.set_properties({"created": datetime(2025, 11, 30, tzinfo=UTC)})
        for written in ("Oct", sheet):
            page = book.add_worksheet(written)
            page.write_row(0, 0, header)
            for number, row in enumerate(rows if written == sheet else [], start=1):
                page.write_row(number, 0, row)


def main() -> None:
    more = [
        changed(Sample="P-3303", **{"Rec'd": "30 Nov 23:40", "Freeze start": "1 Dec 01:15", "Freeze stop": "30 Feb 10:00"}),
        changed(Sample="P-3304", **{"Rec'd": "2 Nov 01:30", "Hct": "4 vol", "DMSO final": "a bit", "Steril": "contaminated?"}),
        changed(Sample="P-3305", **{"DIN/Comp": "A99992500O101-A0"}),
        changed(Sample="P-3306", **{"DIN/Comp": "A999925000103-A", "Rec'd": "2025-11-02 13:10"}),
        changed(Sample=None),
        changed(Sample="P-3301", Viab=98),
    ]
    workbook("Cryo_log_202511_Nov.xlsx", "Nov", LAYOUT_3 + more)
    over_new_year = {"Rec'd": "31 Dec 23:40", "Freeze start": "1 Jan 01:15", "Freeze stop": "1 Jan 02:30"}
    workbook("Cryo_log_202601_Jan.xlsx", "Jan", [changed(Sample="P-3401", **over_new_year)])
    with_mnc = [[*row, share] for row, share in zip(LAYOUT_3[:2], [78, 150], strict=True)]
    workbook("Cryo_log_202602_Feb.xlsx", "Feb", with_mnc, [*HEADER, "MNC %"])
    workbook("Cryo_log_202512_Dez.xlsx", "Dec", LAYOUT_3)


if __name__ == "__main__":
    main()
