"""All cards of one release: opens it, has the figures made, writes the files, looks at them, or names the statements.

    write_cards     what `cgt-etl handoffs cards` does, and each night
    tell            a night's cards, and what somebody should look at in them
    statement_ids   what a dispute may name

Holds no figure and no layout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cgt_etl.contracts.registry import Registry
from cgt_etl.handoffs.cards import figures, own_ids
from cgt_etl.handoffs.cards.card import Card
from cgt_etl.landing import promises
from cgt_etl.landing.delivery import deliveries
from cgt_etl.release.opened import OpenRelease, open_release
from cgt_etl.reports.write import TEXTS, write
from cgt_etl.settings import Settings

_KEY = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
"""A key or token of a release: on a card none has a place."""


@dataclass(frozen=True)
class Told:
    """The cards of one release, by their partners. `statements`: on all of them."""

    cards: tuple[str, ...] = ()
    statements: int = 0
    without: tuple[str, ...] = ()
    """Take part in a handoff of the release and have no card of it."""
    indiscreet: tuple[str, ...] = ()
    """Whose card says who another organisation is, or holds a key of the release."""

    @property
    def problems(self) -> list[str]:
        """What somebody should look at, one sentence each."""
        said = []
        if self.without:
            said.append(f"no card of this release for {', '.join(self.without)}, who take part in its handoffs")
        if self.indiscreet:
            said.append(f"hand out no card of {', '.join(self.indiscreet)}: it names another organisation, or holds a key of the release")
        return said


def tell(settings: Settings, release_id: str) -> Told:
    """Write every card of a night's release below `$CGT_HOME/cards`, and look whether all are there and none tells of another partner.

    A release without any handoff has no cards. Those that an earlier night left stay where no new one is written: each names its release.

    Raises:
        CgtError: no such release, or a card could not be made.
    """
    try:
        folders = list(write_cards(settings, release_id, (), settings.cards))
    except figures.NothingToTell:
        return Told()
    return look(open_release(settings.home, release_id), folders)


def look(opened: OpenRelease, folders: Sequence[Path]) -> Told:
    """Compare written cards with the release: by what lies in the files, whoever wrote them.

    Args:
        folders: of a partner each, with its id as name.
    """
    connection = opened.duckdb()
    try:
        wanted, words = figures.take_part(connection), figures.words(connection)
    finally:
        connection.close()
    made, statements, indiscreet = [], 0, []
    for folder in sorted(folders):
        texts = [(folder / name).read_text(encoding="utf-8") for name in TEXTS]
        said = json.loads((folder / "card.json").read_text(encoding="utf-8"))
        if said["release"] == opened.release.id:
            made.append(folder.name)
            statements += len(said["statements"])
        foreign = _any_of({word for party, theirs in words.items() if party != folder.name for word in theirs} - words[folder.name])
        if any(foreign.search(text) or _KEY.search(text) for text in texts):
            indiscreet.append(folder.name)
    return Told(tuple(made), statements, tuple(sorted(wanted - set(made))), tuple(indiscreet))


def _any_of(words: set[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(words))) or '(?!)'})(?!\w)")


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
