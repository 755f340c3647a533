"""The first look at a file, as bytes: is it empty, in the stated encoding, free of NUL and of endless lines?

One streaming pass before any reader starts, so that a file in the wrong encoding is refused before it gave a row. Knows no format.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from cgt_etl.errors import RefusedFile
from cgt_etl.extract.limits import MAX_LINE_BYTES
from cgt_etl.extract.records import UNREADABLE

_CHUNK = 256 * 1024
_SINGLE_BYTE = ("latin-1", "iso-8859-2", "iso-8859-15", "windows-1250", "windows-1252")
"""Nearly any bytes are text in these; what is UTF-8 besides, is nothing else."""
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


_MARKS = {"utf-8-sig": (codecs.BOM_UTF8,), "utf-16": _UTF16_MARKS}


@dataclass(frozen=True)
class Looked:
    """What the first look found."""

    ends_with_newline: bool


def encoding_of(path: Path, stated: str, marked: Iterable[str]) -> str:
    """The one of `marked` whose byte order mark the file starts with; else the stated encoding."""
    with path.open("rb") as file:
        head = file.read(3)
    return next((encoding for encoding in marked if head.startswith(_MARKS[encoding])), stated)


def look(path: Path, encoding: str, most_line_bytes: int | None = None) -> Looked:
    """Check the whole file against `encoding`.

    Raises:
        RefusedFile: empty, wrong encoding (with the line), NUL (with the line), or a line beyond `most_line_bytes` (else `MAX_LINE_BYTES`).
    """
    longest = MAX_LINE_BYTES if most_line_bytes is None else most_line_bytes
    with path.open("rb") as file:
        head = file.read(4)
    _check_mark(path, head, encoding)
    decoder = codecs.getincrementaldecoder(encoding)()
    utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")() if encoding in _SINGLE_BYTE else None
    is_ascii, is_blank, chunks, since_newline, last = True, True, 0, 0, ""
    with path.open("rb") as file:
        while True:
            chunk = file.read(_CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                position = _line_ends(path, encoding, chunks) + 1 + error.object[: error.start].count(b"\n")
                raise _refuse(path, f"the bytes are not {encoding}", "Send the encoding that the contract names", position) from None
            if "\0" in text:
                raise _refuse(
                    path,
                    "the file contains a NUL character",
                    "Export it again as plain text",
                    _line_ends(path, encoding, chunks) + 1 + text[: text.index("\0")].count("\n"),
                )
            is_ascii = is_ascii and chunk.isascii()
            is_blank = is_blank and not text.strip("\ufeff \t\r\n")
            utf8 = _still_utf8(utf8, chunk)
            newline = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
            since_newline = since_newline + len(chunk) if newline < 0 else len(chunk) - newline - 1
            chunks += 1
            if since_newline > longest:
                position = _line_ends(path, encoding, chunks) + 1
                raise _refuse(path, f"a line is longer than {longest} bytes", "Export it with line ends", position)
            last = text[-1:] or last
            if not chunk:
                break
    if is_blank:
        raise _refuse(path, "the file is empty", "Send the export again")
    if utf8 is not None and not is_ascii:
        raise _refuse(path, f"wrong encoding: the bytes are UTF-8 and the contract says {encoding}", "Mend the export or the contract")
    return Looked(ends_with_newline=last in ("\n", "\r"))


def _line_ends(path: Path, encoding: str, chunks: int) -> int:
    """How many there are in the first chunks, which were decoded before; counted where something is wrong behind them alone."""
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        return sum(decoder.decode(file.read(_CHUNK)).count("\n") for _ in range(chunks))


def _still_utf8(decoder: codecs.IncrementalDecoder | None, chunk: bytes) -> codecs.IncrementalDecoder | None:
    if decoder is None:
        return None
    try:
        decoder.decode(chunk, final=not chunk)
    except UnicodeDecodeError:
        return None
    return decoder


def _check_mark(path: Path, head: bytes, encoding: str) -> None:
    remedy = "Mend the export or the contract"
    if head and encoding == "utf-16" and not head.startswith(_UTF16_MARKS):
        raise _refuse(path, "wrong encoding: the contract says utf-16 and the file has no byte order mark of it", remedy)
    if encoding != "utf-16" and head.startswith(_UTF16_MARKS):
        raise _refuse(path, f"wrong encoding: the file is UTF-16 and the contract says {encoding}", remedy)
    if encoding in ("utf-8", *_SINGLE_BYTE) and head.startswith(codecs.BOM_UTF8):
        raise _refuse(path, f"wrong encoding: the file starts with a UTF-8 byte order mark and the contract says {encoding}", remedy)


def _refuse(path: Path, what: str, remedy: str, position: int | None = None) -> RefusedFile:
    return RefusedFile(what, remedy=remedy, file=path.name, position=position, rule=UNREADABLE)
