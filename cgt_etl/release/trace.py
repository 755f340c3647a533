"""From a released row back to the records in the delivered files that it came from.

Walks `row_source` (and a timeline row's own source) to rows that name a delivery and a position, then reads the delivery's
manifest and verdicts. Shows no value, except the record's text to a person who asks and holds the key.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import duckdb

from cgt_etl.errors import CgtError
from cgt_etl.landing.delivery import delivery as delivery_by_id
from cgt_etl.release import read
from cgt_etl.release.read import Release
from cgt_etl.release.tables import SETTINGS, literal, quoted
from cgt_etl.settings import Settings

MOST_RECORDS = 200
"""A summary of thousands of records is not told record by record."""

ROW_SOURCE = "row_source"
"""Says of other tables' rows where they come from; its own rows are such origins."""
_ORIGIN = ("parent_table", "parent_key", "source_delivery", "source_row_first", "source_row_last")


@dataclass(frozen=True)
class Record:
    """Positions `first` to `last` of one delivery, in the contract's unit."""

    delivery: str
    first: int
    last: int


@dataclass
class Step:
    """One row on the way, what it was derived from, and the records it came from directly."""

    table: str
    key: str
    parents: list[Step] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    note: str = ""


def trace(settings: Settings, table: str, key: str, *, show: bool = False) -> list[str]:
    """The way back from a row of the current release, in lines, indented by distance.

    Args:
        key: primary key; parts of a key of several columns joined by `|`, as in `row_source`.
        show: also the text of each record, from the vault.

    Raises:
        CgtError: there is no release, no such table or no such row.
        VaultError: the text is wanted and the key does not open the vault.
    """
    release = read.find(settings, None)
    step = walk(release, table, key)
    return [f"release {release.id}", *_lines(settings, release, step, 0, show=show)]


def walk(release: Release, table: str, key: str) -> Step:
    """The tree of origins of one row.

    Raises:
        CgtError: no such table or row.
    """
    with duckdb.connect(config=SETTINGS) as connection:
        return _step(connection, release, table, key, ())


def _step(connection: duckdb.DuckDBPyConnection, release: Release, table: str, key: str, behind: tuple[tuple[str, str], ...]) -> Step:
    row = _row(connection, release, table, key)
    if row is None:
        if behind:
            return Step(table, key, note="is not in this release")
        raise CgtError(f"release {release.id} has no such row in `{table}`", remedy="Give its primary key; parts are joined by |")
    step = Step(table, key)
    if (table, key) in behind:
        step.note = "was met before on this way"
    elif table != ROW_SOURCE and row.get("source_delivery") is not None:
        step.records.append(Record(row["source_delivery"], int(row["source_row"]), int(row["source_row"])))
    else:
        origins = [tuple(row[name] for name in _ORIGIN)] if table == ROW_SOURCE else _origins(connection, release, table, key)
        if not origins and row.get("source_table"):
            origins = [(row["source_table"], row["source_key"], None, None, None)]
        for parent_table, parent_key, delivery, first, last in origins:
            if delivery is not None:
                step.records.append(Record(delivery, int(first), int(last)))
            else:
                step.parents.append(_step(connection, release, parent_table, parent_key, (*behind, (table, key))))
        if not origins:
            step.note = _WITHOUT_RECORD.get(release.tables[table]["traced_by"], "states no origin")
    return step


_WITHOUT_RECORD = {"partner_file": "comes from the partner files", "delivery": "is a delivered file"}


def _row(connection: duckdb.DuckDBPyConnection, release: Release, table: str, key: str) -> dict[str, Any] | None:
    joined = " || '|' || ".join(f"cast({quoted(name)} as varchar)" for name in _table(release, table)["primary_key"])
    found = connection.execute(f"select * from {_files(release, table)} where {joined} = ?", [key])  # noqa: S608  all quoted
    names = [of[0] for of in found.description or []]
    row = found.fetchone()
    return dict(zip(names, row, strict=True)) if row else None


def _origins(connection: duckdb.DuckDBPyConnection, release: Release, table: str, key: str) -> list[tuple[Any, ...]]:
    return connection.execute(
        f"select {', '.join(_ORIGIN)} from {_files(release, ROW_SOURCE)} "  # noqa: S608  all quoted or ours
        "where table_name = ? and row_key = ? and coalesce(parent_table, source_delivery) is not null order by all nulls last",
        [table, key],
    ).fetchall()


def _table(release: Release, table: str) -> dict[str, Any]:
    release.parquet(table)  # names the tables there are
    return release.tables[table]


def _files(release: Release, table: str) -> str:
    return f"read_parquet([{', '.join(literal(path) for path in release.parquet(table))}])"


def _lines(settings: Settings, release: Release, step: Step, depth: int, *, show: bool) -> Iterator[str]:
    indent = "  " * depth
    yield f"{indent}{step.table} {step.key}{f': {step.note}' if step.note else ''}"
    for record in step.records:
        yield from (f"{indent}  {line}" for line in _record(settings, release, record, show=show))
    for parent in step.parents:
        yield from _lines(settings, release, parent, depth + 1, show=show)


def _record(settings: Settings, release: Release, record: Record, *, show: bool) -> Iterator[str]:
    used = release.inputs["deliveries"].get(record.delivery)
    delivery = delivery_by_id(settings, record.delivery, used["door16"] if used else None)
    said = delivery.manifest
    positions = f"position {record.first}" + (f" to {record.last}" if record.last != record.first else "")
    yield f"{positions} of {said.source_name}, sent by {said.partner} as {said.feed}, sequence {said.sequence}, delivery {delivery.id}"
    verdicts = delivery.folder / "verdicts.parquet"
    with duckdb.connect(config=SETTINGS) as connection:
        found = connection.execute(
            f'select source_row, rule, effect, object, "column" from read_parquet({literal(verdicts)}) '  # noqa: S608  quoted
            "where source_row between ? and ? order by all nulls first",
            [record.first, record.last],
        ).fetchmany(MOST_RECORDS)
    for position, rule, effect, name, column in found:
        yield f"  position {position}: {rule} {effect} in {name}{f'.{column}' if column else ''}"
    if show:
        from cgt_etl.release import record_text

        last = min(record.last, record.first + MOST_RECORDS - 1)
        yield from (f"  {line}" for line in record_text.lines(settings, delivery, record.first, last))
