"""Every fault of one object's rows: what the casts found, what is missing or said twice, and the contract's rules.

Decides nothing about what becomes of a row; `rules.effect_of` does, and `admit` carries it out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import polars as pl

from cgt_etl.contracts.load import ColumnSpec, ObjectSpec
from cgt_etl.door import times
from cgt_etl.door.casts import MISSING, NO_SUCH_TIME, UNREADABLE
from cgt_etl.door.columns import Delivered
from cgt_etl.door.ledger import Fault
from cgt_etl.door.rules import REQUIRED, effect_of, failures, judges_reading, key_columns, rules_of

SEVERAL = "D10"


def judge(delivered: Delivered, frame: pl.DataFrame) -> list[Fault]:
    """Faults in a fixed order: columns as in the contract, then instants, then the business key.

    Raises:
        DeclarationError, CgtError: see `rules.failures`.
    """
    spec = delivered.spec
    several, unreadable = _by_column(delivered.ambiguous), _by_column(delivered.unreadable)
    failed: defaultdict[str, list[tuple[str, list[int]]]] = defaultdict(list)
    for column, rule, rows in failures(spec, frame):
        failed[column].append((rule, rows))
    keys = key_columns(spec)
    faults: list[Fault] = []
    for of in spec.columns:
        faults += _twice_on_the_clock(of.name, of.name, frame)
        faults += [
            Fault(of.name, rule, effect_of(rule, is_key=of.name in keys), rows)
            for rule, rows in _of_column(of, frame, several[of.name], unreadable[of.name], failed[of.name])
            if rows
        ]
    for instant in spec.extension.instants:
        faults += _twice_on_the_clock(instant.name, instant.time, frame)
        for rule, rows in _found_by_cast(instant.name, frame):
            faults.append(Fault(instant.time, rule, effect_of(rule, is_key=instant.key), rows))
    return faults + _without_key(spec, frame, faults)


def _by_column(cells: Iterable[tuple[int, str]]) -> defaultdict[str, set[int]]:
    """Column -> numbers of the rows."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    for number, column in cells:
        found[column].add(number)
    return found


def _of_column(
    column: ColumnSpec, frame: pl.DataFrame, several: set[int], unreadable: set[int], failed: list[tuple[str, list[int]]]
) -> list[tuple[str, list[int]]]:
    found = [(SEVERAL, sorted(several)), (UNREADABLE, sorted(unreadable))]
    if column.extension.action == "drop":
        return found
    judging = {bound.id for bound in rules_of(column) if judges_reading(bound)}
    judged = {row for rule, rows in failed if rule in judging for row in rows}
    for rule, rows in _found_by_cast(column.name, frame):
        found.append((rule, [row for row in rows if row not in judged] if rule == UNREADABLE else rows))
    if column.required:
        missing = frame[f"{column.name}__status"] == MISSING
        found.append((REQUIRED, [row for row in missing.arg_true().to_list() if row not in several | unreadable]))
    return found + failed


def _twice_on_the_clock(name: str, column: str, frame: pl.DataFrame) -> list[Fault]:
    """Local times that the clock showed twice are kept as they were said, whatever their column; no instant is made of them."""
    status = f"{name}__status"
    rows = (frame[status] == times.AMBIGUOUS).arg_true().to_list() if status in frame.columns else []
    return [Fault(column, NO_SUCH_TIME, "flag", rows)] if rows else []


def _found_by_cast(name: str, frame: pl.DataFrame) -> list[tuple[str, list[int]]]:
    rules = frame[f"{name}@rule"]
    if rules.null_count() == len(rules):
        return []
    return [(rule, (rules == rule).arg_true().to_list()) for rule in sorted(rules.drop_nulls().unique())]


def _without_key(spec: ObjectSpec, frame: pl.DataFrame, faults: list[Fault]) -> list[Fault]:
    """Rows whose business key is empty altogether: they cannot be corrected or traced."""
    if not spec.key:
        return []
    empty = frame.select(pl.all_horizontal(pl.col(f"{column.name}@key").is_null() for column in spec.key)).to_series()
    names = {column.name for column in spec.key}
    known = {row for fault in faults if fault.column in names and fault.effect == "row" for row in fault.rows}
    rows = [row for row in empty.arg_true().to_list() if row not in known]
    return [Fault(spec.key[0].name, REQUIRED, "row", rows)] if rows else []
