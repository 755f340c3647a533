"""Writes the released tables as Parquet whose bytes depend on their rows alone.

Rows are sorted by the declared order, the primary key and then every other column, so that neither threads nor the order of
arrival can move one; row groups have a fixed size; no clock and no path goes in. A file equal to the one in the previous release
is linked to it.
"""

from __future__ import annotations

import filecmp
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from cgt_etl.errors import CgtError
from cgt_etl.release.marts import INTERNAL, SCHEMA, Mart

ROW_GROUP_ROWS = 122_880
"""60 DuckDB vectors; a change changes every released byte."""
PART = "part-0000.parquet"
SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "preserve_insertion_order": "true",
}
"""Of every connection that reads a build or writes a release: nothing is fetched, order is kept."""


@dataclass(frozen=True)
class Column:
    """A released column with its type in DuckDB's words."""

    name: str
    type: str


@dataclass(frozen=True)
class Table:
    """What a release says of one table. `files` are paths below the release's folder."""

    rows: int
    primary_key: list[str]
    sorted_by: list[str]
    traced_by: str
    columns: list[Column]
    files: list[str]
    partition_key: None = None
    """Every table is one file so far; said, so that readers need not guess."""

    def said(self) -> dict[str, Any]:
        """As it stands in the release's manifest."""
        return asdict(self)


def export(connection: duckdb.DuckDBPyConnection, marts: Iterable[Mart], folder: Path) -> dict[str, Table]:
    """Write `tables/<name>/part-0000.parquet` of every mart below `folder`; gives name -> table.

    Raises:
        CgtError: a table is not in the build, or has other columns than its model declares.
    """
    return {mart.name: _export(connection, mart, folder) for mart in marts}


def _export(connection: duckdb.DuckDBPyConnection, mart: Mart, folder: Path) -> Table:
    described = connection.execute(
        "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ? order by column_index",
        [SCHEMA, mart.name],
    ).fetchall()
    columns = [Column(name, type_) for name, type_ in described if name not in INTERNAL]
    unlike = {column.name for column in mart.columns} ^ {column.name for column in columns}
    if not columns or unlike:
        problem = f"and its declaration differ in {', '.join(sorted(unlike))}" if columns else "is not in the build"
        raise CgtError(f"the released table `{mart.name}` {problem}", remedy="Mend the model of this name in dbt_project/models/marts")
    sort = list(dict.fromkeys([*mart.sort_key, *mart.primary_key]))
    order = [*sort, *(column.name for column in columns if column.name not in sort)]
    path = f"tables/{mart.name}/{PART}"
    (folder / path).parent.mkdir(parents=True)
    selected = ", ".join(quoted(column.name) for column in columns)
    by = ", ".join(f"{quoted(name)} asc nulls last" for name in order)
    ordered = f"select {selected} from {mart.relation} order by {by}"  # noqa: S608  all quoted
    form = f"format parquet, compression zstd, row_group_size {ROW_GROUP_ROWS}"
    connection.execute(f"copy ({ordered}) to {literal(folder / path)} ({form})")
    (rows,) = connection.execute(f"select count(*) from {mart.relation}").fetchone() or (0,)  # noqa: S608  likewise
    return Table(int(rows), list(mart.primary_key), sort, mart.traced_by, columns, [path])


def link_unchanged(folder: Path, previous: Path, paths: Iterable[str]) -> None:
    """Replace each file of `folder` by a hard link to its equal in `previous`, byte by byte compared; others stay as they are.

    A file system without hard links keeps the copies.
    """
    for path in paths:
        new, old = folder / path, previous / path
        if not old.is_file() or not filecmp.cmp(new, old, shallow=False):
            continue
        linked = new.with_name(f".{new.name}")
        try:
            os.link(old, linked)
        except OSError:
            continue
        linked.replace(new)


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """A value as an SQL text literal."""
    return "'" + str(value).replace("'", "''") + "'"
