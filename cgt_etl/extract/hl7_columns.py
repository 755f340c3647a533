"""HL7 v2 messages whose segments are of the same kinds in the same order, read together: what makes files of them quick.

Places of cells depend on the kinds of a message's segments alone, so they are asked of the plans once for all messages of the same kinds.
The bytes between signs are then Arrow texts over the stretch itself, and a column is one choice among them. Taken are only messages that
the careful way would read without a fault: written with the same signs, every line a segment, no repetition or escape in a field that a
cell reads, not long. Whatever else there is, is left; no rule stands here.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import polars as pl

from cgt_etl.extract.byte_lines import Flags, Numbers, cut
from cgt_etl.extract.hl7_message import Cell, Message, Signs
from cgt_etl.extract.hl7_rows import Plan
from cgt_etl.extract.limits import MAX_SEGMENT_FIELDS
from cgt_etl.extract.records import DIGEST, ITEM, POSITION

LEAST_ALIKE = 4
"""Fewer messages of a stretch are read one by one in the time that learning takes."""
_MOST_BYTES = 64 * 1024
"""No limit of a message lies below."""
_MOST_SEGMENTS = 300
_MOST_SHAPES = 500
_MOST_STRETCH_BYTES = 4 * 1024 * 1024
"""Of a longer one, which has an endless line, the places of all signs would take too much memory."""
_FIELD, _END = b"|", b"\n"
_HEADER = "MSH"
_BEGIN = b"MSH|"
_LEAST_SIGNS = 4
"""What is left out has a meaning that is not written."""
_ANY = Signs("|", "^", "~", "\\", "&", "utf-8")
_ENVELOPES = ("FHS", "BHS", "BTS", "FTS")
_KIND = re.compile(rb"[A-Z][A-Z0-9]{2}")
_NEVER = (b"\x0b", b"\x1c")
"""Frames of a wire, which may stand around a line."""


@dataclass(frozen=True)
class Taken:
    """What was made of a stretch."""

    rows: list[pl.DataFrame]
    """Of each plan, as a columnar batch has them, in file order."""
    messages: int
    unread: list[tuple[int, str, int]]
    """(position of the first message that has it, element outside the contract, how many messages do), in that order."""
    rest: list[tuple[int, int, bytes]]
    """(how many messages were taken before it, line that it begins with, its lines) of each part that was left, in file order."""


@dataclass(frozen=True)
class _Texts:
    """Texts of a stretch that end at signs; none is copied before it is chosen."""

    stretch: bytes
    ends: Numbers

    def begins(self, numbers: Numbers) -> Numbers:
        """Where each begins; numbers count from 0."""
        found: Numbers = self.ends[numbers - 1]
        found += 1
        found[numbers <= 0] = 0
        return found

    @cached_property
    def are_filled(self) -> Flags:
        """Whether there is anything in each."""
        return np.diff(self.ends, prepend=-1) > 1

    def chosen(self, numbers: Numbers) -> pl.Series:
        """Text of each number; null of -1, and where there is nothing."""
        begins, ends = self.begins(numbers), self.ends[numbers]
        is_some = (numbers >= 0) & (begins < ends)
        are_all = bool(is_some.all())
        wanted = numbers if are_all else numbers[is_some]
        place = None
        if not (wanted[1:] > wanted[:-1]).all():
            wanted, place = np.unique(wanted, return_inverse=True)
        if wanted is not numbers:
            begins, ends = self.begins(wanted), self.ends[wanted]
        texts = cut(self.stretch, begins, ends)
        if are_all:
            return texts if place is None else texts.gather(place)
        of = np.full(len(numbers), -1, np.int64)
        of[is_some] = np.arange(len(wanted)) if place is None else place
        return texts.gather(pl.Series(of).replace(-1, None))


@cache
def _marks(signs: str) -> bytes:
    """Of each byte, whether it is one of these."""
    return bytes(chr(sign) in signs for sign in range(256))


class _Divided:
    """A stretch taken apart at the signs of its first message."""

    def __init__(self, stretch: bytes, signs: Signs) -> None:
        self.signs = signs
        signs_at = np.flatnonzero(np.frombuffer(stretch.translate(_marks(f"|\n{signs.component}")), np.bool_))
        self.bytes = np.frombuffer(stretch + _END * 16, np.uint8)
        sign = self.bytes[signs_at]
        self.last_component = np.flatnonzero(sign != ord(signs.component))
        """Of each field, its last component; the first stands behind the last of the field before it."""
        self.components = _Texts(stretch, signs_at)
        self.fields = _Texts(stretch, signs_at[self.last_component])
        last = np.flatnonzero(sign[self.last_component] == ord(_END))
        first = np.concatenate(([0], last[:-1] + 1))
        begins, ends = self.fields.begins(first), self.fields.ends[last]
        is_filled = begins < ends
        self.number = np.flatnonzero(is_filled)
        """Of each line that has something, which it is."""
        self.first, self.width = first[is_filled], (last - first + 1)[is_filled]
        self.begins = begins[is_filled]
        one, two, three = (self.bytes[self.begins + place].astype(np.int32) for place in range(3))
        self.codes = (one << 16) | (two << 8) | three
        """What it begins with."""

    def field(self, lines: Numbers, place: int) -> Numbers:
        """Number of a field of each line; -1 where it is not there."""
        return np.where((lines >= 0) & (self.width[lines] > place), self.first[lines] + place, -1)

    def component(self, fields: Numbers, number: int) -> Numbers:
        """The same of a component, counted from 1."""
        first = np.where(fields > 0, self.last_component[fields - 1] + 1, 0)
        return np.where((fields >= 0) & (first + number - 1 <= self.last_component[fields]), first + number - 1, -1)

    def texts(self, cell: Cell, lines: Numbers) -> pl.Series:
        """What a cell says in each line; null where nothing, or the line is none (-1). Its field has no repetitions or escapes."""
        if cell.segment == _HEADER and cell.field <= 2:
            said = _FIELD.decode() if cell.field == 1 else None
            texts = self.fields.chosen(self.field(lines, 1))
            return texts if said is None else pl.select(pl.when(texts.is_not_null()).then(pl.lit(said))).to_series()
        if cell.nth not in (None, 1) or (cell.sub or 1) > 1:
            return pl.repeat(None, len(lines), dtype=pl.String, eager=True)
        if cell.told_by is not None:
            lines = np.where(self._says(self.field(lines, cell.told_by), 1, cell.told or ""), lines, -1)
        fields = self.field(lines, cell.field - (cell.segment == _HEADER))
        if cell.key is not None:
            fields = np.where(self._says(fields, cell.key, cell.text or ""), fields, -1)
        if isinstance(cell.component, int):
            return self.components.chosen(self.component(fields, cell.component))
        texts = self.fields.chosen(fields)
        if cell.component is None:
            return texts
        joined = texts.str.replace_all(self.signs.component, "", literal=True)
        return joined.set(joined == "", None)

    def _says(self, fields: Numbers, component: int, text: str) -> Flags:
        said = self.components.chosen(self.component(fields, component)).fill_null("")
        return (said == text).to_numpy()

    def fields_with(self, signs: str) -> Numbers:
        """Numbers of the fields that hold one of these signs."""
        marks = np.frombuffer(self.fields.stretch.translate(_marks(signs)), np.bool_)
        return np.unique(np.searchsorted(self.fields.ends, np.flatnonzero(marks)))


class Columns:
    """The shapes of one file."""

    def __init__(self, plans: list[Plan], kinds: list[str], not_read: Callable[[str, int], list[tuple[int, str]]]) -> None:
        """`kinds` of message are taken, all where none is named; `not_read` gives (place, element) of the fields of a kind of segment, of
        so many, that are outside the contract."""
        self._plans, self._kinds, self._not_read = plans, kinds, not_read
        self._cells = [[cell for alternatives in plan.cells for cell in alternatives] for plan in plans]
        cells = [cell for of in self._cells for cell in of]
        self._can_be = all(plan.explode is None or plan.explode.field is None for plan in plans) and all(map(_is_quick, cells))
        self._wanted = {code * MAX_SEGMENT_FIELDS + place for cell in cells for code, place in _reads(cell)}
        self._wanted_subs = {code * MAX_SEGMENT_FIELDS + place for cell in cells if cell.sub for code, place in _reads(cell)}
        self._shapes: dict[bytes, list[Numbers]] = {}
        """Codes of a message's segments -> of each plan, of each row, of each cell: which of its lines; -1 for none."""

    def take(self, stretch: bytes, position: int, *, is_whole: bool) -> Taken:
        """Take what can be taken of whole lines of UTF-8, each of which ends with LF; the first is line `position` of the file.
        `is_whole`: the last message does not go on behind them."""
        header = self._header(stretch)
        signs = None if header is None else Signs.of(header.decode(), "utf-8")
        if header is None or signs is None:
            return Taken([], 0, [], [(0, position, stretch)])
        divided = _Divided(stretch, signs)
        borders = np.flatnonzero(np.isin(divided.codes, [_code(name) for name in (_HEADER, *_ENVELOPES)]))
        lengths = np.diff(borders, append=len(divided.codes))
        of_line = np.repeat(np.arange(len(borders)), lengths)
        """Of each line from the first border on, its message (or envelope)."""
        is_plain = self._plain(divided, header, borders, lengths, of_line)
        is_plain[-1:] &= is_whole
        alike: defaultdict[bytes, list[int]] = defaultdict(list)
        codes = divided.codes.tobytes()
        code_ends = (4 * (borders + lengths)).tolist()
        for message, begin in zip(np.flatnonzero(is_plain).tolist(), (4 * borders[is_plain]).tolist(), strict=True):
            alike[codes[begin : code_ends[message]]].append(message)
        taken = np.zeros(len(borders), np.bool_)
        shapes: list[tuple[list[Numbers], Numbers]] = []
        for key, messages in alike.items():
            if (shape := self._shape(key, len(messages))) is not None:
                taken[messages] = True
                shapes.append((shape, np.array(messages)))
        found = _Messages(divided, borders, divided.number[borders] + position, np.append(divided.begins[borders], len(stretch)))
        rows = [self._rows(place, found, shapes) for place in range(len(self._plans))] if shapes else []
        unread = self._unread(found, of_line, taken) if shapes else []
        return Taken(rows, int(taken.sum()), unread, list(_rest(found, position, taken)))

    def _header(self, stretch: bytes) -> bytes | None:
        """How the first message says that it is written; None where the stretch is for the careful way."""
        begin = 0 if stretch.startswith(_BEGIN) else stretch.find(_END + _BEGIN) + 1
        if (
            not self._can_be
            or len(stretch) > _MOST_STRETCH_BYTES
            or any(sign in stretch for sign in _NEVER)
            or not stretch.startswith(_BEGIN, begin)
        ):
            return None
        stated = stretch[begin + len(_BEGIN) : stretch.index(_END, begin)].split(_FIELD, 1)[0]
        return _BEGIN + stated if stated.isascii() and len(stated) >= _LEAST_SIGNS else None

    def _plain(self, divided: _Divided, header: bytes, borders: Numbers, lengths: Numbers, of_line: Numbers) -> Flags:
        """Of each message, whether it would be read without a fault."""
        signs, begins, stretch = divided.signs, divided.begins, divided.fields.stretch
        sizes = np.diff(begins[borders], append=len(stretch))
        is_plain: Flags = divided.codes[borders] == _code(_HEADER)
        ends = divided.fields.ends
        for place, sign in enumerate(header):
            is_plain &= divided.bytes[begins[borders] + place] == sign
        headers = int(is_plain.sum())
        is_plain &= (sizes <= _MOST_BYTES) & (lengths <= _MOST_SEGMENTS)
        is_plain &= ends[np.minimum(divided.first[borders] + 1, len(ends) - 1)] == begins[borders] + len(header)
        kinds = [code for code in np.unique(divided.codes).tolist() if _KIND.fullmatch(code.to_bytes(3, "big"))]
        is_kind = np.isin(divided.codes, kinds)
        is_segment = is_kind & (ends[divided.first] == begins + 3) & (divided.width <= MAX_SEGMENT_FIELDS)
        is_plain[of_line[~is_segment[len(is_segment) - len(of_line) :]]] = False
        for inside, wanted in ((signs.repetition + signs.escape, self._wanted), (signs.sub, self._wanted_subs)):
            if not wanted or all(stretch.count(sign.encode()) == headers for sign in inside):
                continue  # nothing but what headers state
            fields = divided.fields_with(inside)
            lines = np.searchsorted(divided.first, fields, "right") - 1
            is_wanted = np.isin(divided.codes[lines].astype(np.int64) * MAX_SEGMENT_FIELDS + fields - divided.first[lines], [*wanted])
            messages = np.searchsorted(borders, lines[is_wanted], "right") - 1
            is_plain[messages[messages >= 0]] = False
        if self._kinds:
            said = divided.fields.chosen(divided.field(borders, 8))
            is_plain &= (
                said.is_in([one for one in said.unique().drop_nulls() if signs.kind(one) in self._kinds]).fill_null(False).to_numpy()
            )
        return is_plain

    def _shape(self, codes: bytes, messages: int) -> list[Numbers] | None:
        """Where the cells are in messages with these segments; None where that is not worth learning."""
        if (known := self._shapes.get(codes)) is None:
            if messages < LEAST_ALIKE or len(self._shapes) >= _MOST_SHAPES:
                return None
            names = [int(code).to_bytes(3, "big").decode() for code in np.frombuffer(codes, np.int32)]
            message = Message(0, names, _ANY)
            known = self._shapes[codes] = [
                np.array(
                    [[-1 if place is None else place for of in row.cells for _, place in of] for row in plan.placed(message)], np.int64
                )
                for plan in self._plans
            ]
        return known

    def _rows(self, number: int, found: _Messages, shapes: list[tuple[list[Numbers], Numbers]]) -> pl.DataFrame:
        """The rows of a plan."""
        plan, cells = self._plans[number], self._cells[number]
        lines, messages, items = [], [], []
        for of_plans, alike in shapes:
            if len(places := of_plans[number]):
                each = np.where(places >= 0, found.borders[alike][:, None, None] + places, -1)
                lines.append(each.reshape(-1, len(cells)))
                messages.append(np.repeat(alike, len(places)))
                items.append(np.tile(np.arange(len(places)), len(alike)))
        names = [column.name for column in plan.spec.columns]
        if not lines:
            return pl.DataFrame(schema={POSITION: pl.Int64, ITEM: pl.Int64, DIGEST: pl.String, **dict.fromkeys(names, pl.String)})
        all_messages = np.concatenate(messages)
        order = np.argsort(all_messages, kind="stable") if len(shapes) > 1 else np.arange(len(all_messages))
        all_lines, all_messages = np.concatenate(lines)[order], all_messages[order]
        texts = iter([found.divided.texts(cell, all_lines[:, place]) for place, cell in enumerate(cells)])
        columns = [_first([next(texts) for _ in of]) for of in plan.cells]
        digests: list[str] | pl.Series = pl.repeat(None, len(order), dtype=pl.String, eager=True)
        if plan.has_digest:
            digests = [found.digest(message) for message in all_messages.tolist()]
        return pl.DataFrame(
            [
                pl.Series(POSITION, found.positions[all_messages]),
                pl.Series(ITEM, np.concatenate(items)[order]),
                pl.Series(DIGEST, digests, dtype=pl.String),
                *(column.alias(name) for column, name in zip(columns, names, strict=True)),
            ]
        )

    def _unread(self, found: _Messages, of_line: Numbers, taken: Flags) -> list[tuple[int, str, int]]:
        divided = found.divided
        lines = np.arange(len(divided.codes) - len(of_line), len(divided.codes))[taken[of_line]]
        messages = of_line[taken[of_line]]
        codes = divided.codes[lines]
        last = len(divided.fields.ends) - 1
        in_messages: defaultdict[str, list[Numbers]] = defaultdict(list)
        for code in np.unique(codes).tolist():
            of = codes == code
            first, width, its_messages = divided.first[lines[of]], divided.width[lines[of]], messages[of]
            for place, element in self._not_read(code.to_bytes(3, "big").decode(), int(width.max())):
                has = divided.fields.are_filled[np.minimum(first + place, last)]
                has &= width > place
                if has.any():
                    in_messages[element].append(its_messages[has])
        counted = ((element, np.sort(np.concatenate(of)) if len(of) > 1 else of[0]) for element, of in in_messages.items())
        return sorted((int(found.positions[of[0]]), element, 1 + int((of[1:] > of[:-1]).sum())) for element, of in counted)


@dataclass(frozen=True)
class _Messages:
    """The messages (and envelopes) of a stretch."""

    divided: _Divided
    borders: Numbers
    """First line of each."""
    positions: Numbers
    begins: Numbers
    """Where each begins in the stretch, and the stretch's end."""

    def digest(self, message: int) -> str:
        lines = self.divided.fields.stretch[self.begins[message] : self.begins[message + 1]].split(_END)
        return hashlib.sha256(b"\r".join(line for line in lines if line)).hexdigest()


def _rest(found: _Messages, position: int, taken: Flags) -> Iterator[tuple[int, int, bytes]]:
    """The parts that were not taken, with what stands before the first message."""
    stretch = found.divided.fields.stretch
    is_left = np.concatenate(([True], ~taken))
    begins, positions = np.concatenate(([0], found.begins)), np.concatenate(([position], found.positions))
    before = np.concatenate(([0, 0], np.cumsum(taken)))
    for first in np.flatnonzero(is_left & ~np.concatenate(([False], is_left[:-1]))).tolist():
        ends = np.flatnonzero(~is_left[first:])
        last = first + int(ends[0]) if len(ends) else len(is_left)
        if begins[first] < begins[last]:
            yield int(before[first]), int(positions[first]), stretch[begins[first] : begins[last]]


def _first(alternatives: list[pl.Series]) -> pl.Series:
    """Of each row the first that says anything."""
    if len(alternatives) == 1:
        return alternatives[0]
    return pl.DataFrame([one.alias(str(place)) for place, one in enumerate(alternatives)]).select(pl.coalesce(pl.all())).to_series()


def _code(name: str) -> int:
    return int.from_bytes(name.encode(), "big")


def _is_quick(cell: Cell) -> bool:
    """Whether a column of it can be chosen."""
    return not (cell.told_by is not None and cell.segment == _HEADER) and not (cell.component == "*" and cell.sub is not None)


def _reads(cell: Cell) -> Iterator[tuple[int, int]]:
    """(code of the segment, place) of the fields that it looks into; those that state the signs are not looked into."""
    for number in (cell.field, cell.told_by):
        if number is not None and not (cell.segment == _HEADER and number <= 2):
            yield _code(cell.segment), number - (cell.segment == _HEADER)
