"""Verdicts on actions: each of the four, and what must not move them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from cgt_etl.handoffs.actions import Action, judge

START = 100.0


def _world(change: float, *, sites: int = 25, each: int = 60, seed: int = 1, trend: float = 0.0, spell: float = 0.0) -> pl.DataFrame:
    """Sites with `each` cases over 200 days; at s00 hours change from `START` on, all follow a trend, s00 has a bad spell before."""
    rng = np.random.default_rng(seed)
    at = rng.uniform(0, 200, (sites, each))
    hours = 30 * np.exp(rng.normal(0, 0.1, (sites, 1)) + rng.normal(0, 0.4, (sites, each)) + trend * (at >= START))
    hours[0] *= np.where(at[0] >= START, 1 + change, np.where(at[0] > START - 60, 1 + spell, 1))
    names = np.repeat([f"s{number:02d}" for number in range(sites)], each)
    return pl.DataFrame({"site": names, "product": ["p"] * (sites * each), "at": at.ravel(), "hours": hours.ravel()})


ACTION = Action("s00", START, -0.4)


def test_each_verdict() -> None:
    assert judge(_world(-0.5), ACTION, []).verdict == "worked"
    assert judge(_world(0.0, seed=2), ACTION, []).verdict == "no effect"
    assert judge(_world(0.9), ACTION, []).verdict == "worse"
    assert judge(_world(-0.5).filter((pl.col("site") != "s00") | (pl.col("at") < 110)), ACTION, []).verdict == "not enough data"
    assert judge(_world(-0.5, sites=15), ACTION, []).verdict == "not enough data"
    assert judge(_world(-0.5), Action("nobody", START, -0.4), []).verdict == "not enough data"


def test_what_happens_to_everybody_is_no_effect() -> None:
    assert judge(_world(0.0, seed=2, trend=-0.7), ACTION, []).verdict == "no effect"


def test_says_how_much_it_changed() -> None:
    found = [judge(_world(-0.4, seed=seed), ACTION, []) for seed in range(20)]
    changes = [one.change for one in found if one.change is not None]
    assert np.mean(np.log1p(changes)) == pytest.approx(np.log(0.6), abs=0.1)
    assert sum(one.low <= -0.4 <= one.high for one in found if one.low is not None and one.high is not None) >= 17


def test_the_end_of_a_bad_spell_is_no_success() -> None:
    verdicts = [judge(_world(0.0, seed=seed, spell=0.3), ACTION, []).verdict for seed in range(30)]
    assert verdicts.count("worked") <= 3


def test_a_site_that_acts_later_is_a_comparator_until_then() -> None:
    """After their own start the others are fast too; were those cases kept, the action would seem to do nothing."""
    cases = _world(-0.5, each=120)
    later = [Action(f"s{number:02d}", 160.0, -0.4) for number in range(1, 25)]
    all_fast = cases.with_columns(hours=pl.when((pl.col("at") >= 160) & (pl.col("site") != "s00")).then(1.0).otherwise("hours"))
    assert judge(all_fast, ACTION, later) == judge(cases.filter((pl.col("at") < 160) | (pl.col("site") == "s00")), ACTION, [])


def test_order_of_rows_and_unit_of_hours_do_not_matter() -> None:
    cases = _world(-0.3)
    first = judge(cases, ACTION, [])
    again = judge(cases.sample(fraction=1.0, shuffle=True, seed=5).with_columns(pl.col("hours") * 60), ACTION, [])
    assert again.verdict == first.verdict
    assert again.change == pytest.approx(first.change)
    assert again.p == first.p
