"""The freezing logs of a cell-processing laboratory: layout 3 of the partner layouts, a workbook a month, a row per frozen component.

It freezes for the blood centres on its own clock. Times have no year; counts of the whole sample stand again on the row of each component.
Final sterility is entered on the sheet of the month after. A log is written on and never sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta

from cgt_etl.simulator import numbers
from cgt_etl.simulator.calendar import later, told_once
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.facts import DefectClass, Fact, Layout, Record, Sheet, Stated
from cgt_etl.simulator.model import Bag, Journey
from cgt_etl.simulator.parties import Network, Party

DIALECT = "processing_lab"
SAMPLE, COMPONENT, RECEIVED, START, STOP = "Sample", "DIN/Comp", "Rec'd", "Freeze start", "Freeze stop"
HAEMATOCRIT, DMSO, STERILITY = "Hct", "DMSO final", "Steril"
COLUMNS = (
    SAMPLE, COMPONENT, RECEIVED, "Vol", "TNC (x10^10)", "Viab", "Viab method", "CD3/CD45 %", "CD14 %", "CD56+CD3- %", HAEMATOCRIT, DMSO,
    "Bag 1 mL", "Bag 2 mL", "Bag 3 mL", START, STOP, "CRF prog", "Tank/Canister/Slot", STERILITY,
)  # fmt: skip
FEEDS: Mapping[str, Layout] = {"cryo": Sheet("Cryo_log_{day:%Y%m}_{day:%b}.xlsx", "{day:%b}", COLUMNS)}
TWO_BAGS_ML = 60
"""A larger component is frozen in two bags."""
FREEZING_H = 1.25
MISCOUNTED = 0.5
"""What the laboratory counts of the nucleated cells where its count and the collector's do not match."""
FINAL_AFTER = timedelta(days=14)


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """The rows of the journey's frozen components: as frozen, and with the final result of sterility."""
    bags = {bag.key: bag for bag in journey.bags}
    for laboratory in network.processing_laboratories:
        if journey.blood_centre.zone != laboratory.zone:
            continue
        for bag in journey.bags:
            if bag.state == "cryopreserved" and bag.edge == "transform":
                yield from _of(journey, laboratory, bag, _whole(bag, bags), Draws.seeded(draws.random.getrandbits(64)))


def _whole(bag: Bag, bags: Mapping[str, Bag]) -> Bag:
    """The sample of which the component is all or a part."""
    fresh = bags[bag.made_from[0]]
    return bags[fresh.made_from[0]] if fresh.edge == "split" else fresh


def _of(journey: Journey, laboratory: Party, bag: Bag, whole: Bag, draws: Draws) -> Iterator[Fact]:
    start = _read(bag.created, laboratory)
    stop = _read(later(start, FREEZING_H), laboratory)
    row = _row(journey, bag, whole, (start, stop), draws)
    entered = max(start.date() + FINAL_AFTER, _month_after(start.date()))
    for sterility, known, until in (("NGTD", stop.date(), entered), ("NG14", entered, None)):
        yield Fact(
            partner=laboratory.partner,
            feed="cryo",
            known=known,
            record={**row, STERILITY: sterility},
            key=(str(row[SAMPLE]), bag.din, bag.division),
            journey=journey.number,
            events=tuple(
                Stated(name, None, f"{at:%Y-%m-%dT%H:%M}", numbers.utc(at), f"{bag.din}/{bag.division}")
                for name, at in (("cryopreservation_started", start), ("cryopreservation_completed", stop))
            ),
            objects=(("din", "", bag.din),),
            until=until,
            is_final=False,
            dated=known,
        )


def _read(at: datetime, laboratory: Party) -> datetime:
    """On the laboratory's clock; in the night on which an hour comes twice nothing is begun in it."""
    return told_once(at.astimezone(laboratory.zone).replace(second=0, microsecond=0))


def _month_after(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _row(journey: Journey, bag: Bag, whole: Bag, times: tuple[datetime, datetime], draws: Draws) -> dict[str, str | float]:
    run = journey.collections[0]
    of_whole = Draws.seeded("sample", whole.key, run.din).random  # one count, written on the row of each component
    is_divided = bag.division != "00"
    bags = 2 if bag.volume_ml > TWO_BAGS_ML else 1
    volume = round(bag.volume_ml / bags, 1)
    hct, place = round(of_whole.uniform(2, 6), 1), draws.random.randrange(1, 400)
    received, is_written = _before(times[0], of_whole.randint(5, 25)), of_whole.random() < 0.85
    return {
        SAMPLE: f"P-{journey.number:05d}{whole.din[-2:]}",
        COMPONENT: f"{bag.din}-{bag.division}" if is_divided else bag.din,
        RECEIVED: _clock(received) if is_written else "",
        "Vol": round(whole.volume_ml),
        "TNC (x10^10)": round(whole.tnc_e9 * (MISCOUNTED if _is_miscounted(journey, bag) else 1) / 10, 2),
        "Viab": round(run.viability),
        "Viab method": of_whole.choice(("7AAD", "7AAD", "7AAD", "TB")),
        "CD3/CD45 %": round(min(99.0, whole.cd3_e6 / whole.tnc_e9 / 10)),
        "CD14 %": round(run.cd14_pct),
        "CD56+CD3- %": round(of_whole.uniform(6, 15)),
        HAEMATOCRIT: f"{hct:g} %" if draws.chance(0.3) else hct,
        DMSO: draws.random.choice(("CS10", "CS10", 10, "1:1 w/20%")),
        "Bag 1 mL": volume,
        "Bag 2 mL": volume if bags == 2 else draws.random.choice(("-", "")),
        "Bag 3 mL": draws.random.choice(("-", "")),
        START: _clock(times[0]),
        STOP: _clock(times[1]),
        "CRF prog": "P7",
        "Tank/Canister/Slot": f"T{place % 4 + 1}/C{place % 9 + 1}/{place}",
        STERILITY: "",
    }


def _is_miscounted(journey: Journey, bag: Bag) -> bool:
    return any(one.code == "H05" and one.fault == "count_mismatch" and bag.din in one.objects for one in journey.handoffs)


def _before(at: datetime, minutes: int) -> datetime:
    earlier = later(at, -minutes / 60)
    return at if told_once(earlier) != earlier else earlier


def _clock(at: datetime) -> str:
    """`2 Nov 13:10`."""
    return f"{at.day} {at:%b %H:%M}"


def _cell(column: str, value: str) -> Callable[[Record, Draws], Record | None]:
    return lambda record, _draws: {**record, column: value}


def _wrong_donation(record: Record, draws: Draws) -> Record | None:
    din, dash, division = record[COMPONENT].partition("-")
    return {**record, COMPONENT: f"{numbers.with_wrong_check(din)}{dash}{division}"}


def _fraction(record: Record, draws: Draws) -> Record | None:
    return {**record, HAEMATOCRIT: round(float(str(record[HAEMATOCRIT]).rstrip(" %")) / 100, 3)}


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "cryo": (
        DefectClass("wrong_check_character", "R01", "row", None, 0.04, 0.1, _wrong_donation),
        DefectClass("no_sample", "D03", "row", None, 0.03, 0.08, _cell(SAMPLE, "")),
        DefectClass("fraction_for_a_percentage", "D07", "flag", "hct_pct", 0.05, 0.12, _fraction),
        DefectClass("unknown_medium", "D04", "cell", "dmso", 0.04, 0.1, _cell(DMSO, "a bit")),
        DefectClass("unknown_sterility", "D04", "cell", "sterility", 0.04, 0.1, _cell(STERILITY, "pending?")),
        DefectClass("impossible_time_of_receipt", "D02", "cell", "received", 0.04, 0.1, _cell(RECEIVED, "30 Feb 10:00")),
    ),
}
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {}
