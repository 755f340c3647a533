"""The smallest set of edges whose removal leaves no contradiction, in a small weighted graph. Knows nothing of what nodes stand for.

A node may be *marked*: within one family of marks, two nodes with different values must not be connected. Taking edges away until that
holds is minimum multicut, which is hard in general and easy where it matters: components that hold a contradiction are few and small.
"""

from __future__ import annotations

import heapq
from collections import defaultdict, deque
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

EXACT_EDGES = 200
"""A graph with more edges that can matter is not searched whole."""
EXACT_STEPS = 4_000
"""Sets of edges that are tried in one graph before the search is given up."""
HUB_VALUES = 8
"""In a graph that is not searched: a node beside more values of one family than this names so many that it names nobody."""


class Edge(NamedTuple):
    """`alike` edges between two nodes; 0 where taking them away costs nothing."""

    one: int
    other: int
    alike: int = 1

    def beyond(self, node: int) -> int:
        return self.other if node == self.one else self.one


Marks = Mapping[Hashable, Mapping[int, int]]
"""Family -> node -> value."""


@dataclass(frozen=True)
class Removed:
    """`edges`: places of the edges to take away. `is_exact`: the union of all smallest sets; else a set as `bounded` promises."""

    edges: frozenset[int]
    is_exact: bool


def smallest(edges: list[Edge], marks: Marks) -> Removed:
    """Every edge of every smallest set: where several are equally small, nothing says which of them is right, so all of their edges go.

    The order of edges decides nothing.
    """
    useful = _useful(edges, marks)
    if len(useful) <= EXACT_EDGES and (found := _searched(edges, useful, marks)) is not None:
        return Removed(found, is_exact=True)
    return Removed(bounded(edges, marks), is_exact=False)


def bounded(edges: list[Edge], marks: Marks) -> frozenset[int]:
    """A set for graphs too large to search: no more than m times as many edges as the smallest, m the number of marked nodes cut off.

    Nodes beside more than `HUB_VALUES` values of one family lose all their edges first, for which no bound holds. Then each marked node
    that still contradicts another is cut off from all that it contradicts by a minimum cut, which no set can undercut.
    """
    gone = _hubs(edges, marks)
    while path := _violation(edges, gone, marks):
        family = marks[path.family]
        ends = {node for node, value in family.items() if value != family[path.start]}
        gone |= _minimum_cut(edges, gone, path.start, ends)
    return frozenset(gone)


def connected(size: int, edges: Iterable[Edge]) -> list[int]:
    """The smallest node of each node's component."""
    parent = list(range(size))

    def find(node: int) -> int:
        while parent[node] != node:
            parent[node] = node = parent[parent[node]]
        return node

    for edge in edges:
        one, other = find(edge.one), find(edge.other)
        parent[max(one, other)] = min(one, other)
    return [find(node) for node in range(size)]


class Path(NamedTuple):
    """A way between two nodes that contradict each other: its first node, the family, the places of its edges."""

    start: int
    family: Hashable
    edges: tuple[int, ...]


def _searched(edges: list[Edge], useful: set[int], marks: Marks) -> frozenset[int] | None:
    """Cheapest first over sets of edges, each grown by an edge of a way that it leaves open: every smallest set is met. None: given up."""
    ignored = set(range(len(edges))) - useful
    waiting: list[tuple[int, tuple[int, ...]]] = [(0, ())]
    seen: set[tuple[int, ...]] = {()}
    best: int | None = None
    found: set[int] = set()
    for _ in range(EXACT_STEPS):
        if not waiting or (best is not None and waiting[0][0] > best):
            return frozenset(found)
        cost, taken = heapq.heappop(waiting)
        path = _violation(edges, ignored.union(taken), marks)
        if path is None:
            best = cost
            found.update(taken)
            continue
        for place in path.edges:
            grown = tuple(sorted((*taken, place)))
            if grown not in seen:
                seen.add(grown)
                heapq.heappush(waiting, (cost + edges[place].alike, grown))
    return None


def _beside(edges: list[Edge], gone: set[int]) -> dict[int, list[int]]:
    beside: dict[int, list[int]] = defaultdict(list)
    for place, edge in enumerate(edges):
        if place not in gone:
            beside[edge.one].append(place)
            beside[edge.other].append(place)
    return beside


def _useful(edges: list[Edge], marks: Marks) -> set[int]:
    """Edges that lie on a way between two marked nodes at all: nodes without a mark at the end of one edge lead nowhere."""
    beside = _beside(edges, set())
    marked = {node for family in marks.values() for node in family}
    left = {node: len(places) for node, places in beside.items()}
    useful = set(range(len(edges)))
    waiting = [node for node, many in left.items() if many == 1 and node not in marked]
    while waiting:
        node = waiting.pop()
        for place in beside[node]:
            if place in useful:
                useful.discard(place)
                beyond = edges[place].beyond(node)
                left[beyond] -= 1
                if left[beyond] == 1 and beyond not in marked:
                    waiting.append(beyond)
    return useful


def _violation(edges: list[Edge], gone: set[int], marks: Marks) -> Path | None:
    """A shortest way from the first marked node that is connected with another value of its family; None where there is none."""
    beside = _beside(edges, gone)
    for family, values in marks.items():
        if len(set(values.values())) > 1:
            cleared: set[int] = set()
            for start in values:
                if start not in cleared:
                    reached = _reach(edges, beside, start)
                    for node in reached:
                        if values.get(node, values[start]) != values[start]:
                            return Path(start, family, way_back(edges, reached, node))
                    cleared |= reached.keys()
    return None


def _reach(edges: list[Edge], beside: Mapping[int, list[int]], start: int) -> dict[int, int]:
    """Nodes in the order of their distance from `start` -> the edge by which each was reached; -1 of `start` itself."""
    reached = {start: -1}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        for place in beside.get(node, ()):
            beyond = edges[place].beyond(node)
            if beyond not in reached:
                reached[beyond] = place
                waiting.append(beyond)
    return reached


def way_back(edges: list[Edge], reached: Mapping[int, int], node: int) -> tuple[int, ...]:
    """Places of the edges from `node` back to where the search began."""
    way = []
    while (place := reached[node]) >= 0:
        way.append(place)
        node = edges[place].beyond(node)
    return tuple(way)


def witness(edges: list[Edge], place: int, marks: Marks) -> tuple[Hashable, tuple[int, ...], tuple[int, ...]] | None:
    """Why an edge was taken away: the family, and the ways from its two ends to the nearest nodes that contradict each other.

    A way is a list of nodes, from the edge's end to the marked node. None where the edge joins no two values.
    """
    beside = _beside(edges, {place})
    sides = [_reach(edges, beside, end) for end in (edges[place].one, edges[place].other)]
    ranks = [{node: rank for rank, node in enumerate(reached)} for reached in sides]
    best: tuple[int, int, int] | None = None
    chosen: tuple[Hashable, int, int] | None = None
    for family, values in marks.items():
        near = [{}, {}]  # type: list[dict[int, int]]
        for nearest, reached in zip(near, sides, strict=True):
            for node in reached:
                if node in values:
                    nearest.setdefault(values[node], node)
        for value, one in near[0].items():
            for other_value, other in near[1].items():
                if value != other_value:
                    rank = (ranks[0][one] + ranks[1][other], one, other)
                    if best is None or rank < best:
                        best, chosen = rank, (family, one, other)
    if chosen is None:
        return None
    family, *ends = chosen
    ways = [_nodes(edges, reached, node) for reached, node in zip(sides, ends, strict=True)]
    return family, ways[0], ways[1]


def _nodes(edges: list[Edge], reached: Mapping[int, int], node: int) -> tuple[int, ...]:
    nodes = [node]
    while (place := reached[nodes[-1]]) >= 0:
        nodes.append(edges[place].beyond(nodes[-1]))
    return tuple(reversed(nodes))


def _hubs(edges: list[Edge], marks: Marks) -> set[int]:
    beside = _beside(edges, set())
    gone: set[int] = set()
    for values in marks.values():
        for node, places in beside.items():
            if node in values:
                continue
            near = {edges[place].beyond(node) for place in places}
            near |= {edges[step].beyond(one) for one in near for step in beside[one] if len(beside[one]) <= HUB_VALUES}
            if len({values[one] for one in near if one in values and one != node}) > HUB_VALUES:
                gone.update(places)
    return gone


def _minimum_cut(edges: list[Edge], gone: set[int], source: int, sinks: set[int]) -> set[int]:
    """Edges of a cheapest cut between `source` and all of `sinks`: as many as flow through (Ford and Fulkerson), nearest to the source."""
    room = {place: edge.alike for place, edge in enumerate(edges) if place not in gone}
    beside = _beside(edges, gone)
    flow = dict.fromkeys(room, 0)  # from `one` to `other`
    while True:
        reached = {source: -1}
        waiting = deque([source])
        end = -1
        while waiting and end < 0:
            node = waiting.popleft()
            for place in beside[node]:
                edge = edges[place]
                beyond = edge.beyond(node)
                left = room[place] - (flow[place] if node == edge.one else -flow[place])
                if left > 0 and beyond not in reached:
                    reached[beyond] = place
                    if beyond in sinks:
                        end = beyond
                        break
                    waiting.append(beyond)
        if end < 0:
            return {place for place in room if (edges[place].one in reached) != (edges[place].other in reached)}
        way = []
        node = end
        while (place := reached[node]) >= 0:
            before = edges[place].beyond(node)
            way.append((place, 1 if before == edges[place].one else -1))
            node = before
        more = min(room[place] - sign * flow[place] for place, sign in way)
        for place, sign in way:
            flow[place] += sign * more
