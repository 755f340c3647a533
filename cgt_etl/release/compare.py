"""What changed between two releases: inputs, and rows by primary key. Counts only; shows no row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from cgt_etl.release.read import Release
from cgt_etl.release.tables import SETTINGS, literal, quoted

_HERE = '"(here)"'
"""Marks the side of a join on which a row exists; no column can have this name."""


@dataclass(frozen=True)
class TableChange:
    """Rows by primary key; a row is changed when any column that both releases have differs."""

    table: str
    added: int
    removed: int
    changed: int
    columns_added: tuple[str, ...] = ()
    columns_removed: tuple[str, ...] = ()

    def line(self) -> str:
        columns = [f"+{name}" for name in self.columns_added] + [f"-{name}" for name in self.columns_removed]
        return f"{self.table}: {self.added} rows added, {self.removed} removed, {self.changed} changed" + (
            f"; columns {' '.join(columns)}" if columns else ""
        )


@dataclass(frozen=True)
class Comparison:
    """`inputs`: one sentence per input that differs. `tables`: the tables that differ."""

    older: str
    newer: str
    inputs: list[str]
    tables: list[TableChange]

    def lines(self) -> list[str]:
        if not self.inputs and not self.tables:
            return [f"{self.older} and {self.newer} hold the same."]
        return [f"{self.older} -> {self.newer}", *self.inputs, *(change.line() for change in self.tables)]


def releases(older: Release, newer: Release) -> Comparison:
    """Compare two releases; tables whose files are the same bytes are not read."""
    changes = []
    with duckdb.connect(config=SETTINGS) as connection:
        for table in sorted({*older.tables, *newer.tables}):
            if _hashes(older, table) != _hashes(newer, table):
                changes.append(_table(connection, older, newer, table))
    return Comparison(older.id, newer.id, list(_inputs(older.inputs, newer.inputs)), changes)


def _hashes(release: Release, table: str) -> list[str]:
    files = release.files()
    return [files[path]["sha256"] for path in sorted(release.tables[table]["files"])] if table in release.tables else []


def _table(connection: duckdb.DuckDBPyConnection, older: Release, newer: Release, table: str) -> TableChange:
    before, after = older.tables.get(table), newer.tables.get(table)
    if before is None or after is None:
        return TableChange(table, after["rows"] if after else 0, before["rows"] if before else 0, 0)
    columns = {side: [column["name"] for column in said["columns"]] for side, said in (("old", before), ("new", after))}
    added = tuple(name for name in columns["new"] if name not in columns["old"])
    removed = tuple(name for name in columns["old"] if name not in columns["new"])
    key = [name for name in after["primary_key"] if name in columns["old"]]
    if not key:
        return TableChange(table, after["rows"], before["rows"], 0, added, removed)
    # Key columns are compared null-safely: a key is never null where the gate was open, and a comparison should not depend on it.
    on = " and ".join(f"o.{quoted(name)} is not distinct from n.{quoted(name)}" for name in key)
    shared = [name for name in columns["new"] if name in columns["old"] and name not in key]
    differs = " or ".join(f"o.{quoted(name)} is distinct from n.{quoted(name)}" for name in shared) or "false"
    old, new = (_files(release.parquet(table)) for release in (older, newer))
    sides = f"(select *, true as {_HERE} from {old}) as o full join (select *, true as {_HERE} from {new}) as n"  # noqa: S608  all quoted
    conditions = (f"o.{_HERE} is null", f"n.{_HERE} is null", f"o.{_HERE} and n.{_HERE} and ({differs})")
    counts = ", ".join(f"count(*) filter (where {condition})" for condition in conditions)
    counted = connection.execute(f"select {counts} from {sides} on {on}").fetchone() or (0, 0, 0)  # noqa: S608  likewise
    return TableChange(table, int(counted[0]), int(counted[1]), int(counted[2]), added, removed)


def _files(paths: Iterable[Path]) -> str:
    return f"read_parquet([{', '.join(literal(path) for path in paths)}])"


def _inputs(older: dict[str, Any], newer: dict[str, Any]) -> Iterable[str]:
    before, after = older["deliveries"], newer["deliveries"]
    for id_ in sorted({*before, *after}):
        if id_ not in before:
            yield f"delivery {id_} added"
        elif id_ not in after:
            yield f"delivery {id_} removed"
        elif before[id_] != after[id_]:
            yield f"delivery {id_} came through another door"
    for name in sorted({*older, *newer} - {"deliveries"}):
        if older.get(name) != newer.get(name):
            inner = _names(older.get(name), newer.get(name))
            yield f"{name} changed" + (f": {', '.join(inner)}" if inner else "")


def _names(before: Any, after: Any) -> list[str]:
    if not isinstance(before, dict) or not isinstance(after, dict):
        return []
    return [str(name) for name in sorted({*before, *after}) if before.get(name) != after.get(name)]
