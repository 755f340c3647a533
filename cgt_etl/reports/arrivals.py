"""The arrival sheets of a lot, batch or dose: opens the release, has the sheets made, writes them. Holds no figure and no layout."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from cgt_etl.contracts.registry import Registry
from cgt_etl.handoffs.arrival import doses, facts
from cgt_etl.handoffs.cards import own_ids
from cgt_etl.landing import durable
from cgt_etl.release.opened import open_release
from cgt_etl.reports.arrival_page import page, pdf
from cgt_etl.settings import Settings


def write_arrivals(
    settings: Settings, text: str, release_id: str | None, out: Path, *, partner: str | None = None, with_ids: bool = False
) -> Iterator[Path]:
    """Write the sheet of each dose that `text` means below `out`, and give each folder (`<dose>/arrival.html`, `.pdf`).

    Args:
        text: a lot or batch number as on the label (needs the master key), or an id of the release.
        with_ids: also look up the lot's number in the vault, at the maker's own record of it.

    Raises:
        CgtError: no such release or dose; or a number is asked for, and there is no master key.
        DeclarationError, VaultError: numbers are wanted, and there is no key or one that does not open the vault.
    """
    registry = Registry.load(settings)
    opened = open_release(settings.home, release_id)
    wanted = doses.doses(settings, registry, opened.release, text, partner)
    connection = opened.duckdb()
    try:
        for dose in wanted:
            number = _number(settings, registry, facts.source(connection, dose)) if with_ids else ""
            sheet = facts.arrival(connection, opened.release.id, dose, number)
            yield _write(out / dose, {"arrival.html": page(sheet).encode(), "arrival.pdf": pdf(sheet)})
    finally:
        connection.close()


def _number(settings: Settings, registry: Registry, source: facts.Source) -> str:
    """The lot's number, else its batch's, with which of the two it is, as the maker's own deliveries write it; empty where they do not."""
    if not source.places:
        return ""
    found = own_ids.look_up(settings, registry, source.maker, source.places, kinds=doses.KINDS, is_of_others=True)
    return doses.number_of(settings, registry, found.values(), source.tokens)


def _write(folder: Path, files: dict[str, bytes]) -> Path:
    durable.make_folder(folder)
    for name, content in files.items():
        durable.replace_file(folder / name, [content])
    with suppress(OSError):  # another run writes there
        (folder / durable.WORKPLACE).rmdir()
    return folder
