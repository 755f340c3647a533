"""The vocabularies are what the contracts refer to, and files that dbt loads without a second thought."""

from __future__ import annotations

import csv
import importlib
import json
from pathlib import Path

import pytest

from cgt_etl.contracts.load import ColumnSpec
from cgt_etl.contracts.registry import Registry
from cgt_etl.settings import PACKAGE, REPOSITORY, Settings

FOLDER = PACKAGE / "vocabularies"
DOMAIN = REPOSITORY.parent / "shared" / "domain"


def _rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _columns() -> list[ColumnSpec]:
    registry = Registry.load(Settings(home=Path("/nowhere")))
    return [column for feed in registry.feeds for spec in feed.objects for column in spec.columns]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.csv")), ids=lambda path: path.stem)
def test_a_seed_is_plain(path: Path) -> None:
    raw = path.read_bytes()
    assert not raw.startswith(b"\xef\xbb\xbf")
    assert b"\r" not in raw
    header, *rows = list(csv.reader(raw.decode("utf-8").splitlines()))
    assert all(name == name.lower() and name.isidentifier() for name in header)
    assert not {"group", "offset", "order", "table"} & set(header)
    assert all(len(row) == len(header) for row in rows)


@pytest.mark.parametrize("name", ["event_types.csv", "measurements.csv", "handoffs.csv", "code_maps.csv", "loinc_verified_cibmtr.json"])
def test_a_copy_is_its_source(name: str) -> None:
    if not DOMAIN.is_dir():
        pytest.skip("../shared is not here")
    assert (FOLDER / name).read_text(encoding="utf-8") == (DOMAIN / name).read_text(encoding="utf-8")


def test_contracts_name_known_maps_measurements_and_units() -> None:
    maps = {row["map"] for row in _rows("code_map")}
    units = {(row["measurement"], row["unit"]) for row in _rows("unit_map")}
    known = {row["measurement"] for row in _rows("measurements")}
    for column in _columns():
        extension = column.extension
        assert extension.code_map is None or extension.code_map in maps, column.name
        if extension.measurement:
            assert extension.measurement.name in known, column.name
            is_beside = extension.measurement.unit is None and extension.unit_column is not None
            assert is_beside or (extension.measurement.name, extension.measurement.unit) in units, column.name


def test_canonical_units_are_those_of_the_measurements() -> None:
    units = {row["measurement"]: row["canonical_unit"] for row in _rows("unit_map")}
    for row in _rows("measurements"):
        if row["measurement"] in units and row["ucum_unit"]:
            assert units[row["measurement"]] == row["ucum_unit"]


def test_loinc_displays_were_verified_and_hold_their_own_words() -> None:
    verified = json.loads((FOLDER / "loinc_verified_cibmtr.json").read_text(encoding="utf-8"))
    units = {row["measurement"] for row in _rows("unit_map")}
    for row in _rows("loinc_map"):
        assert row["measurement"] in units
        if row["display"]:
            assert verified[row["loinc"]] == row["display"]
            assert any(part in row["display"].lower() for part in row["display_must_contain"].split("|"))


def test_code_maps_have_no_code_twice() -> None:
    codes = [(row["map"], row["local_code"]) for row in _rows("code_map")]
    assert len(codes) == len(set(codes))


def test_every_rule_that_a_contract_binds_is_in_the_catalogue() -> None:
    rules = {row["rule_id"]: row for row in _rows("rules")}
    assert len(rules) == len(_rows("rules"))
    for column in _columns():
        for rule in column.rules:
            assert "door" in rules[rule.id]["home"]
    assert all(row["reason"] and row["owner"] for row in rules.values())


VERIFICATIONS = {"oracle", "file", "layout", "standard", "fictional", "unverified"}


def test_every_code_map_says_where_it_is_from_and_how_that_was_checked() -> None:
    sources = _rows("code_map_sources")
    assert [row["map"] for row in sources] == list(dict.fromkeys(row["map"] for row in _rows("code_map")))
    assert {row["verification"] for row in sources} <= VERIFICATIONS
    assert all(row["source"] for row in sources)


FHIR = {
    "sex": ("patient", "Patient", "gender"),
    "observation_status": ("observation", "Observation", "status"),
    "procedure_status": ("procedure", "Procedure", "status"),
    "medication_request_status": ("medicationrequest", "MedicationRequest", "status"),
    "request_intent": ("medicationrequest", "MedicationRequest", "intent"),
    "medication_administration_status": ("medicationadministration", "MedicationAdministration", "status"),
    "encounter_status": ("encounter", "Encounter", "status"),
    "immunization_status": ("immunization", "Immunization", "status"),
    "device_status": ("device", "Device", "status"),
    "location_status": ("location", "Location", "status"),
    "specimen_status": ("specimen", "Specimen", "status"),
    "product_status": ("biologicallyderivedproduct", "BiologicallyDerivedProduct", "status"),
    "medication_status": ("medication", "Medication", "status"),
    "consent_status": ("consent", "Consent", "status"),
}


def test_maps_checked_by_an_oracle_are_those_tried_here() -> None:
    assert {row["map"] for row in _rows("code_map_sources") if row["verification"] == "oracle"} == set(FHIR)


@pytest.mark.parametrize("name", sorted(FHIR))
def test_codes_of_fhir_are_those_of_an_independent_model(name: str) -> None:
    module, model, field = FHIR[name]
    found = getattr(importlib.import_module(f"fhir.resources.R4B.{module}"), model).model_fields[field].json_schema_extra["enum_values"]
    assert {code for code in found if code != "+"} <= {row["local_code"] for row in _rows("code_map") if row["map"] == name}
