"""Tables straight from journeys: in the released shape, with keys that hold, carrying what was planted."""

from __future__ import annotations

import math
from collections import defaultdict
from pathlib import Path
from statistics import linear_regression
from typing import Any

import pyarrow as pa
import pytest
import yaml

from cgt_etl.simulator.table_shapes import SCHEMAS
from cgt_etl.simulator.tables import tables
from cgt_etl.simulator.world.effects import MONOCYTES

MARTS = Path(__file__).parents[2] / "dbt_project/models/marts"
WORDS = {
    pa.string(): "string", pa.int64(): "bigint", pa.float64(): "double", pa.bool_(): "boolean", pa.date32(): "date",
    pa.timestamp("us"): "timestamp",
}  # fmt: skip


@pytest.fixture(scope="module")
def contracts() -> dict[str, dict[str, Any]]:
    files = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(MARTS.glob("*.yml")))
    return {model["name"]: model for file in files for model in file.get("models") or ()}


@pytest.fixture(scope="module")
def world() -> dict[str, pa.Table]:
    return tables(60, 7)


@pytest.mark.parametrize("name", SCHEMAS)
def test_columns_are_the_released_tables(name: str, contracts: dict[str, dict[str, Any]]) -> None:
    promised = [(column["name"], column["data_type"]) for column in contracts[name]["columns"] if column["name"] != "component_id"]
    assert [(field.name, WORDS[field.type]) for field in SCHEMAS[name]] == promised


def test_every_table_has_its_shape_and_its_grain(world: dict[str, pa.Table], contracts: dict[str, dict[str, Any]]) -> None:
    assert set(world) == set(SCHEMAS)
    for name, table in world.items():
        assert table.schema == SCHEMAS[name]
        assert table.num_rows
        key = contracts[name]["config"]["meta"]["primary_key"]
        rows = [tuple(row[column] for column in key) for row in table.to_pylist()]
        assert len(set(rows)) == len(rows), name


def test_keys_lead_somewhere(world: dict[str, pa.Table]) -> None:
    keys = {
        name: set(world[name].column(column).to_pylist())
        for name, column in {
            "subject": "subject_id", "journey": "journey_id", "therapy_order": "therapy_order_id", "collection": "collection_id",
            "product": "product_id", "batch": "batch_id", "dose_unit": "dose_unit_id", "administration": "administration_id",
            "shipment": "shipment_id",
        }.items()
    }  # fmt: skip
    by_column = {f"{name}_id": values for name, values in keys.items()}
    for prefix in ("donor_", "recipient_"):
        by_column[f"{prefix}subject_id"] = keys["subject"]
    by_column["parent_batch_id"] = keys["batch"]
    for table in world.values():
        for column in table.column_names:
            if column in by_column:
                assert set(table.column(column).drop_null().to_pylist()) <= by_column[column], column
    for edge in world["product_edge"].to_pylist():
        assert edge["parent_key"] in keys[edge["parent_table"]]
        assert edge["child_key"] in keys[edge["child_table"]]


def test_the_same_seed_gives_the_same_tables(world: dict[str, pa.Table]) -> None:
    assert tables(60, 7) == world
    assert tables(60, 8) != world


def test_instants_are_utc_and_local_times_local(world: dict[str, pa.Table]) -> None:
    apart = {
        round((instant - local).total_seconds() / 3600)
        for instant, local in zip(
            world["administration"].column("started_at_utc").to_pylist(),
            world["administration"].column("started_local").cast(pa.timestamp("us")).to_pylist(),
            strict=True,
        )
    }
    assert apart <= set(range(-3, 9))
    assert len(apart) > 1
    for row in world["administration"].to_pylist():
        hour = float(row["started_local"][11:13]) + float(row["started_local"][14:16]) / 60
        assert row["started_local_hour"] == pytest.approx(hour)


def test_monocytes_slow_expansion_in_the_tables_too() -> None:
    """Over many small worlds, read by joins alone: collection to order to first batch."""
    points = []
    for seed in range(1, 13):
        world = tables(60, seed)
        measured: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for row in world["measurement"].to_pylist():
            if row["measurement"] in ("product_cd14_pct", "fold_expansion") and row["therapy_order_id"]:
                measured[row["therapy_order_id"]][row["measurement"]].append(row["value"])
        ended = {row["therapy_order_id"] for row in world["batch"].to_pylist() if row["disposition_code"] == "terminated"}
        for order, values in measured.items():
            if order not in ended and all(len(values[name]) == 1 for name in ("product_cd14_pct", "fold_expansion")):
                points.append((values["product_cd14_pct"][0], math.log(values["fold_expansion"][0])))
    assert len(points) > 200
    assert linear_regression(*zip(*points, strict=True)).slope == pytest.approx(MONOCYTES.size, abs=0.02)
