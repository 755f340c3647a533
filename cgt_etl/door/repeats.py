"""Which rows have a business key that came before in the same delivery, in 16 to 21 bytes a row.

Holds record keys (tokens of 128 bits) and where they were; no text.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

_BITS = np.dtype(">u8")
_WORD = np.dtype(np.uint64)


@dataclass(frozen=True)
class _Places:
    """Where some rows were; of those that stand one behind the other, the first and their number."""

    first: int
    count: int
    rows: pl.DataFrame | None

    @classmethod
    def of(cls, rows: pl.DataFrame) -> _Places:
        at = rows["source_row"]
        first = at[0] if rows.height else 0
        is_run = not (rows["source_item"] != 0).any() and (at == pl.int_range(first, first + rows.height, eager=True)).all()
        shrunk = None if is_run else pl.DataFrame([rows[name].shrink_dtype() for name in ("source_row", "source_item")])
        return cls(first, rows.height, shrunk)

    def frame(self) -> pl.DataFrame:
        """`source_row` and `source_item`, both Int64."""
        if self.rows is not None:
            return self.rows.cast(pl.Int64)
        row = pl.int_range(self.first, self.first + self.count, dtype=pl.Int64, eager=True)
        return pl.DataFrame({"source_row": row, "source_item": pl.zeros(self.count, dtype=pl.Int64, eager=True)})


class Repeats:
    """The record keys of one object's accepted rows."""

    def __init__(self) -> None:
        self._high: list[np.ndarray[tuple[int], np.dtype[np.uint64]]] = []
        self._low: list[np.ndarray[tuple[int], np.dtype[np.uint64]]] = []
        self._places: list[_Places] = []

    def add(self, rows: pl.DataFrame) -> None:
        """The next rows; of each its `record_key`, `source_row` and `source_item`."""
        words = np.frombuffer(bytes.fromhex("".join(rows["record_key"])), dtype=_BITS).astype(_WORD)
        self._high.append(words[::2].copy())
        self._low.append(words[1::2].copy())
        self._places.append(_Places.of(rows))

    def found(self) -> list[tuple[int, int]]:
        """(source_row, source_item) of rows whose key came before, in order."""
        together = np.concatenate([np.empty(0, dtype=_WORD), *self._high])
        together.sort()
        suspected = np.unique(together[1:][together[1:] == together[:-1]])
        if not len(suspected):
            return []
        del together
        parts = []
        for high, low, places in zip(self._high, self._low, self._places, strict=True):
            mask = pl.Series(np.isin(high, suspected))
            keys = pl.DataFrame({"high": high, "low": low}, schema={"high": pl.UInt64, "low": pl.UInt64})
            parts.append(keys.hstack(places.frame()).filter(mask))
        rows = pl.concat(parts).filter(~pl.struct("high", "low").is_first_distinct())
        return [*rows.select("source_row", "source_item").iter_rows()]
