"""Released product edges against those that standing records state: each found, once, between the right things, and nothing else.

An edge of the release is one that its records state, by type and position; no value is compared. Which of several in one record it is
follows from what its ends are elsewhere: a released key is one thing in all its edges, and a thing that is named in full has one key.

What a record says of cells that it names no closer than by their donation, a release may tell of the donation or bag by bag; and of the
donation what a record says of bags that no other record names. How many are told of a bag is reported. A step from cells of which no record
says how they came to be is not asked for: a pool of a centre that does not tell of pools, or a part of a donation whose own record was
lost, and its collection's with it. Nor is a batch made again for one that no other record names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from cgt_etl.simulator.scoring.figures import Figure, counted
from cgt_etl.simulator.scoring.links import Links
from cgt_etl.simulator.scoring.release import At, Released
from cgt_etl.simulator.scoring.truth import TruthFiles

Thing = tuple[str, ...]
Key = tuple[str, str]
"""A released table and a key in it."""
PART, CELLS = "product edges", "cells"
DONATION, BAG = "collection", "product"
"""Released tables of cells."""


@dataclass
class Stated:
    """One true edge, and the released ones that tell it."""

    edge_type: str
    parent: Thing
    child: Thing
    where: str
    is_required: bool
    told: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class One:
    """A released edge."""

    id: str
    edge_type: str
    parent: Key
    child: Key
    at: frozenset[At]


def figures(links: Links, found_target: float, target: float | None) -> Iterator[Figure]:
    """By type of edge: found is asked for by `found_target`, the rest by `target`."""
    stated, by_place = _stated(links.truth, links.delivery_of)
    known: dict[str, list[Thing]] = defaultdict(list)
    for one in stated:
        if one.child[0] == CELLS:
            # the record of a collection tells of all that came of it
            known[one.child[1]] += [one.child, *([one.parent] if one.edge_type == "create" and one.is_required else [])]
    batches = _batches(links.truth)
    released = _released(links.released)
    strange = _match(released, by_place)
    for edge_type in sorted({one.edge_type for one in stated} | {one.edge_type for one in released}):
        required = [one for one in stated if one.edge_type == edge_type and one.is_required and not _is_of_nowhere(one, known)]
        wanted = [one for one in required if edge_type != "remake" or one.parent in batches]
        mine = [one for one in released if one.edge_type == edge_type]
        twice = [one for one in stated if one.edge_type == edge_type and len(one.told) > 1 and all(one.parent)]
        extra = [_where(one) for one in mine if one.id in strange] + [one.where for one in twice for _ in range(len(one.told) - 1)]
        yield counted(PART, f"{edge_type}, found", len(wanted), [one.where for one in wanted if not one.told], found_target)
        yield counted(PART, f"{edge_type}, nothing else", len(mine), extra, target)
    of_cells = [one for one in released if one.parent[0] in (DONATION, BAG) and one.edge_type != "create"]
    yield Figure(PART, "of cells, told of a bag", sum(one.parent[0] == BAG for one in of_cells), len(of_cells), None)


def _is_of_nowhere(edge: Stated, known: dict[str, list[Thing]]) -> bool:
    """Whether it starts at cells of which no standing record says how they came to be: a release has nothing that it could lead from."""
    if edge.parent[0] != CELLS or edge.edge_type == "create":
        return False
    return not any(_agree(edge.parent, thing) for thing in known.get(edge.parent[1], ()))


def _batches(truth: TruthFiles) -> set[Thing]:
    """Those that a standing record names, but for what it says was made again."""
    found: set[Thing] = set()
    for record in truth.standing:
        failed = {tuple(edge["parent"]) for edge in record.get("edges", ()) if edge["edge"] == "remake"}
        found |= {("batch", named[-1]) for named in record.get("objects", ()) if named[0] == "batch"} - failed
    return found


def _where(edge: One) -> str:
    places = ", ".join(f"delivery {delivery}, position {row}" for delivery, row in sorted(edge.at)[:1])
    return f"{edge.edge_type} of {places or 'no record'}"


def _stated(truth: TruthFiles, delivery_of: dict[str, str]) -> tuple[list[Stated], dict[tuple[str, At], list[Stated]]]:
    """True edges, and by type and place those that a standing record there states."""
    found: dict[tuple[str, Thing, Thing], Stated] = {}
    places: dict[tuple[str, At], list[Stated]] = defaultdict(list)
    for record in truth.standing:
        for edge in record.get("edges", ()):
            type_, parent, child = edge["edge"], tuple(edge["parent"]), tuple(edge["child"])
            where = f"{type_} of {record['file']}, position {record['position']}"
            one = found.setdefault((type_, parent, child), Stated(type_, parent, child, where, edge["is_required"]))
            one.is_required = one.is_required or edge["is_required"]
            if record["file"] in delivery_of:
                places[type_, (delivery_of[record["file"]], record["position"])].append(one)
    return list(found.values()), places


def _released(released: Released) -> list[One]:
    found = released.table("product_edge", "parent_table", "parent_key", "child_table", "child_key", "edge_type")
    return [
        One(id_, type_, (parent_table, parent), (child_table, child), frozenset(released.sources["product_edge"].get(id_, ())))
        for parent_table, parent, child_table, child, type_ in sorted(found)
        for id_ in [f"{parent}|{child}|{type_}"]
    ]


def _match(released: list[One], by_place: dict[tuple[str, At], list[Stated]]) -> set[str]:
    """Enter every released edge with the true one that it tells; ids of those that tell none.

    What can be told of one alone is taken first: it says what both its ends are. Where nothing tells apart what is left of a record, any
    order of it is as good as another.
    """
    may_be = {one.id: _candidates(one, by_place) for one in released}
    names: dict[Key, Thing] = {}
    keys: dict[Thing, Key] = {}
    waiting, strange = list(released), set()
    while waiting:
        certain = [one for one in waiting if len(_fitting(one, may_be[one.id], names, keys)) <= 1] or waiting[:1]
        for one in certain:
            fitting = _fitting(one, may_be[one.id], names, keys)
            if not fitting:
                strange.add(one.id)
                continue
            edge = next((edge for edge in fitting if not edge.told), fitting[0])
            for meant in fitting if one.parent[0] == DONATION else [edge]:
                meant.told.add(one.id)
            for key, thing in ((one.parent, edge.parent), (one.child, edge.child)):
                names[key] = _named(names.get(key, thing), key, thing)
                keys.setdefault(names[key], key)
        taken = {one.id for one in certain}
        waiting = [one for one in waiting if one.id not in taken]
    return strange


def _candidates(one: One, by_place: dict[tuple[str, At], list[Stated]]) -> list[Stated]:
    found = {id(edge): edge for at in sorted(one.at) for edge in by_place.get((one.edge_type, at), ())}
    return list(found.values())


def _fitting(one: One, may_be: list[Stated], names: dict[Key, Thing], keys: dict[Thing, Key]) -> list[Stated]:
    return [
        edge
        for edge in may_be
        if all(
            _agree(names.get(key, thing), thing) and (not all(thing) or keys.get(thing, key) == key)
            for key, thing in ((one.parent, edge.parent), (one.child, edge.child))
        )
    ]


def _agree(one: Thing, other: Thing) -> bool:
    return len(one) == len(other) and all(a == b or not a or not b for a, b in zip(one, other, strict=True))


def _named(known: Thing, key: Key, thing: Thing) -> Thing:
    """What a key is, with what one more edge says of it; of a collection never which of its bags."""
    if key[0] == DONATION:
        return (*thing[:2], *[""] * len(thing[2:]))
    return tuple(a or b for a, b in zip(known, thing, strict=True))
