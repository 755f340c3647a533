"""The scorer of handoffs: what a pipeline can get wrong of one misses its own target; faults count where a file shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cgt_etl.simulator.scoring import score
from tests.simulator.scored import APHERESIS

BAGS = ["din1:S1128:00", "din2:S1128:00"]
STEPS = {"packed": "2026-01-01T18:00", "dispatched": "2026-01-01T19:00", "received": "2026-01-02T10:00"}
"""Step of the shipment -> its instant, in UTC."""
TOLD = """
insert into marts.event values ('h1', 'shipment_packed', null, null, '2026-01-01 18:00:00', 'b/apheresis/1', 2, null),
  ('h2', 'shipment_dispatched', null, null, '2026-01-01 19:00:00', 'b/apheresis/1', 2, null),
  ('h3', 'shipment_received', null, null, '2026-01-02 10:00:00', 'b/apheresis/1', 2, null);
insert into marts.handoff values
  ('g1', 'H07', 'b', 'c', 'h1', 'h2', '2026-01-01 18:00:00', '2026-01-01 19:00:00', 'match', 'match', 'match', 'match', 'match'),
  ('g2', 'H08', 'c', 'm', 'h2', 'h3', '2026-01-01 19:00:00', '2026-01-02 10:00:00', 'match', 'match', 'match', 'match', 'match');
"""


@pytest.fixture
def told(build: Path, truth: Path) -> tuple[Path, Path]:
    """Build and truth of a run without defects, with the two handoffs of one shipment, whose events one record states."""
    (truth / "world.json").write_text('{"defects": "none"}', encoding="utf-8")
    for name in ("batches", "administrations", "bags"):
        (truth / f"{name}.jsonl").write_text("", encoding="utf-8")
    _records(truth)
    _handoffs(truth)
    shipment = {"journey": 1, "contents": BAGS, "packed": STEPS["packed"], "picked_up": STEPS["dispatched"]}
    shipment |= {"sscc": "s", "is_drug_product": False, "delivered": STEPS["received"], "excursion_min": 0, "hold_days": 10.0}
    (truth / "shipments.jsonl").write_text(json.dumps(shipment) + "\n", encoding="utf-8")
    with duckdb.connect(str(build)) as connection:
        connection.execute(TOLD)
    return build, truth


def _handoffs(folder: Path, fault: str = "", code: str = "H08") -> None:
    rows = [
        {"journey": 1, "code": "H07", "sender": "b", "receiver": "c", "objects": BAGS, "sent": STEPS["packed"], "fault": ""},
        {"journey": 1, "code": code, "sender": "c", "receiver": "m", "objects": BAGS, "sent": STEPS["dispatched"], "fault": fault},
    ]
    (folder / "handoffs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def _records(folder: Path) -> None:
    """The record of the first collection states the steps of the shipment too."""
    records: list[dict[str, Any]] = [json.loads(line) for line in (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    (mine,) = (one for one in records if (one["file"], one["position"]) == (APHERESIS, 2))
    for step, at in STEPS.items():
        mine["events"].append({"event_type": f"shipment_{step}", "object": "s", "person": None, "local": at, "utc": f"{at}:00"})
    (folder / "records.jsonl").write_text("".join(json.dumps(row) + "\n" for row in records), encoding="utf-8")


def _figures(told: tuple[Path, Path]) -> dict[str, tuple[int, int]]:
    return {one.name: (one.right, one.total) for one in score(*told).figures if one.part == "handoffs"}


def _missed(told: tuple[Path, Path]) -> set[str]:
    return {one.name for one in score(*told).missed if one.part == "handoffs"}


def test_handoffs_that_are_as_they_were_meet_every_target(told: tuple[Path, Path]) -> None:
    assert _missed(told) == set()
    figures = _figures(told)
    assert figures["found with both sides"] == figures["instants"] == figures["nothing else"] == (2, 2)
    assert figures["clock_skew, found"] == (0, 0)


@pytest.mark.parametrize(
    ("tampering", "missed"),
    [
        ("delete from marts.handoff where handoff_id = 'g2'", {"found with both sides"}),
        ("update marts.handoff set receiver_event_id = null where handoff_id = 'g2'", {"found with both sides"}),
        ("insert into marts.handoff select 'g3', * exclude handoff_id from marts.handoff where handoff_id = 'g2'", {"found once"}),
        ("insert into marts.handoff (handoff_id, handoff_code, sender_party_id) values ('g3', 'H10', 'm')", {"nothing else"}),
        ("update marts.handoff set handoff_code = 'H18' where handoff_id = 'g2'", {"kind"}),
        ("update marts.handoff set sender_party_id = 'm' where handoff_id = 'g1'", {"sender and receiver"}),
        ("update marts.handoff set received_at_utc = '2026-01-02 10:01:00' where handoff_id = 'g2'", {"instants"}),
        ("update marts.handoff set count_verdict = 'discrepant' where handoff_id = 'g2'", {"count_mismatch, nothing else"}),
    ],
)
def test_each_error_misses_its_own_target(told: tuple[Path, Path], tampering: str, missed: set[str]) -> None:
    with duckdb.connect(str(told[0])) as connection:
        connection.execute(tampering)
    assert _missed(told) == missed


@pytest.mark.parametrize(("fault", "verdict"), [("clock_skew", "time_order_verdict"), ("count_mismatch", "count_verdict")])
def test_a_fault_that_the_files_show_is_asked_for(told: tuple[Path, Path], fault: str, verdict: str) -> None:
    _handoffs(told[1], fault)
    assert _missed(told) == {f"{fault}, found"}
    with duckdb.connect(str(told[0])) as connection:
        connection.execute(f"update marts.handoff set {verdict} = 'discrepant' where handoff_id = 'g2'")
    assert _missed(told) == set()
    assert _figures(told)[f"{fault}, nothing else"] == (1, 1)


@pytest.mark.parametrize("fault", ["identity_swap", "seal_broken", "papers_missing", "temperature"])
def test_a_fault_that_no_file_shows_is_not(told: tuple[Path, Path], fault: str) -> None:
    _handoffs(told[1], fault)
    assert _missed(told) == set()


FORM = "0001/c/custody/custody_1.csv"


def _form(folder: Path, *injected: str) -> None:
    """A custody record of the shipment, in a file of its own, with defects of these rules."""
    records = [json.loads(line) for line in (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    form = {**records[0], "file": FORM, "position": 2, "key": ["r"], "persons": [], "events": [], "measurements": [], "edges": []}
    with (folder / "records.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(form | {"objects": [["sscc", "", "s"]], "persists": False}) + "\n")
    with (folder / "files.jsonl").open("a", encoding="utf-8") as lines:
        file = {"file": FORM, "night": 1, "partner": "c", "feed": "custody", "name": "custody_1.csv", "sha256": "", "size": 0, "units": 1}
        lines.write(json.dumps(file | {"refused": None}) + "\n")
    with (folder / "defects.jsonl").open("a", encoding="utf-8") as lines:
        for rule in injected:
            defect = {"file": FORM, "position": 2, "column": None, "defect": "d", "rule": rule, "effect": "flag", "at_door": False}
            lines.write(json.dumps(defect) + "\n")


@pytest.mark.parametrize(
    ("fault", "verdict"),
    [("seal_broken", "seal_verdict"), ("papers_missing", "papers_verdict"), ("temperature", "temperature_verdict")],
)
def test_a_fault_that_a_custody_record_shows_is_asked_for_unless_something_was_injected_there(
    told: tuple[Path, Path], fault: str, verdict: str
) -> None:
    _handoffs(told[1], fault)
    _form(told[1])
    assert _missed(told) & {f"{fault}, found", f"{fault}, nothing else"} == {f"{fault}, found"}
    with duckdb.connect(str(told[0])) as connection:
        connection.execute(f"update marts.handoff set {verdict} = 'discrepant' where handoff_id = 'g2'")
    assert _figures(told)[f"{fault}, found"] == _figures(told)[f"{fault}, nothing else"] == (1, 1)
    _handoffs(told[1])
    assert _figures(told)[f"{fault}, nothing else"] == (0, 1)
    _form(told[1], "R64")
    assert _figures(told)[f"{fault}, nothing else"] == (0, 0)


def test_what_nobody_says_was_received_is_not_asked_for(told: tuple[Path, Path]) -> None:
    records = told[1] / "records.jsonl"
    records.write_text(records.read_text(encoding="utf-8").replace("shipment_received", "shipment_in_transit_scan"), encoding="utf-8")
    assert _figures(told)["found with both sides"] == (1, 1)


def test_whom_a_box_was_given_to_is_not_asked_where_its_sender_alone_tells_of_it(told: tuple[Path, Path]) -> None:
    with duckdb.connect(str(told[0])) as connection:
        connection.execute("update marts.handoff set receiver_party_id = null where handoff_id = 'g1'")
    assert _missed(told) == set(), "the record of the dispatch is the sender's own"
    handoffs = told[1] / "handoffs.jsonl"
    handoffs.write_text(handoffs.read_text(encoding="utf-8").replace('"sender": "b"', '"sender": "z"'), encoding="utf-8")
    with duckdb.connect(str(told[0])) as connection:
        connection.execute("update marts.handoff set sender_party_id = 'z' where handoff_id = 'g1'")
    assert _missed(told) == {"sender and receiver"}, "now another than its sender tells of it"


def test_a_laboratory_that_freezes_a_pool_has_what_was_pooled(told: tuple[Path, Path]) -> None:
    made, folder = told
    frozen = {"event_type": "cryopreservation_started", "object": "pool1/A0", "person": None, "local": "", "utc": "2026-01-01T20:00:00"}
    records = [json.loads(line) for line in (folder / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    (mine,) = (one for one in records if (one["file"], one["position"]) == (APHERESIS, 2))
    mine["events"].append(frozen)
    (folder / "records.jsonl").write_text("".join(json.dumps(row) + "\n" for row in records), encoding="utf-8")
    given = {"journey": 1, "code": "H05", "sender": "b", "receiver": "b", "objects": ["din1"], "sent": "2026-01-01T17:00", "fault": ""}
    with (folder / "handoffs.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(json.dumps(given) + "\n")
    with duckdb.connect(str(made)) as connection:
        connection.execute(
            "insert into marts.event values"
            " ('h4', 'cryopreservation_started', null, null, '2026-01-01 20:00:00', 'b/apheresis/1', 2, null);"
            " insert into marts.handoff (handoff_id, handoff_code, receiver_party_id, receiver_event_id) values ('g4', 'H05', 'l', 'h4')"
        )
    assert _missed(told) == {"nothing else"}, "nobody pooled anything"
    pool = {"journey": 1, "din": "pool1", "edge": "pool", "made_from": ["din1:S1128:00", "din2:S1128:00"]}
    (folder / "bags.jsonl").write_text(json.dumps(pool) + "\n", encoding="utf-8")
    assert _missed(told) == set()
