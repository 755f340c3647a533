"""Zip archives, from senders that nobody trusts: what one holds, and the one entry of a delivered zip that is the export.

What the archive says of itself is checked against the bytes: the directory against the local headers before anything is taken out, length
and checksum as it is. Names of entries may say whose data it is: messages give an entry's number. Knows no format of what is inside.
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from copy import copy
from pathlib import Path

from cgt_etl.errors import RefusedFile
from cgt_etl.extract import limits
from cgt_etl.extract.records import UNREADABLE

DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, struct.error, ValueError)
"""What reading a broken archive may raise."""
LOCAL = b"PK\x03\x04"
_IN_DIRECTORY, _END, _LOCATOR_64 = b"PK\x01\x02", b"PK\x05\x06", b"PK\x06\x07"
_END_RECORD = struct.Struct("<4s4H2LH")
_LOCAL_RECORD = struct.Struct("<4s22x2H")
_LOCATOR_64_BYTES = 20
_MOST_COMMENT = 0xFFFF
_CHUNK = 1024 * 1024
_ENCRYPTED = 0x1 | 0x40 | 0x2000
_LITTER = re.compile(r"__MACOSX/.*|(?:.*/)?(?:\._[^/]*|\.DS_Store|Thumbs\.db|desktop\.ini)", re.DOTALL | re.IGNORECASE)
"""What a file manager puts beside the files that it packs."""
_AGAIN = "Pack the export again, as one file in a zip"


def export_in(path: Path, entry: str | None) -> Iterator[bytes]:
    """The bytes of the one entry that is the export. Folders and a file manager's litter are passed over.

    Args:
        entry: regular expression that the whole path of the entry must match, where the contract says that others lie beside it.

    Raises:
        RefusedFile: not exactly one such entry; an entry that is encrypted, a link, packed in another way than deflate, with a name that
            climbs out, or not where the directory says; beyond a limit of `limits`; damaged, truncated, or with something before or
            behind it.
    """
    try:
        starts = _check_ends(path)
        with opened(path, limits.MAX_ZIP_ENTRIES) as archive:
            entries = archive.infolist()
            for number, one in enumerate(entries, start=1):
                _check_entry(number, one)
            if len({one.filename for one in entries}) < len(entries):
                raise refused("two entries of the zip have the same name", _AGAIN)
            _check_places(path, entries, starts)
            yield from chunks(archive, chosen(entries, entry))
    except DAMAGED:
        raise refused("the zip is damaged or truncated", "Send the whole file again") from None


def opened(path: Path, most_entries: int) -> zipfile.ZipFile:
    """An archive whose directory is small enough to be held; its entries are not checked.

    Raises:
        RefusedFile: it has more entries, whatever it says of their number.
        zipfile.BadZipFile and others of `DAMAGED`: it is none.
    """
    found, before = 0, b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found += (before + chunk).count(_IN_DIRECTORY)
            before = chunk[-len(_IN_DIRECTORY) + 1 :]
            if found > most_entries:
                raise refused(f"the archive has more than {most_entries} entries", "Send the export alone")
    return zipfile.ZipFile(path)


def chunks(archive: zipfile.ZipFile, stated: zipfile.ZipInfo) -> Iterator[bytes]:
    """An entry's bytes; fails (one of `DAMAGED`) where they are not of the stated length and checksum.

    One byte more than the stated length is asked for: a stream that goes on is not what another reader would take it for.
    """
    asked = copy(stated)
    asked.file_size += 1
    length = 0
    with archive.open(asked) as stream:
        while chunk := stream.read(_CHUNK):
            length += len(chunk)
            yield chunk
    if length != stated.file_size:
        raise zipfile.BadZipFile


def repacked(path: Path, instead: Mapping[str, bytes]) -> bytes:
    """The archive with other bytes in some entries; what it says of entries but name, time, mode and packing is left out.

    Raises:
        zipfile.BadZipFile and others of `DAMAGED`: it is none.
    """
    made = io.BytesIO()
    with zipfile.ZipFile(path) as archive, zipfile.ZipFile(made, "w") as other:
        for entry in archive.infolist():
            plain = zipfile.ZipInfo(entry.filename, entry.date_time)
            plain.compress_type, plain.external_attr, plain.create_system = entry.compress_type, entry.external_attr, entry.create_system
            content = instead[entry.filename] if entry.filename in instead else archive.read(entry)
            other.writestr(plain, content)
    return made.getvalue()


def refused(what: str, remedy: str) -> RefusedFile:
    return RefusedFile(what, remedy=remedy, rule=UNREADABLE)


def _check_ends(path: Path) -> int:
    """The archive is the whole file, from its first entry to the end of its directory; gives where the directory starts."""
    size = path.stat().st_size
    with path.open("rb") as file:
        file.seek(max(size - _END_RECORD.size - _MOST_COMMENT - _LOCATOR_64_BYTES, 0))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0:
        raise refused("the zip is truncated: it has no end", "Send the whole file again")
    _, disk, first_disk, here, entries, directory_bytes, directory_at, comment = _END_RECORD.unpack_from(tail, at)
    if at + _END_RECORD.size + comment != len(tail):
        raise refused("something follows the zip, or it breaks off", "Send the file as it was packed")
    if tail[max(at - _LOCATOR_64_BYTES, 0) : at].startswith(_LOCATOR_64) or 0xFFFFFFFF in (directory_bytes, directory_at):
        raise refused(
            "the zip is of the form for more than 4 GiB (zip64)", f"Send at most {limits.MAX_UNPACKED_BYTES} bytes, without zip64"
        )
    if (disk, first_disk) != (0, 0) or here != entries:
        raise refused("the zip is one part of several", "Send it whole")
    if directory_at + directory_bytes != size - len(tail) + at:
        raise refused("the zip does not begin where it says", "Send the file as it was packed")
    return int(directory_at)


def _check_entry(number: int, entry: zipfile.ZipInfo) -> None:
    name, kind = entry.orig_filename, stat.S_IFMT(entry.external_attr >> 16)
    if "\\" in name or "\0" in name or name.startswith("/") or ":" in name.split("/")[0] or ".." in name.split("/"):
        raise refused(f"entry {number} of the zip has a name that leads out of it", _AGAIN)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise refused(f"entry {number} of the zip is a link or a device", _AGAIN)
    if entry.flag_bits & _ENCRYPTED:
        raise refused("the zip is encrypted", "Send it without a password")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refused(f"entry {number} of the zip is packed in another way than deflate", _AGAIN)
    if entry.is_dir() and entry.file_size:
        raise refused(f"entry {number} of the zip is a folder and holds bytes", _AGAIN)


def _check_places(path: Path, entries: list[zipfile.ZipInfo], directory_at: int) -> None:
    """Each entry lies behind the one before it: none in another, none outside."""
    end = 0
    with path.open("rb") as file:
        for place, entry in enumerate(sorted(entries, key=lambda one: one.header_offset)):
            file.seek(entry.header_offset)
            mark, name_bytes, extra_bytes = _LOCAL_RECORD.unpack(file.read(_LOCAL_RECORD.size))
            if mark != LOCAL or entry.header_offset < end or (place == 0 and entry.header_offset != 0):
                raise refused("entries of the zip overlap, or are not where it says", _AGAIN)
            end = entry.header_offset + _LOCAL_RECORD.size + name_bytes + extra_bytes + entry.compress_size
    if end > directory_at:
        raise refused("entries of the zip overlap, or are not where it says", _AGAIN)


def chosen(entries: list[zipfile.ZipInfo], entry: str | None) -> zipfile.ZipInfo:
    """The one that is the export; errors as `export_in`."""
    files = [one for one in entries if not one.is_dir() and not _LITTER.fullmatch(one.filename)]
    found = files if entry is None else [one for one in files if re.fullmatch(entry, one.filename)]
    if len(found) != 1:
        is_stated = "" if entry is None else f" of the name that the contract states ({entry})"
        raise refused(f"the zip holds {len(found)} files{is_stated} and not one", "Send one export in a zip")
    [one] = found
    if one.file_size > limits.MAX_UNPACKED_BYTES:
        raise refused(f"the packed file has more than {limits.MAX_UNPACKED_BYTES} bytes", "Split the export")
    if one.file_size > limits.MAX_UNJUDGED_BYTES and one.file_size > limits.MAX_EXPANSION * max(one.compress_size, 1):
        raise refused(f"the packed file expands more than {limits.MAX_EXPANSION} times", "Send it plain")
    return one
