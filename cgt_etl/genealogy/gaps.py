"""Where a lineage ends although the thing itself does not: said, so that silence is not read as completeness."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cgt_etl.genealogy.graph import MATERIAL, MOST_STEPS, Lineage, Node
from cgt_etl.genealogy.things import Thing

_ENDED = {"terminated", "rejected", "discarded"}
_REPLACES = "remake"
"""From a batch to the one made in its place, of whatever material: followed, and no source."""
_SOURCES = {"collection", "product", "batch"}


@dataclass(frozen=True)
class Gap:
    """One sentence, and the things that it is about; none where it is about the question or the release as a whole."""

    sentence: str
    nodes: tuple[Node, ...] = ()


def gaps_of(lineage: Lineage, things: Mapping[Node, Thing]) -> list[Gap]:
    """What could not be followed among the things of a lineage."""
    onward: dict[Node, set[str]] = {}
    back: dict[Node, set[str]] = {}
    for step in lineage.steps:
        onward.setdefault(step.parent, set()).add(step.child.table)
        if step.edge_type != _REPLACES:
            back.setdefault(step.child, set()).add(step.parent.table)

    given = Counter(step.parent for step in lineage.steps if step.child.table == "administration")

    def from_none_of(node: Node, tables: set[str]) -> bool:
        return not tables & back.get(node, set())

    def leads_to_none(node: Node) -> bool:
        return not onward.get(node)

    checks: list[tuple[str, str, Callable[[Node], bool]]] = [
        (
            "batch",
            "no record that names its starting material has a known donation: its donor is not found here",
            lambda node: from_none_of(node, _SOURCES),
        ),
        ("product", "no record says which donation or bag it came from", lambda node: from_none_of(node, _SOURCES)),
        ("dose_unit", "no record says which batch or bag it was filled from", lambda node: from_none_of(node, _SOURCES)),
        (
            "administration",
            "no record says which dose or bag was given",
            lambda node: from_none_of(node, {"dose_unit", *_SOURCES}),
        ),
        ("collection", "no record says what became of it: neither bag nor batch is known", leads_to_none),
        (
            "product",
            "no record names this bag as used; a batch record may name its donation alone (see what shares its source)",
            lambda node: leads_to_none(node) and things[node].disposition not in _ENDED,
        ),
        (
            "batch",
            "no dose of it is known, and nothing says that it was terminated",
            lambda node: leads_to_none(node) and things[node].disposition not in _ENDED,
        ),
        ("dose_unit", "nothing says that it was given or discarded", lambda node: _is_at_large(things[node])),
        ("dose_unit", "given more than once: of a lot of several containers, records may not tell of each", lambda node: given[node] > 1),
        (MATERIAL, "the release tells of its batches alone, not where it came from", lambda _: True),
        ("administration", "no record says at which site", lambda node: things[node].site is None),
    ]
    found = []
    for table, sentence, is_gap in checks:
        nodes = tuple(node for node in sorted(lineage.reached) if node.table == table and is_gap(node))
        if nodes:
            found.append(Gap(sentence, nodes))
    if lineage.circular:
        found.append(Gap("found both before and after what was asked for: the records contradict each other", lineage.circular))
    if lineage.is_cut:
        found.append(Gap(f"A way went on beyond {MOST_STEPS} steps and was not followed further."))
    return found


def _is_at_large(thing: Thing) -> bool:
    return thing.disposition not in {"administered", "used", *_ENDED}
