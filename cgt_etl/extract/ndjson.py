"""Newline-delimited JSON (FHIR bulk exports, EPCIS events): one resource per line, cells by path, lists inside it as rows of their own.

A unit is a non-blank line. A line that is no JSON object is set aside alone; numbers keep their delivered text.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from cgt_etl.contracts.formats import NdjsonFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import nested
from cgt_etl.extract.byte_lines import Lines
from cgt_etl.extract.limits import MAX_DEPTH, MAX_FIELD_CHARACTERS, MAX_RECORD_NODES
from cgt_etl.extract.nested import TYPE, Plan, Record
from cgt_etl.extract.records import OTHER_COLUMNS, UNREADABLE, Batch, Reading
from cgt_etl.extract.shapes import LEAST_ALIKE, Shaped, Shapes, together
from cgt_etl.extract.text import look

_STRETCH_BYTES = 1024 * 1024


def reading(file: NdjsonFormat, path: Path, objects: tuple[ObjectSpec, ...], ignored: frozenset[str]) -> Reading:
    """The rows of a file of JSON lines; see `cgt_etl.extract.open_reader`."""
    plans = Plan.of(objects)
    known = ignored.union({TYPE}, *(plan.roots | plan.roots_above for plan in plans))
    return Reading(lambda result: _Pass(file, path, plans, known, result).batches())


class _Pass:
    """One pass over one file."""

    def __init__(self, file: NdjsonFormat, path: Path, plans: list[Plan], known: frozenset[str], result: Reading) -> None:
        self._file, self._path, self._plans, self._known, self._result = file, path, plans, known, result
        self._unmapped = nested.Unmapped()
        self._shapes = Shapes(plans, known, _resource, self._accepts)
        self._broken_last = 0
        """Position of the last line, where it is no JSON."""

    def batches(self) -> Iterator[Batch]:
        looked = look(self._path, "utf-8-sig")
        position = 1
        with self._path.open("rb") as stream:
            if stream.read(3) != codecs.BOM_UTF8:
                stream.seek(0)
            while stretch := stream.read(_STRETCH_BYTES):
                if not stretch.endswith(b"\n"):
                    stretch += stream.readline()
                lines = Lines(stretch, position)
                yield from self._stretch(lines)
                position += lines.count
        if self._broken_last and not looked.ends_with_newline:
            raise RefusedFile(
                "the file is truncated: its last line breaks off",
                remedy="Send the whole export again",
                file=self._path.name,
                position=self._broken_last,
                rule=UNREADABLE,
            )
        self._unmapped.tell(self._result)

    def _stretch(self, lines: Lines) -> Iterator[Batch]:
        """The rows of some whole lines."""
        shaped, rest = self._shapes.divide(lines) if lines.count >= LEAST_ALIKE else ([], np.arange(lines.count))
        for one in shaped:
            self._result.units += one.lines.height
        waiting = sorted((one for one in shaped if one.shape.unknown), key=lambda one: one.first, reverse=True)
        careful = ((lines.first + number, lines.text(number)) for number in map(int, rest))
        if not shaped:
            yield from self._lines(careful)
            yield from nested.flush(self._plans)
            return
        last = max(one.last for one in shaped)
        for position, line in careful:
            while waiting and waiting[-1].first < position:
                self._tell(waiting.pop())
            self._line(position, line)
        while waiting:
            self._tell(waiting.pop())
        if self._broken_last < last:
            self._broken_last = 0
        for place, plan in enumerate(self._plans):
            yield from together(plan, [frame for one in shaped for frame in one.rows(place, plan)])

    def _tell(self, shaped: Shaped) -> None:
        self._unmapped.add(shaped.shape.unknown, shaped.first, shaped.lines.height)

    def _lines(self, lines: Iterable[tuple[int, bytes]]) -> Iterator[Batch]:
        for position, line in lines:
            self._line(position, line)
            if any(plan.rows.is_full for plan in self._plans):
                yield from nested.flush(self._plans)

    def _line(self, position: int, line: bytes) -> None:
        """One line, read with care."""
        raw = line.strip()
        if not raw:
            return
        resource = _resource(raw)
        self._broken_last = position if isinstance(resource, str) else 0
        if isinstance(resource, str):
            self._result.misread(position, resource, raw)
            return
        kind = resource.get(TYPE)
        if self._file.resource_type and kind is None:
            self._result.misread(position, f"no {TYPE}", raw)
            return
        if self._file.resource_type and kind != self._file.resource_type:
            raise RefusedFile(
                f"wrong resource type: this one is not {self._file.resource_type}",
                remedy="Send one resource type per file, as the contract names it",
                file=self._path.name,
                position=position,
                rule=OTHER_COLUMNS,
            )
        self._result.units += 1
        if unknown := resource.keys() - self._known:
            self._unmapped.add(unknown, position)
        record = Record(position, resource, resource, resource)
        for plan in self._plans:
            plan.add(record, raw)

    def _accepts(self, resource: Any) -> bool:
        """Whether nothing is wrong with what a line gave."""
        return isinstance(resource, dict) and self._file.resource_type in (None, resource.get(TYPE))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an element comes twice")
    return made


def _no_constant(_: str) -> Any:
    raise ValueError("NaN and Infinity are no JSON")


_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_constant, object_pairs_hook=_object)


def _excess(raw: bytes) -> str | None:
    """Why a line is not even parsed."""
    if len(raw) > MAX_RECORD_NODES and nested.values(raw) > MAX_RECORD_NODES:
        return f"more than {MAX_RECORD_NODES} values"
    if nested.has_long_value(raw):
        return f"a text or a number of more than {MAX_FIELD_CHARACTERS} characters"
    return f"nested deeper than {MAX_DEPTH}" if nested.depth(raw, MAX_DEPTH) > MAX_DEPTH else None


def _resource(raw: bytes) -> dict[str, Any] | str:
    """The resource of a line, or why it has none."""
    if excess := _excess(raw):
        return excess
    try:
        value = _DECODER.decode(raw.decode("utf-8"))
        if b"\\u" in raw:
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError:
        return "no JSON"
    except UnicodeEncodeError:
        return "half of a surrogate pair"
    except ValueError:
        return "an element given twice, NaN or Infinity"
    if not isinstance(value, dict):
        return "no JSON object"
    return "a NUL character" if b"\\u0000" in raw else value
