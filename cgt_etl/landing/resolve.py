"""At a partner's: which identifier a token of its deliveries stands for, and which identifiers a record of them names.

Reads the tokens beside the partner's own deliveries, and the text of its own vault: values, for the eyes of a person with the key. Logs and
keeps nothing. A hub without a vault has nothing to read here, and says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from cgt_etl.contracts.load import ColumnSpec
from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.door.admit import in_the_clear
from cgt_etl.door.columns import ROW
from cgt_etl.door.tokens import Keys, token
from cgt_etl.errors import CgtError
from cgt_etl.landing.delivery import Delivery, deliveries
from cgt_etl.landing.delivery import delivery as delivery_by_id
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.raw import RawFile
from cgt_etl.landing.vault import Vault, printable
from cgt_etl.settings import Settings

_TOKEN = re.compile(r"[0-9a-f]{32}")
_KINDS = ("partner_token", "linkage_token")


@dataclass(frozen=True)
class Resolved:
    """An identifier of one record."""

    kind: str
    issuer: str
    text: str
    """In its one way of writing."""
    delivery: str
    source_name: str
    position: int

    def line(self) -> str:
        """For a terminal, which control characters cannot steer."""
        of = f" of {self.issuer}" if self.issuer else ""
        return f"{self.kind}{of} {printable(self.text)}  {self.delivery}, position {self.position} of {printable(self.source_name)}"


def by_token(settings: Settings, registry: Registry, text: str) -> list[Resolved]:
    """Where an identifier stands, from its token under the partner's or the linkage key: one entry for each record that names it.

    Raises:
        CgtError: it is no token, or no delivery here has it; or its delivery was tokenised elsewhere.
        VaultError: the key does not open the vault.
    """
    if not _TOKEN.fullmatch(text):
        raise CgtError("this is no token", remedy="A token has 32 hex digits")
    found: list[Resolved] = []
    for one in deliveries(settings):
        if one.status == "landed":
            links = pl.read_parquet(one.folder / "links.parquet", columns=["source_row", *_KINDS])
            named = links.filter(pl.any_horizontal(pl.col(_KINDS) == text))
            tokens, rows = set(named["partner_token"]), set(named["source_row"])
            if rows:
                found += [each for each, made in _identifiers(settings, registry, one, rows) if made in tokens]
    if not found:
        raise CgtError("no delivery of this home has this token", remedy="It may be another partner's, or the id of a release")
    return sorted(set(found), key=lambda one: (one.delivery, one.position, one.kind))


def by_place(settings: Settings, registry: Registry, delivery: str, position: int) -> list[Resolved]:
    """Every identifier of one record, as `cgt-etl trace` and feedback cards name records.

    Raises:
        CgtError: no such delivery, no identifier in that record, or the delivery was tokenised elsewhere.
        VaultError: the key does not open the vault.
    """
    found = [each for each, _ in _identifiers(settings, registry, delivery_by_id(settings, delivery), {position})]
    if not found:
        raise CgtError("no record at this position names anybody or anything", remedy="`cgt-etl quarantine show` has what was set aside")
    return sorted(set(found), key=lambda one: (one.kind, one.issuer, one.text))


def _identifiers(settings: Settings, registry: Registry, one: Delivery, positions: set[int]) -> Iterator[tuple[Resolved, str]]:
    """(identifier, its partner token) of the records at these positions."""
    said, keys = one.manifest, keys_of(settings)
    if said.is_tokenised:
        raise said.raw_is_elsewhere()
    binding = registry.binding(one.partner, one.feed)
    feed = binding.feed
    with RawFile(Vault(settings.vault, keys.vault), keys, one.id).reading(feed, said.source_name) as raw:
        for spec, frame in in_the_clear(binding, raw.reading, registry, sequence=said.sequence):
            rows = frame.filter(pl.col(ROW).is_in(sorted(positions)))
            for column in (column for column in spec.columns if column.extension.cast == "identifier"):
                yield from _of_column(binding, keys, one, column, rows)


def _of_column(binding: Binding, keys: Keys, one: Delivery, column: ColumnSpec, rows: pl.DataFrame) -> Iterator[tuple[Resolved, str]]:
    kind, issuer = column.extension.identifier or "", binding.issuer_of(column)
    named = rows.select(ROW, pl.col(column.name).alias("text")).drop_nulls()
    if column.extension.split:
        named = named.explode("text", empty_as_null=False)
    for position, text in named.iter_rows():
        made = token(keys.partner(binding.partner.token_key), kind, issuer, text)
        yield Resolved(kind, issuer, text, one.id, one.source_name, position), made
