"""What a night says of itself: per file what came in and what became of it, what was left out, and which release stands.

Plain values only, so that the terminal, Dagster and the night record say the same. Holds no data value: counts, ids, rule ids and
sentences of our own errors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Literal

from cgt_etl.errors import NotReady
from cgt_etl.landing.delivery import Landed

Outcome = Literal["landed", "known", "waiting", "refused", "problem"]
COUNTED = ("in", "accepted", "set_aside", "erased")
FEW_FILES = 3


@dataclass(frozen=True)
class FileLine:
    """One file of the night. `units`: in, accepted, set_aside, erased, in the unit of its format; empty where it was not read."""

    partner: str
    feed: str
    source_name: str
    outcome: Outcome
    delivery: str | None
    units: dict[str, int]
    cells: dict[str, int]
    reason: str | None
    """Why it was refused, or why it cannot be a delivery at all."""

    @classmethod
    def of(cls, landed: Landed) -> FileLine:
        outcome: Outcome = "landed" if landed.is_new else "known"
        if landed.delivery is None:
            outcome = "waiting" if isinstance(landed.problem, NotReady) else "problem"
        elif landed.delivery.status == "refused":
            outcome = "refused"
        return cls(
            partner=landed.partner,
            feed=landed.feed,
            source_name=landed.source_name,
            outcome=outcome,
            delivery=landed.delivery.id if landed.delivery else None,
            units=dict(landed.counts.get("units", {})),
            cells=dict(landed.counts.get("cells", {})),
            reason=str(landed.problem) if landed.problem else landed.reason,
        )

    @property
    def is_left_out(self) -> bool:
        return self.outcome in ("refused", "problem")


@dataclass(frozen=True)
class GateLine:
    """One expectation that did not hold, or could not be evaluated."""

    suite: str
    sentence: str
    is_closing: bool
    """It stops the release."""


@dataclass
class NightReport:
    """One night; filled as its steps go.

    `status`: `released`; `nothing_new` (the current release rests on everything that is landed); `held` (a `block` rule of the gate
    failed: the build is judged but not released, the last release stands). A step that fails raises instead, and the night is recorded
    as `failed`. Exit codes of the command line follow: 0 for released and nothing new, even where files were refused (they are named,
    and every other delivery is in the release), 3 for held, 2 for an error that is one of ours, 1 for one that is not.
    """

    night: str
    """Name of the inbox's folder."""
    number: int | None = None
    """Of the night record and the release id."""
    status: Literal["released", "nothing_new", "held"] = "nothing_new"
    files: list[FileLine] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Declaration folders, and feeds that delivered before, that were left out."""
    gate: list[GateLine] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    """Breaches of handoffs that are new in the release."""
    cards: list[str] = field(default_factory=list)
    """What is amiss with the feedback cards of the release."""
    sandboxes: list[str] = field(default_factory=list)
    """Which sandboxes are not of the release, and why."""
    release_id: str | None = None
    """The release that is current when the night ends."""
    is_increment: bool = False
    rows: dict[str, int] = field(default_factory=dict)
    """Released table -> rows."""

    @property
    def is_held(self) -> bool:
        return self.status == "held"

    @property
    def sentences(self) -> list[str]:
        """Everything that somebody should look at, one sentence each."""
        left_out = [f"{line.outcome}: {line.reason}" for line in self.files if line.is_left_out or line.outcome == "waiting"]
        gate = [f"gate{' CLOSED' if line.is_closing else ''}: {line.sentence}" for line in self.gate]
        alerts = [f"ALERT: {sentence}" for sentence in self.alerts]
        cards = [f"feedback cards: {sentence}" for sentence in self.cards]
        return [*(f"left out: {problem}" for problem in self.problems), *left_out, *gate, *alerts, *cards, *self.sandboxes]

    def counts(self) -> dict[str, Any]:
        """Totals of what the night's files held: units and cells in, accepted, set aside, erased; files by outcome."""
        outcomes: list[str] = [line.outcome for line in self.files]
        return {
            "units": {name: sum(line.units.get(name, 0) for line in self.files) for name in COUNTED},
            "cells": {name: sum(line.cells.get(name, 0) for line in self.files) for name in COUNTED},
            "files": {name: outcomes.count(name) for name in ("landed", "known", "waiting", "refused", "problem")},
        }

    def lines(self) -> list[str]:
        """For the terminal."""
        warnings = sum(not line.is_closing for line in self.gate)
        opened = [f"  gate: open, warnings: {warnings}" if warnings else "  gate: open"] if self.status == "released" else []
        said = [f"  {sentence}" for sentence in self.sentences]
        return [f"Night {self.night}", *self._table(), *said, *opened, f"  {self._end()}"]

    def _table(self) -> list[str]:
        if not self.files:
            return ["  no files"]
        total, cells = self.counts()["units"], self.counts()["cells"]
        rows = [["partner/feed", "file", "in", "accepted", "set aside", "erased", ""]]
        for _, group in groupby(self.files, key=lambda line: (line.partner, line.feed, line.outcome)):
            rows += _rows(list(group))
        rows += [["all", "", *(str(total[name]) for name in COUNTED), ""]]
        widths = [max(len(row[place]) for row in rows) for place in range(6)]
        aligned = ([cell.ljust(width) for cell, width in zip(row[:2], widths[:2], strict=True)] for row in rows)
        counted = ([cell.rjust(width) for cell, width in zip(row[2:6], widths[2:], strict=True)] for row in rows)
        table = ["  " + "  ".join([*names, *counts, row[6]]).rstrip() for names, counts, row in zip(aligned, counted, rows, strict=True)]
        return [
            *table,
            f"  cells: {cells['in']} in = {cells['accepted']} accepted + {cells['set_aside']} set aside + {cells['erased']} erased",
        ]

    def _end(self) -> str:
        stands = f"release {self.release_id} stands" if self.release_id else "there is no release yet"
        if self.status == "released":
            kind = "an increment" if self.is_increment else "a full build"
            return f"released {self.release_id} ({kind}; {sum(self.rows.values())} rows in {len(self.rows)} tables)"
        if self.status == "held":
            return f"HELD: the gate did not open; {stands}"
        return f"nothing new; {stands}"


_NOTE = {"landed": "", "known": "landed before"}


def _rows(lines: list[FileLine]) -> list[list[str]]:
    """One row a file; a feed of many files that were all read (certificates, loggers) takes one row together."""
    if len(lines) <= FEW_FILES or any(line.is_left_out for line in lines):
        return [_row(line) for line in lines]
    total = [str(sum(line.units.get(name, 0) for line in lines)) for name in COUNTED]
    return [[f"{lines[0].partner}/{lines[0].feed}", f"{len(lines)} files", *total, _NOTE.get(lines[0].outcome, lines[0].outcome)]]


def _row(line: FileLine) -> list[str]:
    counts = [str(line.units[name]) if name in line.units else "-" for name in COUNTED]
    return [f"{line.partner}/{line.feed}", line.source_name, *counts, _NOTE.get(line.outcome, line.outcome)]
