"""The event log of a laboratory's nitrogen tank: layout 12 of the partner layouts, the entries that putting something away makes.

The lid is opened, which the controller writes down as an alarm, and closed again. Latin-1; units stand in the cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from cgt_etl.simulator import numbers
from cgt_etl.simulator.calendar import later, told_once
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports.processing_lab import FREEZING_H
from cgt_etl.simulator.facts import Csv, DefectClass, Fact, Layout, Record, Stated
from cgt_etl.simulator.model import Bag, Journey
from cgt_etl.simulator.parties import Network, Party

DIALECT = "ln2_tank_log"
TANK = "39567300"
UPPER, LOWER, LEVEL, STATUS = "Temp A", "Temp B", "Level", "Status"
COLUMNS = ("Date", "Time", UPPER, LOWER, LEVEL, "Usage", STATUS, "User")
FEEDS: Mapping[str, Layout] = {"reading": Csv(f"{TANK}.CSV", COLUMNS, encoding="latin-1")}
LID_OPEN = "LO"
PUT_AWAY_H, OPEN_H = 0.25, 0.1


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """The entries of the journey's frozen components being put away, in a laboratory of the blood centre's city."""
    for laboratory in network.processing_laboratories:
        if journey.blood_centre.zone == laboratory.zone:
            frozen = [bag for bag in journey.bags if bag.state == "cryopreserved" and bag.edge == "transform"]
            for place, bag in enumerate(frozen):
                # no two components are put away in one second
                second = (journey.number * 4 + place) % 60
                yield from _of(journey, laboratory, bag, second, draws)


def _of(journey: Journey, laboratory: Party, bag: Bag, second: int, draws: Draws) -> Iterator[Fact]:
    stored = later(bag.created, FREEZING_H + PUT_AWAY_H, laboratory.zone)
    opened = told_once(stored.replace(second=second, microsecond=0))
    closed = told_once(later(opened, OPEN_H).replace(second=second))
    level = draws.random.randint(190, 230)
    for at, status, upper in ((opened, LID_OPEN, draws.random.uniform(-150, -130)), (closed, "", draws.random.uniform(-189, -180))):
        local = f"{at:%Y-%m-%dT%H:%M:%S}"
        alarm = Stated("storage_alarm", None, local, numbers.utc(at), f"tank {TANK} {local}")
        record = _row(at, status, upper, level, draws)
        yield Fact(
            partner=laboratory.partner,
            feed="reading",
            known=at.date(),
            record=record,
            key=(TANK, record["Date"], record["Time"], record[STATUS]),
            journey=journey.number,
            events=(alarm,) if status == LID_OPEN else (),
        )


def _row(at: datetime, status: str, upper: float, level: int, draws: Draws) -> dict[str, str]:
    return {
        "Date": f"{at:%d/%m/%y}",
        "Time": f"{at:%H:%M:%S}",
        UPPER: f"{upper:.1f}°C",
        LOWER: f"{draws.random.uniform(-196, -192):.1f}°C",
        LEVEL: f"{level} mm",
        "Usage": "11 mm/day",
        STATUS: status,
        "User": "0",
    }


def _cell(column: str, text: Callable[[str], str]) -> Callable[[Record, Draws], Record | None]:
    return lambda record, _draws: {**record, column: text(record[column])}


def _odd_status(record: Record, draws: Draws) -> Record | None:
    return None if record[STATUS] else {**record, STATUS: "QQ"}


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "reading": (
        DefectClass("year_of_four_digits", "D02", "row", None, 0.03, 0.08, _cell("Date", lambda text: f"{text[:6]}20{text[6:]}")),
        DefectClass("no_unit", "D02", "cell", "temp_a", 0.05, 0.1, _cell(UPPER, lambda text: text.removesuffix("°C"))),
        DefectClass("inches", "D02", "cell", "level", 0.05, 0.1, _cell(LEVEL, lambda _: "8 in")),
        DefectClass("unknown_code", "D04", "cell", "status_1", 0.05, 0.1, _odd_status),
    ),
}
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {}
