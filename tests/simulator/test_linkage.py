"""The linkage world: the oracle is neither generous nor stingy, and identity resolution reaches it."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from cgt_etl.identity.persons import Mentions, Tokens, persons
from cgt_etl.simulator.linkage import BOTH, Identifier, Linkage, components, records


def _resolved(world: Linkage) -> tuple[dict[Identifier, int], set[Identifier]]:
    """What identity resolution makes of the records: person of each identifier, and those that it calls contested."""
    identifiers = sorted({mention.identifier for mention in world.mentions})
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
    found = persons(Mentions(*(np.array(column) for column in zip(*said, strict=True))), tokens, "mrn")
    return (
        {one: int(found.subject[place]) for one, place in number.items()},
        {one for one, place in number.items() if found.is_contested[place]},
    )


def _pairs(person: dict[Identifier, int]) -> set[frozenset[Identifier]]:
    groups = defaultdict(list)
    for identifier, of in person.items():
        groups[of].append(identifier)
    return {frozenset((one, other)) for group in groups.values() for one in group for other in group if one != other}


def test_the_same_seed_gives_the_same_records() -> None:
    assert records(3, 20, single_swaps=1) == records(3, 20, single_swaps=1)
    assert records(3, 20) != records(4, 20)


def test_the_oracle_joins_what_one_record_says_of_one_person_and_never_two_persons() -> None:
    for seed in range(100):
        world = records(seed, 20, single_swaps=2, double_swaps=2)
        owners = defaultdict(set)
        for (identifier, _), component in world.oracle.items():
            owners[component].add(world.owners[identifier])
        assert all(len(people) == 1 for people in owners.values())
        for one in world.mentions:
            for other in world.mentions:
                if one.record == other.record and (one.owner, one.role) == (other.owner, other.role) and one.role != BOTH:
                    assert world.oracle[one.identifier, one.role] == world.oracle[other.identifier, other.role]


def test_without_losses_every_patient_is_one_person() -> None:
    world = records(5, 40, lost=0)
    components_of = defaultdict(set)
    for (identifier, _), component in world.oracle.items():
        components_of[world.owners[identifier]].add(component)
    assert all(len(found) == 1 for found in components_of.values())
    assert components(world.mentions, by_owner=False) == world.oracle


@pytest.mark.parametrize("doubles", [0, 3])
def test_resolution_reaches_the_oracle_where_nothing_contradicts(doubles: int) -> None:
    """Whole records that were exchanged join nobody wrongly: they are only about somebody else."""
    for seed in range(150):
        world = records(seed, 12, lost=0.2, double_swaps=doubles)
        person, contested = _resolved(world)
        assert _pairs(person) == _pairs({identifier: component for (identifier, _), component in world.oracle.items()})
        assert not contested
        assert all(swap.is_double and not swap.leaves_contradiction for swap in world.swaps)


def test_every_swap_that_leaves_a_contradiction_is_found() -> None:
    found = undetectable = 0
    for seed in range(200):
        world = records(seed, 12, single_swaps=1)
        _, contested = _resolved(world)
        for swap in world.swaps:
            assert bool(contested) == swap.leaves_contradiction
            found += swap.leaves_contradiction
            undetectable += not swap.leaves_contradiction
    assert found > 100
    assert undetectable


def test_things_are_shared_by_many_and_stand_apart() -> None:
    world = records(7, 30)
    seen = defaultdict(set)
    for thing in world.things:
        seen[thing.value].add(world.meant[thing.record])
    assert max(map(len, seen.values())) > 5
    assert not records(7, 30, with_loggers=False).things
