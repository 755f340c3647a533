"""A courier's EPCIS 2.0 events as a document in XML: what `epcis` says in JSON lines, one document a night.

Terms are URNs of the Core Business Vocabulary where the vocabulary has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports import epcis
from cgt_etl.simulator.facts import DefectClass, Fact, Layout, Record, Text
from cgt_etl.simulator.model import Journey
from cgt_etl.simulator.parties import Network

DIALECT = "courier_epcis_xml"
VOCABULARY = "urn:epcglobal:cbv"
CONDITIONS = ("in_transit", "in_progress")
BEGIN = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<epcis:EPCISDocument xmlns:epcis="urn:epcglobal:epcis:xsd:2" schemaVersion="2.0" creationDate="2025-09-01T00:00:00Z">\n'
    "<EPCISBody>\n<EventList>\n"
)
END = "</EventList>\n</EPCISBody>\n</epcis:EPCISDocument>\n"


def facts(journey: Journey, network: Network, draws: Draws) -> Iterator[Fact]:
    """The events of a journey's shipments, as every courier's."""
    return epcis.facts(journey, network, draws)


def write(record: Record) -> str:
    """The element of one event, its parts in the order of the schema; `stray` is text that should not be there."""
    parts = [
        _element("eventTime", record["eventTime"]),
        _element("eventTimeZoneOffset", record["eventTimeZoneOffset"]),
        _each("errorDeclaration", record.get("errorDeclaration")),
        _element("parentID", record.get("parentID", "")),
        _list("epcList", [_element("epc", epc) for epc in record.get("epcList", ())]),
        _list("childEPCs", [_element("epc", epc) for epc in record.get("childEPCs", ())]),
        _element("action", record["action"]),
        _element("bizStep", _term("bizstep", record["bizStep"], epcis.STEPS)),
        _element("disposition", _term("disp", record.get("disposition", ""), CONDITIONS)),
        _list("childQuantityList", [_each("quantityElement", one) for one in record.get("childQuantityList", ())]),
        _list("sourceList", [_party("source", one) for one in record.get("sourceList", ())]),
        _list("destinationList", [_party("destination", one) for one in record.get("destinationList", ())]),
        _list("sensorElementList", [_sensor(one) for one in record.get("sensorElementList", ())]),
        record.get("stray", ""),
    ]
    return f"<{record['type']}>{''.join(parts)}</{record['type']}>"


def _element(name: str, text: str) -> str:
    return f"<{name}>{escape(text)}</{name}>" if text else ""


def _list(name: str, elements: list[str]) -> str:
    return f"<{name}>{''.join(elements)}</{name}>" if elements else ""


def _each(name: str, members: Mapping[str, object] | None) -> str:
    return _list(name, [_element(member, str(value)) for member, value in (members or {}).items()])


def _term(kind: str, word: str, known: Mapping[str, str] | tuple[str, ...]) -> str:
    return f"{VOCABULARY}:{kind}:{word}" if word in known else word


def _party(role: str, of: Mapping[str, str]) -> str:
    return f'<{role} type="{VOCABULARY}:sdt:{of["type"]}">{escape(of[role])}</{role}>'


def _sensor(of: Mapping[str, Any]) -> str:
    reports = "".join(f"<sensorReport {_attributes({**one, 'type': 'gs1:' + one['type']})}/>" for one in of["sensorReport"])
    return f"<sensorElement><sensorMetadata {_attributes(of['sensorMetadata'])}/>{reports}</sensorElement>"


def _attributes(of: Mapping[str, object]) -> str:
    return " ".join(f"{name}={quoteattr(str(value))}" for name, value in of.items())


FEEDS: Mapping[str, Layout] = {"epcis": Text("epcis_{stamp}.xml", write, BEGIN, END, by_number=True)}


def _as_xml(defect: DefectClass) -> DefectClass:
    """The same defect; what is a broken line of JSON is text between the elements of an event."""
    if defect.name == "broken_line":
        return replace(defect, name="text_between_elements", apply=lambda record, _draws: {**record, "stray": "see attachment"})
    return defect


DEFECTS: Mapping[str, tuple[DefectClass, ...]] = {"epcis": tuple(_as_xml(one) for one in epcis.DEFECTS["epcis"])}
TWICE: Mapping[str, Callable[[Record, Draws], Record]] = epcis.TWICE
