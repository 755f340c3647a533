"""From rows that mention identifiers in a role, and statements about identifiers, to persons: connected components per role.

Donor and recipient are two persons unless a contract says of an identifier that it names both at once (autologous). Holds
integers only: tokens are numbered in the order of their release tokens, so the smallest number names a person.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cgt_etl.identity.components import Ints, smallest_labels
from cgt_etl.identity.contradictions import NUMBERED_ONCE, Conflict, Fact, Mention, Said, Token, Verdict, resolve
from cgt_etl.identity.statements import NOTHING_SAID, Statements

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
class Facts:
    """What rows state of a person beside identifiers: equally long arrays; `kind` is a place in `kinds`. Of one kind, equal values are
    equal numbers."""

    kinds: tuple[str, ...]
    row: Ints
    role: Ints
    kind: Ints
    value: Ints


NO_FACTS = Facts((), *(np.empty(0, dtype=np.int64) for _ in range(4)))


@dataclass(frozen=True)
class Persons:
    """`subject[token]`: smallest token of the person that the token names, -1 where it names none."""

    subject: Ints
    is_contested: NDArray[np.bool_]
    conflicts: list[Conflict]


def persons(mentions: Mentions, tokens: Tokens, statements: Statements = NOTHING_SAID, facts: Facts = NO_FACTS) -> Persons:
    """Partition the tokens that are mentioned or spoken of into persons.

    A statement is about the persons that its two identifiers name: it holds in each role that both have, and else between the one's
    person and the other's. Two to be kept apart are so in every role. Facts of rows that mention nobody in their role are nobody's. The
    result depends on the sets of mentions, statements and facts alone. A token mentioned in both roles, whose two persons stay apart, is
    counted to its recipient and contested. Contradictions are resolved in each component by itself, whatever else contradicts itself.
    """
    size = len(tokens.kind)
    is_used = _used(mentions, statements, size)
    one, other, is_same, row = _placed(statements, is_used)
    node = 2 * mentions.token + mentions.role  # as narrow as the numbers of tokens are
    group = _joined(mentions, tokens, node, one[is_same], other[is_same])
    used = np.flatnonzero(is_used)
    torn = _torn(group, used, tokens, statements)
    of_fact = _sides(mentions, facts, group)
    torn = np.union1d(torn, _of_two(of_fact, facts.kind, facts.value))
    torn = np.union1d(torn, group[one[~is_same & (group[one] == group[other])]])
    of_mention, of_said = group[node], np.where(group[one] == group[other], group[one], -1)
    verdict = Verdict()
    for mentioned, spoken, stating in zip(*(_parts(torn, of) for of in (of_mention, of_said, of_fact)), strict=True):
        listed = zip(*(values[mentioned].tolist() for values in (mentions.row, mentions.role, mentions.token)), strict=True)
        found = [Mention(*each) for each in listed]
        listed = zip(*(values[spoken].tolist() for values in (one, other, is_same, row)), strict=True)
        said = [Said(divmod(left, 2), divmod(right, 2), same, by) for left, right, same, by in listed]
        listed = zip(*(values[stating].tolist() for values in (facts.row, facts.role, facts.kind, facts.value)), strict=True)
        stated = [Fact(at, role, facts.kinds[kind], value) for at, role, kind, value in listed]
        known = {each.token for each in found} | {token for each in said for token, _ in each[:2]}
        told = resolve(found, {token: tokens.of(token) for token in known}, said, stated)
        first = 2 * size + len(verdict.group)  # a verdict's numbers are smaller than how many they are
        verdict.group |= {each: first + number for each, number in told.group.items()}
        verdict.contested |= told.contested
        verdict.conflicts |= told.conflicts
    for (token, role), number in verdict.group.items():
        group[2 * token + role] = number

    recipients, donors = is_used[RECIPIENT::2], is_used[DONOR::2]
    parted = recipients & donors & (group[RECIPIENT::2] != group[DONOR::2])
    is_contested = parted.copy()
    is_contested[sorted(verdict.contested)] = True
    conflicts = sorted(verdict.conflicts | _in_both_roles(mentions, parted))

    kept = np.where(recipients, group[RECIPIENT::2], group[DONOR::2])
    subject = np.full(size, -1, dtype=np.int64)
    named = np.flatnonzero(recipients | donors)
    smallest = np.full(int(kept.max(initial=0)) + 1, size, dtype=np.int64)
    np.minimum.at(smallest, kept[named], named)
    subject[named] = smallest[kept[named]]
    return Persons(subject, is_contested, conflicts)


def _used(mentions: Mentions, statements: Statements, size: int) -> NDArray[np.bool_]:
    """Which (token, role) nodes there are; a token that is only spoken of has the role of the one it is said to be the same as."""
    is_used = np.zeros(2 * size, dtype=np.bool_)
    is_used[2 * mentions.token + mentions.role] = True
    one, other = statements.one[statements.is_same], statements.other[statements.is_same]
    is_mentioned = is_used[RECIPIENT::2] | is_used[DONOR::2]
    for left, right in ((one, other), (other, one)):
        only_donor = is_used[2 * right + DONOR] & ~is_used[2 * right + RECIPIENT]
        is_new = ~is_mentioned[left]
        is_used[2 * left[is_new] + only_donor[is_new]] = True
    return is_used


def _placed(statements: Statements, is_used: NDArray[np.bool_]) -> tuple[Ints, Ints, NDArray[np.bool_], Ints]:
    """Statements on tokens as statements on (token, role) nodes: one node, other node, is_same, row."""
    left, right, same, row = statements.one, statements.other, statements.is_same, statements.row
    has_left, has_right = ([is_used[2 * token + role] for role in (RECIPIENT, DONOR)] for token in (left, right))
    shared = [has_left[role] & has_right[role] for role in (RECIPIENT, DONOR)]
    across = ~shared[RECIPIENT] & ~shared[DONOR]
    parts = []
    for first in (RECIPIENT, DONOR):
        for second in (RECIPIENT, DONOR):
            both = has_left[first] & has_right[second]
            kept = both & np.where(same, shared[first] if first == second else across, True)
            parts.append((2 * left[kept] + first, 2 * right[kept] + second, same[kept], row[kept]))
    one, other, is_same, by = (np.concatenate([part[place] for part in parts]) for place in range(4))
    return one, other, is_same.astype(np.bool_), by


def _joined(mentions: Mentions, tokens: Tokens, node: Ints, one: Ints, other: Ints) -> Ints:
    """Component of each (token, role) node, before any contradiction is looked for."""
    size = 2 * len(tokens.kind)
    small: Any = np.int64 if size > np.iinfo(np.int32).max else np.int32
    side = 2 * mentions.row + mentions.role
    order = np.argsort(side, kind="stable")
    side, named = side[order], node[order].astype(small)
    del order
    starts = np.flatnonzero(np.diff(side, prepend=-1))
    del side
    firsts = np.repeat(named[starts], np.diff(starts, append=len(named)))
    del starts
    is_beside = firsts != named
    both = np.flatnonzero(tokens.joins_roles).astype(small)
    left = np.concatenate([firsts[is_beside], 2 * both, one.astype(small)])
    right = np.concatenate([named[is_beside], 2 * both + 1, other.astype(small)])
    del firsts, named, is_beside
    return smallest_labels(size, left, right)


def _torn(group: Ints, used: Ints, tokens: Tokens, statements: Statements) -> Ints:
    """Components that hold two numbers of one issuer which no statement calls one."""
    once = [place for place, kind in enumerate(tokens.kinds) if kind in NUMBERED_ONCE]
    numbers = used[np.isin(tokens.kind[used // 2], once)]
    same = statements.is_same
    value = smallest_labels(len(tokens.kind), statements.one[same], statements.other[same])[numbers // 2]
    issuer = tokens.issuer[numbers // 2].astype(np.int64) * max(len(tokens.kinds), 1) + tokens.kind[numbers // 2]
    return _of_two(group[numbers], issuer, value)


def _sides(mentions: Mentions, facts: Facts, group: Ints) -> Ints:
    """Component of the person that each fact is about; -1 where its row mentions nobody in its role."""
    if not len(facts.row):
        return np.empty(0, dtype=np.int64)
    side, first = np.unique(2 * mentions.row + mentions.role, return_index=True)
    wanted = 2 * facts.row + facts.role
    place = np.searchsorted(side, wanted)
    found = np.full(len(wanted), -1, dtype=np.int64)
    is_there = place < len(side)
    is_there[is_there] = side[place[is_there]] == wanted[is_there]
    at = first[place[is_there]]
    found[is_there] = group[2 * mentions.token[at] + mentions.role[at]]
    return found


def _parts(components: Ints, of: Ints) -> list[Ints]:
    """Places of what belongs to each of these components, which are in order; `of` tells the component of each place."""
    if not len(components):
        return []
    at = np.flatnonzero(np.isin(of, components))
    at = at[np.argsort(of[at], kind="stable")]
    return np.split(at, np.searchsorted(of[at], components[1:]))


def _of_two(group: Ints, family: Ints, value: Ints) -> Ints:
    """Components that hold two values of one family."""
    order = np.lexsort((value, family, group))
    held = [column[order] for column in (group, family, value)]
    same = [column[1:] == column[:-1] for column in held]
    return np.unique(held[0][1:][same[0] & same[1] & ~same[2] & (held[0][1:] >= 0)])


def _in_both_roles(mentions: Mentions, parted: NDArray[np.bool_]) -> set[Conflict]:
    told = parted[mentions.token]
    return {Conflict(ONE_OF_BOTH_ROLES, int(row), int(token)) for row, token in zip(mentions.row[told], mentions.token[told], strict=True)}
