"""HL7 v2 messages whose segments are of the same kinds in the same order, read together: what makes files of them quick.

Places of cells depend on the kinds of a message's segments alone, so they are asked of the plans once for all messages of the same kinds.
A column is then one choice among the parts of the stretch (`hl7_divided`). Taken are only messages that the careful way would read without
a fault: written with the same signs, every line a segment, no escape in a field that a cell reads, no cell with several values, not long.
Whatever else there is, is left; no rule stands here.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from cgt_etl.extract.byte_lines import Flags, Numbers
from cgt_etl.extract.hl7_divided import END, FIELD, HEADER, Codes, Divided, Lines, code_of, kind_of, place_of
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


class Columns:
    """The shapes of one file."""

    def __init__(self, plans: list[Plan], kinds: list[str], not_read: Callable[[str, int], list[tuple[int, str]]]) -> None:
        """`kinds` of message are taken, all where none is named; `not_read` gives (place, element) of the fields of a kind of segment, of
        so many, that are outside the contract."""
        self._plans, self._kinds, self._not_read = plans, kinds, not_read
        self._cells = [[cell for alternatives in plan.cells for cell in alternatives] for plan in plans]
        cells = [cell for of in self._cells for cell in of]
        self._can_be = all(plan.explode is None or plan.explode.field is None for plan in plans) and all(map(_is_quick, cells))
        self._wanted = {place for cell in cells for place in _reads(cell)}
        self._wanted_subs = {place for cell in cells if cell.sub for place in _reads(cell)}
        self._telling = {place_of(code_of(cell.segment), cell.told_by) for cell in cells if cell.told_by is not None}
        self._shapes: dict[bytes, list[Numbers]] = {}
        """Codes of a message's segments -> of each plan, of each row, of each cell: which of its lines; -1 for none."""

    def take(self, stretch: bytes, position: int, *, is_whole: bool) -> Taken:
        """Take what can be taken of whole lines of UTF-8, each of which ends with LF; the first is line `position` of the file.
        `is_whole`: the last message does not go on behind them."""
        header = self._header(stretch)
        signs = None if header is None else Signs.of(header.decode(), "utf-8")
        if header is None or signs is None:
            return Taken([], 0, [], [(0, position, stretch)])
        divided = Divided(stretch, signs)
        borders = np.flatnonzero(np.isin(divided.codes, [code_of(name) for name in (HEADER, *_ENVELOPES)]))
        lengths = np.diff(borders, append=len(divided.codes))
        of_line = np.repeat(np.arange(len(borders)), lengths)
        """Of each line from the first border on, its message (or envelope)."""
        is_plain = self._plain(divided, header, borders, lengths, of_line)
        is_plain[-1:] &= is_whole
        taken = np.zeros(len(borders), np.bool_)
        shapes: list[tuple[list[Numbers], Numbers]] = []
        for key, messages in _alike(divided.codes, borders, of_line, lengths, is_plain):
            if (shape := self._shape(key, len(messages))) is not None:
                taken[messages] = True
                shapes.append((shape, messages))
        found = _Messages(divided, borders, divided.number[borders] + position, np.append(divided.begins[borders], divided.end))
        several: set[int] = set()
        rows = [self._rows(place, found, shapes, several) for place in range(len(self._plans))] if shapes else []
        if several:
            taken[[*several]] = False
            rows = [of.filter(~pl.col(POSITION).is_in(found.positions[[*several]].tolist())) for of in rows]
        unread = self._unread(found, of_line, taken) if taken.any() else []
        return Taken(rows, int(taken.sum()), unread, list(_rest(found, position, taken)))

    def _header(self, stretch: bytes) -> bytes | None:
        """How the first message says that it is written; None where the stretch is for the careful way."""
        begin = 0 if stretch.startswith(_BEGIN) else stretch.find(END + _BEGIN) + 1
        if (
            not self._can_be
            or len(stretch) > _MOST_STRETCH_BYTES
            or any(sign in stretch for sign in _NEVER)
            or not stretch.startswith(_BEGIN, begin)
        ):
            return None
        stated = stretch[begin + len(_BEGIN) : stretch.index(END, begin)].split(FIELD, 1)[0]
        return _BEGIN + stated if stated.isascii() and len(stated) >= _LEAST_SIGNS else None

    def _plain(self, divided: Divided, header: bytes, borders: Numbers, lengths: Numbers, of_line: Numbers) -> Flags:
        """Of each message, whether it would be read without a fault."""
        signs, begins, first = divided.signs, divided.begins, divided.lines.first
        sizes = np.diff(begins[borders], append=divided.end)
        is_plain: Flags = divided.codes[borders] == code_of(HEADER)
        for place, stated in enumerate(header):
            is_plain &= divided.bytes[begins[borders] + place] == stated
        headers = int(is_plain.sum())
        is_plain &= (sizes <= _MOST_BYTES) & (lengths <= _MOST_SEGMENTS)
        is_plain &= divided.ends_of(first[borders] + 1) == begins[borders] + len(header)
        kinds = [code for code in _different(divided.codes) if _KIND.fullmatch(kind_of(code))]
        is_segment = np.isin(divided.codes, kinds) & (divided.ends_of(first) == begins + 3) & (divided.lines.width <= MAX_SEGMENT_FIELDS)
        if not is_segment.all():
            is_plain[of_line[~is_segment[len(is_segment) - len(of_line) :]]] = False
        for sign, wanted in ((signs.escape, self._wanted), (signs.sub, self._wanted_subs), (signs.repetition, self._telling)):
            if not (wanted or sign == signs.repetition) or divided.count(sign) == headers:
                continue  # nothing but what headers state
            places, lines = divided.fields_with(sign)
            if sign == signs.repetition:
                divided.repeated = frozenset(np.unique(places).tolist())
            messages = np.searchsorted(borders, lines[np.isin(places, [*wanted])], "right") - 1
            is_plain[messages[messages >= 0]] = False
        if self._kinds:
            said = divided.field_texts(divided.chosen(borders).field(8))
            is_plain &= (
                said.is_in([one for one in said.unique().drop_nulls() if signs.kind(one) in self._kinds]).fill_null(False).to_numpy()
            )
        return is_plain

    def _shape(self, codes: bytes, messages: int) -> list[Numbers] | None:
        """Where the cells are in messages with these segments; None where that is not worth learning."""
        if (known := self._shapes.get(codes)) is None:
            if messages < LEAST_ALIKE or len(self._shapes) >= _MOST_SHAPES:
                return None
            names = [kind_of(code).decode() for code in np.frombuffer(codes, np.uint32).tolist()]
            message = Message(0, names, _ANY)
            known = self._shapes[codes] = [
                np.array(
                    [[-1 if place is None else place for of in row.cells for _, place in of] for row in plan.placed(message)], np.int64
                )
                for plan in self._plans
            ]
        return known

    def _rows(self, number: int, found: _Messages, shapes: list[tuple[list[Numbers], Numbers]], several: set[int]) -> pl.DataFrame:
        """The rows of a plan; adds to `several` the messages in which a cell has several values."""
        plan, cells = self._plans[number], self._cells[number]
        given = [(places[number], messages) for places, messages in shapes if len(places[number])]
        names = [column.name for column in plan.spec.columns]
        if not given:
            return pl.DataFrame(schema={POSITION: pl.Int64, ITEM: pl.Int64, DIGEST: pl.String, **dict.fromkeys(names, pl.String)})
        messages = np.concatenate([np.repeat(alike, len(places)) for places, alike in given])
        items = np.concatenate([np.tile(np.arange(len(places)), len(alike)) for places, alike in given])
        order = np.argsort(messages, kind="stable") if len(given) > 1 else slice(None)
        messages, items = messages[order], items[order]
        known: dict[bytes, Lines] = {}
        texts: list[pl.Series] = []
        for number_of_cell, cell in enumerate(cells):
            places = [of[:, number_of_cell] for of, _ in given]
            key = b"".join(one.tobytes() for one in places)  # cells of one segment are in the same lines
            if key not in known:
                known[key] = found.lines([(of, alike) for of, (_, alike) in zip(places, given, strict=True)], order)
            said, of_several = found.divided.say(cell, known[key])
            texts.append(said)
            several.update(messages[of_several].tolist())
        said_first = iter(texts)
        columns = [_first([next(said_first) for _ in of]) for of in plan.cells]
        digests = pl.Series([found.digest(message) for message in messages.tolist()], dtype=pl.String) if plan.has_digest else None
        return pl.DataFrame(
            [
                pl.Series(POSITION, found.positions[messages]),
                pl.Series(ITEM, items),
                (_nothing(len(messages)) if digests is None else digests).alias(DIGEST),
                *(column.alias(name) for column, name in zip(columns, names, strict=True)),
            ]
        )

    def _unread(self, found: _Messages, of_line: Numbers, taken: Flags) -> list[tuple[int, str, int]]:
        divided = found.divided
        lines = np.arange(len(divided.codes) - len(of_line), len(divided.codes))
        if not taken.all():
            is_taken = taken[of_line]
            lines, of_line = lines[is_taken], of_line[is_taken]
        codes = divided.codes[lines]
        unread: list[tuple[int, str, int]] = []
        for code in _different(codes):
            of = np.flatnonzero(codes == code)
            its_lines, its_messages = lines[of], of_line[of]
            width = divided.lines.width[its_lines]
            least, most = int(width.min()), int(width.max())
            if not (not_read := self._not_read(kind_of(code).decode(), most)):
                continue
            every, filled = _counted(its_messages), divided.filled(its_lines, most)
            for place, element in not_read:
                has = filled[:, place] if place < least else filled[:, place] & (width > place)
                if has.any():
                    place_of_first, count = every if has.all() else _counted(its_messages[has])
                    unread.append((int(found.positions[place_of_first]), element, count))
        return sorted(unread)


@dataclass(frozen=True)
class _Messages:
    """The messages (and envelopes) of a stretch."""

    divided: Divided
    borders: Numbers
    """First line of each."""
    positions: Numbers
    begins: Numbers
    """Where each begins in the texts, and their end."""

    def lines(self, places: list[tuple[Numbers, Numbers]], order: Numbers | slice) -> Lines:
        """Of messages, for each some of its lines (counted in it; -1 for none), brought into an order."""
        each = [np.where(of >= 0, self.borders[alike][:, None] + of, -1).ravel() for of, alike in places]
        return self.divided.chosen(np.concatenate(each)[order])

    def digest(self, message: int) -> str:
        lines = self.divided.texts[self.begins[message] : self.begins[message + 1]].split(END)
        return hashlib.sha256(b"\r".join(line for line in lines if line)).hexdigest()


def _counted(messages: Numbers) -> tuple[int, int]:
    """The first of some messages in order, and how many different ones they are."""
    return int(messages[0]), 1 + int(np.count_nonzero(messages[1:] != messages[:-1]))


def _rest(found: _Messages, position: int, taken: Flags) -> Iterator[tuple[int, int, bytes]]:
    """The parts that were not taken, with what stands before the first message."""
    texts = found.divided.texts
    is_left = np.concatenate(([True], ~taken))
    begins, positions = np.concatenate(([1], found.begins)), np.concatenate(([position], found.positions))
    before = np.concatenate(([0, 0], np.cumsum(taken)))
    for first in np.flatnonzero(is_left & ~np.concatenate(([False], is_left[:-1]))).tolist():
        ends = np.flatnonzero(~is_left[first:])
        last = first + int(ends[0]) if len(ends) else len(is_left)
        if begins[first] < begins[last]:
            yield int(before[first]), int(positions[first]), texts[begins[first] : begins[last]]


def _alike(codes: Codes, borders: Numbers, of_line: Numbers, lengths: Numbers, wanted: Flags) -> list[tuple[bytes, Numbers]]:
    """Of wanted messages those whose lines begin alike, with the codes of these. Messages that stand together are told at once."""
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


def _different(codes: Codes) -> list[int]:
    """Each of some codes, once."""
    return np.unique(codes[np.append(np.flatnonzero(codes[1:] != codes[:-1]), len(codes) - 1)]).tolist() if len(codes) else []


def _is_quick(cell: Cell) -> bool:
    """Whether a column of it can be chosen."""
    return not (cell.told_by is not None and cell.segment == HEADER) and not (cell.component == "*" and cell.sub is not None)


def _reads(cell: Cell) -> Iterator[int]:
    """The fields (`place_of`) that it looks into; those that state the signs are not looked into."""
    for number in (cell.field, cell.told_by):
        if number is not None and not (cell.segment == HEADER and number <= 2):
            yield place_of(code_of(cell.segment), number - (cell.segment == HEADER))
