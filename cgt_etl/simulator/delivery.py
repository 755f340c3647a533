"""Files as delivered: where a record comes to stand, and the sealed note of it. Streams; keeps a bounded number of files open.

Knows layouts (delimited text, JSON lines, a file per record), not what a record says; which record goes where is decided in `engine`.
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
from pathlib import Path
from typing import TextIO

from cgt_etl.simulator.calendar import Calendar
from cgt_etl.simulator.facts import Csv, Layout, Ndjson, Record

_LINE_END = re.compile(r"\r\n|\r|\n")
MAX_OPEN = 64
"""Files open at once; the least recently used is closed and opened again when needed."""


@dataclass
class File:
    """One delivered file."""

    night: int
    """Folder in which it lies."""
    made: int
    """Night for which it was made: earlier than `night` where it comes late."""
    partner: str
    feed: str
    name: str
    layout: Layout | None
    """None for a file that writes itself."""
    units: int = 0
    lines: int = 0
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

    def file(self, night: int, partner: str, feed: str, layout: Csv | Ndjson, *, made: int | None = None) -> File:
        """The night's file of a feed, begun where it is not there yet."""
        made = made or night
        name = layout.name.format(stamp=self.calendar.stamp(made))
        id_ = f"{night:04d}/{partner}/{feed}/{name}"
        if id_ not in self.files:
            file = File(night, made, partner, feed, name, layout)
            self.files[id_] = file
            self._begin(file, layout)
        return self.files[id_]

    def own(self, night: int, partner: str, feed: str, name: str, layout: Layout | None) -> tuple[File, Path]:
        """A file of a record's own, and where to write it."""
        file = File(night, night, partner, feed, name, layout)
        self.files[file.id] = file
        path = self.folder / file.id
        path.parent.mkdir(parents=True, exist_ok=True)
        return file, path

    def append(self, file: File, text: str) -> int:
        """Write one record as it stands; gives the physical line, from 1, on which it starts."""
        position = file.lines + 1
        self._handle(file).write(text + "\n")
        file.lines += len(_LINE_END.findall(text)) + 1
        file.units += 1
        return position

    def close(self) -> None:
        """Close every open file."""
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

    def _begin(self, file: File, layout: Csv | Ndjson) -> None:
        path = self.folder / file.id
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(layout, Csv):
            self._handle(file).write(csv_line(layout.columns, layout.delimiter) + "\n")
            file.lines = 1
        if "{stamp}" not in layout.name:
            sequence = f"{self.calendar.day_of(file.made):%Y-%m-%d}T03:00:00Z"
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


def text_of(layout: Csv | Ndjson, record: Record) -> str:
    """One record as its layout writes it, without the line end. A JSON record under the key `""` is text that stands as it is."""
    if isinstance(layout, Csv):
        return csv_line([record[column] for column in layout.columns], layout.delimiter)
    if "" in record:
        return str(record[""])
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def csv_line(cells: tuple[str, ...] | list[str], delimiter: str) -> str:
    """Delimited text of one row, quoted where it must be."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(cells)  # only what its line end holds does it quote
    return text.getvalue().removesuffix("\r\n")
