"""The scorer of links and conflicts: who is joined with whom, what is not asked for, and swaps."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from cgt_etl.simulator.scoring import score
from tests.simulator.scored import APHERESIS, missed_targets, without_defects, write_lines


def test_a_patient_whom_nothing_joins_may_be_two_subjects_with_a_journey_each_and_no_subject_two(build: Path, truth: Path) -> None:
    without_defects(truth)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    chart, drawn = records[0], records[1]
    drawn["persons"] = [one for one in drawn["persons"] if one["kind"] == "donor_id"]
    chart["events"] = [{**drawn["events"][0], "object": "another", "local": "2026-01-01T12:00", "utc": "2026-01-01T17:00:00"}]
    write_lines(truth, "records", records)
    oracle = [json.loads(line) for line in (truth / "oracle.jsonl").read_text(encoding="utf-8").splitlines()]
    write_lines(truth, "oracle", [{**one, "component": 9, "certain": 9} if one["value"] == "donor_id1" else one for one in oracle])
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "update marts.subject_identifier set subject_id = 's9' where identifier_id = 't5';"
            " update marts.event set subject_id = 's9' where event_id = 'e1';"
            " insert into marts.event values"
            " ('e3', 'apheresis_started', 's1', '2026-01-01T12:00', '2026-01-01 17:00:00', 'h/patient/1', 1, null);"
            " insert into marts.journey_event values ('j9', 'e3')"
        )
    assert missed_targets(build, truth) == set()
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.journey_event set journey_id = 'j9' where event_id = 'e1'")
    assert missed_targets(build, truth) == {"journey"}


def test_a_swap_is_found_where_its_record_and_those_of_both_persons_are_shown(build: Path, truth: Path) -> None:
    """The second collection has the first patient's number."""
    swap = {"swap": "number 2", "persons": [2, 1], "places": [[APHERESIS, 3]], "is_double": False, "leaves_contradiction": True}
    write_lines(truth, "swaps", [swap, {**swap, "swap": "results 1", "is_double": True, "leaves_contradiction": False}])
    found, sides = "swaps that leave a contradiction, found", "shown with both sides' evidence"
    assert missed_targets(build, truth) == {found, sides}
    for delivery, row, subject, missed in (
        ("b/apheresis/1", 3, "s1", {sides}),
        ("b/apheresis/1", 3, "s2", {sides}),
        ("h/patient/1", 1, "s1", set()),
    ):
        with duckdb.connect(str(build)) as connection:
            shown = "insert into marts.finding values ($1, $2, null, 'I01', 'flag', 'subject', $3, $3)"
            connection.execute(shown, [delivery, row, subject])
        assert missed_targets(build, truth) == missed
    told = {one.name: (one.right, one.total) for one in score(build, truth).figures}
    assert told["swaps that leave none, of all"] == (1, 2)
    assert told["records shown, of the persons of a swap"] == (2, 2)


def test_a_swap_that_its_collection_contradicts_is_asked_for_too(build: Path, truth: Path) -> None:
    swap = {"swap": "number 2", "persons": [2, 1], "places": [[APHERESIS, 3]], "is_double": False, "leaves_contradiction": False}
    write_lines(truth, "swaps", [{**swap, "is_contradicted_by_donation": True}])
    found, sides = "swaps that a donation contradicts, found", "shown with both sides' evidence"
    assert missed_targets(build, truth) == {found, sides}
    with duckdb.connect(str(build)) as connection:
        for delivery, row, subject in (("b/apheresis/1", 3, "s1"), ("h/patient/1", 2, "s2")):
            shown = "insert into marts.finding values (?, ?, null, 'R06', 'flag', 'collection', 'k2', ?)"
            connection.execute(shown, [delivery, row, subject])
    assert missed_targets(build, truth) == set()
    told = {one.name: (one.right, one.total) for one in score(build, truth).figures}
    assert told["swaps that leave none, of all"] == (0, 1)


def test_two_persons_whom_the_oracle_joins_are_neither_right_nor_wrong_and_counted(build: Path, truth: Path) -> None:
    """The second collection has the first patient's number, and nothing else tells of the second."""
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    records[3]["persons"][1] = records[1]["persons"][1]
    write_lines(truth, "records", records)
    oracle = [json.loads(line) for line in (truth / "oracle.jsonl").read_text(encoding="utf-8").splitlines()]
    write_lines(truth, "oracle", [{**one, "component": 1, "certain": 1} if one["value"] == "donor_id2" else one for one in oracle])
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
    assert "precision of pairs" in missed_targets(build, truth)


def test_what_a_swap_left_uncertain_is_not_asked_for_and_may_not_be_joined_wrongly(build: Path, truth: Path) -> None:
    oracle = [json.loads(line) for line in (truth / "oracle.jsonl").read_text(encoding="utf-8").splitlines()]
    write_lines(truth, "oracle", [{**one, "certain": None} if one["value"] == "mrn1" else one for one in oracle])
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.subject_identifier set subject_id = 's9' where identifier_id = 't1'")
    counts = {one.name: (one.right, one.total) for one in score(build, truth).figures}
    assert counts["recall of pairs"] == (4, 4)
    with duckdb.connect(str(build)) as connection:
        connection.execute("update marts.subject_identifier set subject_id = 's2' where identifier_id = 't1'")
    assert "precision of pairs" in missed_targets(build, truth)
