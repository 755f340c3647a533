"""All cards of one release: opens it, has the figures made, writes the files or names the statements. Holds no figure and no layout."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from cgt_etl.contracts.registry import Registry
from cgt_etl.handoffs.cards import figures, own_ids
from cgt_etl.handoffs.cards.card import Card
from cgt_etl.landing import promises
from cgt_etl.landing.delivery import deliveries
from cgt_etl.release.opened import OpenRelease, open_release
from cgt_etl.reports.write import write
from cgt_etl.settings import Settings


def write_cards(settings: Settings, release_id: str | None, chosen: Sequence[str], out: Path, *, with_ids: bool = False) -> Iterator[Path]:
    """Write the cards of a release (the current one) below `out`, and give each folder once it is whole.

    Args:
        chosen: partners; all that have a card where none is named.
        with_ids: also look up the partners' own numbers.

    Raises:
        CgtError: no such release or partner, or nothing in the release to tell of.
        DeclarationError, VaultError: numbers are wanted, and there is no key or one that does not open the vault.
    """
    registry = Registry.load(settings)
    for card in _cards(settings, registry, release_id, chosen):
        yield write(_with_ids(settings, registry, card) if with_ids else card, out)


def statement_ids(settings: Settings) -> set[str]:
    """Of every statement of every card of the current release: what a dispute may name.

    Raises:
        CgtError: there is no release, or nothing in it to tell of.
    """
    return {one.id for card in _cards(settings, Registry.load(settings), None, ()) for one in card.statements}


def _cards(settings: Settings, registry: Registry, release_id: str | None, chosen: Sequence[str]) -> Iterator[Card]:
    opened = open_release(settings.home, release_id)
    standings = _standings(settings, registry, opened)
    connection = opened.duckdb()
    try:
        net = figures.network(connection, opened.release.id)
        for partner in chosen or figures.partners(net):
            yield figures.card(net, partner, standings)
    finally:
        connection.close()


def _standings(settings: Settings, registry: Registry, opened: OpenRelease) -> list[promises.Standing]:
    """As of when the last of the release's deliveries came, so that a card of a release is the same whenever it is made."""
    used = opened.release.inputs["deliveries"]
    listed = [one for one in deliveries(settings) if one.id in used]
    if not listed:
        return []
    return promises.standings(registry, listed, max(datetime.fromisoformat(one.manifest.received_at) for one in listed))


def _with_ids(settings: Settings, registry: Registry, card: Card) -> Card:
    places = [(look.delivery, look.position) for look in card.looks if look.position is not None]
    return card.named(own_ids.look_up(settings, registry, card.partner, places))
