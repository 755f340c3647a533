"""Readers, one per file format, that several dialects share: bytes in, batches of text with physical positions out.

Add here: a format. Keep out: types, rules, codes, privacy, everything that knows what a column means (the door), and polars, pandera,
dagster.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.contracts.model import ArffFormat, CsvFormat, FileFormat, Hl7Format, XlsxFormat
from cgt_etl.extract import arff, delimited, hl7, ndjson, workbook
from cgt_etl.extract.records import Batch, Misread, Reading

__all__ = ["Batch", "Misread", "Reading", "open_reader"]


def open_reader(
    file: FileFormat, path: Path, objects: tuple[ObjectSpec, ...], *, ignored_elements: Mapping[str, str] | None = None
) -> Reading:
    """A reading of one delivered file: iterate it once for its batches, then ask it for `units`, `set_aside` and `unmapped`.

    `ignored_elements` are the contract's (element of a nested record or text of a form -> why it is not read).

    Raises, when iterated:
        RefusedFile: the file cannot be read as its contract says; nothing of it may be used, batches already given included.
    """
    if isinstance(file, CsvFormat):
        return delimited.reading(file, path, objects[0])
    if isinstance(file, ArffFormat):
        return arff.reading(file, path, objects[0])
    if isinstance(file, XlsxFormat):
        return workbook.reading(file, path, objects, frozenset(ignored_elements or ()))
    if isinstance(file, Hl7Format):
        return hl7.reading(file, path, objects, frozenset(ignored_elements or ()))
    return ndjson.reading(file, path, objects, frozenset(ignored_elements or ()))
