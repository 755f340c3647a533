"""The linkage world: the oracle is neither generous nor stingy, and identity resolution reaches it."""

from __future__ import annotations

from collections import defaultdict

import pytest

from cgt_etl.simulator.linkage import BOTH, components, records
from tests.simulator.linkage_figures import figures


def test_the_same_seed_gives_the_same_records() -> None:
    assert records(3, 20, single_swaps=1) == records(3, 20, single_swaps=1)
    assert records(3, 20) != records(4, 20)


def test_the_oracle_joins_what_one_record_says_of_one_person_and_two_persons_where_nobody_could_know() -> None:
    for seed in range(100):
        world = records(seed, 20, single_swaps=2, double_swaps=2, second_numbers=2, undone_merges=1, with_traits=True)
        owners = defaultdict(set)
        for (identifier, _), component in world.oracle.items():
            owners[component].add(world.owners[identifier])
        unseen = {frozenset(swap.persons) for swap in world.swaps if not swap.is_double and not swap.leaves_contradiction}
        mixed = {frozenset(people) for people in owners.values() if len(people) > 1}
        assert len(mixed) <= len(unseen)
        assert {person for people in mixed for person in people} <= {person for people in unseen for person in people}
        for node, component in world.certain.items():
            assert all(world.oracle[node] == world.oracle[other] for other, of in world.certain.items() if of == component)
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
    assert components(world.mentions) == world.oracle == world.certain


@pytest.mark.parametrize("world", ["no swaps", "exchanged records", "merges"])
def test_resolution_reaches_the_oracle_where_nothing_contradicts(world: str) -> None:
    """Whole records that were exchanged join nobody wrongly: they are only about somebody else."""
    found = figures(world, range(200))
    assert found.joined == found.supported == found.joined_and_supported > 1_000
    assert found.contradictions == found.hidden == found.wrong == 0


def test_a_swap_that_leaves_a_contradiction_joins_nobody_wrongly_and_is_shown() -> None:
    found = figures("one swap", range(200))
    assert found.wrong == 0
    assert found.contradictions_shown == found.contradictions > 100
    assert found.hidden
    assert found.recall > 0.99


@pytest.mark.slow
def test_a_thousand_worlds_hold_no_wrong_merge_and_every_contradiction_is_shown() -> None:
    """Swaps of both kinds, numbers that a merge ends, merges undone, patients of two hospitals, birth dates and sexes, losses."""
    found = figures("one of each", range(1000))
    assert found.wrong == 0
    assert found.contradictions_shown == found.contradictions > 800
    assert found.recall > 0.99


def test_of_many_swaps_none_joins_anybody_in_silence() -> None:
    """Two swaps can agree with each other against the truth; whom they join wrongly is contested."""
    found = figures("three swaps, two exchanges", range(100))
    assert found.wrong_and_not_contested == 0
    assert found.precision > 0.99
    assert found.contradictions_shown > 0.98 * found.contradictions


def test_things_are_shared_by_many_and_stand_apart() -> None:
    world = records(7, 30)
    seen = defaultdict(set)
    for thing in world.things:
        seen[thing.value].add(world.meant[thing.record])
    assert max(map(len, seen.values())) > 5
    assert not records(7, 30, with_loggers=False).things
