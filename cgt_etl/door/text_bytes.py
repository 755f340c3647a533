"""Whole columns of ASCII texts seen as their bytes: what numpy tells of all of them at once.

Each function is sure or says nothing; what a text means is decided in `casts`, and said here again only for `plain`, whose property
compares the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

CLOCK: Final = 19
"""Characters of a time to the second, as `_FORM` has it."""
_FORM: Final = b"0000-00-00T00:00:00"
_LENGTHS: Final = range(CLOCK, CLOCK + 7)
"""With nothing, `Z`, `+0000` or `+00:00` behind it."""
_FIRST_YEAR, _YEARS = 1900, 200
_NO_DAY: Final = np.iinfo(np.int32).min
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
    array = texts.fill_null("").to_arrow(compat_level=pl.CompatLevel.oldest())
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
    signs = whole[places[0] : places[-1]].reshape(-1, length)
    form = np.frombuffer(_FORM, np.uint8)
    parts = signs[:, :CLOCK] - form  # a smaller one becomes a large one
    if (parts > np.where(form == ord("0"), 9, 0).astype(np.uint8)).any():
        return None
    century, year, month, day, hour, minute, second = (parts[:, at] * 10 + parts[:, at + 1] for at in (0, 2, 5, 8, 11, 14, 17))
    in_order = ((century == 19) | (century == 20)) & (month - 1 < 12) & (day - 1 < 31) & (hour < 24) & (minute < 60) & (second < 60)
    if not in_order.all():
        return None
    months = ((century - 19) * np.int32(100) + year) * 12 + (month - 1)
    days = _days()[months, day - 1]
    if (days == _NO_DAY).any():
        return None
    seconds = (days.astype(np.int64) * 24 + hour) * 3600 + minute * np.int64(60) + second
    at = np.zeros(len(texts), np.int64)
    at[is_some] = seconds * 1_000_000
    found = pl.Series(at).cast(pl.Datetime("us"))
    return Instants(found if is_some.all() else found.set(pl.Series(~is_some), None), _tails(signs[:, CLOCK:]))


def _tails(signs: Bytes) -> list[str]:
    if (signs == signs[0]).all():
        return [signs[0].tobytes().decode("latin-1")]
    return sorted({one.tobytes().decode("latin-1") for one in np.unique(signs, axis=0)})


@cache
def _days() -> NDArray[np.int32]:
    """Of each month since January of the first year, of each day: days since 1970; `_NO_DAY` where the month is shorter."""
    months = np.arange((_FIRST_YEAR - 1970) * 12, (_FIRST_YEAR + _YEARS - 1970) * 12).astype("datetime64[M]")
    first, behind = months.astype("datetime64[D]").astype(np.int32), (months + 1).astype("datetime64[D]").astype(np.int32)
    days = np.arange(31, dtype=np.int32) + first[:, None]
    found: NDArray[np.int32] = np.where(days < behind[:, None], days, np.int32(_NO_DAY))
    return found
