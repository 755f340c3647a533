"""Writes sample workbooks of `revvity_matrix` and plates of `ctl_immunospot`, the same bytes every time.

`python -m tests.dialects.instrument_samples`
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import xlsxwriter

from cgt_etl.settings import PACKAGE

FOLDER = PACKAGE / "dialects" / "revvity_matrix" / "samples"
PLATES = PACKAGE / "dialects" / "ctl_immunospot" / "samples"
WELLS: list[list[Any]] = [
    ["Well Name", "Live Count", "Live Cells/mL", "Live Mean Size", "Viability", "Dead Count", "Dead Cells/mL", "Dead Mean Size",
     "Total Count", "Total Cells/mL", "Total Mean Size", "Note:", "Errors:"],
    ["B25-0417 D4", 1165, 2280000, 9.53, 0.87, 177, 343000, 4.5, 1342, 2620000, 8.88],
    ["P2-1", 1142, 2230000, 10.94, 87, 168, 326000, 5.66, 1310, 2560000, 10.25],
    ["P2-2", 1109, 2170000, 11.59, "87%", 195, 379000, 6.69, 1304, 2550000, 10.86, "", "No Cells found in F2 Image C"],
    ["P2-3", 1109, 2170000, 11.04, 0.84, 209, 405000, 6.08, 1318, 2580000, 10.24, "", "", "what for?"],
]  # fmt: skip
PLATE: list[list[Any]] = [
    ["Plate Name", "CP-7"],
    ["Dilution", 2],
    ["Assay Name", "AOPI primary"],
    ["Results Timestamp", datetime(2025, 11, 10, 12, 25, 15, tzinfo=UTC)],
    ["Scanresult Timestamp", datetime(2025, 11, 10, 12, 24, 1, tzinfo=UTC)],
    ["Instrument SN", "MX-0-0"],
    ["Operator", "A. Fictional"],
    ["Version", 2],
    [],
    ["", "", "Row", "Column", "Well Name", "Live Count", "Live Concentration (E6)", "Live Diameter", "Viability (%)", "Dead Count",
     "Dead Concentration (E6)", "Dead Diameter", "Total Count", "Total Concentration (E6)", "Aggregate Count", "Aggregate Size",
     "Aggregates (%)", "Errors"],
    ["", "", 0, 0, "B25-0417 D4", 124, 0.5, 13.13, 90, 15, 0.0291, 15.91, 154, 0.3, 5, 22.58, 3.1446540880503147, ""],
    ["", "", 0, 1, "P2-1", 100, 0.51, 12.41, 190, 15, 0.029, 11.52, 156, 0.303, 7, 33.33, 4.294478527607362, ""],
    ["note", "", 0, 2, "P2-2", 200, 0.52, 13.65, 91, 18, 0.035, 14.07, 200, 0.39, 12, 41.87, 5.660377358490567, ""],
    ["", "", "", 3, "P2-3", 200, 0.52, 13.65, 91, 18, 0.035, 14.07, 200, 0.39, 12, 41.87, 5.660377358490567, ""],
]  # fmt: skip


def workbook(name: str, sheets: dict[str, list[list[Any]]]) -> None:
    with xlsxwriter.Workbook(FOLDER / name, {"remove_timezone": True}) as book:
        book.set_properties({"created": datetime(2025, 11, 30, tzinfo=UTC)})
        time = book.add_format({"num_format": "m/d/yy h:mm"})
        for sheet, rows in sheets.items():
            page = book.add_worksheet(sheet)
            for number, row in enumerate(rows):
                for place, value in enumerate(row):
                    page.write(number, place, value, time if isinstance(value, datetime) else None)


HEAD = """Software version: ImmunoSpot 7.0.{version}
{time}; Authenticated user: 'LAB\\fictional'
Analyzer Serial number: S6-0; Computer name: bench-1
E:\\Plates\\B25-0417\\elispot_1.xls
Counting window size: 1024x1024

Assay: 1
Counting Mask Size(%): 100
Normalize Counts of Mask: Off
Sensitivity: 160
Min. SpotSize: 0.0025  Sq.mm
Max. SpotSize: 12.6147  Sq.mm
Spot Separation: 15.00
Diffuseness: Normal
Background Balance: 40
"""
LETTERS = "ABCDEFGH"
COUNTED = "Counted: Mon Nov 10 14:44:50 2025"
REVIEWED = "QC review last updated on Tue Nov 11 09:12:51 2025 by ImmunoSpot 7.0.38.8"


def grid(values: dict[str, str], otherwise: str) -> list[list[str]]:
    """Rows of 12 wells, those of `values` by name (`B7`)."""
    return [[values.get(f"{letter}{number}", otherwise) for number in range(1, 13)] for letter in LETTERS]


def by_blanks(title: str, rows: list[list[str]]) -> str:
    numbers = " ".join(f"{number:>6}" for number in range(1, 13))
    lines = [f"{letter} {' '.join(f'{value:>6}' for value in row)}" for letter, row in zip(LETTERS, rows, strict=True)]
    return "\n".join([f"\t\t\t{title}", "", f" {numbers}", "", *lines, ""])


def by_tabs(blocks: dict[str, list[list[str]]]) -> str:
    """Blocks side by side."""
    between = "\t\t\t"
    titles = ("\t" * 15).join(blocks)
    numbers = between.join("\t".join(["", *map(str, range(1, 13))]) for _ in blocks)
    lines = [between.join("\t".join([letter, *rows[place]]) for rows in blocks.values()) for place, letter in enumerate(LETTERS)]
    return "\n".join([f"\t{titles}", "", numbers, f"\t{'_' * 60}", "", *lines, f"\t{'_' * 60}", "\t\tQC changes are highlighted", ""])


def plates() -> None:
    head = HEAD.format(version="30.5", time=COUNTED)
    spots = {"A2": "TNTC", "B3": "*", "C1": "-1", "D4": "12.5"}
    areas = [("Well areas covered by spots (%max)", "1.46"), ("Total intensity of spots per well (%max)", "0.70")]
    counts = by_blanks("Unprocessed Data", grid(spots, "61"))
    code = counts.replace("Unprocessed Data\n", "Unprocessed Data\n\n\tC.T.L.\t\t\tImmunoSpot  Plate Code = EL-1\n")
    sizes = by_blanks("Mean spot sizes (Sq.mm)", grid({}, "0.0072"))
    rest = "\n".join([sizes, *(by_blanks(title, grid({}, value)) for title, value in areas)])
    whole = f"{head}\n{code}TNTC: Too numerous to count\n\n{rest}"
    write("plate_20251110.txt", whole)
    lines = whole.split("\n")
    row = next(place for place, line in enumerate(lines) if line.startswith("C "))
    write("plate_row_missing.txt", "\n".join(line for place, line in enumerate(lines) if place != row))
    write("plate_row_twice.txt", "\n".join([*lines[: row + 1], *lines[row:]]))
    write("plate_well_missing.txt", "\n".join([*lines[:row], lines[row].rsplit(" ", 1)[0], *lines[row + 1 :]]))
    write("plate_no_counts.txt", f"{head}\n{rest}")
    write("plate_other_block.txt", f"{whole}\n{by_blanks('Circularity', grid({}, '0.9'))}")
    sides = {
        "Spot Counts": grid({"A1": "-2", "H12": "-3", "B2": "", "B3": "many"}, "4"),
        "Mean spot sizes (1E-3 Sq.mm)": grid({}, "10.07830"),
    }
    layout, tables = by_tabs({"Assay Layout": grid({"H1": "-1"}, "1")}), by_tabs(sides)
    histogram = "\t\t\t\tHistogram Distribution (Log Sq.mm.)\n\t\t-5\t-4.8\t-4.6\n\nA1\t0\t0\t0\nH12\t1\t0\t1\n"
    write("table_20251110.txt", "\n".join([HEAD.format(version="38.8", time=COUNTED), layout, tables, histogram]))
    write("table_20251111.txt", "\n".join([HEAD.format(version="38.8", time=REVIEWED), tables]))


def write(name: str, text: str) -> None:
    (PLATES / name).write_bytes(text.replace("\n", "\r\n").encode())


def main() -> None:
    plates()
    workbook("wells_20251110.xlsx", {"plate 2": WELLS})
    workbook("wells_20251111.xlsx", {"plate 2": WELLS, "plate 3": WELLS})
    workbook("cellaca_20251110.xlsx", {"Sheet": PLATE})


if __name__ == "__main__":
    main()
