"""A build as dbt would leave it, without dbt: every declared table, typed, with a few rows; and the plan of a night over it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from unittest import mock

import duckdb
import pyarrow as pa
import yaml

from cgt_etl.contracts.registry import Registry
from cgt_etl.landing.delivery import Delivery
from cgt_etl.quality.verdict import Result, Verdict
from cgt_etl.release import marts
from cgt_etl.release import plan as planning
from cgt_etl.release.plan import Plan, plan
from cgt_etl.release.publish import publish
from cgt_etl.release.read import Release
from cgt_etl.settings import Settings

Rows = Mapping[str, Sequence[Mapping[str, object]]]

OPEN = Verdict((Result("keys", "x", "G01", "fine", "block", "tables", "n", True, 1, 0, None, False),))
FIRST: Rows = {
    "batch": [{"batch_id": f"b{i}", "component_id": f"c{i}"} for i in range(5)],
    "dose_unit": [{"dose_unit_id": f"d{i}", "batch_id": f"b{i}", "component_id": f"c{i}"} for i in range(5)],
    "row_source": [
        {"row_source_id": "r0", "table_name": "dose_unit", "row_key": "d0", "parent_table": "batch", "parent_key": "b0"},
        {
            "row_source_id": "r1",
            "table_name": "batch",
            "row_key": "b0",
            "source_delivery": "north/lots/" + "a" * 16,
            "source_row_first": 3,
            "source_row_last": 3,
        },
    ],
}
SECOND: Rows = {
    **FIRST,
    "batch": [{"batch_id": f"b{i}", "component_id": f"c{i}", "disposition_code": "released" if i == 1 else None} for i in range(6) if i],
    "dose_unit": [{"dose_unit_id": f"d{i}", "batch_id": f"b{i}", "component_id": f"c{i}"} for i in range(1, 6)],
    "row_source": [],
}


def settings(home: Path) -> Settings:
    """A home without any dialect or partner."""
    return Settings(home, dialect_paths=(), partner_paths=(), master_key_file=None)


def registry(home: Path) -> Registry:
    return Registry.load(settings(home))


def delivered(name: str, home: Path, *, door16: str = "d" * 16) -> Delivery:
    """A delivery of the feed `lots` whose bytes are its name."""
    sha256 = hashlib.sha256(name.encode()).hexdigest()
    return Delivery(
        id=f"north/lots/{sha256[:16]}",
        partner="north",
        feed="lots",
        dialect="mes",
        raw16=sha256[:16],
        door16=door16,
        sha256=sha256,
        sequence=name,
        status="landed",
        folder=home / "landing" / "north" / "lots" / sha256[:16] / door16,
        source_name=f"lots_{name}.csv",
    )


def build(home: Path, rows: Rows, *, without: str | None = None) -> tuple[Path, Path]:
    """`builds/work.duckdb` with every declared table (but `without`), rows in the order given, and `builds/work.identity`."""
    work, identity = home / "builds" / "work.duckdb", home / "builds" / "work.identity"
    work.unlink(missing_ok=True)
    identity.mkdir(parents=True, exist_ok=True)
    (identity / "record.parquet").write_bytes(b"not read here")
    with duckdb.connect(work) as connection:
        connection.execute("create schema marts")
        connection.execute("create schema identity")
        connection.execute("create schema control")
        connection.execute("create table identity.record(source_delivery varchar, source_row bigint)")
        connection.execute("create table control.delivery(source_delivery varchar, partner varchar, feed varchar, dialect varchar)")
        connection.execute("insert into control.delivery values ('north/lots/1', 'north', 'lots', 'mes')")
        connection.execute("create table control.promise as select 'north' as partner, 'lots' as feed, 1 as every_days, 2 as delay_days")
        connection.execute("insert into identity.record select 'north/lots/1', i from range(95) as r(i)")
        for table, columns in declared():
            if table == without:
                continue
            connection.execute(f"create table marts.{table} ({columns})")
            if rows.get(table):
                names = list(dict.fromkeys(name for row in rows[table] for name in row))
                given = pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows[table]])
                connection.register("given", given)
                connection.execute(f"insert into marts.{table} by name select * from given")
    return work, identity


@cache
def declared() -> tuple[tuple[str, str], ...]:
    """(table, its columns with their types) as `models/marts` declares them."""
    models = [m for path in sorted(marts.FOLDER.glob("*.yml")) for m in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]]
    types = {"string": "varchar"}
    return tuple((m["name"], ", ".join(f'"{c["name"]}" {types.get(c["data_type"], c["data_type"])}' for c in m["columns"])) for m in models)


def planned(home: Path, *names: str) -> Plan:
    """The plan of a night with these deliveries. The code counts as empty, so that somebody may edit it while the tests run."""
    with mock.patch.object(planning, "_code", return_value=[]):
        return plan(settings(home), registry(home), [delivered(name, home) for name in names])


def released(home: Path, night: int, rows: Rows, *names: str, verdict: Verdict = OPEN) -> Release:
    """Build and publish."""
    made = planned(home, *names)
    work, identity = build(home, rows)
    return publish(settings(home), registry(home), made, work, identity, verdict, night)


def contents(release: Release) -> dict[str, bytes]:
    """Every file of a release but the warehouse, whose bytes DuckDB decides."""
    return {
        path.relative_to(release.folder).as_posix(): path.read_bytes()
        for path in sorted(release.folder.rglob("*"))
        if path.is_file() and path.name != "warehouse.duckdb"
    }


def closed() -> Verdict:
    return Verdict((replace(OPEN.results[0], success=False),))
