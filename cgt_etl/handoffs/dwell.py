"""Where the time of a handoff goes: every minute between ready and done belongs to one cause, or to none that is known.

What a handoff waits for is a span per cause, from when it could have been had to when it was: the batch complete, a slot free, people on
shift, papers released, the courier there, the clock (the place open). Several may be waited for at once; the minutes belong to those
without which it would have been done earlier, the critical path (Kelley and Walker 1959), walked backwards: from done to the span that
ended last, from its begin to the span that had ended last by then, and so on to ready. Minutes on the way that are in no span are
`unexplained`: work, or a wait whose stamps were not captured. Parts are differences of time stamps and add up exactly, at the precision
recorded. Holds no rule of which event opens or ends a span: that is the caller's.
"""

from __future__ import annotations

import polars as pl

CAUSES = ("batch", "capacity", "people", "papers", "courier", "clock")
"""In this order where two end at the same moment."""
UNEXPLAINED = "unexplained"


def attribute(handoffs: pl.DataFrame, waits: pl.DataFrame) -> pl.DataFrame:
    """Split the dwell of each handoff among its causes.

    Args:
        handoffs: `handoff`, `ready_at_utc`, `done_at_utc` (datetimes, done >= ready); open ones with the edge of the data as done.
        waits: `handoff`, `cause` (of `CAUSES`), `from_at_utc`, `until_at_utc`; spans may overlap, and reach beyond the dwell. A span with
            an end missing is left out.

    Returns:
        `handoff`, `cause`, `waited` (a duration above zero), by handoff and cause; the parts of a handoff add up to its dwell.

    Raises:
        ValueError: a cause that is none of `CAUSES`, or a handoff that is done before it is ready.
    """
    if not set(waits["cause"]) <= set(CAUSES):
        raise ValueError(f"a wait must have one of the causes {', '.join(CAUSES)}")
    if not handoffs.filter(pl.col("done_at_utc") < pl.col("ready_at_utc")).is_empty():
        raise ValueError("a handoff is done before it is ready: leave impossible handoffs out")
    whole = handoffs.select("handoff", "ready_at_utc", "done_at_utc")
    place = pl.col("cause").replace_strict({cause: place for place, cause in enumerate(CAUSES)}, return_dtype=pl.Int8)
    spans = (
        waits.drop_nulls(["from_at_utc", "until_at_utc"])
        .join(whole, on="handoff")
        .select(
            "handoff",
            place=place,
            start=pl.max_horizontal("from_at_utc", "ready_at_utc"),
            end=pl.min_horizontal("until_at_utc", "done_at_utc"),
        )
        .filter(pl.col("end") > pl.col("start"))
        .sort("handoff", "end", "place", "start", descending=[False, True, False, False])
    )
    here = whole.select("handoff", here="done_at_utc")
    walked = [spans.clear()]
    while here.height:
        step = spans.join(here, on="handoff", maintain_order="left").filter(pl.col("end") <= pl.col("here"))
        step = step.unique("handoff", keep="first", maintain_order=True)
        walked.append(step.drop("here"))
        here = step.select("handoff", here="start")
    known = pl.concat(walked).group_by("handoff", "place").agg(waited=(pl.col("end") - pl.col("start")).sum())
    rest = whole.join(known.group_by("handoff").agg(pl.col("waited").sum()), on="handoff", how="left").select(
        "handoff",
        place=pl.lit(len(CAUSES), dtype=pl.Int8),
        waited=pl.col("done_at_utc") - pl.col("ready_at_utc") - pl.col("waited").fill_null(pl.duration()),
    )
    named = dict(enumerate((*CAUSES, UNEXPLAINED)))
    return (
        pl.concat([known, rest], how="vertical_relaxed")
        .filter(pl.col("waited") > pl.duration())
        .sort("handoff", "place")
        .select("handoff", cause=pl.col("place").replace_strict(named, return_dtype=pl.String), waited="waited")
    )
