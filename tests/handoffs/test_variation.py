"""The split of a variation: closed forms where there are any, known truths where not."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from cgt_etl.handoffs import variation


def _world(seed: int, *, site: float = 0.2, device: float = 0.1, operator: float = 0.15) -> pl.DataFrame:
    """1,200 cases at 12 sites, six types of device across sites, five operators of each site, four products."""
    rng = np.random.default_rng(seed)
    at, of = rng.integers(0, 12, 1200), rng.integers(0, 6, 1200)
    by, made = at * 5 + rng.integers(0, 5, 1200), rng.integers(0, 4, 1200)
    outcome = rng.normal(0, site, 12)[at] + rng.normal(0, device, 6)[of] + rng.normal(0, operator, 60)[by] + rng.normal(0, 0.4, 1200)
    return pl.DataFrame(
        {
            "site": [f"s{one:02d}" for one in at],
            "device": [f"d{one}" for one in of],
            "operator": [f"s{one // 5:02d} o{one % 5}" for one in by],
            "product": [f"p{one}" for one in made],
            "outcome": outcome + np.array([0.0, 0.3, -0.2, 0.1])[made],
        }
    )


def _part(found: variation.Split, name: str) -> dict[str, object]:
    return found.parts.filter(pl.col("component") == name).row(0, named=True)


@pytest.mark.parametrize("seed", range(3))
def test_one_balanced_factor_as_analysis_of_variance_has_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(0, 0.5, 8)[:, None] + rng.normal(0, 1, (8, 10))
    cases = pl.DataFrame({"site": np.repeat([f"s{one}" for one in range(8)], 10), "outcome": values.ravel()}).with_columns(
        product=pl.lit("p")
    )
    between = 10 * values.mean(axis=1).var(ddof=1)
    within = float(values.var(axis=1, ddof=1).mean())
    found = variation.split(cases, ["site"])
    spread = math.sqrt(max(0.0, (between - within) / 10))
    assert _part(found, "site")["spread"] == pytest.approx(spread, abs=2e-3)
    if spread:
        assert _part(found, "rest")["spread"] == pytest.approx(math.sqrt(within), rel=1e-3)
        shrunk = (values.mean(axis=1) - values.mean()) * spread**2 / (spread**2 + within / 10)
        assert list(found.effects["site"].values()) == pytest.approx(shrunk, abs=2e-3)


def test_crossed_and_nested_factors_are_told_apart() -> None:
    found = [variation.split(_world(seed), ["site", "device", "operator"]) for seed in range(6)]
    for name, truth in (("site", 0.2), ("device", 0.1), ("operator", 0.15), ("rest", 0.4)):
        assert math.sqrt(np.mean([_part(one, name)["spread"] ** 2 for one in found])) == pytest.approx(truth, rel=0.2)  # type: ignore[operator]
    inside = [
        _part(one, name)["low"] <= truth <= _part(one, name)["high"]  # type: ignore[operator]
        for one in found
        for name, truth in (("site", 0.2), ("device", 0.1), ("operator", 0.15))
    ]
    assert np.mean(inside) >= 0.83
    assert all(one.parts["share"].sum() == pytest.approx(1) for one in found)


def test_a_factor_without_effect_may_be_none() -> None:
    found = [_part(variation.split(_world(seed, device=0.0), ["site", "device"]), "device") for seed in range(5)]
    assert sum(one["low"] == 0 for one in found) >= 4
    assert all(one["share"] < 0.05 for one in found)  # type: ignore[operator]


def test_what_goes_together_is_said_to() -> None:
    cases = _world(1).with_columns(scale=pl.col("site") + " scale", shift=pl.lit("day"))
    parts = {row["component"]: row for row in variation.split(cases, ["site", "scale", "shift"]).parts.iter_rows(named=True)}
    assert parts["scale"]["why_not"] == "goes together with site"
    assert parts["shift"]["why_not"] == "too few levels"
    assert parts["site"]["spread"] > 0.05


def test_neither_order_nor_unit_matters() -> None:
    cases = _world(4)
    first = variation.split(cases, ["site", "operator"]).parts
    again = variation.split(
        cases.sample(fraction=1.0, shuffle=True, seed=1).with_columns(pl.col("outcome") * 60 + 5), ["site", "operator"]
    ).parts
    for name in ("spread", "low", "high"):
        one, other = first[name].drop_nulls().to_numpy(), again[name].drop_nulls().to_numpy() / 60
        assert other == pytest.approx(one, rel=0.02, abs=1e-3)


def test_what_the_best_sites_do() -> None:
    rng = np.random.default_rng(5)
    effects = {f"s{one:02d}": float(one) for one in range(12)}
    means = pl.DataFrame(
        {
            "site": list(effects),
            "hold_h": [30.0 - 2 * one + rng.normal(0, 1) for one in range(12)],
            "hour": rng.normal(12, 2, 12),
            "same_everywhere": [1.0] * 12,
            "seldom_stated": [1.0, 2.0, 3.0] + [None] * 9,
        }
    )
    found = {row["practice"]: row for row in variation.practices(effects, means, seed=1).iter_rows(named=True)}
    assert found["hold_h"]["is_found"]
    assert found["hold_h"]["best"] < found["hold_h"]["others"]
    assert not found["hour"]["is_found"]
    assert found["same_everywhere"]["p"] is None
    assert found["seldom_stated"]["p"] is None


def test_chance_is_seldom_found() -> None:
    effects = {f"s{one:02d}": float(one) for one in range(12)}
    many = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        means = pl.DataFrame({"site": list(effects), **{f"practice_{one}": rng.normal(0, 1, 12) for one in range(5)}})
        many += variation.practices(effects, means, seed=seed)["is_found"].any()
    assert many <= 6
