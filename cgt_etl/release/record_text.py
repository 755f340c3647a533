"""The delivered text of a record, out of the vault: values, for the eyes of a person who holds the key. Logs and keeps nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from cgt_etl.contracts.model import CsvFormat, Hl7Format, JsonFormat, XlsxFormat, XmlFormat
from cgt_etl.contracts.registry import Registry
from cgt_etl.door.tokens import Keys
from cgt_etl.extract import json_document, workbook, xml_records
from cgt_etl.landing.delivery import Delivery
from cgt_etl.landing.vault import Vault, printable
from cgt_etl.settings import Settings


def lines(settings: Settings, delivery: Delivery, first: int, last: int) -> list[str]:
    """Physical lines `first` to `last` of a delivered file, and on to where a quoted cell of the last one ends; of a workbook sheet
    rows, of a JSON or XML document its records, of HL7 whole messages.

    Control characters are shown as escapes: what a partner wrote cannot steer the terminal.

    Raises:
        DeclarationError: the feed is no longer declared, so nothing says how its file is encoded.
        VaultError: the key does not open the vault, or the file was altered.
    """
    form = Registry.load(settings).binding(delivery.partner, delivery.feed).feed.extension.file
    encoding = form.encoding if isinstance(form, CsvFormat | Hl7Format) else "utf-8-sig"
    quote = form.quote if isinstance(form, CsvFormat) else ""
    vault = Vault(settings.vault, Keys(settings.master_key).vault)
    if isinstance(form, XlsxFormat | JsonFormat | XmlFormat):
        with vault.readable(f"{delivery.id}/raw.enc") as path:
            printed: Iterable[str]
            if isinstance(form, XlsxFormat):
                printed = workbook.printed(workbook.of_name(form, delivery.manifest.source_name), path, first, last)
            elif isinstance(form, JsonFormat):
                printed = json_document.printed(form, path, first, last)
            else:
                printed = xml_records.printed(form, path, first, last)
            return [printable(line) for line in printed]
    with vault.readable(f"{delivery.id}/raw.enc") as path, path.open(encoding=encoding) as file:
        rest = islice(file, first - 1, None)
        found = _messages(rest, last - first + 1) if isinstance(form, Hl7Format) else _whole(rest, last - first + 1, quote)
        return [printable(line.rstrip("\n")) for line in found]


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
