"""A courier's EPCIS 2.0 events: layout 8 of the partner layouts, one line per packing, dispatch and receipt of a shipment.

A bag is named by its donation (`childEPCs`), a drug product by the class of its lot (`childQuantityList`). Some scans did not happen and
are declared errors a night later. Faults of a delivery show where a courier writes of them: a scanner whose clock runs hours slow has the
receipt before the dispatch, and where counts do not match, a packing leaves out one of several donations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from cgt_etl.simulator import numbers
from cgt_etl.simulator.calendar import later
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports._shipment import extremes_c, fahrenheit
from cgt_etl.simulator.facts import DefectClass, Fact, Layout, Ndjson, Record, Stated
from cgt_etl.simulator.model import Journey, Shipment
from cgt_etl.simulator.parties import Network, Party

DIALECT = "courier_epcis"
FEEDS: Mapping[str, Layout] = {"epcis": Ndjson("epcis_{stamp}.jsonl")}
STEPS = {
    "packing": "shipment_packed",
    "shipping": "shipment_dispatched",
    "transporting": "shipment_in_transit_scan",
    "receiving": "shipment_received",
}
ITEM = "012345"
"""Item reference of every drug product, indicator digit first."""
MISTAKEN = 0.1
"""Share of shipments with a scan that did not happen."""
SLOW_H = 2.0
"""How long before the dispatch a receipt is written by a clock that runs slow."""


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """The events of a journey's shipments, in the order in which they were packed."""
    issuer = network.products[0].numbered_by
    for shipment in journey.shipments:
        yield from _of(journey, shipment, network.party(shipment.courier), issuer, draws)


def _of(journey: Journey, shipment: Shipment, courier: Party, issuer: str, draws: Draws) -> Iterator[Fact]:
    container = f"urn:epc:id:sscc:{shipment.sscc[1:8]}.{shipment.sscc[0]}{shipment.sscc[8:17]}"
    prefix = shipment.origin_gln[:7]
    objects = [("sscc", "", shipment.sscc)]
    fault = _fault(journey, shipment)
    packed: dict[str, Any] = {"type": "AggregationEvent", "action": "ADD", "bizStep": "packing", "parentID": container}
    if shipment.is_drug_product:
        packed["childQuantityList"] = [
            {"epcClass": f"urn:epc:class:lgtin:{prefix}.{ITEM}.{lot}", "quantity": 1} for lot in shipment.contents
        ]
        objects += [("lot", issuer, lot) for lot in shipment.contents]
    else:
        bags = _seen([key.split(":") for key in shipment.contents], fault)
        packed["childEPCs"] = [f"urn:din:{din}:{code[:5]}:{division}" for din, code, division in bags]
        objects += [("din", "", din) for din in sorted({din for din, _, _ in bags})]
    moved = {"type": "ObjectEvent", "action": "OBSERVE", "epcList": [container]}

    def fact(record: dict[str, Any], at: datetime) -> Fact:
        step, utc = record["bizStep"], numbers.utc(at)
        stamped = {**record, "eventTime": f"{utc}Z", "eventTimeZoneOffset": _offset(at)}
        return Fact(
            partner=shipment.courier,
            feed="epcis",
            known=at.date(),
            record=stamped,
            key=(shipment.sscc, step),
            journey=journey.number,
            events=(Stated(STEPS[step], None, at.replace(tzinfo=None).isoformat(timespec="seconds"), utc, shipment.sscc),),
            objects=tuple(objects if step == "packing" else objects[:1]),
        )

    yield fact(packed, shipment.packed)
    source = [{"type": "possessing_party", "source": _party(shipment.origin_gln)}]
    yield fact({**moved, "bizStep": "shipping", "disposition": "in_transit", "sourceList": source}, shipment.picked_up)
    if draws.chance(MISTAKEN):
        scanned = fact({**moved, "bizStep": "transporting"}, later(shipment.picked_up, 0.5))
        yield replace(scanned, is_final=False)
        declared: dict[str, Any] = {"declarationTime": f"{numbers.utc(shipment.delivered)}Z"}
        declared |= {"reason": "did_not_occur"} if draws.chance(0.5) else {}
        yield replace(scanned, record={**scanned.record, "errorDeclaration": declared}, change=1, is_retraction=True)
    target = [{"type": "possessing_party", "destination": _party(shipment.destination_gln)}]
    device = f"urn:epc:id:giai:{courier.gln[:7]}.{shipment.logger}"
    sensor = [{"sensorMetadata": {"deviceID": device}, "sensorReport": [_temperature(shipment, draws)]}]
    slow = later(shipment.picked_up, -SLOW_H).astimezone(shipment.delivered.tzinfo)
    read = slow if fault == "clock_skew" else shipment.delivered
    yield fact({**moved, "bizStep": "receiving", "destinationList": target, "sensorElementList": sensor}, read)


def _fault(journey: Journey, shipment: Shipment) -> str:
    """Of the shipment's delivery; empty for none."""
    mine = (one for one in journey.handoffs if one.objects == shipment.contents and one.sent == shipment.picked_up)
    return next((one.fault for one in mine if one.sender == shipment.courier), "")


def _seen(bags: list[list[str]], fault: str) -> list[list[str]]:
    """The bags that the packing names."""
    last = max(din for din, _, _ in bags)
    is_short = fault == "count_mismatch" and any(din != last for din, _, _ in bags)
    return [bag for bag in bags if bag[0] != last] if is_short else bags


def _offset(at: datetime) -> str:
    text = f"{at:%z}"
    return f"{text[:3]}:{text[3:]}"


def _party(gln: str) -> str:
    return f"urn:epc:id:pgln:{gln[:7]}.{gln[7:12]}"


def _temperature(shipment: Shipment, draws: Draws) -> dict[str, Any]:
    """Lowest and highest of the journey, in the logger's unit."""
    lowest, highest = extremes_c(shipment, draws)
    if draws.chance(0.2):
        lowest, highest, unit = fahrenheit(lowest), fahrenheit(highest), "FAH"
    else:
        unit = "CEL"
    return {"type": "Temperature", "minValue": round(lowest, 1), "maxValue": round(highest, 1), "uom": unit}


def _with(**changed: object) -> Callable[[Record, Draws], Record | None]:
    return lambda record, _draws: {**record, **changed}


def _short_container(record: Record, _draws: Draws) -> Record | None:
    return {**record, "parentID": record["parentID"][:-1]} if "parentID" in record else None


def _short_party(record: Record, _draws: Draws) -> Record | None:
    if "sourceList" not in record:
        return None
    return {**record, "sourceList": [{**one, "source": one["source"][:-1]} for one in record["sourceList"]]}


def _unknown_unit(record: Record, _draws: Draws) -> Record | None:
    """The latest reading alone, in a unit that is no code of the trade."""
    if "sensorElementList" not in record:
        return None
    report = record["sensorElementList"][0]["sensorReport"][0]
    worded = [{"type": "Temperature", "value": report["maxValue"], "uom": "C"}]
    return {**record, "sensorElementList": [{**record["sensorElementList"][0], "sensorReport": worded}]}


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {
    "epcis": (
        DefectClass("short_container", "R03", "row", None, 0.02, 0.05, _short_container),
        DefectClass("unknown_step", "D04", "row", None, 0.01, 0.04, _with(bizStep="dancing")),
        DefectClass("no_instant", "D02", "row", None, 0.01, 0.04, _with(eventTime="yesterday")),
        DefectClass("broken_line", "D01", "row", None, 0.01, 0.03, lambda _record, _draws: {"": '{"type":'}),
        DefectClass("zone_for_an_offset", "R25", "cell", "utc_offset", 0.02, 0.05, _with(eventTimeZoneOffset="EST")),
        DefectClass("unknown_condition", "D04", "cell", "disposition", 0.02, 0.05, _with(disposition="sideways")),
        DefectClass("short_party", "R03", "cell", "from_party", 0.03, 0.08, _short_party),
        DefectClass("unit_of_no_trade", "D05", "cell", "value", 0.03, 0.08, _unknown_unit),
    )
}
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = {
    "epcis": lambda record, _draws: {**record, "disposition": "in_progress"},
}
