"""The delivered text of a record, out of the vault: values, for the eyes of a person who holds the key. Logs and keeps nothing."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from cgt_etl.contracts.formats import (
    CsvFormat,
    FcsFormat,
    FileFormat,
    Hl7Format,
    JsonFormat,
    PlateFormat,
    TextFormFormat,
    XlsxFormat,
    XmlFormat,
)
from cgt_etl.contracts.packing import plain_name
from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError
from cgt_etl.extract import fcs, json_document, workbook, xml_records
from cgt_etl.extract.packed import unpacked
from cgt_etl.extract.text import encoding_of
from cgt_etl.landing.delivery import Delivery
from cgt_etl.landing.keys import named_keys
from cgt_etl.landing.raw import RawFile
from cgt_etl.landing.vault import Vault, printable
from cgt_etl.settings import Settings


def lines(settings: Settings, delivery: Delivery, first: int, last: int) -> list[str]:
    """Physical lines `first` to `last` of a delivered file, and on to where a quoted cell of the last one ends; of a workbook sheet
    rows, of a JSON or XML document its records, of HL7 whole messages, of a flow
    cytometry file its keywords.

    Control characters are shown as escapes: what a partner wrote cannot steer the terminal.

    Raises:
        DeclarationError: the feed is no longer declared, so nothing says how its file is encoded.
        RefusedFile: it was refused for its packing.
        VaultError: the key does not open the vault, or the file was altered.
        CgtError: its partner tokenised it, or the first of them was erased from it.
    """
    said = delivery.manifest
    if said.is_tokenised:
        raise said.raw_is_elsewhere()
    extension = Registry.load(settings).binding(delivery.partner, delivery.feed).feed.extension
    keys, name = named_keys(settings), said.source_name
    file = RawFile(Vault(settings.vault, keys.vault), keys, delivery.id)
    if (rewritten := file.rewritten()) is not None and (rewritten.is_whole or first in rewritten.positions):
        under = f"tombstones/{rewritten.tombstone:04d}.json says by whom and why"
        raise CgtError("what stood there was erased", remedy=under, file=name, position=first)
    with file.vault.readable(file.name) as raw, unpacked(extension.file, raw, name, extension.entry) as path:
        return [printable(line.rstrip("\n")) for line in _printed(extension.file, path, plain_name(name), first, last)]


def _printed(form: FileFormat, path: Path, name: str, first: int, last: int) -> Iterator[str]:
    if isinstance(form, XlsxFormat):
        yield from workbook.printed(workbook.of_name(form, name), path, first, last)
    elif isinstance(form, JsonFormat):
        yield from json_document.printed(form, path, first, last)
    elif isinstance(form, XmlFormat):
        yield from xml_records.printed(form, path, first, last)
    elif isinstance(form, FcsFormat):
        yield from fcs.printed(path)
    else:
        encoding = form.encoding if isinstance(form, CsvFormat | Hl7Format | PlateFormat | TextFormFormat) else "utf-8-sig"
        marked = form.marked_encodings if isinstance(form, CsvFormat) else []
        with path.open(encoding=encoding_of(path, encoding, marked)) as file:
            rest, count = islice(file, first - 1, None), last - first + 1
            is_hl7 = isinstance(form, Hl7Format)
            yield from _messages(rest, count) if is_hl7 else _whole(rest, count, form.quote if isinstance(form, CsvFormat) else "")


def _whole(file: Iterator[str], count: int, quote: str) -> Iterator[str]:
    is_open = False
    for number, line in enumerate(file, start=1):
        yield line
        is_open ^= bool(quote) and line.count(quote) % 2 == 1
        if number >= count and not is_open:
            return


def _messages(file: Iterator[str], count: int) -> Iterator[str]:
    """At least `count` lines, on to the end of a message."""
    for number, line in enumerate(file, start=1):
        if number > count and line.startswith(("MSH", "BTS", "FTS")):
            return
        yield line
