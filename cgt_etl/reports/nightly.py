"""All cards of one release: opens it, has the figures made, writes the files, looks at them, or names the statements.

    write_cards     what `cgt-etl handoffs cards` does, and each night
    tell            a night's cards, and what somebody should look at in them
    statement_ids   what a dispute may name

Holds no figure and no layout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cgt_etl.contracts.registry import Registry
from cgt_etl.handoffs.cards import figures, own_ids
from cgt_etl.handoffs.cards.card import Card
from cgt_etl.landing import promises
from cgt_etl.landing.delivery import deliveries
from cgt_etl.release.opened import OpenRelease, open_release
from cgt_etl.reports.write import TEXTS, files, write
from cgt_etl.settings import Settings

_KEY = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
"""A key or token of a release: on a card none has a place."""


INDISCREET = "it names another organisation, or holds a key of the release"


@dataclass(frozen=True)
class Written:
    """What became of one card."""

    name: str
    """Of the partner, or `partner/site`."""
    folder: Path | None
    """None: it was withheld, and what an earlier release left stays."""


@dataclass(frozen=True)
class Told:
    """The cards of one release. `statements`: on all of them."""

    cards: tuple[str, ...] = ()
    """Of each the partner, or `partner/site`."""
    statements: int = 0
    without: tuple[str, ...] = ()
    """Take part in a handoff of the release and have no card of it."""
    indiscreet: tuple[str, ...] = ()
    """Whose card would have said who another organisation is, or held a key of the release: it was not written."""

    @property
    def problems(self) -> list[str]:
        """What somebody should look at, one sentence each."""
        said = []
        if self.without:
            said.append(f"no card of this release for {', '.join(self.without)}, who take part in its handoffs")
        if self.indiscreet:
            said.append(f"the card of {', '.join(self.indiscreet)} was withheld: {INDISCREET}")
        return said


def tell(settings: Settings, release_id: str) -> Told:
    """Write every card of a night's release below `$CGT_HOME/cards`, and look whether all are there. One that tells of another partner
    is withheld.

    A release without any handoff has no cards. Those that an earlier night left stay where no new one is written: each names its release.

    Raises:
        CgtError: no such release, or a card could not be made.
    """
    try:
        done = list(write_cards(settings, release_id, (), settings.cards))
    except figures.NothingToTell:
        return Told()
    return look(open_release(settings.home, release_id), done)


def look(opened: OpenRelease, done: Sequence[Written]) -> Told:
    """Compare written cards with the release: by what lies in the files, whoever wrote them."""
    connection = opened.duckdb()
    try:
        wanted = figures.take_part(connection)
    finally:
        connection.close()
    made, statements = [], 0
    for one in sorted(done, key=lambda one: one.name):
        if one.folder is None:
            continue
        said = json.loads((one.folder / "card.json").read_text(encoding="utf-8"))
        if said["release"] == opened.release.id:
            made.append(one.name)
            statements += len(said["statements"])
    withheld = {one.name for one in done if one.folder is None}
    return Told(tuple(made), statements, tuple(sorted(wanted - set(made) - withheld)), tuple(sorted(withheld)))


def is_discreet(made: Mapping[str, bytes], partner: str, words: Mapping[str, set[str]]) -> bool:
    """Whether no text of a card, as it would be written, tells who another organisation is, and none holds a key.

    Args:
        made: name -> bytes of its files.
        words: what tells who each partner is.
    """
    foreign = _any_of({word for party, theirs in words.items() if party != partner for word in theirs} - words.get(partner, set()))
    texts = [made[name].decode("utf-8") for name in TEXTS]
    return not any(foreign.search(text) or _KEY.search(text) for text in texts)


def _any_of(words: set[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, sorted(words))) or '(?!)'})(?!\w)")


def write_cards(
    settings: Settings, release_id: str | None, chosen: Sequence[str], out: Path, *, with_ids: bool = False
) -> Iterator[Written]:
    """Write the cards of a release (the current one) below `out`, and say of each what became of it.

    Args:
        chosen: partners; all that have a card where none is named.
        with_ids: also look up the partners' own numbers.

    Raises:
        CgtError: no such release or partner, or nothing in the release to tell of.
        DeclarationError, VaultError: numbers are wanted, and there is no key or one that does not open the vault.
    """
    registry = Registry.load(settings)
    words = _words(settings, release_id)
    for card in _cards(settings, registry, release_id, chosen):
        made = files(_with_ids(settings, registry, card) if with_ids else card)
        yield Written(card.name, write(made, out / card.name) if is_discreet(made, card.partner, words) else None)


def _words(settings: Settings, release_id: str | None) -> dict[str, set[str]]:
    connection = open_release(settings.home, release_id).duckdb()
    try:
        return figures.words(connection)
    finally:
        connection.close()


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
            for site in ("", *figures.sites(net, partner)):
                yield figures.card(net, partner, standings, site=site)
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
