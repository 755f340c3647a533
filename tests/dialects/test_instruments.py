"""Published exports of instruments through reader and door: the rows and numbers that other readers of the same files find."""

from __future__ import annotations

import csv
import json
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.admit import Admission, admit
from cgt_etl.door.tokens import Keys
from cgt_etl.extract import open_reader
from cgt_etl.settings import PACKAGE, REPOSITORY, Settings

REAL = REPOSITORY.parent / "shared" / "real" / "instruments_allotropy"
REGISTRY = Registry.load(Settings(home=Path("/nowhere"), partner_paths=(PACKAGE / "partners", PACKAGE / "real_sources")))
pytestmark = [pytest.mark.real, pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is not there")]


def admitted(feed: str, path: Path) -> Admission:
    binding = REGISTRY.binding("instrument_examples", feed)
    extension = binding.feed.extension
    reading = open_reader(extension.file, path, binding.feed.objects, ignored_elements=extension.ignored_elements)
    return admit(binding, reading, Keys(bytes(32)), frozenset(), REGISTRY, source_delivery="real", sequence="1")


def plain(path: Path, skipped: int = 0, encoding: str = "utf-8-sig") -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding=encoding).splitlines()[skipped:]))


def in_cells(path: Path, header: str) -> list[dict[str, Any]]:
    """Rows of a workbook's only sheet below the row that holds the name `header`, by another reader than ours: the sheet's own XML."""
    space = {"m": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(path) as book:
        texts = ["".join(one.itertext()) for one in ElementTree.fromstring(book.read("xl/sharedStrings.xml"))]
        [part] = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        sheet = ElementTree.fromstring(book.read(part))
    rows = []
    for row in sheet.iterfind(".//m:row", space):
        cells = {}
        for cell in row.iterfind("m:c", space):
            if (value := cell.findtext("m:v", namespaces=space)) is not None:
                cells[cell.attrib["r"].rstrip("0123456789")] = texts[int(value)] if cell.get("t") == "s" else float(value)
        rows.append(cells)
    start = next(number for number, cells in enumerate(rows) if header in cells.values())
    return [{name: cells.get(letter) for letter, name in rows[start].items()} for cells in rows[start + 1 :] if cells]


def whole(admission: Admission, count: int) -> bool:
    return admission.counts["units"] == {"in": count, "accepted": count, "set_aside": 0, "erased": 0}


def numbers(rows: list[dict[str, Any]], column: str) -> list[float | None]:
    return [row[column] for row in rows]


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("example01", "utf-8"), ("different_mu_character", "utf-8"), ("example01_utf16", "utf-16"), ("example02", "utf-8")],
)
def test_counts_of_a_vi_cell(name: str, encoding: str) -> None:
    path = REAL / "beckman_vi_cell_blu" / f"Beckman_Vi-Cell-BLU_{name}.csv"
    admission, expected = admitted("cell_count", path), plain(path, encoding=encoding)
    rows = admission.tables["cell_count"].to_dicts()
    assert whole(admission, len(expected))
    assert numbers(rows, "viable_density_e6_ml") == [float(row["Viable (x10^6) cells/mL"]) for row in expected]
    assert numbers(rows, "viability_pct") == [float(row["Viability (%)"]) for row in expected]
    assert numbers(rows, "cell_count") == [int(row["Cell count"]) if row["Cell count"] != "ERROR" else None for row in expected]
    assert {row["cell_count__status"] for row in rows} <= {"ok", "failed"}


def test_counts_of_a_matrix() -> None:
    path = REAL / "revvity_matrix" / "revvity_matrix_1_csv.csv"
    admission, expected = admitted("matrix_count", path), plain(path)
    rows = admission.tables["matrix_count"].to_dicts()
    assert whole(admission, len(expected))
    assert numbers(rows, "live_density_ml") == [float(row["Live Cells/mL"]) for row in expected]
    assert numbers(rows, "viability_pct") == [float(row["Viability"].rstrip("%")) for row in expected]


def test_the_workbook_of_a_matrix_says_what_its_csv_says() -> None:
    path = REAL / "revvity_matrix" / "revvity_matrix_1_xlsx.xlsx"
    admission, expected = admitted("matrix_workbook", path), in_cells(path, "Well Name")
    rows = admission.tables["matrix_workbook"].to_dicts()
    assert whole(admission, len(expected))
    assert numbers(rows, "live_density_ml") == [row["Live Cells/mL"] for row in expected]
    assert numbers(rows, "viability") == [row["Viability"] for row in expected]
    same = admitted("matrix_count", REAL / "revvity_matrix" / "revvity_matrix_1_csv.csv").tables["matrix_count"].to_dicts()
    assert [round(value * 100, 9) for value in numbers(rows, "viability") if value is not None] == numbers(same, "viability_pct")
    assert [row["well"] for row in rows] == [row["well"] for row in same]


def test_counts_of_a_cellaca_below_its_head() -> None:
    path = REAL / "revvity_matrix" / "Cellaca_Example_1.csv"
    admission, expected = admitted("cellaca_count", path), plain(path, skipped=9)
    rows = admission.tables["cellaca_count"].to_dicts()
    assert whole(admission, len(expected))
    assert numbers(rows, "live_density_e6_ml") == [float(row["Live Concentration (E6)"]) for row in expected]
    assert numbers(rows, "aggregated_pct") == [float(row["Aggregates (%)"]) for row in expected]
    assert {(row["plate"], row["dilution"], row["analysed_local"], row["instrument"]) for row in rows} == {
        ("Plate1", 2.0, "2025-05-20T12:25", "MX-123-123")
    }


def test_counts_of_a_cellaca_in_a_workbook() -> None:
    path = REAL / "revvity_matrix" / "Cellaca_Example1.xlsx"
    admission, expected = admitted("cellaca_workbook", path), in_cells(path, "Well Name")
    rows = admission.tables["cellaca_workbook"].to_dicts()
    assert whole(admission, len(expected))
    assert numbers(rows, "dead_density_e6_ml") == [row["Dead Concentration (E6)"] for row in expected]
    assert numbers(rows, "viability_pct") == [row["Viability (%)"] for row in expected]
    assert {(row["plate"], row["analysed_local"], row["instrument"]) for row in rows} == {("Plate1", "2025-05-20T12:25:15", "MX-123-123")}


@pytest.mark.parametrize(
    ("feed", "number", "concentration"),
    [
        ("dpcr", 1, "Concentration (copies/µL)"),
        ("dpcr", 2, "Concentration (copies/µL)"),
        ("dpcr_mean", 3, "Conc. [copies/\ufffdL]"),
        ("dpcr_undiluted", 4, "Conc. [cp/µL] (dPCR reaction)"),
    ],
)
def test_counts_of_every_version_of_a_digital_pcr(feed: str, number: int, concentration: str) -> None:
    path = REAL / "qiacuity_dpcr" / f"qiacuity_dpcr_example0{number}.csv"
    admission, expected = admitted(feed, path), plain(path, skipped=1)
    rows = admission.tables[feed].to_dicts()
    assert whole(admission, len(expected))
    assert numbers(rows, "concentration_copies_ul") == [float(row[concentration]) for row in expected]
    assert [row["well"] for row in rows] == [row.get("Well", row.get("")) for row in expected]
    if feed == "dpcr_mean":
        assert {row["mean_confidence_pct"] for row in rows} == {62.8}
        assert [row["confidence_pct"] for row in rows[:4]] == [None, 147.5, None, 54.4]
    if feed == "dpcr_undiluted":
        assert {row["plate"] for row in rows} == {expected[0]["Plate ID"]}
        assert numbers(rows, "undiluted_copies_ml") == [float(row["Conc. [cp/mL] (undiluted sample)"]) for row in expected]


def squares(path: Path, title: str) -> list[str]:
    """The 96 values below a title of a plate's text, row by row: the next eight lines that begin with A to H, cut at the title's place."""
    lines = path.read_text(encoding="utf-8").splitlines()
    [start] = [number for number, line in enumerate(lines) if title in [part.strip() for part in line.split("\t")]]
    is_right = len([part for part in lines[start].split("\t") if part]) == 2 and lines[start].rstrip().endswith(title)
    found = []
    for letter in "ABCDEFGH":
        row = next(line.split() for line in lines[start:] if line.split()[:1] == [letter])
        found += row[14:26] if is_right else row[1:13]
    return found


@pytest.mark.parametrize(
    ("feed", "file", "titles", "when"),
    [
        ("spot_text", "example1", {"spot_count": "Unprocessed Data", "mean_spot_mm2": "Mean spot sizes (Sq.mm)"}, "2023-10-03T14:44:50"),
        (
            "spot_text",
            "example2",
            {"spot_count": "Unprocessed Data", "covered_pct": "Well areas covered by spots (%max)"},
            "2023-10-03T15:12:21",
        ),
        (
            "spot_table",
            "v7_0_38_8",
            {"spot_count": "Spot Counts", "mean_spot_e_3_mm2": "Mean spot sizes (1E-3 Sq.mm)"},
            "2024-02-15T16:39:42",
        ),
        (
            "spot_table",
            "v7_0_38_8_QC",
            {"spot_count": "Spot Counts", "spot_intensity_pct": "Total intensity of spots per well (%max)"},
            "2024-03-05T12:20:51",
        ),
    ],
)
def test_spots_of_a_plate(feed: str, file: str, titles: dict[str, str], when: str) -> None:
    path = REAL / "ctl_immunospot" / f"ctl_immunospot_{file}.txt"
    admission = admitted(feed, path)
    rows = admission.tables[feed].to_dicts()
    assert whole(admission, 96)
    assert admission.counts["unmapped"] == {}
    for column, title in titles.items():
        assert numbers(rows, column) == [float(text) if float(text) >= 0 else None for text in squares(path, title)]
    assert [(row["plate_row"], row["plate_column"]) for row in rows] == [(letter, n) for letter in "ABCDEFGH" for n in range(1, 13)]
    assert {row["counted_local" if feed == "spot_text" else "stated_local"] for row in rows} == {when}


def test_digital_pcr_is_what_its_asm_says() -> None:
    admission = admitted("dpcr", REAL / "qiacuity_dpcr" / "qiacuity_dpcr_example01.csv")
    asm = json.loads((REAL / "asm_expected" / "qiacuity_dpcr_example01.json").read_bytes())
    [document] = asm["dPCR aggregate document"]["dPCR document"]
    measured = document["measurement aggregate document"]["measurement document"]
    found = [
        (row["well"], row["target"], row["concentration_copies_ul"], row["valid_partition_count"], row["positive_partition_count"])
        for row in admission.tables["dpcr"].to_dicts()
    ]
    assert found == [
        (
            one["sample document"]["well location identifier"],
            one["target DNA description"],
            one["processed data aggregate document"]["processed data document"][0]["number concentration"]["value"],
            one["total partition count"]["value"],
            one["processed data aggregate document"]["processed data document"][0]["positive partition count"]["value"],
        )
        for one in measured
    ]
