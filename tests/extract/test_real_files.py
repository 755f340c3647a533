"""The third-party exports can be read as they are; counts by other means than the readers' own."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from fhir.resources.R4B import get_fhir_model_class

from cgt_etl.contracts.formats import ArffFormat, NdjsonFormat
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
REGISTRY = Registry.load(Settings(home=Path("/nowhere"), partner_paths=(PACKAGE / "real_sources",)))


@pytest.mark.parametrize(("source", "file", "place"), [pytest.param(*one, id=f"{one[2].parts[-2]}-{one[2].name}") for one in DOCUMENTS])
def test_json_documents(source: str, file: Path, place: Path) -> None:
    reading, admission = _admitted(source, place.parts[-2], file)
    document = json.loads(file.read_text(encoding="utf-8"))
    path = COUNTED.get((source, place.parts[-2]))
    counted = len(_listed(path, document)) if path and path.split(".")[0] in document else 1
    if place.parts[-2] == "activity_minute":
        counted = len(document["body"]["series"])  # members of an object
    aside = counted if source == "openmhealth_examples" and file.name in NO_TIME else 0
    # what other vocabularies add to EPCIS is named with its prefix
    assert source == "openepcis_examples" or reading.unmapped == {}
    assert all(":" in name for name in reading.unmapped)
    assert admission.counts["units"] == {"in": counted, "accepted": counted - aside, "set_aside": aside, "erased": 0}


LISTS = {
    "container": "epcList",
    "content": "childEPCs",
    "lot": "childQuantityList",
    "quantity": "quantityList",
    "input": "inputEPCList",
    "input_quantity": "inputQuantityList",
    "output": "outputEPCList",
    "output_quantity": "outputQuantityList",
    "transaction": "bizTransactionList",
}
"""Object of the courier's contract -> the list of an event that it has rows of."""


@pytest.mark.parametrize("file", [pytest.param(file, id=file.name) for source, file, _ in DOCUMENTS if source == "openepcis_examples"])
def test_events_of_every_type_are_kept_with_all_their_lists(file: Path) -> None:
    _, admission = _admitted("openepcis_examples", "epcis", file)
    document = json.loads(file.read_text(encoding="utf-8"))
    events = document["epcisBody"]["eventList"] if "epcisBody" in document else [document]
    assert admission.tables["epcis"].sort("source_row")["event_type"].to_list() == [event["type"] for event in events]
    for name, of in LISTS.items():
        assert admission.tables[name].height == sum(len(event.get(of) or []) for event in events), name
    reports = [report for event in events for element in event.get("sensorElementList", []) for report in element.get("sensorReport", [])]
    assert admission.tables["sensor"].height == len(reports)
    assert admission.tables["temperature"].height == sum(report.get("type") == "Temperature" for report in reports)
    without_unit = [report for report in reports if report.get("type") == "Temperature" and "value" in report and "uom" not in report]
    aside = [verdict["rule"] for verdict in admission.verdicts.iter_rows(named=True) if verdict["effect"] != "flag"]
    assert aside == ["D05"] * len(without_unit)


@pytest.mark.parametrize("place", [pytest.param(place, id=place.name) for _, place in layout(Path())["openepcis_xml_examples"]])
def test_xml_documents(place: Path) -> None:
    file = REAL / "epcis_openepcis" / "xml" / place.name
    _, admission = _admitted("openepcis_xml_examples", "epcis", file)
    [events] = ElementTree.parse(file).getroot().iter("EventList")
    assert admission.counts["units"] == {"in": len(events), "accepted": len(events), "set_aside": 0, "erased": 0}
    assert admission.tables["epcis"].sort("source_row")["event_type"].to_list() == [event.tag for event in events]
    for name, of in LISTS.items():
        assert admission.tables[name].height == sum(len(listed) for listed in events.iter(of)), name
    assert admission.tables["sensor"].height == sum(1 for _ in events.iter("sensorReport"))
    assert {verdict["effect"] for verdict in admission.verdicts.iter_rows(named=True)} <= {"flag"}


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
        said = resource.medicationReference
        assert row["medication_reference"] == (said.reference if said else None)
    if kind == "Medication":
        codings = admission.tables["coding"].sort("source_item").select("code_system", "code", "display").rows()
        assert codings == [(one.system, one.code, one.display) for one in resource.code.coding]
        strengths = admission.tables["ingredient"].sort("source_item").select("amount", "amount_unit", "per_amount", "per_unit").rows()
        ratios = [one.strength for one in resource.ingredient or []]
        assert strengths == [tuple(said for of in (one.numerator, one.denominator) for said in _quantity(of)) for one in ratios]


def _quantity(quantity: Any) -> tuple[float | None, str | None]:
    return (float(quantity.value), quantity.code or quantity.unit) if quantity else (None, None)


MESSAGES = {
    # file -> rows of each object, and the rules by which cells of it are set aside
    "ADT-A01-01.hl7": ({"patient": 1, "merge": 0}, set()),
    "ADT-A08-01.hl7": ({"patient": 1, "merge": 0}, set()),
    "ADT-A40-01.hl7": ({"patient": 1, "merge": 1}, set()),
    "LAB-ORU-1.hl7": ({"result": 1, "observation": 10, "specimen": 2}, set()),
    "ORU-R01-01.hl7": ({"result": 1, "observation": 5, "specimen": 1}, {"D10"}),  # 27~25: two values
    "OUL-R22-01.hl7": ({"result": 1, "observation": 7, "specimen": 1}, {"D10"}),
}


def _segments(file: Path, name: str) -> list[list[str]]:
    """Fields of every segment of a kind, by plain splitting."""
    lines = re.split(r"\r\n|\r|\n", file.read_text(encoding="utf-8-sig"))
    return [line.split("|") for line in lines if line.split("|")[0] == name]


@pytest.mark.parametrize("place", [pytest.param(place, id=place.name) for _, place in layout(Path())["msfhirconverter_examples"]])
def test_messages_against_plain_splitting(place: Path) -> None:
    file = REAL / "hl7v2_msfhirconverter" / place.name
    reading, admission = _admitted("msfhirconverter_examples", place.parts[-2], file)
    counts, aside = MESSAGES[place.name]
    assert reading.unmapped == {}
    assert admission.counts["units"] == {"in": 1, "accepted": 1, "set_aside": 0, "erased": 0}
    assert {name: frame.height for name, frame in admission.tables.items()} == counts
    read_here = {"observation": "OBX", "specimen": "SPM", "merge": "MRG"}
    assert all(count == len(_segments(file, read_here.get(name, "MSH"))) for name, count in counts.items())
    assert {verdict["rule"] for verdict in admission.verdicts.iter_rows(named=True) if verdict["effect"] != "flag"} == aside
    if place.parts[-2] == "result":
        rows = admission.tables["observation"].sort("source_item").iter_rows(named=True)
        for row, said in zip(rows, _segments(file, "OBX"), strict=True):
            assert row["code"] == (said[3].split("^")[0] or None)
            assert row["unit"] == ((said[6] if len(said) > 6 else "").split("^")[0] or None)
            if said[2] == "NM" and row["value"] is not None:
                assert row["value"] == float(said[5])
            is_of_specimen = (place.name, row["source_item"]) in OF_A_SPECIMEN
            assert (row["specimen_id"] is not None) == is_of_specimen
    if place.name == "ADT-A40-01.hl7":
        [merge] = admission.tables["merge"].iter_rows(named=True)
        [patient] = admission.tables["patient"].iter_rows(named=True)
        assert merge["replaced_by"] == patient["mrn"] != merge["merged_mrn"]


OF_A_SPECIMEN = {("LAB-ORU-1.hl7", item) for item in range(10)} | {("ORU-R01-01.hl7", item) for item in (2, 3, 4)}
OF_A_SPECIMEN |= {("OUL-R22-01.hl7", item) for item in range(1, 7)}
"""Results that stand in the group of a specimen; the others are the patient's own, or an order's document."""


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


APPLE = {"record": "Record", "workout": "Workout", "activity_summary": "ActivitySummary", "me": "Me"}


@pytest.mark.parametrize(
    ("file", "place"),
    [pytest.param(*one, id=f"{one[1].parts[-2]}-{one[1].name}") for one in layout(Path())["apple_health_examples"]],
)
def test_apple_health(file: Path, place: Path) -> None:
    feed = place.parts[-2]
    reading, admission = _admitted("apple_health_examples", feed, file)
    elements = ElementTree.parse(file).getroot().findall(APPLE[feed])
    assert admission.counts["units"] == {"in": len(elements), "accepted": len(elements), "set_aside": 0, "erased": 0}
    assert (reading.units, reading.unmapped) == (len(elements), {})
    assert {verdict["effect"] for verdict in admission.verdicts.iter_rows(named=True)} == set()
    rows = admission.tables[feed].sort("source_row").to_dicts()
    if feed in ("record", "workout"):
        for row, element in zip(rows, elements, strict=True):
            said = datetime.strptime(element.attrib["startDate"], "%Y-%m-%d %H:%M:%S %z")
            assert row["started_at_utc"] == said.astimezone(UTC).replace(tzinfo=None)
            assert row["started_zone_source"] == "offset"
            assert row["source"] is None or element.attrib["sourceName"] not in row["source"]
    if feed == "record":
        values = [element.attrib["value"] for element in elements]
        assert [row["value"] for row in rows] == [float(value) if value.isdigit() else None for value in values]
        assert [row["category"] for row in rows] == [None if value.isdigit() else value for value in values]
        assert [row["unit"] for row in rows] == [element.get("unit") for element in elements]
    if feed == "workout":
        distances = [element.get("totalDistance") for element in elements]
        assert [row["distance"] for row in rows] == [float(text) if text else None for text in distances]
        sums = [float(statistic.attrib["sum"]) for element in elements for statistic in element.findall("WorkoutStatistics")]
        assert admission.tables["statistic"].sort("source_row", "source_item")["total"].to_list() == sums
    if feed == "me":
        assert [row["birth_date_date"] for row in rows] == [date(1980, 1, 1)] * len(elements)
        assert {row["sex"] for row in rows} <= {"HKBiologicalSexMale"}


FLOW = sorted((REAL / "fcs_flowio").glob("*.fcs"))


def _flow_of(content: bytes) -> tuple[dict[str, str], list[np.ndarray]]:
    """Keywords, and the values of each parameter, by the offsets of HEADER and the parameters' bits."""
    text_begin, text_end, data_begin, data_end = (int(content[at : at + 8]) for at in (10, 18, 26, 34))
    text = content[text_begin : text_end + 1].decode("latin-1")
    tokens = text[1:].split(text[0])
    keywords: dict[str, str] = {}
    for keyword, value in zip(tokens[::2], tokens[1::2], strict=False):  # what comes behind a doubled delimiter is not asked for
        keywords.setdefault(keyword, value)
    count, order = int(keywords["$PAR"]), "<" if keywords["$BYTEORD"] == "1,2,3,4" else ">"
    names = [f"p{number}" for number in range(1, count + 1)]
    layout = np.dtype([(name, f"{order}u{int(keywords[f'${name.upper()}B']) // 8}") for name in names])
    events = np.frombuffer(content[data_begin : data_end + 1], dtype=layout)
    widths = [(int(keywords[f"${name.upper()}R"]) - 1).bit_length() for name in names]  # bits above the range are no part of a value
    return keywords, [events[name].astype(np.int64) & (1 << width) - 1 for name, width in zip(names, widths, strict=True)]


@pytest.mark.parametrize("file", FLOW, ids=lambda file: file.name)
def test_flow_cytometry(file: Path) -> None:
    keywords, columns = _flow_of(file.read_bytes())
    reading, admission = _admitted("flowio_examples", "acquisition", file)
    assert admission.counts["units"] == {"in": 1, "accepted": 1, "set_aside": 0, "erased": 0}
    assert {verdict["effect"] for verdict in admission.verdicts.iter_rows(named=True)} <= {"flag"}
    assert reading.unmapped.keys() <= {"(an element whose name is no name)"}  # one laboratory's own, about a well
    [acquisition] = admission.tables["acquisition"].to_dicts()
    parameters = admission.tables["parameter"].sort("source_item").to_dicts()
    assert acquisition["event_count"] == int(keywords["$TOT"]) == len(columns[0])
    assert acquisition["parameter_count"] == len(parameters) == int(keywords["$PAR"])
    assert acquisition["begun_local"][11:] == keywords["$BTIM"][:8]
    for row, values in zip(parameters, columns, strict=True):
        top = int(keywords[f"$P{row['parameter_number']}R"])
        assert row["range_limit"] == top
        assert (row["minimum"], row["maximum"]) == (values.min(), values.max())
        assert row["mean"] == pytest.approx(values.mean(), rel=1e-12)
        assert row["median"] == np.median(values)
        assert row["standard_deviation"] == pytest.approx(values.std(ddof=1), rel=1e-12)
        assert row["saturated_count"] == (values >= top - 1).sum()
    assert not {"operator", "source", "tube"} & set(acquisition)


def _admitted(source: str, feed: str, file: Path) -> tuple[Reading, Admission]:
    binding = REGISTRY.binding(source, feed)
    extension = binding.feed.extension
    reading = open_reader(extension.file, file, binding.feed.objects, ignored_elements=extension.ignored_elements)
    return reading, admit(binding, reading, Keys(bytes(32)), frozenset(), REGISTRY, source_delivery="d", sequence="1")
