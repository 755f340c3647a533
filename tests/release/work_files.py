"""Work files of a test network of one partner, before dbt: what tests of the workspace prepare, and what they ask of it. Holds no test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from cgt_etl.contracts.load import ColumnSpec, ObjectSpec
from cgt_etl.contracts.model import Column, ObjectExtension, Partner
from cgt_etl.contracts.registry import Registry
from cgt_etl.identity.build import build
from cgt_etl.landing.delivery import Delivery
from cgt_etl.release.plan import Plan, build_file
from cgt_etl.release.read import Release
from cgt_etl.release.workspace import prepare
from cgt_etl.settings import Settings
from tests.identity.landed import Keys, Sent, land, registry

NORTH = Partner.model_validate(
    {
        "partner": "north",
        "name": "North",
        "legal_entity": "North Inc.",
        "roles": ["blood_centre", "laboratory"],
        "sites": [{"site": "main", "name": "Main", "zone": "America/New_York", "country": "US", "fin": "A9999"}],
        "token_key": "north-1",
        "owner": "someone",
    }
)


def declared_with(*columns: ColumnSpec, extension: ObjectExtension | None = None) -> Registry:
    """The test registry with these contract columns in `main` of every feed, and one partner."""
    plain = registry()
    main = ObjectSpec("main", "", extension or ObjectExtension(), columns)
    feeds = tuple(replace(feed, objects=(main, feed.objects[1])) for feed in plain.feeds)
    return replace(plain, dialects={"test": replace(plain.dialects["test"], feeds=feeds)}, partners={"north": NORTH})


def column_of(name: str, **said: Any) -> ColumnSpec:
    return ColumnSpec(name, name, "", False, None, Column.model_validate({"privacy": "none", "action": "keep", **said}), ())


def plan_of(
    deliveries: Iterable[Delivery], base: str | None = None, changed: Iterable[str] | None = None, removed: Iterable[str] = ()
) -> Plan:
    listed = tuple(sorted(deliveries, key=lambda one: one.id))
    release = Release(base, Path("nowhere"), {}) if base else None
    named = sorted(changed) if changed is not None else [one.id for one in listed]
    return Plan(listed, {}, "0" * 64, release, release, named, sorted(removed), False)


def identified(settings: Settings, deliveries: Iterable[Delivery], name: str) -> Path:
    folder = settings.home / name
    build(settings, declared_with(), deliveries, Keys(), folder)  # type: ignore[arg-type]
    return folder


def grown_to(home: Path, before: list[Sent], after: list[Sent]) -> tuple[Path, dict[str, Any]]:
    """Full build of `before`, kept as a release, then the workspace of an increment to `after`."""
    settings = Settings(home=home)
    landed = {one.id: land(settings.landing, one) for one in {one.id: one for one in [*before, *after]}.values()}
    old, new = ([landed[id_] for id_ in {one.id: 0 for one in sent}] for sent in (before, after))
    old_identity = identified(settings, old, "old.identity")
    work = prepare(settings, declared_with(), plan_of(old), old_identity, None)
    with duckdb.connect(str(work)) as con:
        con.execute("create table kept as select * from identity.record where is_current")
    work.rename(build_file(settings, "0001-" + "0" * 16))
    known, listed = {one.id for one in old}, {one.id for one in new}
    plan = plan_of(new, "0001-" + "0" * 16, listed - known, known - listed)
    new_identity = identified(settings, new, "new.identity")
    work = prepare(settings, declared_with(), plan, new_identity, old_identity)
    tables = {name: pq.read_table(new_identity / f"{name}.parquet").to_pylist() for name in ("record", "identifier", "subject", "conflict")}
    tables |= {
        f"old {name}": pq.read_table(old_identity / f"{name}.parquet").to_pylist()
        for name in ("record", "identifier", "subject", "conflict")
    }
    return work, tables


def asked(work: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(work), read_only=True) as con:
        return con.execute(query).fetchall()


def touched_in(work: Path) -> set[str]:
    return {one for (one,) in asked(work, "from control.touched_component")}
