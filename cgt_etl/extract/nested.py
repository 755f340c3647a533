"""Records that are trees: cells by path, lists inside them as rows of their own, elements outside the contract by name.

What the readers of JSON lines, JSON documents and XML share: the walk of a record; and of JSON itself its parsing (numbers keep their
delivered text, no key twice) and how deep it is. Keep out: where in a file a record lies, and what it is called there.
"""

from __future__ import annotations

import json
import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.extract import paths
from cgt_etl.extract.limits import MAX_FIELD_CHARACTERS, MAX_UNMAPPED
from cgt_etl.extract.records import Batch, Reading, Rows

TYPE = "resourceType"
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)  # never steps back: a text without end is read once
_LEVELS = bytes.maketrans(b"[{]}", b"\x01\x01\xff\xff")
_NO_BRACKETS = bytes(sign for sign in range(256) if sign not in b"[{]}")
_QUOTE = 2
_SIGNS = bytes.maketrans(b'[{]}"', b"\x01\x01\xff\xff\x02")
_NO_SIGNS = bytes(sign for sign in range(256) if sign not in b'[{]}"')
_PIECE = 1024 * 1024
_LONG_STRETCH = re.compile(rb'"[^"]{%d}' % (MAX_FIELD_CHARACTERS + 1))
_LONG_NUMBER = re.compile(rb"(?<![0-9.eE+-])[0-9][0-9.eE+-]{%d}" % MAX_FIELD_CHARACTERS)
_ELEMENT = re.compile(r"(?!.*[0-9]{3})[_@$]?(\*:)?[A-Za-z][A-Za-z0-9_:-]{0,63}")  # no long number: it may be somebody's
_UNNAMED = "(an element whose name is no name)"
_FURTHER = "(further elements)"


class Record(NamedTuple):
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
    explode: tuple[paths.Path, ...]
    """Ways to the elements that are its rows; none where it is the record itself."""
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
        explode = paths.of_list(spec.extension.explode) if spec.extension.explode else ()
        return cls(spec, explode, cells, Rows(spec, is_record=is_record), is_record)

    @cached_property
    def _single(self) -> list[tuple[str, paths.Path]]:
        """The cells, where none has an alternative."""
        return [cell[0] for cell in self.cells] if all(len(cell) == 1 for cell in self.cells) else []

    @property
    def roots(self) -> set[str]:
        """Elements of the record that it reads."""
        wanted = "" if self.is_record else paths.PARENT
        roots = {path.root for cell in self.cells for start, path in cell if start == wanted}
        return roots | {path.root for path in self.explode}

    @property
    def roots_above(self) -> set[str]:
        """Elements of what holds the record, or of the document, that it reads."""
        starts = {paths.DOCUMENT, paths.PARENT} if self.is_record else {paths.DOCUMENT}
        return {path.root for cell in self.cells for start, path in cell if start in starts}

    def elements(self, record: Record) -> list[Any]:
        """What its rows are made of."""
        if not self.explode:
            return [record.node]
        return [element for path in self.explode for element in path.find(record.node)]

    def add(self, record: Record, raw: bytes | None) -> None:
        """Its rows of one record; `raw` are the record's bytes, for the digest where it has no business key."""
        for item, (texts, several) in enumerate(self.read(record)):
            self.rows.add(record.position, texts, item=item, raw=raw)
            for place, said in several.items():
                self.rows.several(place, said)

    def read(self, record: Record) -> Iterator[tuple[list[str | None], dict[int, str]]]:
        """Of each of its rows of one record: the texts of the columns, and the several values of those that have several, as JSON."""
        starts: dict[str, Any] = {
            paths.DOCUMENT: record.document,
            paths.PARENT: record.above if self.is_record else record.node,
            paths.KEY: record.key,
        }
        for element in self.elements(record):
            starts[""] = element
            texts = (
                [path.text(starts[start]) for start, path in self._single] if self._single else [_text(cell, starts) for cell in self.cells]
            )
            several: dict[int, str] = {}
            if paths.UNSURE in texts:
                for place in [place for place, text in enumerate(texts) if text is paths.UNSURE]:
                    texts[place], said = _cell(_leaves(self.cells[place], starts))
                    if said is not None:
                        several[place] = said
            yield texts, several


def _text(cell: tuple[tuple[str, paths.Path], ...], starts: dict[str, Any]) -> Any:
    """The text of the first alternative that leads anywhere; UNSURE where only its leaves can tell."""
    if len(cell) == 1:
        [(start, path)] = cell
        return path.text(starts[start])
    for start, path in cell:
        if (text := path.text(starts[start])) is not None:
            return text
    return None


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

    def add(self, names: Iterable[str], position: int, records: int = 1) -> None:
        """`names` are of elements, or ways to them (`HealthData.Me`), of the record at `position` and of so many that are like it."""
        for name in sorted(names):
            element = ".".join(step if _ELEMENT.fullmatch(step) else _UNNAMED for step in name.split("."))
            if element not in self._counts and len(self._counts) >= MAX_UNMAPPED:
                element = _FURTHER
            self._counts[element] += records
            self._first.setdefault(element, position)

    def tell(self, result: Reading) -> None:
        """Hand the counts on, at the end of the file."""
        result.unmapped = dict(sorted(self._counts.items()))
        result.unmapped_first = self._first


def has_long_value(raw: bytes) -> bool:
    """Whether a text or a number of a JSON text has more bytes than a field may; it is not parsed."""
    if b'\\"' not in raw and not _has_stretch_without_quotes(raw):
        return False
    if _LONG_NUMBER.search(raw):
        return True
    if b'\\"' not in raw and not _LONG_STRETCH.search(raw):  # quick, and says of most texts that there is none
        return False
    return any(match.end() - match.start() - 2 > MAX_FIELD_CHARACTERS for match in _STRING.finditer(raw))


def values(raw: bytes) -> int:
    """How many values a JSON text has at most, told by its commas and brackets."""
    return raw.count(b",") + raw.count(b"{") + raw.count(b"[")


def _has_stretch_without_quotes(raw: bytes) -> bool:
    """Whether there is room for a text or a number of more bytes than a field may have."""
    at = 0
    while at + MAX_FIELD_CHARACTERS < len(raw):
        last = raw.rfind(b'"', at, at + MAX_FIELD_CHARACTERS + 1)
        if last < 0:
            return True
        at = last + 1
    return False


def depth(raw: bytes, enough: int) -> int:
    """The deepest nesting of a JSON text, without parsing it; 0 where it cannot be deeper than `enough`."""
    if raw.count(b"{") + raw.count(b"[") <= enough:
        return 0
    if b"\\" in raw:
        brackets = _STRING.sub(b"", raw).translate(_LEVELS, _NO_BRACKETS)
        return max(accumulate(array("b", brackets)), default=0)
    deepest, level, is_inside = 0, 0, False
    for begin in range(0, len(raw), _PIECE):
        signs = np.frombuffer(raw[begin : begin + _PIECE].translate(_SIGNS, _NO_SIGNS), dtype=np.int8)
        quotes = np.cumsum(signs == _QUOTE, dtype=np.int32) + is_inside
        levels = np.cumsum(signs[(quotes % 2 == 0) & (signs != _QUOTE)], dtype=np.int32)
        if len(levels):
            deepest, level = max(deepest, level + int(levels.max())), level + int(levels[-1])
        is_inside = bool(quotes[-1] % 2) if len(quotes) else is_inside
    return deepest
