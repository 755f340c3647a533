"""The twenty questions of the tutorial asked of a few rows typed out; `tests/e2e/test_tutorial.py` asks a whole release."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import duckdb
import pytest

from cgt_etl.settings import REPOSITORY
from tests.release import sample

TUTORIAL = (REPOSITORY / "docs" / "tutorial.md").read_text(encoding="utf-8")
QUERIES = {int(number): query for number, query in re.findall(r"^## (\d+)\. .*?\n.*?```sql\n(.*?)```", TUTORIAL, re.DOTALL | re.MULTILINE)}


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """Every released table, typed and empty."""
    with duckdb.connect() as connection:
        for table, columns in sample.declared():
            connection.execute(f"create table {table} ({columns})")
        yield connection


def put(warehouse: duckdb.DuckDBPyConnection, table: str, *rows: dict[str, Any]) -> None:
    for row in rows:
        names = ", ".join(row)
        warehouse.execute(f"insert into {table} ({names}) values ({', '.join('?' * len(row))})", list(row.values()))


def ask(warehouse: duckdb.DuckDBPyConnection, number: int) -> list[tuple[Any, ...]]:
    return warehouse.sql(QUERIES[number]).fetchall()


def test_there_are_twenty_questions_and_each_is_asked_in_fifteen_lines(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert list(QUERIES) == list(range(1, 21))
    for number, query in QUERIES.items():
        lines = query.strip().splitlines()
        assert len(lines) <= 15, number
        assert max(map(len, lines)) <= 140, f"{number}: a line is not made longer to have fewer"
        assert ask(warehouse, number) == [], f"{number}: an answer out of nothing"


def test_1_who_dropped_out_competes_and_who_waits_is_censored(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Five collected on one day: infused on day 30 and 40, dropped out on day 20, waiting since 35 days, infused on day 35."""
    day = date(2025, 11, 1)
    for key, infused in {"a": date(2025, 12, 1), "b": date(2025, 12, 11), "c": None, "d": None, "e": date(2025, 12, 6)}.items():
        started = day if key != "d" else date(2025, 11, 6)
        put(
            warehouse,
            "journey",
            {"journey_id": key, "product_name_code": "p", "first_collection_date": started, "first_infusion_date": infused},
        )
    put(warehouse, "event", {"event_id": "1", "event_type": "batch_terminated", "occurred_date": date(2025, 11, 21)})
    put(warehouse, "event", {"event_id": "2", "event_type": "infusion_started", "occurred_date": date(2025, 12, 11)})
    put(warehouse, "journey_event", {"journey_id": "c", "event_id": "1"}, {"journey_id": "b", "event_id": "2"})
    found = [(row[1], row[4], row[-1]) for row in ask(warehouse, 1) if row[0] == "p"]
    # Day 35: one is infused and one censored, of the three at risk.
    assert found == [(20, 5, 0.0), (30, 4, 0.2), (35, 3, 0.4), (40, 1, 0.8)]
    assert {row[0] for row in ask(warehouse, 1)} == {"all", "p"}


def test_2_a_batch_counts_as_failed_once_whatever_failed(warehouse: duckdb.DuckDBPyConnection) -> None:
    put(warehouse, "journey", {"journey_id": "j", "therapy_order_id": "o"})
    put(warehouse, "batch", {"batch_id": "b", "therapy_order_id": "o"}, {"batch_id": "c", "therapy_order_id": "o"})
    for batch, verdict in (("b", "fail"), ("b", "fail"), ("b", "pass"), ("c", "pass")):
        put(warehouse, "measurement", {"batch_id": batch, "verdict_code": verdict})
    put(warehouse, "measurement", {"batch_id": "c", "verdict_code": "fail", "superseded_by_measurement_id": "m"})
    put(warehouse, "event", {"event_id": "1", "event_type": "apheresis_completed", "occurred_at_utc": "2025-11-01 08:00"})
    put(warehouse, "event", {"event_id": "2", "event_type": "selection_completed", "occurred_at_utc": "2025-11-03 08:00"})
    put(warehouse, "journey_event", {"journey_id": "j", "event_id": "1"}, {"journey_id": "j", "event_id": "2"})
    assert ask(warehouse, 2) == [("36 to 96 h", 2, 1, 0.5)]


def test_4_an_infusion_that_nobody_graded_is_counted_and_not_called_mild(warehouse: duckdb.DuckDBPyConnection) -> None:
    for key, cells in (("a", 50.0), ("b", 60.0), ("c", 90.0), ("d", 100.0)):
        put(warehouse, "administration", {"administration_id": key, "product_name_code": "p", "cells_given_10_6": cells})
    for key, grade, scale in (("a", 1, "astct"), ("c", 3, "astct"), ("c", 1, "astct"), ("d", 4, "lee_2014")):
        put(warehouse, "outcome", {"administration_id": key, "outcome_type": "crs", "scale_code": scale, "grade": grade})
    assert ask(warehouse, 4) == [("p", "lower half", 50, 60, 2, 1, 1, 0), ("p", "upper half", 90, 100, 2, 1, 1, 1)]


def test_9_a_count_within_thirty_days_is_the_latest_of_them(warehouse: duckdb.DuckDBPyConnection) -> None:
    one = {"measurement": "pb_plt", "unit": "10*9/L", "subject_id": "s"}
    at = {"collection_id": "c", "occurred_date": date(2025, 11, 1)}
    put(
        warehouse,
        "measurement",
        one | at | {"timepoint_code": "pre", "value": 200.0},
        one | at | {"timepoint_code": "post", "value": 150.0},
    )
    for day, value in ((date(2025, 11, 9), 170.0), (date(2025, 11, 20), 190.0), (date(2026, 1, 1), 210.0)):
        put(warehouse, "measurement", one | {"occurred_date": day, "value": value})
    assert ask(warehouse, 9) == [("pb_plt", "10*9/L", 1, 200.0, 150.0, -25.0, 1, 190.0)]


def test_10_both_parts_of_a_pool_are_found(warehouse: duckdb.DuckDBPyConnection) -> None:
    put(warehouse, "administration", {"administration_id": "i", "subject_id": "s", "started_date": date(2025, 11, 1)})
    way = [("dose_unit", "d", "administration", "i"), ("batch", "b", "dose_unit", "d"), ("product", "p", "batch", "b")]
    way += [("product", "q", "batch", "b"), ("collection", "c1", "product", "p"), ("collection", "c2", "product", "q")]
    for parent_table, parent, child_table, child in way:
        put(warehouse, "product_edge", {"parent_table": parent_table, "parent_key": parent, "child_table": child_table, "child_key": child})
    put(warehouse, "collection", {"collection_id": "c1", "donor_subject_id": "s"}, {"collection_id": "c2", "donor_subject_id": "s"})
    assert ask(warehouse, 10) == [("i", None, date(2025, 11, 1), 2, 1, True, 4)]


def test_11_a_day_in_the_drawer_is_left_out(warehouse: duckdb.DuckDBPyConnection) -> None:
    put(warehouse, "administration", {"subject_id": "s", "started_date": date(2025, 11, 10)})
    one = {"subject_id": "s", "measurement": "steps_daily", "unit": "/d"}
    for day, value, worn in ((1, 9000.0, 900.0), (2, 7000.0, 700.0), (3, 10.0, 30.0), (12, 2000.0, 800.0)):
        put(warehouse, "wearable_daily", one | {"local_date": date(2025, 11, day), "value": value, "wear_min": worn})
    assert ask(warehouse, 11) == [
        ("steps_daily", "/d", 2, 8000.0, "1: two weeks before"),
        ("steps_daily", "/d", 1, 2000.0, "2: first week"),
    ]


def test_12_the_attempts_of_an_order_are_told_apart(warehouse: duckdb.DuckDBPyConnection) -> None:
    first = {"batch_id": "b1", "therapy_order_id": "o", "ended_date": date(2025, 11, 1), "disposition_code": "terminated"}
    put(warehouse, "batch", first, {"batch_id": "b2", "therapy_order_id": "o", "ended_date": date(2025, 12, 1)}, {"batch_id": "b3"})
    put(warehouse, "dose_unit", {"dose_unit_id": "d", "batch_id": "b2"}, {"dose_unit_id": "e", "batch_id": "b2"})
    edge = {"parent_table": "dose_unit", "child_table": "administration", "child_key": "i"}
    put(warehouse, "product_edge", edge | {"parent_key": "d"}, edge | {"parent_key": "e"})
    assert ask(warehouse, 12) == [("not said", 1, 2, 1, 0, 0), ("not said", 2, 1, 0, 1, 1)]


def test_15_who_was_not_assessed_stays_in_the_denominator(warehouse: duckdb.DuckDBPyConnection) -> None:
    for key in "abcd":
        put(warehouse, "journey", {"journey_id": key, "product_name_code": "p", "infusion_count": 1, "modality_code": "auto_cart"})
    for key, said in (("a", "stable"), ("a", "complete"), ("b", "progressive"), ("c", "complete")):
        put(warehouse, "outcome", {"journey_id": key, "outcome_type": "response", "value_code": said})
    assert ask(warehouse, 15) == [("p", "complete", 2, 0.5), ("p", "not assessed", 1, 0.25), ("p", "progressive", 1, 0.25)]


def test_16_survival_is_kaplan_and_meier_s(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Died on day 10 and 30, alive when last seen on day 20 and 40, one of them seen twice."""
    seen = [("a", 10, False), ("b", 20, True), ("c", 30, False), ("d", 15, True), ("d", 40, True)]
    for key in "abcd":
        put(warehouse, "journey", {"journey_id": key, "first_infusion_date": date(2025, 12, 1)})
    for key, day, is_censored in seen:
        at = date.fromordinal(date(2025, 12, 1).toordinal() + day)
        put(warehouse, "outcome", {"journey_id": key, "outcome_type": "survival", "onset_date": at, "is_censored": is_censored})
    assert ask(warehouse, 16) == [(10, 4, 1, 0.75), (20, 3, 0, 0.75), (30, 2, 1, 0.375), (40, 1, 0, 0.375)]


def test_17_the_peak_is_the_first_day_of_the_highest(warehouse: duckdb.DuckDBPyConnection) -> None:
    for number, (day, value) in enumerate([(-3, 900.0), (1, 20.0), (5, 120.0), (7, 120.0), (9, 40.0)]):
        row = {
            "timeline_id": str(number),
            "journey_id": "j",
            "measurement": "crp",
            "day_from_infusion": day,
            "value": value,
            "unit": "mg/L",
        }
        put(warehouse, "timeline", row)
    assert ask(warehouse, 17) == [("crp", "mg/L", 1, 5.0, 120.0, 120.0)]


def test_18_a_shipment_counts_once_however_often_it_was_logged(warehouse: duckdb.DuckDBPyConnection) -> None:
    lane = {"from_site_id": "a.main", "to_site_id": "b.main"}
    put(
        warehouse,
        "shipment",
        lane | {"shipment_id": "1", "lid_opening_count": 2, "out_of_specification_min": 5.0},
        lane | {"shipment_id": "2"},
    )
    for temperature in (-150.0, -120.0, -149.0):
        put(warehouse, "logger_reading", {"shipment_id": "1", "temperature_c": temperature})
    assert ask(warehouse, 18) == [("a", "b", 2, 1, 1, 1, -120.0)]


def test_20_a_rule_is_counted_by_who_delivered(warehouse: duckdb.DuckDBPyConnection) -> None:
    put(
        warehouse,
        "delivery",
        {"delivery_id": "1", "party_id": "a", "unit_count": 300},
        {"delivery_id": "2", "party_id": "a", "unit_count": 100},
    )
    for key in ("1", "1", "2", None):
        put(warehouse, "finding", {"rule_id": "R30", "effect": "cell", "source_delivery": key})
    assert ask(warehouse, 20) == [("a", "R30", "cell", 3, 2, 7.5), ("several", "R30", "cell", 1, 0, None)]
