"""What was told of bottlenecks before, so that a finding is told once, again only when it changed, and its end once.

State in, state out: a frame that the caller keeps (no file here). Holds no statistics (`peers`).
"""

from __future__ import annotations

import polars as pl

from cgt_etl.handoffs.peers import MARGIN

STATE = {"transition": pl.String, "site": pl.String, "excess_low": pl.Float64, "excess_high": pl.Float64, "told": pl.String}
"""The interval as last told; `told` is the snapshot in which it was."""


def nothing() -> pl.DataFrame:
    """The state before the first snapshot."""
    return pl.DataFrame(schema=STATE)


def tell(compared: pl.DataFrame, state: pl.DataFrame, snapshot: str, *, margin: float = MARGIN) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What is to be told in this snapshot, and the state after it.

    A told finding stays told while it is found, and while it is not but may still be true; it is over when the whole interval of its
    excess lies below the margin. It has changed when the interval told last and the present one have nothing in common.

    Args:
        compared: what `peers.compare` returned.
        state: frame of `STATE`, from the snapshot before.
        snapshot: its name, kept in the state.
        margin: as given to `peers.compare`.

    Returns:
        The rows of `compared` that are news, in their order, with `news`: `new`, `changed` or `over`; and the state.
    """
    before = state.rename({"excess_low": "told_low", "excess_high": "told_high"})
    seen = compared.join(before, on=["transition", "site"], how="left", maintain_order="left")
    is_found, was_told = pl.col("verdict") == "bottleneck", pl.col("told").is_not_null()
    has_changed = (pl.col("excess_low") > pl.col("told_high")) | (pl.col("excess_high") < pl.col("told_low"))
    seen = seen.with_columns(
        news=pl.when(is_found & ~was_told)
        .then(pl.lit("new"))
        .when(is_found & was_told & has_changed)
        .then(pl.lit("changed"))
        .when(~is_found & was_told & (pl.col("excess_high") < margin))
        .then(pl.lit("over"))
    )
    news = seen.filter(pl.col("news").is_not_null()).drop("told", "told_low", "told_high")
    said = news.filter(pl.col("news") != "over").select("transition", "site", "excess_low", "excess_high", told=pl.lit(snapshot))
    after = pl.concat([state.join(news, on=["transition", "site"], how="anti"), said]).sort("transition", "site")
    return news, after
