"""Packed deliveries: what a file is packed with, and the plain file out of it, at a path that any reader can take.

Name and bytes must agree, for nothing is guessed: `.gz` is gzip, `.zip` is zip, and a plain name is neither (a workbook is a zip by its
format). Everything is taken out and checked once, before a reader sees a byte, into a file in memory within the limits; its positions are
those of the plain file. Knows no format but by its first bytes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from cgt_etl.contracts.formats import FileFormat, XlsxFormat
from cgt_etl.contracts.packing import packing_of, plain_name
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import limits
from cgt_etl.extract.zipped import LOCAL, export_in, refused
from cgt_etl.private_file import private_file

_GZIP = b"\x1f\x8b"
_EMPTY_ZIP = b"PK\x05\x06"
_MARKS = {
    "gzip": (_GZIP,),
    "zip": (LOCAL, _EMPTY_ZIP),
    "bzip2": (b"BZh91AY&SY",),
    "xz": (b"\xfd7zXZ\x00",),
    "Zstandard": (b"\x28\xb5\x2f\xfd",),
    "7-Zip": (b"7z\xbc\xaf\x27\x1c",),
    "RAR": (b"Rar!\x1a\x07",),
}
_MOST_MARK = 10
_CHUNK = 64 * 1024
_MOST_AT_ONCE = 1024 * 1024
_WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS


@contextmanager
def unpacked(file: FileFormat, path: Path, name: str, entry: str | None = None) -> Iterator[Path]:
    """A path at which the plain file can be read; `path` itself where it came plain.

    Args:
        file: what it is when it is unpacked.
        name: as delivered; its ending says how it is packed.
        entry: of the contract's `packed`, which entry of a zip is the export.

    Raises:
        RefusedFile (F01): name and bytes do not agree; packed twice, or in another way; what `export_in` says of a zip; gzip that is
            damaged, truncated, followed by something, or beyond a limit of `limits`.
    """
    packing, seen = packing_of(name), _mark(path)
    try:
        if packing is None:
            _check_plain(file, seen, "the name does not say so")
            yield path
            return
        if seen != packing:
            raise refused(f"the name says {packing} and the bytes are not", "Send it under the ending of what it is")
        if packing_of(plain_name(name)):
            raise refused("the file is packed twice", "Pack it once")
        chunks = _gzip(path) if packing == "gzip" else export_in(path, entry)
        with private_file(chunks, "cgt-unpacked") as inner:
            _check_plain(file, _mark(inner), "it was packed before: packed twice")
            yield inner
    except RefusedFile as error:
        raise replace(error, file=error.file if packing is None and error.file else name) from None


def _mark(path: Path) -> str | None:
    """What a file is packed with, by its first bytes."""
    with path.open("rb") as file:
        first = file.read(_MOST_MARK)
    return next((packing for packing, marks in _MARKS.items() if first.startswith(marks)), None)


def _check_plain(file: FileFormat, seen: str | None, why: str) -> None:
    is_workbook = seen == "zip" and isinstance(file, XlsxFormat)
    if seen and not is_workbook:
        raise refused(f"the bytes are packed ({seen}) and {why}", "Send it plain, as <name>.gz, or alone in <name>.zip")


def _gzip(path: Path) -> Iterator[bytes]:
    """The bytes of a gzip file, its members (RFC 1952) one behind the other; the parser checks the length and checksum of each."""
    taken = given = 0
    members = 1
    member = zlib.decompressobj(_WITH_GZIP_HEADER)
    rest = b""
    with path.open("rb") as file:
        while True:
            rest = rest or file.read(_CHUNK)
            if member.eof:
                if not rest:
                    return
                members += 1
                member = zlib.decompressobj(_WITH_GZIP_HEADER)
                if not rest.startswith(_GZIP[:1]):
                    raise refused("something follows the gzip", "Send the file as it was packed")
                if members > limits.MAX_GZIP_MEMBERS:
                    raise refused(f"the gzip has more than {limits.MAX_GZIP_MEMBERS} members", "Pack it as one")
            try:
                chunk = member.decompress(rest, _MOST_AT_ONCE)  # of no bytes: what it holds back of those before
            except zlib.error:
                raise refused("the gzip is damaged", "Send the whole file again") from None
            if not (rest or chunk or member.eof):
                raise refused("the gzip is truncated", "Send the whole file again")
            before, rest = len(rest), member.unused_data if member.eof else member.unconsumed_tail
            taken, given = taken + before - len(rest), given + len(chunk)
            if given > limits.MAX_UNPACKED_BYTES:
                raise refused(f"the packed file has more than {limits.MAX_UNPACKED_BYTES} bytes", "Split the export")
            if given > limits.MAX_UNJUDGED_BYTES and given > limits.MAX_EXPANSION * taken:
                raise refused(f"the packed file expands more than {limits.MAX_EXPANSION} times", "Send it plain")
            yield chunk
