"""Trends count each delivery once, in its first night, and call a feed worse only when it clearly is."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from cgt_etl.cli import cgt_etl
from cgt_etl.landing import land
from cgt_etl.landing.trends import LEAST, lines, trends
from tests.landing.bench import HEADER, NOW, Bench
from tests.landing.test_quarantine import record


def night(bench: Bench, number: int, ids: list[str], good: int, bad: int) -> list[str]:
    """Deliver `good` rows that land and `bad` that do not; the ids of everything so far, as the night's record has them."""
    rows = [f"{number}{place},00000017,1,x" for place in range(good)] + [",00000018,1,x"] * bad
    path = bench.deliver(HEADER + "".join(f"{row}\n" for row in rows), f"sample_{number}.csv", night=f"{number:04d}")
    landed = land.land(bench.settings, bench.registry, bench.binding, path, NOW).delivery
    assert landed is not None
    ids = [*ids, landed.id]
    record(bench, number, *ids)
    return ids


def test_each_delivery_counts_in_its_first_night(bench: Bench) -> None:
    assert lines(trends(bench.settings)) == ["No recorded night has had a delivery."]
    ids = night(bench, 1, [], good=9, bad=1)
    night(bench, 2, ids, good=18, bad=2)
    [one] = trends(bench.settings)
    assert [(of.night, of.units, of.set_aside, of.by_rule) for of in one.nights] == [(1, 10, 1, {"D03 row": 1}), (2, 20, 2, {"D03 row": 2})]
    assert not one.is_worse
    assert lines([one]) == ["northbench/sample  0001 1/10  0002 2/20", "  D03 row     0001 1  0002 2"]
    assert trends(bench.settings, partner="nobody") == []


@pytest.mark.parametrize(("bad", "is_worse"), [(LEAST - 1, False), (LEAST, True), (2, False)])
def test_worse_is_more_than_usual_and_more_than_a_few(bench: Bench, bad: int, is_worse: bool) -> None:
    ids = night(bench, 1, [], good=19, bad=1)
    ids = night(bench, 2, ids, good=19, bad=1)
    night(bench, 3, ids, good=20 - bad, bad=bad)
    [one] = trends(bench.settings)
    assert one.is_worse is is_worse
    assert lines([one])[0].endswith("WORSE") is is_worse


def test_a_refused_file_is_counted_apart(bench: Bench) -> None:
    ids = night(bench, 1, [], good=3, bad=0)
    path = bench.deliver("NUM;MRN\n", "sample_2.csv")
    refused = land.land(bench.settings, bench.registry, bench.binding, path, NOW).delivery
    assert refused is not None
    record(bench, 2, *ids, refused.id)
    [one] = trends(bench.settings)
    assert [(of.units, of.refused) for of in one.nights] == [(3, 0), (0, 1)]
    assert lines([one])[0].endswith("0001 0/3  0002 0/0 (files refused: 1)"), "of the night that it came in"


def test_the_command_says_it_to_people_and_machines(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    night(bench, 1, [], good=2, bad=1)
    monkeypatch.setenv("CGT_HOME", str(bench.settings.home))
    said = CliRunner().invoke(cgt_etl, ["quarantine", "trend"]).output
    assert said.startswith("northbench/sample  0001 1/3")
    [machine] = json.loads(CliRunner().invoke(cgt_etl, ["quarantine", "trend", "--json"]).output)
    assert machine["nights"][0]["share"] == pytest.approx(1 / 3)
