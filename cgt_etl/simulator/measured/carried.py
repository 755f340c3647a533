"""Measurements that couriers state of a whole way: the lowest and the highest temperature, known when it ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from cgt_etl.simulator.facts import Fact
from cgt_etl.simulator.measured.shapes import Measured, Reader, number, object_of, told

UNITS = {"CEL", "FAH"}


def _celsius(value: float, *, is_fahrenheit: bool) -> float:
    return (value - 32) * 5 / 9 if is_fahrenheit else value


def _epcis(fact: Fact, _zone: ZoneInfo) -> Iterator[Measured]:
    for element in fact.record.get("sensorElementList", ()):
        for report in element["sensorReport"]:
            for part in ("minValue", "maxValue"):
                if part in report and report["uom"] in UNITS:
                    value = _celsius(report[part], is_fahrenheit=report["uom"] == "FAH")
                    yield Measured("logger_temp", f"{object_of(fact, 'sscc')}/{part}", None, told(fact, "shipment_received"), value)


def _shipment(fact: Fact, _zone: ZoneInfo) -> Iterator[Measured]:
    for column in ("MIN_F", "MAX_F"):
        value = number(fact.record[column])
        if value is not None:
            of = f"{fact.record['SHIP_REF']}/{column}"
            yield Measured("logger_temp", of, None, told(fact, "shipment_received"), _celsius(value, is_fahrenheit=True))


READERS: Mapping[tuple[str, str], Reader] = {
    ("courier_epcis", "epcis"): _epcis,
    ("courier_epcis_xml", "epcis"): _epcis,
    ("courier_tms", "shipment"): _shipment,
}
