"""Products that could be recovered: how many more a site loses than it would at its peers' rates, product by product.

expected = sum over products of the site's doses x the rate at which all others lost that product (indirect standardisation); recoverable
is what was lost beyond it. 95 % interval: of the site's share Wilson's (1927), of the peers' rates by the delta method, together by
MOVER (Zou and Donner 2008). Holds no reading of tables and no hours (`peers`).
"""

from __future__ import annotations

import polars as pl
from scipy import stats

from cgt_etl.handoffs.peers import LEAST_CASES, LEAST_PEERS

_Z = float(stats.norm.ppf(0.975))
FIGURES = ("recoverable_products", "recoverable_products_low", "recoverable_products_high")


def compare(cases: pl.DataFrame) -> pl.DataFrame:
    """Of every site at every transition.

    Args:
        cases: one row per dose of which it is known what became of it: `transition`, `site`, `product` (text), `is_lost`.

    Returns:
        One row per transition and site, in their order: `doses`, `lost`, `expected` (at the peers' rates), `recoverable_products` with
        `_low` and `_high` (95 %; below zero where the site loses fewer). Null below `LEAST_CASES` doses, with fewer than `LEAST_PEERS`
        peers, and where a product of the site's is of no peer's.
    """
    at = ["transition", "product"]
    own = cases.group_by("transition", "site", "product").agg(n=pl.len(), k=pl.col("is_lost").sum()).sort("transition", "site", "product")
    both = own.with_columns(
        n_peers=pl.col("n").sum().over(at) - pl.col("n"),
        k_peers=pl.col("k").sum().over(at) - pl.col("k"),
        sites=pl.col("site").n_unique().over("transition"),
    )
    rate = pl.col("k_peers") / pl.col("n_peers")
    # half a dose lost, so that a rate of none is not taken for a certainty
    kept = (pl.col("k_peers") + 0.5) / (pl.col("n_peers") + 1)
    summed = both.group_by("transition", "site", maintain_order=True).agg(
        doses=pl.col("n").sum(),
        lost=pl.col("k").sum(),
        expected=(pl.col("n") * rate).sum(),
        variance=(pl.col("n") ** 2 * kept * (1 - kept) / pl.col("n_peers")).sum(),
        is_judged=(pl.col("n_peers") > 0).all() & (pl.col("n").sum() >= LEAST_CASES) & (pl.col("sites").first() > LEAST_PEERS),
    )
    share, of = pl.col("lost") / pl.col("doses"), pl.col("doses")
    centre = (share + _Z**2 / (2 * of)) / (1 + _Z**2 / of)
    reach = _Z / (1 + _Z**2 / of) * (share * (1 - share) / of + _Z**2 / (4 * of**2)).sqrt()
    by_chance = _Z**2 * pl.col("variance")
    low = pl.col("lost") - pl.col("expected") - ((pl.col("lost") - of * (centre - reach)) ** 2 + by_chance).sqrt()
    high = pl.col("lost") - pl.col("expected") + ((of * (centre + reach) - pl.col("lost")) ** 2 + by_chance).sqrt()
    figures = dict(zip(FIGURES, (pl.col("lost") - pl.col("expected"), low, high), strict=True))
    judged = summed.with_columns(**{name: pl.when("is_judged").then(figure) for name, figure in figures.items()})
    return judged.with_columns(expected=pl.when("is_judged").then("expected")).drop("variance", "is_judged").sort("transition", "site")
