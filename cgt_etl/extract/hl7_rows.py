"""The rows that one HL7 v2 message gives by a contract, and where the cells of each are.

Knows the contract's places, not where the message came from: files and envelopes are `hl7`'s, the grammar of places `hl7_message`'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.extract.hl7_message import Cell, Explode, Message
from cgt_etl.extract.limits import MAX_SEGMENTS
from cgt_etl.extract.records import Rows

_MOST_KNOWN = 500


@dataclass(frozen=True)
class Row:
    """Where the cells of a row are in messages of the same segments."""

    repetition: str | None
    cells: list[list[tuple[Cell, int | None]]]
    """Of each column the places of its cell, with those of their segments."""
    simple: list[tuple[Cell, int | None]]
    """The same where each column has one place and none chooses among repetitions; else empty."""


def _texts(message: Message, cells: list[tuple[Cell, int | None]]) -> list[str | None] | None:
    """The texts of a row; None where a cell has several."""
    texts: list[str | None] = []
    segments, divides = message.segments, message.signs.inside.search
    for cell, place in cells:
        fields = segments[place][1] if place is not None else ()
        text = fields[cell.field] if cell.field < len(fields) else ""
        if not text:
            texts.append(None)
        elif not divides(text):
            texts.append(text if cell.is_first else None)
        elif len(found := message.values(cell, place, None)) > 1:
            return None
        else:
            texts.append(found[0] if found else None)
    return texts


@dataclass(frozen=True)
class Plan:
    """How the rows of one object are found in a message."""

    spec: ObjectSpec
    explode: Explode | None
    cells: list[list[Cell]]
    """Of each column, in order: the alternatives."""
    rows: Rows
    places: dict[tuple[str, ...], list[Row]] = field(default_factory=dict)
    """Kinds of a message's segments -> where its rows and their cells are."""

    @classmethod
    def of(cls, spec: ObjectSpec, *, is_record: bool) -> Plan:
        explode = Explode.parse(spec.extension.explode) if spec.extension.explode else None
        return cls(spec, explode, [Cell.alternatives(column.physical_name) for column in spec.columns], Rows(spec, is_record=is_record))

    def add(self, message: Message, raw: bytes | None) -> None:
        for item, row in enumerate(self.placed(message)):
            if row.simple and (texts := _texts(message, row.simple)) is not None:
                self.rows.add(message.position, texts, item=item, raw=raw)
                continue
            found = [self._find(message, alternatives, row.repetition) for alternatives in row.cells]
            self.rows.add(message.position, [said[0] if len(said) == 1 else None for said in found], item=item, raw=raw)
            for place, said in enumerate(found):
                if len(said) > 1:
                    self.rows.several(place, json.dumps(said))

    def placed(self, message: Message) -> Iterable[Row]:
        """Its rows of a message, each with the segments where its cells are; messages of the same segments have them at the same places."""
        if self.explode is not None and self.explode.field is not None:
            return (self._row(message, place, repetition) for place, repetition in self._rows(message))
        names = message.names
        if (known := self.places.get(names)) is None:
            known = [self._row(message, place, repetition) for place, repetition in self._rows(message)]
            if len(self.places) < _MOST_KNOWN and len(known) < _MOST_KNOWN:
                self.places[names] = known
        return known

    def _row(self, message: Message, place: int | None, repetition: str | None) -> Row:
        cells = [[(cell, message.place_of(cell, place)) for cell in alternatives] for alternatives in self.cells]
        is_simple = repetition is None and all(len(alternatives) == 1 and alternatives[0][0].is_simple for alternatives in cells)
        return Row(repetition, cells, [alternatives[0] for alternatives in cells] if is_simple else [])

    @property
    def has_digest(self) -> bool:
        return self.rows.has_digest

    def gives_too_many(self, message: Message) -> bool:
        """Rows of one message; segments are counted before."""
        if self.explode is None or self.explode.field is None:
            return False
        fields = (message.segments[place].field(self.explode.field) for place in message.places.get(self.explode.segment, []))
        return sum(field.count(message.signs.repetition) for field in fields) > MAX_SEGMENTS

    def _rows(self, message: Message) -> Iterator[tuple[int | None, str | None]]:
        if self.explode is None:
            yield None, None
            return
        for place in message.places.get(self.explode.segment, []):
            if self.explode.field is None:
                yield place, None
            else:
                for repetition in message.segments[place].field(self.explode.field).split(message.signs.repetition):
                    if repetition:
                        yield place, repetition

    def _find(self, message: Message, alternatives: list[tuple[Cell, int | None]], repetition: str | None) -> list[str]:
        for cell, place in alternatives:
            is_own = repetition is not None and self.explode is not None and self.explode.name == cell.name
            if found := message.values(cell, place, repetition if is_own else None):
                return found
        return []
