"""The four figures at the head of a card, taken from its statements."""

from __future__ import annotations

from dataclasses import dataclass

from cgt_etl.handoffs.cards.card import Card, Statement


@dataclass(frozen=True)
class Tile:
    """One figure with its words and, in a second line, its interval or why there is none."""

    figure: str
    words: str
    interval: str
    is_bad: bool = False


def tiles(card: Card) -> list[Tile]:
    """Handoffs, treatments at stake, hours at stake, records set aside; the last not of a site, to which no file belongs."""
    gave = sum(kind.count for kind in card.kinds if kind.side == "gave")
    received = sum(kind.count for kind in card.kinds if kind.side == "received")
    still_open = sum(kind.open for kind in card.kinds)
    units, set_aside = sum(feed.units for feed in card.feeds), sum(feed.set_aside for feed in card.feeds)
    stake = {one.key: one for one in card.of("stake")}
    late = [feed for feed in card.feeds if feed.verdict in ("late", "never delivered")]
    files = Tile(f"{set_aside} of {units}", "records set aside", f"{len(late)} of {len(card.feeds)} feeds late or missing", bool(late))
    return [
        Tile(f"{gave + received}", "handoffs", f"{gave} given, {received} received; {still_open} open"),
        _of(stake.get("stake.treatments"), "treatments at stake"),
        _hours(card, stake.get("stake.hours")),
        *([] if card.site else [files]),
    ]


def _of(one: Statement | None, words: str) -> Tile:
    if one is None or not one.of:
        return Tile("-", words, "no handoff on record")
    if one.value is None or one.low is None or one.high is None:
        return Tile(f"{one.count} of {one.of}", words, "too few for a share", bool(one.count))
    interval = f"{100 * one.value:.0f} % ({100 * one.low:.0f} to {100 * one.high:.0f} %)"
    return Tile(f"{one.count} of {one.of}", words, interval, bool(one.count))


def _hours(card: Card, one: Statement | None) -> Tile:
    slow = max((told for told in card.of("peers") if told.unit == "h"), key=lambda told: told.value or 0.0, default=None)
    if slow is not None and slow.low is not None and slow.high is not None:
        return Tile(f"{slow.value:,.0f} h", "above your peers' pace", f"{slow.low:,.0f} to {slow.high:,.0f} h", is_bad=True)
    if one is None or one.value is None:
        return Tile("-", "on the way beyond limits", "no handoff on record")
    interval = "too few for an interval" if one.low is None or one.high is None else f"{one.low:,.0f} to {one.high:,.0f} h"
    interval = interval if one.count else "none was"
    return Tile(f"{one.value:,.0f} h", "on the way beyond limits", interval, one.value > 0)
