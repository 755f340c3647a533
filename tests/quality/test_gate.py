"""The gate opens on sound tables, closes on anything else, and says which of the two it was: the data or itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
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


def test_a_planted_duplicate_key_closes_it_and_the_build_is_held(home: Path) -> None:
    verdict = judged(home, {**sample.FIRST, "batch": [*sample.FIRST["batch"], {"batch_id": "b1"}]})
    assert not verdict.is_open
    assert [(one.rule_id, one.table, one.observed, one.is_engine_error) for one in verdict.closing] == [("G02", "batch", 1.0, False)]
    assert not (home / "builds" / "work.duckdb").exists()
    [held] = (home / "builds").glob("held-*.duckdb")
    assert held.stem == f"held-{sample.planned(home, 'one').inputs_hash[:16]}"


def test_a_null_in_a_key_of_several_columns_closes_it(home: Path) -> None:
    verdict = judged(home, {**sample.FIRST, "process_series": [{"batch_id": "b1", "unit_operation": "wash", "parameter": None}]})
    assert [(one.rule_id, one.table) for one in verdict.closing] == [("G03", "process_series")]


def test_a_missing_table_closes_it(home: Path) -> None:
    verdict = judged(home, sample.FIRST, without="timeline")
    assert [(one.rule_id, one.table, one.is_engine_error) for one in verdict.closing] == [("G01", "timeline", False)]


def test_what_cannot_be_evaluated_closes_it_and_says_so(home: Path) -> None:
    verdict = judged(home, sample.FIRST, without="finding")
    broken = {one.suite for one in verdict.results if one.is_engine_error}
    assert broken == {"rates"}
    assert not verdict.is_open
    assert "could not be evaluated" in result(verdict, "R13").sentence()


def test_a_reference_into_nothing_closes_it(home: Path) -> None:
    verdict = judged(
        home,
        {**sample.FIRST, "journey_event": [{"journey_id": "j1", "event_id": "e1"}], "timeline": [{"timeline_id": "t", "journey_id": "j1"}]},
    )
    failed = result(verdict, "G04")
    assert not failed.success
    for link in ("journey_event.event_id -> event", "journey_event.journey_id -> journey", "timeline.journey_id -> journey"):
        assert link in failed.table


@pytest.mark.parametrize(("count", "units", "is_open"), [(20, 20, True), (21, 2100, True), (22, 2100, False)])
def test_r13_blocks_above_one_percent_and_above_twenty_units(count: int, units: int, is_open: bool, home: Path) -> None:
    rows = {
        "dose_unit": [{"dose_unit_id": f"d{i}"} for i in range(units)],
        "finding": [
            {"finding_id": f"f{i}", "rule_id": "R13", "effect": "flag", "table_name": "dose_unit", "row_key": f"d{i}"} for i in range(count)
        ],
    }
    assert judged(home, rows).is_open is is_open


def test_a_finding_that_blocks_closes_it(home: Path) -> None:
    found = {"finding_id": "f", "rule_id": "R10", "effect": "block", "table_name": "batch", "row_key": "b1"}
    verdict = judged(home, {**sample.FIRST, "finding": [found]})
    assert [(one.rule_id, one.table) for one in verdict.closing] == [("G07", "R10 batch")]


@pytest.mark.parametrize(("count", "warned"), [(5, []), (6, ["G08"])])
def test_a_rule_of_the_door_is_measured_against_the_records_of_its_feed(count: int, warned: list[str], home: Path) -> None:
    place = {"rule_id": "R01", "effect": "row", "table_name": "lots", "source_delivery": "north/lots/1"}
    # Of the sample's 95 accepted records and `count` set aside.
    verdict = judged(home, {"finding": [{**place, "finding_id": f"f{i}", "source_row": 1000 + i} for i in range(count)]})
    assert [one.rule_id for one in verdict.warnings] == warned
    assert [one.table for one in verdict.warnings] == ["R01 mes.lots"] * len(warned)


def _batches(count: int) -> sample.Rows:
    return {"batch": [{"batch_id": f"b{i:03d}"} for i in range(count)]}


def test_rows_that_go_missing_close_it_unless_something_was_taken_away(home: Path) -> None:
    sample.released(home, 1, _batches(200), "one")
    assert judged(home, _batches(161), "one", "two").is_open
    lost = judged(home, _batches(159), "one", "two")
    assert [(one.rule_id, one.table) for one in lost.closing] == [("G05", "batch")]
    taken = judged(home, _batches(10), "two")
    assert taken.is_open
    assert [one.rule_id for one in taken.warnings] == ["G06"]


def test_an_implausible_median_warns(home: Path) -> None:
    rows = {"collection": [{"collection_id": f"c{i}", "run_time_min": 4.0 + i} for i in range(5)]}
    verdict = judged(home, rows)
    assert verdict.is_open
    assert [(one.rule_id, one.table, one.observed) for one in verdict.warnings] == [("G13", "run_time_min", 6.0)]


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
