"""The third-party exports can be read as they are; counts by other means than the readers' own."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from cgt_etl.contracts.model import ArffFormat, NdjsonFormat
from cgt_etl.extract import open_reader
from cgt_etl.settings import REPOSITORY
from tests.extract.build import column, table

REAL = REPOSITORY.parent / "shared" / "real"
pytestmark = [pytest.mark.real, pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is not there")]


def test_synthea_patients() -> None:
    path = REAL / "fhir_bulk_synthea10" / "Patient.000.ndjson"
    spec = table("patient", column("id", position=1), column("mrn", "identifier[type.coding.code=MR].value"), column("birth", "birthDate"))
    reading = open_reader(NdjsonFormat(format="ndjson", resource_type="Patient"), path, (spec,))
    [batch] = reading
    patients = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert reading.units == len(patients) == 13
    assert batch.columns["id"] == [patient["id"] for patient in patients]
    assert batch.columns["birth"] == [patient["birthDate"] for patient in patients]
    assert None not in batch.columns["mrn"]
    assert reading.unmapped["name"] == 13


def test_transplants() -> None:
    path = next(REAL.rglob("bone-marrow.arff"))
    text = path.read_text(encoding="utf-8")
    names = re.findall(r"@attribute (\S+)", text)
    spec = table("transplant", *(column(f"c{place}", name) for place, name in enumerate(names)))
    reading = open_reader(ArffFormat(format="arff", relation="bone-marrow"), Path(path), (spec,))
    [batch] = reading
    rows = [line.split(",") for line in text.partition("@data\n")[2].splitlines() if line]
    assert reading.units == len(rows) == 187
    assert [list(row) for row in zip(*batch.columns.values(), strict=True)] == rows
    assert sum(cell == "?" for cells in batch.columns.values() for cell in cells) == text.partition("@data\n")[2].count("?")
