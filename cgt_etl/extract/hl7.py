"""HL7 v2 messages in a file, with or without batch envelopes: cells by segment and field, segments and repetitions as rows of their own.

A unit is a message; its position the physical line of its MSH. A line is a segment and ends at CR, LF or CR LF. A message with a line that
is no segment is set aside alone. `hl7_message` has the grammar of places, `hl7_rows` the rows of a message; `hl7_columns` takes before
what it can.

A row of `explode: OBX` is one OBX segment, of `explode: PID-3` one repetition of that field in each PID. A cell of another segment is
found in the nearest one before it; where that kind of segment follows the rows of its order (SPM behind the results of an ORU), in the next
one of the same group, or for a row behind it in that one. A row of the message itself takes the first of each kind. Several values where
one is expected make the cell ambiguous.
"""

from __future__ import annotations

import codecs
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from cgt_etl.contracts.formats import Hl7Format
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract.hl7_columns import Columns
from cgt_etl.extract.hl7_message import Message, Signs
from cgt_etl.extract.hl7_rows import Plan
from cgt_etl.extract.limits import MAX_MESSAGE_CHARACTERS, MAX_MESSAGE_SIGNS, MAX_SEGMENT_FIELDS, MAX_SEGMENTS
from cgt_etl.extract.nested import Unmapped
from cgt_etl.extract.records import UNREADABLE, Batch, Reading
from cgt_etl.extract.shapes import together
from cgt_etl.extract.text import look

_SEGMENT = re.compile(r"[A-Z][A-Z0-9]{2}(?![A-Z0-9])")
FRAMES = "\x0b\x1c"
"""Start and end of a message on a wire; some files keep them."""
ENVELOPES = ("FHS", "BHS", "BTS", "FTS")
_STRETCH_BYTES = 2048 * 1024
_MEND = "Send the whole export again"


def reading(file: Hl7Format, path: Path, objects: tuple[ObjectSpec, ...], ignored: frozenset[str]) -> Reading:
    """The rows of a file of messages; see `cgt_etl.extract.open_reader`. `ignored` are segments (`NTE`) or fields (`PID-5`)."""
    plans = [Plan.of(spec, is_record=place == 0) for place, spec in enumerate(objects)]
    return Reading(lambda result: _Pass(file, path, plans, ignored, result).batches())


class _Envelopes:
    """Headers and trailers of a batch (BHS, BTS) and of a file of batches (FHS, FTS), and what they hold."""

    def __init__(self) -> None:
        self.open: list[str] = []
        self.messages = self._batches = 0

    def meets(self, line: str) -> bool:
        """Take note of a message's header or an envelope's line; False where a trailer states another count than there was."""
        name = line[:3]
        if name == "MSH":
            self.messages += 1
            return True
        if name in ("FHS", "BHS"):
            self.open.append(name)
            self.messages, self._batches = 0, 0 if name == "FHS" else self._batches
            return True
        header = {"BTS": "BHS", "FTS": "FHS"}[name]
        if header in self.open:
            self.open.remove(header)
        count = self.messages if name == "BTS" else self._batches
        self._batches += name == "BTS"
        stated = line[4:].split(line[3], 1)[0] if len(line) > 4 else ""
        return not stated.isdigit() or int(stated) == count


class _Pass:
    """One pass over one file."""

    def __init__(self, file: Hl7Format, path: Path, plans: list[Plan], ignored: frozenset[str], result: Reading) -> None:
        self._file, self._path, self._plans, self._result, self._ignored = file, path, plans, result, ignored
        known = {name for plan in plans for cells in plan.cells for cell in cells for name in cell.reads}
        known |= {plan.explode.name for plan in plans if plan.explode}
        self._known = known | ignored
        self._segments = {name.split("-")[0] for name in known | {name for name in ignored if "-" in name}}
        self._numbers: defaultdict[str, set[int]] = defaultdict(set)
        """Of each kind of segment, fields that are known."""
        for segment, _, number in (name.partition("-") for name in self._known if "-" in name):
            self._numbers[segment].add(int(number) if number.isdigit() else 0)
        self._outside: dict[tuple[str, int], list[tuple[int, str]]] = {}
        """Kind of a segment and how many fields it has -> fields that nothing reads."""
        self._has_digest = any(plan.has_digest for plan in plans)
        self._unmapped = Unmapped()
        self._columns = Columns(plans, file.messages, self._not_read)
        self._waiting: list[tuple[int, str, int]] = []
        """What is outside the contract in messages that were taken together and is not told yet, the last first."""
        self._envelopes = _Envelopes()
        self._begun: tuple[int, list[str]] | None = None
        """Line of its MSH, and the lines of the message that is being read."""
        self._characters = 0

    def batches(self) -> Iterator[Batch]:
        look(self._path, self._file.encoding)
        position = 1
        for stretch, is_whole in self._stretches():
            yield from self._stretch(position, stretch, is_whole=is_whole)
            position += int(np.count_nonzero(np.frombuffer(stretch, np.uint8) == ord("\n")))  # quicker than to look for each
        self._close()
        if self._envelopes.open:
            raise self._refuse("the file is truncated: its batch is not closed", _MEND, position - 1)
        self._unmapped.tell(self._result)
        yield from self._flush()

    def _stretches(self) -> Iterator[tuple[bytes, bool]]:
        """(whole lines of the file, as UTF-8, each of which ends with LF; whether the last message ends with them)."""
        left = b""
        with self._path.open("rb") as stream:
            if self._file.encoding != "utf-8-sig" or stream.read(3) != codecs.BOM_UTF8:
                stream.seek(0)
            while read := stream.read(_STRETCH_BYTES):
                stretch = left + read
                before = len(stretch) - stretch.endswith(b"\r")  # whose LF may follow
                end = max(stretch.rfind(b"\n", 0, before), stretch.rfind(b"\r", 0, before)) + 1
                of_header = stretch.rfind(b"\rMSH") if b"\r" in stretch else -1
                of_header = max(of_header, stretch.rfind(b"\nMSH", max(of_header, 0))) + 1
                left = stretch[of_header or end :]
                if of_header or end:
                    yield self._lines_of(stretch[: of_header or end]), of_header > 0
        if left:
            yield self._lines_of(left if left.endswith((b"\r", b"\n")) else left + b"\n"), True

    def _lines_of(self, stretch: bytes) -> bytes:
        if b"\r" in stretch:
            stretch = (stretch.replace(b"\r\n", b"\n") if b"\n" in stretch else stretch).replace(b"\r", b"\n")
        return stretch.decode("latin-1").encode() if self._file.encoding == "latin-1" and not stretch.isascii() else stretch

    def _stretch(self, position: int, stretch: bytes, *, is_whole: bool) -> Iterator[Batch]:
        """The rows of some whole lines, and of the message that was begun before them."""
        taken = self._columns.take(stretch, position, is_whole=is_whole)
        self._result.units += taken.messages
        self._waiting = taken.unread[::-1]
        counted = 0
        for before, first, lines in taken.rest:
            self._pass_by(before - counted)
            counted = before
            for number, line in enumerate(lines[:-1].decode().split("\n"), start=first):
                self._line(number, line)
                if not taken.messages and any(plan.rows.is_full for plan in self._plans):
                    yield from self._flush()
        self._pass_by(taken.messages - counted)
        while self._waiting:
            self._tell(self._waiting.pop())
        for plan, rows in zip(self._plans, taken.rows, strict=False):
            yield from together(plan, [rows] if rows.height else [])

    def _pass_by(self, messages: int) -> None:
        """Some messages that were taken together."""
        if messages:
            self._close()
            self._envelopes.messages += messages

    def _line(self, position: int, line: str) -> None:
        """One line; checks what the envelopes of a batch state of their contents."""
        text = line.strip(FRAMES)
        if not text.strip():
            return
        if text[:3] == "MSH" or text[:3] in ENVELOPES:
            self._close()
            self._begun, self._characters = ((position, [text]) if text[:3] == "MSH" else None), len(text)
            if not self._envelopes.meets(text):
                problem = f"the file is truncated: its {text[:3]} states another number than came before it"
                raise self._refuse(problem, _MEND, position)
        elif self._begun is None:
            raise self._refuse("a line outside of all messages is no header of one", "Export HL7 v2 messages", position)
        else:
            self._characters += len(text)
            if len(self._begun[1]) <= MAX_SEGMENTS:  # one too many tells that there are more
                self._begun[1].append(text if self._characters <= MAX_MESSAGE_CHARACTERS else "")

    def _close(self) -> None:
        """The message that was begun is whole."""
        if self._begun:
            position, lines = self._begun
            self._begun = None
            while self._waiting and self._waiting[-1][0] < position:
                self._tell(self._waiting.pop())
            self._message(position, lines)

    def _tell(self, unread: tuple[int, str, int]) -> None:
        first, element, messages = unread
        self._unmapped.add([element], first, messages)

    def _message(self, position: int, lines: list[str]) -> None:
        whole = "\r".join(lines)
        signs = Signs.of(lines[0], self._file.encoding)
        reason = None
        if signs is None:
            reason = "its MSH does not state the signs that it is written with"
        elif len(lines) > MAX_SEGMENTS:
            reason = f"more than {MAX_SEGMENTS} segments"
        elif "" in lines or len(lines[0]) > MAX_MESSAGE_CHARACTERS:
            reason = f"more than {MAX_MESSAGE_CHARACTERS} characters"
        elif not all(_SEGMENT.match(begin) for begin in {line[:4] for line in lines}):
            reason = "a line of it is no segment"
        elif signs.count(whole) > MAX_MESSAGE_SIGNS or max(line.count(signs.field) for line in lines) > MAX_SEGMENT_FIELDS:
            reason = f"more than {MAX_MESSAGE_SIGNS} signs that divide it, or {MAX_SEGMENT_FIELDS} fields of a segment"
        if signs is None or reason:
            self._misread(position, reason or "", whole)
            return
        message = Message(position, lines, signs)
        if any(plan.gives_too_many(message) for plan in self._plans):
            self._misread(position, f"a field of more than {MAX_SEGMENTS} repetitions", whole)
            return
        if self._file.messages and message.kind not in self._file.messages:
            self._misread(position, "a message of a kind that the contract does not name", whole)
            return
        self._result.units += 1
        if unread := self._unread(message):
            self._unmapped.add(unread, position)
        raw = whole.encode("utf-8", "surrogatepass") if self._has_digest else None
        for plan in self._plans:
            plan.add(message, raw)

    def _misread(self, position: int, reason: str, whole: str) -> None:
        self._result.misread(position, reason, whole.encode("utf-8", "surrogatepass"))

    def _unread(self, message: Message) -> set[str]:
        """Segments of kinds that no column looks into, and of the others the filled fields that none reads."""
        found: set[str] = set()
        for name, fields in message.segments:
            if (outside := self._outside.get((name, len(fields)))) is None:
                outside = self._outside[name, len(fields)] = self._not_read(name, len(fields))
            found.update([element for place, element in outside if fields[place]])
        return found

    def _not_read(self, name: str, width: int) -> list[tuple[int, str]]:
        """(place, name) of the fields of a segment that no column reads; of one that none looks into, its own."""
        if name in self._ignored:
            return []
        if name not in self._segments:
            return [(0, name)]
        numbers = ((place, place + (name == "MSH")) for place in range(2 if name == "MSH" else 1, width))
        return [(place, f"{name}-{number}") for place, number in numbers if number not in self._numbers[name]]

    def _flush(self) -> Iterator[Batch]:
        for plan in self._plans:
            if batch := plan.rows.batch():
                yield batch

    def _refuse(self, what: str, remedy: str, position: int) -> RefusedFile:
        return RefusedFile(what, remedy=remedy, file=self._path.name, position=position, rule=UNREADABLE)
