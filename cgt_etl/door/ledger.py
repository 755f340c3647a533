"""The books of one delivery: verdicts without values, what is set aside with its values, and counts that must add up.

Holds no rule and no cast; it writes down what others decided.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import polars as pl

from cgt_etl.door.rules import Effect
from cgt_etl.errors import CgtError

VERDICTS = pl.Schema(
    {
        "object": pl.String(),
        "source_row": pl.Int64(),
        "source_item": pl.Int64(),
        "column": pl.String(),
        "rule": pl.String(),
        "effect": pl.String(),
    }
)
LINKS = pl.Schema(
    {
        "source_row": pl.Int64(),
        "source_item": pl.Int64(),
        "object": pl.String(),
        "record_key": pl.String(),
        "column": pl.String(),
        "kind": pl.String(),
        "issuer": pl.String(),
        "person": pl.String(),
        "says": pl.String(),
        "of": pl.String(),
        "partner_token": pl.String(),
        "linkage_token": pl.String(),
    }
)
DEMOGRAPHICS = pl.Schema(
    {
        "source_row": pl.Int64(),
        "source_item": pl.Int64(),
        "object": pl.String(),
        "person": pl.String(),
        "demographic": pl.String(),
        "form": pl.String(),
        "token": pl.String(),
    }
)
_CELLS = ("dropped", "tokenised", "missing")


@dataclass(frozen=True)
class Fault:
    """Rows of one object that fail one rule, in one column or (column None) as a whole."""

    column: str | None
    rule: str
    effect: Effect
    rows: list[int]
    """Numbers of the rows in the object's frame."""


@dataclass(frozen=True)
class SetAside:
    """A record, row or cell with its text: for the vault and nowhere else."""

    object: str
    position: int
    item: int
    column: str | None
    rule: str
    text: str


@dataclass
class Tally:
    """How many came and what became of them."""

    in_: int = 0
    accepted: int = 0
    set_aside: int = 0
    erased: int = 0

    def add(self, other: Tally) -> None:
        self.in_ += other.in_
        self.accepted += other.accepted
        self.set_aside += other.set_aside
        self.erased += other.erased

    def counts(self, what: str) -> dict[str, int]:
        """Raises:
        CgtError: they do not add up, so the door itself is wrong.
        """
        if self.in_ != self.accepted + self.set_aside + self.erased:
            raise CgtError(f"the {what} do not add up", remedy="This is a defect of the door, not of the file: report it")
        return {"in": self.in_, "accepted": self.accepted, "set_aside": self.set_aside, "erased": self.erased}


@dataclass
class Ledger:
    """What is written down while a delivery goes through the door."""

    set_aside: list[SetAside] = field(default_factory=list)
    units: Tally = field(default_factory=Tally)
    rows: dict[str, Tally] = field(default_factory=dict)
    cells: Tally = field(default_factory=Tally)
    accepted_cells: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_CELLS, 0))
    """Of the accepted cells: how many were dropped, tokenised, missing."""
    unmapped: dict[str, int] = field(default_factory=dict)
    _verdicts: list[pl.DataFrame] = field(default_factory=list)

    def verdict(self, name: str, rule: str, effect: Effect, places: Iterable[tuple[int, int]], column: str | None = None) -> None:
        """`places` are (source_row, source_item)."""
        listed = list(places)
        if not listed:
            return
        many = len(listed)
        columns = {
            "object": [name] * many,
            "source_row": [row for row, _ in listed],
            "source_item": [item for _, item in listed],
            "column": [column] * many,
            "rule": [rule] * many,
            "effect": [effect] * many,
        }
        self._verdicts.append(pl.DataFrame(columns, schema=VERDICTS))

    @property
    def verdicts(self) -> pl.DataFrame:
        """All verdicts, by row, object, column and rule."""
        together = pl.concat([pl.DataFrame(schema=VERDICTS), *self._verdicts])
        return together.sort("source_row", "source_item", "object", "column", "rule")

    def counts(self) -> dict[str, dict[str, object]]:
        """Units, rows by object and cells; each in = accepted + set aside + erased.

        Raises:
            CgtError: they do not add up.
        """
        return {
            "units": {**self.units.counts("units")},
            "rows": {name: tally.counts(f"rows of {name}") for name, tally in self.rows.items()},
            "cells": {**self.cells.counts("cells"), **self.accepted_cells},
            "unmapped": {**self.unmapped},
        }
