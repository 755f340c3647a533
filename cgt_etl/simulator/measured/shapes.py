"""A measurement as a record states it, in the vocabulary's unit, and how numbers and local times are read back from what was written.

Shapes alone. Reads strictly: what its sender would not have written is no number.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from cgt_etl.simulator import numbers
from cgt_etl.simulator.facts import Fact

Time = tuple[str, str | None]
"""Local time to the precision written, and the instant; empty and None where the record tells no time."""
NO_TIME: Time = ("", None)
_VOCABULARY = Path(__file__).parents[2] / "vocabularies" / "measurements.csv"
_NUMBER = re.compile(r"[-+]?\d+(\.\d+)?([eE][-+]?\d+)?")


@dataclass(frozen=True)
class Measured:
    """One measurement, as the released table `measurement` should hold it."""

    measurement: str
    """Of `measurements.csv`."""
    object: str
    """What was measured, in the truth's words: a donation, batch or SSCC, a `/` and what tells it apart. Two records that state one
    measurement agree on (measurement, object)."""
    person: int | None
    """Whose it is; None where the record names nobody."""
    at: Time
    value: float | None
    """In the vocabulary's unit; None where the result is a word."""
    text: str = ""
    """A result in words, by the pipeline's documented codes; else empty."""
    comparator: str = ""

    @property
    def unit(self) -> str:
        """The vocabulary's unit; empty for a word."""
        return "" if self.value is None else units()[self.measurement]


Reader = Callable[[Fact, ZoneInfo], Iterator[Measured]]
"""Of a record as it is written, and its partner's zone."""


@cache
def units() -> Mapping[str, str]:
    """Measurement -> its unit in the vocabulary."""
    with _VOCABULARY.open(encoding="utf-8", newline="") as file:
        return {row["measurement"]: row["ucum_unit"] for row in csv.DictReader(file)}


def number(text: str, *, comma: bool = False) -> float | None:
    """A plain decimal number, with a decimal comma where the sender writes one; None for anything else."""
    if comma:
        text = "?" if "." in text else text.replace(",", ".")
    return float(text) if _NUMBER.fullmatch(text) else None


def told(fact: Fact, event_type: str) -> Time:
    """Time of the event of that type that the record states; no time where it states none."""
    return next(((one.local, one.utc) for one in fact.events if one.event_type == event_type), NO_TIME)


def offset_time(text: str) -> Time:
    """Of ISO text with an offset; a date alone has no instant."""
    if "T" not in text:
        return text, None
    return text[:19], numbers.utc(datetime.fromisoformat(text))


def zoned(local: datetime, zone: ZoneInfo) -> Time:
    """Of a wall-clock time to the minute."""
    return f"{local:%Y-%m-%dT%H:%M}", numbers.utc(local.replace(tzinfo=zone))


def object_of(fact: Fact, kind: str) -> str:
    """The first thing of this kind that the record names."""
    return next(value for name, _, value in fact.objects if name == kind)


def person_of(fact: Fact, kind: str) -> int | None:
    """The person whom an identifier of this kind names in the record."""
    return next((one.person for one in fact.persons if one.kind == kind), None)
