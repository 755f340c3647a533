"""What becomes of persons whose evidence contradicts itself: nobody is merged silently, the weakest joining identifier yields.

Works on plain integers and only on the few components that hold a contradiction; the clean ones never come here. A first,
deterministic rule: a steward's decisions and HL7 merges are not known here yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

COI_OF_TWO = "R05"
"""One chain-of-identity id used with two medical record numbers of one hospital."""
PERSON_OF_TWO = "I01"
"""Anything else that would make one person of two medical record numbers of one hospital."""

STRENGTH = {kind: place for place, kind in enumerate(("coi", "grid", "donor_id", "crid", "fhir_patient_id"))}
"""Precedence of identifiers that join persons, strongest first; unknown kinds come after these, medical record numbers last,
since one hospital's number joins two numbers of another only by way of somebody's typing."""
NUMBERED_ONCE = "mrn"
"""The kind of which one issuer gives a person one number, so that two of them are two people until a merge says otherwise."""


class Mention(NamedTuple):
    """A row names a person by a token, in a role. A chain-of-identity id for both roles is mentioned twice."""

    row: int
    role: int
    token: int


class Token(NamedTuple):
    """What is known of an identifier. `joins_roles`: a contract says it names donor and recipient at once (autologous)."""

    kind: str
    issuer: str
    joins_roles: bool


class Conflict(NamedTuple):
    """`row` takes part in a contradiction under `rule`, on the side of the subject of `token` in `role`."""

    rule: str
    row: int
    role: int
    token: int


@dataclass
class Verdict:
    """`group`: (token, role) -> any number that is the same for one person and no other. Groups are named by the caller."""

    group: dict[tuple[int, int], int] = field(default_factory=dict)
    contested: set[int] = field(default_factory=set)
    conflicts: set[Conflict] = field(default_factory=set)


def resolve(mentions: Iterable[Mention], tokens: dict[int, Token]) -> Verdict:
    """Join what may be joined, strongest identifiers first, so that no group holds two numbers of one issuer.

    The rows of an identifier are joined unless that would bring two numbers of one issuer together; then the identifier is set
    aside: it joins nothing, is a person of its own, and is contested together with the numbers. A row that itself says two
    numbers of one issuer for one role joins nothing either. Order of the mentions is irrelevant: identifiers are taken in order
    of strength, then of token (the caller's numbers follow the release tokens).
    """
    said: dict[tuple[int, int], set[int]] = defaultdict(set)
    for mention in mentions:
        said[mention.row, mention.role].add(mention.token)
    return _Resolution(dict(sorted(said.items())), tokens).verdict


class _Resolution:
    """One run of `resolve`: a union-find over (row, role) sides, each knowing which number of which issuer it holds."""

    def __init__(self, said: dict[tuple[int, int], set[int]], tokens: dict[int, Token]) -> None:
        self.tokens = tokens
        self.sides = list(said)
        self.said = list(said.values())
        self.numbers = [self._numbers(of) for of in self.said]
        self.parent = list(range(len(self.sides)))
        self.held = [{issuer: next(iter(of)) for issuer, of in numbers.items()} for numbers in self.numbers]
        self.is_torn = [any(len(of) > 1 for of in numbers.values()) for numbers in self.numbers]
        self.verdict = Verdict()
        mentioned = self._mentioned()
        self.set_aside = {one for one in sorted(mentioned, key=self._strength) if not self._join(one, mentioned[one])}
        self._group(mentioned)
        self._torn_rows()

    def _numbers(self, tokens: set[int]) -> dict[str, set[int]]:
        numbers: dict[str, set[int]] = defaultdict(set)
        for token in sorted(tokens):
            if self.tokens[token].kind == NUMBERED_ONCE:
                numbers[self.tokens[token].issuer].add(token)
        return numbers

    def _mentioned(self) -> dict[tuple[int, int], list[int]]:
        """(token, role) -> places of its sides; role 0 stands for both where the token joins them."""
        mentioned: dict[tuple[int, int], list[int]] = defaultdict(list)
        for place, (_, role) in enumerate(self.sides):
            for token in self.said[place]:
                mentioned[token, 0 if self.tokens[token].joins_roles else role].append(place)
        return mentioned

    def _strength(self, one: tuple[int, int]) -> tuple[int, int, int]:
        kind = self.tokens[one[0]].kind
        weakest = len(STRENGTH) + 1
        return (weakest if kind == NUMBERED_ONCE else STRENGTH.get(kind, len(STRENGTH)), *one)

    def _find(self, place: int) -> int:
        while self.parent[place] != place:
            self.parent[place] = self.parent[self.parent[place]]
            place = self.parent[place]
        return place

    def _join(self, one: tuple[int, int], places: list[int]) -> bool:
        """Unite the sides that mention the token, or set it aside and say False."""
        token = one[0]
        if self.tokens[token].kind == "coi":
            used_with: dict[str, set[int]] = defaultdict(set)
            for place in places:
                for issuer, numbers in self.numbers[place].items():
                    used_with[issuer] |= numbers
            if self._contested(COI_OF_TWO, token, places, used_with):
                return False
        roots = sorted({self._find(place) for place in places if not self.is_torn[place]})
        together: dict[str, set[int]] = defaultdict(set)
        for root in roots:
            for issuer, number in self.held[root].items():
                together[issuer].add(number)
        if self._contested(PERSON_OF_TWO, token, places, together):
            return False
        for root in roots[1:]:
            self.parent[root] = roots[0]
            self.held[roots[0]] |= self.held[root]
        return True

    def _contested(self, rule: str, token: int, places: list[int], together: dict[str, set[int]]) -> bool:
        """Record the contradiction, if `together` holds one, for each row that mentions the token."""
        numbers = {number for of in together.values() if len(of) > 1 for number in of}
        if not numbers:
            return False
        self.verdict.contested |= numbers | {token}
        for place in places:
            row, role = self.sides[place]
            side = sorted(numbers & self.said[place]) or [token]
            self.verdict.conflicts |= {Conflict(rule, row, role, number) for number in side}
        return True

    def _group(self, mentioned: dict[tuple[int, int], list[int]]) -> None:
        alone = len(self.sides)
        for (token, role), places in sorted(mentioned.items()):
            whole = [] if (token, role) in self.set_aside else [place for place in places if not self.is_torn[place]]
            alone += not whole
            group = self._find(whole[0]) if whole else alone
            for each in (0, 1) if self.tokens[token].joins_roles else (role,):
                self.verdict.group[token, each] = group

    def _torn_rows(self) -> None:
        """A row with two numbers of one issuer is a contradiction by itself, unless its chain-of-identity id has told of it."""
        told = {(conflict.row, conflict.role) for conflict in self.verdict.conflicts if conflict.rule == COI_OF_TWO}
        for place, side in enumerate(self.sides):
            numbers = {number for of in self.numbers[place].values() if len(of) > 1 for number in of}
            self.verdict.contested |= numbers
            if side not in told:
                self.verdict.conflicts |= {Conflict(PERSON_OF_TWO, *side, number) for number in numbers}
