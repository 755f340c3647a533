"""Defects that the house finds: asked for only where their record stands, and a finding is wrong only where nothing went wrong."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from cgt_etl.simulator.scoring import score
from cgt_etl.simulator.scoring.defects import _can_be_found, _explained
from cgt_etl.simulator.scoring.truth import TruthFiles
from tests.simulator.scored import APHERESIS

FIND = "insert into marts.finding (source_delivery, source_row, column_name, rule_id, effect, table_name, row_key) values "
OF_THE_HOUSE = {"file": APHERESIS, "column": "product_code", "defect": "other_code", "rule": "D11", "effect": "flag", "at_door": False}


def _inject(folder: Path, *positions: int) -> None:
    with (folder / "defects.jsonl").open("a", encoding="utf-8") as lines:
        lines.writelines(json.dumps({**OF_THE_HOUSE, "position": position}) + "\n" for position in positions)


def _figures(release: Path, folder: Path) -> dict[str, tuple[int, int]]:
    return {one.name: (one.right, one.total) for one in score(release, folder).figures if one.part == "house defects"}


def _find(release: Path, *rows: str) -> None:
    with duckdb.connect(str(release)) as connection:
        connection.execute(FIND + ", ".join(rows))


def test_a_finding_counts_by_any_record_of_its_row(build: Path, truth: Path) -> None:
    _inject(truth, 2)
    assert _figures(build, truth) == {"D11 other_code, recall": (0, 1), "D11, precision": (0, 0)}
    _find(build, "(null, null, 'x', 'D11', 'flag', 'event', 'e1')")
    assert _figures(build, truth) == {"D11 other_code, recall": (1, 1), "D11, precision": (1, 1)}


def test_of_a_record_that_does_not_stand_nothing_is_asked(build: Path, truth: Path) -> None:
    _inject(truth, 2, 4)  # the record at 4 did not land
    assert _figures(build, truth)["D11 other_code, recall"] == (0, 1)


def test_what_rests_on_another_record_is_asked_for_only_where_that_stands(build: Path, truth: Path) -> None:
    def needing(place: int) -> None:
        with (truth / "defects.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps({**OF_THE_HOUSE, "position": place, "needs": ["fold_expansion", "apheresis_started"]}) + "\n")

    needing(2)
    assert _figures(build, truth)["D11 other_code, recall"] == (0, 0)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    fold = {"measurement": "fold_expansion", "object": "7/x", "person": 1, "local": "", "utc": None, "value": 3.0, "unit": "x"}
    records[0]["measurements"] = [{**fold, "text": "", "comparator": ""}]  # of the chart of the same person
    (truth / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    for name in ("batches", "administrations", "bags", "shipments"):
        (truth / f"{name}.jsonl").write_text("", encoding="utf-8")
    assert _figures(build, truth)["D11 other_code, recall"] == (0, 1)
    needing(3)
    assert _figures(build, truth)["D11 other_code, recall"] == (0, 1), "nobody tells of the other's"


def test_what_is_counted_beside_is_of_the_same_time_and_a_batch_is_not_the_one_that_it_replaces(build: Path, truth: Path) -> None:
    def said(name: str, utc: str) -> dict[str, object]:
        return {
            "measurement": name,
            "object": "x",
            "person": 1,
            "local": "",
            "utc": utc,
            "value": 3.0,
            "unit": "x",
            "text": "",
            "comparator": "",
        }

    def asked(neutrophils_at: str, *batches: str) -> tuple[int, int]:
        records[0]["measurements"] = [said("pb_anc", neutrophils_at)]
        records[0]["objects"] = [["batch", "maker", number] for number in batches]
        (truth / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
        return _figures(build, truth)["D11 other_code, recall"]

    for name in ("batches", "administrations", "bags", "shipments"):
        (truth / f"{name}.jsonl").write_text("", encoding="utf-8")
    with (truth / "defects.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({**OF_THE_HOUSE, "position": 2, "beside": ["pb_anc", "pb_alc"]}) + "\n")
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    records[1]["measurements"], records[1]["objects"] = [said("pb_wbc", "1")], [["batch", "maker", "7"]]
    assert asked("1") == (0, 1)
    assert asked("2") == (0, 0)
    assert asked("1", "7") == (0, 1)
    assert asked("1", "8", "7") == (0, 0), "of batch 8, which was made again for 7"


def test_a_finding_is_right_by_an_injection_of_its_rule_and_no_other_defect_excuses_it(build: Path, truth: Path) -> None:
    _inject(truth, 2)
    beside = "(null, null, 'x', 'D11', 'flag', 'event', 'e2')"  # of the record at 3, whose device is unknown
    patient = "('h/patient/1', 1, 'x', 'D11', 'flag', 'subject', 's1')"
    _find(build, beside, patient, "(null, null, 'x', 'D11', 'flag', 'event', 'e1')")
    assert _figures(build, truth)["D11, precision"] == (1, 3)


def test_a_batch_of_whose_input_no_standing_record_tells_is_found_rightly(build: Path, truth: Path) -> None:
    with (truth / "defects.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({**OF_THE_HOUSE, "position": 4, "rule": "R14", "defect": "left_out"}) + "\n")
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    records[0]["objects"] = [["batch", "maker", "7"], ["material_lot", "maker", "v"]]
    records[0]["edges"] = []
    (truth / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    _find(
        build,
        "('h/patient/1', 1, null, 'R14', 'flag', 'batch', 'b1')",
        "('h/patient/1', 1, 'gene_agent_lot_id', 'R14', 'flag', 'batch', 'b1')",
    )
    assert _figures(build, truth)["R14, precision"] == (1, 2), "the lot of its vector is told, what went in is not"


def test_a_certificate_that_lost_a_cell_is_rightly_found_without_a_result(build: Path, truth: Path) -> None:
    with (truth / "defects.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({**OF_THE_HOUSE, "position": 2, "rule": "R40", "defect": "left_out"}) + "\n")
    lost, whole = "('b/apheresis/1', 3, 'x', 'R40', 'flag', 'm', 'm3')", "('h/patient/1', 1, 'x', 'R40', 'flag', 'm', 'm1')"
    _find(build, lost, whole, "('b/apheresis/1', 2, 'x', 'R40', 'flag', 'm', 'm2')")
    assert _figures(build, truth) == {"R40 left_out, recall": (1, 1), "R40, precision": (2, 3)}


def test_a_grade_is_rightly_without_fever_where_no_standing_record_tells_of_the_fever_that_was(build: Path, truth: Path) -> None:
    with (truth / "defects.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({**OF_THE_HOUSE, "position": 4, "rule": "R44", "defect": "no_fever"}) + "\n")
    for name in ("batches", "administrations", "bags", "shipments"):
        (truth / f"{name}.jsonl").write_text("", encoding="utf-8")
    (truth / "outcomes.jsonl").write_text('{"journey": 1, "crs_grade": 1}\n{"journey": 2, "crs_grade": 0}\n', encoding="utf-8")
    _find(
        build,
        "('b/apheresis/1', 2, 'grade', 'R44', 'flag', 'outcome', 'o1')",
        "('b/apheresis/1', 3, 'grade', 'R44', 'flag', 'outcome', 'o2')",
    )
    assert _figures(build, truth)["R44, precision"] == (1, 2), "of the first there was one, of the second none"
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    fever = {"measurement": "body_temp", "object": "1/x", "person": 1, "local": "", "utc": None, "value": 38.7, "unit": "Cel"}
    records[0]["measurements"] = [{**fever, "text": "", "comparator": ""}]
    (truth / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    assert _figures(build, truth)["R44, precision"] == (0, 2), "the chart of the same person tells of it"


def test_what_was_so_on_the_way_is_found_rightly_and_an_injection_needs_the_events_of_its_container(truth: Path) -> None:
    form, other = (APHERESIS, 2), (APHERESIS, 3)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    files = [json.loads(line) for line in (truth / "files.jsonl").read_text(encoding="utf-8").splitlines()]
    for record in records:
        if (record["file"], record["position"]) in (form, other):
            record["objects"] = [["sscc", "", "s" if (record["file"], record["position"]) == form else "t"]]
            record["persons"], record["events"] = [], []
    for file in files:
        file["feed"] = "custody" if file["file"] == APHERESIS else file["feed"]
    way = {
        "journey": 1,
        "contents": ["l"],
        "is_drug_product": True,
        "packed": "2026-01-01T18:00+00:00",
        "picked_up": "2026-01-01T19:00+00:00",
    }
    days = {"delivered": "2026-01-03T18:00+00:00", "hold_days": 1.5}
    shipments = [{**way, **days, "sscc": "s", "excursion_min": 12}, {**way, **days, "sscc": "t", "excursion_min": 0, "hold_days": 2.0}]
    fault = {
        "journey": 1,
        "code": "H14",
        "sender": "c",
        "receiver": "h",
        "objects": ["l"],
        "sent": "2026-01-01T19:00+00:00",
        "fault": "seal_broken",
    }
    for name in ("batches", "administrations", "bags"):
        (truth / f"{name}.jsonl").write_text("", encoding="utf-8")
    for name, rows in (("records", records), ("files", files), ("shipments", shipments[:1]), ("handoffs", [fault])):
        (truth / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    told = TruthFiles(truth)
    assert set(told.custody) == {"s", "t"}
    explained = _explained(told, {APHERESIS: "b/apheresis/1"})
    mine = ("b/apheresis/1", 2)
    assert [mine in explained[rule, None] for rule in ("R60", "R62", "R64", "R66")] == [True, True, True, False]
    (truth / "shipments.jsonl").write_text("".join(json.dumps(row) + "\n" for row in shipments), encoding="utf-8")
    assert [("b/apheresis/1", 3) in _explained(TruthFiles(truth), {APHERESIS: "b/apheresis/1"})[rule, None] for rule in ("R60", "R62")] == [
        False,
        False,
    ]
    injected = {**OF_THE_HOUSE, "position": 2, "needs": ["shipment_received"]}
    assert not _can_be_found(told)(injected)
    received = {"event_type": "shipment_received", "object": "s", "person": None, "local": "", "utc": None}
    record = next(one for one in records if (one["file"], one["position"]) not in (form, other) and one["lands"])
    record["objects"], record["events"] = [["sscc", "", "s"]], [received]
    (truth / "records.jsonl").write_text("".join(json.dumps(one) + "\n" for one in records), encoding="utf-8")
    assert _can_be_found(TruthFiles(truth))(injected)
