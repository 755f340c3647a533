"""Carries out what was judged: rows and cells set aside or erased, verdicts written, everything counted; the accepted rows are left.

Which fault does what was decided before; tokens come after.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet

import polars as pl

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.door import times
from cgt_etl.door.casts import INSTANT_LAYOUT, MISSING, layout
from cgt_etl.door.columns import ITEM, ROW, Delivered, is_cast
from cgt_etl.door.ledger import Fault, Ledger, SetAside, Tally

Cells = Mapping[str, Mapping[int, str]]
"""Column -> number of the row -> rule that sets the cell aside."""


def rows_aside(frame: pl.DataFrame, faults: list[Fault], parents: Mapping[int, str]) -> dict[int, str]:
    """Number of each row that is set aside -> the rule that does it; rows inside a record go with it (`parents`: position -> rule)."""
    aside = {number: parents[row] for number, row in enumerate(frame[ROW]) if row in parents} if parents else {}
    for fault in faults:
        if fault.effect == "row":
            for number in fault.rows:
                aside.setdefault(number, fault.rule)
    return aside


def settle(
    delivered: Delivered, frame: pl.DataFrame, faults: list[Fault], aside: Mapping[int, str], *, is_erased: pl.Series, ledger: Ledger
) -> pl.DataFrame:
    """The accepted rows of one object, faulty cells emptied; verdicts, set-aside texts and counts go to `ledger`."""
    spec = delivered.spec
    gone = set(is_erased.arg_true().to_list())
    places = list(zip(frame[ROW], frame[ITEM], strict=True))
    for fault in faults:
        ledger.verdict(spec.name, fault.rule, fault.effect, (places[n] for n in fault.rows if n not in gone), fault.column)
    rows = sorted(set(aside) - gone)
    cells = _cells_aside(faults, gone | aside.keys())
    texts = {column.name: _texts(delivered, frame, column.name, rows) for column in spec.columns}
    for place, number in enumerate(rows):
        text = json.dumps({name: listed[place] for name, listed in texts.items()}, ensure_ascii=False)
        ledger.set_aside.append(SetAside(spec.name, *places[number], None, aside[number], text))
    for name, numbers in cells.items():
        for (number, rule), cell in zip(numbers.items(), _texts(delivered, frame, name, list(numbers)), strict=True):
            ledger.set_aside.append(SetAside(spec.name, *places[number], name, rule, cell or ""))
    left = _emptied(frame, spec, cells).filter(~is_erased & ~_mask(aside, frame.height))
    tally = Tally(delivered.rows, left.height, len(rows), len(gone))
    ledger.rows.setdefault(spec.name, Tally()).add(tally)
    width, aside_alone = len(spec.columns), sum(len(numbers) for numbers in cells.values())
    accepted = _count(left, spec, cells, ledger)
    ledger.cells.add(Tally(delivered.cells, accepted, tally.set_aside * width + aside_alone, tally.erased * width))
    return left


def _cells_aside(faults: list[Fault], but: AbstractSet[int]) -> dict[str, dict[int, str]]:
    """Column -> number of the row -> the first rule that sets the cell aside, for rows that are not gone already."""
    cells: dict[str, dict[int, str]] = {}
    for fault in faults:
        if fault.effect == "cell" and fault.column is not None:
            for number in (n for n in fault.rows if n not in but):
                cells.setdefault(fault.column, {}).setdefault(number, fault.rule)
    return {name: dict(sorted(numbers.items())) for name, numbers in cells.items()}


def _texts(delivered: Delivered, frame: pl.DataFrame, column: str, numbers: list[int]) -> list[str | None]:
    """What was delivered in these rows of a column; the several values of a cell with several, what stands in one that has none."""
    texts = frame[f"{column}@text"].gather(numbers)
    said = {**delivered.ambiguous, **delivered.unreadable}
    return [said.get((number, column), text) for number, text in zip(numbers, texts, strict=True)]


def _mask(numbers: Iterable[int], height: int) -> pl.Series:
    marks = [False] * height
    for number in numbers:
        marks[number] = True
    return pl.Series(marks, dtype=pl.Boolean)


def _emptied(frame: pl.DataFrame, spec: ObjectSpec, cells: Cells) -> pl.DataFrame:
    """The frame without the values of cells that are set aside, nor of instants made of a cell that a rule set aside."""
    for name, numbers in cells.items():
        column = spec.column(name)
        if not is_cast(column):
            continue
        found_by_cast = frame[f"{name}@rule"].gather(list(numbers)).is_not_null()
        by_rule = [number for number, is_found in zip(numbers, found_by_cast, strict=True) if not is_found]
        frame = _empty(frame, name, [suffix for suffix, _ in layout(column)], _mask(numbers, frame.height))
        for instant in spec.extension.instants:
            if by_rule and name in (instant.date, instant.time):
                frame = _empty(frame, instant.name, [suffix for suffix, _ in INSTANT_LAYOUT], _mask(by_rule, frame.height))
    return frame


def _empty(frame: pl.DataFrame, name: str, suffixes: list[str], mask: pl.Series) -> pl.DataFrame:
    chosen = pl.lit(mask)
    emptied = [pl.when(chosen).then(None).otherwise(pl.col(f"{name}{suffix}")).alias(f"{name}{suffix}") for suffix in suffixes]
    status = pl.when(chosen).then(pl.lit(times.SET_ASIDE)).otherwise(pl.col(f"{name}__status")).alias(f"{name}__status")
    return frame.with_columns(*emptied, status)


def _count(left: pl.DataFrame, spec: ObjectSpec, cells: Cells, ledger: Ledger) -> int:
    """Accepted cells, counted on what is left: those whose status is not set aside, and all that were dropped unread."""
    accepted = 0
    for column in spec.columns:
        if column.extension.action == "drop":
            dropped = left.height - len(cells.get(column.name, ()))
            ledger.accepted_cells["dropped"] += dropped
            accepted += dropped
        else:
            status = left[f"{column.name}__status"]
            accepted += int((status != times.SET_ASIDE).sum())
            ledger.accepted_cells["missing"] += int((status == MISSING).sum())
    return accepted
