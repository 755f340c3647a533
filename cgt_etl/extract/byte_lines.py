"""Lines of a stretch of UTF-8 seen as bytes, and which of them are the same but for what stands in holes: numpy tells it of all at once.

What stands fast is compared byte for byte. A hole is a JSON text without escapes, which ends where the next quotation mark is, or a number.
So a line that is found to be of a form is its fast parts with such values between them, and nothing else. No rule stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

NUMBER: Final = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?"
_LINE_FEED, _RETURN, _QUOTE, _ESCAPE = b'\n\r"\\'
_FIRST_SIGN: Final = 0x20
_NO_PART_OF_NUMBER: Final = bytes(sign not in b"+-.0123456789Ee" for sign in range(256))
_WORD, WINDOW = 8, 64
"""Bytes that are compared at once, and copied at once."""
_VIEW, _INLINE, _HALF = 16, 12, np.uint64(32)
"""Bytes of a view of Arrow's and of a text that it holds itself; bits of half a word."""
_INLINE_MASKS = np.array([np.frombuffer((b"\xff" * size).ljust(_VIEW, b"\0"), "<u8") for size in range(_INLINE + 1)])
"""Of each size up to that of such a text."""
Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]


def cut(texts: bytes, begins: Numbers, ends: Numbers, is_some: Flags | None = None) -> pl.Series:
    """The parts of UTF-8 that begin and end there, null where there is none (`is_some`); copied, so that `texts` need not be kept. Behind
    the last one there must be `WINDOW` bytes.

    Made as Arrow's views are: of each text its size and 12 bytes, or its first 4 and where it stands in a buffer.
    """
    sizes = ends - begins
    if is_some is not None:
        begins, sizes = begins * is_some, sizes * is_some
    longest = int(sizes.max(initial=0))
    is_wide = longest > WINDOW
    width = _VIEW if longest <= _INLINE or is_wide else -(-longest // _WORD) * _WORD
    windows = np.ndarray((len(texts) - WINDOW + 1,), f"V{width}", texts, strides=(1,))[begins]
    words = windows.view("<u8").reshape(len(begins), width // _WORD)[:, :2] & _INLINE_MASKS.take(np.minimum(sizes, _INLINE), axis=0)
    views = _kept(words << _HALF)
    views[:, 0] |= sizes.view(np.uint64)
    views[:, 1] |= words[:, 0] >> _HALF
    buffers = [None if is_some is None else pa.py_buffer(np.packbits(is_some, bitorder="little")), pa.py_buffer(views)]
    if longest > _INLINE:
        places = begins if is_wide else np.arange(0, len(begins) * width, width)
        np.copyto(views[:, 1], places.view(np.uint64) << _HALF, where=sizes > _INLINE)
        buffers.append(pa.py_buffer(texts if is_wide else _kept(windows.view(np.uint8))))
    found = pa.StringViewArray.from_buffers(pa.string_view(), len(begins), buffers)
    return pl.Series(found.cast(pa.large_string()) if is_wide else found, dtype=pl.String)


def _kept(array: NDArray[Any]) -> NDArray[Any]:
    """A copy in Arrow's own memory: what is kept lies there, apart from what each stretch asks for anew, which so finds its old place."""
    copy = np.frombuffer(pa.allocate_buffer(array.nbytes), array.dtype).reshape(array.shape)
    copy[:] = array
    return copy


class Lines:
    """The lines of a stretch, by number from 0; a line feed ends each, and a carriage return before it is no text."""

    def __init__(self, stretch: bytes, first: int) -> None:
        """`first`: position of the first."""
        self.first = first
        self._size = len(stretch) + (not stretch.endswith(b"\n"))
        self._texts = stretch.ljust(self._size, b"\n") + bytes(WINDOW)
        self._bytes = np.frombuffer(self._texts, np.uint8)
        controls = np.flatnonzero(self._bytes[: self._size] < _FIRST_SIGN)
        are_ends = self._bytes[controls] == _LINE_FEED
        ends = controls if are_ends.all() else controls[are_ends]
        self._other_controls = controls[~are_ends]
        self.begins = np.concatenate(([0], ends[:-1] + 1))
        self._line_feeds = ends
        self.ends = ends - ((self._bytes[ends - 1] == _RETURN) & (ends > self.begins))

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.begins)

    def text(self, number: int) -> bytes:
        """One of them."""
        return self._texts[self.begins[number] : self.ends[number]]

    def plain(self, most_bytes: int) -> Flags:
        """Whether each is not longer, and has no control character and no backslash."""
        is_plain: Flags = self.ends - self.begins <= most_bytes
        lines = np.searchsorted(self._line_feeds, self._other_controls)
        is_plain[lines[self._other_controls < self.ends[lines]]] = False
        if b"\\" in self._texts:
            is_plain[np.searchsorted(self._line_feeds, np.flatnonzero(self._bytes == _ESCAPE))] = False
        return is_plain

    def cut(self, begins: Numbers, ends: Numbers) -> pl.Series:
        """Parts of lines, in order."""
        return cut(self._texts, begins, ends)

    @cached_property
    def quotes(self) -> Numbers:
        """Where quotation marks are."""
        return np.flatnonzero(self._bytes == _QUOTE)

    @cached_property
    def first_quote(self) -> Numbers:
        """Of each line, which quotation mark is its first; and how many there are."""
        return np.append(np.searchsorted(self.quotes, self.begins), len(self.quotes))

    def say(self, at: Numbers, text: bytes) -> Flags:
        """Whether the text stands there."""
        found = np.ones(len(at), np.bool_)
        for begin in range(0, len(text), WINDOW):
            part = text[begin : begin + WINDOW]
            width = -(-len(part) // _WORD) * _WORD
            windows = np.ndarray((self._size + 1,), f"V{width}", self._texts, strides=(1,))
            words = windows[np.minimum(at + begin, self._size)].view(np.uint64).reshape(len(at), width // _WORD)
            wanted = np.frombuffer(part.ljust(width, b"\0"), np.uint64)
            masks = np.frombuffer((b"\xff" * len(part)).ljust(width, b"\0"), np.uint64)
            for place, (word, mask) in enumerate(zip(wanted, masks, strict=True)):
                found &= (words[:, place] & mask) == word
        return found

    def behind_numbers(self, at: Numbers) -> Numbers:
        """Of each place the first at or behind it that is no part of a number."""
        return self._between_numbers[np.searchsorted(self._between_numbers, np.minimum(at, self._size - 1))]

    @cached_property
    def _between_numbers(self) -> Numbers:
        return np.flatnonzero(np.frombuffer(self._texts.translate(_NO_PART_OF_NUMBER), np.bool_))


@dataclass(frozen=True)
class Found:
    """Lines of one form."""

    numbers: Numbers
    holes: list[tuple[Numbers, Numbers]]
    """Where each hole begins and ends, in each of the lines."""


class Form:
    """What stands fast in lines, and the holes between."""

    def __init__(self, fast: list[str], are_numbers: list[bool]) -> None:
        """`fast`: the parts before, between and behind the holes."""
        self._fast = [part.encode() for part in fast]
        self._are_numbers = are_numbers
        before = np.cumsum([part.count(b'"') for part in self._fast]).tolist()
        self._quotes: int = before.pop()
        self._before: list[int] = before
        """Of each hole, quotation marks in the line before it."""

    def find(self, lines: Lines, numbers: Numbers) -> Found:
        """Which of these lines are of it; `numbers` are in order, and of plain lines."""
        numbers = numbers[np.diff(lines.first_quote)[numbers] == self._quotes]
        at, line_ends = lines.begins[numbers], lines.ends[numbers]
        are_alike = lines.say(at, self._fast[0])
        at = at + len(self._fast[0])
        holes: list[tuple[Numbers, Numbers]] = []
        for place, part in enumerate(self._fast[1:]):
            if not are_alike.any():
                return Found(numbers[:0], [(at[:0], at[:0])] * len(self._are_numbers))
            end = self._end(place, lines, numbers, at)
            are_alike &= (at <= end) & (end <= line_ends) & lines.say(np.maximum(end, 0), part)
            holes.append((at, end))
            at = end + len(part)
        are_alike &= at == line_ends
        return self._with_numbers(lines, Found(numbers, holes), are_alike)

    def _end(self, place: int, lines: Lines, numbers: Numbers, at: Numbers) -> Numbers:
        """Where a hole ends, in lines that are alike."""
        part = self._fast[place + 1]
        if b'"' in part:
            found: Numbers = lines.quotes[lines.first_quote[numbers] + self._before[place]] - part.index(b'"')
            return found
        return lines.ends[numbers] - len(part) if place == len(self._before) - 1 else lines.behind_numbers(at)

    def _with_numbers(self, lines: Lines, found: Found, are_alike: Flags) -> Found:
        """Those of the lines that are alike in which every number is one."""
        found = found if are_alike.all() else _only(found, are_alike)
        for (begins, ends), is_number in zip(found.holes, self._are_numbers, strict=True):
            if is_number and len(begins):
                said = lines.cut(begins, ends).str.contains(f"^{NUMBER}$").to_numpy()
                if not said.all():
                    return self._with_numbers(lines, found, said)
        return found


def _only(found: Found, wanted: Flags) -> Found:
    return Found(found.numbers[wanted], [(begins[wanted], ends[wanted]) for begins, ends in found.holes])
