"""Files as delivered, and the sealed note of what is wrong with them.

A `Line` is one record with the defects that were put into it; writing a `Delivery` gives each defect its position.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Defect:
    """What was put in and what a door must make of it: a rule, and its effect (refuse, row, cell, flag)."""

    defect: str
    rule: str
    effect: str
    column: str | None = None
    """Name as in the contract; None for a whole row or file."""


@dataclass(frozen=True)
class Line:
    text: str
    defects: tuple[Defect, ...] = ()


@dataclass
class Delivery:
    """One file of one night."""

    night: int
    partner: str
    feed: str
    name: str
    header: str | None = None
    lines: list[Line] = field(default_factory=list)
    refused: Defect | None = None
    """Set where the file as a whole cannot be read."""
    sequence: str | None = None
    """Written to `envelope.json` beside the file where its name says none."""
    ends_with_newline: bool = True

    def write(self, inbox: Path) -> list[dict[str, object]]:
        """Write the file below `<inbox>/<night>/<partner>/<feed>/`.

        Returns:
            One record per defect: where (night, partner, feed, file, 1-based physical line, column) and what must become of it.
        """
        folder = inbox / f"{self.night:04d}" / self.partner / self.feed
        folder.mkdir(parents=True, exist_ok=True)
        texts = ([self.header] if self.header else []) + [line.text for line in self.lines]
        (folder / self.name).write_text("\n".join(texts) + ("\n" if self.ends_with_newline else ""), encoding="utf-8", newline="\n")
        if self.sequence:
            (folder / "envelope.json").write_text(json.dumps({"sequence": self.sequence}) + "\n", encoding="utf-8", newline="\n")
        place = {"night": self.night, "partner": self.partner, "feed": self.feed, "file": self.name}
        if self.refused:
            return [{**place, "position": None, "column": None, **_said(self.refused)}]
        first = 2 if self.header else 1
        return [
            {**place, "position": position, "column": defect.column, **_said(defect)}
            for position, line in enumerate(self.lines, start=first)
            for defect in line.defects
        ]


def _said(defect: Defect) -> dict[str, object]:
    return {"defect": defect.defect, "rule": defect.rule, "effect": defect.effect}
