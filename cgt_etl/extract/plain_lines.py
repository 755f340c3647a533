"""Lines that are plain beyond doubt, divided by Arrow a stretch at a time: what makes delimited files quick.

A stretch is taken where a scan of its bytes proves that every reader reads it alike: quotation marks around whole fields of one line alone,
doubled inside, no sign that escapes, no other line end than LF or CR LF, no blank line, the same number of fields in each line. The first
stretch that is not so, and all behind it, is left to the reader that has the rules; no rule stands here, and nothing is refused or set
aside.
"""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TextIO

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.extract.limits import MAX_FIELD_CHARACTERS
from cgt_etl.extract.records import DIGEST, FIELDS, ITEM, POSITION, Columnar

_STRETCH_BYTES = 1024 * 1024


class PlainLines:
    """The plain lines from a place in a file on: iterate it once, then ask where it stopped."""

    def __init__(
        self, path: Path, above: int, *, encoding: str, delimiter: str, width: int, never: str = "", quote: str | None = None
    ) -> None:
        """`above`: lines that were read already. `encoding`: what the file was found to be in. `width`: fields of a line. `never`: signs
        that no plain line has. `quote`: what may stand around a field."""
        self._path, self._encoding, self._delimiter = path, encoding, delimiter
        self._never, self._quote = [sign.encode() for sign in never], quote
        self._names = [str(place) for place in range(width)]
        self._offset = 0
        """Of the first line that was not taken, where any was."""
        self.lines = above
        """How many lines of the file were read."""

    @property
    def _can_be(self) -> bool:
        """Whether signs are told by their bytes."""
        return (
            self._encoding != "utf-16"
            and (self._delimiter + (self._quote or "")).isascii()
            and len(self._delimiter) == 1
            and all(map(bytes.isascii, self._never))
        )

    @property
    def _bare(self) -> str:
        """The encoding of what stands behind a byte order mark."""
        return "utf-8" if self._encoding == "utf-8-sig" else self._encoding

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """Some lines each, in order; columns `0`, `1`, ... of text, none null."""
        if not self._can_be:
            return
        with self._path.open(encoding=self._bare, newline="") as stream:
            offset = sum(len(line.encode(self._bare)) for line in islice(stream, self.lines))
        with self._path.open("rb") as file:
            file.seek(offset)
            while stretch := file.read(_STRETCH_BYTES) + file.readline(MAX_FIELD_CHARACTERS):
                rows = self._divided(stretch)
                if rows is None:
                    return
                yield rows
                self.lines += rows.height
                offset += len(stretch)
                self._offset = offset

    @contextmanager
    def rest(self, newline: str | None) -> Iterator[TextIO]:
        """The lines that were not taken; `newline` as `open` has it."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            stream = TextIOWrapper(file, self._bare if self._offset else self._encoding, newline=newline)
            for _ in islice(stream, 0 if self._offset else self.lines):
                pass
            yield stream

    def _divided(self, stretch: bytes) -> pl.DataFrame | None:
        """The fields of some whole lines; None where they are not plain."""
        if any(sign in stretch for sign in self._never) or stretch.startswith(codecs.BOM_UTF8):
            return None
        if self._bare != "utf-8" and not stretch.isascii():
            stretch = stretch.decode(self._bare).encode()
        quote = self._quote if self._quote is not None and self._quote.encode() in stretch else None
        if quote is not None and not _is_quoted_plainly(stretch, quote, self._delimiter):
            return None
        rows = _fields(stretch, self._delimiter, quote, self._names)
        if rows is None:
            return None
        lengths = rows.select(pl.all().str.len_bytes())
        is_blank = lengths.select(pl.all_horizontal(pl.all() == 0).any()).item()  # for Arrow a line without anything is a row
        longest = lengths.select(pl.max_horizontal(pl.all().max())).item()
        return None if is_blank or longest > MAX_FIELD_CHARACTERS else rows


def _is_quoted_plainly(stretch: bytes, quote: str, delimiter: str) -> bool:
    """Whether all quotation marks stand in pairs around fields of one line, or are doubled inside such."""
    signs = np.frombuffer(stretch, np.uint8)
    places = np.flatnonzero(signs == ord(quote))
    if len(places) % 2:
        return False
    opens, closes = places[::2], places[1::2]
    before, behind = signs[opens - 1], signs[np.minimum(closes + 1, len(signs) - 1)]
    before[opens == 0] = behind[closes == len(signs) - 1] = ord("\n")
    line_ends = np.flatnonzero(signs == ord("\n"))
    return bool(
        np.isin(before, [*f"{delimiter}\n{quote}".encode()]).all()
        and np.isin(behind, [*f"{delimiter}\r\n{quote}".encode()]).all()
        and (np.searchsorted(line_ends, opens) == np.searchsorted(line_ends, closes)).all()
    )


def _fields(stretch: bytes, delimiter: str, quote: str | None, names: list[str]) -> pl.DataFrame | None:
    """The fields of each line; None where one has more or fewer, or does not end at LF or CR LF."""
    if b"\r" in stretch and not _are_before_line_feeds(stretch):
        return None
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(stretch),
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=len(stretch), column_names=names),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter,
                quote_char=quote or False,
                double_quote=quote is not None,
                escape_char=False,
                ignore_empty_lines=False,
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                check_utf8=False, column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:  # its message has data
        return None
    return pl.DataFrame(table)


def _are_before_line_feeds(stretch: bytes) -> bool:
    """Whether an LF stands behind each CR."""
    signs = np.frombuffer(stretch, np.uint8)
    is_last = stretch.endswith(b"\r")
    return not is_last and bool((signs[np.flatnonzero(signs == ord("\r")) + 1] == ord("\n")).all())


def columnar(spec: ObjectSpec, first: int, cells: pl.DataFrame) -> Columnar:
    """A batch of records, one a line from line `first` on; `cells` has the contract's columns, by name."""
    digests: pl.Series | pl.Expr = pl.lit(None, pl.String)
    if not spec.key:
        contents = cells.select(pl.concat_str(pl.all().fill_null(""), separator=FIELDS)).to_series()
        digests = pl.Series([hashlib.sha256(content.encode()).hexdigest() for content in contents], dtype=pl.String)
    own = {POSITION: pl.int_range(first, first + cells.height, dtype=pl.Int64), ITEM: pl.lit(0, pl.Int64), DIGEST: digests}
    return Columnar(spec.name, cells.with_columns(**own))
