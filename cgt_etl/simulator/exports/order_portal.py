"""A sponsor's order portal: one row per order as it stands, a new one on each day on which it came further.

A portal knows what it was told: that an order was placed, that what was ordered was given, that it was cancelled because the patient will
not be treated. It names the patient by the chain of identity alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta

from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports.coa import OWN_MARKETS
from cgt_etl.simulator.facts import Csv, DefectClass, Fact, Layout, Named, Record
from cgt_etl.simulator.model import Journey
from cgt_etl.simulator.parties import Network

DIALECT = "order_portal"
COLUMNS = (
    "ORDER_NO", "COI", "PRODUCT", "SPEC_VER", "MARKET", "HOLD_WARN_H", "HOLD_MAX_H", "THAW_USE_MIN", "STORE_LOW_C", "STORE_HIGH_C",
    "CENTRE", "ORDERED_BY", "STATUS", "ORDERED_ON", "CANCELLED_ON", "CANCEL_REASON",
)  # fmt: skip
FEEDS: Mapping[str, Layout] = {"order": Csv("orders_{stamp}.csv", COLUMNS)}
REASONS = {
    "before_collection": "patient withdrew", "after_collection": "patient deteriorated", "manufacturing_failed": "no product",
    "unfit": "patient not fit for infusion",
}  # fmt: skip
WARNED_AFTER_H, TAKEN_UNTIL_H = "48", "72"
"""Of fresh material (chosen, after the range of H08 in `handoffs.csv`)."""
CONFIRMED_AFTER, REPORTED_AFTER = timedelta(days=2), timedelta(days=1)


def facts(journey: Journey, _network: Network, _draws: Draws) -> Iterator[Fact]:
    """The order of the journey, if it has one: as placed, as confirmed, as it ended."""
    if journey.ordered is None or not journey.product.sponsor:
        return
    states = list(_states(journey, journey.ordered.date()))
    for place, (known, cells) in enumerate(states):
        is_last = place == len(states) - 1
        yield Fact(
            partner=journey.product.sponsor,
            feed="order",
            known=known,
            record={**dict.fromkeys(COLUMNS, ""), **_order(journey), **cells},
            key=(journey.order_id,),
            journey=journey.number,
            persons=(Named("coi", "coi", "", journey.coi, "recipient", journey.patient.number),) if journey.coi else (),
            objects=(("order_id", journey.product.numbered_by, journey.order_id),),
            until=None if is_last else states[place + 1][0],
            is_final=is_last,
        )


def _order(journey: Journey) -> Record:
    country, is_frozen = journey.hospital.country, journey.product.frozen_only or not journey.coi
    return {
        "ORDER_NO": journey.order_id,
        "COI": journey.coi,
        "PRODUCT": journey.product.name,
        "SPEC_VER": journey.product.specification_version,
        "MARKET": country if country in OWN_MARKETS else "EU",
        "HOLD_WARN_H": "" if is_frozen else WARNED_AFTER_H,
        "HOLD_MAX_H": "" if is_frozen else TAKEN_UNTIL_H,
        "THAW_USE_MIN": str(journey.product.thaw_window_min),
        "STORE_LOW_C": f"{journey.product.storage_lowest_c:.0f}",
        "STORE_HIGH_C": f"{journey.product.storage_limit_c:.0f}",
        "CENTRE": journey.hospital.name,
        "ORDERED_BY": "A. Fictional",
        "ORDERED_ON": journey.ordered.date().isoformat() if journey.ordered else "",
    }


def _states(journey: Journey, ordered: date) -> Iterator[tuple[date, Record]]:
    """Days on which the portal changes, in order, no two the same: the last state of a day is the one exported."""
    given = min((one.started.date() for one in journey.administrations if one.arm != "graft"), default=None)
    end: dict[date, Record] = {}
    if given:
        end = {given + REPORTED_AFTER: {"STATUS": "FULFILLED"}}
    elif journey.dropped_out_on:
        on = max(ordered, journey.dropped_out_on)
        end = {on: {"STATUS": "CANCELLED", "CANCELLED_ON": on.isoformat(), "CANCEL_REASON": REASONS[journey.dropped_out]}}
    confirmed = ordered + CONFIRMED_AFTER
    by_day: dict[date, Record] = {ordered: {"STATUS": "RECEIVED"}}
    if all(confirmed < day for day in end):
        by_day[confirmed] = {"STATUS": "CONFIRMED"}
    yield from (by_day | end).items()


def _cell(column: str, text: Callable[[str], str | None]) -> Callable[[Record, Draws], Record | None]:
    """A defect that changes one cell; none where `text` gives None."""

    def apply(record: Record, _draws: Draws) -> Record | None:
        changed = text(record[column])
        return None if changed is None else {**record, column: changed}

    return apply


def _american(day: str) -> str | None:
    return f"{day[5:7]}/{day[8:]}/{day[:4]}" if day else None


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "order": (
        DefectClass("no_order_number", "D03", "row", None, 0.01, 0.03, _cell("ORDER_NO", lambda _text: "")),
        DefectClass("short_chain_of_identity", "R04", "row", None, 0.02, 0.04, _cell("COI", lambda text: text[:-1] or None)),
        DefectClass("unknown_state", "D04", "cell", "status", 0.02, 0.04, _cell("STATUS", lambda _text: "PENDING?")),
        DefectClass("foreign_date", "D02", "cell", "cancelled", 0.04, 0.08, _cell("CANCELLED_ON", _american)),
        DefectClass("words_for_minutes", "D02", "cell", "thaw_window_min", 0.01, 0.03, _cell("THAW_USE_MIN", lambda _text: "at once")),
        DefectClass("foreign_day_of_order", "D02", "cell", "ordered", 0.02, 0.04, _cell("ORDERED_ON", _american)),
    ),
}
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {
    "order": lambda record, _draws: {**record, "ORDERED_BY": "C. Imagined"},
}
