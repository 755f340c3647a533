"""A small truth and a release that tells it, for the tests of the scorer; no test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cgt_etl.simulator.scoring import score

PATIENT, APHERESIS = "0001/h/patient/Patient.ndjson", "0001/b/apheresis/a_20260101.csv"
REFUSED = "0001/b/apheresis/a_20251231.csv"
SCHEMA = {
    "delivery": "delivery_id, party_id, feed, status_code, rule_id, unit_count int, accepted_unit_count int, set_aside_unit_count int, "
    "erased_unit_count int",
    "row_source": "table_name, row_key, source_delivery, source_row_first int, source_row_last int",
    "subject_identifier": "subject_id, identifier_kind, issuer, identifier_id",
    "event": "event_id, event_type, subject_id, occurred_local, occurred_at_utc timestamp, source_delivery, source_row int, "
    "supersedes_event_id",
    "journey": "journey_id, subject_id",
    "journey_event": "journey_id, event_id",
    "finding": "source_delivery, source_row int, column_name, rule_id, effect, table_name, row_key, subject_id",
    "product_edge": "parent_table, parent_key, child_table, child_key, edge_type",
    "measurement": "measurement_id, measurement, subject_id, occurred_local, occurred_at_utc timestamp, value double, unit, value_code, "
    "comparator, source_delivery, source_row int",
    "consent": "subject_id, scope_code, purpose_code, given_date date, withdrawn_at_utc timestamp, source_delivery, source_row int",
    "outcome": "subject_id, outcome_type, basis_code, grade int, source_delivery, source_row int",
    "handoff": "handoff_id, handoff_code, sender_party_id, receiver_party_id, sender_event_id, receiver_event_id, "
    "sent_at_utc timestamp, received_at_utc timestamp, count_verdict, time_order_verdict, temperature_verdict, seal_verdict, "
    "papers_verdict",
    "collection": "collection_id, donor_subject_id, recipient_subject_id",
    "administration": "administration_id, subject_id",
    "therapy_order": "therapy_order_id, subject_id, issued_date date",
    "batch": "batch_id, recipient_subject_id",
    "dose_unit": "dose_unit_id, recipient_subject_id, container_count int, expiry_date date",
    "subject": "subject_id",
    "specification": "product_name_code, version, attribute, thaw_window_min double, storage_lower_c double, storage_upper_c double, "
    "source_delivery, source_row int",
    **dict.fromkeys(("shipment", "logger_reading", "material_lot", "process_series"), "source_delivery, source_row int"),
    "timeline": "journey_id, source_table, source_key, source_delivery, source_row int",
}
TOLD = """
insert into marts.delivery values ('h/patient/1', 'h', 'patient', 'landed', null, 2, 2, 0, 0),
  ('b/apheresis/1', 'b', 'apheresis', 'landed', null, 3, 2, 1, 0),
  ('b/apheresis/0', 'b', 'apheresis', 'refused', 'F01', null, null, null, null);
insert into control.delivery values ('h/patient/1', 'h', 'patient', 'sha-p'), ('b/apheresis/1', 'b', 'apheresis', 'sha-a'),
  ('b/apheresis/0', 'b', 'apheresis', 'sha-r');
insert into marts.subject_identifier values ('s1', 'mrn', 'h', 't1'), ('s1', 'crid', '', 't2'), ('s2', 'mrn', 'h', 't3'),
  ('s2', 'crid', '', 't4'), ('s1', 'donor_id', 'b', 't5'), ('s2', 'donor_id', 'b', 't6');
insert into marts.row_source values ('subject_identifier', 'mrn|h|t1', 'h/patient/1', 1, 1),
  ('subject_identifier', 'crid||t2', 'h/patient/1', 1, 1),
  ('subject_identifier', 'mrn|h|t3', 'h/patient/1', 2, 2), ('subject_identifier', 'crid||t4', 'h/patient/1', 2, 2),
  ('event', 'e1', 'b/apheresis/1', 2, 2), ('event', 'e2', 'b/apheresis/1', 3, 3);
insert into marts.event values ('e1', 'apheresis_started', 's1', '2026-01-01T09:00:00', '2026-01-01 14:00:00', 'b/apheresis/1', 2, null),
  ('e2', 'apheresis_started', 's2', '2026-01-01T10:00', '2026-01-01 15:00:00', 'b/apheresis/1', 3, null);
insert into marts.product_edge values ('collection', 'k1', 'product', 'p1', 'create'), ('collection', 'k2', 'product', 'p2', 'create'),
  ('product', 'p1', 'batch', 'b1', 'consume'), ('product', 'p2', 'batch', 'b1', 'consume');
insert into marts.row_source values ('product_edge', 'k1|p1|create', 'b/apheresis/1', 2, 2),
  ('product_edge', 'k2|p2|create', 'b/apheresis/1', 3, 3), ('product_edge', 'p1|b1|consume', 'h/patient/1', 1, 1),
  ('product_edge', 'p2|b1|consume', 'h/patient/1', 1, 1);
insert into marts.consent values ('s1', 'research', 'HRESCH', '2026-01-01', '2026-01-09 14:00:00', 'h/patient/1', 1),
  ('s1', 'research', 'DUO:0000018', '2026-01-01', '2026-01-09 14:00:00', 'h/patient/1', 1);
insert into marts.event values ('e0', 'infusion_started', 's2', '2026-01-03T10:00', '2026-01-03 15:00:00', 'h/patient/1', 2, null);
insert into marts.outcome values ('s2', 'crs', 'graded', 2, 'h/patient/1', 2), ('s2', 'crs', 'stated', 3, 'h/patient/1', 2);
insert into marts.journey_event values ('j1', 'e1'), ('j2', 'e2'), ('j2', 'e0');
insert into marts.finding values ('b/apheresis/1', 3, 'device', 'D04', 'cell', 'becs__apheresis', null, null),
  ('b/apheresis/1', 4, null, 'R01', 'row', 'becs__apheresis', null, null);
"""
"""A release of two persons, each with a chart and a collection, that says what the truth says."""


def write_lines(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def a_person(kind: str, issuer: str, number: int, role: str, *, survives: bool = True) -> dict[str, Any]:
    return {"kind": kind, "issuer": issuer, "value": f"{kind}{number}", "role": role, "person": number, "survives": survives}


def an_edge(edge: str, parent: list[str], child: list[str]) -> dict[str, Any]:
    return {"edge": edge, "parent": parent, "child": child, "is_required": True}


def a_record(file: str, position: int, number: int, persons: list[dict[str, Any]], local: str | None, **more: Any) -> dict[str, Any]:
    """`more` replaces what is usual; the object of the event is named by the key, or by `about`."""
    utc = local and f"{local[:11]}{int(local[11:13]) + 5}{local[13:]}:00"
    event = {
        "event_type": "apheresis_started",
        "object": more.pop("about", f"din{more.get('key', [number])[0]}"),
        "person": number,
        "local": local,
        "utc": utc,
    }
    said = {"file": file, "position": position, "journey": number, "key": [str(number)], "is_retraction": False, "persists": False}
    return {
        **said,
        "lands": True,
        "persons": persons,
        "objects": [],
        "edges": [],
        "events": [event] if local else [],
        "measurements": [],
        "consent": None,
        "graded": None,
        **more,
    }


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Two charts; two collections, of which one lost its device; a third that was set aside; a file that was refused."""
    folder = tmp_path / "truth"
    folder.mkdir()
    (folder / "world.json").write_text('{"defects": "typical"}', encoding="utf-8")
    names = ("file", "partner", "feed", "name", "night", "sha256", "units", "refused")
    files = [
        (PATIENT, "h", "patient", "Patient.ndjson", 1, "sha-p", 2, None),
        (APHERESIS, "b", "apheresis", "a_20260101.csv", 1, "sha-a", 3, None),
        (REFUSED, "b", "apheresis", "a_20251231.csv", 1, "sha-r", None, "F01"),
    ]
    write_lines(folder, "files", [dict(zip(names, row, strict=True)) for row in files])
    records, oracle = [], []
    bags = {number: ["cells", f"din{number}", "S1128", "00"] for number in (1, 2)}
    signed = {"person": 1, "scope": "research", "purposes": ["HRESCH", "DUO:0000018"], "given": "2026-01-01"}
    given = {"event_type": "infusion_started", "object": "infusion", "person": 2, "local": "2026-01-03T10:00", "utc": "2026-01-03T15:00:00"}
    more: dict[int, dict[str, Any]] = {
        1: {"consent": {**signed, "withdrawn": "2026-01-09T14:00:00"}},
        2: {"graded": ["crs", 2], "events": [given]},
    }
    consumed = [an_edge("consume", bag, ["batch", "7"]) for bag in bags.values()]
    for number in (1, 2):
        chart = [a_person("mrn", "h", number, "recipient"), a_person("crid", "", number, "recipient")]
        drawn = [a_person("donor_id", "b", number, "both"), a_person("mrn", "h", number, "recipient")]
        records += [
            a_record(PATIENT, number, number, chart, None, edges=consumed if number == 1 else [], **more[number]),
            a_record(
                APHERESIS,
                number + 1,
                number,
                drawn,
                f"2026-01-01T{8 + number:02}:00",
                edges=[an_edge("create", ["cells", f"din{number}", "", ""], bags[number])],
            ),
        ]
        for kind, issuer, role in (
            ("mrn", "h", "recipient"),
            ("crid", "", "recipient"),
            ("donor_id", "b", "recipient"),
            ("donor_id", "b", "donor"),
        ):
            oracle.append(
                {"kind": kind, "issuer": issuer, "value": f"{kind}{number}", "role": role, "component": number, "certain": number}
            )
    lost = [a_person("donor_id", "b", 3, "both", survives=False)]
    records.append(a_record(APHERESIS, 4, 3, lost, "2026-01-01T11:00", lands=False))
    write_lines(folder, "records", records)
    write_lines(folder, "oracle", oracle)
    write_lines(folder, "handoffs", [])
    write_lines(folder, "shipments", [])
    write_lines(folder, "batches", [])
    write_lines(folder, "journeys", [{"journey": number, "patient": number} for number in (1, 2, 3)])
    defects = [
        (APHERESIS, 3, "device", "unknown_device", "D04", "cell"),
        (APHERESIS, 4, None, "wrong_check_character", "R01", "row"),
        (REFUSED, None, None, "wrong_delimiter", "F01", "refuse"),
    ]
    write_lines(
        folder,
        "defects",
        [dict(zip(("file", "position", "column", "defect", "rule", "effect"), row, strict=True), at_door=True) for row in defects],
    )
    return folder


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """The release as a build that was held back."""
    path = tmp_path / "held-0.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create schema control")
        connection.execute("create table control.delivery (source_delivery text, partner text, feed text, sha256 text)")
        for name, columns in SCHEMA.items():
            typed = ", ".join(one if " " in one else f"{one} text" for one in columns.split(", "))
            connection.execute(f"create table marts.{name} ({typed})")
        connection.execute(TOLD)
    return path


def missed_targets(release: Path, truth: Path) -> set[str]:
    return {one.name for one in score(release, truth).missed}


def without_defects(truth: Path) -> None:
    (truth / "world.json").write_text('{"defects": "none"}', encoding="utf-8")
