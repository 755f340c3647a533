"""Identity's Parquet files: the same rows in the same order give the same bytes, whatever machine or thread count wrote them."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 122_880
"""Rows per row group: fixed, so that where batches happen to end leaves no trace in the file."""


def write(con: duckdb.DuckDBPyConnection, query: str, schema: pa.Schema, path: Path) -> int:
    """Write the rows of `query`, which must order them totally, to `path`; returns how many.

    Columns come by position in the order and with the types of `schema`.
    """
    rows = 0
    reader = con.execute(query).to_arrow_reader(ROW_GROUP)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        waiting: list[pa.Table] = []
        for batch in reader:
            waiting.append(pa.Table.from_batches([batch]).rename_columns(schema.names).cast(schema))
            rows += batch.num_rows
            if sum(table.num_rows for table in waiting) >= ROW_GROUP:
                whole = pa.concat_tables(waiting)
                writer.write_table(whole.slice(0, ROW_GROUP), row_group_size=ROW_GROUP)
                waiting = [whole.slice(ROW_GROUP)]
        left = pa.concat_tables(waiting) if waiting else schema.empty_table()
        for start in range(0, left.num_rows, ROW_GROUP):
            writer.write_table(left.slice(start, ROW_GROUP), row_group_size=ROW_GROUP)
    return rows
