"""A stretch of HL7 v2 taken apart at the signs of its first message, and what cells say in many of its lines at once.

Knows bytes, fields and places, not which messages may be read like this (`hl7_columns`). Fields that cells look into have no escapes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cgt_etl.extract.byte_lines import WINDOW, Flags, Numbers, cut
from cgt_etl.extract.hl7_message import Cell, Signs
from cgt_etl.extract.limits import MAX_SEGMENT_FIELDS

FIELD, END = b"|", b"\n"
HEADER = "MSH"
Codes = NDArray[np.uint32]
_OF_CODE = np.uint32(0xFFFFFF)
_NOBODY = np.empty(0, np.int64)


@cache
def _marks(signs: str) -> bytes:
    """Of each byte, whether it is one of these."""
    return bytes(chr(sign) in signs for sign in range(256))


def code_of(kind: str) -> int:
    """What a kind of segment is called in `Divided.codes`."""
    return int.from_bytes(kind.encode(), "little")


def kind_of(code: int) -> bytes:
    """The reverse, of whatever a line begins with."""
    return code.to_bytes(3, "little")


def place_of(code: int, field: int) -> int:
    """A field of a kind of segment, counted from 0, as one number."""
    return code * MAX_SEGMENT_FIELDS + field


@dataclass(frozen=True)
class Lines:
    """Some lines, in any order."""

    first: Numbers
    """Number of the first field of each."""
    width: Numbers
    """How many fields each has; 0 where there is no line."""

    @cached_property
    def least(self) -> int:
        """So many fields each has."""
        return int(self.width.min()) if len(self.width) else 0

    def field(self, number: int) -> Numbers:
        """A field of each, counted from 0; -1 where it is not there."""
        fields = self.first + number
        return fields if number < self.least else np.where(number < self.width, fields, -1)


class Divided:
    """The stretch; no text is copied before it is chosen. Where bytes stand is told as places of `texts`."""

    def __init__(self, stretch: bytes, signs: Signs) -> None:
        """`stretch`: lines, each of which ends with LF."""
        self.signs = signs
        self.texts = END + stretch + END * WINDOW
        self.end = 1 + len(stretch)
        self.bytes = np.frombuffer(self.texts, np.uint8)
        whole = self.bytes[: self.end]
        is_border = whole == ord(FIELD)
        is_border |= whole == ord(END)
        self._borders = np.flatnonzero(is_border)
        """What stands before each field; the next one ends it. Fields are numbered from 0."""
        last = np.flatnonzero(self.bytes.take(self._borders[1:]) == ord(END))
        width = np.diff(last, prepend=-1)
        first = last + 1 - width
        is_filled = self._borders[first] + 1 < self._borders[last + 1]
        self.number = np.flatnonzero(is_filled)
        """Of each line that has something, which it is."""
        self.lines = Lines(first, width) if is_filled.all() else Lines(first[is_filled], width[is_filled])
        self.begins = self._borders[self.lines.first] + 1
        self.codes: Codes = np.ndarray((self.end,), "<u4", self.texts, strides=(1,))[self.begins] & _OF_CODE
        """What it begins with."""
        self.repeated: frozenset[int] = frozenset()
        """Fields (`place_of`) that somewhere have repetitions; to be told by who knows where the sign means that."""

    def count(self, sign: str) -> int:
        """How often a sign stands in the stretch."""
        return int(np.count_nonzero(self.bytes[: self.end] == ord(sign)))

    def ends_of(self, fields: Numbers) -> Numbers:
        """Where each ends; of one behind the last, where that one ends."""
        return self._borders.take(fields + 1, mode="clip")

    def fields_with(self, signs: str) -> tuple[Numbers, Numbers]:
        """(`place_of` it, number of its line) of each field that holds one of these signs."""
        marks = np.frombuffer(self.texts.translate(_marks(signs)), np.bool_)
        fields = np.unique(np.searchsorted(self._borders, np.flatnonzero(marks))) - 1
        lines = np.searchsorted(self.lines.first, fields, "right") - 1
        return self.codes[lines].astype(np.int64) * MAX_SEGMENT_FIELDS + fields - self.lines.first[lines], lines

    def filled(self, lines: Numbers, width: int) -> Flags:
        """Of each of these lines, whether there is anything in each of so many fields from its first on, be they its own or not."""
        windows = np.ndarray((len(self._borders),), f"V{width}", self._are_filled, strides=(1,))
        found: Flags = windows[self.lines.first[lines]].view(np.bool_).reshape(len(lines), width)
        return found

    @cached_property
    def _are_filled(self) -> Flags:
        found = np.zeros(len(self._borders) + MAX_SEGMENT_FIELDS, np.bool_)
        np.greater(np.diff(self._borders), 1, out=found[: len(self._borders) - 1])
        return found

    @cached_property
    def _components(self) -> Numbers:
        return self._all_of(self.signs.component)

    @cached_property
    def _repetitions(self) -> Numbers:
        return self._all_of(self.signs.repetition)

    def _all_of(self, sign: str) -> Numbers:
        """Where a sign stands, and one place behind all texts."""
        return np.append(np.flatnonzero(self.bytes[: self.end] == ord(sign)), len(self.texts))

    def chosen(self, numbers: Numbers) -> Lines:
        """Lines by number; -1 is none."""
        width = self.lines.width[numbers]
        return Lines(self.lines.first[numbers], np.where(numbers < 0, 0, width) if (numbers < 0).any() else width)

    def field_texts(self, fields: Numbers) -> pl.Series:
        """Text of each field; null of -1, and where there is nothing."""
        return self._texts(*self._spans(fields))

    def say(self, cell: Cell, lines: Lines) -> tuple[pl.Series, Numbers]:
        """(What a cell says in each line, null where nothing; numbers of the lines in which it says several things, and which these are
        is not told)."""
        if cell.segment == HEADER and cell.field <= 2:
            texts = self.field_texts(lines.field(1))
            said = pl.when(texts.is_not_null()).then(pl.lit(FIELD.decode()))
            return pl.select(said).to_series() if cell.field == 1 else texts, _NOBODY
        if cell.told_by is not None:
            is_told = self._are(*self._part(self._components, 1, *self._spans(lines.field(cell.told_by))), cell.told or "")
            lines = Lines(lines.first, lines.width * is_told)
        number = cell.field - (cell.segment == HEADER)
        begins, ends = self._spans(lines.field(number))
        of = None
        if cell.nth is not None:
            begins, ends = self._part(self._repetitions, cell.nth, begins, ends)
        elif place_of(code_of(cell.segment), number) in self.repeated:
            of, begins, ends = self._each(begins, ends)
        if cell.key is not None:
            ends = ends * self._are(*self._part(self._components, cell.key, begins, ends), cell.text or "")
        if isinstance(cell.component, int):
            begins, ends = self._part(self._components, cell.component, begins, ends)
        texts = self._texts(begins, ends if cell.sub in (None, 1) else begins)
        if cell.component == "*":
            texts = texts.str.replace_all(self.signs.component, "", literal=True)
            texts = texts.set(texts == "", None)
        return (texts, _NOBODY) if of is None else _gathered(texts, of, len(lines.first))

    def _spans(self, fields: Numbers) -> tuple[Numbers, Numbers]:
        """Where each begins and ends; of none (-1), an end before its begin."""
        return self._borders[fields] + 1, self._borders[fields + 1]

    def _part(self, signs: Numbers, number: int, begins: Numbers, ends: Numbers) -> tuple[Numbers, Numbers]:
        """Where a part of each span begins and ends, counted from 1, divided by such signs; where it is not there, not behind its begin."""
        behind, most = np.searchsorted(signs, begins) + (number - 1), len(signs) - 1
        if number > 1:
            begins = signs[np.minimum(behind - 1, most)] + 1
        return begins, np.minimum(signs[np.minimum(behind, most)], ends)

    def _each(self, begins: Numbers, ends: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """(number of its span, where it begins, where it ends) of each repetition in each span, in order."""
        signs = self._repetitions
        first = np.searchsorted(signs, begins)
        counts = np.maximum(np.searchsorted(signs, ends) - first, 0) + 1
        of, behind = np.repeat(np.arange(len(begins)), counts), np.cumsum(counts)
        sign = np.arange(len(of)) + np.repeat(first - behind + counts, counts)
        """The one that ends it, but of the last of a span."""
        all_begins, all_ends = signs[np.maximum(sign - 1, 0)] + 1, signs[np.minimum(sign, len(signs) - 1)]
        all_begins[behind - counts], all_ends[behind - 1] = begins, ends
        return of, all_begins, all_ends

    def _texts(self, begins: Numbers, ends: Numbers) -> pl.Series:
        is_some = begins < ends
        return cut(self.texts, begins, ends, None if is_some.all() else is_some)

    def _are(self, begins: Numbers, ends: Numbers, text: str) -> Flags:
        found: Flags = (self._texts(begins, ends).fill_null("") == text).to_numpy()
        return found


def _gathered(texts: pl.Series, of: Numbers, count: int) -> tuple[pl.Series, Numbers]:
    """Of each of so many lines the text that is not null, and the lines that have different ones; `of` says whose each text is."""
    some = np.flatnonzero(texts.is_not_null().to_numpy())
    lines = of[some]
    chosen = np.full(count, -1, np.int64)
    chosen[lines] = some
    found = texts.gather(pl.Series(chosen).replace(-1, None))
    if (lines[1:] > lines[:-1]).all():
        return found, _NOBODY
    different = pl.DataFrame({"of": lines, "text": texts.gather(some)}).unique()["of"]
    return found, different.filter(different.is_duplicated()).unique().to_numpy()
