"""Whole columns of ASCII texts seen as their bytes: what numpy tells of all of them at once.

Each function is sure or says nothing; what a text means is decided in `casts`, and said here again only for `plain`, whose property
compares the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

CLOCK: Final = 19
"""Characters of a time to the second, as `_FORM` has it."""
_FORM: Final = b"0000-00-00T00:00:00"
_MOST: Final = {5: 12, 8: 31, 11: 23, 14: 59, 17: 59}
"""The largest number that may begin there: month, day, hour, minute, second."""
_WORD: Final = np.dtype("<u8")
_HIGH: Final = np.uint64(0x8080808080808080)
"""The highest bit of each byte."""
_MOST_WHOLE, _MOST_FRACTION = 12, 9
"""Digits of a usual decimal."""
_LENGTHS: Final = range(CLOCK, CLOCK + 7)
"""With nothing, `Z`, `+0000` or `+00:00` behind it."""
_FIRST_YEAR, _YEARS = 1900, 200
_NO_DAY: Final = np.iinfo(np.int64).min
_BLANK, _LAST = 0x20, 0x7E
"""The first and the last of the printable signs."""
Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Instants:
    """A column of times."""

    at: pl.Series
    """As the clock showed them, microseconds; null where there is no text."""
    tails: list[str]
    """The different texts that stand behind them; whether they are offsets is not looked at."""


def _seen(texts: pl.Series) -> tuple[Bytes, NDArray[np.int64]]:
    """Bytes of all texts, and where in them each begins, with the end; a null is an empty text."""
    array = (texts.fill_null("") if texts.null_count() else texts).to_arrow(compat_level=pl.CompatLevel.oldest())
    _, offsets, values = array.buffers()
    places = np.frombuffer(offsets, np.int64)[array.offset : array.offset + len(array) + 1]
    return (np.empty(0, np.uint8) if values is None else np.frombuffer(values, np.uint8)), places


def are_plain(texts: pl.Series) -> bool:
    """Whether all are printable ASCII without a blank at an end; empty ones count for nothing."""
    if texts.is_empty():
        return True
    whole, places = _seen(texts)
    of = whole[places[0] : places[-1]]
    if not len(of) or of.max() > _LAST or of.min() < _BLANK:
        return not len(of)
    if of.min() > _BLANK:
        return True
    first, last = places[:-1], places[1:] - 1
    is_some = last >= first
    return not ((whole[first[is_some]] == _BLANK).any() or (whole[last[is_some]] == _BLANK).any())


def usual_instants(texts: pl.Series) -> Instants | None:
    """The texts as times of the form `2025-01-02T03:04:05`; None unless all that are not empty are such, with as much behind each."""
    if texts.is_empty():
        return None
    whole, places = _seen(texts)
    lengths = np.diff(places)
    length = int(lengths.max())
    is_some = lengths == length
    if length not in _LENGTHS or lengths[~is_some].any():
        return None
    signs = whole[places[0] : places[-1]]
    numbers = [_pairs(signs, length, at) for at in (0, 8, CLOCK - _WORD.itemsize)]
    if any(one is None for one in numbers):
        return None
    begin, middle, end = (one.T for one in numbers if one is not None)
    century = begin[0] - 19
    if (century > 1).any():
        return None
    days = _days().take(((century * np.int32(100) + begin[2]) * 13 + begin[5]) * 32 + middle[0])
    if (days == _NO_DAY).any():
        return None
    seconds = ((days * 24 + middle[3]) * 60 + middle[6]) * 60 + end[6]
    at = seconds * 1_000_000
    if len(seconds) < len(texts):
        at = np.zeros(len(texts), np.int64)
        at[is_some] = seconds * 1_000_000
    found = pl.Series(at).cast(pl.Datetime("us"))
    return Instants(found if is_some.all() else found.set(pl.Series(~is_some), None), _tails(signs, length))


def _pairs(signs: Bytes, length: int, at: int) -> Bytes | None:
    """Of each text, each of so many bytes, from each of the eight bytes from there on the number that it and the next one are; None where
    one has another form than `_FORM`, or too large a number."""
    form, places = _FORM[at : at + _WORD.itemsize], range(at, at + _WORD.itemsize)
    digits = np.ndarray((len(signs) // length,), _WORD, signs, at, (length,)) ^ _word(form)
    numbers = digits * np.uint64(10) + (digits >> np.uint64(8))
    is_over = (digits + _word(0x7F - 9 * (sign == ord("0")) for sign in form)) | digits  # in the highest bit of a byte
    is_over |= numbers + _word(0x7F - _MOST.get(place, 0x7F) for place in places)
    return None if (is_over & _HIGH).any() else numbers.view(np.uint8).reshape(-1, _WORD.itemsize)


def _word(values: Iterable[int]) -> np.uint64:
    return np.uint64(int.from_bytes(bytes(values), "little"))


def are_decimals(texts: pl.Series, mark: str) -> bool:
    """Whether all that are not empty are usual decimals: a minus or none, not too many digits, no superfluous 0 before others."""
    whole, places = _seen(texts)
    is_some = places[1:] > places[:-1]
    if not is_some.any():
        return True
    begins, ends = (places[:-1], places[1:]) if is_some.all() else (places[:-1][is_some], places[1:][is_some])
    signs = whole[places[0] : places[-1]]
    is_mark, is_minus = signs == ord(mark), whole[begins] == ord("-")
    marks = np.flatnonzero(is_mark) + places[0]
    if np.count_nonzero(signs - ord("0") > 9) != len(marks) + np.count_nonzero(is_minus):
        return False
    of = np.arange(len(marks)) if len(marks) == len(begins) else np.searchsorted(begins, marks, "right") - 1
    fraction = ends[of] - marks - 1
    first, behind = begins + is_minus, ends.copy()
    behind[of] = marks
    size = behind - first
    return bool(
        (of[1:] > of[:-1]).all()
        and ((fraction > 0) & (fraction <= _MOST_FRACTION)).all()
        and ((size > 0) & (size <= _MOST_WHOLE)).all()
        and ((whole[np.minimum(first, len(whole) - 1)] != ord("0")) | (size == 1)).all()
    )


def _tails(signs: Bytes, length: int) -> list[str]:
    size, word = length - CLOCK, _WORD.itemsize
    if not size:
        return [""]
    tails = np.ndarray((len(signs) // length,), _WORD, signs, length - word, (length,)) >> np.uint64(8 * (word - size))
    different = tails[:1] if (tails == tails[0]).all() else np.unique(tails)
    return sorted(tail.tobytes()[:size].decode("latin-1") for tail in different.astype(_WORD))


@cache
def _days() -> NDArray[np.int64]:
    """Of each year from the first one on, of 13 months and 32 days of each, counted from 0: days since 1970, `_NO_DAY` where it is none."""
    months = np.arange((_FIRST_YEAR - 1970) * 12, (_FIRST_YEAR + _YEARS - 1970) * 12).astype("datetime64[M]")
    first, behind = months.astype("datetime64[D]").astype(np.int64), (months + 1).astype("datetime64[D]").astype(np.int64)
    days = np.arange(31) + first[:, None]
    found = np.full((_YEARS, 13, 32), _NO_DAY)
    found[:, 1:, 1:] = np.where(days < behind[:, None], days, _NO_DAY).reshape(_YEARS, 12, 31)
    return found
