"""The build file that dbt grows: last release's build or an empty one, and beside it what this night is about.

Makes the schemas `landed` (views over the accepted Parquet of the changed deliveries), `control` (deliveries, partners, what
is to be rebuilt) and `identity` (the tables of `cgt_etl.identity`). Decides what is touched; builds no model and reads no vault.

Touched are the components, old and new, of every identity row that differs from the last release's and of every record of a
changed delivery. A delivery has a pseudo-component of its own, `delivery:<id>`, for what belongs to it and to no identifier.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from cgt_etl.contracts.accepted import accepted_tables
from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError
from cgt_etl.landing import durable
from cgt_etl.landing.delivery import Delivery, Manifest
from cgt_etl.release.plan import Plan, build_file
from cgt_etl.release.tables import literal, quoted
from cgt_etl.settings import Settings, fault_point

NAME = "work.duckdb"
SCHEMAS = ("landed", "control", "identity")
IDENTITY = ("record", "identifier", "subject", "conflict")

_COUNTED = {"unit_count": "in", "accepted_unit_count": "accepted", "set_aside_unit_count": "set_aside", "erased_unit_count": "erased"}
"""Column of `control.delivery` -> how the delivery's manifest calls it."""

Accepted = list[tuple[Delivery, Manifest]]


def work_file(settings: Settings) -> Path:
    """Where the build of a night grows; whatever is there before `prepare` counts for nothing."""
    return settings.builds / NAME


def prepare(settings: Settings, registry: Registry, plan: Plan, identity_dir: Path, previous_identity_dir: Path | None) -> Path:
    """Make the build file anew and return its path. Only the holder of the lease may call it.

    Args:
        identity_dir: the identity tables of this night's deliveries.
        previous_identity_dir: those of `plan.base`; None in a full build.

    Raises:
        CgtError: the build to grow or its identity tables are missing, or a delivery was landed under a contract with other types.
    """
    work = work_file(settings)
    _start(settings, plan, work)
    fault_point("workspace.copied")
    with duckdb.connect(str(work)) as con:
        for schema in SCHEMAS:
            con.execute(f"drop schema if exists {schema} cascade")
            con.execute(f"create schema {schema}")
        for name in IDENTITY:
            con.execute(f"create table identity.{name} as {_from([identity_dir / f'{name}.parquet'])}")
        _control(con, registry, plan)
        _touched(con, plan, previous_identity_dir)
        landed = [one for one in plan.deliveries if one.status == "landed"]
        changed = {id_ for (id_,) in con.execute("select source_delivery from control.changed_delivery").fetchall()}
        _landed(con, registry, [(one, one.manifest) for one in landed if one.id in changed])
        rebuilt = {id_ for (id_,) in con.execute("select component_id from control.touched_component").fetchall()}
        _verdicts(con, [(one, one.manifest) for one in landed if f"delivery:{one.id}" in rebuilt])
    fault_point("workspace.prepared")
    return work


def _start(settings: Settings, plan: Plan, work: Path) -> None:
    durable.make_folder(settings.builds)
    for leftover in (work, work.with_name(f"{NAME}.wal")):
        leftover.unlink(missing_ok=True)
    shutil.rmtree(work.with_name(f"{NAME}.tmp"), ignore_errors=True)
    if plan.base is None:
        return
    base = build_file(settings, plan.base.id)
    if not base.is_file():
        raise CgtError(f"the build of release {plan.base.id} is missing", remedy="Run the night again; it then builds everything anew")
    shutil.copyfile(base, work)


def _control(con: duckdb.DuckDBPyConnection, registry: Registry, plan: Plan) -> None:
    rebuilt = {*plan.changed, *plan.removed} if plan.base else {one.id for one in plan.deliveries}
    _table(con, "control.changed_delivery", ("source_delivery",), [(id_,) for id_ in sorted(rebuilt)])
    _table(
        con,
        "control.delivery",
        ("source_delivery", "partner", "feed", "dialect", "sequence", "sha256", "source_name", "status", "rule_id", *_COUNTED),
        [_delivery_row(one) for one in plan.deliveries],
        counts=_COUNTED,
    )
    _table(
        con,
        "control.promise",
        ("partner", "feed", "every_days", "delay_days"),
        [(one.partner.partner, one.feed.name, one.promise.every_days, one.promise.delay_days) for one in registry.bindings],
        counts=("every_days", "delay_days"),
    )
    partners = [registry.partners[name] for name in sorted(registry.partners)]
    _table(
        con,
        "control.partner",
        ("party_id", "party_name", "legal_entity", "roles", "owner"),
        [(one.partner, one.name, one.legal_entity, ", ".join(one.roles), one.owner) for one in partners],
    )
    _table(
        con,
        "control.site",
        ("site_id", "party_id", "site_name", "iana_zone", "country_code", "fin", "gln"),
        [
            (f"{one.partner}.{site.site}", one.partner, site.name, site.zone, site.country, site.fin, site.gln)
            for one in partners
            for site in sorted(one.sites, key=lambda site: site.site)
        ],
    )


def _delivery_row(one: Delivery) -> tuple[str | int | None, ...]:
    said = (one.id, one.partner, one.feed, one.dialect, one.sequence, one.sha256, one.source_name, one.status)
    manifest = one.manifest
    units = manifest.counts.get("units", {})
    return (*said, manifest.rule, *(units.get(name) for name in _COUNTED.values()))


def _touched(con: duckdb.DuckDBPyConnection, plan: Plan, previous: Path | None) -> None:
    """`control.touched_component`: all of them in a full build, else whatever differs from the base, on either side."""
    parts = ["select 'delivery:' || source_delivery as component_id from control.changed_delivery"]
    if plan.base is None:
        parts.append("select component_id from identity.record")
    elif previous is None:
        raise CgtError(
            f"the identity tables of release {plan.base.id} are missing", remedy="Run the night again; it then builds everything anew"
        )
    else:
        for name in IDENTITY:
            now, before = f"from identity.{name}", _from([previous / f"{name}.parquet"])
            for one, other in ((now, before), (before, now)):
                parts.append(f"select component_id from ({one} except {other})")  # noqa: S608  paths and names of our own
                if name == "record":
                    parts.append(f"select component_id from ({one}) semi join control.changed_delivery using (source_delivery)")  # noqa: S608
    everything = " union all ".join(parts)
    con.execute(f"create table control.touched_component as select distinct component_id from ({everything}) order by all")  # noqa: S608


def _landed(con: duckdb.DuckDBPyConnection, registry: Registry, changed: Accepted) -> None:
    """A view per accepted table, with exactly the contract's columns and types, also where nothing was delivered."""
    for feed in registry.feeds:
        said = [one for one in changed if (one[0].dialect, one[0].feed) == (feed.dialect, feed.name)]
        for spec in feed.objects:
            for table, schema in accepted_tables(spec).items():
                files = {one: one.folder / manifest.objects[table].file for one, manifest in said if table in manifest.objects}
                held = _columns_held(files, schema)
                columns = ", ".join(_column(field, is_held=field.name in held) for field in schema)
                source = _from(list(files.values())) if files else "select 1 where false"
                con.execute(f"create view landed.{quoted(f'{feed.dialect}__{feed.name}__{table}')} as select {columns} from ({source})")  # noqa: S608


def _columns_held(files: dict[Delivery, Path], schema: pa.Schema) -> set[str]:
    """Columns of the contract that at least one file has; the contract may have grown since a file was landed.

    Raises:
        CgtError: a file has a column of another type.
    """
    held: set[str] = set()
    for delivery, path in files.items():
        for field in pq.read_schema(path):
            if field.name not in schema.names:
                continue
            if field.type != schema.field(field.name).type:
                raise CgtError(
                    "was landed under a contract that gave this column another type",
                    remedy=f"Land it again under the present one: `cgt-etl reland {delivery.id}`",
                    partner=delivery.partner,
                    feed=delivery.feed,
                    file=delivery.source_name,
                    column=field.name,
                )
            held.add(field.name)
    return held


def _verdicts(con: duckdb.DuckDBPyConnection, rebuilt: Accepted) -> None:
    """`landed.verdict`: verdicts of every delivery whose pseudo-component is touched, so that what is deleted comes back."""
    files = [(str(one.folder / manifest.verdict_file.file), one) for one, manifest in rebuilt if manifest.verdict_file]
    _table(
        con,
        "control.verdict_file",
        ("filename", "source_delivery", "partner", "feed"),
        [(path, one.id, one.partner, one.feed) for path, one in files],
    )
    nothing = "select null::varchar as filename, null::varchar as object, null::bigint as source_row, null::bigint as source_item,"
    nothing += ' null::varchar as "column", null::varchar as rule, null::varchar as effect where false'
    source = _from([Path(path) for path, _ in files], "filename = true") if files else nothing
    con.execute(
        "create view landed.verdict as select f.source_delivery, f.partner, f.feed, v.object, v.source_row, v.source_item,"  # noqa: S608
        f' v."column" as column_name, v.rule as rule_id, v.effect from ({source}) v join control.verdict_file f using (filename)'
    )


def _from(paths: Iterable[Path], option: str = "union_by_name = true") -> str:
    """A query over exactly these Parquet files; a list, never a glob."""
    files = ", ".join(literal(path) for path in paths)
    return f"select * from read_parquet([{files}], {option})"  # noqa: S608


def _column(field: pa.Field, *, is_held: bool) -> str:
    return quoted(field.name) if is_held else f"null::{_TYPES[field.type]} as {quoted(field.name)}"


_TYPES = {
    pa.string(): "varchar",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us"): "timestamp",
}


def _table(
    con: duckdb.DuckDBPyConnection,
    name: str,
    columns: tuple[str, ...],
    rows: Sequence[tuple[str | int | None, ...]],
    counts: Collection[str] = (),
) -> None:
    """A table of texts, and of whole numbers in the columns `counts`."""
    schema = pa.schema([(column, pa.int64() if column in counts else pa.string()) for column in columns])
    arrived = pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows], schema=schema)
    con.register("arrived", arrived)
    con.execute(f"create table {name} as select * from arrived")  # noqa: S608
    con.unregister("arrived")
