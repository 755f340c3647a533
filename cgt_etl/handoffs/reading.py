"""Opens a release's tables for SQL, only those that are asked for. Computes nothing."""

from __future__ import annotations

import duckdb

from cgt_etl.release.read import Release
from cgt_etl.release.tables import SETTINGS, literal, quoted


def views(release: Release, *tables: str) -> duckdb.DuckDBPyConnection:
    """A connection in memory with a view for each of these tables; the caller closes it.

    Raises:
        CgtError: the release has no such table.
    """
    files = {table: ", ".join(literal(path.resolve()) for path in release.parquet(table)) for table in tables}
    connection = duckdb.connect(config=SETTINGS)
    connection.execute("set enable_progress_bar = false")
    for table, listed in files.items():
        connection.execute(f"create view {quoted(table)} as from read_parquet([{listed}])")
    return connection
