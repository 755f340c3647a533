"""Whose rows may serve an answer that goes to everybody: rights are asked for each contributor, recipient and column; one no is enough.

Decides nothing itself: `Decide` is the agreements' engine (`of_agreements`). Sees no rows, so that who is left out tells nothing of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import product
from typing import NamedTuple

import polars as pl

from cgt_etl.egress.rights.decisions import Decision, Request, Rights, Use
from cgt_etl.release.read import Release


class Wish(NamedTuple):
    """What has to be permitted: a contributor's column, to a recipient, in an aggregate; both are partners."""

    recipient: str
    contributor: str
    table: str
    column: str
    purpose: str
    """Of the sharing policy."""
    as_of: date
    """The day on which it has to hold."""


Decide = Callable[[Sequence[Wish]], Sequence[tuple[bool, str]]]
"""Of each wish, whether it is permitted, and why or why not; all at once, since an engine reads its policies for each call."""


class Refusal(NamedTuple):
    """Why a legal entity is left out of a question: the first refusal of one of its partners."""

    legal_entity: str
    contributor: str
    recipient: str
    column: str
    why: str


class Permitted(NamedTuple):
    """Legal entities whose rows may serve; of the others, why not."""

    legal_entities: tuple[str, ...]
    refused: tuple[Refusal, ...]


def permitted(
    decide: Decide, contributors: Mapping[str, Sequence[str]], recipients: Sequence[str], columns: Sequence[str], about: tuple[str, date]
) -> Permitted:
    """Legal entities all of whose partners permit every recipient every column.

    Args:
        decide: see `Decide`.
        contributors: legal entity -> its partners that contribute.
        recipients: partners that get the answer.
        columns: released columns as `table.column`.
        about: the purpose, and the day on which it has to hold.
    """
    asked = [
        (name, place, Wish(recipient, contributor, place.partition(".")[0], place.partition(".")[2], *about))
        for name, partners in sorted(contributors.items())
        for contributor, recipient, place in product(partners, recipients, columns)
    ]
    refused: dict[str, Refusal] = {}
    for (name, place, wish), (is_permitted, why) in zip(asked, decide([wish for _, _, wish in asked]), strict=True):
        if not is_permitted:
            refused.setdefault(name, Refusal(name, wish.contributor, wish.recipient, place, why))
    return Permitted(tuple(name for name in sorted(contributors) if name not in refused), tuple(refused.values()))


def of_agreements(rights: Rights, use: str, keep: Callable[[Sequence[Decision]], object] = lambda _: None) -> Decide:
    """What agreements permit of a use, a DUO term: the aggregate of a column, of people whose consents cover the wish's purpose.

    Args:
        keep: gets what was decided before anybody else does.

    Raises, when asked:
        CgtError: a wish names what the agreements' network does not have; see `Rights.decide`.
    """

    def decide(wishes: Sequence[Wish]) -> list[tuple[bool, str]]:
        made = rights.decide(
            [
                Request(one.recipient, one.contributor, one.table, one.column, "aggregate", Use(use), one.as_of, consent=one.purpose)
                for one in wishes
            ]
        )
        keep(made)
        return [(one.is_allowed, ", ".join(one.policies) or "no agreement permits it") for one in made]

    return decide


def partners(release: Release, roles: Iterable[str] | None = None) -> dict[str, tuple[str, ...]]:
    """Legal entities that partner files declare, and their partners of one of the roles, or all: it does not matter what they delivered."""
    declared = pl.read_parquet(release.parquet("party")).drop_nulls("legal_entity").sort("legal_entity", "party_id")
    if roles is not None:
        declared = declared.filter(pl.col("roles").str.split(", ").list.set_intersection(list(roles)).list.len() > 0)
    return {name: tuple(of["party_id"]) for (name,), of in declared.group_by("legal_entity", maintain_order=True)}
