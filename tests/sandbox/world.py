"""A home with two tenants written by hand: what they delivered, the facts of it, a release over both, a quarter of collective tables.

Each tenant's deliveries carry canaries: a number, a text and a token that nobody else's have. What the other tenant delivered can be
changed while this one's stays.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
from datetime import date
from pathlib import Path
from unittest import mock

import duckdb
import polars as pl

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.tokens import Keys, token
from cgt_etl.egress.collective.engine import Quarter
from cgt_etl.egress.collective.home import listed
from cgt_etl.egress.collective.ledger import Ledger
from cgt_etl.egress.collective.publish import publish as publish_cut
from cgt_etl.landing.delivery import CURRENT, Delivery, Manifest, ObjectFile
from cgt_etl.release import plan as planning
from cgt_etl.release.publish import publish
from cgt_etl.sandbox import store
from cgt_etl.settings import Settings
from cgt_etl.simulator.collective_world import Size, world
from tests.release import sample

TENANTS = ("northgate_blood_centre", "riverside_blood_centre")
MASTER = bytes(range(32))
DOOR = "d" * 16
PERSON = "one donor who gave at both"
"""An identifier that both tenants deliver."""


def canaries(tenant: str) -> dict[str, object]:
    """The values of a tenant that are nowhere else, and how each reads."""
    number = TENANTS.index(tenant) + 1
    return {"number": 7301.0 + number / 8, "text": f"CANARY{number}QXZJ", "day": date(1951 + number, 2, 17)}


def settings(path: Path) -> Settings:
    """The settings of the home `path`, whose key lies beside it."""
    key = path.with_name("master.key")
    if not key.exists():
        key.write_text(base64.b64encode(MASTER).decode())
    return Settings(path, master_key_file=key)


def home(path: Path, *, rows: int = 3, of_the_other: int = 3) -> Settings:
    """A home with one release. `rows`: of the first tenant's delivery; `of_the_other`: of the second's."""
    made = settings(path)
    night(made, 1, rows, of_the_other)
    return made


def night(made: Settings, number: int, rows: int, of_the_other: int) -> None:
    """Another release of the home, of what both delivered anew."""
    path, registry = made.home, Registry.load(made)
    shutil.rmtree(made.landing, ignore_errors=True)
    deliveries = [_deliver(made, registry, TENANTS[0], rows), _deliver(made, registry, TENANTS[1], of_the_other)]
    with mock.patch.object(planning, "_code", return_value=[]):
        planned = planning.plan(sample.settings(path), sample.registry(path), deliveries)
    work, identity = sample.build(path, {})
    _facts(work, made, registry, deliveries)
    publish(sample.settings(path), sample.registry(path), planned, work, identity, sample.OPEN, number)


def cut(made: Settings) -> pl.DataFrame:
    """A quarter of the published list, over a world of ten contributors, whose rows it gives."""
    plan, keys = listed(), Keys(MASTER)
    of = {
        population: {name: plan.dimension(name).categories for table in plan.of(population) for name in table.dimensions}
        for population in plan.populations
    }
    rows = world(1, of, Size(quarters=1)).filter(pl.col("joins") == 0)
    publish_cut(Ledger(made.collective, keys.collective("ledger")), plan, rows, Quarter(2026, 1), keys.collective("offsets"))
    return rows


def accepted(tenant: str, registry: Registry, delivery: str, rows: int) -> pl.DataFrame:
    """Rows of the feed `apheresis` as the door leaves them, with the columns that matter here."""
    key, of = Keys(MASTER).partner(registry.partners[tenant].token_key), canaries(tenant)
    return pl.DataFrame(
        {
            "source_delivery": [delivery] * rows,
            "source_row": list(range(2, rows + 2)),
            "source_item": [0] * rows,
            "record_key": [token(key, "record", tenant, str(row)) for row in range(rows)],
            "donor_no": [token(key, "donor_no", "", PERSON if row == 0 else f"{tenant} {row}") for row in range(rows)],
            "donor_no__status": ["ok"] * rows,
            "inlet_vol_ml": [float(str(of["number"]))] * rows,
            "device": [str(of["text"])] * rows,
            "proc_date_date": [of["day"]] * rows,
        }
    )


def tables(path: Path, key: bytes) -> dict[str, pl.DataFrame]:
    """Every table of a store but those that name its release."""
    with store.reading(path, key) as connection:
        named = connection.execute("select schema_name, table_name from duckdb_tables() where database_name = 'sandbox'").fetchall()
        return {f"{schema}.{name}": connection.execute(f'from "{schema}"."{name}"').pl() for schema, name in sorted(named)}


def texts(path: Path, key: bytes) -> str:
    """Every value of every table of a store, what is said of tables and columns, and the bytes of its file."""
    with store.reading(path, key) as connection:
        comments = connection.execute("select comment from duckdb_tables() union all select comment from duckdb_columns()").fetchall()
    return repr([frame.rows() for frame in tables(path, key).values()]) + repr(comments) + path.read_bytes().decode("latin-1")


def _deliver(made: Settings, registry: Registry, tenant: str, rows: int) -> Delivery:
    sha256 = hashlib.sha256(f"{tenant} {rows}".encode()).hexdigest()
    folder = made.landing / tenant / "apheresis" / sha256[:16] / DOOR
    (folder / "accepted").mkdir(parents=True)
    accepted(tenant, registry, f"{tenant}/apheresis/{sha256[:16]}", rows).write_parquet(folder / "accepted" / "apheresis.parquet")
    verdicts = pl.DataFrame({"position": [2], "column": ["device"], "rule": ["D04"], "effect": ["flag"]})
    verdicts.write_parquet(folder / "verdicts.parquet")
    manifest = Manifest(
        partner=tenant,
        feed="apheresis",
        dialect="becs_us",
        source_name="apheresis_20260101.csv",
        sha256=sha256,
        size=rows,
        contract={"id": "becs_us.apheresis", "version": "1.1.0"},
        door16=DOOR,
        door={"suppression": ""},
        sequence="20260101",
        envelope_sequence=None,
        received_at="2026-01-02T03:00:00+00:00",
        admitted_at="2026-01-02T03:00:00+00:00",
        status="landed",
        counts={"units": {"in": rows + 1, "accepted": rows, "set_aside": 1, "erased": 0}},
        objects={"apheresis": ObjectFile("accepted/apheresis.parquet", rows, "")},
        verdict_file=ObjectFile("verdicts.parquet", 1, ""),
    )
    (folder / "manifest.json").write_text(manifest.text())
    (folder.parent / CURRENT).write_text(f"{DOOR}\n")
    return Delivery.at(folder)


def _facts(work: Path, made: Settings, registry: Registry, deliveries: list[Delivery]) -> None:
    frames = []
    for one in deliveries:
        rows = pl.read_parquet(one.folder / "accepted" / "apheresis.parquet")
        frames.append(
            rows.select(
                *("source_delivery", "source_row", "source_item", "record_key"),
                subject_token="donor_no",
                value="inlet_vol_ml",
                value_raw="device",
                occurred_date="proc_date_date",
            )
        )
    with duckdb.connect(work) as connection:
        connection.execute("create schema intermediate")
        connection.register("given", pl.concat(frames).to_arrow())
        connection.execute("create table intermediate.int_measurement__collected as select * from given")
        connection.execute("create table intermediate.int_measurement__resolved as select *, 'resolved' as subject_id from given")
