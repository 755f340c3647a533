"""Writes a log of a release into a file: whole or not at all, in bounded memory. Knows which formats there are, and none of them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from cgt_etl.errors import CgtError
from cgt_etl.handoffs.mining import logged, ocel, xes
from cgt_etl.handoffs.reading import views
from cgt_etl.release.read import Release

Format = Literal["ocel", "xes"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEMORY = "1GiB"
"""What DuckDB holds; beyond that it sorts on disk, beside the file."""


@dataclass(frozen=True)
class Written:
    """What a file holds: events (in XES once for each journey), cases or objects; and events without an instant, which are in no log."""

    events: int
    things: int
    left_out: int


def write_log(release: Release, format_: Format, out: Path) -> Written:
    """Write the new file `out`. The same release gives the same bytes.

    Raises:
        CgtError: the file exists, or the release lacks a table that a log is made of.
    """
    if out.exists():
        raise CgtError("the file to write exists", remedy="Name a new one")
    out.parent.mkdir(parents=True, exist_ok=True)
    with views(release, *logged.TABLES) as connection, tempfile.TemporaryDirectory(prefix=".log-", dir=out.parent) as workplace:
        connection.execute("set temp_directory = $spill", {"spill": workplace})
        connection.execute(f"set memory_limit = '{MEMORY}'")
        logged.prepare(connection)
        counted = _Counted()
        if format_ == "xes":
            pieces = xes.lines(f"release {release.id}", counted.cases(logged.cases(connection)))
        else:
            things = ((kind, counted.things(logged.things(connection, kind))) for kind in logged.OBJECTS)
            pieces = ocel.lines(logged.event_types(connection), things, counted.all_events(logged.events(connection)))
        part = Path(workplace) / out.name
        with part.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)
        left_out = logged.left_out(connection)
        part.replace(out)
    return Written(counted.events, counted.others, left_out)


class _Counted:
    """Counts what passes."""

    def __init__(self) -> None:
        self.events = self.others = 0

    def cases(self, cases: Iterable[logged.Case]) -> Iterator[logged.Case]:
        for case in cases:
            self.others += 1
            self.events += len(case.events)
            yield case

    def things(self, things: Iterable[logged.Thing]) -> Iterator[logged.Thing]:
        for thing in things:
            self.others += 1
            yield thing

    def all_events(self, events: Iterable[logged.Logged]) -> Iterator[logged.Logged]:
        for event in events:
            self.events += 1
            yield event
