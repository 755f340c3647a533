"""An arrival sheet as plain values that a page can lay out. Reads no table, holds no layout."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "look", "unknown"]
"""As specified; somebody should look; nobody told."""


@dataclass(frozen=True)
class Verdict:
    """One question that a receiver has, and the answer that the records give."""

    asks: str
    said: str
    tone: Tone


@dataclass(frozen=True)
class Row:
    """A line of a table."""

    cells: tuple[str, ...]
    tone: Tone = "good"


@dataclass(frozen=True)
class Section:
    """A table under a title. `note` stands below it, or in its place where there is no row."""

    title: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True)
class Arrival:
    """What is told of one dose as of one release."""

    dose: str
    title: str
    release: str
    data_until: str
    verdicts: tuple[Verdict, ...]
    sections: tuple[Section, ...]
    recall: str
    """The command that says where all else from the same sources is."""
