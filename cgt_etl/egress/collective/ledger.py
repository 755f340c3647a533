"""Everything ever released of the collective tables, append-only: each cut names the one before by the hash of its bytes.

`released/<quarter>.json` is what goes to everybody. `hub/` holds the counts behind it, for the audit, and who was in each cell at the last
cut: that never leaves the hub and is readable by its owner alone. Cuts nothing and judges nothing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cgt_etl.egress.collective.counting import Group, Move
from cgt_etl.egress.collective.engine import Cut, Look, Quarter, Standing, Trace
from cgt_etl.egress.collective.plan import Cell, Plan
from cgt_etl.errors import CgtError
from cgt_etl.landing import durable

FIRST = "0" * 64
"""What the first cut names as the one before."""
_MEND = "Bring the folder back from a backup; nothing is cut on a ledger that was changed"


class TamperedLedger(CgtError):
    """The ledger is not what was written."""


class Ledger:
    """The ledger in a folder. `key` is the hub's: it marks the counts behind each cut, which a plain hash would let others guess at."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._folder, self._released, self._hub, self._key = folder, folder / "released", folder / "hub", key

    @property
    def head(self) -> str:
        """Hash of the last cut: whoever wrote it down can tell whether cuts were taken off the end."""
        names = self._names()
        return _hash((self._released / f"{names[-1]}.json").read_bytes()) if names else FIRST

    def read(self, head: str | None = None) -> list[Cut]:
        """Every cut in order, with the counts behind it, the last with its members; none when nothing was ever released.

        Args:
            head: the hash that the last cut must have, where it is known.

        Raises:
            TamperedLedger: a file was changed, taken out or put in; says which.
        """
        cuts: list[Cut] = []
        before = FIRST
        for name in self._names():
            written = (self._released / f"{name}.json").read_bytes()
            cuts.append(self._cut(name, written, before, cuts[-1] if cuts else None))
            before = _hash(written)
        if head is not None and head != before:
            raise TamperedLedger("the ledger does not end where it did", remedy=_MEND)
        if cuts:
            cuts[-1] = self._with_standing(cuts[-1])
        return cuts

    def append(self, cut: Cut) -> str:
        """Write a cut to the end and return its hash. What it says is out once its file in `released` is there, and not before.

        Raises:
            CgtError: the quarter is not later than the last one.
            TamperedLedger: the ledger so far is not what was written.
        """
        cuts = self.read()
        if cuts and cut.quarter <= cuts[-1].quarter:
            raise CgtError(f"the ledger has a cut of {cuts[-1].quarter} already", remedy="Cut a later quarter")
        name = str(cut.quarter)
        for folder, mode in ((self._released, 0o755), (self._hub, 0o700)):
            durable.make_folder(folder, mode)
        behind, standing = _canonical(_behind(cut)), _canonical(_standing(cut))
        durable.replace_file(self._hub / f"{name}.json", [behind], 0o600, root=self._folder)
        durable.replace_file(self._hub / f"{name}.members.json", [standing], 0o600, root=self._folder)
        said = _said(cut) | {"previous": self.head, "behind": self._mark(behind), "members": self._mark(standing)}
        durable.replace_file(self._released / f"{name}.json", [_canonical(said)], root=self._folder)
        for old in self._hub.glob("*.members.json"):
            if old.name != f"{name}.members.json":
                old.unlink()
        return self.head

    def _names(self) -> list[str]:
        return sorted(path.stem for path in self._released.glob("*.json"))

    def _mark(self, written: bytes) -> str:
        return hmac.new(self._key, written, hashlib.sha256).hexdigest()

    def _cut(self, name: str, written: bytes, before: str, last: Cut | None) -> Cut:
        try:
            said = json.loads(written)
            cut = self._behind(name, said)
            is_whole = said["previous"] == before and said == json.loads(_canonical(_said(cut))) | {
                one: said[one] for one in ("previous", "behind", "members")
            }
        except (OSError, ValueError, TypeError, KeyError, AttributeError, ValidationError):
            is_whole = False
        if not is_whole or (last is not None and cut.quarter <= last.quarter) or str(cut.quarter) != name:
            raise TamperedLedger("a cut is not what was written, or not where it was", file=f"{name}.json", remedy=_MEND)
        return cut

    def _behind(self, name: str, said: Mapping[str, Any]) -> Cut:
        behind = (self._hub / f"{name}.json").read_bytes()
        if not hmac.compare_digest(self._mark(behind), said["behind"]):
            raise ValueError
        cells = {}
        for one in json.loads(behind):
            moved, since_changed = (
                {(_group(old), _group(new)): number for old, new, number in one[name]} for name in ("moved", "moved_since_changed")
            )
            cells[_cell(one)] = Trace(one["value"], one["is_evaluated"], _counts(one["counts"]), moved, since_changed)
        return Cut(Quarter(*said["quarter"]), Plan.model_validate(said["plan"]), said["is_rebase"], cells)

    def _with_standing(self, cut: Cut) -> Cut:
        name = str(cut.quarter)
        try:
            written = (self._hub / f"{name}.members.json").read_bytes()
            said = json.loads((self._released / f"{name}.json").read_bytes())
        except OSError:
            written, said = b"", {"members": ""}
        if not hmac.compare_digest(self._mark(written), said["members"]):
            raise TamperedLedger("the members behind the last cut are not what was written", file=f"{name}.members.json", remedy=_MEND)
        standing = {
            _cell(one): Standing(
                one["value"],
                one["offset"],
                _of(one["evaluated"]),
                _of(one["changed"]),
                tuple(Look(value, _counts(many)) for value, many in one["earlier"]),
            )
            for one in json.loads(written)
        }
        return Cut(cut.quarter, cut.plan, cut.is_rebase, cut.cells, standing)


def _said(cut: Cut) -> dict[str, Any]:
    """What everybody gets."""
    cells = [_named(cell) | {"value": trace.value} for cell, trace in cut.cells.items()]
    plan = cut.plan.model_dump(mode="json")
    return {"quarter": list(cut.quarter), "plan": plan, "is_rebase": cut.is_rebase, "cells": cells}


def _behind(cut: Cut) -> list[dict[str, Any]]:
    return [
        _named(cell)
        | {
            "value": trace.value,
            "is_evaluated": trace.is_evaluated,
            "counts": sorted([group, number] for group, number in trace.counts.items()),
            "moved": _moves(trace.moved),
            "moved_since_changed": _moves(trace.moved_since_changed),
        }
        for cell, trace in cut.cells.items()
    ]


def _moves(moved: Mapping[Move, int]) -> list[list[Any]]:
    return sorted(([old, new, number] for (old, new), number in moved.items()), key=str)


def _standing(cut: Cut) -> list[dict[str, Any]]:
    return [
        _named(cell)
        | {"value": one.value, "offset": one.offset, "evaluated": sorted(one.evaluated.items()), "changed": sorted(one.changed.items())}
        | {"earlier": [[look.value, sorted(look.counts.items())] for look in one.earlier]}
        for cell, one in cut.standing.items()
    ]


def _named(cell: Cell) -> dict[str, Any]:
    return {"table": cell.table, "categories": list(cell.categories)}


def _cell(said: Mapping[str, Any]) -> Cell:
    return Cell(said["table"], tuple(said["categories"]))


def _group(said: list[Any] | None) -> Group | None:
    return None if said is None else Group(said[0], tuple(said[1]))


def _counts(said: list[Any]) -> dict[Group, int]:
    return {Group(group[0], tuple(group[1])): number for group, number in said}


def _of(said: list[Any]) -> dict[str, Group]:
    return {subject: Group(group[0], tuple(group[1])) for subject, group in said}


def _canonical(said: object) -> bytes:
    return (json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n").encode()


def _hash(written: bytes) -> str:
    return hashlib.sha256(written).hexdigest()
