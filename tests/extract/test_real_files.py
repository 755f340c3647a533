"""The third-party exports can be read as they are; counts by other means than the readers' own."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from fhir.resources.R4B import get_fhir_model_class

from cgt_etl.contracts.model import ArffFormat, NdjsonFormat
from cgt_etl.contracts.registry import Registry
from cgt_etl.door.admit import Admission, admit
from cgt_etl.door.tokens import Keys
from cgt_etl.extract import Reading, open_reader
from cgt_etl.settings import PACKAGE, REPOSITORY, Settings
from scripts.real import layout
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


def _listed(path: str, document: Any) -> list[Any]:
    """What lies at a path of plain names, by subscripts."""
    for name in path.split("."):
        document = [part[name] for part in document] if isinstance(document, list) else document[name]
    return document if isinstance(document, list) else [document]


COUNTED: dict[tuple[str, str], str] = {
    ("shimmer_fitbit", "heart_minute"): "activities-heart-intraday.dataset",
    ("shimmer_fitbit", "heart_day"): "activities-heart",
    ("shimmer_fitbit", "step_minute"): "activities-steps-intraday.dataset",
    ("shimmer_fitbit", "step_day"): "activities-steps",
    ("shimmer_fitbit", "sleep"): "sleep",
    ("shimmer_fitbit", "weight"): "weight",
    ("openepcis_examples", "epcis"): "epcisBody.eventList",
    ("shimmer_google_fit", "activity"): "point",
    ("shimmer_google_fit", "heart_rate"): "point",
    ("shimmer_google_fit", "step_count"): "point",
    ("shimmer_google_fit", "weight"): "point",
    ("shimmer_ihealth", "activity"): "ARDataList",
    ("shimmer_ihealth", "blood_pressure"): "BPDataList",
    ("shimmer_ihealth", "oxygen_saturation"): "BODataList",
    ("shimmer_ihealth", "sleep"): "SRDataList",
    ("shimmer_ihealth", "weight"): "WeightDataList",
    ("shimmer_withings", "activity_day"): "body.activities",
    ("shimmer_withings", "sleep_night"): "body.series",
    ("shimmer_withings", "sleep_state"): "body.series",
}
"""Where the records of a feed lie, said a second time; elsewhere a document is one record."""
NO_TIME = {
    "heart-rate-only.json", "activity-name-only.json", "with-distance.json", "with-reported-intensity.json", "step-count-only.json",
}  # fmt: skip
"""Examples of Open mHealth that say no time, of which each is set aside for that."""
DOCUMENTS = [(source, *files) for source, listed in layout(Path()).items() for files in listed if files[0].suffix == ".json"]
OF_CONTAINERS = {
    "AggregationEvent_all_possible_fields.json",
    "AggregationEvent_with_digitalLink.json",
    "AggregationEvent_with_sensorData.json",
    "AggregationEvent_with_userExtensions.json",
    "ObjectEvent_with_digitalLink.json",
    "SensorData_with_combined_events.json",
}
"""OpenEPCIS's documents with one event that a courier of containers could have sent. The others are about things that are no container
(R03), of a type (association, transformation, transaction) or at a step that is no transport (D04), or say no step (D03)."""
REGISTRY = Registry.load(Settings(home=Path("/nowhere"), partner_paths=(PACKAGE / "real_sources",)))


def test_every_json_file_of_a_source_is_laid_out() -> None:
    delivered = {file for _, file, _ in DOCUMENTS}
    for folder, beginning in (("wearables_omh", ""), ("wearables_shimmer", ""), ("epcis_openepcis/valid", "")):
        assert set((REAL / folder).rglob(f"{beginning}*.json")) <= delivered
    left_out = {file.name.split("-")[0] for file in set((REAL / "fhir_cibmtr_ig").glob("*.json")) - delivered}
    assert left_out == {"Medication", "ValueSet"}


@pytest.mark.parametrize(("source", "file", "place"), [pytest.param(*one, id=f"{one[2].parts[-2]}-{one[2].name}") for one in DOCUMENTS])
def test_json_documents(source: str, file: Path, place: Path) -> None:
    reading, admission = _admitted(source, place.parts[-2], file)
    document = json.loads(file.read_text(encoding="utf-8"))
    path = COUNTED.get((source, place.parts[-2]))
    counted = len(_listed(path, document)) if path and path.split(".")[0] in document else 1
    if place.parts[-2] == "activity_minute":
        counted = len(document["body"]["series"])  # members of an object
    aside = counted if source == "openmhealth_examples" and file.name in NO_TIME else 0
    if source == "openepcis_examples":
        aside = counted - (file.name in OF_CONTAINERS)
        why = {verdict["rule"] for verdict in admission.verdicts.iter_rows(named=True) if verdict["effect"] == "row"}
        assert why <= {"R01", "R03", "D03", "D04"}
    else:
        assert reading.unmapped == {}
    assert admission.counts["units"] == {"in": counted, "accepted": counted - aside, "set_aside": aside, "erased": 0}


@pytest.mark.parametrize("place", [pytest.param(place, id=place.name) for source, _, place in DOCUMENTS if source == "cibmtr_ig_examples"])
def test_single_resources_against_another_reader_of_fhir(place: Path) -> None:
    kind = place.name.split("-")[0]
    file = REAL / "fhir_cibmtr_ig" / place.name
    resource = get_fhir_model_class(kind).model_validate_json(file.read_text(encoding="utf-8"))
    feed = place.parts[-2]
    _, admission = _admitted("cibmtr_ig_examples", feed, file)
    [row] = admission.tables[feed].iter_rows(named=True)
    if kind == "Observation":
        assert row["observation_id"] == resource.id
        assert row["status"] == resource.status
        assert row["loinc"] == next((one.code for one in resource.code.coding if one.system == "http://loinc.org"), None)
        quantity = resource.valueQuantity
        assert row["value"] == (float(quantity.value) if quantity else None)
        said = resource.effectiveDateTime
        assert row["effective_at_utc"] == (said.astimezone(UTC).replace(tzinfo=None) if isinstance(said, datetime) else None)
    if kind == "Patient":
        assert row["birth_date_date"] == resource.birthDate
        assert (row["crid"] is not None) == any(one.system.endswith("/CRID") for one in resource.identifier or [])
    if kind in ("MedicationAdministration", "MedicationRequest"):
        assert row["status"] == resource.status


def test_times_of_ihealth_are_of_the_wearers_clock() -> None:
    file = REAL / "wearables_shimmer" / "ihealth-sleep.json"
    _, admission = _admitted("shimmer_ihealth", "sleep", file)
    for row, said in zip(
        admission.tables["sleep"].sort("source_row").iter_rows(named=True), json.loads(file.read_text())["SRDataList"], strict=True
    ):
        clock = datetime.fromtimestamp(said["StartTime"], UTC).replace(tzinfo=None)
        assert row["started_local"] == clock.isoformat()
        assert row["started_at_utc"] == datetime.fromisoformat(clock.isoformat() + said["TimeZone"]).astimezone(UTC).replace(tzinfo=None)
        assert (row["ended_at_utc"] - row["started_at_utc"]).total_seconds() == said["EndTime"] - said["StartTime"]
        assert row["asleep"] == said["HoursSlept"]


def _admitted(source: str, feed: str, file: Path) -> tuple[Reading, Admission]:
    binding = REGISTRY.binding(source, feed)
    extension = binding.feed.extension
    reading = open_reader(extension.file, file, binding.feed.objects, ignored_elements=extension.ignored_elements)
    return reading, admit(binding, reading, Keys(bytes(32)), frozenset(), REGISTRY, source_delivery="d", sequence="1")
