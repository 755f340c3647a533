"""The walks: complete both ways beside a plain oracle, bounded, and not led astray by cycles or by lots that many share."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.genealogy.graph import Lineage, Node, Step, lineage, opened
from tests.genealogy.released import edges, node, release, step

_NODES = st.builds(Node, st.sampled_from(["collection", "product", "batch", "dose_unit", "pool"]), st.sampled_from("abcd"))
_GRAPHS = st.lists(st.builds(Step, _NODES, _NODES, st.sampled_from(["split", "consume"])), max_size=25)


def _reach(starts: set[Node], pairs: set[tuple[Node, Node]]) -> set[Node]:
    """Everything behind a start, by asking again until nothing is added."""
    found = set(starts)
    while more := {child for parent, child in pairs if parent in found} - found:
        found |= more
    return found


def _relations(found: Lineage) -> dict[str, set[Node]]:
    told: dict[str, set[Node]] = {}
    for one in found.reached.values():
        told.setdefault(one.relation, set()).add(one.node)
    return told


def _expected(starts: set[Node], steps: list[Step]) -> dict[str, set[Node]]:
    onward = {(one.parent, one.child) for one in steps}
    down, up = _reach(starts, onward), _reach(starts, {(b, a) for a, b in onward})
    kin = _reach(up, onward)
    told = {"asked": starts, "downstream": down - starts, "upstream": up - down, "same_source": kin - up - down}
    return {relation: nodes for relation, nodes in told.items() if nodes}


@given(st.sets(_NODES, min_size=1, max_size=2), _GRAPHS)
def test_walks_over_any_graph_reach_what_an_oracle_reaches(starts: set[Node], steps: list[Step]) -> None:
    found = lineage(sorted(starts), steps, with_kin=True)
    assert _relations(found) == _expected(starts, steps)
    known = found.reached.keys()
    assert list(found.steps) == [one for one in steps if one.parent in known and one.child in known]
    pairs = {(one.parent, one.child) for one in steps}
    for one in found.reached.values():
        assert one.path[0] in starts
        assert one.path[-1] == one.node
        assert all((a, b) in pairs or (b, a) in pairs for a, b in zip(one.path, one.path[1:], strict=False))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
@given(starts=st.sets(_NODES, min_size=1, max_size=2), steps=_GRAPHS)
def test_the_walk_in_the_database_finds_the_same(starts: set[Node], steps: list[Step], tmp_path: Path) -> None:
    with opened(release(tmp_path, {"product_edge": edges({one[:3]: one for one in steps}.values())})) as graph:
        assert _relations(graph.around(starts)) == _expected(starts, steps)


def test_a_material_s_lot_is_a_source_and_makes_no_kin_but_can_be_asked_for(tmp_path: Path) -> None:
    batches = [{"batch_id": "b1", "gene_agent_lot_id": "v"}, {"batch_id": "b2", "gene_agent_lot_id": "v"}]
    materials = [{"material_lot_id": "m1", "batch_id": "b3", "lot_id": "v"}]
    steps = edges([step("collection c1", "batch b1"), step("collection c2", "batch b2"), step("batch b3", "dose_unit d3")])
    with opened(release(tmp_path, {"batch": batches, "material_lot": materials, "product_edge": steps})) as graph:
        around = graph.around([node("batch b1")])
        assert _relations(around) == {"asked": {node("batch b1")}, "upstream": {node("collection c1"), node("material_lot v")}}
        of_lot = graph.around([node("material_lot v")])
    made = {node("batch b1"), node("batch b2"), node("batch b3"), node("dose_unit d3")}
    assert _relations(of_lot) == {"asked": {node("material_lot v")}, "downstream": made}


def test_what_came_from_a_source_of_the_asked_is_kin_however_far(tmp_path: Path) -> None:
    steps = [
        step("collection c", "product a"),
        step("collection c", "product b"),
        step("product b", "batch x"),
        step("batch x", "dose_unit d"),
    ]
    with opened(release(tmp_path, {"product_edge": edges([*steps, step("collection other", "batch x")])})) as graph:
        kin = {node("product b"), node("batch x"), node("dose_unit d")}
        around = _relations(graph.around([node("product a")]))
        assert around == {"asked": {node("product a")}, "upstream": {node("collection c")}, "same_source": kin}
        assert not _relations(graph.around([node("product a")], with_kin=False)).get("same_source")


def test_a_cycle_ends_and_is_told() -> None:
    found = lineage([node("product a")], [step("product a", "product b"), step("product b", "product a")], with_kin=True)
    assert found.circular == (node("product b"),)
    assert found.reached[node("product b")].relation == "downstream"
    assert not found.is_cut


@pytest.mark.parametrize(("most_steps", "is_cut"), [(2, True), (3, False), (4, False)])
def test_a_way_is_followed_so_far_and_it_is_told_where_it_went_on(most_steps: int, is_cut: bool, tmp_path: Path) -> None:
    chain = [step(f"product {a}", f"product {b}") for a, b in ("ab", "bc", "cd")]
    with opened(release(tmp_path, {"product_edge": edges(chain)})) as graph:
        found = graph.around([node("product a")], most_steps=most_steps)
        backward = graph.around([node("product d")], most_steps=most_steps)
    assert found.is_cut is backward.is_cut is is_cut
    assert len(found.reached) == len(backward.reached) == min(most_steps, 3) + 1


def test_of_two_ways_the_shorter_is_told_and_of_equal_ones_the_first_by_name() -> None:
    steps = [step("batch a", "batch x"), step("batch a", "batch y"), step("batch x", "batch z"), step("batch y", "batch z")]
    way = lineage([node("batch a")], [*steps, step("batch a", "batch w")], with_kin=False).reached[node("batch z")]
    assert [one.key for one in way.path] == ["a", "x", "z"]
