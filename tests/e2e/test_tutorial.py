"""The twenty questions of the tutorial have answers on a release, and they are right where the answer can be had by other means."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from typing import Any

import duckdb
import pytest

import cgt_etl
from cgt_etl.release.opened import OpenRelease
from tests.e2e.conftest import Home
from tests.release.test_tutorial import QUERIES, TUTORIAL

pytestmark = pytest.mark.slow

MAY_BE_EMPTY = {11, 14}
"""None of the sample's few people may wear a device with consent, or still wait."""

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def warehouse(network: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(network.release / "warehouse.duckdb"), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def answers(warehouse: duckdb.DuckDBPyConnection) -> dict[int, Rows]:
    found: dict[int, Rows] = {}
    for number, query in QUERIES.items():
        answer = warehouse.sql(query)
        assert len(set(answer.columns)) == len(answer.columns), number
        found[number] = [dict(zip(answer.columns, row, strict=True)) for row in answer.fetchall()]
    return found


@pytest.fixture(scope="module")
def release(network: Home) -> OpenRelease:
    return cgt_etl.open_release(network.path)


def rows(release: OpenRelease, table: str) -> Rows:
    return release.polars(table).to_dicts()


def total(answer: Rows, column: str) -> int:
    return sum(int(row[column]) for row in answer)


def test_every_question_has_an_answer(answers: dict[int, Rows]) -> None:
    assert {number for number, answer in answers.items() if not answer} <= MAY_BE_EMPTY


def test_the_first_program_runs(network: Home) -> None:
    program = TUTORIAL.split("```python\n")[1].split("```")[0]
    told = network.python(program.replace(".cgt/demo/home", str(network.path)))
    assert "infused" in told
    assert "Vein-to-vein time from the last collection" in told


def test_vein_to_vein_counts_those_who_were_not_infused(answers: dict[int, Rows], release: OpenRelease) -> None:
    """Aalen-Johansen once more, in fractions: what each infusion moves is the share still free times one over those at risk."""
    events = {row["event_id"]: row for row in rows(release, "event")}
    last = max(row["occurred_date"] for row in events.values() if row["occurred_date"])
    dropped: dict[str, date] = {}
    for part in rows(release, "journey_event"):
        event = events[part["event_id"]]
        if event["event_type"] in ("batch_terminated", "death_recorded"):
            dropped[part["journey_id"]] = max(event["occurred_date"], dropped.get(part["journey_id"], date.min))
    waited = []
    for one in rows(release, "journey"):
        if one["first_collection_date"]:
            infused, gone = one["first_infusion_date"], dropped.get(one["journey_id"])
            waited.append(
                (((infused or gone or last) - one["first_collection_date"]).days, "infused" if infused else "gone" if gone else "")
            )
    still, share = Fraction(1), Fraction(0)
    expected = {}
    for day in sorted({day for day, _ in waited}):
        at_risk = sum(1 for other, _ in waited if other >= day)
        ends = Counter(end for other, end in waited if other == day)
        share += still * Fraction(ends["infused"], at_risk)
        still *= 1 - Fraction(ends["infused"] + ends["gone"], at_risk)
        expected[day] = (at_risk, round(float(share), 3))
    everybody = [row for row in answers[1] if row["product"] == "all"]
    assert {row["day"]: (row["at_risk"], row["infused_by_then"]) for row in everybody} == expected


def test_what_is_grouped_is_all_there(answers: dict[int, Rows], release: OpenRelease) -> None:
    journeys, collections = rows(release, "journey"), rows(release, "collection")
    batches, measurements = rows(release, "batch"), rows(release, "measurement")
    infusions, shipments = rows(release, "administration"), rows(release, "shipment")
    judged = [row for row in measurements if row["verdict_code"] and not row["superseded_by_measurement_id"]]
    ordered = {row["therapy_order_id"] for row in journeys} - {None}
    of_journeys = {row["batch_id"] for row in batches if row["therapy_order_id"] in ordered}
    assert total(answers[2], "batches") == len({row["batch_id"] for row in judged} & of_journeys)
    counted = [row for row in collections if row["pre_cd3_per_ul"] is not None and row["cd3_yield_10_9"] is not None]
    assert total(answers[3], "collections") == len(counted)
    assert total(answers[4], "infusions") == sum(1 for row in infusions if row["cells_given_10_6"] is not None)
    assert total(answers[6], "shipments") == sum(1 for row in shipments if row["sent_at_utc"] and row["received_at_utc"])
    assert total(answers[8], "journeys") == sum(1 for row in journeys if row["collection_count"])
    assert total(answers[12], "batches") == len(batches)
    assert total(answers[12], "given") > 0
    assert total(answers[13], "judged") == len(judged)
    assert total(answers[14], "journeys") == sum(1 for row in journeys if row["collection_count"] and not row["infusion_count"])
    assert total(answers[18], "shipments") == len(shipments)
    assert total(answers[19], "journeys") == len(journeys)
    assert total(answers[20], "findings") == len(rows(release, "finding"))


def test_infusions_are_followed_up_to_their_donors(answers: dict[int, Rows], release: OpenRelease) -> None:
    """The graph walked in Python, by keys alone."""
    parents = defaultdict(set)
    for edge in rows(release, "product_edge"):
        parents[edge["child_table"], edge["child_key"]].add((edge["parent_table"], edge["parent_key"]))
    expected = {}
    for infusion in rows(release, "administration"):
        seen: set[tuple[str, str]] = set()
        left = [("administration", infusion["administration_id"])]
        while left:
            left += [one for one in parents[left.pop()] if one not in seen and not seen.add(one)]  # type: ignore[func-returns-value]
        collections = [key for table, key in seen if table == "collection"]
        if collections:
            expected[infusion["administration_id"]] = len(collections)
    assert {row["administration_id"]: row["collections"] for row in answers[10]} == expected
    assert any(row["is_autologous"] for row in answers[10])


def test_shares_and_curves_are_what_they_are_called(answers: dict[int, Rows]) -> None:
    shares: Counter[str] = Counter()
    for row in answers[15]:
        shares[row["product"]] += row["share_of_infused"]
    assert all(share == pytest.approx(1, abs=0.005) for share in shares.values())
    alive = [row["alive"] for row in answers[16]]
    assert alive == sorted(alive, reverse=True)
    assert all(0 <= share <= 1 for share in alive)
    assert all(0 <= row["median_day_of_peak"] <= 28 for row in answers[17])


def test_answers_are_what_the_field_would_expect(answers: dict[int, Rows]) -> None:
    by_count = [row["median_yield_10_9"] for row in answers[3]]
    assert by_count == sorted(by_count), "the more in the blood, the more in the bag"
    [platelets] = [row for row in answers[9] if row["measurement"] == "pb_plt"]
    assert -60 < platelets["median_change_percent"] < -5, "apheresis takes platelets along"
    assert all(50 < row["median_percent"] <= 100 for row in answers[5])
    days = {(row["step"], row["next_step"]): row["median_days"] for row in answers[7]}
    assert 4 < days["selection_completed", "harvest_completed"] < 21, "a culture takes its days"
    assert 0 < days["shipment_dispatched", "shipment_received"] < 4
    for row in answers[8]:
        assert (row["collections"] > 1) or row["mean_days_between_first_and_last"] == 0
    assert all(row["warmest_c"] is None or row["warmest_c"] < 40 for row in answers[18])
