"""One HL7 v2 message taken apart, and the grammar of the places in it: `SEG-field[.component[.subcomponent]]`, counted from 1 as HL7 does.

    PID-3[5=MR].1   first component of the repetition whose fifth is MR; `[5=]`, whose fifth is empty; `[2]`, the second repetition
    OBX-5.*         all components joined: `>^40000` is `>40000`, `1^:^128` is `1:128`
    PID[2]-3        a field of the message's second segment of the kind
    OBX[2=NM]-5     the field only where the segment's second field is NM (its first component)
    OBR-7|SPM-17.1  the first of the two that says anything

Decodes HL7's escapes; knows no file, and of segments only MSH's signs and which ones begin a group.
"""

from __future__ import annotations

import codecs
import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from cgt_etl.errors import DeclarationError

_CELL = re.compile(
    r"(?P<segment>[A-Z][A-Z0-9]{2})(?:\[(?:(?P<ordinal>[1-9]\d?)|(?P<told_by>[1-9]\d?)=(?P<told>[^\]|]+))\])?-(?P<field>[1-9]\d?)"
    r"(?:\[(?:(?P<nth>[1-9]\d?)|(?P<key>[1-9]\d?)=(?P<text>[^\]|]*))\])?"
    r"(?:\.(?P<component>[1-9]\d?|\*)(?:\.(?P<sub>[1-9]\d?))?)?"
)
_ORDER = "OBR"
_GROUPS = frozenset(("PID", "ORC", _ORDER))
"""Segments with which a group of a message begins."""
_ROWS = re.compile(r"(?P<segment>[A-Z][A-Z0-9]{2})(?:-(?P<field>[1-9]\d?))?")


@dataclass(frozen=True)
class Cell:
    """A parsed place of a cell."""

    segment: str
    ordinal: int | None
    """The segment of its kind in the message, whatever row it is."""
    told_by: int | None
    told: str | None
    """Field of the segment and what must stand there for the cell to be read."""
    field: int
    nth: int | None
    key: int | None
    text: str | None
    component: int | str | None
    sub: int | None

    @property
    def name(self) -> str:
        return f"{self.segment}-{self.field}"

    @property
    def reads(self) -> set[str]:
        """Names of the fields that it looks into."""
        return {self.name} if self.told_by is None else {self.name, f"{self.segment}-{self.told_by}"}

    @cached_property
    def is_simple(self) -> bool:
        """Whether it is all that a field without divisions says, or nothing of it."""
        return self.told_by is None and self.nth is None and self.key is None and self.segment != "MSH"

    @cached_property
    def is_first(self) -> bool:
        """Whether it reads the first part of a field."""
        return self.component in (None, 1, "*") and self.sub in (None, 1)

    @classmethod
    def alternatives(cls, text: str) -> list[Cell]:
        """The places of a cell in the order in which they are asked. Raises DeclarationError: one of them is no place."""
        return [cls.parse(one) for one in text.split("|")]

    @classmethod
    def parse(cls, text: str) -> Cell:
        """Raises DeclarationError: `text` is no place of a cell."""
        found = _CELL.fullmatch(text)
        if found is None:
            raise DeclarationError(f"`{text}` is no field of a segment", remedy="Write places like OBX-3.1, PID-3[5=MR].1 or OBX-5.*")
        component = found["component"]
        return cls(
            found["segment"],
            int(found["ordinal"]) if found["ordinal"] else None,
            int(found["told_by"]) if found["told_by"] else None,
            found["told"],
            int(found["field"]),
            int(found["nth"]) if found["nth"] else None,
            int(found["key"]) if found["key"] else None,
            found["text"],
            component if component in (None, "*") else int(component),
            int(found["sub"]) if found["sub"] else None,
        )


@dataclass(frozen=True)
class Explode:
    """Rows inside a message: segments, or the repetitions of a field."""

    segment: str
    field: int | None

    @property
    def name(self) -> str:
        return f"{self.segment}-{self.field}" if self.field else self.segment

    @classmethod
    def parse(cls, text: str) -> Explode:
        """Raises DeclarationError: `text` is neither."""
        found = _ROWS.fullmatch(text)
        if found is None:
            raise DeclarationError(
                f"`{text}` is no segment and no field", remedy="Explode a segment (OBX) or a field's repetitions (PID-3)"
            )
        return cls(found["segment"], int(found["field"]) if found["field"] else None)


@dataclass(frozen=True)
class Signs:
    """The five signs that a message says it is written with, and the characters of its file."""

    field: str
    component: str
    repetition: str
    escape: str
    sub: str
    encoding: str

    @classmethod
    def of(cls, header: str, encoding: str) -> Signs | None:
        """From a message's MSH; None where it states none. The last two may be left out where nothing is escaped or divided further."""
        signs = header[4:].split(header[3], 1)[0] if len(header) > 4 else ""
        if not 2 <= len(signs) <= 5 or len({header[3], *signs}) != len(signs) + 1 or any(sign.isalnum() for sign in header[3] + signs):
            return None
        return cls(header[3], signs[0], signs[1], signs[2:3] or "\\", signs[3:4] or "&", encoding)

    @cached_property
    def inside(self) -> re.Pattern[str]:
        """Any sign that divides a field or begins an escape."""
        return re.compile(f"[{re.escape(self.component + self.repetition + self.escape + self.sub)}]")

    def kind(self, said: str) -> str:
        """The first two components of what MSH-9 says, divided as HL7 is wont to."""
        return "^".join(said.split(self.component)[:2])

    def count(self, text: str) -> int:
        """How many of them are in a text."""
        return sum(text.count(sign) for sign in {self.field, self.component, self.repetition, self.escape, self.sub})

    def plain(self, text: str) -> str:
        """A text without its escapes; one that HL7 does not know stays as it stands."""
        if self.escape not in text:
            return text
        parts = text.split(self.escape)
        out, place = [parts[0]], 1
        while place < len(parts):
            meant = self._meant(parts[place]) if place + 1 < len(parts) else None
            if meant is None:
                out.append(self.escape + parts[place])
                place += 1
            else:
                out += [meant, parts[place + 1]]
                place += 2
        return "".join(out)

    def _meant(self, code: str) -> str | None:
        named = {"F": self.field, "S": self.component, "T": self.sub, "R": self.repetition, "E": self.escape, ".br": "\n", "H": "", "N": ""}
        if code in named:
            return named[code]
        if re.fullmatch(r"X(?:[0-9A-Fa-f]{2})+", code):
            try:
                return codecs.decode(bytes.fromhex(code[1:]), self.encoding)
            except UnicodeDecodeError:
                return None
        return None


class _Segment(NamedTuple):
    name: str
    fields: list[str]

    def field(self, number: int) -> str:
        """As written, repetitions and all; empty where it is not there. MSH-1 is the sign between the fields of MSH itself."""
        place = number - 1 if self.name == "MSH" else number
        if self.name == "MSH" and number == 1:
            return ""
        return self.fields[place] if place < len(self.fields) else ""


class Message:
    """One message: its segments in order, each found by its kind."""

    def __init__(self, position: int, lines: list[str], signs: Signs) -> None:
        self.position, self.signs = position, signs
        self.segments = [_Segment(line[:3], line.split(signs.field)) for line in lines]
        self._groups: list[int] | None = None
        self.places: defaultdict[str, list[int]] = defaultdict(list)
        for place, segment in enumerate(self.segments):
            self.places[segment.name].append(place)

    @property
    def names(self) -> tuple[str, ...]:
        """Kinds of its segments, in order: what `near` goes by."""
        return tuple([segment.name for segment in self.segments])

    @property
    def kind(self) -> str:
        """`ORU^R01`: the first two components of MSH-9."""
        return self.signs.kind(self.segments[0].field(9))

    def place_of(self, cell: Cell, row: int | None) -> int | None:
        """Place of the segment where a cell of the row at a place is looked for."""
        if cell.ordinal is None:
            return self.near(cell.segment, row)
        places = self.places.get(cell.segment, [])
        return places[cell.ordinal - 1] if cell.ordinal <= len(places) else None

    def near(self, name: str, row: int | None) -> int | None:
        """Place of the segment of a kind that belongs to the row at a place; of the message itself (None), of the first."""
        places = self.places.get(name, [])
        if not places:
            return None
        if row is None:
            return places[0]
        rows = self.places[self.segments[row].name]
        orders = self.places.get(_ORDER, [])
        # results of the patient stand before all orders and say nothing of how an order is laid out
        first_of_rows = rows[bisect_left(rows, orders[0]) % len(rows)] if orders else rows[0]
        behind = bisect_right(places, row)
        if places[0] <= first_of_rows:
            return places[behind - 1] if behind else None
        groups = self._places_of_groups()
        next_group, own_group = bisect_right(groups, row), bisect_left(groups, row) - 1
        if behind < len(places) and (next_group == len(groups) or places[behind] < groups[next_group]):
            return places[behind]
        ahead = bisect_left(places, row) - 1
        if ahead >= 0 and (own_group < 0 or places[ahead] > groups[own_group]):
            return places[ahead]
        return None

    def _places_of_groups(self) -> list[int]:
        """Where a patient or an order begins, so that the group before it ends."""
        if self._groups is None:
            self._groups = sorted(place for name in _GROUPS for place in self.places.get(name, ()))
        return self._groups

    def values(self, cell: Cell, place: int | None, repetition: str | None) -> list[str]:
        """Distinct texts of a cell in the segment at a place, empty ones left out."""
        if place is None:
            return []
        segment = self.segments[place]
        signs = self.signs
        if cell.told_by is not None and self._part(segment.field(cell.told_by), 1, None) != cell.told:
            return []
        if segment.name == "MSH" and cell.field <= 2:
            return [signs.field if cell.field == 1 else segment.fields[1]]
        field = segment.field(cell.field) if repetition is None else repetition
        if not field:
            return []
        if cell.key is None and cell.nth is None and (repetition is not None or signs.repetition not in field):
            text = self._part(field, cell.component, cell.sub)
            return [text] if text else []
        repetitions = [repetition] if repetition is not None else field.split(signs.repetition)
        if cell.nth is not None:
            repetitions = repetitions[cell.nth - 1 : cell.nth]
        if cell.key is not None:
            repetitions = [one for one in repetitions if self._part(one, cell.key, None) == cell.text]
        found = (self._part(one, cell.component, cell.sub) for one in repetitions)
        return list(dict.fromkeys(text for text in found if text))

    def _part(self, repetition: str, component: int | str | None, sub: int | None) -> str:
        signs = self.signs
        if component is None:
            is_divided = signs.component in repetition or signs.sub in repetition
            return repetition if is_divided else signs.plain(repetition)
        components = repetition.split(signs.component)
        if component == "*":
            return "".join(signs.plain(one) for one in components)
        part = components[int(component) - 1] if int(component) <= len(components) else ""
        subs = part.split(signs.sub)
        if sub is not None:
            return signs.plain(subs[sub - 1]) if sub <= len(subs) else ""
        return part if len(subs) > 1 else signs.plain(part)
