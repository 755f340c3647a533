"""What may be told of peers: nothing below eight contributors, nothing where one of them is most of them, never a rank."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import pytest

from cgt_etl.egress.peer_places import QUARTERS, Place, places, quarterly_cut


def _compared(cases: list[int], *, judged: int | None = None) -> pl.DataFrame:
    """Contributors `p0`, `p1`, ... with so many cases, each slower than the one before; the first `judged` of them judged."""
    rows = []
    for place, count in enumerate(cases):
        excess = place / 10 - 0.4 if judged is None or place < judged else None
        saved = None if excess is None else 10 * excess
        verdict = "no peers" if excess is None else "bottleneck" if excess > 0.3 else "within"
        rows.append(("H07 before_giving", f"p{place}", count, excess, excess, excess, saved, saved, saved, verdict))
    names = ["transition", "site", "cases", "excess", "excess_low", "excess_high"]
    names += ["recoverable_hours", "recoverable_low", "recoverable_high", "verdict"]
    return pl.DataFrame(rows, schema=names, orient="row")


def _place(compared: pl.DataFrame, partner: str = "p0") -> Place:
    (found,) = places(compared, partner)
    return found


@pytest.mark.parametrize(("contributors", "is_told"), [(7, False), (8, True)])
def test_from_eight_contributors_on(contributors: int, is_told: bool) -> None:
    found = _place(_compared([30] * contributors))
    assert (found.quarter is not None, found.excess is not None, found.why_not is None) == (is_told,) * 3


def test_contributors_too_small_to_be_judged_do_not_count() -> None:
    assert _place(_compared([30] * 9, judged=7)).why_not == "fewer than 8 contributors"


def test_one_contributor_may_not_be_most_of_the_peers() -> None:
    assert _place(_compared([30] * 8 + [300])).why_not == "most of the peers' cases are one contributor's"
    assert _place(_compared([30] * 8 + [300]), "p8").excess is not None  # its own cases it knows


def test_a_quarter_is_told_and_no_rank() -> None:
    told = [_place(_compared([30] * 8), f"p{place}").quarter for place in range(8)]
    assert told == [quarter for quarter in QUARTERS for _ in range(2)]


@pytest.mark.parametrize(("edge", "cut"), [((2026, 3, 31), (2026, 1, 1)), ((2026, 4, 1), (2026, 4, 1)), ((2026, 12, 25), (2026, 10, 1))])
def test_the_cut_is_the_begin_of_the_quarter(edge: tuple[int, int, int], cut: tuple[int, int, int]) -> None:
    assert quarterly_cut(datetime(*edge, 12, tzinfo=UTC)) == datetime(*cut, tzinfo=UTC)
