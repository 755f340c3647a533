"""The first look at a workbook: is it a whole, plain XLSX archive, of a size that can be read, and where do its cells say `#N/A`?

Everything is taken out once, so that no claim of the archive about itself is believed. Reads no value but errors, which the reader
proper would give as empty cells. Knows no contract.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from cgt_etl.errors import RefusedFile
from cgt_etl.extract import limits
from cgt_etl.extract.records import OTHER_COLUMNS, UNREADABLE
from cgt_etl.extract.zipped import DAMAGED, chunks, opened

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_REMEDY = "Save it again as a plain XLSX workbook"
_STRAY = "Delete stray cells far from the data, or split the export"
_PACKAGE = "_rels/.rels"
_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_PLACED = re.compile(rb"<(?:\w+:)?(?:c|row)\s[^<>]*?\br\s*=\s*[\"']([A-Za-z]*)([0-9]+)")
_ERROR = re.compile(rb"<(?:\w+:)?c\s[^<>]*?\bt\s*=\s*[\"']e[\"'][^<>]*>")
_REFERENCE = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]+)([0-9]+)[\"']")
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]{0,40})<")

_MOST_LETTERS, _MOST_DIGITS = 3, 7
"""Of a reference that a sheet may have."""

Cell = tuple[int, int]
"""Sheet row and column, both from 1."""


@dataclass
class Looked:
    """What the first look found on one sheet."""

    sheet: str
    errors: dict[Cell, str] = field(default_factory=dict)
    """Cells that hold an error -> its text (`#N/A`)."""


def look(path: Path, sheet: str) -> Looked:
    """Check the whole archive and the extent of one sheet; of the only one, where none is named.

    Raises:
        RefusedFile: no XLSX, encrypted, damaged, truncated, beyond a limit of `limits` (F01); no such sheet, or not one alone (F02).
    """
    with path.open("rb") as file:
        head = file.read(8)
    if head == _OLE:
        raise refuse(path, "the workbook is encrypted, or of the old XLS format", "Send it as XLSX without a password")
    try:
        archive = opened(path, limits.MAX_PARTS)
    except DAMAGED:
        raise refuse(path, "this is no XLSX workbook, or it breaks off", "Send the whole export again, as XLSX") from None
    with archive:
        _check_size(path, archive)
        sheet, part = _part_of(path, archive, sheet)
        looked = Looked(sheet)
        try:
            for name in archive.namelist():
                bytes_of_part = chunks(archive, archive.getinfo(name))
                if name == part:
                    _scan(path, bytes_of_part, looked)
                else:
                    _check_shared(path, bytes_of_part)
        except DAMAGED:
            raise refuse(path, "the workbook is damaged or truncated", "Send the whole export again") from None
    return looked


def part_of(path: Path, sheet: str) -> str:
    """Name of the part that holds a sheet; the only one, where none is named. Errors as `look`."""
    with opened(path, limits.MAX_PARTS) as archive:
        return _part_of(path, archive, sheet)[1]


def refuse(path: Path, what: str, remedy: str = _REMEDY, *, rule: str = UNREADABLE, position: int | None = None) -> RefusedFile:
    """A refusal of this file, with its name."""
    return RefusedFile(what, remedy=remedy, file=path.name, position=position, rule=rule)


def column_number(letters: str) -> int:
    """Number of a column, from 1: A is 1, AA is 27."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number


def _check_size(path: Path, archive: zipfile.ZipFile) -> None:
    parts = archive.infolist()
    if len({part.filename for part in parts}) < len(parts):
        raise refuse(path, "the archive has a part twice")
    if any(part.flag_bits & 0x1 for part in parts):
        raise refuse(path, "the workbook is encrypted", "Send it without a password")
    if sum(part.file_size for part in parts) > limits.MAX_EXPANDED_BYTES:
        raise refuse(path, f"the workbook expands to more than {limits.MAX_EXPANDED_BYTES} bytes", "Split the export")
    for part in parts:
        if part.file_size > limits.MAX_UNJUDGED_BYTES and part.file_size > limits.MAX_EXPANSION * max(part.compress_size, 1):
            raise refuse(path, f"a part of the workbook expands more than {limits.MAX_EXPANSION} times")


def _check_shared(path: Path, content_of: Iterator[bytes]) -> None:
    """A part that is not the sheet; where it is the texts that sheets share, all of them will be held."""
    texts = size = 0
    for chunk in content_of:
        texts += chunk.count(b"<si") + chunk.count(b":si")
        size += len(chunk)
        if texts > limits.MAX_SHARED_TEXTS or (texts and size > limits.MAX_SHARED_BYTES):
            what = f"the workbook has more than {limits.MAX_SHARED_TEXTS} shared texts, or of more than {limits.MAX_SHARED_BYTES} bytes"
            raise refuse(path, what, "Split the export")


def _part_of(path: Path, archive: zipfile.ZipFile, sheet: str) -> tuple[str, str]:
    """A sheet's name, and that of the part that holds it."""
    for entry in _tree(path, archive, _PACKAGE).iter():
        if entry.get("Type", "").endswith("/officeDocument") and entry.get("Target", "").removeprefix("/") != _WORKBOOK:
            raise refuse(path, f"the archive's workbook is not {_WORKBOOK}")
    book, relations = _tree(path, archive, _WORKBOOK), _tree(path, archive, _RELATIONS)
    ids = {
        entry.get("name"): next((value for key, value in entry.attrib.items() if key.endswith("}id")), None)
        for entry in book.iter()
        if entry.tag.rpartition("}")[2] == "sheet"
    }
    if not sheet:
        if len(ids) != 1:
            raise refuse(path, f"the workbook has {len(ids)} sheets, the contract says one", "Send one sheet alone", rule=OTHER_COLUMNS)
        sheet = str(next(iter(ids)))
    if sheet not in ids:
        raise refuse(path, f"there is no sheet `{sheet}`", "Mend the export, or give the contract a new version", rule=OTHER_COLUMNS)
    target = next((entry.get("Target", "") for entry in relations.iter() if entry.get("Id") == ids[sheet]), "")
    part = target.removeprefix("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
    if part not in archive.namelist():
        raise refuse(path, f"the sheet `{sheet}` has no part in the archive")
    return sheet, part


def _tree(path: Path, archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """A small part as XML; a part with a document type (and so entities) is refused."""
    if name not in archive.namelist():
        raise refuse(path, f"this is no XLSX workbook: it has no {name}")
    try:
        if archive.getinfo(name).file_size > limits.MAX_BOOK_BYTES:
            raise refuse(path, f"{name} is too large")
        content = archive.read(name)
        if b"<!DOCTYPE" not in content and b"\0" not in content:
            return ElementTree.fromstring(content)  # noqa: S314  no document type
    except (ElementTree.ParseError, LookupError, ValueError, *DAMAGED):  # the last two: an encoding that there is not, or not for XML
        pass
    raise refuse(path, f"{name} is damaged")


def _scan(path: Path, content_of: Iterator[bytes], looked: Looked) -> None:
    """Where the sheet's cells lie, and which hold errors. A tag that a chunk cuts is put together again."""
    rest = b""
    extent = _Extent()
    for chunk in content_of:
        if b"\0" in chunk:
            raise refuse(path, "the sheet is not UTF-8")
        content = rest + chunk
        cut = _last_whole(content)
        if len(content) - cut > limits.MAX_LINE_BYTES:
            raise refuse(path, f"a cell is longer than {limits.MAX_LINE_BYTES} bytes")
        content, rest = content[:cut], content[cut:]
        extent.add(path, content)
        _errors(path, content, looked)
    extent.add(path, rest)
    extent.check_spread(path)
    _errors(path, rest, looked)


def _last_whole(content: bytes) -> int:
    """Where the last cell begins that may not have ended yet."""
    return max(content.rfind(b"<c "), content.rfind(b":c "), content.rfind(b"<row "), 0)


@dataclass
class _Extent:
    """How far the cells of a sheet reach, and how many there are."""

    row: int = 1
    column: int = 1
    cells: int = 0
    merged: int = 0

    def add(self, path: Path, content: bytes) -> None:
        row, column, cells = usual_extent(content) or extent_of(content)
        self.row, self.column, self.cells = max(self.row, row), max(self.column, column), self.cells + cells
        self.merged += content.count(b"mergeCell ")
        if self.row > limits.MAX_SHEET_ROWS or self.column > limits.MAX_SHEET_COLUMNS or self.row * self.column > limits.MAX_SHEET_CELLS:
            raise refuse(
                path,
                f"the sheet has more than {limits.MAX_SHEET_ROWS} rows, {limits.MAX_SHEET_COLUMNS} columns or "
                f"{limits.MAX_SHEET_CELLS} cells",
                _STRAY,
            )
        if self.merged > limits.MAX_MERGED:
            raise refuse(path, f"the sheet has more than {limits.MAX_MERGED} merged regions")

    def check_spread(self, path: Path) -> None:
        """Reading takes memory for every cell up to the last, whether it is there or not."""
        span = self.row * self.column
        if span > limits.MAX_UNJUDGED_CELLS and span > limits.MAX_SHEET_CELLS_EACH * self.cells:
            raise refuse(path, f"the sheet has one cell where {limits.MAX_SHEET_CELLS_EACH} could stand, or fewer: stray cells", _STRAY)


def extent_of(content: bytes) -> tuple[int, int, int]:
    """Last row and column of the cells and rows that say where they are, and how many cells these are."""
    found = _PLACED.findall(content)
    rows, columns = {row for _, row in found}, {letters for letters, _ in found}
    row, column = (int(row[:9]) for row in rows), (column_number(letters[:9].decode()) for letters in columns)
    return max(row, default=0), max(column, default=0), sum(1 for letters, _ in found if letters)


def usual_extent(content: bytes) -> tuple[int, int, int] | None:
    """The same of tags as most writers make them, `<row r="12"` and `<c r="AB12"`, all at once; None where one is not so."""
    if b":c" in content or b":row" in content:
        return None
    signs = np.frombuffer(content + bytes(32), np.uint8)
    tags = np.flatnonzero(signs == ord("<")) + 1
    row_digits, letters = _references(signs, tags, b"row"), _references(signs, tags, b"c")
    if row_digits is None or letters is None:
        return None
    columns = np.zeros(len(letters), np.int64)
    digits = letters
    for _ in range(_MOST_LETTERS):
        sign = signs[digits]
        is_name = (sign >= ord("A")) & (sign <= ord("Z"))
        columns = np.where(is_name, columns * 26 + sign - 64, columns)
        digits = digits + is_name
    digits = np.concatenate((row_digits, digits))
    rows, is_digit = np.zeros(len(digits), np.int64), np.ones(len(digits), np.bool_)
    for place in range(_MOST_DIGITS + 1):
        sign = signs[digits + place]
        is_digit &= (sign >= ord("0")) & (sign <= ord("9"))
        if (place == 0 and not is_digit.all()) or (place == _MOST_DIGITS and is_digit.any()):
            return None
        rows = np.where(is_digit, rows * 10 + sign - 48, rows)
    return int(rows.max(initial=0)), int(columns.max(initial=0)), int((columns > 0).sum())


def _references(signs: NDArray[np.uint8], tags: NDArray[np.int64], name: bytes) -> NDArray[np.int64] | None:
    """Where the references of the tags of a name begin; None where something else may stand before one."""
    for place, sign in enumerate(name):
        tags = tags[signs[tags + place] == sign]
    tags = tags[np.isin(signs[tags + len(name)], list(b" \t\n\r\f\v"))]
    usual = np.ones(len(tags), np.bool_)
    for place, sign in enumerate(b' r="', start=len(name)):
        usual &= signs[tags + place] == sign
    return tags + len(name) + 4 if usual.all() else None


def _errors(path: Path, content: bytes, looked: Looked) -> None:
    if b'"e"' not in content and b"'e'" not in content:  # saves most sheets a slower search
        return
    for match in _ERROR.finditer(content):
        place = _REFERENCE.search(match[0])
        if place is None:
            raise refuse(path, "a cell holds an error and does not say where it stands")
        value = _VALUE.search(content, match.end(), match.end() + 40_000)
        text = value[1].decode("utf-8", "replace") if value else "#ERROR"
        looked.errors[int(place[2]), column_number(place[1].decode())] = text
