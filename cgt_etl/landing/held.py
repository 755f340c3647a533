"""What a delivery's door set aside, as positions: rows, and cells of rows that were accepted. No values."""

from __future__ import annotations

import polars as pl

from cgt_etl.landing.delivery import Delivery

PLACE = ["object", "source_row", "source_item"]


def held(delivery: Delivery) -> pl.DataFrame:
    """One row per rule that sets a row or a cell aside: object, source_row, source_item, column, rule, effect (row | cell).

    A rule that a cell of a row breaks which is set aside itself is left out: the row is what waits, not the cell. Rows inside a
    record that is set aside go with it and have no verdict of their own.
    """
    verdicts = pl.read_parquet(delivery.folder / "verdicts.parquet", columns=[*PLACE, "column", "rule", "effect"])
    cells = verdicts.filter(pl.col("effect") == "cell")
    kept = cells.join(accepted(delivery, set(cells["object"])), on=PLACE, how="semi")
    return pl.concat([verdicts.filter(pl.col("effect") == "row"), kept]).sort("source_row", "source_item", "object", "column", "rule")


def accepted(delivery: Delivery, names: set[str]) -> pl.DataFrame:
    """Places (object, source_row, source_item) of the accepted rows of the objects named."""
    files = delivery.manifest.objects
    return pl.concat(
        [
            pl.DataFrame(schema={"object": pl.String, "source_row": pl.Int64, "source_item": pl.Int64}),
            *(
                pl.read_parquet(delivery.folder / files[name].file, columns=PLACE[1:]).select(pl.lit(name).alias("object"), *PLACE[1:])
                for name in sorted(names & set(files))
            ),
        ]
    )
