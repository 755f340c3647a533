"""How identity resolution does on the linkage world: `python -m tests.simulator.linkage_figures [--seeds 1000]`.

A wrong merge is a pair of identifiers that became one person's and may not be joined. Where a swap left nothing in the records that
contradicts it, what is written is all that anybody can know.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

import numpy as np

from cgt_etl.identity.persons import NO_FACTS, Facts, Mentions, Tokens, persons
from cgt_etl.identity.statements import Statements
from cgt_etl.simulator.linkage import BOTH, Identifier, Linkage, records

PERSONS = 12
WORLDS = {
    "no swaps": {"lost": 0.2},
    "one swap": {"lost": 0.1, "single_swaps": 1},
    "exchanged records": {"lost": 0.2, "double_swaps": 3},
    "three swaps, two exchanges": {"lost": 0.1, "single_swaps": 3, "double_swaps": 2},
    "merges": {"lost": 0.2, "second_numbers": 3, "undone_merges": 2, "with_traits": True},
    "one of each": {"lost": 0.1, "single_swaps": 1, "double_swaps": 1, "second_numbers": 2, "undone_merges": 1, "with_traits": True},
}
"""Of twelve patients and their donors."""
Pair = frozenset[Identifier]
TRAITS = ("birth_date", "sex")


@dataclass(frozen=True)
class Resolved:
    """`person` of each identifier, those whose person is `contested`, and the records in which a contradiction was shown."""

    person: dict[Identifier, int]
    contested: set[Identifier]
    shown: set[int]


def resolved(world: Linkage) -> Resolved:
    """What identity resolution makes of the records."""
    identifiers = sorted({mention.identifier for mention in world.mentions} | {one for merge in world.merges for one in merge[1:3]})
    number = {identifier: place for place, identifier in enumerate(identifiers)}
    kinds, issuers = (sorted({identifier[place] for identifier in identifiers}) for place in (0, 1))
    both = {mention.identifier for mention in world.mentions if mention.role == BOTH}
    said = [
        (mention.record, role, number[mention.identifier])
        for mention in world.mentions
        for role in ((0, 1) if mention.role == BOTH else (int(mention.role == "donor"),))
    ]
    tokens = Tokens(
        kinds,
        np.array([kinds.index(one.kind) for one in identifiers]),
        np.array([issuers.index(one.issuer) for one in identifiers]),
        np.array([one in both for one in identifiers]),
    )
    merged = Statements.of((number[one.one], number[one.other], True, one.record) for one in world.merges if not one.is_undone)
    values = sorted({one[1:] for one in world.traits})
    stated = [(one.record, 0, TRAITS.index(one.kind), values.index(one[1:])) for one in world.traits]
    facts = Facts(TRAITS, *(np.array(column, dtype=np.int64) for column in zip(*stated, strict=True))) if stated else NO_FACTS
    found = persons(Mentions(*(np.array(column) for column in zip(*said, strict=True))), tokens, merged, facts)
    contested = set(found.subject[found.is_contested])
    return Resolved(
        {one: int(found.subject[place]) for one, place in number.items() if found.subject[place] >= 0},
        {one for one, place in number.items() if found.subject[place] in contested},
        {conflict.row for conflict in found.conflicts},
    )


def pairs(person: Mapping[Identifier, int]) -> set[Pair]:
    """Every two identifiers of one person."""
    groups = defaultdict(list)
    for identifier, of in person.items():
        groups[of].append(identifier)
    return {frozenset((one, other)) for group in groups.values() for one in group for other in group if one != other}


@dataclass
class Figures:
    """Counts over many seeds; pairs of identifiers, and swaps."""

    joined: int = 0
    supported: int = 0
    """By the oracle: what must be joined."""
    joined_and_supported: int = 0
    wrong: int = 0
    wrong_and_not_contested: int = 0
    contradictions: int = 0
    """Single swaps that left one."""
    contradictions_shown: int = 0
    """With the swapped record itself among what is shown."""
    hidden: int = 0

    def add(self, world: Linkage) -> None:
        found = resolved(world)
        made, may, supported = (
            pairs(found.person),
            *(
                pairs({one: component for (one, _), component in said.items() if one in found.person})
                for said in (world.oracle, world.certain)
            ),
        )
        wrong = made - may
        single = [swap for swap in world.swaps if not swap.is_double]
        hidden = sum(not swap.leaves_contradiction for swap in single)
        self.joined += len(made)
        self.supported += len(supported)
        self.joined_and_supported += len(made & supported)
        self.wrong += len(wrong)
        self.wrong_and_not_contested += sum(not pair & found.contested for pair in wrong)
        self.contradictions += len(single) - hidden
        self.contradictions_shown += sum(swap.leaves_contradiction and set(swap.records) <= found.shown for swap in single)
        self.hidden += hidden

    @property
    def recall(self) -> float:
        return self.joined_and_supported / self.supported

    @property
    def precision(self) -> float:
        return 1 - self.wrong / self.joined


def figures(world: str, seeds: Iterable[int]) -> Figures:
    """Of one of `WORLDS`, summed over the seeds."""
    total = Figures()
    for seed in seeds:
        total.add(records(seed, PERSONS, **WORLDS[world]))  # type: ignore[arg-type]
    return total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1_000)
    seeds = parser.parse_args().seeds
    for world in WORLDS:
        found = figures(world, range(seeds))
        counts = ", ".join(f"{field.name} {getattr(found, field.name)}" for field in fields(found))
        print(f"{world}: precision {found.precision:.5f}, recall {found.recall:.4f}; {counts}")


if __name__ == "__main__":
    main()
