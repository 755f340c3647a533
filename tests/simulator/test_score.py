"""The scorer: a release that tells the truth meets every target; each thing that a pipeline can get wrong misses its own."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner

from cgt_etl.cli import cgt_etl
from cgt_etl.simulator.scoring import NotScorable, score
from tests.simulator.scored import APHERESIS, PATIENT, SCHEMA, a_person, a_record, an_edge, missed_targets, without_defects, write_lines


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
        ("insert into marts.event values ('e3', 'death_recorded', 's1', null, null, 'b/apheresis/1', 2, null)", {"nothing else"}),
        ("update marts.event set supersedes_event_id = 'e2' where event_id = 'e1'", {"what it takes the place of"}),
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
    without_defects(truth)
    assert missed_targets(build, truth) == set()
    with duckdb.connect(str(build)) as connection:
        connection.execute(tampering)
    found = missed_targets(build, truth)
    assert missed <= found


def test_cells_named_by_their_donation_may_be_told_of_it_and_a_bag_named_in_full_of_itself_alone(build: Path, truth: Path) -> None:
    without_defects(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    records[0]["edges"] = [an_edge("consume", ["cells", f"din{number}", "", ""], ["batch", "7"]) for number in (1, 2)]
    write_lines(truth, "records", records)
    assert missed_targets(build, truth) == set()
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "update marts.product_edge set parent_table = 'collection', parent_key = 'k1' where parent_key = 'p1';"
            " update marts.row_source set row_key = 'k1|b1|consume' where row_key = 'p1|b1|consume'"
        )
    result = {one.name: one for one in score(build, truth).figures}
    assert not result["consume, found"].is_missed
    assert not result["consume, nothing else"].is_missed
    assert (result["of cells, told of a bag"].right, result["of cells, told of a bag"].total) == (1, 2)
    records[0]["edges"].append(an_edge("consume", ["cells", "din9", "", ""], ["batch", "7"]))
    write_lines(truth, "records", records)
    assert "consume, found" not in missed_targets(build, truth), "nobody says how those cells came to be"
    records[1]["edges"] += [
        an_edge("split", ["cells", "din9", "A0001", "00"], ["cells", "din9", "A0001", division]) for division in ("A0", "B0")
    ]
    write_lines(truth, "records", records)
    assert "consume, found" in missed_targets(build, truth), "two parts of them are told of"
    records[0]["edges"][-1]["parent"] = ["cells", "din9", "", "C0"]
    write_lines(truth, "records", records)
    assert "consume, found" not in missed_targets(build, truth), "nobody tells of the third part, nor of the collection"
    del records[1]["edges"][1:]
    records[0]["edges"][0]["parent"] = ["cells", "din1", "S9999", "00"]
    records[1]["edges"][0]["child"] = ["cells", "din1", "S1128", "00"]
    write_lines(truth, "records", records)
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "update marts.product_edge set parent_table = 'product', parent_key = 'p1' where parent_key = 'k1' and edge_type = 'consume';"
            " update marts.row_source set row_key = 'p1|b1|consume' where row_key = 'k1|b1|consume'"
        )
    assert missed_targets(build, truth) == {"consume, found", "consume, nothing else"}


def test_a_batch_made_again_is_asked_for_where_another_record_names_the_failed_one(build: Path, truth: Path) -> None:
    without_defects(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    records[0]["edges"].append(an_edge("remake", ["batch", "6"], ["batch", "7"]))
    records[0]["objects"] = [["batch", "maker", "7"], ["batch", "maker", "6"]]
    write_lines(truth, "records", records)
    assert "remake, found" not in missed_targets(build, truth)
    records[1]["objects"] = [["batch", "maker", "6"]]
    write_lines(truth, "records", records)
    assert "remake, found" in missed_targets(build, truth)


def test_an_event_names_the_one_that_it_takes_the_place_of(build: Path, truth: Path) -> None:
    without_defects(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    [later] = [event for record in records for event in record["events"] if event["object"] == "din2"]
    later["replaces"] = "din1"
    write_lines(truth, "records", records)
    assert missed_targets(build, truth) == {"what it takes the place of"}
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.event set supersedes_event_id = 'e1' where event_id = 'e2'")
    assert missed_targets(build, truth) == set()


def test_a_statement_of_a_month_alone_beside_its_event_is_left_open_and_one_of_a_day_is_a_second_event(build: Path, truth: Path) -> None:
    without_defects(truth)
    with duckdb.connect(str(build)) as connection:
        connection.execute("insert into marts.event values ('e3', 'apheresis_started', 's1', '2026-01', null, 'b/apheresis/1', 5, null)")
        connection.execute("update marts.delivery set unit_count = 4, accepted_unit_count = 3 where unit_count = 3")
    again = a_record(APHERESIS, 5, 1, [a_person("mrn", "h", 1, "recipient")], "2026-01-01T09:00", key=["again"], about="din1")
    with (truth / "records.jsonl").open("a", encoding="utf-8") as records:
        records.write(json.dumps(again) + "\n")
    assert "found once" in missed_targets(build, truth)
    with (truth / "defects.jsonl").open("a", encoding="utf-8") as defects:
        partial = {"file": APHERESIS, "position": 5, "column": "start", "defect": "partial", "rule": "D06", "effect": "flag"}
        defects.write(json.dumps({**partial, "at_door": True}) + "\n")
    result = {one.name: one for one in score(build, truth).figures}
    assert not result["found once"].is_missed
    assert not result["nothing else"].is_missed
    assert result["left open, flagged"].right == 1


def test_of_several_events_that_one_record_states_each_is_found_at_its_time(build: Path, truth: Path) -> None:
    without_defects(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    [first] = records[1]["events"]
    records[1]["events"].append({**first, "object": "another", "local": "2026-01-01T12:00", "utc": "2026-01-01T17:00:00"})
    write_lines(truth, "records", records)
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "insert into marts.event select 'e3', event_type, subject_id, '2026-01-01T12:00', timestamp '2026-01-01 17:00:00',"
            " source_delivery, source_row, null from marts.event where event_id = 'e1'; insert into marts.journey_event values ('j1', 'e3')"
        )
    assert missed_targets(build, truth) == set()
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.event set occurred_local = '2026-01-01T12:30' where event_id = 'e3'")
    assert "found once" in missed_targets(build, truth)


def test_a_journey_without_an_event_of_its_patient_is_that_of_the_person_whose_it_is(build: Path, truth: Path) -> None:
    without_defects(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    records[1]["events"][0]["person"] = None
    write_lines(truth, "records", records)
    for name in ("batches", "administrations", "bags", "shipments"):
        write_lines(truth, name, [])
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.event set subject_id = null where event_id = 'e1'")
        connection.execute("insert into marts.journey values ('j1', 's2')")
    assert "journey" in missed_targets(build, truth)
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.journey set subject_id = 's1'")
    assert "journey" not in missed_targets(build, truth)


def test_a_record_that_a_later_one_replaced_is_not_asked_for(build: Path, truth: Path) -> None:
    without_defects(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    old = a_record(PATIENT, 0, 1, [], "2026-01-01T03:00", key=["1"])
    write_lines(truth, "records", [old, *records])
    assert missed_targets(build, truth) == set()
    other = a_record(PATIENT, 0, 1, [], "2026-01-01T03:00", key=["another"])
    write_lines(truth, "records", [other, *records])
    assert missed_targets(build, truth) == {"found", "standing records are traced from a row"}


def test_a_row_that_left_the_last_snapshot_is_not_asked_for(build: Path, truth: Path) -> None:
    without_defects(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    gone = a_record("0001/b/apheresis/a_20251230.csv", 2, 1, [], "2026-01-01T03:00", key=["gone"], persists=True)
    file = {"file": gone["file"], "partner": "b", "feed": "apheresis", "name": "a_20251230.csv", "night": 1, "sha256": "sha-o", "units": 1}
    with (truth / "files.jsonl").open("a", encoding="utf-8") as files:
        files.write(json.dumps({**file, "refused": None}) + "\n")
    write_lines(truth, "records", [*records, gone])
    assert missed_targets(build, truth) == {"files are deliveries"}
    write_lines(truth, "records", [*records, {**gone, "persists": False}])
    assert {"found", "standing records are traced from a row"} <= missed_targets(build, truth)


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
    write_lines(truth, "records", [{"file": PATIENT, "lands": True}])
    with pytest.raises(NotScorable, match="older simulator"):
        score(build, truth)
