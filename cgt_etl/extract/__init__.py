"""Readers, one per file format, that several dialects share: bytes in, batches of text with physical positions out;
and `packed`, which gives them a plain file.

Add here: a format. Keep out: types, rules, codes, privacy, everything that knows what a column means (the door), pandera and dagster.
polars and Arrow divide what is plain beyond doubt (`plain_lines`; ADR 0012), and are imported where they do.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from cgt_etl.contracts.formats import (
    ArffFormat,
    CsvFormat,
    FcsFormat,
    FileFormat,
    Hl7Format,
    JsonFormat,
    NdjsonFormat,
    PlateFormat,
    TextFormFormat,
    XlsxFormat,
    XmlFormat,
)
from cgt_etl.contracts.load import Feed, ObjectSpec
from cgt_etl.contracts.packing import plain_name
from cgt_etl.extract import arff, delimited, fcs, hl7, json_document, ndjson, plate, text_form, workbook, xml_records
from cgt_etl.extract.packed import unpacked
from cgt_etl.extract.records import Batch, Columnar, Misread, Reading

__all__ = ["Batch", "Columnar", "Misread", "Reading", "open_delivery", "open_reader"]

_SEEN_BYTES: Final = 32 * 1024 * 1024 - 8192
"""The largest that the C library learns from (glibc's limit is 32 MiB)."""


def open_reader(
    file: FileFormat,
    path: Path,
    objects: tuple[ObjectSpec, ...],
    *,
    ignored_elements: Mapping[str, str] | None = None,
    name: str | None = None,
    entry: str | None = None,
) -> Reading:
    """A reading of one delivered file: iterate it once for its batches, then ask it for `units`, `set_aside` and `unmapped`.

    `ignored_elements` are the contract's (element of a nested record, text of a form, label of a head, keyword or line of a plate -> why it
    is not read); `name` is the file's as delivered, where it lies under another, and says whether it is packed; `entry` which entry of a
    zip it is (`packed` of the contract).

    Raises, when iterated:
        RefusedFile: the file cannot be read as its contract says; nothing of it may be used, batches already given included.
    """
    _let_memory_be_reused()
    ignored, called = frozenset(ignored_elements or ()), name or path.name

    def batches(result: Reading) -> Iterator[Batch]:
        with unpacked(file, path, called, entry) as plain, _without_collector():
            yield from _plain(file, plain, objects, ignored, plain_name(called)).into(result)

    return Reading(batches)


def open_delivery(feed: Feed, path: Path, name: str, passed_over: frozenset[int] = frozenset()) -> Reading:
    """A reading of a file of a feed, as `open_reader`; `name` is the file's as delivered, `passed_over` positions of records that are not
    read (`without` emptied them)."""
    of = feed.extension
    reading = open_reader(of.file, path, feed.objects, ignored_elements=of.ignored_elements, name=name, entry=of.entry)
    return reading.passing_over(passed_over, feed.objects[0].name)


@cache
def _let_memory_be_reused() -> None:
    """Readers ask for the same arrays of some megabytes for each stretch of a file. The C library gives such back to the system, which has
    to clear each page again, until it has once seen a larger one go: this one, of which no page is touched."""
    np.empty(_SEEN_BYTES, np.uint8)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Readers make millions of texts and no cycles of objects: looking for these takes a quarter of their time, and finds nothing."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _plain(file: FileFormat, path: Path, objects: tuple[ObjectSpec, ...], ignored: frozenset[str], name: str) -> Reading:
    match file:
        case CsvFormat():
            result = delimited.reading(file, path, objects[0], name, ignored)
        case ArffFormat():
            result = arff.reading(file, path, objects[0])
        case XlsxFormat():
            result = workbook.reading(file, path, objects, name, ignored)
        case FcsFormat():
            result = fcs.reading(path, objects, ignored)
        case Hl7Format():
            result = hl7.reading(file, path, objects, ignored)
        case JsonFormat():
            result = json_document.reading(file, path, objects, ignored)
        case XmlFormat():
            result = xml_records.reading(file, path, objects, ignored)
        case PlateFormat():
            result = plate.reading(file, path, objects[0], ignored)
        case TextFormFormat():
            result = text_form.reading(file, path, objects, ignored)
        case NdjsonFormat():
            result = ndjson.reading(file, path, objects, ignored)
    return result
