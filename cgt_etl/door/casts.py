"""Text to typed values, one cast per kind of column: strict, cached by unique text, and nothing silently nulled.

A text that cannot be read gives a cell that says so with its rule; what then happens to the cell or its row is decided in `rules`. No I/O.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from cgt_etl.contracts.load import ColumnSpec
from cgt_etl.contracts.model import CanonicalForm, CastName, Column
from cgt_etl.contracts.vocabulary import code_map, unit_map
from cgt_etl.door import times
from cgt_etl.door.identifiers import NotCanonical, canonicalise
from cgt_etl.errors import DeclarationError

MISSING: Final = "missing"
UNREADABLE: Final = "D02"
UNKNOWN_CODE: Final = "D04"
UNKNOWN_UNIT: Final = "D05"
PARTLY_KNOWN: Final = "D06"
NO_SUCH_TIME: Final = "R25"
"""A local time that the clock never showed (set aside), or showed twice (its status says so; flagged)."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?")
_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_COMPARED = re.compile(r"(<=|>=|<|>|≤|≥)\s*(.+)", re.DOTALL)
_LIMITS = re.compile(
    r"(?:(?P<comparator><=|>=|<|>|≤|≥)\s*(?P<bound>[+-]?[0-9.,]+)|(?P<lower>[0-9.,]+)\s*[-–]\s*(?P<upper>[0-9.,]+))"
    r"(?:\s*(?P<unit>[^\s0-9<>=≤≥+–-][^\s<>=≤≥]*))?"
)
_RATIO = re.compile(r"([0-9.,]+)\s*:\s*([0-9.,]+)")
_RATIO_AS_TIME = re.compile(r"([0-9]{1,3}):([0-9]{2}):00(?: ?([AaPp])[Mm])?")
_INT64 = range(-(2**63), 2**63)

Layout = tuple[tuple[str, pl.DataType], ...]
TEXT: Final = pl.String()
INSTANT_LAYOUT: Final[Layout] = (
    ("_at_utc", pl.Datetime("us")),
    ("_local", TEXT),
    ("_date", pl.Date()),
    ("_precision", TEXT),
    ("_zone_source", TEXT),
)
_LAYOUTS: Final[dict[CastName, Layout]] = {
    "text": (("", TEXT),),
    "code": (("", TEXT),),
    "identifier": (("", TEXT),),
    "time": (("", TEXT),),
    "integer": (("", pl.Int64()),),
    "decimal": (("", pl.Float64()),),
    "ratio": (("", pl.Float64()),),
    "boolean": (("", pl.Boolean()),),
    "measured": (("", pl.Float64()), ("__comparator", TEXT)),
    "limits": (("", TEXT), ("__lower", pl.Float64()), ("__upper", pl.Float64()), ("__is_inclusive", pl.Boolean()), ("__unit", TEXT)),
    "date": (("_date", pl.Date()), ("_local", TEXT), ("_precision", TEXT)),
    "instant": INSTANT_LAYOUT,
}


@dataclass(frozen=True)
class Context:
    """What a cast must know beside its column."""

    zone: ZoneInfo
    """The site's, or that beside an instant (`zone_column`)."""
    decimal: str = "."
    """Decimal mark of the file."""
    form: CanonicalForm = field(default_factory=CanonicalForm)
    """How the column's issuer writes its numbers."""
    patterns: tuple[str, ...] = ()
    """Other forms that the contract allows this column's identifiers."""
    zone_source: str = "site"
    """site, stated (beside the instant), or none: what stands beside it is no zone, and a local time is no instant."""
    month: date | None = None
    """That the delivery's sequence begins with, where it does: for texts without a year."""


@dataclass(frozen=True)
class Cell:
    """One text, read: its status, its values in the order of the column's layout, and how it reads in a business key."""

    status: str
    values: tuple[Any, ...]
    key: str | None = None
    rule: str | None = None
    """D02, D04, D05 or R25 where it cannot be read, D06 where a time is partly known."""


Read = tuple[tuple[Any, ...], str]
"""Values and key text."""


def layout(column: ColumnSpec) -> Layout:
    """(suffix after the column's name, type) of each value that the column's cast gives."""
    return (("", pl.List(TEXT)),) if column.extension.split else _LAYOUTS[column.extension.cast]


def caster(column: ColumnSpec, context: Context) -> Callable[[str | None], Cell]:
    """The function that reads one cell of `column`; pure, so that it need see each text once.

    Raises:
        DeclarationError: the column names a code map that does not exist.
    """
    nothing = (None,) * len(layout(column))
    read = _reader(column, context)
    missing = column.extension.missing
    part = part_reader(column.extension.part) if column.extension.part and not column.extension.split else None

    def cast(text: str | None) -> Cell:
        trimmed = (text or "").strip()
        if text is not None and trimmed in missing:
            return Cell(missing[trimmed], nothing)
        if not trimmed:
            return Cell(MISSING, nothing)
        if part is not None:
            found = part(trimmed)
            if not found:
                return Cell(times.SET_ASIDE, nothing, rule=UNREADABLE) if found is None else Cell(MISSING, nothing)
            trimmed = found
        cell = read(trimmed)
        return cell if cell.status != times.SET_ASIDE else Cell(times.SET_ASIDE, nothing, rule=cell.rule)

    return cast


def part_reader(pattern: str, split: str | None = None) -> Callable[[str], str | None]:
    """Gives what the group `part` of the pattern matches of a text; empty where it matches nothing, None where the text does not fit.

    Of a cell that `split` divides it is given of each piece, divided in the same way.
    """
    compiled = re.compile(pattern, re.DOTALL)

    def part(text: str) -> str | None:
        match = compiled.fullmatch(text.strip())
        return None if match is None else (match["part"] or "").strip()

    def parts(text: str) -> str | None:
        found = [part(piece) for piece in _pieces(text, split or "")]
        return None if None in found else (split or "").join(one or "" for one in found)

    return parts if split else part


def _pieces(text: str, split: str) -> list[str]:
    return [piece for piece in text.split(split.strip() or split) if piece.strip()]


def _reader(column: ColumnSpec, context: Context) -> Callable[[str], Cell]:
    """Reads a trimmed text that is not missing."""
    of = column.extension
    match of.cast:
        case "date":
            return lambda text: _date(_said(text, column, context))
        case "instant":
            return lambda text: _instant(_said(text, column, context), of, context)
        case "limits":
            words = _codes(column) if of.code_map else {}
            return lambda text: _limits(text, context.decimal, words)
        case "code":
            codes = _codes(column)
            return lambda text: Cell(times.OK, (text,), text) if text in codes else Cell(times.SET_ASIDE, (), rule=UNKNOWN_CODE)
        case _:
            plain = _plain(column, context)

    def read(text: str) -> Cell:
        found = plain(text)
        return Cell(times.SET_ASIDE, (), rule=UNREADABLE) if found is None else Cell(times.OK, *found)

    return read


def _codes(column: ColumnSpec) -> Mapping[str, str]:
    codes = code_map().get(column.extension.code_map or "")
    if codes is None:
        name = column.extension.code_map
        raise DeclarationError(f"the code map `{name}` does not exist", column=column.name, remedy="Add it to code_map.csv")
    return codes


def zones_of(column: ColumnSpec) -> dict[str, ZoneInfo]:
    """What the cells of a column of zones may say -> the zone.

    Raises:
        DeclarationError: the column's code map does not exist, or names a zone that does not.
    """
    try:
        return {text: ZoneInfo(name) for text, name in _codes(column).items()}
    except (ZoneInfoNotFoundError, ValueError):
        what = f"the code map `{column.extension.code_map}` has a zone that nobody knows"
        raise DeclarationError(what, column=column.name, remedy="Name IANA zones") from None


def _plain(column: ColumnSpec, context: Context) -> Callable[[str], Read | None]:  # noqa: PLR0911  one per cast
    of = column.extension
    match of.cast:
        case "text":
            return lambda text: ((text,), text)
        case "integer":
            return _integer
        case "decimal":
            return lambda text: _decimal(text, context.decimal)
        case "measured":
            return lambda text: _measured(text, context.decimal, has_comparators=of.comparators)
        case "ratio":
            return lambda text: _ratio(text, context.decimal)
        case "boolean":
            return lambda text: ((of.values[text],), str(of.values[text]).lower()) if text in of.values else None
        case "time":
            return lambda text: _time(text, of.formats)
        case _:
            return lambda text: _identifier(text, column, context)


def number(text: str, decimal: str) -> float | None:
    """A finite number with the stated decimal mark; no thousands separators, underscores, NaN, infinity or words."""
    if decimal != ".":
        text = text.replace(".", " ").replace(decimal, ".")  # a foreign dot must not pass for the mark
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def _decimal(text: str, decimal: str) -> Read | None:
    value = number(text, decimal)
    return None if value is None else ((value,), repr(value))


def _integer(text: str) -> Read | None:
    if not _INTEGER.fullmatch(text) or (value := int(text)) not in _INT64:
        return None
    return (value,), str(value)


def _measured(text: str, decimal: str, *, has_comparators: bool) -> Read | None:
    comparator = None
    if has_comparators and (match := _COMPARED.fullmatch(text)):
        comparator, text = match[1].replace("≤", "<=").replace("≥", ">="), match[2]
    value = number(text, decimal)
    return None if value is None else ((value, comparator), f"{comparator or ''}{value!r}")


def _limits(text: str, decimal: str, words: Mapping[str, str]) -> Cell:
    """Limits of a value: `>=80 %`, `0.5-1.1 x10^8` (both ends lie within), or words that the contract's map has (`No growth`)."""
    if text in words:
        return Cell(times.OK, (text, None, None, None, None), text)
    match = _LIMITS.fullmatch(text)
    if match is None:
        return Cell(times.SET_ASIDE, (), rule=UNREADABLE)
    comparator, unit = match["comparator"], match["unit"]
    bounds = [None if part is None else number(part, decimal) for part in (match["bound"], match["lower"], match["upper"])]
    bound, lower, upper = bounds
    if (bound is None) if comparator else (lower is None or upper is None or lower > upper):
        return Cell(times.SET_ASIDE, (), rule=UNREADABLE)
    if unit is not None and not any(unit == known for _, known in unit_map()):
        return Cell(times.SET_ASIDE, (), rule=UNKNOWN_UNIT)
    if comparator:
        lower, upper = (bound, None) if comparator[0] in ">≥" else (None, bound)
    return Cell(times.OK, (None, lower, upper, comparator not in ("<", ">"), unit), f"{lower}:{upper}:{comparator}:{unit}")


def _ratio(text: str, decimal: str) -> Read | None:
    """`12:1` is 12. A spreadsheet takes it for a time and writes `12:01:00`, which can only have been `12:1`."""
    if match := _RATIO_AS_TIME.fullmatch(text):
        over, under = float(match[1]), float(match[2])
        if match[3]:
            over = over % 12 + (12 if match[3] in "Pp" else 0)
    elif match := _RATIO.fullmatch(text):
        parts = number(match[1], decimal), number(match[2], decimal)
        if parts[0] is None or parts[1] is None:
            return None
        over, under = parts[0], parts[1]
    else:
        return _decimal(text, decimal)
    value = over / under if under else math.inf
    return ((value,), repr(value)) if math.isfinite(value) else None


def _time(text: str, formats: list[str]) -> Read | None:
    said = times.parse(text, formats)
    if said is None or not said.has_clock:
        return None
    clock = said.at.time().isoformat("minutes" if said.precision == "minute" else "seconds")
    return (clock,), clock


def _said(text: str, column: ColumnSpec, context: Context) -> times.Said | None:
    of = column.extension
    if not of.year_from_sequence:
        return times.parse(text, of.formats)
    return times.parse_near(text, of.formats, context.month) if context.month else None


def _date(said: times.Said | None) -> Cell:
    if said is None:
        return Cell(times.SET_ASIDE, (), rule=UNREADABLE)
    if said.day is None:
        return Cell(times.PARTIAL, (None, said.local, said.precision), said.local, PARTLY_KNOWN)
    day = said.day.isoformat()
    return Cell(times.OK, (said.day, day, "day"), day)


def _instant(said: times.Said | None, of: Column, context: Context) -> Cell:
    if said is None:
        return Cell(times.SET_ASIDE, (), rule=UNREADABLE)
    if said.offset is None and context.zone_source == "none":
        return placed_cell(times.Placed(times.PARTIAL, said=said))
    placed = times.place(said, context.zone, context.zone_source)
    has_no_clock = said.offset is not None and of.offset_column is None and any(form.startswith("epoch") for form in of.formats)
    return placed_cell(times.at_site(placed, context.zone) if has_no_clock else placed)


def placed_cell(placed: times.Placed) -> Cell:
    """The cell of an instant, in the order of `INSTANT_LAYOUT`."""
    said = placed.said
    if said is None or placed.status == times.SET_ASIDE:
        return Cell(times.SET_ASIDE, (None,) * len(INSTANT_LAYOUT), rule=NO_SUCH_TIME)
    values = (placed.at_utc, said.local, said.day, said.precision, placed.zone_source)
    key = placed.at_utc.isoformat() if placed.at_utc else said.local
    return Cell(placed.status, values, key, PARTLY_KNOWN if placed.status == times.PARTIAL else None)


def _identifier(text: str, column: ColumnSpec, context: Context) -> Read | None:
    of = column.extension
    pieces: list[str | None] = [text] if of.split is None else [*_pieces(text, of.split)]
    if of.split and of.part:
        part = part_reader(of.part)
        pieces = [part(piece or "") for piece in pieces]
        if None in pieces:
            return None
    try:
        # a piece without the part keeps its place
        canonical = [canonicalise(of.identifier or "", piece, context.form, context.patterns) if piece else None for piece in pieces]
    except NotCanonical:
        return None
    if of.split is not None:
        return ((canonical,), "\x1e".join(one or "" for one in canonical)) if canonical else None
    return (canonical[0],), canonical[0] or ""
