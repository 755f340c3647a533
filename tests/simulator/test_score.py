"""The scorer: a release that tells the truth meets every target; each thing that a pipeline can get wrong misses its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import CliRunner

from cgt_etl.cli import cgt_etl
from cgt_etl.simulator.scoring import NotScorable, score

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENT, APHERESIS = "0001/h/patient/Patient.ndjson", "0001/b/apheresis/a_20260101.csv"
REFUSED = "0001/b/apheresis/a_20251231.csv"
SCHEMA = {
    "delivery": "delivery_id, party_id, feed, status_code, rule_id, unit_count int, accepted_unit_count int, set_aside_unit_count int, "
    "erased_unit_count int",
    "row_source": "table_name, row_key, source_delivery, source_row_first int, source_row_last int",
    "subject_identifier": "subject_id, identifier_kind, issuer, identifier_id",
    "event": "event_id, event_type, subject_id, occurred_local, occurred_at_utc timestamp, source_delivery, source_row int",
    "journey": "journey_id, subject_id",
    "journey_event": "journey_id, event_id",
    "finding": "source_delivery, source_row int, column_name, rule_id, effect, table_name, row_key, subject_id",
    "product_edge": "parent_table, parent_key, child_table, child_key, edge_type",
    "measurement": "measurement_id, measurement, subject_id, occurred_local, occurred_at_utc timestamp, value double, unit, value_code, "
    "comparator, source_delivery, source_row int",
    "consent": "subject_id, scope_code, purpose_code, given_date date, withdrawn_at_utc timestamp, source_delivery, source_row int",
    "outcome": "subject_id, outcome_type, basis_code, grade int, source_delivery, source_row int",
    "handoff": "handoff_id, handoff_code, sender_party_id, receiver_party_id, sender_event_id, receiver_event_id, "
    "sent_at_utc timestamp, received_at_utc timestamp, count_verdict, time_order_verdict",
    "collection": "collection_id, donor_subject_id, recipient_subject_id",
    "administration": "administration_id, subject_id",
    "therapy_order": "therapy_order_id, subject_id",
    "batch": "batch_id, recipient_subject_id",
    "dose_unit": "dose_unit_id, recipient_subject_id",
    "subject": "subject_id",
    **dict.fromkeys(("specification", "shipment", "logger_reading", "material_lot", "process_series"), "source_delivery, source_row int"),
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
insert into marts.event values ('e1', 'apheresis_started', 's1', '2026-01-01T09:00:00', '2026-01-01 14:00:00', 'b/apheresis/1', 2),
  ('e2', 'apheresis_started', 's2', '2026-01-01T10:00', '2026-01-01 15:00:00', 'b/apheresis/1', 3);
insert into marts.product_edge values ('collection', 'k1', 'product', 'p1', 'create'), ('collection', 'k2', 'product', 'p2', 'create'),
  ('product', 'p1', 'batch', 'b1', 'consume'), ('product', 'p2', 'batch', 'b1', 'consume');
insert into marts.row_source values ('product_edge', 'k1|p1|create', 'b/apheresis/1', 2, 2),
  ('product_edge', 'k2|p2|create', 'b/apheresis/1', 3, 3), ('product_edge', 'p1|b1|consume', 'h/patient/1', 1, 1),
  ('product_edge', 'p2|b1|consume', 'h/patient/1', 1, 1);
insert into marts.consent values ('s1', 'research', 'HRESCH', '2026-01-01', '2026-01-09 14:00:00', 'h/patient/1', 1),
  ('s1', 'research', 'DUO:0000018', '2026-01-01', '2026-01-09 14:00:00', 'h/patient/1', 1);
insert into marts.event values ('e0', 'infusion_started', 's2', '2026-01-03T10:00', '2026-01-03 15:00:00', 'h/patient/1', 2);
insert into marts.outcome values ('s2', 'crs', 'graded', 2, 'h/patient/1', 2), ('s2', 'crs', 'stated', 3, 'h/patient/1', 2);
insert into marts.journey_event values ('j1', 'e1'), ('j2', 'e2'), ('j2', 'e0');
insert into marts.finding values ('b/apheresis/1', 3, 'device', 'D04', 'cell', 'becs__apheresis', null, null),
  ('b/apheresis/1', 4, null, 'R01', 'row', 'becs__apheresis', null, null);
"""
"""A release of two persons, each with a chart and a collection, that says what the truth says."""


def _lines(folder: Path, name: str, rows: list[dict[str, Any]]) -> None:
    (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _person(kind: str, issuer: str, number: int, role: str, *, survives: bool = True) -> dict[str, Any]:
    return {"kind": kind, "issuer": issuer, "value": f"{kind}{number}", "role": role, "person": number, "survives": survives}


def _edge(edge: str, parent: list[str], child: list[str]) -> dict[str, Any]:
    return {"edge": edge, "parent": parent, "child": child, "is_required": True}


def _record(file: str, position: int, number: int, persons: list[dict[str, Any]], local: str | None, **more: Any) -> dict[str, Any]:
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
    _lines(folder, "files", [dict(zip(names, row, strict=True)) for row in files])
    records, oracle = [], []
    bags = {number: ["cells", f"din{number}", "S1128", "00"] for number in (1, 2)}
    signed = {"person": 1, "scope": "research", "purposes": ["HRESCH", "DUO:0000018"], "given": "2026-01-01"}
    given = {"event_type": "infusion_started", "object": "infusion", "person": 2, "local": "2026-01-03T10:00", "utc": "2026-01-03T15:00:00"}
    more: dict[int, dict[str, Any]] = {
        1: {"consent": {**signed, "withdrawn": "2026-01-09T14:00:00"}},
        2: {"graded": ["crs", 2], "events": [given]},
    }
    consumed = [_edge("consume", bag, ["batch", "7"]) for bag in bags.values()]
    for number in (1, 2):
        chart = [_person("mrn", "h", number, "recipient"), _person("crid", "", number, "recipient")]
        drawn = [_person("donor_id", "b", number, "both"), _person("mrn", "h", number, "recipient")]
        records += [
            _record(PATIENT, number, number, chart, None, edges=consumed if number == 1 else [], **more[number]),
            _record(
                APHERESIS,
                number + 1,
                number,
                drawn,
                f"2026-01-01T{8 + number:02}:00",
                edges=[_edge("create", ["cells", f"din{number}", "", ""], bags[number])],
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
    lost = [_person("donor_id", "b", 3, "both", survives=False)]
    records.append(_record(APHERESIS, 4, 3, lost, "2026-01-01T11:00", lands=False))
    _lines(folder, "records", records)
    _lines(folder, "oracle", oracle)
    _lines(folder, "handoffs", [])
    _lines(folder, "shipments", [])
    _lines(folder, "journeys", [{"journey": number, "patient": number} for number in (1, 2, 3)])
    defects = [
        (APHERESIS, 3, "device", "unknown_device", "D04", "cell"),
        (APHERESIS, 4, None, "wrong_check_character", "R01", "row"),
        (REFUSED, None, None, "wrong_delimiter", "F01", "refuse"),
    ]
    _lines(
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


def _missed(release: Path, truth: Path) -> set[str]:
    return {one.name for one in score(release, truth).missed}


def _clean(truth: Path) -> None:
    (truth / "world.json").write_text('{"defects": "none"}', encoding="utf-8")


def test_a_release_that_tells_the_truth_meets_every_target(build: Path, truth: Path) -> None:
    result = score(build, truth)
    assert [one.name for one in result.figures if one.share < 1 and one.target is not None] == []
    counts = {one.name: (one.right, one.total) for one in result.figures if one.part != "measurements"}
    assert counts["precision of pairs"] == counts["recall of pairs"] == (6, 6)
    assert counts["found"] == (2, 2)
    assert counts["worst consensus grade, of its parts"] == counts["graded of parts, nothing else"] == (1, 1)
    assert counts["standing records are traced from a row"] == (4, 4)


@pytest.mark.parametrize(
    ("tampering", "missed"),
    [
        (("update marts.subject_identifier set subject_id = 's1';"
         " update marts.event set subject_id = 's1'"), {"precision of pairs", "subject"}),
        ("update marts.event set subject_id = 's9' where event_id = 'e1'", {"recall of pairs"}),
        ("update marts.event set subject_id = 's2' where event_id = 'e1'", {"precision of pairs", "recall of pairs", "subject"}),
        ("update marts.event set subject_id = null where event_id = 'e1'", {"recall of pairs", "subject"}),
        ("update marts.event set event_type = 'apheresis_completed' where event_id = 'e2'", {"found", "nothing else"}),
        (("insert into marts.journey_event values ('j1', 'e3');"
         " insert into marts.event select 'e3', * exclude event_id from marts.event where event_id = 'e1'"), {"found once"}),
        ("insert into marts.row_source values ('event', 'e1', 'b/apheresis/1', 3, 3)", {"found once"}),
        ("insert into marts.event values ('e3', 'death_recorded', 's1', null, null, 'b/apheresis/1', 2)", {"nothing else"}),
        ("update marts.event set occurred_local = '2026-01-01T09:01:00' where event_id = 'e1'", {"instant"}),
        ("update marts.event set occurred_at_utc = '2026-01-01 15:00:00' where event_id = 'e1'", {"instant"}),
        ("delete from marts.journey_event where journey_id = 'j1'", {"journey"}),
        ("update marts.journey_event set journey_id = 'j2'", {"journey"}),
        ("update marts.delivery set unit_count = 4, accepted_unit_count = 3 where unit_count = 3", {"units in"}),
        ("update marts.delivery set accepted_unit_count = 3, set_aside_unit_count = 0 where unit_count = 3", {"set aside"}),
        ("update marts.delivery set accepted_unit_count = 1 where unit_count = 3", {"in = accepted + set aside"}),
        ("update marts.delivery set accepted_unit_count = 1, erased_unit_count = 1 where unit_count = 3", {"in = accepted + set aside"}),
        ("update marts.delivery set rule_id = 'F02' where rule_id is not null",
         {"refused as declared", "F01 wrong_delimiter, recall", "F02, precision"}),
        ("insert into marts.delivery values ('x/y/1', 'x', 'y', 'landed', null, 1, 1, 0, 0)", {"deliveries are files"}),
        ("delete from marts.finding where rule_id = 'D04'", {"D04 unknown_device, recall"}),
        ("update marts.finding set source_row = 2 where rule_id = 'D04'", {"D04 unknown_device, recall", "D04, precision"}),
        ("update marts.finding set column_name = 'din' where rule_id = 'D04'", {"D04 unknown_device, recall", "D04, precision"}),
        ("delete from marts.consent where purpose_code = 'DUO:0000018'", {"found"}),
        ("update marts.consent set withdrawn_at_utc = null", {"found", "nothing else"}),
        ("update marts.consent set given_date = '2026-01-02'", {"found", "nothing else"}),
        ("update marts.consent set subject_id = 's2'", {"subject"}),
        ("insert into marts.consent select * from marts.consent", {"nothing else"}),
        ("delete from marts.outcome where basis_code = 'graded'", {"worst consensus grade, of its parts"}),
        ("update marts.outcome set grade = 3", {"worst consensus grade, of its parts"}),
        ("update marts.outcome set outcome_type = 'icans'", {"worst consensus grade, of its parts", "graded of parts, nothing else"}),
        ("delete from marts.product_edge where child_key = 'p1'", {"create, found"}),
        ("insert into marts.product_edge values ('collection', 'k1', 'batch', 'b1', 'consume')", {"consume, nothing else"}),
        (("insert into marts.product_edge values ('product', 'p3', 'batch', 'b1', 'consume');"
          " insert into marts.row_source values ('product_edge', 'p3|b1|consume', 'h/patient/1', 1, 1)"), {"consume, nothing else"}),
        ("update marts.product_edge set edge_type = 'sample' where parent_key = 'k2'", {"create, found", "sample, nothing else"}),
        (("update marts.product_edge set child_key = 'p1' where parent_key = 'k2';"
          " update marts.row_source set row_key = 'k2|p1|create' where row_key = 'k2|p2|create'"), {"create, nothing else"}),
        (("delete from marts.row_source where source_row_first = 2 and source_delivery like 'h%';"
          " delete from marts.outcome; delete from marts.event where event_id = 'e0'"),
         {"standing records are traced from a row"}),
    ],
)  # fmt: skip
def test_each_error_misses_its_own_target(build: Path, truth: Path, tampering: str, missed: set[str]) -> None:
    # With the targets of a run without defects, where every figure has one.
    _clean(truth)
    assert _missed(build, truth) == set()
    with duckdb.connect(str(build)) as connection:
        connection.execute(tampering)
    found = _missed(build, truth)
    assert missed <= found


def test_cells_named_by_their_donation_may_be_told_of_it_and_a_bag_named_in_full_of_itself_alone(build: Path, truth: Path) -> None:
    _clean(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    records[0]["edges"] = [_edge("consume", ["cells", f"din{number}", "", ""], ["batch", "7"]) for number in (1, 2)]
    _lines(truth, "records", records)
    assert _missed(build, truth) == set()
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "update marts.product_edge set parent_table = 'collection', parent_key = 'k1' where parent_key = 'p1';"
            " update marts.row_source set row_key = 'k1|b1|consume' where row_key = 'p1|b1|consume'"
        )
    result = {one.name: one for one in score(build, truth).figures}
    assert not result["consume, found"].is_missed
    assert not result["consume, nothing else"].is_missed
    assert (result["of cells, told of a bag"].right, result["of cells, told of a bag"].total) == (1, 2)
    records[0]["edges"].append(_edge("consume", ["cells", "din9", "", ""], ["batch", "7"]))
    _lines(truth, "records", records)
    assert "consume, found" not in _missed(build, truth), "nobody says how those cells came to be"
    records[1]["edges"] += [
        _edge("split", ["cells", "din9", "A0001", "00"], ["cells", "din9", "A0001", division]) for division in ("A0", "B0")
    ]
    _lines(truth, "records", records)
    assert "consume, found" in _missed(build, truth), "two parts of them are told of"
    records[0]["edges"][-1]["parent"] = ["cells", "din9", "", "C0"]
    _lines(truth, "records", records)
    assert "consume, found" not in _missed(build, truth), "nobody tells of the third part, nor of the collection"
    del records[1]["edges"][1:]
    records[0]["edges"][0]["parent"] = ["cells", "din1", "S9999", "00"]
    records[1]["edges"][0]["child"] = ["cells", "din1", "S1128", "00"]
    _lines(truth, "records", records)
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "update marts.product_edge set parent_table = 'product', parent_key = 'p1' where parent_key = 'k1' and edge_type = 'consume';"
            " update marts.row_source set row_key = 'p1|b1|consume' where row_key = 'k1|b1|consume'"
        )
    assert _missed(build, truth) == {"consume, found", "consume, nothing else"}


def test_a_statement_of_a_month_alone_beside_its_event_is_left_open_and_one_of_a_day_is_a_second_event(build: Path, truth: Path) -> None:
    _clean(truth)
    with duckdb.connect(str(build)) as connection:
        connection.execute("insert into marts.event values ('e3', 'apheresis_started', 's1', '2026-01', null, 'b/apheresis/1', 5)")
        connection.execute("update marts.delivery set unit_count = 4, accepted_unit_count = 3 where unit_count = 3")
    again = _record(APHERESIS, 5, 1, [_person("mrn", "h", 1, "recipient")], "2026-01-01T09:00", key=["again"], about="din1")
    with (truth / "records.jsonl").open("a", encoding="utf-8") as records:
        records.write(json.dumps(again) + "\n")
    assert "found once" in _missed(build, truth)
    with (truth / "defects.jsonl").open("a", encoding="utf-8") as defects:
        partial = {"file": APHERESIS, "position": 5, "column": "start", "defect": "partial", "rule": "D06", "effect": "flag"}
        defects.write(json.dumps({**partial, "at_door": True}) + "\n")
    result = {one.name: one for one in score(build, truth).figures}
    assert not result["found once"].is_missed
    assert not result["nothing else"].is_missed
    assert result["left open, flagged"].right == 1


def test_of_several_events_that_one_record_states_each_is_found_at_its_time(build: Path, truth: Path) -> None:
    _clean(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    [first] = records[1]["events"]
    records[1]["events"].append({**first, "object": "another", "local": "2026-01-01T12:00", "utc": "2026-01-01T17:00:00"})
    _lines(truth, "records", records)
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "insert into marts.event select 'e3', event_type, subject_id, '2026-01-01T12:00', timestamp '2026-01-01 17:00:00',"
            " source_delivery, source_row from marts.event where event_id = 'e1'; insert into marts.journey_event values ('j1', 'e3')"
        )
    assert _missed(build, truth) == set()
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.event set occurred_local = '2026-01-01T12:30' where event_id = 'e3'")
    assert "found once" in _missed(build, truth)


def test_a_patient_whom_nothing_joins_may_be_two_subjects_with_a_journey_each_and_no_subject_two(build: Path, truth: Path) -> None:
    _clean(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    chart, drawn = records[0], records[1]
    drawn["persons"] = [one for one in drawn["persons"] if one["kind"] == "donor_id"]
    chart["events"] = [{**drawn["events"][0], "object": "another", "local": "2026-01-01T12:00", "utc": "2026-01-01T17:00:00"}]
    _lines(truth, "records", records)
    oracle = [json.loads(line) for line in (truth / "oracle.jsonl").read_text(encoding="utf-8").splitlines()]
    _lines(truth, "oracle", [{**one, "component": 9, "certain": 9} if one["value"] == "donor_id1" else one for one in oracle])
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "update marts.subject_identifier set subject_id = 's9' where identifier_id = 't5';"
            " update marts.event set subject_id = 's9' where event_id = 'e1';"
            " insert into marts.event values"
            " ('e3', 'apheresis_started', 's1', '2026-01-01T12:00', '2026-01-01 17:00:00', 'h/patient/1', 1);"
            " insert into marts.journey_event values ('j9', 'e3')"
        )
    assert _missed(build, truth) == set()
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.journey_event set journey_id = 'j9' where event_id = 'e1'")
    assert _missed(build, truth) == {"journey"}


def test_a_swap_is_found_where_its_record_and_those_of_both_persons_are_shown(build: Path, truth: Path) -> None:
    """The second collection has the first patient's number."""
    swap = {"swap": "number 2", "persons": [2, 1], "places": [[APHERESIS, 3]], "is_double": False, "leaves_contradiction": True}
    _lines(truth, "swaps", [swap, {**swap, "swap": "results 1", "is_double": True, "leaves_contradiction": False}])
    found, sides = "swaps that leave a contradiction, found", "shown with both sides' evidence"
    assert _missed(build, truth) == {found, sides}
    for delivery, row, subject, missed in (
        ("b/apheresis/1", 3, "s1", {sides}),
        ("b/apheresis/1", 3, "s2", {sides}),
        ("h/patient/1", 1, "s1", set()),
    ):
        with duckdb.connect(str(build)) as connection:
            shown = "insert into marts.finding values ($1, $2, null, 'I01', 'flag', 'subject', $3, $3)"
            connection.execute(shown, [delivery, row, subject])
        assert _missed(build, truth) == missed
    told = {one.name: (one.right, one.total) for one in score(build, truth).figures}
    assert told["swaps that leave none, of all"] == (1, 2)
    assert told["records shown, of the persons of a swap"] == (2, 2)


def test_a_swap_that_its_collection_contradicts_is_asked_for_too(build: Path, truth: Path) -> None:
    swap = {"swap": "number 2", "persons": [2, 1], "places": [[APHERESIS, 3]], "is_double": False, "leaves_contradiction": False}
    _lines(truth, "swaps", [{**swap, "is_contradicted_by_donation": True}])
    found, sides = "swaps that a donation contradicts, found", "shown with both sides' evidence"
    assert _missed(build, truth) == {found, sides}
    with duckdb.connect(str(build)) as connection:
        for delivery, row, subject in (("b/apheresis/1", 3, "s1"), ("h/patient/1", 2, "s2")):
            shown = "insert into marts.finding values (?, ?, null, 'R06', 'flag', 'collection', 'k2', ?)"
            connection.execute(shown, [delivery, row, subject])
    assert _missed(build, truth) == set()
    told = {one.name: (one.right, one.total) for one in score(build, truth).figures}
    assert told["swaps that leave none, of all"] == (0, 1)


def test_two_persons_whom_the_oracle_joins_are_neither_right_nor_wrong_and_counted(build: Path, truth: Path) -> None:
    """The second collection has the first patient's number, and nothing else tells of the second."""
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    records[3]["persons"][1] = records[1]["persons"][1]
    _lines(truth, "records", records)
    oracle = [json.loads(line) for line in (truth / "oracle.jsonl").read_text(encoding="utf-8").splitlines()]
    _lines(truth, "oracle", [{**one, "component": 1, "certain": 1} if one["value"] == "donor_id2" else one for one in oracle])
    joined = "pairs of two persons that no identifier contradicts"
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "update marts.event set subject_id = 's1' where event_id = 'e2';"
            " update marts.subject_identifier set subject_id = 's1' where identifier_id = 't6'"
        )
    counts = {one.name: (one.right, one.total) for one in score(build, truth).figures}
    # each patient's own: mrn, crid and donor number of the first, mrn and crid of the second
    assert counts["precision of pairs"] == counts["recall of pairs"] == (4, 4)
    # the second's donor number with the three of the first
    assert counts[joined] == (3, 3)
    with duckdb.connect(str(build)) as connection:
        # the record's own two are one by what it says
        connection.execute("update marts.event set subject_id = 's2' where event_id = 'e2'")
    counts = {one.name: (one.right, one.total) for one in score(build, truth).figures}
    assert counts[joined] == (1, 3)


def test_a_row_of_a_thing_that_records_of_two_persons_tell_is_counted_and_says_of_none_who_it_is(build: Path, truth: Path) -> None:
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "insert into marts.collection values ('k1', 's1', 's1'), ('k2', 's2', 's2'), ('k3', null, null);"
            "insert into marts.row_source values ('collection', 'k1', 'b/apheresis/1', 2, 2), ('collection', 'k1', 'h/patient/1', 1, 1),"
            " ('collection', 'k2', 'b/apheresis/1', 3, 3), ('collection', 'k3', 'h/patient/1', 1, 2)"
        )
    told = "rows of things told of two persons"
    counts = {one.name: (one.right, one.total) for one in score(build, truth).figures}
    assert counts[told] == (0, 2)
    assert counts["precision of pairs"] == (6, 6)
    with duckdb.connect(str(build)) as connection:
        connection.execute("insert into marts.row_source values ('collection', 'k1', 'b/apheresis/1', 3, 3)")
    counts = {one.name: (one.right, one.total) for one in score(build, truth).figures}
    assert counts[told] == (1, 2)
    assert counts["precision of pairs"] == (6, 6)
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.collection set donor_subject_id = 's1', recipient_subject_id = 's1' where collection_id = 'k2'")
    assert "precision of pairs" in _missed(build, truth)


def test_what_a_swap_left_uncertain_is_not_asked_for_and_may_not_be_joined_wrongly(build: Path, truth: Path) -> None:
    oracle = [json.loads(line) for line in (truth / "oracle.jsonl").read_text(encoding="utf-8").splitlines()]
    _lines(truth, "oracle", [{**one, "certain": None} if one["value"] == "mrn1" else one for one in oracle])
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.subject_identifier set subject_id = 's9' where identifier_id = 't1'")
    counts = {one.name: (one.right, one.total) for one in score(build, truth).figures}
    assert counts["recall of pairs"] == (4, 4)
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.subject_identifier set subject_id = 's2' where identifier_id = 't1'")
    assert "precision of pairs" in _missed(build, truth)


def test_a_journey_without_an_event_of_its_patient_is_that_of_the_person_whose_it_is(build: Path, truth: Path) -> None:
    _clean(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    records[1]["events"][0]["person"] = None
    _lines(truth, "records", records)
    for name in ("batches", "administrations", "bags", "shipments"):
        _lines(truth, name, [])
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.event set subject_id = null where event_id = 'e1'")
        connection.execute("insert into marts.journey values ('j1', 's2')")
    assert "journey" in _missed(build, truth)
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.journey set subject_id = 's1'")
    assert "journey" not in _missed(build, truth)


def test_a_record_that_a_later_one_replaced_is_not_asked_for(build: Path, truth: Path) -> None:
    _clean(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    old = _record(PATIENT, 0, 1, [], "2026-01-01T03:00", key=["1"])
    _lines(truth, "records", [old, *records])
    assert _missed(build, truth) == set()
    other = _record(PATIENT, 0, 1, [], "2026-01-01T03:00", key=["another"])
    _lines(truth, "records", [other, *records])
    assert _missed(build, truth) == {"found", "standing records are traced from a row"}


def test_a_row_that_left_the_last_snapshot_is_not_asked_for(build: Path, truth: Path) -> None:
    _clean(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    gone = _record("0001/b/apheresis/a_20251230.csv", 2, 1, [], "2026-01-01T03:00", key=["gone"], persists=True)
    file = {"file": gone["file"], "partner": "b", "feed": "apheresis", "name": "a_20251230.csv", "night": 1, "sha256": "sha-o", "units": 1}
    with (truth / "files.jsonl").open("a", encoding="utf-8") as files:
        files.write(json.dumps({**file, "refused": None}) + "\n")
    _lines(truth, "records", [*records, gone])
    assert _missed(build, truth) == {"files are deliveries"}
    _lines(truth, "records", [*records, {**gone, "persists": False}])
    assert {"found", "standing records are traced from a row"} <= _missed(build, truth)


def test_a_release_scores_as_its_build_and_the_exit_says_so(build: Path, truth: Path, tmp_path: Path) -> None:
    release = tmp_path / "release"
    tables = {}
    with duckdb.connect(str(build)) as connection:
        for name in SCHEMA:
            (release / "tables" / name).mkdir(parents=True)
            tables[name] = {"files": [f"tables/{name}/part-0000.parquet"]}
            connection.execute(f"copy marts.{name} to '{release / tables[name]['files'][0]}' (format parquet)")
        inputs = dict(connection.execute("select source_delivery, sha256 from control.delivery").fetchall())
    said = {"inputs": {"deliveries": {id_: {"sha256": raw} for id_, raw in inputs.items()}}, "tables": tables}
    (release / "manifest.json").write_text(json.dumps(said), encoding="utf-8")
    arguments = ["score", "--release", str(release), "--truth", str(truth)]
    done = CliRunner().invoke(cgt_etl, [*arguments, "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.output) == score(build, truth).said()
    finding = release / tables["finding"]["files"][0]
    duckdb.sql(f"copy (select * from '{finding}' where rule_id <> 'D04') to '{finding}.new' (format parquet)")
    Path(f"{finding}.new").replace(finding)
    done = CliRunner().invoke(cgt_etl, arguments)
    assert done.exit_code == 1
    assert "MISSED" in done.output
    assert f"{APHERESIS}, position 3, column device" in done.output


@pytest.mark.parametrize("name", ["mrn1", "crid1", "donor_id1", "din1"])
def test_what_is_printed_holds_no_value(build: Path, truth: Path, name: str) -> None:
    with duckdb.connect(str(build)) as connection:
        connection.execute("delete from marts.event; delete from marts.subject_identifier; delete from marts.finding")
    result = score(build, truth)
    assert result.missed
    assert name not in "\n".join(result.lines()) + json.dumps(result.said())


def test_what_is_no_release_or_no_truth_is_said_in_a_sentence(build: Path, truth: Path, tmp_path: Path) -> None:
    for release, told in ((tmp_path, truth), (truth / "world.json", truth), (build, tmp_path)):
        with pytest.raises(NotScorable):
            score(release, told)
    _lines(truth, "records", [{"file": PATIENT, "lands": True}])
    with pytest.raises(NotScorable, match="older simulator"):
        score(build, truth)


def test_a_batch_made_again_is_asked_for_where_another_record_names_the_failed_one(build: Path, truth: Path) -> None:
    _clean(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    records[0]["edges"].append(_edge("remake", ["batch", "6"], ["batch", "7"]))
    records[0]["objects"] = [["batch", "maker", "7"], ["batch", "maker", "6"]]
    _lines(truth, "records", records)
    assert "remake, found" not in _missed(build, truth)
    records[1]["objects"] = [["batch", "maker", "6"]]
    _lines(truth, "records", records)
    assert "remake, found" in _missed(build, truth)
