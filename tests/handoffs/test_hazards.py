"""Time to infusion: the likelihood by its definition, lifelines on the same cases, and what a world with a known factor shows."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import optimize

from cgt_etl.handoffs import hazards
from cgt_etl.settings import REPOSITORY
from cgt_etl.simulator import handoff_world

ORACLE = REPOSITORY / ".venv-oracle" / "bin" / "python"


def few_cases(seed: int = 5, sites: int = 6, of_each: int = 40) -> pl.DataFrame:
    """Whole days with many ties, two products, drop-outs and censored cases."""
    rng = np.random.default_rng(seed)
    many = sites * of_each
    exposure = rng.uniform(0, 40, many)
    days = np.floor(20 * rng.exponential(1, many) * np.exp(0.02 * exposure))
    names = {"site": [f"s{number % sites}" for number in range(many)], "product": rng.choice(["a", "b"], many)}
    return pl.DataFrame({**names, "exposure": exposure, "days": days, "event": rng.choice([0, 1, 1, 1, 2], many)})


def by_definition(cases: pl.DataFrame, slopes: np.ndarray, product: float) -> float:
    """Efron's log partial likelihood, risk set by risk set."""
    total = 0.0
    for number, site in enumerate(sorted(set(cases["site"]))):
        here = cases.filter(site=site).to_dicts()
        linear = [slopes[number] * row["exposure"] + product * (row["product"] == "b") for row in here]
        for day in {row["days"] for row in here if row["event"] == 1}:
            at_risk = sum(math.exp(value) for row, value in zip(here, linear, strict=True) if row["days"] >= day)
            tied = [value for row, value in zip(here, linear, strict=True) if row["days"] == day and row["event"] == 1]
            for place in range(len(tied)):
                total -= math.log(at_risk - place / len(tied) * sum(math.exp(value) for value in tied))
            total += sum(tied)
    return total


def test_the_fit_is_the_maximum_of_the_likelihood_and_its_covariance_the_curvature_there() -> None:
    cases = few_cases(sites=5, of_each=25)
    fitted = hazards.fit(cases)
    assert fitted is not None
    product = optimize.minimize_scalar(lambda value: -by_definition(cases, fitted.slopes, value), bracket=(-0.5, 0.5)).x
    best = by_definition(cases, fitted.slopes, product)
    for step in 0.0005 * np.vstack([np.eye(5), -np.eye(5)]):
        assert by_definition(cases, fitted.slopes + step, product) < best
    apart = 1e-3
    at = np.append(fitted.slopes, product)
    steps = apart * np.diag([*[1.0] * 5, 10.0])

    def value(moved: np.ndarray) -> float:
        return by_definition(cases, moved[:5], moved[5])

    curve = np.array([[value(at + i + j) - value(at + i - j) - value(at - i + j) + value(at - i - j) for j in steps] for i in steps]) / (
        4 * np.outer(np.diag(steps), np.diag(steps))
    )
    assert fitted.covariance == pytest.approx(np.linalg.inv(-curve)[:5, :5], rel=2e-2, abs=1e-6)


@pytest.mark.slow
def test_slopes_and_covariance_are_those_of_lifelines(tmp_path: Path) -> None:
    """In an environment of its own: lifelines wants an older pandas."""
    if not ORACLE.exists():
        pytest.skip("there is no .venv-oracle; `make test` makes it")
    cases = handoff_world.infusions(41).cases
    cases = cases.filter((pl.col("event") == 2).sum().over("site") >= hazards.LEAST_EVENTS)
    cases.write_csv(tmp_path / "cases.csv")
    script = REPOSITORY / "tests" / "oracles" / "hazards.py"
    done = subprocess.run([ORACLE, script, tmp_path / "cases.csv"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for kind, said in json.loads(done.stdout).items():
        fitted = hazards.fit(cases, int(kind))
        assert fitted is not None
        assert fitted.slopes == pytest.approx(said["slopes"], abs=1e-6)
        assert fitted.covariance == pytest.approx(np.array(said["covariance"]), abs=1e-7)
        assert fitted.crude == pytest.approx(said["crude"], abs=1e-6)


def test_confounding_by_site_and_product_moves_the_unadjusted_ratio_alone() -> None:
    found = [hazards.estimate(handoff_world.infusions(seed).cases) for seed in range(21, 29)]
    assert np.mean([math.log(one.ratio) for one in found if one]) == pytest.approx(-0.03, abs=0.004)
    assert np.mean([math.log(one.crude) for one in found if one]) < -0.035


def test_drop_outs_and_those_still_waiting_are_neither_left_out_nor_counted_as_infused() -> None:
    """Hold makes drop-out likelier and infusion later: of the infused alone, the long-held are the quick ones."""
    worlds = [handoff_world.infusions(seed, slope_spread=0).cases for seed in range(51, 57)]
    dropped = [hazards.estimate(cases, kind=2) for cases in worlds]
    assert np.mean([math.log(one.ratio) for one in dropped if one]) == pytest.approx(0.02, abs=0.01)
    alone = [hazards.estimate(cases.filter(pl.col("event") == 1)) for cases in worlds]
    assert np.mean([math.log(one.ratio) for one in alone if one]) > -0.027


def test_units_and_order_of_rows() -> None:
    cases = few_cases()
    first = hazards.estimate(cases)
    again = hazards.estimate(cases.sample(fraction=1.0, shuffle=True, seed=2).with_columns(pl.col("exposure") * 60, pl.col("days") * 24))
    assert first is not None
    assert again is not None
    assert (again.ratio**60, again.low**60, again.p, again.crude**60) == pytest.approx((first.ratio, first.low, first.p, first.crude))


def test_what_has_no_slope_is_left_out() -> None:
    cases = few_cases()
    assert hazards.estimate(cases.filter(pl.col("site") < "s4")) is None
    assert hazards.estimate(cases.clear()) is None
    still = hazards.estimate(cases.with_columns(exposure=pl.when(pl.col("site") == "s0").then(24.0).otherwise("exposure")))
    sorted_by_hold = hazards.estimate(
        cases.with_columns(exposure=pl.when(pl.col("site") == "s0").then(-pl.col("days")).otherwise("exposure"))
    )
    nobody = hazards.estimate(cases.with_columns(event=pl.when(pl.col("site") == "s0").then(0).otherwise("event")))
    assert [one and one.sites for one in (still, sorted_by_hold, nobody)] == [5, 5, 5]
    with_unseen = pl.concat([cases, cases.head(30).with_columns(product=pl.lit("c"), event=pl.lit(0))], how="vertical_relaxed")
    assert hazards.estimate(with_unseen) == hazards.estimate(cases)


def test_refuses_what_is_no_time() -> None:
    for days in (-1.0, math.nan):
        with pytest.raises(ValueError, match="from zero on"):
            hazards.estimate(few_cases().with_columns(days=pl.lit(days)))
