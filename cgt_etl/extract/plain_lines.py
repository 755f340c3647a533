"""Lines that are plain beyond doubt, divided by Arrow a stretch at a time: what makes delimited files quick.

A stretch is taken where a scan of its bytes proves that every reader reads it alike: no sign that quotes or escapes, no other line end than
LF or CR LF, no blank line, the same number of fields in each line. The first stretch that is not so, and all behind it, is left to the
reader that has the rules; no rule stands here, and nothing is refused or set aside.
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

import polars as pl
import pyarrow as pa
import pyarrow.csv

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.extract.limits import MAX_FIELD_CHARACTERS
from cgt_etl.extract.records import DIGEST, FIELDS, ITEM, POSITION, Columnar

_STRETCH_BYTES = 1024 * 1024
_NO_SIGN = b"\x01"
"""Divides nothing."""


class PlainLines:
    """The plain lines from a place in a file on: iterate it once, then ask where it stopped."""

    def __init__(self, path: Path, above: int, *, encoding: str, delimiter: str, never: str, width: int) -> None:
        """`above`: lines that were read already. `encoding`: what the file was found to be in. `never`: signs that no plain line has.
        `width`: fields of a line."""
        self._path, self._encoding, self._delimiter = path, encoding, delimiter
        self._never = [sign.encode() for sign in never]
        self._names = [str(place) for place in range(width)]
        self._offset = 0
        """Of the first line that was not taken, where any was."""
        self.lines = above
        """How many lines of the file were read."""

    @property
    def _can_be(self) -> bool:
        """Whether signs are told by their bytes."""
        return (
            self._encoding != "utf-16" and self._delimiter.isascii() and len(self._delimiter) == 1 and all(map(bytes.isascii, self._never))
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
        rows = _fields(stretch, self._delimiter, self._names)
        if rows is None:
            return None
        lengths = rows.select(pl.all().str.len_bytes())
        is_blank = lengths.select(pl.all_horizontal(pl.all() == 0).any()).item()  # for Arrow a line without anything is a row
        longest = lengths.select(pl.max_horizontal(pl.all().max())).item()
        return None if is_blank or longest > MAX_FIELD_CHARACTERS else rows


def whole_lines(stretch: bytes, first: int) -> pl.DataFrame | None:
    """`POSITION` and `line` of UTF-8 text from line `first` on, which all end at LF, blank ones included; a CR before it is no text. None
    where that is not sure."""
    if _NO_SIGN in stretch or stretch.startswith(codecs.BOM_UTF8):
        return None
    try:
        lines = pl.read_csv(
            stretch,
            has_header=False,
            schema={"line": pl.String()},
            separator=_NO_SIGN.decode(),
            quote_char=None,
            empty_string_is_null=False,
        )
    except pl.exceptions.PolarsError:  # its message may have data
        return None
    if lines.height != stretch.count(b"\n") + (not stretch.endswith(b"\n")):
        return None
    return lines.select(pl.int_range(first, first + lines.height, dtype=pl.Int64).alias(POSITION), "line")


def _fields(stretch: bytes, delimiter: str, names: list[str]) -> pl.DataFrame | None:
    """The fields of each line; None where one has more or fewer, or does not end at LF or CR LF."""
    if b"\r" in stretch and stretch.count(b"\r") != stretch.count(b"\r\n"):
        return None
    try:
        table = pyarrow.csv.read_csv(
            pa.BufferReader(stretch),
            read_options=pyarrow.csv.ReadOptions(use_threads=False, block_size=len(stretch), column_names=names),
            parse_options=pyarrow.csv.ParseOptions(
                delimiter=delimiter, quote_char=False, double_quote=False, escape_char=False, ignore_empty_lines=False
            ),
            convert_options=pyarrow.csv.ConvertOptions(
                check_utf8=False, column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:  # its message has data
        return None
    return pl.DataFrame(table)


def columnar(spec: ObjectSpec, first: int, cells: pl.DataFrame) -> Columnar:
    """A batch of records, one a line from line `first` on; `cells` has the contract's columns, by name."""
    digests: pl.Series | pl.Expr = pl.lit(None, pl.String)
    if not spec.key:
        contents = cells.select(pl.concat_str(pl.all().fill_null(""), separator=FIELDS)).to_series()
        digests = pl.Series([hashlib.sha256(content.encode()).hexdigest() for content in contents], dtype=pl.String)
    own = {POSITION: pl.int_range(first, first + cells.height, dtype=pl.Int64), ITEM: pl.lit(0, pl.Int64), DIGEST: digests}
    return Columnar(spec.name, cells.with_columns(**own))
