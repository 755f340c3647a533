"""The same EPCIS events in JSON and in XML become the same rows: the samples, and third-party documents that were published as both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.door.admit import Admission, admit
from cgt_etl.door.tokens import Keys
from cgt_etl.extract import Reading, open_reader
from cgt_etl.settings import PACKAGE, REPOSITORY, Settings

REGISTRY = Registry.load(Settings(home=Path("/nowhere")))
JSON = REGISTRY.binding("swiftline_couriers", "epcis")
XML = replace(JSON, feed=REGISTRY.binding("meridian_cold_chain", "epcis").feed)
"""The same courier, or its tokens would be others."""
SAMPLES = PACKAGE / "dialects"
REAL = REPOSITORY.parent / "shared" / "real" / "epcis_openepcis"
WHOSE = ["source_delivery", "partner", "site", "sequence", "record_key"]


def reading(of: Binding, path: Path) -> Reading:
    return open_reader(of.feed.extension.file, path, of.feed.objects, ignored_elements=of.feed.extension.ignored_elements)


def admitted(of: Binding, path: Path) -> Admission:
    return admit(of, reading(of, path), Keys(bytes(32)), frozenset(), REGISTRY, source_delivery="d", sequence="1")


def _word(text: str) -> str:
    """A term of the Core Business Vocabulary without what its URN has before it."""
    for prefix in ("urn:epcglobal:cbv:bizstep:", "urn:epcglobal:cbv:disp:", "urn:epcglobal:cbv:er:", "urn:epcglobal:cbv:btt:", "gs1:"):
        text = text.removeprefix(prefix)
    return text


def accepted(of: Binding, path: Path) -> dict[str, list[dict[str, Any]]]:
    """Rows of every table, by its name without the dialect."""
    found = {}
    for name, frame in admitted(of, path).tables.items():
        rows = frame.drop(WHOSE).sort("source_row", "source_item").to_dicts()
        found[name] = [{key: _word(cell) if isinstance(cell, str) else cell for key, cell in row.items()} for row in rows]
    return found


def test_the_samples_say_the_same() -> None:
    told = accepted(JSON, SAMPLES / "courier_epcis" / "samples" / "epcis_20251105.jsonl")
    also = accepted(XML, SAMPLES / "courier_epcis_xml" / "samples" / "epcis_20251105.xml")
    assert len(told["epcis"]) == 11
    assert also == told


def _meaning(cast: str, text: str | None) -> object:
    """What a cell says, however it is written: 26 and 26.0, 15:30:00 and 15:30:00.000, packing and its URN are the same."""
    if not text:
        return None
    if cast == "instant":
        return datetime.fromisoformat(text)
    return Decimal(text) if cast in ("measured", "decimal") else _word(text)


def said(of: Binding, path: Path) -> Iterator[tuple[object, ...]]:
    casts = {(spec.name, column.name): column.extension.cast for spec in of.feed.objects for column in spec.columns}
    casts["epcis", "sensed"] = "instant"  # kept as written, to tell events apart
    for batch in reading(of, path):
        assert not batch.ambiguous
        for number, position in enumerate(batch.positions):
            cells = (_meaning(casts[batch.object, name], column[number]) for name, column in batch.columns.items())
            yield batch.object, position, batch.items[number], *cells


def verdicts(of: Binding, path: Path) -> list[tuple[object, ...]]:
    """Where the door found what; elements outside the contract by their local names."""
    found = admitted(of, path).verdicts.select("source_row", "source_item", "object", "column", "rule", "effect")
    return sorted((*row[:3], row[3].rpartition(":")[2], *row[4:]) for row in found.rows())


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is not there")
@pytest.mark.parametrize("name", ["AggregationEvent_with_sensorData", "SensorData_with_combined_events"])
def test_a_real_document_and_its_twin(name: str, tmp_path: Path) -> None:
    events = json.loads((REAL / "valid" / f"{name}.json").read_text(encoding="utf-8"))["epcisBody"]["eventList"]
    lines, twin = tmp_path / "epcis_20251105.jsonl", REAL / "xml" / f"{name}.xml"
    lines.write_text("\n".join(json.dumps(event) for event in events), encoding="utf-8")
    told = list(said(JSON, lines))
    assert list(said(XML, twin)) == told
    assert sum(row[0] == "epcis" for row in told) == len(events)
    assert sum(row[0] == "temperature" for row in told) == twin.read_text(encoding="utf-8").count('type="gs1:Temperature"')
    assert verdicts(XML, twin) == verdicts(JSON, lines)


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is not there")
def test_things_are_one_whether_named_by_epc_uri_or_digital_link(tmp_path: Path) -> None:
    [event] = json.loads((REAL / "valid" / "TransformationEvent_with_digitalLink.json").read_text(encoding="utf-8"))["epcisBody"][
        "eventList"
    ]
    lines = tmp_path / "epcis_20251105.jsonl"
    lines.write_text(json.dumps(event), encoding="utf-8")
    linked, named = (
        {
            table: [{key: cell for key, cell in row.items() if key != "event_id" and not key.endswith("__raw")} for row in rows]
            for table, rows in accepted(of, path).items()
        }
        for of, path in ((JSON, lines), (XML, REAL / "xml" / "TransformationEvent.xml"))
    )
    assert len(named["input_quantity"]) == 3
    assert linked == named


@pytest.mark.real
@pytest.mark.skipif(not REAL.is_dir(), reason="../shared/real is not there")
def test_the_second_of_two_events_is_the_same_in_both(tmp_path: Path) -> None:
    events = json.loads((REAL / "valid" / "ObjectEvent_with_error_declaration.json").read_text(encoding="utf-8"))["epcisBody"]["eventList"]
    lines = tmp_path / "epcis_20251105.jsonl"
    lines.write_text("\n".join(json.dumps(event) for event in events), encoding="utf-8")
    told, also = (
        [row for row in said(of, path) if row[0] != "corrective" and row[1] == 2]
        for of, path in ((JSON, lines), (XML, REAL / "xml" / "ObjectEvent.xml"))
    )
    assert len(told) == 4  # the event, the thing that it is about, two business documents
    assert also == told
