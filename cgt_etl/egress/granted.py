"""What of shared rows a recipient may have: each cell that everybody who told its row lets it have, row by row, and nothing else.

Puts the question to the agreements' engine (`rights.decisions`) with what a row is about, and blanks what is not permitted; a row of which
nothing is left is not in the share. Decides nothing itself, and knows nothing of people (`consents`, `scope`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

import polars as pl

from cgt_etl.egress.policy import Drop, Table
from cgt_etl.egress.rights.agreements import Agreement, Declared, Network, populations
from cgt_etl.egress.rights.decisions import Decision, Request, Rights, Use
from cgt_etl.egress.rights.policies import OWN
from cgt_etl.egress.tellers import UNKNOWN, Tellers

EVERYBODY = "everybody"
"""A recipient: every partner of the network. What goes to it needs what permits each of them."""
_BOUNDS = ("_tellers", "_populations", "_first", "_last")


@dataclass(frozen=True)
class Wanted:
    """What rights are asked for. `to` is a partner or `EVERYBODY`; `consent` the purpose by which the people in the rows were chosen."""

    to: str
    use: Use
    consent: str
    as_of: date


class LeftOut(NamedTuple):
    """Rows in which a partner that told them does not let the recipient have these columns. For the hub alone."""

    table: str
    partner: str
    columns: tuple[str, ...]
    rows: int
    is_whole: bool
    """Whether these are all columns that a share may hold of the table."""


@dataclass(frozen=True)
class Granted:
    """What the recipient may have, and on what that rests."""

    rows: Mapping[str, pl.DataFrame]
    agreements: Mapping[str, tuple[str, ...]]
    """Table -> `contributor/agreement` of each that let something of it go, in order; `OWN` where rows of the recipient's own did."""
    decisions: tuple[Decision, ...]
    left_out: tuple[LeftOut, ...]


def grant(rights: Rights, wanted: Wanted, rows: Mapping[str, pl.DataFrame], tables: Mapping[str, Table], behind: Behind) -> Granted:
    """The rows and cells that the recipient may have.

    Args:
        rights: who decides.
        wanted: what is asked for.
        rows: shared rows by table, with `_component`.
        tables: the sharing policy's; columns that it drops are not asked for and come back as they are.
        behind: who told the rows, and of which modality journeys are.

    Raises:
        CgtError: there is no such partner, purpose or condition.
    """
    asking = _Asking(rights, wanted)
    kept, given = {}, {}
    left_out: list[LeftOut] = []
    for name, frame in rows.items():
        columns = [column for column, action in tables[name].columns.items() if not isinstance(action, Drop) and column in frame.columns]
        bounded = behind.bounded(name, frame, tables[name], rights.network)
        classes = bounded.select(_BOUNDS).unique(maintain_order=True).with_row_index("_class")
        about = [_Class.of(row) for row in classes.sort("_class").iter_rows(named=True)]
        asked = asking.about(name, columns, about)
        placed = bounded.join(classes, on=_BOUNDS, nulls_equal=True, maintain_order="left")
        kept[name] = _blanked(placed, columns, [one.allowed for one in asked]).drop(*_BOUNDS, "_class")
        counts = Counter(placed["_class"])
        given[name] = tuple(sorted({by for number, one in enumerate(asked) if counts[number] for by in one.by}))
        left_out += _left_out(name, len(columns), asked, counts)
    return Granted(kept, given, tuple(asking.decisions), tuple(left_out))


class Behind:
    """What rows are about, as agreements see it: who told them, of which modality and days they are."""

    def __init__(self, tellers: Tellers, journeys: pl.DataFrame) -> None:
        """
        Args:
            tellers: of every row of the release.
            journeys: every journey of the release: journey_id, modality_code, component.
        """
        known = populations()
        modality = pl.when(pl.col("modality_code").is_in(known)).then("modality_code")
        self._tellers = tellers
        self._of_journey = journeys.select("journey_id", modality.alias("_modality"))
        of_component = journeys.group_by(pl.col("component").alias("_component")).agg(modality.unique().sort().alias("_among"))
        # One that nobody can name is among those asked for: then all are.
        self._of_component = of_component.filter(~pl.col("_among").list.contains(None, nulls_equal=True))

    def bounded(self, name: str, frame: pl.DataFrame, table: Table, network: Network) -> pl.DataFrame:
        """`frame` with `_tellers`, `_populations` (of its journey, else of all journeys of its component; null for all and none), and
        `_first`, `_last`: between which days that agreements name all of its days lie; null where no bound is known."""
        agreements = [one for _, one in network.each()]
        journey = "journey_id" if "journey_id" in frame.columns else None
        told = frame.with_columns(self._tellers.of(name, frame).alias("_tellers"))
        told = told.join(self._of_component, on="_component", how="left", maintain_order="left")
        if journey:
            told = told.join(self._of_journey, on=journey, how="left", maintain_order="left")
            own = pl.when(pl.col("_modality").is_not_null()).then(pl.concat_list("_modality"))
            named = pl.when(pl.col(journey).is_not_null()).then(own).otherwise("_among").alias("_populations")
            told = told.with_columns(named).drop("_modality", "_among")
        else:
            told = told.rename({"_among": "_populations"})
        dates = [pl.col(column).cast(pl.Date) for column, action in table.columns.items() if action == "day" and column in frame.columns]
        first, last = (pl.min_horizontal(dates), pl.max_horizontal(dates)) if dates else (pl.lit(None, pl.Date), pl.lit(None, pl.Date))
        return told.with_columns(_from(first, agreements).alias("_first"), _to(last, agreements).alias("_last"))


def _from(day: pl.Expr, agreements: Iterable[Agreement]) -> pl.Expr:
    """The last day from which an agreement gives, on it or before: every agreement answers about it as about the day itself."""
    firsts = sorted({one.first_day for one in agreements if one.first_day})
    return pl.max_horizontal([pl.lit(None, pl.Date), *(pl.when(day >= one).then(pl.lit(one)) for one in firsts)])


def _to(day: pl.Expr, agreements: Iterable[Agreement]) -> pl.Expr:
    lasts = sorted({one.last_day for one in agreements if one.last_day})
    return pl.min_horizontal([pl.lit(None, pl.Date), *(pl.when(day <= one).then(pl.lit(one)) for one in lasts)])


class _Class(NamedTuple):
    """Rows about which the same is asked."""

    tellers: tuple[str, ...]
    populations: frozenset[str] | None
    first: date | None
    last: date | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> _Class:
        among = row["_populations"]
        return cls(tuple(row["_tellers"]), None if among is None else frozenset(among), row["_first"], row["_last"])


class _Answer(NamedTuple):
    """Of one class: the columns that all who told its rows permit, by whom, and which columns each teller does not."""

    allowed: frozenset[str]
    by: frozenset[str]
    refused: Mapping[str, tuple[str, ...]]


class _Asking:
    """Asks everything once, and keeps what was answered."""

    def __init__(self, rights: Rights, wanted: Wanted) -> None:
        self._rights, self._wanted = rights, wanted
        self._recipients = sorted(rights.network.roles) if wanted.to == EVERYBODY else [wanted.to]
        self.decisions: list[Decision] = []

    def about(self, table: str, columns: Sequence[str], classes: Sequence[_Class]) -> list[_Answer]:
        asked = [one for one in columns if one in self._rights.network.columns.get(table, {})]
        known = self._rights.network.roles.keys() - {UNKNOWN}
        wishes = {self._request(teller, table, column, one) for one in classes for teller in known & {*one.tellers} for column in asked}
        by = self._decided(sorted(wishes, key=_order))
        return [self._answer(table, columns, one, by) for one in classes]

    def _decided(self, requests: Sequence[Request]) -> dict[Request, set[str]]:
        """Of each that every recipient is permitted, the policies that permit it. After one refusal no further recipient is asked for."""
        standing: dict[Request, set[str]] = {one: set() for one in requests}
        for recipient in self._recipients:
            made = self._rights.decide([replace(one, recipient=recipient) for one in standing])
            self.decisions += made
            standing = {one: by | set(of.policies) for (one, by), of in zip(standing.items(), made, strict=True) if of.is_allowed}
        return standing

    def _request(self, teller: str, table: str, column: str, one: _Class) -> Request:
        """What none of a teller's agreements tells apart is asked for at once: fewer questions, the same answers."""
        of = self._rights.network.declared.get(teller, Declared()).agreements
        among = one.populations if any(own.populations for own in of) else None
        first = one.first if any(own.first_day for own in of) else None
        last = one.last if any(own.last_day for own in of) else None
        wanted = self._wanted
        to = self._recipients[0]
        return Request(to, teller, table, column, "row", wanted.use, wanted.as_of, wanted.consent, among, first, last)

    def _answer(self, table: str, columns: Sequence[str], one: _Class, by: Mapping[Request, set[str]]) -> _Answer:
        refused, allowed, policies = {}, set(columns), {}
        for teller in one.tellers or (UNKNOWN,):
            of = {column: by.get(self._request(teller, table, column, one)) for column in columns}
            allowed &= {column for column, permits in of.items() if permits}
            policies[teller] = of
            refused[teller] = tuple(column for column, permits in of.items() if not permits)
        named = {name for of in policies.values() for column in allowed for name in of[column] or ()}
        return _Answer(frozenset(allowed), frozenset(_agreement(name) for name in named), refused)


def _agreement(policy: str) -> str:
    return policy if policy == OWN else policy.rpartition("/")[0]


def _order(one: Request) -> tuple[object, ...]:
    among = () if one.populations is None else tuple(sorted(one.populations))
    return one.contributor, one.table, one.column, among, one.first_day or date.min, one.last_day or date.max


def _blanked(frame: pl.DataFrame, columns: Sequence[str], allowed: Sequence[frozenset[str]]) -> pl.DataFrame:
    """`frame` (with `_class`) where a cell is empty unless its class has its column; rows of which no cell is left are gone."""
    of = {column: [number for number, one in enumerate(allowed) if column in one] for column in columns}
    blanked = frame.with_columns(pl.when(pl.col("_class").is_in(of[column])).then(column).alias(column) for column in columns)
    return blanked.filter(pl.any_horizontal(pl.lit(value=False), *(pl.col(column).is_not_null() for column in columns)))


def _left_out(table: str, width: int, asked: Sequence[_Answer], counts: Counter[int]) -> Iterator[LeftOut]:
    rows: Counter[tuple[str, tuple[str, ...]]] = Counter()
    for number, one in enumerate(asked):
        for teller, columns in one.refused.items():
            if columns:
                rows[teller, columns] += counts[number]
    yield from (LeftOut(table, teller, columns, count, len(columns) == width) for (teller, columns), count in sorted(rows.items()))
