"""What the identifiers that survive in the files can support: a partition of identifiers, the best that any pipeline could reach.

A union-find of its own, so that the pipeline's is judged by something else. Grows with the identifiers alone.

Two partitions: what may be joined, by anything that was delivered, and what must be, by what stands in the end. A record in which another
person was named is held until all is known. Where what is written would make one person of two numbers of one issuer, two birth dates or
two sexes, the swap has left a contradiction: the record joins nothing that must be joined, and what may be joined is what belongs to one
person; whose the number is that got into it cannot be told by the files, so that nothing must be joined with it. Where it leaves none among
identifiers, it joins what it says; then a collection may still contradict it, of which another record names another person, and where none
does, nobody could know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, pairwise

from cgt_etl.simulator.facts import Named, Swap

RECIPIENT, DONOR, BOTH = "recipient", "donor", "both"
NUMBERED_ONCE = ("mrn", "fhir_patient_id", "donor_id", "crid")
"""Kinds of which an issuer gives a person one number, but for those that it merges."""
Key = tuple[str, str, str, str]
"""Kind, issuer, value, role."""
Place = tuple[str, int]
"""File and position."""


class Groups:
    """Numbers from 0 in disjoint groups."""

    def __init__(self) -> None:
        self._parent: list[int] = []

    def add(self) -> None:
        self._parent.append(len(self._parent))

    def root(self, number: int) -> int:
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def join(self, numbers: Iterable[int]) -> None:
        for one, other in pairwise(numbers):
            self._parent[self.root(other)] = self.root(one)

    def smallest(self) -> list[int]:
        """Of each number, the smallest one of its group."""
        first: dict[int, int] = {}
        return [first.setdefault(self.root(number), number) for number in range(len(self._parent))]


@dataclass
class Mixed:
    """A swap, with the records that it came to stand in."""

    swap: Swap
    told: list[tuple[Named, ...]] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    donations: set[str] = field(default_factory=set)
    """Whose collection they state."""


class Oracle:
    """Identifiers joined by the records that name them together, per role; one that names both roles joins the roles."""

    def __init__(self) -> None:
        self._number: dict[Key, int] = {}
        self._may, self._must = Groups(), Groups()
        self._traits: dict[tuple[int, str], str] = {}
        """Of an identifier, what is said of its person."""
        self._mixed: dict[str, Mixed] = {}
        self._contested: set[int] = set()
        self._collected: dict[str, set[int]] = defaultdict(set)
        """Of a donation, what records that stand name beside it."""

    def record(self, named: tuple[Named, ...], traits: tuple[Named, ...] = (), *, stands: bool = True, donation: str | None = None) -> None:
        """What one landed record names; `stands` where nothing takes its place in the end. `donation`: whose collection it states."""
        sides = self._sides(named)
        for side in sides:
            self._may.join(side)
            if stands:
                self._must.join(side)
                if donation:
                    self._collected[donation].update(side)
        self._note(named, traits)

    def mixed(self, swap: Swap, named: tuple[Named, ...], traits: tuple[Named, ...], place: Place, *, donation: str | None = None) -> None:
        """What a landed record names in which another person is named, held until `judged`; `donation` as of `record`."""
        self._sides(named)
        self._note(tuple(one for one in named if one.person == swap.persons[0]), traits)
        mixed = self._mixed.setdefault(swap.id, Mixed(swap))
        mixed.told.append(named)
        mixed.places.append(place)
        mixed.donations |= {donation} if donation else set()

    def judged(self) -> Iterator[dict[str, object]]:
        """Every swap that was delivered, in the order of delivery; call once, after all records and before `partition`."""
        for mixed in self._mixed.values():
            beside = {number for one in mixed.donations for number in self._collected[one]}
            leaves = not mixed.swap.is_double and self._contradicts(mixed)
            by_donation = not mixed.swap.is_double and not leaves and self._contradicts(mixed, beside)
            for named in mixed.told:
                self._settle(named, leaves=leaves, about=mixed.swap.persons[0])
            yield {
                "swap": mixed.swap.id,
                "persons": mixed.swap.persons,
                "places": mixed.places,
                "is_double": mixed.swap.is_double,
                "leaves_contradiction": leaves,
                "is_contradicted_by_donation": by_donation,
            }

    def partition(self) -> Iterator[dict[str, object]]:
        """Every identifier in a role with its component, the smallest number in it, and that of what must be joined (None: nothing)."""
        may, must = self._may.smallest(), self._must.smallest()
        for (kind, issuer, value, role), number in sorted(self._number.items()):
            certain = None if number in self._contested else must[number]
            yield {"kind": kind, "issuer": issuer, "value": value, "role": role, "component": may[number], "certain": certain}

    def _contradicts(self, mixed: Mixed, beside: Iterable[int] = ()) -> bool:
        """Whether the groups that the records would join hold two numbers of one issuer, or two answers to one question.

        `beside`: what would be of the same person too, by something else.
        """
        roots = {self._must.root(number) for named in mixed.told for side in self._sides(named) for number in side}
        roots |= {self._must.root(number) for number in beside}
        numbers: dict[tuple[str, str], set[tuple[int, str]]] = defaultdict(set)
        for (kind, issuer, value, _), number in self._number.items():
            if kind in NUMBERED_ONCE and (root := self._must.root(number)) in roots:
                numbers[kind, issuer].add((root, value))
        answers: dict[str, set[str]] = defaultdict(set)
        for (number, kind), value in self._traits.items():
            if self._must.root(number) in roots:
                answers[kind].add(value)
        are_two = any(one[0] != other[0] and one[1] != other[1] for found in numbers.values() for one, other in combinations(found, 2))
        return are_two or any(len(found) > 1 for found in answers.values())

    def _settle(self, named: tuple[Named, ...], *, leaves: bool, about: int) -> None:
        if not leaves:
            self.record(named)
            return
        for person in {one.person for one in named}:
            for side in self._sides(tuple(one for one in named if one.person == person)):
                self._may.join(side)
        self._contested |= {number for one in named if one.person != about for side in self._sides((one,)) for number in side}

    def _note(self, named: tuple[Named, ...], traits: tuple[Named, ...]) -> None:
        for trait in traits:
            first = next((one for one in named if one.role in (trait.role, BOTH)), None)
            if first:
                self._traits.setdefault((self._node(first, trait.role), trait.kind), trait.value)

    def _sides(self, named: tuple[Named, ...]) -> list[list[int]]:
        """Numbers that the record joins, for each role, and for each identifier that names both."""
        sides = [[self._node(one, role) for one in named if one.role in (role, BOTH)] for role in (RECIPIENT, DONOR)]
        return sides + [[self._node(one, RECIPIENT), self._node(one, DONOR)] for one in named if one.role == BOTH]

    def _node(self, one: Named, role: str) -> int:
        key = (one.kind, one.issuer, one.value, role)
        number = self._number.get(key)
        if number is None:
            number = self._number[key] = len(self._number)
            self._may.add()
            self._must.add()
        return number
