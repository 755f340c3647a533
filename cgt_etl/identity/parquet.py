"""Identity's Parquet files: the same rows in the same order give the same bytes, whatever machine or thread count wrote them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 122_880
"""Rows per row group: fixed, so that where batches happen to end leaves no trace in the file."""

Spelling = Callable[[pa.RecordBatch], list[pa.Array]]
"""Makes the columns of a table of what was asked for."""


def write(batches: Iterable[pa.RecordBatch], schema: pa.Schema, path: Path, spelled: Spelling | None = None) -> int:
    """Write these rows, which must come in a total order, to `path`; returns how many.

    Columns come by position in the order of `schema` and are cast to its types: those of the batches, or what `spelled` makes of them.
    """
    rows = 0
    with pq.ParquetWriter(path, schema, compression="zstd") as writer, ThreadPoolExecutor(1) as beside:
        written: Future[None] | None = None
        for group in _groups(batches, schema, spelled):
            if written:
                written.result()
            written = beside.submit(writer.write_table, group, row_group_size=ROW_GROUP)  # while the next rows are fetched
            rows += group.num_rows
        if written:
            written.result()
    return rows


def _groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema, spelled: Spelling | None) -> Iterator[pa.Table]:
    """Tables of one row group each; of no rows, none."""
    waiting: list[pa.Table] = []
    for batch in batches:
        columns = spelled(batch) if spelled else batch.columns
        waiting.append(pa.table(columns, names=schema.names).cast(schema))
        if sum(table.num_rows for table in waiting) >= ROW_GROUP:
            whole = pa.concat_tables(waiting)
            yield whole.slice(0, ROW_GROUP).combine_chunks()
            waiting = [whole.slice(ROW_GROUP)]
    left = pa.concat_tables(waiting) if waiting else schema.empty_table()
    for start in range(0, left.num_rows, ROW_GROUP):
        yield left.slice(start, ROW_GROUP).combine_chunks()  # where chunks end would show in pages
