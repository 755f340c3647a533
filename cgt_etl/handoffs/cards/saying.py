"""A card on the way: what all cards of a release share, what one partner's answers are, and what has been said so far.

Holds how a statement is made, and none of what is said (`own`, `beyond`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from cgt_etl.egress import peer_places
from cgt_etl.errors import CgtError
from cgt_etl.handoffs import intervals, peers
from cgt_etl.handoffs.cards.ask import Answers, query
from cgt_etl.handoffs.cards.card import ROWS, Statement, statement_id

if TYPE_CHECKING:
    import duckdb

LEAST_FOR_SHARE = 5
"""Below, a share is not said."""


class NothingToTell(CgtError):
    """No handoff of the release has a time: there is no card to make."""


@dataclass(frozen=True)
class Network:
    """What the cards of one release share. The connection has the release's tables; whoever made it closes it."""

    connection: duckdb.DuckDBPyConnection = field(repr=False)
    release: str
    edge: datetime
    cut: datetime
    stages: pl.DataFrame = field(repr=False)
    compared: pl.DataFrame = field(repr=False)

    @property
    def period(self) -> str:
        return f"{self.edge.year}-Q{(self.edge.month - 1) // 3 + 1}"


def network(connection: duckdb.DuckDBPyConnection, release: str) -> Network:
    """Ask what is of all partners, once.

    Raises:
        NothingToTell: the release has no handoff with a time.
    """
    edge = connection.execute("select max(greatest(sent_at_utc, received_at_utc, receiver_first_act_at_utc)) from handoff").fetchone()
    if not edge or edge[0] is None:
        raise NothingToTell(
            "no handoff of this release has a time", remedy="Cards are made once deliveries of couriers or laboratories landed"
        )
    at = edge[0].replace(tzinfo=UTC) if edge[0].tzinfo is None else edge[0].astimezone(UTC)
    cut = peer_places.quarterly_cut(at)
    stages = connection.execute(f"select * from ({query('stage_hours')}) order by all").pl()  # noqa: S608  ours alone
    stages = stages.with_columns(pl.col("begun_at_utc", "done_at_utc").cast(pl.Datetime("us")), pl.col("hours").cast(pl.Float64))
    before = stages.filter(pl.col("done_at_utc") < cut.replace(tzinfo=None))
    cases = before.select("transition", site="party_id", product="product_code", hours="hours")
    return Network(connection, release, at, cut, stages, peers.compare(cases))


@dataclass
class Saying:
    """One card: what was asked and said so far."""

    net: Network
    partner: str
    ask: Answers
    site: str = ""
    """Of the partner, where the card is of one of its sites; empty for all."""
    said: list[Statement] = field(default_factory=list)
    wrong: dict[str, int] = field(default_factory=dict)
    """Cause -> treatments."""
    slow: list[peer_places.Place] = field(default_factory=list)
    """Where the partner is a bottleneck."""
    own_missing: list[tuple[str, str, int, int]] = field(default_factory=list)

    def say(self, section: str, key: str, text: str, asked: str, where: str = "true", **figures: Any) -> Statement:
        """Add a statement."""
        one = Statement(statement_id(self.site or self.partner, key, self.net.period), section, key, text, asked, where, **figures)
        self.said.append(one)
        return one

    def own_stages(self, transition: str) -> str:
        """The condition on `stage_hours` for the card's own spans of one transition."""
        return f"party_id = '{self.partner}' and transition = '{transition}'" + (f" and site_id = '{self.site}'" if self.site else "")

    def share(
        self, section: str, key: str, words: str, asked: str, where: str, *, of_where: str = "true", counted: str = ROWS
    ) -> Statement:
        """Say how many of how many, with the interval of the share where there are enough."""
        both = where if of_where == "true" else f"{of_where} and {where}"
        count, of = self.ask.count(asked, both, counted), self.ask.count(asked, of_where, counted)
        if of < LEAST_FOR_SHARE:
            text, why = f"{words}: {count} of {of}, too few for a share", "too few"
            return self.say(section, key, text, asked, both, counted=counted, count=count, of=of, why_not=why)
        low, high = intervals.share(count, of)
        text = f"{words}: {count} of {of}, {percent(count / of)} ({percent(low, '')} to {percent(high)})"
        figures = {"counted": counted, "count": count, "of": of, "value": count / of, "low": low, "high": high, "unit": "1"}
        return self.say(section, key, text, asked, both, **figures)


def percent(share: float, unit: str = " %", *, sign: bool = False) -> str:
    """A share in whole hundredths."""
    return f"{100 * share:{'+' if sign else ''}.0f}{unit}"


def in_hours(hours: float, unit: str = " h") -> str:
    """Hours, below a hundred with one decimal."""
    return (f"{hours:,.0f}" if abs(hours) >= 100 else f"{hours:.1f}") + unit
