"""The DuckDB files that analysts open: commented views over a release's Parquet, or a copy with the data inside.

A view names its files by their full path, so that the file can be opened from anywhere; after a home has moved, `write`
makes it anew. Holds no rule and no computation: what is released is in the Parquet files.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import duckdb

from cgt_etl.release import dictionary
from cgt_etl.release.read import Release
from cgt_etl.release.tables import SETTINGS, literal, quoted

Form = Literal["view", "table"]


def write(release: Release, target: Path, form: Form) -> None:
    """Make the new DuckDB file `target`, with one commented view or table per released table."""
    with duckdb.connect(target, config=SETTINGS) as connection:
        fill(connection, release, form)


def fill(connection: duckdb.DuckDBPyConnection, release: Release, form: Form) -> None:
    """Make one commented view or table per released table."""
    meanings = dictionary.meanings(release.folder / "dictionary")
    connection.begin()  # a thousand comments are one commit
    for table in sorted(release.tables):
        _make(connection, release, table, form, meanings)
    connection.commit()


def _make(connection: duckdb.DuckDBPyConnection, release: Release, table: str, form: Form, meanings: dict[tuple[str, str], str]) -> None:
    files = ", ".join(literal(path.resolve()) for path in release.parquet(table))
    connection.execute(f"create {form} {quoted(table)} as select * from read_parquet([{files}])")  # noqa: S608  quoted
    if meanings.get((table, "")):
        connection.execute(f"comment on {form} {quoted(table)} is {literal(meanings[table, ''])}")
    for column in release.tables[table]["columns"]:
        if meanings.get((table, column["name"])):
            of = f"{quoted(table)}.{quoted(column['name'])}"
            connection.execute(f"comment on column {of} is {literal(meanings[table, column['name']])}")
