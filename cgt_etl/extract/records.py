"""What every reader hands on: batches of text, records it could not read, and counts. No format knows of another."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract.limits import BATCH_ROWS, MAX_MISREAD, MAX_MISREAD_BYTES

if TYPE_CHECKING:
    import polars as pl

WRONG_SHAPE: Final = "D01"
UNREADABLE: Final = "F01"
"""The file is not what its format says: refused whole."""
OTHER_COLUMNS: Final = "F02"
"""Its columns, attributes or resource type are not the contract's: refused whole."""
POSITION, ITEM, DIGEST = "@row", "@item", "@digest"
"""Columns of a columnar batch; no name of a contract has the sign."""
FIELDS: Final = "\x1f"
"""Between the cells of a record whose digest is theirs."""


@dataclass(frozen=True)
class Batch:
    """Some rows of one object, in file order; every list has one entry per row.

    Text is exactly as delivered, nothing trimmed; None is a cell that was not delivered at all.
    """

    object: str
    positions: list[int]
    """Physical line or sheet row, from 1, on which the record starts, in XML its number; a child row carries its parent's."""
    items: list[int]
    """0 for a record, 0 to n-1 for the rows of a list inside it; the sheet row for the lines of a form."""
    columns: dict[str, list[str | None]]
    """By column name."""
    ambiguous: dict[tuple[int, str], str] = field(default_factory=dict)
    """(row of this batch, column) -> the several values found where one is expected, as JSON; the cell itself is None."""
    unreadable: dict[tuple[int, str], str] = field(default_factory=dict)
    """(row of this batch, column) -> what stands there and is no value (a spreadsheet's `#N/A`); the cell itself is None."""
    digests: list[str] | None = None
    """sha256 of each whole record, where the object has no business key."""

    @property
    def size(self) -> int:
        """How many rows."""
        return len(self.positions)

    def without(self, positions: frozenset[int]) -> Batch:
        """The rows of records that are at none of these positions."""
        kept = [row for row, position in enumerate(self.positions) if position not in positions]
        if len(kept) == self.size:
            return self
        columns = {name: [texts[row] for row in kept] for name, texts in self.columns.items()}
        digests = [self.digests[row] for row in kept] if self.digests else None
        ambiguous, unreadable = _of_rows(self.ambiguous, kept), _of_rows(self.unreadable, kept)
        own = [self.positions[row] for row in kept], [self.items[row] for row in kept]
        return Batch(self.object, *own, columns, ambiguous, unreadable, digests)


class Columnar(Batch):
    """A batch that was read a column at a time (ADR 0012). The door takes `rows`; who asks for lists gets them."""

    def __init__(self, name: str, rows: pl.DataFrame, ambiguous: dict[tuple[int, str], str] | None = None) -> None:
        """`rows`: `POSITION` and `ITEM` (Int64), `DIGEST` (text, null where the object has a key), and a column of text for each of the
        contract's columns, in file order."""
        for field_name, value in {"object": name, "rows": rows, "ambiguous": ambiguous or {}, "unreadable": {}}.items():
            object.__setattr__(self, field_name, value)

    rows: pl.DataFrame

    @property
    def size(self) -> int:
        return self.rows.height

    def without(self, positions: frozenset[int]) -> Columnar:
        import polars as pl

        is_kept = ~self.rows[POSITION].is_in(pl.Series(sorted(positions), dtype=pl.Int64).implode())
        if is_kept.all():
            return self
        return Columnar(self.object, self.rows.filter(is_kept), _of_rows(self.ambiguous, is_kept.arg_true().to_list()))

    def parts(self) -> Iterator[Columnar]:
        """The same rows in batches that are not too long; of a format whose records have no rows inside them."""
        for begin in range(0, self.rows.height, BATCH_ROWS):
            yield Columnar(self.object, self.rows.slice(begin, BATCH_ROWS))

    @cached_property
    def positions(self) -> list[int]:
        return self.rows[POSITION].to_list()

    @cached_property
    def items(self) -> list[int]:
        return self.rows[ITEM].to_list()

    @cached_property
    def columns(self) -> dict[str, list[str | None]]:
        return {name: self.rows[name].to_list() for name in self.rows.columns if name not in (POSITION, ITEM, DIGEST)}

    @cached_property
    def digests(self) -> list[str] | None:
        digests = self.rows[DIGEST]
        return None if digests.null_count() else digests.to_list()


def _of_rows(cells: dict[tuple[int, str], str], kept: list[int]) -> dict[tuple[int, str], str]:
    """Those cells that are of the rows kept, by their new numbers."""
    number = {row: place for place, row in enumerate(kept)} if cells else {}
    return {(number[row], name): text for (row, name), text in cells.items() if row in number}


def as_columns(batch: Batch) -> pl.DataFrame:
    """The rows of any batch as a columnar one has them."""
    if isinstance(batch, Columnar):
        return batch.rows
    import polars as pl

    nothing: list[str | None] = [None] * len(batch.positions)
    own = {POSITION: batch.positions, ITEM: batch.items, DIGEST: batch.digests or nothing}
    schema = {POSITION: pl.Int64, ITEM: pl.Int64, DIGEST: pl.String, **dict.fromkeys(batch.columns, pl.String)}
    return pl.DataFrame({**own, **batch.columns}, schema=schema, strict=True)


@dataclass(frozen=True)
class Misread:
    """A record that cannot be read; `raw`, its text as UTF-8 (bytes as they came where they are no text), belongs in the vault alone."""

    position: int
    rule: str
    reason: str
    raw: bytes

    @property
    def text(self) -> str:
        """What can be said of it as text."""
        return self.raw.decode("utf-8", "backslashreplace")


class Reading:
    """One pass over one file. After the last batch `units` counts its records, independently of what becomes of them."""

    def __init__(self, batches: Callable[[Reading], Iterator[Batch]]) -> None:
        self.units = 0
        self.set_aside: list[Misread] = []
        self.unmapped: dict[str, int] = {}
        """Element outside the contract -> how many records have it."""
        self.unmapped_first: dict[str, int] = {}
        """Element outside the contract -> position of the first record that has it."""
        self._misread_bytes = 0
        self._batches = batches

    def __iter__(self) -> Iterator[Batch]:
        return self._batches(self)

    def into(self, other: Reading) -> Iterator[Batch]:
        """Its batches, with everything counted in `other`."""
        return self._batches(other)

    def passing_over(self, positions: frozenset[int], record: str) -> Reading:
        """The same without the records at these positions, be they readable or not: neither given nor counted.

        `record`: name of the object whose rows are the records.
        """

        def batches(result: Reading) -> Iterator[Batch]:
            for batch in self.into(result):
                left = batch.without(positions)
                if batch.object == record:
                    result.units -= batch.size - left.size
                if left.size:
                    yield left
            kept = [misread for misread in result.set_aside if misread.position not in positions]
            result.units -= len(result.set_aside) - len(kept)
            result.set_aside = kept

        return Reading(batches) if positions else self

    def misread(self, position: int, reason: str, raw: bytes) -> None:
        """Count and keep a record that cannot be read.

        Raises:
            RefusedFile: they are too many, or too long together.
        """
        self.units += 1
        self._misread_bytes += len(raw)
        if len(self.set_aside) >= MAX_MISREAD or self._misread_bytes > MAX_MISREAD_BYTES:
            what = f"more than {MAX_MISREAD} records cannot be read, or of more than {MAX_MISREAD_BYTES} bytes"
            raise RefusedFile(f"{what}: the last for this: {reason}", remedy="Mend the export", position=position, rule=UNREADABLE)
        self.set_aside.append(Misread(position, WRONG_SHAPE, reason, raw))


class Rows:
    """Rows of one object on their way into a batch."""

    def __init__(self, spec: ObjectSpec, *, is_record: bool) -> None:
        self._spec = spec
        self._names = [column.name for column in spec.columns]
        self.has_digest = is_record and not spec.key
        self._clear()

    def _clear(self) -> None:
        self._positions: list[int] = []
        self._items: list[int] = []
        self._cells: list[tuple[str | None, ...]] = []  # tuples of texts are nothing to the garbage collector, lists are
        self._digests: list[str] = []
        self._ambiguous: dict[tuple[int, str], str] = {}
        self._unreadable: dict[tuple[int, str], str] = {}

    def add(self, position: int, cells: Iterable[str | None], *, item: int = 0, raw: bytes | None = None) -> None:
        """One row; `cells` in the order of the contract's columns, `raw` the record's bytes where it has no key (else the cells)."""
        self._positions.append(position)
        self._items.append(item)
        self._cells.append(tuple(cells))
        if self.has_digest:
            content = raw if raw is not None else FIELDS.join(cell or "" for cell in self._cells[-1]).encode("utf-8", "surrogatepass")
            self._digests.append(hashlib.sha256(content).hexdigest())

    def extend(self, first: int, columns: list[list[str | None]]) -> None:
        """Rows that stand one behind the other from position `first` on, in a format without rows inside them."""
        if self.has_digest:
            for position, cells in enumerate(zip(*columns, strict=True), start=first):
                self.add(position, cells)
            return
        self._positions.extend(range(first, first + len(columns[0])))
        self._items.extend([0] * len(columns[0]))
        self._cells.extend(zip(*columns, strict=True))

    def several(self, place: int, values: str) -> None:
        """The row added last has several values in its column number `place`."""
        self._ambiguous[(len(self._positions) - 1, self._names[place])] = values

    def unreadable(self, place: int, text: str) -> None:
        """In the row added last, what stands in column number `place` is no value."""
        self._unreadable[(len(self._positions) - 1, self._names[place])] = text

    @property
    def is_full(self) -> bool:
        return len(self._positions) >= BATCH_ROWS

    def batch(self) -> Batch | None:
        """What was gathered, and start anew; None where nothing was."""
        if not self._positions:
            return None
        columns = dict(zip(self._names, (list(column) for column in zip(*self._cells, strict=True)), strict=True))
        digests = self._digests if self.has_digest else None
        made = Batch(self._spec.name, self._positions, self._items, columns, self._ambiguous, self._unreadable, digests)
        self._clear()
        return made
