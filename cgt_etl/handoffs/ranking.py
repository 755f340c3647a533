"""Where most could be recovered: bottlenecks as a whole and of one product, and places that lose more products than their peers, ranked.

A dose cannot be made up for by hours: places whose recoverable products are surely above zero come first, by products; then by hours.
Computes nothing itself (`peers`, `lost`).
"""

from __future__ import annotations

import polars as pl

from cgt_etl.handoffs import cases, lost, peers
from cgt_etl.release.read import Release

COLUMNS = (
    "transition", "site", "product", "verdict", "cases", "excess", "excess_low", "excess_high", "recoverable_hours", "recoverable_low",
    "recoverable_high", "doses", "lost", "expected", *lost.FIGURES,
)  # fmt: skip
KINDS = {"whole": "slow", "product": "slow for one product", "lost": "loses more products"}


def ranked(release: Release) -> pl.DataFrame:
    """The places of a release where time or products could be recovered, best first.

    Returns:
        `COLUMNS`: `product` is null where all are meant; `verdict` one of `KINDS`, both with ` and ` between; hours as in `peers.compare`,
        products as in `lost.compare`, null where too few.
    """
    return rank(cases.finished(release), cases.doses(release))


def rank(finished: pl.DataFrame, doses: pl.DataFrame) -> pl.DataFrame:
    """As `ranked`, of what `cases.finished` and `cases.doses` returned."""
    whole = peers.compare(finished)
    of_product = peers.compare_products(finished, whole).filter(pl.col("verdict") == "bottleneck")
    products = lost.compare(doses)
    joined = whole.join(products, on=["transition", "site"], how="full", coalesce=True)
    is_slow = pl.col("verdict").fill_null("") == "bottleneck"
    is_lossy = pl.col("recoverable_products_low").fill_null(0) > 0
    words = pl.concat_str(
        pl.when(is_slow).then(pl.lit(KINDS["whole"])), pl.when(is_lossy).then(pl.lit(KINDS["lost"])), separator=" and ", ignore_nulls=True
    )
    places = joined.with_columns(product=pl.lit(None, dtype=pl.String)).filter(is_slow | is_lossy).with_columns(verdict=words)
    alone = of_product.with_columns(verdict=pl.lit(KINDS["product"]))
    surely = pl.when(pl.col("recoverable_products_low") > 0).then("recoverable_products")
    return (
        pl.concat([places, alone], how="diagonal")
        .select(COLUMNS)
        .sort(-surely, -pl.col("recoverable_hours"), "transition", "site", "product", nulls_last=True)
    )
