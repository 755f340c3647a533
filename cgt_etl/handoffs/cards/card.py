"""A feedback card: one partner, one release, its statements. Plain values that JSON can hold; no page and no reading of tables."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

SECTIONS = ("handoffs", "hours", "downstream", "causes", "stake", "peers", "missing", "promised", "action")


ROWS, TREATMENTS = "count(*)", "count(distinct treatment_id)"


@dataclass(frozen=True)
class Statement:
    """One thing that the card says, and how it can be counted again: `count` is `counted` over the rows of `query` that meet `where`.

    `id` names it in a dispute: it stays the same from night to night within a calendar quarter, whatever the figure.
    """

    id: str
    section: str
    key: str
    text: str
    query: str
    where: str
    counted: str = ROWS
    """What SQL counts: rows, or `TREATMENTS`, or the sum of a column."""
    count: int | None = None
    of: int | None = None
    """How many there were before `where`."""
    value: float | None = None
    low: float | None = None
    high: float | None = None
    """95 % interval of `value`; None where there is none."""
    unit: str = ""
    why_not: str | None = None
    """Why there is no figure: too small, or captured by nobody."""


@dataclass(frozen=True)
class Kind:
    """One kind of handoff in one direction: a line of the card's table."""

    handoff_code: str
    side: str
    what: str
    counterpart: str
    count: int
    received: int
    open: int
    overdue: int
    lost: int
    cancelled: int
    wrong: int
    """With something that disagrees, is late, outside its temperature, lost or overdue."""


@dataclass(frozen=True)
class Stage:
    """The partner's own hours at one stage of a kind of handoff, for the plot and its line."""

    transition: str
    label: str
    hours: tuple[float, ...]
    """In order of time."""
    median: float
    low: float | None
    high: float | None
    limit_h: float | None
    beyond: int
    """Cases beyond the limit."""
    changed: str
    """What the control chart says: empty, or since when it is slower or faster."""
    statement: str
    """Id of the statement that says the same."""


@dataclass(frozen=True)
class Bar:
    """A share for the plot of what became of treatments, or of causes."""

    label: str
    count: int
    of: int
    low: float
    high: float
    statement: str
    """Id of the statement that says the same."""


@dataclass(frozen=True)
class Curve:
    """Share infused by day, with its 95 % interval: steps."""

    days: tuple[float, ...]
    share: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    people: int
    dropped: int
    waiting: int


@dataclass(frozen=True)
class Look:
    """A handoff to look at: where it stands in the partner's own deliveries, and what is wrong."""

    handoff_code: str
    side: str
    what: str
    wrong: str
    feed: str
    sequence: str
    delivery: str
    """As the release names it (`source_delivery`); empty where no record of the partner's speaks of it."""
    position: int | None
    own_id: str = ""
    """The partner's own number, looked up for a holder of the key; in no release."""


@dataclass(frozen=True)
class Feed:
    """Promised against delivered, of one feed."""

    feed: str
    promised: str
    verdict: str
    files: int
    refused: int
    units: int
    set_aside: int


@dataclass(frozen=True)
class Card:
    """What is told one partner as of one release."""

    partner: str
    site: str
    """Of the partner, where it is the card of one of its sites; empty for all."""
    partner_name: str
    """And the site's."""
    roles: str
    release: str
    period: str
    """Calendar quarter of the last handoff in the release: part of every statement's id."""
    data_until: str
    compared_until: str
    """The quarterly cut: peers are compared by what was done before this day."""
    statements: tuple[Statement, ...]
    kinds: tuple[Kind, ...] = ()
    stages: tuple[Stage, ...] = ()
    fate: tuple[Bar, ...] = ()
    causes: tuple[Bar, ...] = ()
    curve: Curve | None = None
    looks: tuple[Look, ...] = ()
    looks_left_out: int = 0
    feeds: tuple[Feed, ...] = ()
    queries: dict[str, str] = field(default_factory=dict)
    """Name -> text, of every query that a statement names."""

    @property
    def name(self) -> str:
        """`partner`, or `partner/site`: where it lies."""
        return f"{self.partner}/{self.site}" if self.site else self.partner

    def of(self, section: str) -> list[Statement]:
        """The statements of one section, in order."""
        return [one for one in self.statements if one.section == section]

    def named(self, numbers: Mapping[tuple[str, int], str]) -> Card:
        """The same card with the partner's own numbers, by (delivery, position)."""
        looks = (replace(one, own_id=numbers.get((one.delivery, one.position or 0), "")) for one in self.looks)
        return replace(self, looks=tuple(looks))


def statement_id(partner: str, key: str, period: str) -> str:
    """Of a statement: the same for the same partner, thing and quarter."""
    return "s" + hashlib.sha256(f"{partner}|{key}|{period}".encode()).hexdigest()[:12]
