"""Makes the card of one partner: asks its questions, has the statistics of `handoffs` judge, and says what came out (`own`, `beyond`).

Holds no words (`wording`), no page (`reports`), no clock: a card is of a release.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import polars as pl

from cgt_etl.errors import CgtError
from cgt_etl.handoffs.cards import beyond, own
from cgt_etl.handoffs.cards.ask import Answers
from cgt_etl.handoffs.cards.card import Card
from cgt_etl.handoffs.cards.saying import Network, NothingToTell, Saying, network
from cgt_etl.landing.promises import Standing

if TYPE_CHECKING:
    import duckdb

__all__ = ["Network", "NothingToTell", "card", "network", "partners", "sites", "take_part", "words"]


def partners(net: Network) -> list[str]:
    """Who has a card: every partner of the release that gave or received something, or delivered."""
    found = net.connection.execute(
        "select party_id from party where party_id in (select party_id from delivery) "
        "or party_id in (select sender_party_id from handoff union select receiver_party_id from handoff) order by party_id"
    ).fetchall()
    return [str(row[0]) for row in found]


def take_part(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """Partners that gave or received something in the release: each is to have a card."""
    found = connection.execute("select sender_party_id from handoff union select receiver_party_id from handoff").fetchall()
    return {str(party) for (party,) in found if party is not None}


def words(connection: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """Partner -> what tells who it is: its id and names, its sites' ids and numbers. None of it may stand on another's card."""
    rows = connection.execute(
        "select party_id, party_id from party union all select party_id, party_name from party "
        "union all select party_id, legal_entity from party union all select party_id, site_id from site "
        "union all select party_id, gln from site"
    ).fetchall()
    found: dict[str, set[str]] = {}
    for party, word in rows:
        if word:
            found.setdefault(str(party), set()).add(str(word))
    return found


def sites(net: Network, partner: str) -> list[str]:
    """Sites of a partner that have cards of their own: those with hours of handoffs, where there is more than one."""
    found = net.stages.filter(pl.col("party_id") == partner)["site_id"].drop_nulls().unique().sort().to_list()
    return found if len(found) > 1 else []


def card(net: Network, partner: str, standings: Iterable[Standing] = (), *, site: str = "") -> Card:
    """The card of one partner, or of one of its sites.

    Args:
        standings: promised against delivered, of any partners; files are an organisation's, so that a site's card has none.

    Raises:
        CgtError: the release knows no such partner or site.
    """
    found = net.connection.execute("select party_name, roles from party where party_id = ?", [partner]).fetchone()
    if found is None:
        raise CgtError("the release knows no partner of this name", remedy="`cgt-etl registry list` names the partners")
    name = str(found[0])
    if site:
        at = net.connection.execute("select site_name from site where party_id = ? and site_id = ?", [partner, site]).fetchone()
        if at is None:
            raise CgtError("the release knows no site of this name", remedy="`cgt-etl registry list` names the partners")
        name += f", {at[0]}"
    told = Saying(net, partner, Answers(net.connection, partner, site), site)
    kinds = own.handoffs(told)
    stages = own.hours(told)
    fate, curve = beyond.downstream(told)
    causes = own.causes(told)
    own.stake(told)
    beyond.places(told)
    beyond.missing(told)
    feeds = () if site else beyond.promised(told, standings)
    beyond.action(told)
    looks, left_out = own.looks(told)
    names = sorted({one.query for one in told.said} - {""})
    return Card(
        partner=partner,
        site=site,
        partner_name=name,
        roles=str(found[1]).replace("_", " "),
        release=net.release,
        period=net.period,
        data_until=net.edge.date().isoformat(),
        compared_until=net.cut.date().isoformat(),
        statements=tuple(told.said),
        kinds=kinds,
        stages=stages,
        fate=fate,
        causes=causes,
        curve=curve,
        looks=looks,
        looks_left_out=left_out,
        feeds=feeds,
        queries={asked: told.ask.text(asked) for asked in names},
    )
