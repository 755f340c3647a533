"""All rows of one object as a frame of typed columns: plain texts a column at a time, of the others each different one once.

A column `x` of the contract becomes the accepted columns of its cast, `x__status`, and three of the door's own: `x@text` (as
delivered), `x@key` (of a column of the business key: how it reads there) and `x@rule` (D02, D04, D05, D06 or R25 where the cast found a
fault). `@row`, `@item` and `@digest` say whose they are.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timezone
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from cgt_etl.contracts.load import ColumnSpec, ObjectSpec
from cgt_etl.contracts.model import Instant
from cgt_etl.door import times
from cgt_etl.door.casts import INSTANT_LAYOUT, PARTLY_KNOWN, TEXT, Cell, Context, caster, layout, placed_cell, zones_of
from cgt_etl.door.plain import TAKEN, plain
from cgt_etl.extract import Batch, records

ROW, ITEM, DIGEST = records.POSITION, records.ITEM, records.DIGEST
SYSTEM = {ROW: pl.Int64(), ITEM: pl.Int64(), DIGEST: TEXT}


@dataclass
class Delivered:
    """The rows of one object as they were delivered."""

    spec: ObjectSpec
    frames: list[pl.DataFrame] = field(default_factory=list)
    ambiguous: dict[tuple[int, str], str] = field(default_factory=dict)
    """(number of the row, column) -> the several values."""
    unreadable: dict[tuple[int, str], str] = field(default_factory=dict)
    """(number of the row, column) -> what the reader found there that is no value."""
    rows: int = 0
    cells: int = 0

    def add(self, batch: Batch) -> None:
        rows = records.as_columns(batch)
        names = [column.name for column in self.spec.columns]
        self.frames.append(rows.select(*SYSTEM, *(pl.col(name).alias(f"{name}@text") for name in names)))
        self.ambiguous.update({(self.rows + number, column): text for (number, column), text in batch.ambiguous.items()})
        self.unreadable.update({(self.rows + number, column): text for (number, column), text in batch.unreadable.items()})
        self.rows += rows.height
        self.cells += rows.height * len(names)

    def frame(self) -> pl.DataFrame:
        """System columns and `x@text` of every column, in file order."""
        schema = {**SYSTEM, **{f"{column.name}@text": TEXT for column in self.spec.columns}}
        return pl.concat([pl.DataFrame(schema=schema), *self.frames], rechunk=True)


FEW = 100
"""Rows up to which a column is read text by text: setting up the quick way takes longer than that."""


def is_cast(column: ColumnSpec) -> bool:
    """Whether the door reads the column: all but dropped ones; a dropped identifier is read too, for the suppression list."""
    return column.extension.action != "drop" or column.extension.cast == "identifier"


def typed(delivered: Delivered, contexts: Callable[[ColumnSpec], Context]) -> pl.DataFrame:
    """The frame of the module's docstring."""
    frame = delivered.frame()
    for column in delivered.spec.columns:
        if is_cast(column) and not column.extension.zone_column:
            frame = _read(frame, column, contexts(column))
    for column in delivered.spec.columns:
        if column.extension.zone_column:
            zones = zones_of(delivered.spec.column(column.extension.zone_column))
            frame = _placed(frame, column, contexts(column), column.extension.zone_column, zones)
    for column in delivered.spec.columns:
        if column.extension.offset_column:
            frame = _seen(frame, column.name, column.extension.offset_column)
    made: dict[str, Instant] = {}
    waiting = list(delivered.spec.extension.instants)
    while waiting:
        ready = next((one for one in waiting if one.not_before is None or one.not_before in made), waiting[0])
        waiting.remove(ready)
        frame = _instant(frame, ready, contexts(delivered.spec.column(ready.time)).zone)
        made[ready.name] = ready
    return frame


def _read(frame: pl.DataFrame, column: ColumnSpec, context: Context) -> pl.DataFrame:
    source, name = f"{column.name}@text", column.name
    values = {f"{name}{suffix}": dtype for suffix, dtype in layout(column)}
    if frame.height <= FEW:
        cells = functools.cache(caster(column, context))
        texts = frame[source].to_list()
        return frame.hstack(_table((source, TEXT), texts, map(cells, texts), name, values).drop(source))
    quick = plain(column, context)
    read = quick(frame[source]) if quick else None
    rest = frame[source] if read is None else frame[source].filter(~read[TAKEN])
    if read is not None and rest.is_empty():
        return frame.hstack(read.drop(TAKEN))
    cast = caster(column, context)
    texts = rest.unique(maintain_order=True).to_list()
    found = _table((source, TEXT), texts, (cast(text) for text in texts), name, values)
    joined = frame.join(found, on=source, how="left", nulls_equal=True, maintain_order="left")
    if read is None:
        return joined
    mask = read[TAKEN]
    return joined.with_columns(pl.when(mask).then(read[of]).otherwise(pl.col(of)).alias(of) for of in found.columns if of != source)


def _placed(frame: pl.DataFrame, column: ColumnSpec, context: Context, beside: str, zones: Mapping[str, ZoneInfo]) -> pl.DataFrame:
    """An instant in the zone beside it; without an instant where that is no zone. Each different pair is read once."""
    casts = {text: caster(column, replace(context, zone=zone, zone_source="stated")) for text, zone in zones.items()}
    nowhere = caster(column, replace(context, zone_source="none"))
    places: dict[tuple[str | None, str | None], int] = {}
    numbers = [places.setdefault(pair, len(places)) for pair in frame.select(f"{column.name}@text", f"{beside}@text").iter_rows()]
    cells = [casts.get((zone or "").strip(), nowhere)(text) for text, zone in places]
    values = {f"{column.name}{suffix}": dtype for suffix, dtype in layout(column)}
    found = _table(("@number", pl.Int64()), list(range(len(cells))), cells, column.name, values)
    numbered = frame.with_columns(pl.Series("@number", numbers, dtype=pl.Int64))
    return numbered.join(found, on="@number", how="left", maintain_order="left").drop("@number")


def _seen(frame: pl.DataFrame, name: str, offset: str) -> pl.DataFrame:
    """An instant by the offset beside it: local time and date where it says its own zone, the instant itself where it says none.

    As said where the offset is no offset, or no time of day is known.
    """
    values = {f"{name}{suffix}": dtype for suffix, dtype in INSTANT_LAYOUT}
    kept = [*values, f"{name}__status", f"{name}@key", f"{name}@rule"]
    rows = []
    for text, *said in frame.select(f"{offset}@text", *kept).iter_rows():
        at = times.offset_of(text.strip()) if text is not None else None
        rows.append(said if at is None else _at_offset(said, at))
    schema = values | dict.fromkeys(kept[len(values) :], TEXT)
    return frame.with_columns(pl.DataFrame(rows, schema=schema, orient="row", strict=True).get_columns())


def _at_offset(said: list[Any], offset: timezone) -> list[Any]:
    """The cells of an instant (`INSTANT_LAYOUT`, status, key, rule), seen on a clock at `offset`."""
    at_utc, local, _, precision, zone_source, *_ = said
    if zone_source == "site" and precision in ("minute", "second"):
        cell = placed_cell(times.place(times.Said(datetime.fromisoformat(local), precision, offset), ZoneInfo("UTC")))
        return [*cell.values, cell.status, cell.key, cell.rule]
    if at_utc is not None and (seen := times.seen_at(at_utc, offset, precision)):
        said[1:3] = [seen.local, seen.day]
    return said


def _table(
    key: tuple[str, pl.DataType], keys: list[str | None] | list[int], cells: Iterable[Cell], name: str, values: dict[str, pl.DataType]
) -> pl.DataFrame:
    """One row per key: the cell's values, status, key text and rule."""
    columns: defaultdict[str, list[object]] = defaultdict(list)
    for cell in cells:
        for column, value in zip(values, cell.values, strict=True):
            columns[column].append(value)
        columns[f"{name}__status"].append(cell.status)
        columns[f"{name}@key"].append(cell.key)
        columns[f"{name}@rule"].append(cell.rule)
    on, dtype = key
    schema = {on: dtype, **values, f"{name}__status": TEXT, f"{name}@key": TEXT, f"{name}@rule": TEXT}
    return pl.DataFrame({on: keys, **{column: columns[column] for column in schema if column != on}}, schema=schema, strict=True)


@dataclass(frozen=True)
class _Parts:
    """What an instant is made of, in one row."""

    day: date | None
    day_local: str | None
    day_precision: str | None
    day_status: str
    clock: str | None
    clock_status: str
    after_local: str | None
    after_precision: str | None


def _instant(frame: pl.DataFrame, instant: Instant, zone: ZoneInfo) -> pl.DataFrame:
    """Adds the instant made of a date cell and a time cell; each different pair is placed once."""
    day, clock, after = instant.date, instant.time, instant.not_before
    nothing = pl.lit(None, dtype=TEXT)
    parts = frame.select(
        f"{day}_date",
        f"{day}_local",
        f"{day}_precision",
        f"{day}__status",
        clock,
        f"{clock}__status",
        (pl.col(f"{after}_local") if after else nothing).alias("@after_local"),
        (pl.col(f"{after}_precision") if after else nothing).alias("@after_precision"),
    )
    places: dict[_Parts, int] = {}
    numbers = [places.setdefault(_Parts(*row), len(places)) for row in parts.iter_rows()]
    cells = [_combined(one, zone, has_order=after is not None) for one in places]
    values = {f"{instant.name}{suffix}": dtype for suffix, dtype in INSTANT_LAYOUT}
    found = _table(("@number", pl.Int64()), list(range(len(cells))), cells, instant.name, values)
    numbered = frame.with_columns(pl.Series("@number", numbers, dtype=pl.Int64))
    return numbered.join(found, on="@number", how="left", maintain_order="left").drop("@number")


def _combined(parts: _Parts, zone: ZoneInfo, *, has_order: bool) -> Cell:
    """An instant as far as its parts go: without a date nothing; with a month or a day that much, and no midnight.

    An end (`has_order`) without its time says nothing of its day: it may be the next.
    """
    nothing = (None,) * len(INSTANT_LAYOUT)
    if parts.day is None:
        if parts.day_status != times.PARTIAL:
            return Cell(parts.day_status, nothing)
        return Cell(times.PARTIAL, (None, parts.day_local, None, parts.day_precision, "none"))
    if parts.clock is None:
        if has_order:
            return Cell(parts.clock_status, nothing)
        return Cell(times.PARTIAL, (None, parts.day_local, parts.day, "day", "none"), rule=PARTLY_KNOWN)
    after = times.parse(parts.after_local) if parts.after_local and parts.after_precision in ("minute", "second") else None
    precision = "second" if parts.clock.count(":") == 2 else "minute"
    return placed_cell(times.combine(parts.day, time.fromisoformat(parts.clock), zone, after, precision))
