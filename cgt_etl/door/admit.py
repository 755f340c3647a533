"""Through the door: one delivered file becomes accepted rows, links, verdicts and what is set aside, counted exactly.

Order: cast, suppress, judge, set aside, tokenise. What a value is, is decided in `casts` and `identifiers`; what a failure does,
in `rules`. No file is opened or written here, and no value leaves but in `tables` and `set_aside`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from cgt_etl.contracts.formats import CsvFormat
from cgt_etl.contracts.load import ColumnSpec, ObjectSpec
from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.door import times
from cgt_etl.door.accept import Accepted, accept
from cgt_etl.door.casts import Context
from cgt_etl.door.columns import ROW, Delivered, typed
from cgt_etl.door.judge import judge
from cgt_etl.door.ledger import LINKS, Ledger, SetAside, Tally
from cgt_etl.door.rules import patterns_of
from cgt_etl.door.settle import rows_aside, settle
from cgt_etl.door.suppress import Suppression
from cgt_etl.door.tokens import Keys
from cgt_etl.errors import DeclarationError
from cgt_etl.extract import Reading

__all__ = ["Admission", "SetAside", "admit"]

TWICE, UNMAPPED = "D08", "D09"


@dataclass(frozen=True)
class Admission:
    """What came through the door, and what did not."""

    tables: dict[str, pl.DataFrame]
    """Accepted rows by object, and by `<object>__<column>` for split identifiers; columns as `contracts.accepted` says."""
    links: pl.DataFrame
    """One row per identifier of an accepted, not retracted row; for `identity/` alone."""
    verdicts: pl.DataFrame
    """Position, column, rule and effect; no values."""
    set_aside: list[SetAside]
    """Values included: for the vault."""
    counts: dict[str, Any]
    """units, rows by object, cells: in = accepted + set_aside + erased; and the elements outside the contract."""


def admit(
    binding: Binding,
    reading: Reading,
    keys: Keys,
    suppressed: frozenset[str],
    registry: Registry,
    *,
    source_delivery: str,
    sequence: str,
) -> Admission:
    """Take one reading through the door.

    Args:
        suppressed: linkage tokens of persons whose records are erased: counted, and kept nowhere.
        source_delivery: `<partner>/<feed>/<raw16>`, written into every accepted row.
        sequence: the delivery's place among its feed's deliveries.

    Raises:
        RefusedFile: while reading; nothing was admitted.
        DeclarationError: the contract or partner file asks for something that does not exist.
        CgtError: a rule could not be run, or the counts do not add up.
    """
    objects = binding.feed.objects
    root, ledger = objects[0], Ledger()
    delivered = {spec.name: Delivered(spec) for spec in objects}
    for batch in reading:
        delivered[batch.object].add(batch)
    contexts = _Contexts(binding, registry, sequence)
    frames = {spec.name: typed(delivered[spec.name], contexts.of) for spec in objects}
    suppression = Suppression(binding, registry, keys, suppressed)
    erased = suppression.positions(objects, frames)
    _misread(reading, root, ledger, suppression)
    records: Accepted | None = None
    tables: dict[str, pl.DataFrame] = {}
    links: list[pl.DataFrame] = [pl.DataFrame(schema=LINKS)]
    out: dict[int, str] = {}
    for spec in objects:
        frame, own = frames.pop(spec.name), delivered.pop(spec.name)
        faults = judge(own, frame)
        aside = rows_aside(frame, faults, out)
        if spec is root:
            out = {frame[ROW][number]: rule for number, rule in aside.items()}
        left = settle(own, frame, faults, aside, is_erased=frame[ROW].is_in(erased), ledger=ledger)
        accepted = accept(binding, spec, left, keys, parent=records, source_delivery=source_delivery, sequence=sequence)
        records = records or accepted
        tables.update(accepted.tables)
        links += accepted.links
        ledger.accepted_cells["tokenised"] += accepted.tokenised
        ledger.verdict(spec.name, TWICE, "flag", accepted.again)
    for element in reading.unmapped:
        ledger.verdict(root.name, UNMAPPED, "flag", [(reading.unmapped_first[element], 0)], element)
    of_root = ledger.rows[root.name]
    ledger.units = Tally(reading.units, of_root.accepted, of_root.set_aside, of_root.erased)
    ledger.unmapped = reading.unmapped
    return Admission(tables, pl.concat(links), ledger.verdicts, ledger.set_aside, ledger.counts())


class _Contexts:
    """What the casts of a delivery must know."""

    def __init__(self, binding: Binding, registry: Registry, sequence: str) -> None:
        file = binding.feed.extension.file
        self._binding, self._registry = binding, registry
        self._decimal = file.decimal if isinstance(file, CsvFormat) else "."
        said = times.parse(sequence[:6], ["%Y%m"])
        self._month = said.at.date() if said else None
        try:
            self._zone = ZoneInfo(binding.site.zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise DeclarationError(
                f"the site {binding.site.site} is in no known zone",
                partner=binding.partner.partner,
                remedy="Name an IANA zone such as America/New_York",
                rule="R25",
            ) from None

    def of(self, column: ColumnSpec) -> Context:
        form = self._registry.canonical_form(column.extension.identifier or "", self._binding.issuer_of(column))
        return Context(self._zone, self._decimal, form, patterns_of(column), month=self._month)


def _misread(reading: Reading, root: ObjectSpec, ledger: Ledger, suppression: Suppression) -> None:
    """Records that could not be taken apart: set aside whole, or erased where they name a suppressed person."""
    rows = ledger.rows.setdefault(root.name, Tally())
    width = len(root.columns)
    for misread in reading.set_aside:
        text = misread.raw.decode("utf-8", "backslashreplace")
        is_erased = suppression.names(text)
        rows.add(Tally(1, 0, int(not is_erased), int(is_erased)))
        ledger.cells.add(Tally(width, 0, width * (not is_erased), width * is_erased))
        if not is_erased:
            ledger.set_aside.append(SetAside(root.name, misread.position, 0, None, misread.rule, text))
            ledger.verdict(root.name, misread.rule, "row", [(misread.position, 0)])
