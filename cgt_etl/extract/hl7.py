"""HL7 v2 messages in a file, with or without batch envelopes: cells by segment and field, segments and repetitions as rows of their own.

A unit is a message; its position the physical line of its MSH. A line is a segment and ends at CR, LF or CR LF. A message with a line that
is no segment is set aside alone. `hl7_message` has the grammar of places.

A row of `explode: OBX` is one OBX segment, of `explode: PID-3` one repetition of that field in each PID. A cell of another segment is
found in the nearest one before it; where that kind of segment follows the rows of its order (SPM behind the results of an ORU), in the next
one of the same group, or for a row behind it in that one. A row of the message itself takes the first of each kind. Several values where
one is expected make the cell ambiguous.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from cgt_etl.contracts.formats import Hl7Format
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract.hl7_message import Cell, Explode, Message, Signs
from cgt_etl.extract.limits import MAX_MESSAGE_CHARACTERS, MAX_MESSAGE_SIGNS, MAX_SEGMENT_FIELDS, MAX_SEGMENTS
from cgt_etl.extract.nested import Unmapped
from cgt_etl.extract.records import UNREADABLE, Batch, Reading, Rows
from cgt_etl.extract.text import look

_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}(?![A-Z0-9])")
_FRAMES = "\x0b\x1c"
"""Start and end of a message on a wire; some files keep them."""
_MEND = "Send the whole export again"


def reading(file: Hl7Format, path: Path, objects: tuple[ObjectSpec, ...], ignored: frozenset[str]) -> Reading:
    """The rows of a file of messages; see `cgt_etl.extract.open_reader`. `ignored` are segments (`NTE`) or fields (`PID-5`)."""
    plans = [_Plan.of(spec, is_record=place == 0) for place, spec in enumerate(objects)]
    return Reading(lambda result: _Pass(file, path, plans, ignored, result).batches())


@dataclass(frozen=True)
class _Plan:
    """How the rows of one object are found in a message."""

    explode: Explode | None
    cells: list[list[Cell]]
    """Of each column, in order: the alternatives."""
    rows: Rows

    @classmethod
    def of(cls, spec: ObjectSpec, *, is_record: bool) -> _Plan:
        explode = Explode.parse(spec.extension.explode) if spec.extension.explode else None
        return cls(explode, [Cell.alternatives(column.physical_name) for column in spec.columns], Rows(spec, is_record=is_record))

    def add(self, message: Message, raw: bytes) -> None:
        for item, (row, repetition) in enumerate(self._rows(message)):
            found = [self._find(message, cell, row, repetition) for cell in self.cells]
            self.rows.add(message.position, [texts[0] if len(texts) == 1 else None for texts in found], item=item, raw=raw)
            for place, texts in enumerate(found):
                if len(texts) > 1:
                    self.rows.several(place, json.dumps(texts))

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

    def _find(self, message: Message, cells: list[Cell], row: int | None, repetition: str | None) -> list[str]:
        for cell in cells:
            is_own = self.explode is not None and self.explode.name == cell.name
            if found := message.values(cell, message.near(cell.segment, row), repetition if is_own else None):
                return found
        return []


class _Envelopes:
    """Headers and trailers of a batch (BHS, BTS) and of a file of batches (FHS, FTS), and what they hold."""

    NAMES = ("FHS", "BHS", "BTS", "FTS")

    def __init__(self) -> None:
        self.open: list[str] = []
        self._messages = self._batches = 0

    def meets(self, line: str) -> bool:
        """Take note of a message's header or an envelope's line; False where a trailer states another count than there was."""
        name = line[:3]
        if name == "MSH":
            self._messages += 1
            return True
        if name in ("FHS", "BHS"):
            self.open.append(name)
            self._messages, self._batches = 0, 0 if name == "FHS" else self._batches
            return True
        header = {"BTS": "BHS", "FTS": "FHS"}[name]
        if header in self.open:
            self.open.remove(header)
        count = self._messages if name == "BTS" else self._batches
        self._batches += name == "BTS"
        stated = line[4:].split(line[3], 1)[0] if len(line) > 4 else ""
        return not stated.isdigit() or int(stated) == count


class _Pass:
    """One pass over one file."""

    def __init__(self, file: Hl7Format, path: Path, plans: list[_Plan], ignored: frozenset[str], result: Reading) -> None:
        self._file, self._path, self._plans, self._result, self._ignored = file, path, plans, result, ignored
        known = {name for plan in plans for cells in plan.cells for cell in cells for name in cell.reads}
        known |= {plan.explode.name for plan in plans if plan.explode}
        self._known = known | ignored
        self._segments = {name.split("-")[0] for name in known | {name for name in ignored if "-" in name}}
        self._numbers: defaultdict[str, set[int]] = defaultdict(set)
        """Of each kind of segment, fields that are known."""
        for segment, _, number in (name.partition("-") for name in self._known if "-" in name):
            self._numbers[segment].add(int(number) if number.isdigit() else 0)
        self._unmapped = Unmapped()

    def batches(self) -> Iterator[Batch]:
        look(self._path, self._file.encoding)
        with self._path.open(encoding=self._file.encoding) as stream:
            for position, lines in self._messages(stream):
                self._message(position, lines)
                if any(plan.rows.is_full for plan in self._plans):
                    yield from self._flush()
        self._unmapped.tell(self._result)
        yield from self._flush()

    def _messages(self, stream: TextIO) -> Iterator[tuple[int, list[str]]]:
        """(line of its MSH, its lines) of each message; checks what the envelopes of a batch state of their contents."""
        begun: tuple[int, list[str]] | None = None
        envelopes = _Envelopes()
        position = characters = 0
        for position, line in enumerate(stream, start=1):
            text = line.rstrip("\n").strip(_FRAMES)
            if not text.strip():
                continue
            if text[:3] == "MSH" or text[:3] in _Envelopes.NAMES:
                if begun:
                    yield begun
                begun, characters = ((position, [text]) if text[:3] == "MSH" else None), len(text)
                if not envelopes.meets(text):
                    problem = f"the file is truncated: its {text[:3]} states another number than came before it"
                    raise self._refuse(problem, _MEND, position)
            elif begun is None:
                raise self._refuse("a line outside of all messages is no header of one", "Export HL7 v2 messages", position)
            else:
                characters += len(text)
                if len(begun[1]) <= MAX_SEGMENTS:  # one too many tells that there are more
                    begun[1].append(text if characters <= MAX_MESSAGE_CHARACTERS else "")
        if begun:
            yield begun
        if envelopes.open:
            raise self._refuse("the file is truncated: its batch is not closed", _MEND, position)

    def _message(self, position: int, lines: list[str]) -> None:
        raw = "\r".join(lines).encode("utf-8", "surrogatepass")
        signs = Signs.of(lines[0], self._file.encoding)
        reason = None
        if signs is None:
            reason = "its MSH does not state the signs that it is written with"
        elif len(lines) > MAX_SEGMENTS:
            reason = f"more than {MAX_SEGMENTS} segments"
        elif "" in lines or len(lines[0]) > MAX_MESSAGE_CHARACTERS:
            reason = f"more than {MAX_MESSAGE_CHARACTERS} characters"
        elif not all(_SEGMENT.match(line) for line in lines):
            reason = "a line of it is no segment"
        elif signs.count("".join(lines)) > MAX_MESSAGE_SIGNS or max(line.count(signs.field) for line in lines) > MAX_SEGMENT_FIELDS:
            reason = f"more than {MAX_MESSAGE_SIGNS} signs that divide it, or {MAX_SEGMENT_FIELDS} fields of a segment"
        if signs is None or reason:
            self._result.misread(position, reason or "", raw)
            return
        message = Message(position, lines, signs)
        if any(plan.gives_too_many(message) for plan in self._plans):
            self._result.misread(position, f"a field of more than {MAX_SEGMENTS} repetitions", raw)
            return
        if self._file.messages and message.kind not in self._file.messages:
            self._result.misread(position, "a message of a kind that the contract does not name", raw)
            return
        self._result.units += 1
        if unread := self._unread(message):
            self._unmapped.add(unread, position)
        for plan in self._plans:
            plan.add(message, raw)

    def _unread(self, message: Message) -> set[str]:
        """Segments of kinds that no column looks into, and of the others the filled fields that none reads."""
        found: set[str] = set()
        for name, fields in ((segment.name, segment.fields) for segment in message.segments):
            if name in self._ignored:
                continue
            if name not in self._segments:
                found.add(name)
                continue
            numbers = enumerate(fields[2:], start=3) if name == "MSH" else enumerate(fields[1:], start=1)
            known = self._numbers[name]
            found.update([f"{name}-{number}" for number, text in numbers if text and number not in known])
        return found

    def _flush(self) -> Iterator[Batch]:
        for plan in self._plans:
            if batch := plan.rows.batch():
                yield batch

    def _refuse(self, what: str, remedy: str, position: int) -> RefusedFile:
        return RefusedFile(what, remedy=remedy, file=self._path.name, position=position, rule=UNREADABLE)
