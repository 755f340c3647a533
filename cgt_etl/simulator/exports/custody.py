"""A courier's custody records: one row for each delivered shipment, with the word of origin, courier and consignee on one form.

What they agree in is the world's: qualified hold, limits, minutes outside them, seals, papers. Where the world has a broken seal or a
missing paper, one of them says so; where it has an excursion, the courier's sum does. A lid opened at receipt has minutes of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime

from cgt_etl.simulator import numbers
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports.logger import LID_OPEN_MIN
from cgt_etl.simulator.facts import Csv, DefectClass, Fact, Layout, Record
from cgt_etl.simulator.model import Handoff, Journey, Shipment
from cgt_etl.simulator.parties import Network

DIALECT = "courier_custody"
TAKING, GIVING = ("WAYBILL", "CUSTODY", "INVOICE", "NOXRAY"), ("CUSTODY", "POD", "LOGGER", "PRODUCT")
"""Papers that the form lists at pick-up, and at delivery."""
PAPERS = {
    "H07": TAKING, "H13": ("WAYBILL", "CUSTODY"), "H08": ("POD", "LOGGER"), "H14": ("POD", "LOGGER", "CUSTODY"), "H18": ("PRODUCT",),
    "H19": ("PRODUCT",), "H20": ("PRODUCT",),
}  # fmt: skip
"""Kind of handoff -> the papers that `handoffs.csv` asks for."""
COLUMNS = (
    "SHIP_REF", "SSCC", "SHIPPER_SN", "PACKED_UTC", "HOLD_H", "LOW_C", "HIGH_C", "OUT_MIN", "LID_MIN", "PK_SEAL", "PU_SEAL",
    "PU_SEAL_STATE", "RC_SEAL", "RC_SEAL_STATE", "RECEIVED_UTC", "RECEIVED_BY",
    *(f"{station}_{paper}" for station in ("PK", "PU") for paper in TAKING),
    *(f"{station}_{paper}" for station in ("DL", "RC") for paper in GIVING),
)  # fmt: skip
FEEDS: Mapping[str, Layout] = {"custody": Csv("custody_{stamp}.csv", COLUMNS)}
WHOLE, BROKEN = "INTACT", "BROKEN"
BESIDE = 0.8
"""Share of the papers that a kind of handoff does not need which come along all the same."""


def facts(journey: Journey, _network: Network, draws: Draws) -> Iterator[Fact]:
    """The record of each of the journey's shipments, complete at its delivery."""
    for shipment in journey.shipments:
        given, taken = _legs(journey, shipment)
        yield Fact(
            partner=shipment.courier,
            feed="custody",
            known=shipment.delivered.date(),
            record=_record(shipment, given, taken, draws),
            key=(_reference(shipment),),
            journey=journey.number,
            objects=(("sscc", "", shipment.sscc),),
        )


def _legs(journey: Journey, shipment: Shipment) -> tuple[Handoff, Handoff]:
    """To the courier, and by it."""
    mine = [one for one in journey.handoffs if one.objects == shipment.contents]
    to_courier = next(one for one in mine if one.receiver == shipment.courier and one.sent == shipment.packed)
    return to_courier, next(one for one in mine if one.sender == shipment.courier and one.sent == shipment.picked_up)


def _reference(shipment: Shipment) -> str:
    return f"CR-{int(shipment.sscc[8:17])}"


def _instant(at: datetime) -> str:
    return f"{numbers.utc(at)}Z"


def _record(shipment: Shipment, to_courier: Handoff, by_courier: Handoff, draws: Draws) -> Record:
    """By column; under `needed`, which no file has, the columns of the papers that a taker must have."""
    seal = f"SL{int(shipment.sscc[8:17]):06d}{draws.random.randrange(100):02d}"
    is_other = draws.chance(0.5)
    is_broken = by_courier.fault == "seal_broken"
    papers = {**_papers(to_courier, ("PK", "PU"), TAKING, draws), **_papers(by_courier, ("DL", "RC"), GIVING, draws)}
    return {
        "SHIP_REF": _reference(shipment),
        "SSCC": shipment.sscc,
        "SHIPPER_SN": shipment.shipper,
        "PACKED_UTC": _instant(shipment.packed),
        "HOLD_H": f"{shipment.hold_days * 24:.0f}",
        "LOW_C": f"{shipment.limit_c[0]:.0f}",
        "HIGH_C": f"{shipment.limit_c[1]:.0f}",
        "OUT_MIN": str(shipment.excursion_min),
        "LID_MIN": str(LID_OPEN_MIN if shipment.lid_opened else 0),
        "PK_SEAL": seal,
        "PU_SEAL": seal,
        "PU_SEAL_STATE": WHOLE,
        "RC_SEAL": _other_seal(draws) if is_broken and is_other else seal,
        "RC_SEAL_STATE": BROKEN if is_broken and not is_other else WHOLE,
        "RECEIVED_UTC": _instant(shipment.delivered),
        "RECEIVED_BY": "A. Fictional",
        **papers,
        "needed": tuple(f"{station}_{paper}" for station, leg in (("PU", to_courier), ("RC", by_courier)) for paper in PAPERS[leg.code]),
    }


def _papers(leg: Handoff, stations: tuple[str, str], listed: tuple[str, ...], draws: Draws) -> Record:
    """What giver and taker tick; of a missing paper the giver may know."""
    missing = draws.random.choice(PAPERS[leg.code])
    is_known = draws.chance(0.5)
    is_short = leg.fault == "papers_missing"
    ticked: dict[str, str] = {}
    for paper in listed:
        has = paper in PAPERS[leg.code] or draws.chance(BESIDE)
        is_taken = has and not (is_short and paper == missing)
        is_given = is_taken or (has and not is_known)
        ticked |= {f"{station}_{paper}": "Y" if has_it else "N" for station, has_it in zip(stations, (is_given, is_taken), strict=True)}
    return ticked


def _other_seal(draws: Draws) -> str:
    return f"SX{draws.random.randrange(10**8):08d}"


def _cell(column: str, text: Callable[[Record, Draws], str | None]) -> Callable[[Record, Draws], Record | None]:
    """A defect that changes one cell; none where `text` gives None."""

    def apply(record: Record, draws: Draws) -> Record | None:
        changed = text(record, draws)
        return None if changed is None else {**record, column: changed}

    return apply


def _too_short(record: Record, _draws: Draws) -> str | None:
    """A hold of four fifths of the hours that the shipment took; none where that is no hour."""
    packed, received = (datetime.fromisoformat(record[column]) for column in ("PACKED_UTC", "RECEIVED_UTC"))
    hours = int((received - packed).total_seconds() / 3600 * 0.8)
    return str(hours) if hours else None


def _warm(record: Record, draws: Draws) -> str | None:
    return str(draws.random.randint(5, 120)) if record["OUT_MIN"] == "0" else None


def _without_a_paper(record: Record, draws: Draws) -> Record | None:
    return {**record, draws.random.choice(record["needed"]): "N"}


CARRIED = ("shipment_packed", "shipment_dispatched", "shipment_received")
"""Events of the container without which nobody knows what changed hands."""
DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "custody": (
        DefectClass("no_reference", "D03", "row", None, 0.01, 0.03, _cell("SHIP_REF", lambda _record, _draws: "")),
        DefectClass("words_for_minutes", "D02", "cell", "out_min", 0.02, 0.04, _cell("OUT_MIN", lambda _record, _draws: "some")),
        DefectClass(
            "outside_the_label", "R60", "flag", "out_min", 0.06, 0.1, _cell("OUT_MIN", _warm), at_door=False, needs=CARRIED
        ),
        DefectClass(
            "past_its_qualified_hold", "R62", "flag", "hold_h", 0.06, 0.1, _cell("HOLD_H", _too_short), at_door=False, needs=CARRIED
        ),
        DefectClass(
            "other_seal", "R64", "flag", "seal_received", 0.06, 0.1, _cell("RC_SEAL", lambda _record, draws: _other_seal(draws)),
            at_door=False, needs=CARRIED,
        ),
        DefectClass(
            "broken_seal", "R64", "flag", "is_whole_at_receipt", 0.06, 0.1, _cell("RC_SEAL_STATE", lambda _record, _draws: BROKEN),
            at_door=False, needs=CARRIED,
        ),
        DefectClass("paper_missing", "R66", "flag", None, 0.06, 0.1, _without_a_paper, at_door=False, needs=CARRIED),
    ),
}  # fmt: skip
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {
    "custody": lambda record, _draws: {**record, "RECEIVED_BY": "C. Imagined"},
}
