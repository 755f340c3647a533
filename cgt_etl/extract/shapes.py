"""Lines of JSON that differ in their values alone: what the careful way finds in one of them is found in all, by one comparison of bytes.

A shape is learnt from a line that was read with care: its elements, their order and its blanks stand fast, its texts and numbers are holes,
and which cell of the contract reads which hole is asked of the plans themselves, over a record whose values are marks. A text that a path
selects by (`[system=...]`) stands fast too. A line of that form (`byte_lines`) is sound JSON with the same elements; its values are
delivered as they are. Lines with a backslash or blanks around them, and long ones, have no shape. No rule stands here: whatever has no
shape is for the careful way.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import polars as pl

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.extract import paths
from cgt_etl.extract.byte_lines import NUMBER, Form, Lines, Numbers
from cgt_etl.extract.nested import TYPE, Plan, Record
from cgt_etl.extract.records import DIGEST, ITEM, POSITION, Columnar, Rows, as_columns

LEAST_ALIKE = 16
"""Fewer lines are read one by one in the time that learning takes."""
_MOST_BYTES: Final = 16 * 1024
"""No limit of a record lies below."""
_MOST_HOLES: Final = 150
_MOST_SHAPES: Final = 24
_MOST_LEARNT: Final = 6
"""In one stretch."""
_TEXT = r'[^"\\\x00-\x1f]*'
_VALUE = re.compile(rf'"(?P<text>{_TEXT})"(?P<is_key>\s*:)?|(?P<number>{NUMBER})')
_NUMBER_OF: Final = "@number"
MARK = "\ue000"
"""Before the number of a hole, in the place of its value, where a shape is learnt."""
Way = tuple[str, ...]
"""Names of the elements from the record to a leaf."""


@dataclass(frozen=True)
class Shape:
    """Lines of one shape."""

    form: Form
    captured: list[int]
    """Holes that are read."""
    rows: list[list[list[int | str | None]]]
    """Of each plan, of each of its rows, of each column: which of the captured, from 1, or what stands there in all lines."""
    unknown: frozenset[str]
    """Elements outside the contract."""


@dataclass(frozen=True)
class Shaped:
    """The lines of a stretch that have one shape."""

    shape: Shape
    lines: pl.DataFrame
    """`POSITION`, what was captured as `1`, `2`, ..., and where a plan has digests `line`."""

    @property
    def first(self) -> int:
        """Position of the first."""
        found: int = self.lines[POSITION][0]
        return found

    @property
    def last(self) -> int:
        """Position of the last."""
        found: int = self.lines[POSITION][-1]
        return found

    def rows(self, place: int, plan: Plan) -> Iterator[pl.DataFrame]:
        """The rows of a plan, which is number `place`, as a columnar batch has them: the first of each record, then the second."""
        digests: pl.Series | pl.Expr = pl.lit(None, pl.String)
        if plan.is_record and not plan.spec.key:
            digests = pl.Series([hashlib.sha256(line.encode()).hexdigest() for line in self.lines["line"]], dtype=pl.String)
        names = [column.name for column in plan.spec.columns]
        for item, cells in enumerate(self.shape.rows[place]):
            texts = (pl.col(str(cell)) if isinstance(cell, int) else pl.lit(cell, pl.String) for cell in cells)
            own = {ITEM: pl.lit(item, pl.Int64), DIGEST: digests}
            yield self.lines.with_columns(**own).select(
                POSITION, ITEM, DIGEST, *(text.alias(n) for n, text in zip(names, texts, strict=True))
            )


class Gathers(Protocol):
    """A plan of any format, that gathers the rows of records read with care."""

    @property
    def spec(self) -> ObjectSpec: ...

    @property
    def rows(self) -> Rows: ...


class Shapes:
    """The shapes of one file."""

    def __init__(
        self, plans: list[Plan], known: frozenset[str], parse: Callable[[bytes], dict[str, Any] | str], accepts: Callable[[Any], bool]
    ) -> None:
        """`parse` gives the record of a line with numbers as texts, or says why it has none; `accepts` whether a record belongs here."""
        self._plans, self._known, self._parse, self._accepts = plans, known, parse, accepts
        self._fast = {(TYPE,)}.union(*(selecting(plan) for plan in plans))
        self._has_digest = any(plan.is_record and not plan.spec.key for plan in plans)
        self._shapes: list[Shape] = []

    def divide(self, lines: Lines) -> tuple[list[Shaped], Numbers]:
        """What of the lines has a shape, and the numbers of the rest, in order."""
        found: list[Shaped] = []
        is_plain = lines.plain(_MOST_BYTES)
        rest, odd = np.flatnonzero(is_plain), [np.flatnonzero(~is_plain)]
        learnt = 0
        for shape in [*self._shapes]:
            rest = self._take(shape, lines, rest, found)
        while len(rest) >= LEAST_ALIKE and learnt < _MOST_LEARNT and len(self._shapes) < _MOST_SHAPES:
            learnt += 1
            shape_of_first = self._learn(lines.text(int(rest[0])).decode())
            if shape_of_first is None:
                odd.append(rest[:1])
                rest = rest[1:]
                continue
            self._shapes.append(shape_of_first)
            rest = self._take(shape_of_first, lines, rest, found)
        return found, np.sort(np.concatenate([*odd, rest]))

    def _take(self, shape: Shape, lines: Lines, rest: Numbers, found: list[Shaped]) -> Numbers:
        """What of `rest` is not of the shape."""
        alike = shape.form.find(lines, rest)
        if not len(alike.numbers):
            return rest
        columns = [pl.Series(POSITION, alike.numbers + lines.first)]
        columns += [lines.cut(*alike.holes[hole]).alias(str(place)) for place, hole in enumerate(shape.captured, start=1)]
        if self._has_digest:
            columns.append(lines.cut(lines.begins[alike.numbers], lines.ends[alike.numbers]).alias("line"))
        found.append(Shaped(shape, pl.DataFrame(columns)))
        return rest[:0] if len(alike.numbers) == len(rest) else np.setdiff1d(rest, alike.numbers, assume_unique=True)

    def _learn(self, line: str) -> Shape | None:
        """The shape of a line; None where it has none."""
        if "\\" in line or MARK in line or len(line) > _MOST_BYTES or line != line.strip() or not self._accepts(self._parse(line.encode())):
            return None
        values = [match for match in _VALUE.finditer(line) if not match["is_key"]]
        if len(values) > _MOST_HOLES:
            return None
        ways = dict(ways_of(self._parse(_marked(line, values, range(len(values))))))
        holes = [number for number in range(len(values)) if ways[f"{MARK}{number}"] not in self._fast]
        node = self._parse(_marked(line, values, holes))
        rows = None if isinstance(node, str) else [rows_of(plan, Record(0, node, node, node)) for plan in self._plans]
        if isinstance(node, str) or not holes or rows is None or None in rows:
            return None
        read = {cell for of in rows for row in of or () for cell in row if cell is not None and cell.startswith(MARK)}
        captured = [place for place, number in enumerate(holes) if f"{MARK}{number}" in read]
        groups = {f"{MARK}{holes[place]}": number for number, place in enumerate(captured, start=1)}
        shape_rows = [[[groups.get(cell or "", cell) for cell in row] for row in of or ()] for of in rows]
        return Shape(_form(line, [values[number] for number in holes]), captured, shape_rows, frozenset(node.keys() - self._known))


def together(plan: Gathers, shaped: list[pl.DataFrame]) -> Iterator[Columnar]:
    """The rows of a stretch in file order: those of its shapes, and those that the plan gathered from other lines. One batch, so that the
    rows of a record stay beside those inside it."""
    batch = plan.rows.batch()
    frames = shaped if batch is None else [*shaped, as_columns(batch)]
    if len(frames) == 1:
        yield Columnar(plan.spec.name, frames[0], batch.ambiguous if batch else None)
    elif frames:
        rows = pl.concat(frames).with_row_index(_NUMBER_OF).sort(POSITION, ITEM)
        ambiguous: dict[tuple[int, str], str] = {}
        if batch is not None and batch.ambiguous:
            before = rows.height - len(batch.positions)
            places = {number - before: place for place, number in enumerate(rows[_NUMBER_OF])}
            ambiguous = {(places[number], name): said for (number, name), said in batch.ambiguous.items()}
        yield Columnar(plan.spec.name, rows.drop(_NUMBER_OF), ambiguous)


def _marked(line: str, values: list[re.Match[str]], holes: Any) -> bytes:
    """The line with a mark in each hole."""
    parts, at = [], 0
    for number in holes:
        begin, end = values[number].span()
        parts += [line[at:begin], f'"{MARK}{number}"']
        at = end
    return "".join([*parts, line[at:]]).encode()


def _form(line: str, holes: list[re.Match[str]]) -> Form:
    are_numbers = [hole["text"] is None for hole in holes]
    spans = [hole.span("number" if is_number else "text") for hole, is_number in zip(holes, are_numbers, strict=True)]
    begins, ends = [0, *(end for _, end in spans)], [*(begin for begin, _ in spans), len(line)]
    return Form([line[begin:end] for begin, end in zip(begins, ends, strict=True)], are_numbers)


def ways_of(node: Any, way: Way = ()) -> Iterator[tuple[str, Way]]:
    """(mark, way to it) of each."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from ways_of(value, (*way, name))
    elif isinstance(node, list):
        for value in node:
            yield from ways_of(value, way)
    elif isinstance(node, str):
        yield node, way


def rows_of(plan: Plan, record: Record) -> list[list[str | None]] | None:
    """What the plan reads in a record; None where a cell has several values."""
    rows = []
    for texts, several in plan.read(record):
        if several:
            return None
        rows.append(texts)
    return rows


def selecting(plan: Plan) -> set[Way]:
    """Ways to leaves by which a plan's paths select."""
    explode = [way for path in plan.explode for way in [tuple(step.name for step in path.steps)]]
    found = {way for path in plan.explode for way in _selectors((), path)}
    for start, path in (alternative for cell in plan.cells for alternative in cell):
        bases = explode if explode and start == "" else [()]
        found.update(way for base in bases for way in _selectors(base, path))
    return found


def _selectors(base: Way, path: paths.Path) -> Iterator[Way]:
    for step in path.steps:
        base = (*base, step.name)
        for selector in step.selectors:
            if not isinstance(selector, int):
                within, _ = selector
                yield (*base, *(one.name for one in within.steps))
                yield from _selectors(base, within)
