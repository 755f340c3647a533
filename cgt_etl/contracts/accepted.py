"""Which columns an accepted table has: the projection of a contract object on Arrow types.

The door writes tables of exactly this shape, the build reads them as exactly this shape, so that a feed without a single
row looks to dbt like any other. Holds names and types only; how a cell becomes one of them is the door's business.
"""

from __future__ import annotations

import pyarrow as pa

from cgt_etl.contracts.load import ColumnSpec, ObjectSpec
from cgt_etl.contracts.model import CastName

Fields = list[tuple[str, pa.DataType]]

TEXT = pa.string()
INTEGER = pa.int64()
INSTANT = pa.timestamp("us")
"""UTC, without a zone: microseconds since 1970."""

SYSTEM_COLUMNS: Fields = [
    ("source_delivery", TEXT),
    ("source_row", INTEGER),
    ("source_item", INTEGER),
    ("partner", TEXT),
    ("site", TEXT),
    ("sequence", TEXT),
    ("record_key", TEXT),
    ("is_retracted", pa.bool_()),
]
"""Columns that every accepted table starts with: where a row comes from and which record it is a version of."""

_PLAIN: dict[CastName, pa.DataType] = {
    "text": TEXT,
    "code": TEXT,
    "identifier": TEXT,
    "time": TEXT,
    "integer": INTEGER,
    "decimal": pa.float64(),
    "ratio": pa.float64(),
    "measured": pa.float64(),
    "boolean": pa.bool_(),
}


def accepted_tables(spec: ObjectSpec) -> dict[str, pa.Schema]:
    """Every accepted table of an object: its own, then `<object>__<column>` for each column whose cells hold several identifiers.

    A child table has the system columns and the identifier's; `source_item` is the identifier's place in its cell.
    """
    split = {f"{spec.name}__{column.name}": pa.schema(SYSTEM_COLUMNS + _plain(column)) for column in spec.columns if column.extension.split}
    return {spec.name: accepted_schema(spec), **split}


def accepted_schema(spec: ObjectSpec) -> pa.Schema:
    """Columns and types of an object's own accepted table: system columns, contract columns in their order, then instants."""
    fields = list(SYSTEM_COLUMNS)
    for column in spec.columns:
        if column.extension.is_accepted and not column.extension.split:
            fields += _fields(column)
    for instant in spec.extension.instants:
        fields += [*_instant(instant.name), (f"{instant.name}__status", TEXT)]
    return pa.schema(fields)


def _fields(column: ColumnSpec) -> Fields:
    name, beside = column.name, [(f"{column.name}__raw", TEXT), (f"{column.name}__status", TEXT)]
    match column.extension.cast:
        case "date":
            return [(f"{name}_date", pa.date32()), (f"{name}_local", TEXT), (f"{name}_precision", TEXT), *beside]
        case "instant":
            return [*_instant(name), *beside]
        case "limits":
            bounds = [(f"{name}__lower", pa.float64()), (f"{name}__upper", pa.float64()), (f"{name}__is_inclusive", pa.bool_())]
            return [(name, TEXT), *bounds, (f"{name}__unit", TEXT), *beside]
        case _:
            return _plain(column)


def _plain(column: ColumnSpec) -> Fields:
    name, of = column.name, column.extension
    fields: Fields = [(name, _PLAIN[of.cast])]
    if of.cast == "measured":
        fields.append((f"{name}__comparator", TEXT))
    if of.action == "keep":
        fields.append((f"{name}__raw", TEXT))
    return [*fields, (f"{name}__status", TEXT)]


def _instant(name: str) -> Fields:
    return [
        (f"{name}_at_utc", INSTANT),
        (f"{name}_local", TEXT),
        (f"{name}_date", pa.date32()),
        (f"{name}_precision", TEXT),
        (f"{name}_zone_source", TEXT),
    ]
