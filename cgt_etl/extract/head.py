"""The labelled head above a delimited table: which line is the table's header, and what the head's labels say.

Works on records already divided into fields; opens no file and knows no type. A label stands in the first field of its line, once; its
values stand beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cgt_etl.contracts.load import ColumnSpec
from cgt_etl.extract.limits import MAX_HEAD_RECORDS

OUTSIDE = "(a field outside the head)"
_PLACED = re.compile(r"(?P<label>.+?)(?:\[(?P<place>[0-9]+)\])?", re.DOTALL)
Line = tuple[int, list[str]]
"""Position and fields."""


class NoHead(Exception):
    """The lines are not the head that is declared; `what` names labels and columns of the contract alone."""

    def __init__(self, what: str, position: int) -> None:
        super().__init__(what)
        self.what, self.position = what, position


@dataclass(frozen=True)
class Above:
    """What stands above a table."""

    values: dict[str, str | None]
    """By column name; None where nothing stands beside the label."""
    has_more: bool
    """Something stands there that the contract neither reads nor names as not read."""
    header: Line


def divide(records: Iterable[Line], above: list[ColumnSpec], below: list[ColumnSpec], ignored: frozenset[str]) -> Above:
    """Take records up to and with the first that holds all names of `below`; none after it.

    Args:
        above: columns of the head, their physical names labels (`Start`, or `Start[1]` for the second value beside it).
        below: columns of the table.
        ignored: labels that are not read.

    Raises:
        NoHead: no header within `MAX_HEAD_RECORDS` records, a label missing, or given twice.
    """
    wanted = {column.physical_name for column in below}
    lines: list[Line] = []
    for position, fields in records:
        if wanted <= set(fields):
            return _read(lines, above, ignored, (position, fields))
        lines.append((position, fields))
        if len(lines) == MAX_HEAD_RECORDS:
            break
    nearest = max(lines, key=lambda line: len(wanted & set(line[1])), default=(1, []))
    lacking = [column.physical_name for column in below if column.physical_name not in nearest[1]]
    raise NoHead(f"the head has no table below it: no line holds all its column names, missing {', '.join(lacking)}", nearest[0])


def _read(lines: list[Line], above: list[ColumnSpec], ignored: frozenset[str], header: Line) -> Above:
    places = {column.name: _place(column.physical_name) for column in above}
    labels = dict.fromkeys(label for label, _ in places.values())
    found: dict[str, Line] = {}
    has_more = False
    for position, fields in lines:
        label = fields[0].strip()
        if label not in labels:
            has_more = has_more or (label not in ignored and any(field.strip() for field in fields))
            continue
        if label in found:
            raise NoHead(f"label given twice {label}", position)
        found[label] = (position, fields)
        read = {0, *(place + 1 for of, place in places.values() if of == label)}
        has_more = has_more or any(field.strip() for number, field in enumerate(fields) if number not in read)
    if missing := [label for label in labels if label not in found]:
        raise NoHead(f"missing label {', '.join(missing)}", header[0])
    values = {name: _beside(found[label][1], place) for name, (label, place) in places.items()}
    return Above(values, has_more, header)


def _place(physical_name: str) -> tuple[str, int]:
    """Label, and which of the values beside it."""
    match = _PLACED.fullmatch(physical_name)
    return (match["label"], int(match["place"] or 0)) if match else (physical_name, 0)


def _beside(fields: list[str], place: int) -> str | None:
    return fields[place + 1] if place + 1 < len(fields) else None
