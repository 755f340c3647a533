"""Sites against their peers: who is found, how large, and what is never found."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from cgt_etl.handoffs import told
from cgt_etl.handoffs.peers import compare, discoveries
from cgt_etl.simulator.handoff_world import bottlenecks


def _verdicts(compared: pl.DataFrame) -> dict[tuple[str, str], str]:
    return {(transition, site): verdict for transition, site, verdict in compared.select("transition", "site", "verdict").iter_rows()}


def test_finds_what_was_injected_and_says_how_large() -> None:
    world = bottlenecks(5001, delay=0.8)
    compared = compare(world.cases)
    found = {place for place, verdict in _verdicts(compared).items() if verdict == "bottleneck"}
    assert len(found & world.injected) >= 5
    assert len(found - world.injected) <= 1
    true = compared.filter(pl.struct("transition", "site").map_elements(lambda at: tuple(at.values()) in world.injected, pl.Boolean))
    assert true["excess"].mean() == pytest.approx(0.8, abs=0.25)
    assert (compared["excess_low"] < compared["excess"]).all()
    assert (compared["excess"] < compared["excess_high"]).all()


def test_case_mix_is_no_bottleneck() -> None:
    """A site that makes only the slow product is slow, and no slower than its peers."""
    rng = np.random.default_rng(7)
    rows = []
    for number in range(8):
        for product, hours, share in (("slow", 300.0, 1.0 if number == 0 else 0.1), ("fast", 100.0, 0.0 if number == 0 else 0.9)):
            many = round(200 * share)
            spent = hours * np.exp(rng.normal(0, 0.4, many))
            rows.append(pl.DataFrame({"site": [f"s{number}"] * many, "product": [product] * many, "hours": spent}))
    compared = compare(pl.concat([row for row in rows if len(row)]).with_columns(transition=pl.lit("H11")))
    at = compared.filter(pl.col("site") == "s0").to_dicts()[0]
    assert at["hours"] > 2 * compared["hours"].median()
    assert at["verdict"] == "within"
    assert abs(at["excess"]) < 0.3


def test_neither_order_of_rows_nor_unit_of_time_changes_a_verdict() -> None:
    cases = bottlenecks(5002).cases
    first = compare(cases)
    assert _verdicts(compare(cases.sample(fraction=1.0, shuffle=True, seed=3))) == _verdicts(first)
    longer = compare(cases.with_columns(pl.col("hours") * 24))
    assert _verdicts(longer) == _verdicts(first)
    assert longer.sort("transition", "site")["recoverable_hours"].to_numpy() == pytest.approx(
        24 * first.sort("transition", "site")["recoverable_hours"].to_numpy(), rel=1e-6
    )


def test_small_numbers_and_lonely_sites_are_said_to_be_so() -> None:
    cases = bottlenecks(5003, injected=0).cases
    one = cases.filter((pl.col("transition") == "H05") & (pl.col("site") == "site_01")).head(19)
    rest = cases.filter((pl.col("transition") == "H05") & (pl.col("site") != "site_01"))
    alone = cases.filter((pl.col("transition") == "H08") & pl.col("site").is_in(["site_01", "site_02"]))
    verdicts = _verdicts(compare(pl.concat([one, rest, alone])))
    assert verdicts["H05", "site_01"] == "too small"
    assert verdicts["H08", "site_02"] == "no peers"
    stranger = rest.with_columns(product=pl.when(pl.col("site") == "site_02").then(pl.lit("its own")).otherwise("product"))
    assert _verdicts(compare(stranger))["H05", "site_02"] == "no peers"


def test_no_cases_no_verdicts_and_impossible_hours_are_refused() -> None:
    cases = bottlenecks(5003, injected=0).cases
    assert compare(cases.clear()).height == 0
    with pytest.raises(ValueError, match="below zero"):
        compare(cases.with_columns(hours=-pl.col("hours")))


def test_false_discovery_rate_as_scipy_has_it() -> None:
    rng = np.random.default_rng(1)
    for size in (1, 5, 60):
        p = rng.random(size) ** 4
        assert (discoveries(p, 0.05) == (stats.false_discovery_control(p, method="bh") <= 0.05)).all()
    assert not discoveries(np.array([]), 0.05).size


def test_a_finding_is_told_once_again_when_it_changed_and_its_end_once() -> None:
    found = {"transition": "H05", "site": "site_01", "excess": 0.8, "excess_low": 0.6, "excess_high": 1.0, "verdict": "bottleneck"}

    def snapshot(state: pl.DataFrame, name: str, **now: object) -> tuple[list[str], pl.DataFrame]:
        news, after = told.tell(pl.DataFrame([found | now]), state, name)
        return news["news"].to_list(), after

    said, state = snapshot(told.nothing(), "Q1")
    assert said == ["new"]
    said, state = snapshot(state, "Q2", excess=0.75)
    assert said == []
    said, state = snapshot(state, "Q3", excess=0.3, excess_low=0.2, excess_high=0.4, verdict="within")
    assert said == [], "not found any more, and not shown to be over"
    said, state = snapshot(state, "Q4", excess=2.0, excess_low=1.5, excess_high=2.5)
    assert said == ["changed"]
    assert state["told"].to_list() == ["Q4"]
    said, state = snapshot(state, "Q5", excess=0.0, excess_low=-0.1, excess_high=0.1, verdict="within")
    assert said == ["over"]
    assert state.height == 0
    assert snapshot(state, "Q6")[0] == ["new"]


def test_a_wider_margin_finds_less() -> None:
    world = bottlenecks(5001, delay=0.8)
    assert compare(world.cases, margin=0.15).filter(verdict="bottleneck").height >= 5
    assert compare(world.cases, margin=1.5).filter(verdict="bottleneck").height == 0


def test_where_sites_differ_much_anyway_a_slow_one_is_no_bottleneck() -> None:
    """Each of these sites is surely slower or faster than its peers by more than the margin; none stands out among them."""
    rng = np.random.default_rng(8)
    transitions, sites, many = 6, 12, 150
    pace = rng.normal(0, 0.3, (transitions, sites, 1))
    hours = 30 * np.exp(pace + rng.normal(0, 0.4, (transitions, sites, many)))
    cases = pl.DataFrame(
        {
            "transition": np.repeat([f"T{number}" for number in range(transitions)], sites * many),
            "site": np.tile(np.repeat([f"s{number:02d}" for number in range(sites)], many), transitions),
            "product": ["p"] * hours.size,
            "hours": hours.ravel(),
        }
    )
    compared = compare(cases)
    assert compared.filter(pl.col("excess_low") > 0.15).height > 10
    assert compared.filter(verdict="bottleneck").height <= 1
