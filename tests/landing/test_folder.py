"""The tables of a delivery: their bytes depend on their rows, not on the parts in which they came."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow.parquet
import pytest

from cgt_etl.door.admit import Part
from cgt_etl.door.ledger import DEMOGRAPHICS, LINKS
from cgt_etl.landing import folder

TABLE = pl.DataFrame({"source_row": range(37), "source_item": [0] * 37, "text": [f"t{n % 5}" for n in range(37)]})


@pytest.mark.parametrize("sizes", [[3, 20, 0, 14], [37], [0, 0, 37], [1] * 37])
def test_parts_make_the_same_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: list[int]) -> None:
    monkeypatch.setattr(folder, "ROW_GROUP", 10)
    tables = folder.Tables(tmp_path)
    for place, size in enumerate(sizes):
        tables.add(Part({"one": TABLE.slice(sum(sizes[:place]), size)}, pl.DataFrame(schema=LINKS), pl.DataFrame(schema=DEMOGRAPHICS)))
    objects, links, demographics = tables.close()
    assert (objects["one"].rows, links.rows, demographics) == (37, 0, None)
    pyarrow.parquet.write_table(
        TABLE.to_arrow(compat_level=pl.CompatLevel.oldest()),
        tmp_path / "whole",
        row_group_size=10,
        version="2.6",
        compression="zstd",
        compression_level=3,
        store_schema=False,
    )
    assert (tmp_path / "accepted" / "one.parquet").read_bytes() == (tmp_path / "whole").read_bytes()


def test_nothing_is_left_of_what_is_thrown_away(tmp_path: Path) -> None:
    tables = folder.Tables(tmp_path)
    tables.add(Part({"one": TABLE}, pl.DataFrame(schema=LINKS), pl.DataFrame(schema=DEMOGRAPHICS)))
    tables.throw_away()
    assert [*tmp_path.rglob("*")] == []
