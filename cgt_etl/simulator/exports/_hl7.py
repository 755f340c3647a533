"""HL7 v2 messages as text: segments of fields between bars, one segment a line. No facts of its own."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from cgt_etl.simulator.facts import Record
from cgt_etl.simulator.model import Person

SEX = {"female": "F", "male": "M"}
DIED, IS_DEAD = 29, 30
"""Fields of PID."""


def stamp(at: datetime) -> str:
    """As a hospital's clocks show it, to the minute, without an offset."""
    return f"{at:%Y%m%d%H%M}"


def segment(name: str, fields: dict[int, str]) -> str:
    """A segment with these fields, counted from 1."""
    return "|".join([name, *(fields.get(place, "") for place in range(1, max(fields) + 1))])


def header(kind: str, sent: datetime, control: str, sender: str) -> str:
    """MSH; `kind` as `ORU^R01`."""
    return f"MSH|^~\\&|{kind[:3]}|{sender}|V2V|PLATFORM|{stamp(sent)}||{kind}|{control}|P|2.5"


def identifiers(of: Iterable[tuple[str, str, str]]) -> str:
    """PID-3: number, who assigns it, type of HL7 table 0203."""
    return "~".join(f"{number}^^^{assigned_by}^{type_}" for number, assigned_by, type_ in of)


def person(of: Person) -> dict[int, str]:
    """PID fields, with the direct identifiers that an interface engine sends whether asked or not."""
    street = f"{4000 + of.number % 6000} EXAMPLE ST"
    return {1: "1", 5: f"{of.family.upper()}^{of.given[0]}", 7: f"{of.born:%Y%m%d}", 8: SEX[of.sex], 11: f"{street}^^SAMPLETON"}


def message(record: Record) -> str:
    """The text of a message: `header`, the patient's fields `pid`, and its other segments `before` and `after` it, in their order."""
    return "\r".join([record["header"], *record.get("before", ()), segment("PID", record["pid"]), *record["after"]])


def observation(place: int, result: Record) -> str:
    """OBX of a result: `code` (three components), `value`, `comparator`, `unit`, `status` of HL7 table 0085, `type` of HL7 table 0125."""
    value = f"{result['comparator']}^{result['value']}" if result["comparator"] else result["value"]
    return segment(
        "OBX", {1: str(place), 2: result["type"], 3: "^".join(result["code"]), 5: value, 6: result["unit"], 11: result["status"]}
    )
