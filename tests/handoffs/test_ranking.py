"""What could be recovered: of one product alone, in products, and which place comes first."""

from __future__ import annotations

import itertools
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from cgt_etl.cli import cgt_etl
from cgt_etl.handoffs import cases, lost, ranking
from cgt_etl.handoffs.peers import compare, compare_products
from cgt_etl.simulator.handoff_world import bottlenecks, losses
from tests.genealogy.released import release


def test_who_is_slow_for_one_product_is_found_there_and_nowhere_else() -> None:
    world = bottlenecks(5011, delay=1.2, of_one_product=True)
    whole = compare(world.cases)
    found = compare_products(world.cases, whole).filter(pl.col("verdict") == "bottleneck")
    places = set(found.select("transition", "site", "product").iter_rows())
    assert len(places & world.injected) >= 4
    assert places <= world.injected
    assert len(whole.filter(pl.col("verdict") == "bottleneck")) < len(places)


def test_a_place_found_as_a_whole_is_not_found_again_by_product() -> None:
    world = bottlenecks(5012, delay=1.5)
    whole = compare(world.cases)
    judged = compare_products(world.cases, whole)
    again = judged.join(whole.filter(pl.col("verdict") == "bottleneck"), on=["transition", "site"], how="semi")
    assert set(again["verdict"]) <= {"as a whole", "too small", "within", "no peers"}
    assert "as a whole" in set(again["verdict"])


def _doses(lost_of: dict[tuple[str, str], tuple[int, int]]) -> pl.DataFrame:
    rows = [
        {"transition": "H14", "site": site, "product": product, "is_lost": number < k}
        for (site, product), (k, n) in lost_of.items()
        for number in range(n)
    ]
    return pl.DataFrame(rows)


def test_what_a_site_loses_beyond_its_peers_is_counted_product_by_product() -> None:
    """Peers lose 10 % of one product and half of the other: who makes more of the other loses more, and no more than it must."""
    some = {(f"s{number}", product): of for number in range(5) for product, of in (("easy", (4, 40)), ("hard", (10, 20)))}
    found = lost.compare(_doses(some | {("hard-only", "hard"): (30, 60), ("bad", "easy"): (24, 60)}))
    by = {row["site"]: row for row in found.to_dicts()}
    assert by["hard-only"]["recoverable_products"] == pytest.approx(0)
    assert by["hard-only"]["recoverable_products_low"] < 0 < by["hard-only"]["recoverable_products_high"]
    assert by["bad"]["recoverable_products"] == pytest.approx(24 - 60 * 20 / 200)
    assert by["bad"]["recoverable_products_low"] > 5
    assert by["s0"]["lost"] == 14


def test_too_few_doses_or_peers_have_no_figure() -> None:
    some = {(f"s{number}", "easy"): (4, 40) for number in range(5)}
    found = lost.compare(_doses(some | {("small", "easy"): (9, 19), ("alone", "its own"): (5, 40)}))
    none = set(found.filter(pl.col("recoverable_products").is_null())["site"])
    assert none == {"small", "alone"}
    assert lost.compare(_doses(dict(itertools.islice(some.items(), 4))))["recoverable_products"].null_count() == 4


def test_the_order_of_doses_changes_nothing() -> None:
    world = losses(5013)
    shuffled = lost.compare(world.cases.sample(fraction=1.0, shuffle=True, seed=2))
    assert shuffled.equals(lost.compare(world.cases))


def test_a_dose_comes_before_hours() -> None:
    world = bottlenecks(5014, delay=1.0, injected=3)
    sites = [f"site_{number:02d}" for number in range(1, 13)]
    slow = set(compare(world.cases).filter(pl.col("verdict") == "bottleneck").select("transition", "site").iter_rows())
    lossy = next((transition, site) for transition in ("H04", "H05") for site in sites if (transition, site) not in slow)
    doses = pl.DataFrame(
        [
            {"transition": lossy[0], "site": site, "product": "product_a", "is_lost": number < (36 if site == lossy[1] else 6)}
            for site in sites
            for number in range(60)
        ]
    )
    found = ranking.rank(world.cases, doses)
    assert found.columns == list(ranking.COLUMNS)
    first, *rest = found.to_dicts()
    assert (first["transition"], first["site"], first["verdict"]) == (*lossy, "loses more products")
    assert first["recoverable_products_low"] > 0
    hours = [row["recoverable_hours"] for row in rest]
    assert hours == sorted(hours, reverse=True)
    assert {row["verdict"] for row in rest} <= {"slow", "slow for one product"}


def test_what_became_of_a_span_is_that_of_its_batch_or_its_loss(tmp_path: Path) -> None:
    at = datetime(2026, 3, 1)  # noqa: DTZ001
    rows: dict[str, list[dict[str, Any]]] = {
        "transition": [
            {"transition_id": name, "transition_code": "H08_on_the_way", "party_id": "c", "product_name_code": "p", "status_code": "ended",
             "entered_at_utc": at, "handoff_id": f"h-{name}", "journey_id": journey, "batch_id": batch}
            for name, journey, batch in (
                ("a", "j1", "b1"), ("b", "j2", None), ("c", "j3", None), ("d", "j4", None), ("e", "j5", "b5"),
            )
        ],
        "handoff": [
            {"handoff_id": f"h-{name}", "status_code": "lost" if name == "c" else "received"} for name in "abcde"
        ],
        "journey": [{"journey_id": f"j{number}", "therapy_order_id": f"o{number}"} for number in range(1, 6)],
        "batch": [
            {"batch_id": "b1", "therapy_order_id": "o9", "disposition_code": "released"},
            {"batch_id": "b2", "therapy_order_id": "o2", "disposition_code": "terminated"},
            {"batch_id": "b2x", "therapy_order_id": "o2", "disposition_code": "released"},
            {"batch_id": "b5", "therapy_order_id": "o5", "disposition_code": None},
        ],
    }  # fmt: skip
    found = cases.doses(release(tmp_path, rows))
    assert found["is_lost"].to_list() == [False, True, True]  # a, b and c; nobody tells what became of d and e


def test_the_command_says_each_place_with_what_could_be_recovered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = bottlenecks(5015, delay=1.0, injected=2)
    doses = _doses({("site_01", "a"): (30, 60)} | {(f"site_{number:02d}", "a"): (6, 60) for number in range(2, 8)})
    monkeypatch.setenv("CGT_HOME", str(tmp_path))
    monkeypatch.setattr("cgt_etl.release.read.find", lambda settings, said: None)
    monkeypatch.setattr("cgt_etl.handoffs.ranking.ranked", lambda release: ranking.rank(world.cases, doses))
    said = CliRunner().invoke(cgt_etl, ["handoffs", "bottlenecks"]).output
    assert "H14@site_01: loses more products\n  24.0 products (" in said
    for transition, site in world.injected:
        assert re.search(rf"{transition}@{site}: slow( and loses more products)?\n  \d+ hours \(\d+ to \d+\) of \d+ cases\n", said)
    told = json.loads(CliRunner().invoke(cgt_etl, ["handoffs", "bottlenecks", "--json"]).output)
    assert told[0]["lost"] == 30 and told[0]["recoverable_products"] == pytest.approx(24)
