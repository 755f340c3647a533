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


@cache
def _marks(signs: str) -> bytes:
    """Of each byte, whether it is one of these."""
    return bytes(chr(sign) in signs for sign in range(256))


class _Divided:
    """A stretch taken apart at the signs of its first message; no text is copied before it is chosen."""

    def __init__(self, stretch: bytes, signs: Signs) -> None:
        self.stretch, self.signs = stretch, signs
        self.bytes = np.frombuffer(stretch + _END * 16, np.uint8)
        whole = self.bytes[: len(stretch)]
        is_end = whole == ord(_FIELD)
        is_end |= whole == ord(_END)
        self.ends = np.flatnonzero(is_end)
        """Of each field. Fields are numbered from 0."""
        self._components = np.flatnonzero(whole == ord(signs.component))
        last = np.flatnonzero(self.bytes[self.ends] == ord(_END))
        first = np.concatenate(([0], last[:-1] + 1))
        begins, ends = self.field_begins(first), self.ends[last]
        is_filled = begins < ends
        self.number = np.flatnonzero(is_filled)
        """Of each line that has something, which it is."""
        self.first, self.width = first[is_filled], (last - first + 1)[is_filled]
        self.begins = begins[is_filled]
        one, two, three = (self.bytes[self.begins + place].astype(np.int32) for place in range(3))
        self.codes = (one << 16) | (two << 8) | three
        """What it begins with."""

    def count(self, sign: str) -> int:
        """How often a sign stands in the stretch."""
        return int(np.count_nonzero(self.bytes[: len(self.stretch)] == ord(sign)))

    def field_begins(self, fields: Numbers) -> Numbers:
        """Where each begins."""
        found: Numbers = self.ends[fields - 1]
        found += 1
        found[fields <= 0] = 0
        return found

    @cached_property
    def are_filled(self) -> Flags:
        """Whether there is anything in each field."""
        return np.append(self.ends[:1] > 0, self.ends[1:] - self.ends[:-1] > 1)

    def field(self, lines: Numbers, place: int) -> Numbers:
        """Number of a field of each line; -1 where it is not there."""
        is_there = (lines >= 0) & (self.width[lines] > place)
        found: Numbers = self.first[lines] + place
        return found if is_there.all() else np.where(is_there, found, -1)

    def field_texts(self, fields: Numbers) -> pl.Series:
        """Text of each field; null of -1, and where there is nothing."""
        begins, ends = self.field_begins(fields), self.ends[fields]
        return self._chosen(begins, ends, (fields >= 0) & (begins < ends))

    def component_texts(self, fields: Numbers, number: int) -> pl.Series:
        """The same of a component of each, counted from 1."""
        begins, ends = self.field_begins(fields), self.ends[fields]
        is_some = fields >= 0
        signs = np.append(self._components, len(self.stretch))
        behind = np.searchsorted(signs, begins) + (number - 1)  # the sign that ends it, where one of its field does
        if number > 1:
            begins = signs[np.minimum(behind - 1, len(signs) - 1)] + 1
            is_some &= begins <= ends
        ends = np.minimum(signs[np.minimum(behind, len(signs) - 1)], ends)
        return self._chosen(begins, ends, is_some & (begins < ends))

    def _chosen(self, begins: Numbers, ends: Numbers, is_some: Flags) -> pl.Series:
        """The texts between; null where there is none."""
        are_all = bool(is_some.all())
        if not are_all:
            begins, ends = begins[is_some], ends[is_some]
        place = None
        if not (begins[1:] >= ends[:-1]).all():
            begins, first, place = np.unique(begins, return_index=True, return_inverse=True)
            ends = ends[first]
        texts = cut(self.stretch, begins, ends)
        if are_all:
            return texts if place is None else texts.gather(place)
        of = np.full(len(is_some), -1, np.int64)
        of[is_some] = np.arange(len(begins)) if place is None else place
        return texts.gather(pl.Series(of).replace(-1, None))

    def texts(self, cell: Cell, lines: Numbers) -> pl.Series:
        """What a cell says in each line; null where nothing, or the line is none (-1). Its field has no repetitions or escapes."""
        if cell.segment == _HEADER and cell.field <= 2:
            said = _FIELD.decode() if cell.field == 1 else None
            texts = self.field_texts(self.field(lines, 1))
            return texts if said is None else pl.select(pl.when(texts.is_not_null()).then(pl.lit(said))).to_series()
        if cell.nth not in (None, 1) or (cell.sub or 1) > 1:
            return _nothing(len(lines))
        if cell.told_by is not None:
            lines = np.where(self._says(self.field(lines, cell.told_by), 1, cell.told or ""), lines, -1)
        fields = self.field(lines, cell.field - (cell.segment == _HEADER))
        if cell.key is not None:
            fields = np.where(self._says(fields, cell.key, cell.text or ""), fields, -1)
        if isinstance(cell.component, int):
            return self.component_texts(fields, cell.component)
        texts = self.field_texts(fields)
        if cell.component is None:
            return texts
        joined = texts.str.replace_all(self.signs.component, "", literal=True)
        return joined.set(joined == "", None)

    def _says(self, fields: Numbers, component: int, text: str) -> Flags:
        return (self.component_texts(fields, component).fill_null("") == text).to_numpy()

    def fields_with(self, signs: str) -> Numbers:
        """Numbers of the fields that hold one of these signs."""
        marks = np.frombuffer(self.stretch.translate(_marks(signs)), np.bool_)
        return np.unique(np.searchsorted(self.ends, np.flatnonzero(marks)))


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
        taken = np.zeros(len(borders), np.bool_)
        shapes: list[tuple[list[Numbers], Numbers]] = []
        for key, messages in _alike(divided.codes, borders, lengths, is_plain):
            if (shape := self._shape(key, len(messages))) is not None:
                taken[messages] = True
                shapes.append((shape, messages))
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
        signs, begins = divided.signs, divided.begins
        sizes = np.diff(begins[borders], append=len(divided.stretch))
        is_plain: Flags = divided.codes[borders] == _code(_HEADER)
        ends = divided.ends
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
            if not wanted or all(divided.count(sign) == headers for sign in inside):
                continue  # nothing but what headers state
            fields = divided.fields_with(inside)
            lines = np.searchsorted(divided.first, fields, "right") - 1
            is_wanted = np.isin(divided.codes[lines].astype(np.int64) * MAX_SEGMENT_FIELDS + fields - divided.first[lines], [*wanted])
            messages = np.searchsorted(borders, lines[is_wanted], "right") - 1
            is_plain[messages[messages >= 0]] = False
        if self._kinds:
            said = divided.field_texts(divided.field(borders, 8))
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
                each = found.borders[alike][:, None, None] + places
                if (places < 0).any():
                    each = np.where(places >= 0, each, -1)
                lines.append(each.reshape(-1, len(cells)))
                messages.append(np.repeat(alike, len(places)))
                items.append(np.tile(np.arange(len(places)), len(alike)))
        names = [column.name for column in plan.spec.columns]
        if not lines:
            return pl.DataFrame(schema={POSITION: pl.Int64, ITEM: pl.Int64, DIGEST: pl.String, **dict.fromkeys(names, pl.String)})
        all_messages = np.concatenate(messages)
        all_lines, all_items = np.concatenate(lines), np.concatenate(items)
        if len(shapes) > 1:
            order = np.argsort(all_messages, kind="stable")
            all_lines, all_items, all_messages = all_lines[order], all_items[order], all_messages[order]
        texts = iter([found.divided.texts(cell, all_lines[:, place]) for place, cell in enumerate(cells)])
        columns = [_first([next(texts) for _ in of]) for of in plan.cells]
        digests = _nothing(len(all_messages))
        if plan.has_digest:
            digests = pl.Series([found.digest(message) for message in all_messages.tolist()], dtype=pl.String)
        return pl.DataFrame(
            [
                pl.Series(POSITION, found.positions[all_messages]),
                pl.Series(ITEM, all_items),
                digests.alias(DIGEST),
                *(column.alias(name) for column, name in zip(columns, names, strict=True)),
            ]
        )

    def _unread(self, found: _Messages, of_line: Numbers, taken: Flags) -> list[tuple[int, str, int]]:
        divided = found.divided
        lines = np.arange(len(divided.codes) - len(of_line), len(divided.codes))[taken[of_line]]
        messages = of_line[taken[of_line]]
        codes = divided.codes[lines]
        last = len(divided.ends) - 1
        unread: list[tuple[int, str, int]] = []
        for code in np.unique(codes).tolist():
            of = codes == code
            first, width, its_messages = divided.first[lines[of]], divided.width[lines[of]], messages[of]
            least, most = int(width.min()), int(width.max())
            every = _counted(its_messages)
            for place, element in self._not_read(code.to_bytes(3, "big").decode(), most):
                has = divided.are_filled[first + place if place < least else np.minimum(first + place, last)]
                if place >= least:
                    has &= width > place
                if has.any():
                    place_of_first, count = every if has.all() else _counted(its_messages[has])
                    unread.append((int(found.positions[place_of_first]), element, count))
        return sorted(unread)


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
        lines = self.divided.stretch[self.begins[message] : self.begins[message + 1]].split(_END)
        return hashlib.sha256(b"\r".join(line for line in lines if line)).hexdigest()


def _counted(messages: Numbers) -> tuple[int, int]:
    """The first of some messages in order, and how many different ones they are."""
    return int(messages[0]), 1 + int(np.count_nonzero(messages[1:] != messages[:-1]))


def _rest(found: _Messages, position: int, taken: Flags) -> Iterator[tuple[int, int, bytes]]:
    """The parts that were not taken, with what stands before the first message."""
    stretch = found.divided.stretch
    is_left = np.concatenate(([True], ~taken))
    begins, positions = np.concatenate(([0], found.begins)), np.concatenate(([position], found.positions))
    before = np.concatenate(([0, 0], np.cumsum(taken)))
    for first in np.flatnonzero(is_left & ~np.concatenate(([False], is_left[:-1]))).tolist():
        ends = np.flatnonzero(~is_left[first:])
        last = first + int(ends[0]) if len(ends) else len(is_left)
        if begins[first] < begins[last]:
            yield int(before[first]), int(positions[first]), stretch[begins[first] : begins[last]]


def _alike(codes: Numbers, borders: Numbers, lengths: Numbers, wanted: Flags) -> list[tuple[bytes, Numbers]]:
    """Of wanted messages those whose lines begin alike, with the codes of these. Messages that stand together are told at once."""
    of_line = np.repeat(np.arange(len(borders)), lengths)
    before = np.append(0, lengths[:-1])[of_line]
    lines = np.arange(len(codes) - len(of_line), len(codes))
    is_other = np.zeros(len(borders), np.bool_)
    is_other[of_line[codes[lines] != codes[lines - before]]] = True
    is_other[1:] |= (lengths[1:] != lengths[:-1]) | (wanted[1:] != wanted[:-1])
    is_other[:1] = True
    firsts = np.flatnonzero(is_other)
    found: defaultdict[bytes, list[Numbers]] = defaultdict(list)
    for first, behind in zip(firsts.tolist(), np.append(firsts[1:], len(borders)).tolist(), strict=True):
        if wanted[first]:
            found[codes[borders[first] : borders[first] + lengths[first]].tobytes()].append(np.arange(first, behind))
    return [(key, np.concatenate(messages)) for key, messages in found.items()]


def _nothing(rows: int) -> pl.Series:
    return pl.Series([None], dtype=pl.String).new_from_index(0, rows)


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
