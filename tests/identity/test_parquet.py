"""What leaves no trace in identity's files: where batches end, and how many files were sorted together."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from cgt_etl.identity import parquet, tables
from tests.identity.landed import Row, Sent, identity, mrn

SCHEMA = pa.schema({"number": pa.int64(), "name": pa.string()})


def _written(path: Path, rows: pa.Table, size: int) -> bytes:
    assert parquet.write(rows.to_batches(size), SCHEMA, path) == len(rows)
    return path.read_bytes()


def test_where_batches_end_leaves_no_trace(tmp_path: Path) -> None:
    rows = pa.table({"number": range(300_000), "name": [f"{number:032x}" for number in range(300_000)]}, schema=SCHEMA)
    whole = _written(tmp_path / "whole", rows, 300_000)
    assert [_written(tmp_path / str(size), rows, size) == whole for size in (parquet.ROW_GROUP, 100_000, 7_777)] == [True] * 3


def test_how_many_files_are_sorted_together_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = [Sent(str(night), tuple(Row(f"{night}-{n}", (mrn(f"{night}{n}"),)) for n in (2, 1, 3))) for night in (2, 3, 1)]
    together = identity(tmp_path / "together", *sent)
    monkeypatch.setattr(tables, "MOST_ROWS", 3)
    apart = identity(tmp_path / "apart", *sent)
    assert apart["record"] == together["record"]
    assert apart.bytes == together.bytes
    assert len(apart["record"]) > 3
