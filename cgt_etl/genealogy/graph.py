"""The product graph of a release, and walks over it both ways: who came before a thing, who came after, who shares a source with it.

Knows nothing of what the things are beyond table and key. Steps of any type between any tables count, so that a new kind of step in
`product_edge` is followed without a change here. Lots of vectors and other materials are steps too: `batch.gene_agent_lot_id` and
`material_lot` name them, under the node table `material_lot` with the lot's token as key.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, NamedTuple

import duckdb
import pyarrow as pa

from cgt_etl.release.read import Release
from cgt_etl.release.tables import SETTINGS, literal

MATERIAL = "material_lot"
"""Shared by batches of many people: a source, but no reason to call its batches kin."""
MOST_STEPS = 64
"""No way is followed further; twice the longest that manufacture could explain."""
MEMORY = "2GB"

Relation = Literal["asked", "downstream", "upstream", "same_source"]


class Node(NamedTuple):
    """A thing: its released table and its key there."""

    table: str
    key: str


class Step(NamedTuple):
    """One row of genealogy, from a thing to the next."""

    parent: Node
    child: Node
    edge_type: str
    volume_ml: float | None = None
    cell_count_10_6: float | None = None
    analyte: str | None = None
    method: str | None = None


@dataclass(frozen=True)
class Reached:
    """How a thing was found. `path` leads from what was asked for to it, both included; `steps` is its length less one."""

    node: Node
    relation: Relation
    path: tuple[Node, ...]

    @property
    def steps(self) -> int:
        return len(self.path) - 1


@dataclass(frozen=True)
class Lineage:
    """Everything around what was asked for, and every step between two of those things.

    `circular`: things found both before and after what was asked for, which no manufacture explains. `is_cut`: a way went on beyond
    `MOST_STEPS`.
    """

    reached: Mapping[Node, Reached]
    steps: Sequence[Step]
    circular: tuple[Node, ...]
    is_cut: bool


class Graph:
    """The graph of one release, read once; make it with `opened`. Holds two numbers for each step, about 20 bytes."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, release: Release) -> None:
        self.connection, self.release = connection, release
        connection.execute(f"create temp view step as {_steps_of(release)}")
        hashes = "hash(parent_table, parent_key) as parent, hash(child_table, child_key) as child"
        connection.execute(f"create temp table hashed as select {hashes}, parent_table = '{MATERIAL}' as is_of_material from step")  # noqa: S608

    def files(self, table: str) -> str:
        """A released table as a relation of SQL."""
        return files(self.release, table)

    def around(self, starts: Iterable[Node], *, with_kin: bool = True, most_steps: int = MOST_STEPS) -> Lineage:
        """Everything upstream and downstream of `starts`; `with_kin` also what else came from their sources, lots of materials apart.

        The walk in the database is by hashes and may find too much, never too little; the second one, over the steps that it found, is
        exact.
        """
        asked = sorted(set(starts))
        return lineage(asked, self._steps_around(asked, with_kin=with_kin, most_steps=most_steps), with_kin=with_kin, most_steps=most_steps)

    def _steps_around(self, starts: Sequence[Node], *, with_kin: bool, most_steps: int) -> list[Step]:
        run = self.connection.execute
        with registered(self.connection, "start", nodes(starts)):
            run("create or replace temp table source as select hash(thing, key) as node from start")
            run("create or replace temp table met as from source")
        self._spread("source", "child", "parent", "true", most_steps)
        self._spread("met", "parent", "child", "true", most_steps)
        if with_kin:
            run("create or replace temp table kin as from source")
            self._spread("kin", "parent", "child", "not is_of_material", most_steps)
            run("insert into met from kin")
        run("insert into met from source")
        found = run(
            "select parent_table, parent_key, child_table, child_key, edge_type, volume_ml, cell_count_10_6, analyte, method from step"
            " where hash(parent_table, parent_key) in (select node from met) and hash(child_table, child_key) in (select node from met)"
        ).fetchall()
        steps = {(a, b, c, d, e): Step(Node(a, b), Node(c, d), e, *rest) for a, b, c, d, e, *rest in found}
        return [steps[at] for at in sorted(steps)]

    def _spread(self, reached: str, behind: str, ahead: str, where: str, most_steps: int) -> None:
        """Put into the table `reached` what can be reached from it, from column `behind` to column `ahead` of the steps."""
        run = self.connection.execute
        run(f"create or replace temp table front as from {reached}")
        for _ in range(most_steps + 1):
            run(
                f"create or replace temp table front as select distinct {ahead} as node from hashed"  # noqa: S608  all ours
                f" where {behind} in (select node from front) and {where} and {ahead} not in (select node from {reached})"
            )
            if not (run(f"insert into {reached} from front").fetchone() or (0,))[0]:
                return


@contextmanager
def opened(release: Release) -> Iterator[Graph]:
    """The graph of a release, for as long as it is asked.

    Raises:
        CgtError: the release has no product graph.
    """
    with duckdb.connect(config={**SETTINGS, "memory_limit": MEMORY}) as connection:
        connection.execute("set enable_progress_bar = false")  # it would stand amid the answer
        yield Graph(connection, release)


def lineage(starts: Sequence[Node], steps: Sequence[Step], *, with_kin: bool, most_steps: int = MOST_STEPS) -> Lineage:
    """The exact walks over `steps`, which may hold more than is reached. A thing met in two ways keeps the first of: asked for,
    downstream, upstream, from a shared source.
    """
    onward, back = _neighbours(steps)
    asked: dict[Node, tuple[Node, ...]] = {node: (node,) for node in starts}
    down, is_cut_down = _walk(asked, onward, most_steps)
    up, is_cut_up = _walk(asked, back, most_steps)
    circular = tuple(sorted((down.keys() & up.keys()) - asked.keys()))
    known: dict[Node, Reached] = {}
    for relation, ways in (("asked", asked), ("downstream", down), ("upstream", up)):
        for node, path in ways.items():
            known.setdefault(node, Reached(node, relation, path))  # type: ignore[arg-type]
    is_cut_kin = False
    if with_kin:
        sources = {node: path for node, path in up.items() if node.table != MATERIAL and node not in asked}
        kin, is_cut_kin = _walk(sources, onward, 2 * most_steps)
        for node, path in kin.items():
            known.setdefault(node, Reached(node, "same_source", path))
    between = [step for step in steps if step.parent in known and step.child in known]
    return Lineage(known, between, circular, is_cut_down or is_cut_up or is_cut_kin)


def _neighbours(steps: Iterable[Step]) -> tuple[dict[Node, set[Node]], dict[Node, set[Node]]]:
    onward: dict[Node, set[Node]] = {}
    back: dict[Node, set[Node]] = {}
    for step in steps:
        onward.setdefault(step.parent, set()).add(step.child)
        back.setdefault(step.child, set()).add(step.parent)
    return onward, back


def _walk(
    ways: Mapping[Node, tuple[Node, ...]], next_of: Mapping[Node, set[Node]], most_steps: int
) -> tuple[dict[Node, tuple[Node, ...]], bool]:
    """The shortest way to all that can be reached, on from `ways`; among equals the first by name. Each thing is entered once."""
    found: dict[Node, tuple[Node, ...]] = {}
    waiting = [(len(path), path) for path in ways.values()]
    heapq.heapify(waiting)
    is_cut = False
    while waiting:
        length, path = heapq.heappop(waiting)
        if path[-1] in found:
            continue
        found[path[-1]] = path
        ahead = [node for node in next_of.get(path[-1], ()) if node not in found]
        if length > most_steps:
            is_cut = is_cut or bool(ahead)
            continue
        for node in ahead:
            heapq.heappush(waiting, (length + 1, (*path, node)))
    return found, is_cut


def files(release: Release, table: str) -> str:
    """A released table as a relation of SQL."""
    return f"read_parquet([{', '.join(literal(path) for path in release.parquet(table))}])"


def nodes(things: Sequence[Node]) -> pa.Table:
    """`thing` (its table) and `key`."""
    columns = {"thing": [one.table for one in things], "key": [one.key for one in things]}
    return pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})


@contextmanager
def registered(connection: duckdb.DuckDBPyConnection, name: str, table: pa.Table) -> Iterator[None]:
    """A table as a relation of SQL, for a while."""
    connection.register(name, table)
    try:
        yield
    finally:
        connection.unregister(name)


def _steps_of(release: Release) -> str:
    said = "select parent_table, parent_key, child_table, child_key, edge_type, volume_ml, cell_count_10_6, analyte, method"
    of_material = "null::double as volume_ml, null::double as cell_count_10_6, null as analyte, null as method"
    parts = [f"{said} from {files(release, 'product_edge')}"]
    for table, lot in (("batch", "gene_agent_lot_id"), (MATERIAL, "lot_id")):
        if table in release.tables:
            parts.append(
                f"select {literal(MATERIAL)}, {lot}, 'batch', batch_id, 'consume', {of_material} from {files(release, table)}"  # noqa: S608
                f" where {lot} is not null and batch_id is not null"
            )
    return " union all ".join(parts)
