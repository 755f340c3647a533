"""Readers, one per file format, that several dialects share: bytes in, batches of text with physical positions out.

Add here: a format. Keep out: types, rules, codes, privacy, everything that knows what a column means (the door), and polars, pandera,
dagster.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.contracts.model import ArffFormat, CsvFormat, FileFormat, Hl7Format, JsonFormat, NdjsonFormat, XlsxFormat, XmlFormat
from cgt_etl.extract import arff, delimited, hl7, json_document, ndjson, workbook, xml_records
from cgt_etl.extract.records import Batch, Misread, Reading

__all__ = ["Batch", "Misread", "Reading", "open_reader"]


def open_reader(
    file: FileFormat,
    path: Path,
    objects: tuple[ObjectSpec, ...],
    *,
    ignored_elements: Mapping[str, str] | None = None,
    name: str | None = None,
) -> Reading:
    """A reading of one delivered file: iterate it once for its batches, then ask it for `units`, `set_aside` and `unmapped`.

    `ignored_elements` are the contract's (element of a nested record, text of a form or label of a head -> why it is not read); `name` is
    the file's as delivered, where it lies under another.

    Raises, when iterated:
        RefusedFile: the file cannot be read as its contract says; nothing of it may be used, batches already given included.
    """
    ignored = frozenset(ignored_elements or ())
    match file:
        case CsvFormat():
            result = delimited.reading(file, path, objects[0], name or path.name, ignored)
        case ArffFormat():
            result = arff.reading(file, path, objects[0])
        case XlsxFormat():
            result = workbook.reading(file, path, objects, name or path.name, ignored)
        case Hl7Format():
            result = hl7.reading(file, path, objects, ignored)
        case JsonFormat():
            result = json_document.reading(file, path, objects, ignored)
        case XmlFormat():
            result = xml_records.reading(file, path, objects, ignored)
        case NdjsonFormat():
            result = ndjson.reading(file, path, objects, ignored)
    return result
