"""A genealogy as a tree of lines. What several things led to stands once, whole, and is referred to by its number."""

from __future__ import annotations

from collections.abc import Iterator

from cgt_etl.genealogy import words
from cgt_etl.genealogy.graph import Node, Step
from cgt_etl.genealogy.recall import Recall


def text(found: Recall) -> Iterator[str]:
    """Lines: first what nothing here led to, each followed by what came of it. `*` marks what was asked for; ids stand in brackets."""
    number = {node: place for place, node in enumerate(found.ordered, start=1)}
    onward: dict[Node, list[Step]] = {}
    for step in sorted(found.lineage.steps, key=lambda step: (number[step.child], step.edge_type)):
        onward.setdefault(step.parent, []).append(step)
    children = {step.child for step in found.lineage.steps}
    told: set[Node] = set()

    def line(node: Node) -> str:
        mark = "*" if node in found.meant else ""
        return f"{number[node]}{mark} {node.table.replace('_', ' ')}: {'; '.join(words.of_thing(found.things[node]))} [{node.key}]"

    for root in [*(node for node in found.ordered if node not in children), *found.ordered]:
        if root in told:  # the second list holds what only a circle leads to
            continue
        told.add(root)
        yield line(root)
        waiting = _branches(onward.get(root, []), "")
        while waiting:
            step, indent, is_last = waiting.pop()
            branch = f"{indent}{'└─' if is_last else '├─'} {words.of_step(step)} → "
            if step.child in told:
                yield f"{branch}{number[step.child]} (see there)"
                continue
            told.add(step.child)
            yield branch + line(step.child)
            waiting += _branches(onward.get(step.child, []), f"{indent}{'   ' if is_last else '│  '}")


def _branches(steps: list[Step], indent: str) -> list[tuple[Step, str, bool]]:
    return [(step, indent, place == 0) for place, step in enumerate(reversed(steps))]
