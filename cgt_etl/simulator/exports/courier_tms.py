"""Shipments of a courier's transport management system: layout 9 of the partner layouts, upper part, one row per air waybill.

It knows air waybills, not what is in a shipment: its dispatch and receipt are of the air waybill. Times are those of the airports' clocks,
without an offset.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from cgt_etl.simulator import numbers
from cgt_etl.simulator.calendar import later, told_once
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports._shipment import extremes_c, fahrenheit
from cgt_etl.simulator.facts import Csv, DefectClass, Fact, Layout, Record, Stated
from cgt_etl.simulator.model import Journey, Shipment
from cgt_etl.simulator.parties import Network

DIALECT = "courier_tms"
COLUMNS = ("AWB", "SHIP_REF", "PU_SCHED", "PU_ACT", "ORIG", "DEST", "POD", "POD_NAME", "LOGGER_SN", "MIN_F", "MAX_F")
FEEDS: Mapping[str, Layout] = {"shipment": Csv("tms_{stamp}.csv", COLUMNS)}
AIRPORTS = {
    "America/New_York": "JFK", "America/Chicago": "ORD", "America/Denver": "DEN", "America/Phoenix": "PHX", "America/Los_Angeles": "LAX",
    "Europe/London": "LHR", "Europe/Berlin": "FRA",
}  # fmt: skip
"""Zone of a party -> the airport that it is near to, whose clock is the same."""
SIGNED = ("", "A. Fictional", "B. Invented")


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """The row of each of the journey's shipments, as picked up and as delivered."""
    for shipment in journey.shipments:
        origin, destination = (network.party(partner).zone for partner in (shipment.origin, shipment.destination))
        if origin.key in AIRPORTS and destination.key in AIRPORTS:
            yield from _of(journey, shipment, (origin, destination), draws)


def _of(journey: Journey, shipment: Shipment, zones: tuple[ZoneInfo, ZoneInfo], draws: Draws) -> Iterator[Fact]:
    picked_up, delivered = _clock(shipment.picked_up, zones[0]), _clock(shipment.delivered, zones[1])
    under_way = _row(shipment, zones, picked_up, draws)
    low, high = (f"{fahrenheit(celsius):.1f}" for celsius in extremes_c(shipment, draws))
    arrived = {**under_way, "POD": _written(delivered, draws), "POD_NAME": draws.random.choice(SIGNED), "MIN_F": low, "MAX_F": high}
    dispatch, receipt = (_stated(name, at, shipment) for name, at in (("dispatched", picked_up), ("received", delivered)))
    is_one_day = delivered.date() <= picked_up.date()
    if not is_one_day:
        yield _fact(journey, shipment, under_way, picked_up, (dispatch,), until=delivered)
    yield _fact(journey, shipment, arrived, delivered, (dispatch, receipt))


def _clock(at: datetime, zone: ZoneInfo) -> datetime:
    return told_once(at.astimezone(zone).replace(second=0, microsecond=0))


def _stated(what: str, at: datetime, shipment: Shipment) -> Stated:
    return Stated(f"shipment_{what}", None, f"{at:%Y-%m-%dT%H:%M}", numbers.utc(at), shipment.awb)


def _fact(
    journey: Journey, shipment: Shipment, record: Record, at: datetime, events: tuple[Stated, ...], *, until: datetime | None = None
) -> Fact:
    return Fact(
        partner=shipment.courier,
        feed="shipment",
        known=at.date(),
        record=record,
        key=(record["SHIP_REF"],),
        journey=journey.number,
        events=events,
        objects=(("awb", "", shipment.awb), ("logger", shipment.courier, shipment.logger)),
        until=until.date() if until else None,
        is_final=until is None,
    )


def _row(shipment: Shipment, zones: tuple[ZoneInfo, ZoneInfo], picked_up: datetime, draws: Draws) -> dict[str, str]:
    planned = told_once(later(picked_up, -0.25 * draws.random.randint(1, 8)))
    return {
        "AWB": shipment.awb if draws.chance(0.9) else shipment.awb.replace("-", ""),
        "SHIP_REF": f"SR-{int(shipment.sscc[8:17])}",
        "PU_SCHED": _written(planned, draws),
        "PU_ACT": _written(picked_up, draws),
        "ORIG": AIRPORTS[zones[0].key],
        "DEST": AIRPORTS[zones[1].key],
        "POD": "",
        "POD_NAME": "",
        "LOGGER_SN": shipment.logger,
        "MIN_F": "",
        "MAX_F": "",
    }


def _written(at: datetime, draws: Draws) -> str:
    """On a clock of 24 hours, or of twice 12."""
    return f"{at:%m/%d/%Y} {at:%H:%M}" if draws.chance(0.5) else f"{at:%m/%d/%Y} {at:%I:%M %p}"


def _cell(column: str, text: Callable[[str], str | None]) -> Callable[[Record, Draws], Record | None]:
    """A defect that changes one cell; none where `text` gives None."""

    def apply(record: Record, draws: Draws) -> Record | None:
        changed = text(record[column])
        return None if changed is None else {**record, column: changed}

    return apply


def _wrong_check(awb: str) -> str:
    return f"{awb[:-1]}{(int(awb[-1]) + 1) % 7}"


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "shipment": (
        DefectClass("no_reference", "D03", "row", None, 0.04, 0.1, _cell("SHIP_REF", lambda _: "")),
        DefectClass("wrong_air_waybill", "R03", "cell", "awb", 0.06, 0.12, _cell("AWB", _wrong_check)),
        DefectClass("foreign_date", "D02", "cell", "pickup_planned", 0.05, 0.1, _cell("PU_SCHED", lambda text: text.replace("/", "."))),
        DefectClass("words_for_a_temperature", "D02", "cell", "max_f", 0.05, 0.1, _cell("MAX_F", lambda text: "cold" if text else None)),
        DefectClass("colder_than_cold", "D07", "flag", "min_f", 0.05, 0.1, _cell("MIN_F", lambda text: "-600" if text else None)),
    ),
}
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {
    "shipment": lambda record, _draws: {**record, "POD_NAME": "C. Imagined"},
}
