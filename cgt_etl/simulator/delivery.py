"""Files as delivered: where a record comes to stand, and the sealed note of it. Streams; keeps a bounded number of files open.

Knows layouts (delimited text, JSON lines, text of records' own, tables of workbooks, a file per record), not what a record says; which
record goes where is decided in `engine`.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TextIO

from cgt_etl.simulator.calendar import Calendar, named
from cgt_etl.simulator.facts import Csv, Layout, Ndjson, Nightly, Own, Record, Sheet, Text, is_dated
from cgt_etl.simulator.sheets import write_table

_LINE_END = re.compile(r"\r\n|\r|\n")
MAX_OPEN = 64
"""Files open at once; the least recently used is closed and opened again when needed."""


@dataclass
class File:
    """One delivered file."""

    night: int
    """Folder in which it lies."""
    day: date
    """Day that its name says: of the night for which it was made, earlier than `night` where it comes late, or of its facts."""
    partner: str
    feed: str
    name: str
    layout: Layout | None
    """None for a file that writes itself."""
    units: int = 0
    lines: int = 0
    rows: list[Record] = field(default_factory=list)
    """Of a workbook, until it is written."""
    refused: str | None = None

    @property
    def id(self) -> str:
        """`<night>/<partner>/<feed>/<name>`: how the truth names it."""
        return f"{self.night:04d}/{self.partner}/{self.feed}/{self.name}"


@dataclass
class Inbox:
    """The folder of all nights."""

    folder: Path
    calendar: Calendar
    files: dict[str, File] = field(default_factory=dict)
    _open: OrderedDict[str, TextIO] = field(default_factory=OrderedDict)

    def file(self, night: int, partner: str, feed: str, layout: Nightly, *, day: date) -> File:
        """The night's file of a feed and a day, begun where it is not there yet."""
        name = named(layout.name, day)
        id_ = f"{night:04d}/{partner}/{feed}/{name}"
        if id_ not in self.files:
            file = File(night, day, partner, feed, name, layout)
            self.files[id_] = file
            self._begin(file, layout)
        return self.files[id_]

    def own(self, night: int, partner: str, feed: str, name: str, layout: Layout | None) -> tuple[File, Path]:
        """A file of a record's own, and where to write it."""
        file = File(night, self.calendar.day_of(night), partner, feed, name, layout)
        self.files[file.id] = file
        path = self.folder / file.id
        path.parent.mkdir(parents=True, exist_ok=True)
        return file, path

    def append(self, file: File, record: Record) -> int:
        """Write one record as its layout says; gives where the door counts it: the physical line on which it starts, from 1, or the row of
        a sheet, or the record's number.

        Raises:
            TypeError: a file of a record's own.
        """
        layout = file.layout
        if layout is None or isinstance(layout, Own):
            raise TypeError("a file of a record's own has no records to append")
        file.units += 1
        if isinstance(layout, Sheet):
            file.rows.append(record)
            return len(file.rows) + 1
        text = text_of(layout, record)
        position = file.units if isinstance(layout, Text) and layout.by_number else file.lines + 1
        self._handle(file).write(text + "\n")
        file.lines += len(_LINE_END.findall(text)) + 1
        return position

    def close(self) -> None:
        """End every file that has an end, write the workbooks, close every open file."""
        for file in self.files.values():
            layout = file.layout
            if isinstance(layout, Text) and layout.end:
                self._handle(file).write(layout.end)
            elif isinstance(layout, Sheet):
                sheet = named(layout.sheet, file.day)
                rows = [[record[column] for column in layout.columns] for record in file.rows]
                write_table(self.folder / file.id, sheet, layout.columns, rows)
        while self._open:
            self._open.popitem()[1].close()

    def sealed(self) -> Iterator[dict[str, object]]:
        """What the truth says of every file, in the order of their ids; call after `close`."""
        for id_ in sorted(self.files):
            file = self.files[id_]
            raw = hashlib.sha256()
            with (self.folder / id_).open("rb") as stream:
                size = 0
                while chunk := stream.read(1 << 20):
                    raw.update(chunk)
                    size += len(chunk)
            yield {
                "file": id_,
                "night": file.night,
                "partner": file.partner,
                "feed": file.feed,
                "name": file.name,
                "sha256": raw.hexdigest(),
                "size": size,
                "units": None if file.refused else file.units,
                "refused": file.refused,
            }

    def _begin(self, file: File, layout: Nightly) -> None:
        path = self.folder / file.id
        path.parent.mkdir(parents=True, exist_ok=True)
        first = csv_line(layout.columns, layout.delimiter) + "\n" if isinstance(layout, Csv) else ""
        first = layout.begin if isinstance(layout, Text) else first
        if first:
            self._handle(file).write(first)
            file.lines = len(_LINE_END.findall(first))
        if not is_dated(layout):
            sequence = f"{file.day:%Y-%m-%d}T03:00:00Z"
            envelope = json.dumps({"sequence": sequence}) + "\n"
            (path.parent / "envelope.json").write_text(envelope, encoding="utf-8", newline="\n")

    def _handle(self, file: File) -> TextIO:
        handle = self._open.get(file.id)
        if handle is None:
            if len(self._open) >= MAX_OPEN:
                self._open.popitem(last=False)[1].close()
            encoding = file.layout.encoding if isinstance(file.layout, Csv) else "utf-8"
            handle = (self.folder / file.id).open("a", encoding=encoding, newline="")
            self._open[file.id] = handle
        self._open.move_to_end(file.id)
        return handle


def text_of(layout: Csv | Ndjson | Text, record: Record) -> str:
    """One record as its layout writes it, without the line end. A JSON record under the key `""` is text that stands as it is."""
    if isinstance(layout, Csv):
        return csv_line([record[column] for column in layout.columns], layout.delimiter)
    if isinstance(layout, Text):
        return layout.write(record)
    if "" in record:
        return str(record[""])
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def csv_line(cells: tuple[str, ...] | list[str], delimiter: str) -> str:
    """Delimited text of one row, quoted where it must be."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(cells)  # only what its line end holds does it quote
    return text.getvalue().removesuffix("\r\n")
