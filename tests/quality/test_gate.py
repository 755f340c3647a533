"""The gate opens on sound tables, closes on anything else, and says which of the two it was: the data or itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from cgt_etl.errors import DeclarationError
from cgt_etl.quality import batches, suites
from cgt_etl.quality.gate import judge
from cgt_etl.quality.verdict import Result, Verdict
from tests.release import sample

pytestmark = pytest.mark.slow  # Great Expectations takes seconds to import

META = {"purpose": "p", "batch": "tables", "index": []}
EXPECTATION = {"type": "t", "kwargs": {}, "severity": "critical", "meta": {"rule": "G99", "title": "t", "reason": "r"}}


def judged(home: Path, rows: sample.Rows, *names: str, without: str | None = None) -> Verdict:
    work, _ = sample.build(home, rows, without=without)
    return judge(work, sample.settings(home), sample.planned(home, *(names or ("one",))))


def result(verdict: Verdict, rule: str) -> Result:
    [found] = [one for one in verdict.results if one.rule_id == rule]
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def test_sound_tables_open_the_gate_and_leave_its_pages(home: Path) -> None:
    verdict = judged(home, sample.FIRST)
    # One link of the sample leads to a delivery, which is no row.
    assert [one.sentence() for one in verdict.closing] == []
    assert verdict.is_open
    folder = home / "quality" / sample.planned(home, "one").inputs_hash
    assert json.loads((folder / "verdict.json").read_text()) == verdict.said()
    assert "The gate is open" in (folder / "data_docs" / "index.html").read_text(encoding="utf-8")
    fetched = re.compile(r"<(?:script|link|img)[^>]*https?://|url\([^)]*https?://", re.IGNORECASE)
    assert [page for page in folder.rglob("*.html") if fetched.search(page.read_text(encoding="utf-8"))] == []
    assert (home / "builds" / "work.duckdb").is_file()


def test_every_expectation_can_be_evaluated_on_the_declared_tables(home: Path) -> None:
    verdict = judged(home, {})
    assert [one for one in verdict.results if one.is_engine_error] == []
    assert len(verdict.results) == sum(len(suite.expectations) for suite in suites.load())


@pytest.mark.rule("G02")
def test_a_planted_duplicate_key_closes_it_and_the_build_is_held(home: Path) -> None:
    verdict = judged(home, {**sample.FIRST, "batch": [*sample.FIRST["batch"], {"batch_id": "b1"}]})
    assert not verdict.is_open
    assert [(one.rule_id, one.table, one.observed, one.is_engine_error) for one in verdict.closing] == [("G02", "batch", 1.0, False)]
    assert not (home / "builds" / "work.duckdb").exists()
    [held] = (home / "builds").glob("held-*.duckdb")
    assert held.stem == f"held-{sample.planned(home, 'one').inputs_hash[:16]}"


@pytest.mark.rule("G03")
def test_a_null_in_a_key_of_several_columns_closes_it(home: Path) -> None:
    verdict = judged(home, {**sample.FIRST, "process_series": [{"batch_id": "b1", "unit_operation": "wash", "parameter": None}]})
    assert [(one.rule_id, one.table) for one in verdict.closing] == [("G03", "process_series")]


@pytest.mark.rule("G01")
def test_a_missing_table_closes_it(home: Path) -> None:
    verdict = judged(home, sample.FIRST, without="timeline")
    assert [(one.rule_id, one.table, one.is_engine_error) for one in verdict.closing] == [("G01", "timeline", False)]


def test_what_cannot_be_evaluated_closes_it_and_says_so(home: Path) -> None:
    verdict = judged(home, sample.FIRST, without="finding")
    broken = {one.suite for one in verdict.results if one.is_engine_error}
    assert broken == {"rates"}
    assert not verdict.is_open
    assert "could not be evaluated" in result(verdict, "R13").sentence()


@pytest.mark.rule("G04")
def test_a_reference_into_nothing_closes_it(home: Path) -> None:
    verdict = judged(
        home,
        {**sample.FIRST, "journey_event": [{"journey_id": "j1", "event_id": "e1"}], "timeline": [{"timeline_id": "t", "journey_id": "j1"}]},
    )
    failed = result(verdict, "G04")
    assert not failed.success
    for link in ("journey_event.event_id -> event", "journey_event.journey_id -> journey", "timeline.journey_id -> journey"):
        assert link in failed.table


def _gaps(rule: str, table: str, count: int, units: int, *, made: date) -> sample.Rows:
    """So many batches of one dose unit each, whose maker has since told of the fifth of January; `count` of them have a gap."""
    at = {"source_delivery": "north/lots/1", "event_type": "harvest_completed"}
    return {
        "batch": [{"batch_id": f"d{i}"} for i in range(units)],
        "dose_unit": [{"dose_unit_id": f"d{i}", "batch_id": f"d{i}"} for i in range(units)],
        "event": [
            *({**at, "event_id": f"e{i}", "batch_id": f"d{i}", "occurred_date": made} for i in range(units)),
            {**at, "event_id": "later", "batch_id": "d0", "occurred_date": date(2026, 1, 5)},
        ],
        "finding": [
            {"finding_id": f"f{i}", "rule_id": rule, "effect": "flag", "table_name": table, "row_key": f"d{i + 1}"} for i in range(count)
        ],
    }


@pytest.mark.rule("R13", "R14")
@pytest.mark.parametrize(("rule", "table"), [("R13", "dose_unit"), ("R14", "batch")])
@pytest.mark.parametrize(("count", "units", "closes"), [(20, 21, 0), (21, 2101, 0), (22, 2101, 1)])
def test_gaps_of_genealogy_block_above_one_percent_and_above_twenty(  # noqa: PLR0917  its cases
    count: int, units: int, closes: int, rule: str, table: str, home: Path
) -> None:
    # The first batch is heard of to the end, and not due: the others are the units.
    verdict = judged(home, _gaps(rule, table, count, units, made=date(2026, 1, 2)))
    assert [one.rule_id for one in verdict.closing] == [rule] * closes


@pytest.mark.parametrize(("rule", "table"), [("R13", "dose_unit"), ("R14", "batch")])
def test_a_gap_that_a_record_within_the_promised_delay_may_fill_blocks_nothing(rule: str, table: str, home: Path) -> None:
    assert judged(home, _gaps(rule, table, 200, 201, made=date(2026, 1, 3))).is_open


@pytest.mark.rule("G07")
def test_a_finding_that_blocks_closes_it(home: Path) -> None:
    found = {"finding_id": "f", "rule_id": "R10", "effect": "block", "table_name": "batch", "row_key": "b1"}
    verdict = judged(home, {**sample.FIRST, "finding": [found]})
    assert [(one.rule_id, one.table) for one in verdict.closing] == [("G07", "R10 batch")]


@pytest.mark.rule("G08", "G09", "G10")
@pytest.mark.parametrize(
    ("effect", "first", "count", "warned"),
    [
        ("row", 1000, 5, []),  # beside the sample's 95 accepted records
        ("row", 1000, 6, ["G08"]),
        ("cell", 0, 9, []),  # of them
        ("cell", 0, 10, ["G09"]),
        ("flag", 0, 23, []),
        ("flag", 0, 24, ["G10"]),
    ],
)
def test_a_rule_of_the_door_is_measured_against_the_records_of_its_feed(
    effect: str, first: int, count: int, warned: list[str], home: Path
) -> None:
    place = {"rule_id": "R01", "effect": effect, "table_name": "lots", "source_delivery": "north/lots/1"}
    verdict = judged(home, {"finding": [{**place, "finding_id": f"f{i}", "source_row": first + i} for i in range(count)]})
    assert [one.rule_id for one in verdict.warnings] == warned
    assert [one.table for one in verdict.warnings] == ["R01 mes.lots"] * len(warned)


def _batches(count: int) -> sample.Rows:
    return {"batch": [{"batch_id": f"b{i:03d}"} for i in range(count)]}


@pytest.mark.rule("G05", "G06")
def test_rows_that_go_missing_close_it_unless_something_was_taken_away(home: Path) -> None:
    sample.released(home, 1, _batches(200), "one")
    assert judged(home, _batches(161), "one", "two").is_open
    lost = judged(home, _batches(159), "one", "two")
    assert [(one.rule_id, one.table) for one in lost.closing] == [("G05", "batch")]
    taken = judged(home, _batches(10), "two")
    assert taken.is_open
    assert [one.rule_id for one in taken.warnings] == ["G06"]


@pytest.mark.rule("G11", "G12", "G13", "G14", "G15", "G16")
def test_an_implausible_median_warns(home: Path) -> None:
    of_collections = {"ce2_percent": 0.5, "whole_blood_processed_ml": 9.0, "run_time_min": 4.0, "product_volume_ml": 0.2}
    rows = {
        "collection": [{"collection_id": f"c{i}", **{name: low + i for name, low in of_collections.items()}} for i in range(5)],
        "journey": [{"journey_id": f"j{i}", "vein_to_vein_last_days": i} for i in range(5)],
        "administration": [{"administration_id": f"a{i}", "dose_per_kg_10_6": 2000.0 + i} for i in range(5)],
    }
    verdict = judged(home, rows)
    assert verdict.is_open
    assert [(one.rule_id, one.table, one.observed) for one in verdict.warnings] == [
        ("G11", "ce2_percent", 2.5),
        ("G12", "whole_blood_processed_ml", 11.0),
        ("G13", "run_time_min", 6.0),
        ("G14", "product_volume_ml", 2.2),
        ("G15", "vein_to_vein_last_days", 2.0),
        ("G16", "dose_per_kg_10_6", 2002.0),
    ]


def test_no_value_of_a_row_is_written(home: Path) -> None:
    canary = "CANARY7731"
    rows = {
        "batch": [{"batch_id": canary}, {"batch_id": canary}],
        "dose_unit": [{"dose_unit_id": f"{canary}1", "batch_id": f"{canary}2"}],
        "finding": [{"finding_id": canary, "rule_id": "R13", "effect": "flag", "table_name": "dose_unit", "row_key": canary}],
    }
    assert not judged(home, rows).is_open
    written = [file for file in (home / "quality").rglob("*") if file.is_file()]
    assert written
    assert [file for file in written if canary.encode() in file.read_bytes()] == []


def test_the_verdict_is_the_same_each_time(home: Path, tmp_path: Path) -> None:
    assert judged(home, sample.FIRST).said() == judged(tmp_path / "other", sample.FIRST).said()


def test_a_verdict_over_nothing_is_not_open() -> None:
    assert not Verdict(()).is_open


def test_an_aggregate_that_is_null_does_not_pass(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def nulls(connection: duckdb.DuckDBPyConnection, batch: str, frame: Callable[..., object] = batches.frame) -> object:
        if batch == "tables":
            connection.execute("update released_table set duplicate_keys = null where table_name = 'batch'")
        return frame(connection, batch)

    monkeypatch.setattr(batches, "frame", nulls)
    assert result(judged(home, sample.FIRST), "G02").is_engine_error


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("{", "not JSON"),
        (json.dumps({"name": "x", "meta": META, "expectations": []}), "at `expectations`"),
        ('{"name": "x", "mta": {}}', "at `meta`"),
        (json.dumps({"name": "y", "meta": META, "expectations": [EXPECTATION]}), "another name"),
    ],
)
def test_a_wrong_suite_is_refused(text: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / "x.json").write_text(text)
    monkeypatch.setattr(suites, "FOLDER", tmp_path)
    with pytest.raises(DeclarationError, match=place):
        suites.load()
