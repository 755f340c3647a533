"""Person links of a release against the oracle's partition. Says also whom each released subject is.

Counted over pairs of identifiers in a role, so that a rarely named one weighs as much as one in every observation. A pair of two persons'
identifiers that the oracle joins all the same (a swap left nothing among them that contradicts it) is neither right nor wrong: it is
counted apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import combinations

from cgt_etl.simulator.scoring.figures import Figure
from cgt_etl.simulator.scoring.release import At, Released
from cgt_etl.simulator.scoring.truth import Row, TruthFiles, Unit

Pair = tuple[Unit, Unit]


@dataclass
class Links:
    """What the rows of each landed record say of the identifiers that it names."""

    truth: TruthFiles
    released: Released
    delivery_of: dict[str, str]
    """File in the truth -> delivery."""
    subjects: dict[Unit, set[str]] = field(default_factory=lambda: defaultdict(set))
    persons: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Subject -> the truth's persons that it holds."""
    owners: dict[Unit, set[int]] = field(default_factory=lambda: defaultdict(set))
    """Whose an identifier is, by the truth."""
    disputed: int = 0
    """Released rows about a thing that records of two persons tell: whom they name is no record's word."""

    def __post_init__(self) -> None:
        read = [
            (record, (self.delivery_of[record["file"]], record["position"]))
            for record in self.truth.records
            if record["lands"] and not record["is_retraction"] and record["file"] in self.delivery_of
        ]
        told = self._told({at: {unit.component for unit, _ in self.truth.named(record)} for record, at in read})
        for record, at in read:
            self._read(record, at, told.get(at, set()))

    def figures(self, precision: float, recall: float) -> list[Figure]:
        """Precision: of the pairs under one subject, those that may be joined. Recall: of the pairs that must be."""
        units = set(self.truth.units.values())
        allowed = set(_pairs((unit.component, unit) for unit in units))
        joined = set(_pairs((unit.certain, unit) for unit in units if unit.certain is not None))
        linked = set(_pairs((subject, unit) for unit in units for subject in self.subjects.get(unit, ())))
        # What a swap joined without a trace, the oracle joins too: no merit of a release, and no fault.
        unknowable = {(one, other) for one, other in allowed | joined if self.owners[one].isdisjoint(self.owners[other])}
        of_persons = sum(bool(subjects) for subjects, _ in self.released.things)
        judged, asked = linked - unknowable, joined - unknowable
        wrong = judged - allowed
        lost = {(one, other) for one, other in asked if (one, other) not in linked or self.subjects[one] != self.subjects[other]}
        return [
            Figure("links", "precision of pairs", len(judged) - len(wrong), len(judged), precision, _kinds(wrong)),
            Figure("links", "recall of pairs", len(asked) - len(lost), len(asked), recall, _kinds(lost)),
            Figure("links", "pairs of two persons that no identifier contradicts", len(linked & unknowable), len(unknowable), None),
            Figure("links", "rows of things told of two persons", self.disputed, of_persons, None),
        ]

    def _told(self, components: dict[At, set[int]]) -> dict[At, set[str]]:
        """Record -> subjects in the rows that come from it; not in one of a thing that records of two persons tell."""
        told = {at: set(subjects) for at, subjects in self.released.persons.items()}
        for subjects, places in self.released.things:
            parts = [components[at] for at in places if components.get(at)]
            if subjects and parts and not set.intersection(*parts):
                self.disputed += 1
                continue
            for at in places:
                told.setdefault(at, set()).update(subjects)
        return told

    def _read(self, record: Row, at: At, told: set[str]) -> None:
        named = list(self.truth.named(record))
        stated = self.released.identifiers.get(at, [])
        for unit, person in named:
            alike = [one for one, _ in named if (one.kind, one.issuer) == (unit.kind, unit.issuer)]
            found = (
                {subject for kind, issuer, subject in stated if (kind, issuer) == (unit.kind, unit.issuer)} if len(alike) == 1 else set()
            )
            if len({one.component for one, _ in named}) == 1:
                # Every row of this record is about one person; a record about two says which only by its identifiers.
                found |= told
            self.subjects[unit] |= found
            self.owners[unit].add(person)
            for subject in found:
                self.persons[subject].add(person)


def _pairs(groups: Iterable[tuple[Hashable, Unit]]) -> Iterator[Pair]:
    members: dict[Hashable, set[Unit]] = defaultdict(set)
    for group, unit in groups:
        members[group].add(unit)
    for units in members.values():
        yield from combinations(sorted(units, key=lambda one: (one.kind, one.issuer, one.value, one.component)), 2)


def _kinds(pairs: set[Pair]) -> tuple[str, ...]:
    """How often each pair of kinds, without a value."""
    many: dict[str, int] = defaultdict(int)
    for one, other in pairs:
        many[f"{_kind(one)} and {_kind(other)}"] += 1
    return tuple(f"{kinds}: {count}" for kinds, count in sorted(many.items()))


def _kind(unit: Unit) -> str:
    return f"{unit.kind} of {unit.issuer}" if unit.issuer else unit.kind
