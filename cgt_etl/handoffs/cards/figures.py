"""Makes the card of one partner: asks its questions, has the statistics of `handoffs` judge, and says what came out (`own`, `beyond`).

Holds no words (`wording`), no page (`reports`), no clock: a card is of a release.
"""

from __future__ import annotations

from collections.abc import Iterable

from cgt_etl.errors import CgtError
from cgt_etl.handoffs.cards import beyond, own
from cgt_etl.handoffs.cards.ask import Answers, query
from cgt_etl.handoffs.cards.card import Card
from cgt_etl.handoffs.cards.saying import Network, Saying, network
from cgt_etl.landing.promises import Standing

__all__ = ["Network", "card", "network", "partners"]


def partners(net: Network) -> list[str]:
    """Who has a card: every partner of the release that gave or received something, or delivered."""
    found = net.connection.execute(
        "select party_id from party where party_id in (select party_id from delivery) "
        "or party_id in (select sender_party_id from handoff union select receiver_party_id from handoff) order by party_id"
    ).fetchall()
    return [str(row[0]) for row in found]


def card(net: Network, partner: str, standings: Iterable[Standing] = ()) -> Card:
    """The card of one partner.

    Args:
        standings: promised against delivered, of any partners.

    Raises:
        CgtError: the release knows no such partner.
    """
    found = net.connection.execute("select party_name, roles from party where party_id = ?", [partner]).fetchone()
    if found is None:
        raise CgtError("the release knows no partner of this name", remedy="`cgt-etl registry list` names the partners")
    told = Saying(net, partner, Answers(net.connection, partner))
    kinds = own.handoffs(told)
    stages = own.hours(told)
    fate, curve = beyond.downstream(told)
    causes = own.causes(told)
    own.stake(told)
    beyond.places(told)
    beyond.missing(told)
    feeds = beyond.promised(told, standings)
    beyond.action(told)
    looks, left_out = own.looks(told)
    names = sorted({one.query for one in told.said} - {""})
    return Card(
        partner=partner,
        partner_name=str(found[0]),
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
        queries={name: query(name) for name in names},
    )
