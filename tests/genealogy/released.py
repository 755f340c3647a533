"""Small releases written by hand: every declared table, typed, with the rows that a test gives, and no dbt and no night."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from cgt_etl.genealogy.graph import Node, Step
from cgt_etl.release.read import Release
from tests.release import sample

Row = Mapping[str, object]


def release(folder: Path, rows: Mapping[str, Sequence[Row]]) -> Release:
    """A release in `folder`, which is made where it is absent; columns that a row does not name are null."""
    tables = {}
    with duckdb.connect() as connection:
        for table, columns in sample.declared():
            connection.execute(f"create table {table} ({columns})")
            if rows.get(table):
                names = list(dict.fromkeys(name for row in rows[table] for name in row))
                given = pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows[table]])
                connection.register("given", given)
                connection.execute(f"insert into {table} by name select * from given")
                connection.unregister("given")
            path = folder / "tables" / table / "part-0000.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            connection.execute(f"copy {table} to '{path}' (format parquet)")
            tables[table] = {"files": [f"tables/{table}/part-0000.parquet"]}
    return Release("0001-" + "0" * 16, folder, {"release_id": "0001-" + "0" * 16, "tables": tables})


def edges(steps: Iterable[Step]) -> list[Row]:
    """Rows of `product_edge`."""
    return [
        {
            "parent_table": step.parent.table,
            "parent_key": step.parent.key,
            "child_table": step.child.table,
            "child_key": step.child.key,
            "edge_type": step.edge_type,
            "volume_ml": step.volume_ml,
            "cell_count_10_6": step.cell_count_10_6,
            "analyte": step.analyte,
            "method": step.method,
        }
        for step in steps
    ]


def step(parent: str, child: str, edge_type: str = "x", **figures: float) -> Step:
    """`table key` to `table key`."""
    return Step(node(parent), node(child), edge_type, **figures)  # type: ignore[arg-type]


def node(said: str) -> Node:
    return Node(*said.split(" ", 1))
