"""An upstream effect: within sites, pooled over sites, with an interval that few sites deserve."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from cgt_etl.handoffs import effects
from cgt_etl.simulator import handoff_world


def test_slopes_are_those_of_each_site_alone_where_there_is_one_product() -> None:
    rng = np.random.default_rng(3)
    site = np.repeat(np.arange(6), 30)
    exposure, outcome = rng.gamma(4, 5, 180), rng.normal(80, 5, 180)
    slopes, unscaled, variance = effects.site_slopes(site, np.zeros(180, dtype=int), exposure, outcome)
    lines = [stats.linregress(exposure[site == one], outcome[site == one]) for one in range(6)]
    assert slopes == pytest.approx([line.slope for line in lines])
    rest = sum(((outcome[site == one] - line.intercept - line.slope * exposure[site == one]) ** 2).sum() for one, line in enumerate(lines))
    assert variance == pytest.approx(rest / (180 - 12))
    assert np.diag(unscaled) == pytest.approx([1 / ((exposure[site == one] - exposure[site == one].mean()) ** 2).sum() for one in range(6)])


def test_slopes_and_variance_are_those_of_least_squares_with_products() -> None:
    world = handoff_world.effects(11)
    site, product = (np.unique(world.cases[name].to_numpy().astype(str), return_inverse=True)[1] for name in ("site", "product"))
    exposure, outcome = world.cases["exposure"].to_numpy(), world.cases["outcome"].to_numpy()
    slopes, _, variance = effects.site_slopes(site, product, exposure, outcome)
    design = np.hstack([np.eye(12)[site], np.eye(12)[site] * exposure[:, None], np.eye(4)[product][:, 1:]])
    whole, rest, rank, _ = np.linalg.lstsq(design, outcome, rcond=None)
    assert slopes == pytest.approx(whole[12:24])
    assert variance == pytest.approx(rest[0] / (len(outcome) - rank))


def test_pooling_as_in_the_textbook() -> None:
    """Equal variances: the mean, its t interval, and the variance of slopes less that of chance."""
    slopes = np.array([0.1, 0.4, 0.2, 0.9, 0.3])
    mean, error, spread = effects.pooled(slopes, 0.01 * np.eye(5))
    assert mean == pytest.approx(slopes.mean())
    assert error == pytest.approx(slopes.std(ddof=1) / np.sqrt(5))
    assert spread**2 == pytest.approx(slopes.var(ddof=1) - 0.01)
    assert effects.pooled(slopes, 9.0 * np.eye(5))[2] == 0


def test_confounding_by_site_moves_the_crude_slope_alone() -> None:
    found = [effects.estimate(handoff_world.effects(seed).cases) for seed in range(21, 29)]
    assert np.mean([one.estimate for one in found if one]) == pytest.approx(-0.25, abs=0.02)
    assert np.mean([one.crude for one in found if one]) < -0.28
    assert np.mean([one.between for one in found if one]) < -0.35


def test_units_and_order_of_rows() -> None:
    cases = handoff_world.effects(31).cases
    first = effects.estimate(cases)
    again = effects.estimate(cases.sample(fraction=1.0, shuffle=True, seed=2).with_columns(pl.col("exposure") * 60))
    assert first is not None
    assert again is not None
    assert (again.estimate * 60, again.low * 60, again.p) == pytest.approx((first.estimate, first.low, first.p))


def test_too_few_sites_have_no_effect_and_empty_cells_no_part() -> None:
    cases = handoff_world.effects(32).cases
    assert effects.estimate(cases.filter(pl.col("site") < "site_05")) is None
    assert effects.estimate(cases.clear()) is None
    still = cases.with_columns(exposure=pl.when(pl.col("site") == "site_01").then(24.0).otherwise("exposure"))
    found = effects.estimate(still)
    assert found is not None
    assert found.sites == 11
    holes = pl.concat([cases, cases.head(50).with_columns(outcome=pl.lit(None, dtype=pl.Float64))])
    assert effects.estimate(holes) == effects.estimate(cases)
