"""The first look at a workbook: is it a whole, plain XLSX archive, of a size that can be read, and where do its cells say `#N/A`?

Everything is taken out once, so that no claim of the archive about itself is believed. Reads no value but errors, which the reader
proper would give as empty cells. Knows no contract.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from cgt_etl.errors import RefusedFile
from cgt_etl.extract import limits
from cgt_etl.extract.records import OTHER_COLUMNS, UNREADABLE

_CHUNK = 1024 * 1024
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_REMEDY = "Save it again as a plain XLSX workbook"
_WORKBOOK = "xl/workbook.xml"
_RELATIONS = "xl/_rels/workbook.xml.rels"
_PLACED = re.compile(rb"<(?:\w+:)?(?:c|row)\s[^<>]*?\br\s*=\s*[\"']([A-Za-z]*)([0-9]+)")
_ERROR = re.compile(rb"<(?:\w+:)?c\s[^<>]*?\bt\s*=\s*[\"']e[\"'][^<>]*>")
_REFERENCE = re.compile(rb"\br\s*=\s*[\"']([A-Za-z]+)([0-9]+)[\"']")
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]{0,40})<")
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)

Cell = tuple[int, int]
"""Sheet row and column, both from 1."""


@dataclass
class Looked:
    """What the first look found on one sheet."""

    errors: dict[Cell, str] = field(default_factory=dict)
    """Cells that hold an error -> its text (`#N/A`)."""


def look(path: Path, sheet: str) -> Looked:
    """Check the whole archive and the extent of one sheet.

    Raises:
        RefusedFile: no XLSX, encrypted, damaged, truncated, beyond a limit of `limits` (F01); no such sheet (F02).
    """
    with path.open("rb") as file:
        head = file.read(8)
    if head == _OLE:
        raise refuse(path, "the workbook is encrypted, or of the old XLS format", "Send it as XLSX without a password")
    try:
        archive = zipfile.ZipFile(path)
    except _DAMAGED:
        raise refuse(path, "this is no XLSX workbook, or it breaks off", "Send the whole export again, as XLSX") from None
    with archive:
        _check_size(path, archive)
        part = _part_of(path, archive, sheet)
        looked = Looked()
        try:
            for name in archive.namelist():
                chunks = _chunks(archive, name)
                if name == part:
                    _scan(path, chunks, looked)
                else:
                    for _ in chunks:
                        pass
        except _DAMAGED:
            raise refuse(path, "the workbook is damaged or truncated", "Send the whole export again") from None
    return looked


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
    if len(parts) > limits.MAX_PARTS or len({part.filename for part in parts}) < len(parts):
        raise refuse(path, f"the archive has more than {limits.MAX_PARTS} parts, or one twice")
    if any(part.flag_bits & 0x1 for part in parts):
        raise refuse(path, "the workbook is encrypted", "Send it without a password")
    if sum(part.file_size for part in parts) > limits.MAX_EXPANDED_BYTES:
        raise refuse(path, f"the workbook expands to more than {limits.MAX_EXPANDED_BYTES} bytes", "Split the export")
    for part in parts:
        if part.file_size > limits.MAX_UNJUDGED_BYTES and part.file_size > limits.MAX_EXPANSION * max(part.compress_size, 1):
            raise refuse(path, f"a part of the workbook expands more than {limits.MAX_EXPANSION} times")


def _chunks(archive: zipfile.ZipFile, name: str) -> Iterator[bytes]:
    """A part's bytes; fails where they are not of the stated length and checksum.

    One byte more than the stated length is asked for: a stream that goes on is not what another reader would take it for.
    """
    stated = archive.getinfo(name)
    asked = copy(stated)
    asked.file_size += 1
    length = 0
    with archive.open(asked) as stream:
        while chunk := stream.read(_CHUNK):
            length += len(chunk)
            yield chunk
    if length != stated.file_size:
        raise zipfile.BadZipFile


def _part_of(path: Path, archive: zipfile.ZipFile, sheet: str) -> str:
    """Name of the part that holds a sheet."""
    book, relations = _tree(path, archive, _WORKBOOK), _tree(path, archive, _RELATIONS)
    ids = {
        entry.get("name"): next((value for key, value in entry.attrib.items() if key.endswith("}id")), None)
        for entry in book.iter()
        if entry.tag.rpartition("}")[2] == "sheet"
    }
    if sheet not in ids:
        raise refuse(path, f"there is no sheet `{sheet}`", "Mend the export, or give the contract a new version", rule=OTHER_COLUMNS)
    target = next((entry.get("Target", "") for entry in relations.iter() if entry.get("Id") == ids[sheet]), "")
    part = target.removeprefix("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
    if part not in archive.namelist():
        raise refuse(path, f"the sheet `{sheet}` has no part in the archive")
    return part


def _tree(path: Path, archive: zipfile.ZipFile, name: str) -> ElementTree.Element:
    """A small part as XML; a part with a document type (and so entities) is refused."""
    if name not in archive.namelist():
        raise refuse(path, f"this is no XLSX workbook: it has no {name}")
    try:
        if archive.getinfo(name).file_size > limits.MAX_UNJUDGED_BYTES:
            raise refuse(path, f"{name} is too large")
        content = archive.read(name)
        if b"<!DOCTYPE" not in content and b"\0" not in content:
            return ElementTree.fromstring(content)  # noqa: S314  no document type
    except (ElementTree.ParseError, LookupError, ValueError, *_DAMAGED):  # the last two: an encoding that there is not, or not for XML
        pass
    raise refuse(path, f"{name} is damaged")


def _scan(path: Path, chunks: Iterator[bytes], looked: Looked) -> None:
    """Where the sheet's cells lie, and which hold errors. A tag that a chunk cuts is put together again."""
    rest = b""
    last_row = last_column = 1
    for chunk in chunks:
        if b"\0" in chunk:
            raise refuse(path, "the sheet is not UTF-8")
        content = rest + chunk
        cut = _last_whole(content)
        if len(content) - cut > limits.MAX_LINE_BYTES:
            raise refuse(path, f"a cell is longer than {limits.MAX_LINE_BYTES} bytes")
        content, rest = content[:cut], content[cut:]
        last_row, last_column = _extent(path, content, last_row, last_column)
        _errors(path, content, looked)
    _extent(path, rest, last_row, last_column)
    _errors(path, rest, looked)


def _last_whole(content: bytes) -> int:
    """Where the last cell begins that may not have ended yet."""
    return max(content.rfind(b"<c "), content.rfind(b":c "), content.rfind(b"<row "), 0)


def _extent(path: Path, content: bytes, last_row: int, last_column: int) -> tuple[int, int]:
    found = _PLACED.findall(content)
    rows, columns = {row for _, row in found}, {letters for letters, _ in found}
    last_row = max([last_row, *(int(row[:9]) for row in rows)])
    last_column = max([last_column, *(column_number(letters[:9].decode()) for letters in columns)])
    if last_row > limits.MAX_SHEET_ROWS or last_column > limits.MAX_SHEET_COLUMNS or last_row * last_column > limits.MAX_SHEET_CELLS:
        raise refuse(
            path,
            f"the sheet has more than {limits.MAX_SHEET_ROWS} rows, {limits.MAX_SHEET_COLUMNS} columns or {limits.MAX_SHEET_CELLS} cells",
            "Delete stray cells far from the data, or split the export",
        )
    return last_row, last_column


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
