"""Records that are trees: cells by path, lists inside them as rows of their own, elements outside the contract by name.

What the readers of JSON lines, JSON documents and XML share: the walk of a record; and of JSON itself its parsing (numbers keep their
delivered text, no key twice) and how deep it is. Keep out: where in a file a record lies, and what it is called there.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.extract import paths
from cgt_etl.extract.limits import MAX_UNMAPPED
from cgt_etl.extract.records import Batch, Reading, Rows

TYPE = "resourceType"
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|([\[{])|([\]}])', re.DOTALL)  # never steps back: a text without end is read once
_ELEMENT = re.compile(r"(?!.*[0-9]{3})[_@$]?(\*:)?[A-Za-z][A-Za-z0-9_:-]{0,63}")  # no long number: it may be somebody's
_UNNAMED = "(an element whose name is no name)"
_FURTHER = "(further elements)"


@dataclass(frozen=True)
class Record:
    """A record, and what stands above it; in a file of lines it is all of them itself."""

    position: int
    node: dict[str, Any]
    above: dict[str, Any]
    """What holds the list of records."""
    document: dict[str, Any]
    """The outermost object."""
    key: str | None = None
    """Name under which `above` holds it, where records are members of an object."""


@dataclass(frozen=True)
class Plan:
    """How the rows of one object are found in a record."""

    spec: ObjectSpec
    explode: paths.Path | None
    cells: list[tuple[tuple[str, paths.Path], ...]]
    """Of each column, in order: alternatives of (`DOCUMENT`, `PARENT`, `KEY` of `paths`, or empty of the element; path from there)."""
    rows: Rows
    is_record: bool

    @classmethod
    def of(cls, objects: Iterable[ObjectSpec]) -> list[Plan]:
        """One plan per object of a feed, the record first.

        Raises:
            DeclarationError: a physical name or `explode` is no path.
        """
        return [cls._one(spec, is_record=place == 0) for place, spec in enumerate(objects)]

    @classmethod
    def _one(cls, spec: ObjectSpec, *, is_record: bool) -> Plan:
        cells = [paths.of_cell(column.physical_name) for column in spec.columns]
        explode = paths.parse(spec.extension.explode) if spec.extension.explode else None
        return cls(spec, explode, cells, Rows(spec, is_record=is_record), is_record)

    @property
    def roots(self) -> set[str]:
        """Elements of the record that it reads."""
        wanted = "" if self.is_record else paths.PARENT
        roots = {path.root for cell in self.cells for start, path in cell if start == wanted}
        return roots | {self.explode.root} if self.explode else roots

    @property
    def roots_above(self) -> set[str]:
        """Elements of what holds the record, or of the document, that it reads."""
        starts = {paths.DOCUMENT, paths.PARENT} if self.is_record else {paths.DOCUMENT}
        return {path.root for cell in self.cells for start, path in cell if start in starts}

    def add(self, record: Record, raw: bytes | None) -> None:
        """Its rows of one record; `raw` are the record's bytes, for the digest where it has no business key."""
        starts: dict[str, Any] = {
            paths.DOCUMENT: record.document,
            paths.PARENT: record.above if self.is_record else record.node,
            paths.KEY: record.key,
        }
        elements = [record.node] if self.explode is None else self.explode.find(record.node)
        for item, element in enumerate(elements):
            starts[""] = element
            found = [_cell(_leaves(cell, starts)) for cell in self.cells]
            self.rows.add(record.position, [text for text, _ in found], item=item, raw=raw)
            for place, (_, several) in enumerate(found):
                if several is not None:
                    self.rows.several(place, several)


def _leaves(cell: tuple[tuple[str, paths.Path], ...], starts: dict[str, Any]) -> list[Any]:
    """Of the first alternative that leads anywhere."""
    found = (path.find(starts[start]) for start, path in cell if starts[start] is not None)
    return next((leaves for leaves in found if leaves), [])


def _cell(leaves: list[Any]) -> tuple[str | None, str | None]:
    """(the one text, None), (None, None) where there is none, or (None, all of them as JSON) where there are several."""
    texts = {paths.scalar(leaf) for leaf in leaves}
    if len(texts) > 1 or (texts == {None}):
        return None, json.dumps(leaves)
    return (texts.pop() if texts else None), None


def flush(plans: list[Plan]) -> Iterator[Batch]:
    """What the plans gathered so far."""
    for plan in plans:
        if batch := plan.rows.batch():
            yield batch


class Unmapped:
    """Elements outside the contract, counted by name; a name that may say whose something is, is not repeated."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, int] = defaultdict(int)
        self._first: dict[str, int] = {}

    def add(self, names: Iterable[str], position: int) -> None:
        """`names` are of elements, or ways to them (`HealthData.Me`)."""
        for name in sorted(names):
            element = ".".join(step if _ELEMENT.fullmatch(step) else _UNNAMED for step in name.split("."))
            if element not in self._counts and len(self._counts) >= MAX_UNMAPPED:
                element = _FURTHER
            self._counts[element] += 1
            self._first.setdefault(element, position)

    def tell(self, result: Reading) -> None:
        """Hand the counts on, at the end of the file."""
        result.unmapped = dict(sorted(self._counts.items()))
        result.unmapped_first = self._first


def depth(raw: bytes, enough: int) -> int:
    """The deepest nesting of a JSON text, without parsing it; 0 where it cannot be deeper than `enough`."""
    if raw.count(b"{") + raw.count(b"[") <= enough:
        return 0
    level = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(raw):
        level += bool(match[1]) - bool(match[2])
        deepest = max(deepest, level)
    return deepest
