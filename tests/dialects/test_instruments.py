"""Published exports of instruments through reader and door: the rows and numbers that a plain CSV reader and their ASM find."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.admit import Admission, admit
from cgt_etl.door.tokens import Keys
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import open_reader
from cgt_etl.settings import PACKAGE, REPOSITORY, Settings

REAL = REPOSITORY.parent / "shared" / "real" / "instruments_allotropy"
REGISTRY = Registry.load(Settings(home=Path("/nowhere"), partner_paths=(PACKAGE / "partners", PACKAGE / "real_sources")))
pytestmark = [pytest.mark.real, pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is not there")]


def admitted(feed: str, path: Path) -> Admission:
    binding = REGISTRY.binding("instrument_examples", feed)
    reading = open_reader(binding.feed.extension.file, path, binding.feed.objects)
    return admit(binding, reading, Keys(bytes(32)), frozenset(), REGISTRY, source_delivery="real", sequence="1")


def plain(path: Path, skipped: int = 0) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()[skipped:]))


def numbers(rows: list[dict[str, Any]], column: str) -> list[float | None]:
    return [row[column] for row in rows]


@pytest.mark.parametrize("name", ["example01", "different_mu_character"])
def test_counts_of_a_vi_cell(name: str) -> None:
    path = REAL / "beckman_vi_cell_blu" / f"Beckman_Vi-Cell-BLU_{name}.csv"
    admission, expected = admitted("cell_count", path), plain(path)
    rows = admission.tables["cell_count"].to_dicts()
    assert admission.counts["units"] == {"in": len(expected), "accepted": len(expected), "set_aside": 0, "erased": 0}
    assert numbers(rows, "viable_density_e6_ml") == [float(row["Viable (x10^6) cells/mL"]) for row in expected]
    assert numbers(rows, "viability_pct") == [float(row["Viability (%)"]) for row in expected]
    assert numbers(rows, "cell_count") == [int(row["Cell count"]) if row["Cell count"] != "ERROR" else None for row in expected]
    assert {row["cell_count__status"] for row in rows} <= {"ok", "failed"}


def test_counts_of_a_matrix() -> None:
    path = REAL / "revvity_matrix" / "revvity_matrix_1_csv.csv"
    admission, expected = admitted("matrix_count", path), plain(path)
    rows = admission.tables["matrix_count"].to_dicts()
    assert admission.counts["units"] == {"in": len(expected), "accepted": len(expected), "set_aside": 0, "erased": 0}
    assert numbers(rows, "live_density_ml") == [float(row["Live Cells/mL"]) for row in expected]
    assert numbers(rows, "viability_pct") == [float(row["Viability"].rstrip("%")) for row in expected]


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


@pytest.mark.parametrize(
    ("feed", "file"),
    [
        ("cell_count", "beckman_vi_cell_blu/Beckman_Vi-Cell-BLU_example02.csv"),
        ("cell_count", "beckman_vi_cell_blu/Beckman_Vi-Cell-BLU_example01_utf16.csv"),
        ("dpcr", "qiacuity_dpcr/qiacuity_dpcr_example03.csv"),
        ("dpcr", "qiacuity_dpcr/qiacuity_dpcr_example04.csv"),
        ("matrix_count", "revvity_matrix/Cellaca_Example_1.csv"),
    ],
)
def test_exports_of_other_versions_are_refused_whole(feed: str, file: str) -> None:
    with pytest.raises(RefusedFile):
        admitted(feed, REAL / file)
