"""The way back of the readers: a delivered file as it came, but for some records, of which nothing is left but their place.

An emptied record stands where it stood: as a row of nothing, an element of nothing, a header of nothing. So positions, counts in feet and
trailers, and every byte of the other records stay what they were; whoever reads the file passes over the emptied positions
(`open_delivery`). What is not taken apart by records (a form, a plate, a flow cytometry file) cannot be emptied in part.

Add here: the writer of a format family. Keep out: whose records they are, and whether the result is good (the caller reads it and looks).
"""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from cgt_etl.contracts.formats import ArffFormat, CsvFormat, FileFormat, Hl7Format, JsonFormat, NdjsonFormat, XlsxFormat, XmlFormat
from cgt_etl.contracts.load import Feed
from cgt_etl.contracts.packing import packing_of, plain_name
from cgt_etl.extract import workbook
from cgt_etl.extract.packed import unpacked
from cgt_etl.extract.without import book, documents, lines
from cgt_etl.extract.without.cannot import CannotEmpty
from cgt_etl.extract.zipped import chosen, repacked

__all__ = ["CannotEmpty", "contents", "without"]


def without(feed: Feed, path: Path, name: str, positions: frozenset[int], texts: frozenset[str] = frozenset()) -> Iterator[bytes]:
    """The file that was delivered as `name`, packed as it was, with the records at `positions` emptied.

    Args:
        texts: identifiers in them as they are written. Where nothing but the document's layout holds them (an entry's address beside its
            resource), they are emptied there too.

    Raises:
        CannotEmpty: of this file it cannot be done; says why, without a value.
        RefusedFile: as when it is read.
    """
    of, packing = feed.extension, packing_of(name)
    with unpacked(of.file, path, name, of.entry) as plain:
        emptied = _emptied(of.file, plain, plain_name(name), positions, texts)
        if packing == "gzip":
            yield from _gzipped(emptied)
        elif packing == "zip":
            with zipfile.ZipFile(path) as archive:
                entry = chosen(archive.infolist(), of.entry).filename
            yield repacked(path, {entry: b"".join(emptied)})
        else:
            yield from emptied


def contents(feed: Feed, path: Path, name: str) -> Iterator[bytes]:
    """Everything that is in the file, unpacked: of an archive each entry.

    Raises:
        RefusedFile: as when it is read.
    """
    if packing_of(name) == "zip":
        yield from _entries(path)
        return
    with unpacked(feed.extension.file, path, name, feed.extension.entry) as plain:
        if isinstance(feed.extension.file, XlsxFormat):
            yield from _entries(plain)
        else:
            yield plain.read_bytes()


def _emptied(file: FileFormat, path: Path, name: str, positions: frozenset[int], texts: frozenset[str]) -> Iterator[bytes]:
    match file:
        case CsvFormat():
            yield from lines.rows(file, path, positions)
        case NdjsonFormat():
            yield from lines.resources(file, path, positions)
        case ArffFormat():
            yield from lines.arff(path, positions)
        case Hl7Format():
            yield from lines.messages(file, path, positions)
        case JsonFormat():
            yield documents.of_json(file, path, positions, texts)
        case XmlFormat():
            yield documents.of_xml(file, path, positions)
        case XlsxFormat() if file.form is None:
            yield book.emptied(workbook.of_name(file, name), path, positions)
        case _:
            raise CannotEmpty("its format is not taken apart by records")


def _entries(path: Path) -> Iterator[bytes]:
    """Names and bytes of an archive's entries; of an entry that is a workbook, of its parts too."""
    with zipfile.ZipFile(path) as archive:
        for entry in archive.infolist():
            content = archive.read(entry)
            yield entry.filename.encode()
            yield content
            if zipfile.is_zipfile(io.BytesIO(content)):
                with zipfile.ZipFile(io.BytesIO(content)) as inner:
                    yield from (inner.read(one) for one in inner.infolist())


def _gzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    made = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=made, mtime=0) as file:
        for chunk in chunks:
            file.write(chunk)
    yield made.getvalue()
