"""The rows of the questions, from a release: those of the collective tables, with what questions ask about beyond them.

`features.sql` says what a category is. Counts nothing and protects nothing.
"""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import polars as pl

from cgt_etl.egress.collective import rows as tables_of
from cgt_etl.egress.questions.catalogue import Catalogue
from cgt_etl.handoffs import reading
from cgt_etl.release.read import Release

_TABLES = ("administration", "batch", "collection", "journey", "outcome", "product", "product_edge")


def rows(release: Release, catalogue: Catalogue, begin: date) -> pl.DataFrame:
    """One row per person of the catalogue's population whose consents cover its purpose (R55), as of the begin of a quarter.

    Returns:
        The columns of `collective.rows.Rows.counted`, `starting_state`, `dose_band` and `crs_band`.

    Raises:
        CgtError: the release lacks a table, or ends before the quarter begins.
        DeclarationError: the sharing policy knows no such purpose.
    """
    counted = tables_of.rows(release, catalogue, begin).counted.filter(pl.col("population") == catalogue.population)
    connection = reading.views(release, *_TABLES)
    try:
        connection.execute(f"create temp table batch_collection as {tables_of.query('batch_collection')}")
        further = connection.execute(_query(), {"begin": begin}).pl()
    finally:
        connection.close()
    return counted.join(further, on="subject", how="left", validate="1:1").sort("subject")


@cache
def _query() -> str:
    return (Path(__file__).parent / "features.sql").read_text(encoding="utf-8")
