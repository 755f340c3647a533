"""Merges and links of numbers by those who issue them, replayed: which statements stand, and which number stands for which.

Takes what the records that stand say, in the order in which their feeds say it; so a merge that was retracted or corrected was never
delivered, and one that was taken back by a later record of its feed says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

REPLACES, PARTED = "replaces", "parted"


class Stated(NamedTuple):
    """A record's statement on two tokens. `replaces`: `one` stands for `other`, which is no more; `same`: both stand, for one person;
    `parted`: whatever the stream said of the two before is so no more."""

    stream: int
    one: int
    other: int
    says: str
    row: int


@dataclass(frozen=True)
class Replayed:
    """`standing`: the statements that say that two tokens are one person's. `survivor`: a token that is no more -> the one that stands."""

    standing: list[Stated]
    survivor: dict[int, int]


def replay(stated: Iterable[Stated]) -> Replayed:
    """`stated` come in the order of their streams (one partner's feed), and within one in the order in which it says them.

    The last statement of a stream on two numbers counts, whichever of them it names first. A number that a later merge lets stand, stands
    again: of A into B and later of B into A, B is no more; chains end at the number that stands, and never in a circle.
    """
    last: dict[tuple[int, int, int], Stated] = {}
    for said in stated:
        pair = (said.stream, min(said.one, said.other), max(said.one, said.other))
        if said.one != said.other:
            last.pop(pair, None)
            last[pair] = said
    standing = [said for said in last.values() if said.says != PARTED]
    replaced: dict[int, int] = {}
    for said in (said for said in standing if said.says == REPLACES):
        replaced.pop(said.one, None)
        replaced[said.other] = said.one
    return Replayed(standing, {token: _end(replaced, token) for token in replaced})


def _end(replaced: dict[int, int], token: int) -> int:
    way = [token]
    while (after := replaced.get(way[-1])) is not None:
        way.append(after)
    for passed in way[:-1]:
        replaced[passed] = way[-1]
    return way[-1]
