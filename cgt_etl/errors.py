"""The errors a person sees. They say where and what to do; they never carry a data value."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = Path(__file__).parent


@dataclass
class CgtError(Exception):
    """One clear sentence about what went wrong, where, under which rule, and the remedy.

    Never put a cell, a name or an identifier value in any field: positions and rule ids only.
    """

    what: str
    remedy: str = ""
    partner: str | None = None
    feed: str | None = None
    file: str | None = None
    position: int | None = None
    column: str | None = None
    rule: str | None = None

    def __str__(self) -> str:
        where = ", ".join(
            f"{name} {value}"
            for name, value in (
                ("partner", self.partner),
                ("feed", self.feed),
                ("file", self.file),
                ("position", self.position),
                ("column", self.column),
                ("rule", self.rule),
            )
            if value is not None
        )
        sentence = f"{where}: {self.what}" if where else self.what
        return f"{sentence}. {self.remedy}".rstrip() if self.remedy else f"{sentence}."


class DeclarationError(CgtError):
    """A contract, partner file or setting that says something it may not say."""


class RefusedFile(CgtError):
    """A delivered file that cannot be read as its contract says; refused whole."""


class NotReady(CgtError):
    """A file that is still on its way; looked at again the next time."""


class LeaseHeld(CgtError):
    """Another night is writing."""


class GateClosed(CgtError):
    """A `block` rule of the gate stopped the release."""


def place_of(error: Exception) -> str:
    """Module and line of the innermost frame in our own code: says where an error came up, and nothing of what it says."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(_PACKAGE)]
    return f"{Path(frames[-1].filename).relative_to(_PACKAGE)} line {frames[-1].lineno}" if frames else "an unknown place"
