"""Orders of a sponsor's portal: each is delivered as it came further, and ends as the truth's journey did."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from cgt_etl.simulator import simulate

Rows = list[dict[str, str]]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty journeys without defects, in forty nights."""
    out = tmp_path_factory.mktemp("portal") / "run"
    simulate(out, journeys=60, nights=40, seed=11, defects="none")
    return out


@pytest.fixture(scope="module")
def states(run: Path) -> dict[str, Rows]:
    """Order -> its rows in order of delivery."""
    found: dict[str, Rows] = {}
    for path in sorted(run.glob("inbox/*/*/order/orders_*.csv"), key=lambda path: path.name):
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines()):
            found.setdefault(row["ORDER_NO"], []).append(row)
    return found


def test_every_order_ends_as_its_journey_does(run: Path, states: dict[str, Rows]) -> None:
    journeys = [json.loads(line) for line in (run / "truth" / "journeys.jsonl").read_text(encoding="utf-8").splitlines()]
    ordered = {one["order_id"]: one for one in journeys if one["order_id"]}
    assert states.keys() <= ordered.keys()
    assert len(states) > 0.9 * len(ordered), "the last are placed after the last night"
    last = {order: rows[-1] for order, rows in states.items()}
    for order, row in last.items():
        assert (row["STATUS"] == "CANCELLED") == bool(row["CANCELLED_ON"])
        if row["STATUS"] == "CANCELLED":
            assert row["CANCELLED_ON"] == ordered[order]["dropped_out_on"]
        if row["STATUS"] == "FULFILLED":
            assert not ordered[order]["dropped_out"]
    ends = {row["STATUS"] for row in last.values()}
    assert ends >= {"CANCELLED", "FULFILLED"}


def test_an_order_never_goes_back(states: dict[str, Rows]) -> None:
    ranks = {"RECEIVED": 0, "CONFIRMED": 1, "FULFILLED": 2, "CANCELLED": 2}
    for rows in states.values():
        seen = [ranks[row["STATUS"]] for row in rows]
        assert seen == sorted(set(seen)), rows[0]["ORDER_NO"]
    assert any(len(rows) > 1 for rows in states.values())
