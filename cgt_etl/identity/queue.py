"""What waits for a steward: pairs that demographics propose, and contradictions, each with the evidence of both sides.

Read from the identity tables that the current release was built with. Shows kinds, issuers, deliveries and rows; never a value, and of
landing nothing is opened but manifests. Decides nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from cgt_etl.contracts.vocabulary import rules
from cgt_etl.errors import CgtError
from cgt_etl.identity import decisions
from cgt_etl.identity.contradictions import KEPT_APART, NUMBERED_ONCE
from cgt_etl.landing.delivery import delivery
from cgt_etl.release import plan, read
from cgt_etl.settings import Settings

MOST_ROWS = 5
"""Of one side's evidence that are listed; the rest is counted."""

Row = tuple[str, int, str]
"""Delivery, row, object."""


@dataclass(frozen=True)
class Side:
    """One of two persons, by one identifier of theirs."""

    subject_id: str
    token: str
    """Release token of the identifier."""
    identifiers: str
    """Kinds and issuers of all of theirs."""
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Item:
    """A question to a steward: are these two one person?"""

    id: str
    about: str
    """Why it is asked: which forms agree, or which rule is broken."""
    weight: float | None
    """Of a proposal: log2 of the odds that it is one person."""
    sides: tuple[Side, Side]

    @property
    def pair(self) -> tuple[str, str]:
        return self.sides[0].token, self.sides[1].token

    def said(self) -> str:
        """For the decision: what the steward saw."""
        seen = (f"{of.rows[0][0]} row {of.rows[0][1]}" for of in self.sides if of.rows)
        return f"{self.id}: {self.about}; {' and '.join(seen)}"


@dataclass(frozen=True)
class Queue:
    """`waiting`: contradictions, then proposals, the heaviest first. `to_mend`: contradictions that no further decision ends: they come
    from an identifier used wrongly, or are what records say against a decision."""

    waiting: list[Item]
    to_mend: list[str]

    def item(self, id_: str) -> Item:
        """Raises CgtError where it does not wait."""
        found = [one for one in self.waiting if one.id == id_]
        if len(found) != 1:
            what = "two items have this id" if found else "nothing with this id waits"
            raise CgtError(what, remedy="`cgt-etl identity review` lists what waits; a decided item is taken up by the next night")
        return found[0]


def load(settings: Settings) -> Queue:
    """The queue as the current release left it, without what was decided since.

    Raises:
        CgtError: there is no release, its identity tables are gone (a restored home has none until its next night), or a decision is
            damaged.
    """
    release = read.current(settings)
    folder = plan.identity_folder(settings, release.id) if release else None
    if folder is None or not (folder / "proposal.parquet").is_file():
        raise CgtError("there are no identity tables to look at", remedy="Run a night: `cgt-etl run`")
    persons = _Persons(_table(folder, "identifier"))
    decided = {frozenset(map(persons.subject_of, one.pair)) for one in decisions.in_force(decisions.load(settings))}
    conflicts, to_mend = _conflicts(_table(folder, "conflict"), persons)
    known = [*conflicts, *_proposals(_table(folder, "proposal"), persons)]
    waiting = [one for one in known if frozenset(side.subject_id for side in one.sides) not in decided]
    return Queue(waiting, to_mend)


def lines(settings: Settings, queue: Queue, as_of: datetime, most: int) -> list[str]:
    """For the terminal. Something has waited since the latest of its evidence was received, in days until `as_of` (with a zone)."""
    received: dict[str, datetime] = {}

    def days(rows: Iterable[Row]) -> int:
        for id_ in {row[0] for row in rows} - received.keys():
            received[id_] = datetime.fromisoformat(delivery(settings, id_).manifest.received_at)
        return max((as_of - max(received[row[0]] for row in rows)).days, 0)

    found = []
    for one in queue.waiting[:most]:
        weight = f", weight {one.weight:g}" if one.weight is not None else ""
        rows = [side.rows[0] for side in one.sides if side.rows]
        found.append(f"{one.id}  {one.about}{weight}" + (f"; for {days(rows)} days" if rows else ""))
        for side in one.sides:
            found.append(f"  {side.identifiers}")
            found += [f"    {id_} row {row} ({object_})" for id_, row, object_ in side.rows[:MOST_ROWS]]
            if len(side.rows) > MOST_ROWS:
                found.append(f"    and {len(side.rows) - MOST_ROWS} more rows")
    if len(queue.waiting) > most:
        found.append(f"... and {len(queue.waiting) - most} more")
    found += [f"To be looked into: {one}" for one in queue.to_mend]
    return found or ["Nothing waits."]


class _Persons:
    """Whose each identifier is, as the tables say."""

    def __init__(self, identifiers: list[dict[str, Any]]) -> None:
        self._subject: dict[str, str] = {row["release_token"]: row["subject_id"] for row in identifiers if row["subject_id"]}
        self._kinds: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
        for row in identifiers:
            if row["subject_id"]:
                self._kinds[row["subject_id"]].add((row["kind"], row["issuer"], row["release_token"]))

    def subject_of(self, token: str) -> str:
        """The token itself where no record mentions it now."""
        return self._subject.get(token, token)

    def side(self, subject_id: str, token: str, rows: Iterable[Row]) -> Side:
        said = sorted({kind + (f" of {issuer}" if issuer else "") for kind, issuer, _ in self._kinds[subject_id]})
        return Side(subject_id, token, ", ".join(said), tuple(sorted(set(rows))))

    def numbered_twice(self, one: str, other: str) -> tuple[str, str] | None:
        """The numbers of one issuer that the two have, where both have one."""
        of_one, of_other = (
            {(kind, issuer): token for kind, issuer, token in sorted(self._kinds[of]) if kind in NUMBERED_ONCE} for of in (one, other)
        )
        shared = sorted(of_one.keys() & of_other.keys())
        return (of_one[shared[0]], of_other[shared[0]]) if shared else None


def _proposals(rows: list[dict[str, Any]], persons: _Persons) -> list[Item]:
    return [
        Item(
            row["proposal_id"],
            f"agree in {row['agreement']}",
            row["match_weight"],
            (
                persons.side(row["subject_id"], row["token"], [(row["source_delivery"], row["source_row"], row["object"])]),
                persons.side(
                    row["other_subject_id"],
                    row["other_token"],
                    [(row["other_source_delivery"], row["other_source_row"], row["other_object"])],
                ),
            ),
        )
        for row in rows
    ]


def _conflicts(rows: list[dict[str, Any]], persons: _Persons) -> tuple[list[Item], list[str]]:
    """A question per two persons of a contradiction who have a number each of one issuer; the other contradictions as sentences."""
    told: dict[tuple[str, str], dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        told[row["rule_id"], row["component_id"]][row["subject_id"]].append((row["source_delivery"], row["source_row"], row["object"]))
    items: dict[str, Item] = {}
    to_mend = []
    for (rule, _), by_subject in sorted(told.items()):
        about = f"{rule} {rules()[rule].title}" if rule in rules() else rule
        found = []
        for one, other in combinations(sorted(by_subject), 2) if rule != KEPT_APART else ():
            if tokens := persons.numbered_twice(one, other):
                sides = persons.side(one, tokens[0], by_subject[one]), persons.side(other, tokens[1], by_subject[other])
                found.append(Item("k" + sha256("|".join((rule, *sorted(tokens))).encode()).hexdigest()[:8], about, None, sides))
        items |= {one.id: one for one in found}
        if not found:
            where = sorted({row for listed in by_subject.values() for row in listed})
            to_mend.append(f"{about}: {', '.join(f'{id_} row {row}' for id_, row, _ in where[:MOST_ROWS])}")
    return list(items.values()), to_mend


def _table(folder: Path, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(folder / f"{name}.parquet").to_pylist()
    return rows
