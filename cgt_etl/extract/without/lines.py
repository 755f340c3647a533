"""Files of lines without some records: delimited text, JSON lines, ARFF, HL7 v2. One pass; every other line keeps its bytes.

Of an emptied record each physical line is left, so that those below keep their numbers.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

from cgt_etl.contracts.formats import CsvFormat, Hl7Format, NdjsonFormat
from cgt_etl.extract.hl7 import ENVELOPES, FRAMES
from cgt_etl.extract.limits import MAX_FIELD_CHARACTERS
from cgt_etl.extract.nested import TYPE
from cgt_etl.extract.text import encoding_of
from cgt_etl.extract.without.text_marks import coded

_SIGNS = re.compile(r"MSH[^\w\s]{2,5}")
_KIND_AT = 9
"""MSH-9."""


def rows(file: CsvFormat, path: Path, positions: frozenset[int]) -> Iterator[bytes]:
    """Delimited text. Of an emptied row its empty fields are left, so that a foot which counts rows still does."""
    csv.field_size_limit(MAX_FIELD_CHARACTERS)

    def emptied(record: _Lines) -> str:
        try:
            fields = len(next(csv.reader(record.taking(), delimiter=file.delimiter, quotechar=file.quote, strict=True)))
        except csv.Error:
            fields = 1
        return file.delimiter * (fields - 1) or file.quote * 2

    yield from _rewritten(path, encoding_of(path, file.encoding, file.marked_encodings), positions, emptied)


def arff(path: Path, positions: frozenset[int]) -> Iterator[bytes]:
    """ARFF. Of an emptied row an empty comment is left."""

    def emptied(record: _Lines) -> str:
        next(record.taking())
        return "%"

    yield from _rewritten(path, "utf-8-sig", positions, emptied)


def messages(file: Hl7Format, path: Path, positions: frozenset[int]) -> Iterator[bytes]:
    """HL7 v2. Of an emptied message its header is left, with its signs and kind alone, so that the trailer of a batch still counts it."""

    def emptied(record: _Lines) -> str:
        header = _SIGNS.match(next(record.taking()).strip(FRAMES))
        for line in record.taking():
            if line.strip(FRAMES)[:3] in ("MSH", *ENVELOPES):
                record.give_back()
                break
        return _header(header[0], file.messages) if header else "MSH"

    yield from _rewritten(path, file.encoding, positions, emptied)


def _header(signs: str, kinds: list[str]) -> str:
    field, component = signs[3], signs[4]
    return signs + field * (_KIND_AT - 2) + (kinds[0].replace("^", component) if kinds else "")


def resources(file: NdjsonFormat, path: Path, positions: frozenset[int]) -> Iterator[bytes]:
    """JSON lines. Of an emptied line an empty resource is left."""
    resource = (f'{{"{TYPE}":"{file.resource_type}"}}' if file.resource_type else "{}").encode()
    with path.open("rb") as stream:
        for number, line in enumerate(stream, start=1):  # for JSON lines a carriage return alone ends none
            mark = codecs.BOM_UTF8 if number == 1 and line.startswith(codecs.BOM_UTF8) else b""
            yield mark + resource + line[len(line.rstrip(b"\r\n")) :] if number in positions else line


class _Lines:
    """The physical lines of a file, counted; those of the record that is being emptied at hand."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._back: list[str] = []
        self.count = 0
        self.taken: list[str] = []

    def __iter__(self) -> Iterator[str]:
        """Those that nobody has taken."""
        while line := self._back.pop() if self._back else self._stream.readline():
            self.count += 1
            yield line

    def taking(self) -> Iterator[str]:
        """The same, as lines of the record."""
        for line in self:
            self.taken.append(line)
            yield line

    def give_back(self) -> None:
        """The line taken last is none of the record."""
        self._back.append(self.taken.pop())
        self.count -= 1


def _rewritten(path: Path, encoding: str, positions: frozenset[int], emptied: Callable[[_Lines], str]) -> Iterator[bytes]:
    """The file with what `emptied` makes of each record in the first of its lines; it takes these."""
    with path.open("rb") as file:
        mark, bare = coded(file.read(len(codecs.BOM_UTF8)), encoding)
    yield mark
    with path.open(encoding=encoding, newline="") as stream:
        lines = _Lines(stream)
        for line in lines:
            if lines.count not in positions:
                yield line.encode(bare)
                continue
            lines.taken = [line]
            lines.give_back()
            text = emptied(lines)
            first, *_, last = (one[len(one.rstrip("\r\n")) :] for one in [lines.taken[0], *lines.taken])
            between = last or first  # all alike: a carriage return and a line feed behind it would be one line end
            yield (text + between * (len(lines.taken) - 1) + last).encode(bare)
