"""What would become of a file, were it delivered: landed for good, by the same code, into a home that is gone a moment later.

For a partner that tries its first export, and for whoever writes a contract. Touches nothing of the real home and needs no key of it: the
throwaway home lies in a private temporary folder under a key that nobody keeps. Must not hold a rule, nor a second way to land.
"""

from __future__ import annotations

import base64
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import polars as pl

from cgt_etl.contracts.load import ColumnSpec, Feed
from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError
from cgt_etl.landing import receipt
from cgt_etl.landing.delivery import Delivery
from cgt_etl.landing.land import land
from cgt_etl.settings import Settings


@dataclass(frozen=True)
class _Throwaway(Settings):
    """A home of a moment, with a key of its own."""

    @cached_property
    def key_text(self) -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode("ascii")


@dataclass(frozen=True)
class Rehearsal:
    """What a person reads of one file, and whether all of it would land."""

    lines: list[str]
    is_clean: bool
    """Neither refused nor anything set aside; flags do not count."""


def rehearse(settings: Settings, registry: Registry, partner: str, feed: str, path: Path) -> Rehearsal:
    """Try one file as a delivery of a partner's feed. Its name and the envelope beside it count, as in an inbox.

    Nobody is suppressed in a throwaway home, so nothing is ever erased here.

    Raises:
        CgtError: no such partner or feed, or the file cannot be read from the disk.
    """
    binding = registry.binding(partner, feed)
    with tempfile.TemporaryDirectory(prefix="cgt-rehearsal-") as folder:
        home = _Throwaway(Path(folder), settings.dialect_paths, settings.partner_paths)
        delivery = land(home, registry, binding, path, datetime.now(UTC)).delivery
        if delivery is None:
            raise CgtError("the file did not land", partner=partner, feed=feed, file=path.name, remedy="Ask the maintainers")
        said = receipt.receipt(delivery, binding.feed)
        is_clean = not said["refusal"] and all(one["effect"] == "flag" for one in said["findings"])
        return Rehearsal([*receipt.lines(said), *_would_land(delivery, binding.feed)], is_clean)


def _would_land(delivery: Delivery, feed: Feed) -> Iterator[str]:
    """Per object, its rows and how many of them hold each column: one that nobody fills shows a wrong name or format."""
    tables = {name: pl.read_parquet(delivery.folder / of.file) for name, of in delivery.manifest.objects.items()}
    for spec in feed.objects:
        if spec.name in tables:
            rows = tables[spec.name]
            yield f"Would land: {rows.height} rows of {spec.name}"
            for column in spec.columns:
                yield f"  {column.physical_name}: {_filled(column, rows, tables.get(f'{spec.name}__{column.name}'))}"


def _filled(column: ColumnSpec, rows: pl.DataFrame, split: pl.DataFrame | None) -> str:
    if column.extension.action == "drop":
        return f"dropped, {column.extension.reason}"
    if not column.extension.is_accepted:
        return "read into tokens that may only propose to a steward who is who"
    of_token = ", as a token" if column.extension.action == "token" else ""
    if split is not None:
        return f"{split.height} in {rows.height}{of_token}"
    name = column.name if column.name in rows.columns else f"{column.name}_local"  # of a date or an instant
    return f"{rows[name].count()} of {rows.height}{of_token}"
