"""From rows that mention identifiers in a role to persons: connected components per role, contradictions set apart.

Donor and recipient are two persons unless a contract says of an identifier that it names both at once (autologous). Holds
integers only: tokens are numbered in the order of their release tokens, so the smallest number names a person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cgt_etl.identity.components import Ints, smallest_labels
from cgt_etl.identity.contradictions import Conflict, Mention, Token, Verdict, resolve

RECIPIENT, DONOR = 0, 1
ONE_OF_BOTH_ROLES = "I02"
"""One identifier given here as a recipient's and there as a donor's, and no contract says that it is both."""


@dataclass(frozen=True)
class Mentions:
    """Who is named where: equally long arrays, one entry per row, role and token. A token for both roles has two entries."""

    row: Ints
    role: Ints
    token: Ints


@dataclass(frozen=True)
class Tokens:
    """Every token in use, by number: `kind` and `issuer` are places in `kinds` and in the caller's list of issuers."""

    kinds: list[str]
    kind: Ints
    issuer: Ints
    joins_roles: NDArray[np.bool_]

    def of(self, token: int) -> Token:
        return Token(self.kinds[self.kind[token]], str(self.issuer[token]), bool(self.joins_roles[token]))


@dataclass(frozen=True)
class Persons:
    """`subject[token]`: smallest token of the person that the token names, -1 where it names none."""

    subject: Ints
    is_contested: NDArray[np.bool_]
    conflicts: list[Conflict]


def persons(mentions: Mentions, tokens: Tokens, numbered_once: str) -> Persons:
    """Partition the tokens that are mentioned into persons.

    `numbered_once` is the kind of identifier of which a person has one per issuer. The result depends on the set of mentions
    alone. A token mentioned in both roles, whose two persons stay apart, is counted to its recipient and contested.
    """
    size = len(tokens.kind)
    node = 2 * mentions.token + mentions.role
    group = _joined(mentions, tokens, node)
    used = np.unique(node)
    torn = _torn(group, used, tokens, numbered_once)
    verdict = Verdict()
    if len(torn):
        inside = np.isin(group[node], torn)
        found = [Mention(*map(int, one)) for one in zip(mentions.row[inside], mentions.role[inside], mentions.token[inside], strict=True)]
        verdict = resolve(found, {token: tokens.of(token) for token in {one.token for one in found}})
        for (token, role), number in verdict.group.items():
            group[2 * token + role] = 2 * size + number

    is_used = np.zeros(2 * size, dtype=np.bool_)
    is_used[used] = True
    recipients, donors = is_used[RECIPIENT::2], is_used[DONOR::2]
    parted = recipients & donors & (group[RECIPIENT::2] != group[DONOR::2])
    is_contested = parted.copy()
    is_contested[sorted(verdict.contested)] = True
    conflicts = sorted(verdict.conflicts | _in_both_roles(mentions, parted))

    kept = np.where(recipients, group[RECIPIENT::2], group[DONOR::2])
    subject = np.full(size, -1, dtype=np.int64)
    named = np.flatnonzero(recipients | donors)
    _, inverse = np.unique(kept[named], return_inverse=True)
    smallest = np.full(len(named), size, dtype=np.int64)
    np.minimum.at(smallest, inverse, named)
    subject[named] = smallest[inverse]
    return Persons(subject, is_contested, conflicts)


def _joined(mentions: Mentions, tokens: Tokens, node: Ints) -> Ints:
    """Component of each (token, role) node, before any contradiction is looked for."""
    both = np.flatnonzero(tokens.joins_roles)
    if not len(node):
        return np.arange(2 * len(tokens.kind), dtype=np.int64)
    side = 2 * mentions.row + mentions.role
    order = np.argsort(side, kind="stable")
    starts = np.flatnonzero(np.diff(side[order], prepend=-1))
    firsts = np.repeat(node[order][starts], np.diff(starts, append=len(side)))
    left, right = np.concatenate([firsts, 2 * both]), np.concatenate([node[order], 2 * both + 1])
    return smallest_labels(2 * len(tokens.kind), left, right)


def _torn(group: Ints, used: Ints, tokens: Tokens, numbered_once: str) -> Ints:
    """Components that hold two numbers of one issuer."""
    if numbered_once not in tokens.kinds:
        return np.empty(0, dtype=np.int64)
    numbers = used[tokens.kind[used // 2] == tokens.kinds.index(numbered_once)]
    held = np.unique(np.stack([group[numbers], tokens.issuer[numbers // 2], numbers // 2], axis=1), axis=0)
    twice = (held[1:, :2] == held[:-1, :2]).all(axis=1)
    return np.unique(held[1:][twice, 0])


def _in_both_roles(mentions: Mentions, parted: NDArray[np.bool_]) -> set[Conflict]:
    told = parted[mentions.token]
    return {
        Conflict(ONE_OF_BOTH_ROLES, int(row), int(role), int(token))
        for row, role, token in zip(mentions.row[told], mentions.role[told], mentions.token[told], strict=True)
    }
