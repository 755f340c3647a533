"""Through the door: one delivered file becomes accepted rows, links, verdicts and what is set aside, counted exactly.

Records go through some at a time, whole: what is held of a file is what is wrong with it, and 16 to 21 bytes for each business key.
Order: cast, suppress, judge, set aside, tokenise. What a value is, is decided in `casts` and `identifiers`; what a failure does,
in `rules`. No file is opened or written here, and no value leaves but in `tables` and `set_aside`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
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
from cgt_etl.door.ledger import DEMOGRAPHICS, LINKS, Ledger, SetAside, Tally
from cgt_etl.door.repeats import Repeats
from cgt_etl.door.rules import patterns_of
from cgt_etl.door.settle import rows_aside, settle
from cgt_etl.door.suppress import Suppression
from cgt_etl.door.tokens import Keys
from cgt_etl.errors import DeclarationError
from cgt_etl.extract import Reading

__all__ = ["Admission", "Part", "SetAside", "admit", "in_the_clear", "parts_of"]

LEAST_ROWS: Final = 50_000
"""Of an object, that go through together where there are so many."""
TWICE, UNMAPPED = "D08", "D09"


@dataclass(frozen=True)
class Part:
    """What came of some whole records."""

    tables: dict[str, pl.DataFrame]
    """Accepted rows by object, and by `<object>__<column>` for split identifiers; columns as `contracts.accepted` says."""
    links: pl.DataFrame
    """One row per identifier of an accepted, not retracted row; for `identity/` alone."""
    demographics: pl.DataFrame
    """One row per tokenised form of a name, a date of birth, a sex or a postcode of such a row; for `identity/` alone."""


@dataclass(frozen=True)
class Admission(Part):
    """What came through the door, and what did not. Of tables, links and demographics what was not handed on before."""

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
    hand_on: Callable[[Part], None] | None = None,
) -> Admission:
    """Take one reading through the door.

    Args:
        suppressed: linkage tokens of persons whose records are erased: counted, and kept nowhere.
        source_delivery: `<partner>/<feed>/<raw16>`, written into every accepted row.
        sequence: the delivery's place among its feed's deliveries.
        hand_on: takes parts in file order while the file is read, so that its rows need not be held; where it is not given, they are.

    Raises:
        RefusedFile: while reading; nothing was admitted, and what was handed on counts for nothing.
        DeclarationError: the contract or partner file asks for something that does not exist.
        CgtError: a rule could not be run, or the counts do not add up.
    """
    root, ledger = binding.feed.objects[0], Ledger()
    suppression = Suppression(binding, registry, keys, suppressed)
    passage = _Passage(binding, _Contexts(binding, registry, sequence), suppression, ledger)
    taken = partial(accept, binding, keys=keys, source_delivery=source_delivery, sequence=sequence)
    held: list[Part] = []
    hand_on = hand_on or held.append
    part: Part | None = None
    for delivered in parts_of(reading, binding.feed.objects):
        if part is not None:
            hand_on(part)
        part = passage.through(delivered, taken)
    _misread(reading, root, ledger, suppression)
    for name, again in passage.repeats.items():
        ledger.verdict(name, TWICE, "flag", again.found())
    for element in reading.unmapped:
        ledger.verdict(root.name, UNMAPPED, "flag", [(reading.unmapped_first[element], 0)], element)
    of_root = ledger.rows[root.name]
    ledger.units = Tally(reading.units, of_root.accepted, of_root.set_aside, of_root.erased)
    ledger.unmapped = reading.unmapped
    last = _joined([*held, part] if part is not None else held)
    return Admission(last.tables, last.links, last.demographics, ledger.verdicts, ledger.set_aside, ledger.counts())


def in_the_clear(binding: Binding, reading: Reading, registry: Registry, *, sequence: str) -> Iterator[tuple[ObjectSpec, pl.DataFrame]]:
    """Each object's rows as they were cast, some at a time, identifiers in their one way of writing: for whoever holds the file itself.

    Columns are those of `columns.typed`.
    """
    contexts = _Contexts(binding, registry, sequence)
    for delivered in parts_of(reading, binding.feed.objects):
        for spec in binding.feed.objects:
            yield spec, typed(delivered[spec.name], contexts.of)


def parts_of(reading: Reading, objects: tuple[ObjectSpec, ...]) -> Iterator[dict[str, Delivered]]:
    """The rows of some whole records each, at least once, be it of nothing.

    Readers hand on a record's rows together, those of the first object before the others.
    """
    delivered = {spec.name: Delivered(spec) for spec in objects}
    for batch in reading:
        if batch.object == objects[0].name and max(of.rows for of in delivered.values()) >= LEAST_ROWS:
            yield delivered
            delivered = {spec.name: Delivered(spec) for spec in objects}
        delivered[batch.object].add(batch)
    yield delivered


def _joined(parts: list[Part]) -> Part:
    if len(parts) == 1:
        return parts[0]
    tables = {name: pl.concat([part.tables[name] for part in parts]) for name in parts[0].tables}
    return Part(tables, pl.concat([part.links for part in parts]), pl.concat([part.demographics for part in parts]))


class _Passage:
    """The way of one delivery's records through the door, some at a time."""

    def __init__(self, binding: Binding, contexts: _Contexts, suppression: Suppression, ledger: Ledger) -> None:
        self._objects, self._contexts, self._suppression, self._ledger = binding.feed.objects, contexts, suppression, ledger
        self.repeats = {spec.name: Repeats() for spec in self._objects if spec.key}
        """Of each object with a business key, those that came before."""

    def through(self, delivered: dict[str, Delivered], taken: Callable[..., Accepted]) -> Part:
        """What comes of some whole records; what does not is written down. `taken` makes accepted rows of those that are left."""
        objects, ledger = self._objects, self._ledger
        frames = {spec.name: typed(delivered[spec.name], self._contexts.of) for spec in objects}
        erased = self._suppression.positions(objects, frames)
        records: Accepted | None = None
        tables: dict[str, pl.DataFrame] = {}
        links: list[pl.DataFrame] = [pl.DataFrame(schema=LINKS)]
        said_of_persons: list[pl.DataFrame] = [pl.DataFrame(schema=DEMOGRAPHICS)]
        out: dict[int, str] = {}
        for spec in objects:
            frame, own = frames.pop(spec.name), delivered.pop(spec.name)
            faults = judge(own, frame)
            aside = rows_aside(frame, faults, out)
            if records is None:
                out = {frame[ROW][number]: rule for number, rule in aside.items()}
            left = settle(own, frame, faults, aside, is_erased=frame[ROW].is_in(erased), ledger=ledger)
            accepted = taken(spec, left, parent=records)
            records = records or accepted
            tables.update(accepted.tables)
            links += accepted.links
            said_of_persons += accepted.demographics
            ledger.accepted_cells["tokenised"] += accepted.tokenised
            if spec.key:
                self.repeats[spec.name].add(accepted.tables[spec.name])
        return Part(tables, pl.concat(links), pl.concat(said_of_persons))


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
        return Context(self._zone, self._decimal, form, (*patterns_of(column), *self._binding.patterns_of(column)), month=self._month)


def _misread(reading: Reading, root: ObjectSpec, ledger: Ledger, suppression: Suppression) -> None:
    """Records that could not be taken apart: set aside whole, or erased where they name a suppressed person."""
    rows = ledger.rows.setdefault(root.name, Tally())
    width = len(root.columns)
    for misread in reading.set_aside:
        text = misread.text
        is_erased = suppression.names(text)
        rows.add(Tally(1, 0, int(not is_erased), int(is_erased)))
        ledger.cells.add(Tally(width, 0, width * (not is_erased), width * is_erased))
        if not is_erased:
            ledger.set_aside.append(SetAside(root.name, misread.position, 0, None, misread.rule, text))
            ledger.verdict(root.name, misread.rule, "row", [(misread.position, 0)])
