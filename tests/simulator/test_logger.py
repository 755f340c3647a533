"""The loggers' export: what a read-out shows of its shipment, and what high volume changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports import logger
from cgt_etl.simulator.facts import Fact
from cgt_etl.simulator.model import Shipment
from cgt_etl.simulator.world.journeys import journeys, network

SEED = 7


def _said(*, is_full: bool = False) -> Iterator[tuple[Shipment, Fact]]:
    parties = network("network", SEED)
    make = logger.full_facts if is_full else logger.facts
    for journey in journeys(parties, 40, SEED):
        yield from zip(journey.shipments, make(journey, parties, Draws.seeded(SEED, journey.number)), strict=True)


def _at(row: logger.Row) -> datetime:
    return datetime.fromisoformat(row[0])


def test_a_read_out_shows_excursion_gap_and_lid_and_nothing_else_is_warm() -> None:
    seen = set()
    for shipment, fact in _said():
        rows = fact.record["rows"]
        closed = [row for row in rows if not row[3]]
        warmest = max(float(row[1]) for row in closed)
        assert (warmest > shipment.limit_c[1]) == bool(shipment.excursion_min)
        assert not shipment.excursion_min or warmest == shipment.excursion_c
        assert len(rows) - len(closed) == (2 if shipment.lid_opened else 0)
        longest = max(_at(after) - _at(before) for before, after in pairwise(rows))
        assert longest >= timedelta(minutes=min(shipment.gap_min, 30))
        assert longest < timedelta(minutes=shipment.gap_min + 60)
        seen |= {name for name in ("excursion_min", "gap_min", "lid_opened") if getattr(shipment, name)}
    assert seen == {"excursion_min", "gap_min", "lid_opened"}


def test_no_logger_reads_one_instant_twice_and_no_two_read_outs_are_one_file() -> None:
    said = list(_said())
    assert len({shipment.logger for shipment, _ in said}) < len(said), "loggers are used again"
    instants = [(fact.record["serial"], row[0]) for _, fact in said for row in fact.record["rows"]]
    assert len(set(instants)) == len(instants)
    assert len({fact.file for _, fact in said}) == len(said)


def test_high_volume_is_a_reading_a_minute() -> None:
    for (shipment, few), (_, many) in zip(_said(), _said(is_full=True), strict=True):
        minutes = (shipment.delivered.astimezone(UTC) - shipment.packed.astimezone(UTC)).total_seconds() / 60
        assert abs(len(many.record["rows"]) - (minutes - shipment.gap_min)) < 6
        assert len(few.record["rows"]) < minutes / 30 + 6


def test_a_defect_stands_where_the_truth_says(tmp_path: Path) -> None:
    _, fact = next(_said())
    for defect in logger.DEFECTS["reading"]:
        spoiled = defect.apply(fact.record, Draws.seeded(SEED, defect.name))
        assert spoiled is not None
        layout = logger.FEEDS["reading"]
        for record, name in ((fact.record, "right.csv"), (spoiled, "wrong.csv")):
            layout.write(record, tmp_path / name)  # type: ignore[union-attr]
        right, wrong = ((tmp_path / name).read_text().splitlines() for name in ("right.csv", "wrong.csv"))
        differing = [number for number, (one, other) in enumerate(zip(right, wrong, strict=True), start=1) if one != other]
        assert differing == [layout.position(spoiled, None)]  # type: ignore[union-attr]
