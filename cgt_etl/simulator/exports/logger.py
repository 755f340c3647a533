"""Temperature loggers of a courier's shippers: layout 9 of the partner layouts, one file for each shipment, read out at receipt.

A labelled head, then a table of readings. Half-hourly; every minute where the high-volume feeds are on. What the readings must show is in
the truth's shipments: an excursion in transit, minutes without readings, a lid opened at receipt, which is no excursion.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from cgt_etl.simulator.delivery import csv_line
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.facts import DefectClass, Fact, Layout, Own, Record
from cgt_etl.simulator.model import Journey, Shipment
from cgt_etl.simulator.parties import Network

HEADER = ("Time", "Ch1(C)", "Ch2(C)", "Event")
HEAD_LINES = 3
USUAL_MIN, FULL_RATE_MIN = 30, 1
LID_OPEN = "LID OPEN"
LID_OPEN_MIN = 5
"""From the first reading with the lid open to the last."""
SENTINEL = "-999"
Row = tuple[str, ...]
"""Time, both probes, event, as written."""


def write(record: Record, path: Path) -> None:
    """Write one read-out."""
    lines = [("Serial Number", record["serial"]), ("Start", record["start"], "UTC"), HEADER, *record["rows"]]
    path.write_text("".join(f"{csv_line(list(cells), ',')}\n" for cells in lines), encoding="utf-8", newline="")


def _position(record: Record, _column: str | None) -> int:
    return HEAD_LINES + 1 + int(record["spoiled"])


DIALECT = "courier_logger"
FEEDS: Mapping[str, Layout] = {"reading": Own(write, position=_position, units=lambda record: len(record["rows"]))}


def facts(journey: Journey, _network: Network, draws: Draws) -> Iterator[Fact]:
    """A read-out of the logger of each of a journey's shipments, half-hourly readings."""
    return _facts(journey, draws, USUAL_MIN)


def full_facts(journey: Journey, _network: Network, draws: Draws) -> Iterator[Fact]:
    """The same, with a reading every minute."""
    return _facts(journey, draws, FULL_RATE_MIN)


def _facts(journey: Journey, draws: Draws, every_min: int) -> Iterator[Fact]:
    seed = draws.random.getrandbits(64)
    for shipment in journey.shipments:
        readings = list(_readings(shipment, every_min, Draws.seeded(seed, shipment.logger_seed)))
        start, end = readings[0][0], readings[-1][0]
        yield Fact(
            partner=shipment.courier,
            feed="reading",
            known=shipment.delivered.date(),
            record={
                "serial": shipment.logger,
                "start": _clock(start),
                "rows": tuple((_clock(at), *cells) for at, *cells in readings),
                "spoiled": 0,
            },
            key=(shipment.logger, _clock(start)),
            journey=journey.number,
            objects=(("logger", shipment.courier, shipment.logger),),
            file=f"logger_{shipment.logger}_{end + timedelta(minutes=1):%Y%m%d%H%M}.csv",
        )


def _readings(shipment: Shipment, every_min: int, draws: Draws) -> Iterator[tuple[datetime, str, str, str]]:
    """Instant in UTC, both probes, event; a logger that finds itself warm, or its lid open, reads beside its interval."""
    first, last = _whole_minute(shipment.packed), _whole_minute(shipment.delivered)
    transit_min = int((last - first).total_seconds() // 60)
    low, high = shipment.limit_c
    usual_c, spread_c = (-190.0, 2.0) if shipment.is_frozen else ((low + high) / 2, (high - low) / 8)
    warm_from = first + timedelta(minutes=transit_min // 2)
    warm_until = warm_from + timedelta(minutes=shipment.excursion_min)
    gap_from = first + timedelta(minutes=transit_min // 5)
    gap_until = gap_from + timedelta(minutes=shipment.gap_min)
    at = {first + timedelta(minutes=passed) for passed in range(0, transit_min + 1, every_min)}
    at = {one for one in at if not gap_from < one < gap_until}
    if shipment.excursion_min:
        at |= {warm_from, warm_until}
    lid_open = _whole_minute(shipment.lid_opened) if shipment.lid_opened else None
    lid_closed = lid_open + timedelta(minutes=LID_OPEN_MIN) if lid_open else None
    at |= {one for one in (lid_open, lid_closed) if one}
    for one in sorted(at):
        probes = [draws.random.uniform(usual_c - spread_c, usual_c + spread_c) for _ in HEADER[1:3]]
        is_open = lid_open is not None and one >= lid_open
        if shipment.excursion_min and warm_from <= one <= warm_until:
            probes = [shipment.excursion_c, max(shipment.excursion_c - 1, high + 0.1)]
        elif is_open:
            probes = [high + draws.random.uniform(0.5, 3), high + draws.random.uniform(-2, 0.5)]
        yield (one, f"{probes[0]:.1f}", f"{probes[1]:.1f}", LID_OPEN if is_open else "")


def _whole_minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None, second=0, microsecond=0)


def _clock(at: datetime) -> str:
    return at.isoformat(sep=" ", timespec="seconds")


def _spoil(change: Callable[[Row], Row], record: Record, draws: Draws) -> Record | None:
    """The record with one row changed, which is none of the last ones: a lid is open there."""
    rows = list(record["rows"])
    place = draws.random.randrange(max(len(rows) - 4, 1))
    rows[place] = change(rows[place])
    return {**record, "rows": tuple(rows), "spoiled": place}


def _cell(place: int, text: str) -> Callable[[Record, Draws], Record | None]:
    return partial(_spoil, lambda row: (*row[:place], text, *row[place + 1 :]))


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "reading": (
        DefectClass("sentinel", "R61", "flag", None, 0.15, 0.3, _cell(2, SENTINEL), at_door=False),
        DefectClass("unknown_event", "D04", "cell", "logger_event", 0.03, 0.08, _cell(3, "TILT")),
        DefectClass("words_for_a_temperature", "R39", "cell", "channel_1", 0.03, 0.08, _cell(1, "cold")),
        DefectClass("no_readable_time", "D02", "row", None, 0.02, 0.06, _cell(0, "yesterday")),
        DefectClass("field_missing", "D01", "row", None, 0.02, 0.06, partial(_spoil, lambda row: row[:3])),
    )
}
"""Shares are of files; one reading in each."""
