"""Promised against delivered: who is late, who never came, and whose promise counts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.landing import land
from cgt_etl.landing.delivery import deliveries
from cgt_etl.landing.promises import Standing, standings
from cgt_etl.orchestration import status
from tests.landing.bench import CONTRACT, GOOD, LATER, NOW, Bench

WEEKLY = "slaProperties: [{{property: frequency, value: 7, unit: d}}, {{property: latency, value: 3, unit: d}}]\n"


def _declare(bench: Bench, monkeypatch: pytest.MonkeyPatch, *, of_partner: str = "") -> None:
    monkeypatch.setattr("tests.landing.bench.CONTRACT", CONTRACT + WEEKLY)
    bench.declare()
    path = bench.root / "partners/northbench/partner.yaml"
    path.write_text(path.read_text().replace("site: main}]\nissues", f"site: main{of_partner}}}]\nissues"))


def _standing(bench: Bench, days: int) -> Standing:
    (one,) = standings(bench.registry, deliveries(bench.settings), LATER + timedelta(days=days))
    return one


def _land(bench: Bench) -> None:
    land.land(bench.settings, bench.registry, bench.binding, bench.deliver(GOOD, "sample_9.csv"), NOW)
    land.land(bench.settings, bench.registry, bench.binding, bench.deliver(GOOD + "4,00000020,1,\n", "sample_8.csv"), LATER)


def test_a_feed_is_late_once_its_days_are_full(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _declare(bench, monkeypatch)
    assert _standing(bench, 0).verdict == "never delivered"
    _land(bench)
    on_time, late = _standing(bench, 7), _standing(bench, 8)
    assert (on_time.verdict, late.verdict) == ("on time", "late")
    assert (late.last_sequence, late.age_days) == ("8", 8), "the delivery that came last, not the one that states the highest number"
    assert "northbench/sample" in late.line() and "north office" in late.line()


def test_a_partner_overrides_the_part_that_it_promises_otherwise(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _declare(bench, monkeypatch, of_partner=", every_days: 2")
    _land(bench)
    one = _standing(bench, 3)
    assert one.verdict == "late"
    assert (one.promise.every_days, one.promise.delay_days) == (2, 3)


def test_without_a_promise_nothing_is_late_and_a_refused_file_keeps_none(bench: Bench) -> None:
    land.land(bench.settings, bench.registry, bench.binding, bench.deliver(GOOD, "no_number.csv"), NOW)
    assert _standing(bench, 0).verdict == "never delivered"
    _land(bench)
    assert _standing(bench, 400).verdict == "no promise"


def test_status_counts_the_feeds_and_names_who_is_late(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _declare(bench, monkeypatch)
    _land(bench)
    said = status.lines(bench.settings, bench.registry, LATER + timedelta(days=8))
    assert "Promised:   1 feeds: 0 on time, 1 late, 0 never delivered, 0 no promise" in said
    assert any(line.startswith("  northbench/sample: late; promised every 7 d") for line in said)
    assert not any("northbench/sample: " in line for line in status.lines(bench.settings, bench.registry, LATER))


@pytest.mark.parametrize(
    ("sla", "says"),
    [
        ("{property: retention, value: 1, unit: d}", "slaProperties.0.property"),
        ("{property: frequency, value: 1, unit: h}", "slaProperties.0.unit"),
        ("{property: frequency, value: 1, unit: d, driver: operational}", "slaProperties.0.driver"),
        ("{property: latency, value: 1, unit: d}, {property: latency, value: 2, unit: d}", "`latency` is given twice"),
    ],
)
def test_a_promise_that_nobody_would_read_is_refused(bench: Bench, sla: str, says: str) -> None:
    path = bench.root / "dialects/bench/sample.odcs.yaml"
    path.write_text(path.read_text() + f"slaProperties: [{sla}]\n")
    assert says in str(Registry.load(bench.settings).unhealthy[0])
