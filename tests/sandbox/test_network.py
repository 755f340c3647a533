"""Quartile bands: where the value of a quartile lies, told from shown figures alone, and not told where one of them is withheld."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from cgt_etl.egress.collective.plan import Cell, Dimension, Plan, Table
from cgt_etl.sandbox.network import QUARTILES, quartile_band, quartile_bands
from tests.egress.collective.worlds import drawn_cut

BANDS = ("low", "middle", "high")


@given(st.lists(st.integers(2, 60).map(lambda many: 11 * many), min_size=3, max_size=3), st.sampled_from(sorted(QUARTILES.values())))
def test_a_band_holds_the_quartile_of_people_counted_one_by_one(counts: list[int], share: float) -> None:
    people = [band for band, many in zip(BANDS, counts, strict=True) for _ in range(many)]
    assert quartile_band(dict(zip(BANDS, counts, strict=True)), share) == people[-(-int(share * 4) * len(people) // 4) - 1]


@given(st.lists(st.none() | st.integers(2, 60).map(lambda many: 11 * many), min_size=3, max_size=3))
def test_nothing_is_said_where_a_band_is_withheld(counts: list[int | None]) -> None:
    told = quartile_band(dict(zip(BANDS, counts, strict=True)), 0.5)
    assert (told is None) == (None in counts)


def test_bands_are_told_by_group_and_who_has_no_value_is_left_out() -> None:
    bands = Dimension(name="hold_band", means="hours held", categories=(*BANDS, "not stated"))
    role = Dimension(name="role", means="who did it", categories=("one", "two"))
    plan = Plan(
        version="1",
        purpose="research",
        dimensions=(bands, role),
        tables=(Table(name="hold", counts="people", population="batch", dimensions=("role", "hold_band")),),
    )
    figures = {("one", "low"): 22, ("one", "middle"): 110, ("one", "high"): 22, ("one", "not stated"): 990, ("two", "low"): 33}
    cut = drawn_cut(plan, {Cell("hold", categories): (many, many) for categories, many in figures.items()})
    told = quartile_bands(cut)
    assert told.filter(pl.col("group_category") == "one")["band"].to_list() == ["middle", "middle", "middle"]
    assert told.filter(pl.col("group_category") == "two")["band"].to_list() == [None, None, None]
    assert set(told["group_by"]) == {"role"}
