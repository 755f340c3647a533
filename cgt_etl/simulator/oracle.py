"""What the identifiers that survive in the files can support: a partition of identifiers, the best that any pipeline could reach.

A union-find of its own, so that the pipeline's is judged by something else. Grows with the identifiers alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from cgt_etl.simulator.facts import Named

RECIPIENT, DONOR, BOTH = "recipient", "donor", "both"
Key = tuple[str, str, str, str]
"""Kind, issuer, value, role."""


class Oracle:
    """Identifiers joined by the records that name them together, per role; one that names both roles joins the roles."""

    def __init__(self) -> None:
        self._number: dict[Key, int] = {}
        self._parent: list[int] = []

    def record(self, named: tuple[Named, ...]) -> None:
        """What one landed record names."""
        for role in (RECIPIENT, DONOR):
            nodes = [self._node(one, role) for one in named if one.role in (role, BOTH)]
            for node in nodes[1:]:
                self._join(nodes[0], node)
        for one in named:
            if one.role == BOTH:
                self._join(self._node(one, RECIPIENT), self._node(one, DONOR))

    def partition(self) -> Iterator[dict[str, object]]:
        """Every identifier in a role with its component: the smallest number in it."""
        smallest: dict[int, int] = {}
        for number in range(len(self._parent)):
            smallest.setdefault(self._root(number), number)
        for (kind, issuer, value, role), number in sorted(self._number.items()):
            yield {"kind": kind, "issuer": issuer, "value": value, "role": role, "component": smallest[self._root(number)]}

    def _node(self, one: Named, role: str) -> int:
        key = (one.kind, one.issuer, one.value, role)
        number = self._number.setdefault(key, len(self._parent))
        if number == len(self._parent):
            self._parent.append(number)
        return number

    def _root(self, number: int) -> int:
        while self._parent[number] != number:
            self._parent[number] = self._parent[self._parent[number]]
            number = self._parent[number]
        return number

    def _join(self, one: int, other: int) -> None:
        self._parent[self._root(other)] = self._root(one)
