"""Newline-delimited JSON (FHIR bulk exports, EPCIS events): one resource per line, cells by path, lists inside it as rows of their own.

A unit is a non-blank line. A line that is no JSON object is set aside alone; numbers keep their delivered text.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.contracts.model import NdjsonFormat
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import paths
from cgt_etl.extract.limits import MAX_DEPTH
from cgt_etl.extract.records import OTHER_COLUMNS, UNREADABLE, Batch, Reading, Rows
from cgt_etl.extract.text import look

_TYPE = "resourceType"
_STRING_OR_BRACKET = re.compile(rb'"(?:[^"\\]|\\.)*"|([\[{])|([\]}])')
_ELEMENT = re.compile(r"(?!.*[0-9]{3})_?[A-Za-z][A-Za-z0-9_]{0,63}")  # no long number: it may be somebody's
_UNNAMED = "(an element whose name is no name)"


def reading(file: NdjsonFormat, path: Path, objects: tuple[ObjectSpec, ...], ignored: frozenset[str]) -> Reading:
    """The rows of a file of JSON lines; see `cgt_etl.extract.open_reader`."""
    plans = [_Plan.of(spec, is_record=place == 0) for place, spec in enumerate(objects)]
    known = ignored | {_TYPE} | {root for plan in plans for root in plan.roots}
    return Reading(lambda result: _batches(file, path, plans, known, result))


@dataclass(frozen=True)
class _Plan:
    """How the rows of one object are found in a resource."""

    spec: ObjectSpec
    explode: paths.Path | None
    cells: list[tuple[bool, paths.Path]]
    """(starts at the resource, path), in the order of the columns."""
    rows: Rows

    @classmethod
    def of(cls, spec: ObjectSpec, *, is_record: bool) -> _Plan:
        names = [column.physical_name for column in spec.columns]
        cells = [(is_record or name.startswith(paths.PARENT), paths.parse(name.removeprefix(paths.PARENT))) for name in names]
        explode = paths.parse(spec.extension.explode) if spec.extension.explode else None
        return cls(spec, explode, cells, Rows(spec, is_record=is_record))

    @property
    def roots(self) -> set[str]:
        roots = {path.root for is_top, path in self.cells if is_top}
        return roots | {self.explode.root} if self.explode else roots

    def add(self, position: int, resource: dict[str, Any], raw: bytes) -> None:
        elements = [resource] if self.explode is None else self.explode.find(resource)
        for item, element in enumerate(elements):
            found = [_cell(path.find(resource if is_top else element)) for is_top, path in self.cells]
            self.rows.add(position, [text for text, _ in found], item=item, raw=raw)
            for place, (_, several) in enumerate(found):
                if several is not None:
                    self.rows.several(place, several)


def _cell(leaves: list[Any]) -> tuple[str | None, str | None]:
    """(the one text, None), (None, None) where there is none, or (None, all of them as JSON) where there are several."""
    texts = {paths.scalar(leaf) for leaf in leaves}
    if len(texts) > 1 or (texts == {None}):
        return None, json.dumps(leaves)
    return (texts.pop() if texts else None), None


def _batches(file: NdjsonFormat, path: Path, plans: list[_Plan], known: frozenset[str], result: Reading) -> Iterator[Batch]:
    looked = look(path, "utf-8-sig")
    unmapped: defaultdict[str, int] = defaultdict(int)
    is_last_broken = False
    with path.open("rb") as stream:
        for position, line in enumerate(stream, start=1):
            raw = (line.removeprefix(b"\xef\xbb\xbf") if position == 1 else line).strip()
            if not raw:
                continue
            resource = _resource(raw)
            is_last_broken = isinstance(resource, str)
            if isinstance(resource, str):
                result.misread(position, resource, raw)
                continue
            kind = resource.get(_TYPE)
            if file.resource_type and kind is None:
                result.misread(position, f"no {_TYPE}", raw)
                continue
            if file.resource_type and kind != file.resource_type:
                raise RefusedFile(
                    f"wrong resource type: this one is not {file.resource_type}",
                    remedy="Send one resource type per file, as the contract names it",
                    file=path.name,
                    position=position,
                    rule=OTHER_COLUMNS,
                )
            result.units += 1
            for name in resource.keys() - known:
                element = name if _ELEMENT.fullmatch(name) else _UNNAMED
                unmapped[element] += 1
                result.unmapped_first.setdefault(element, position)
            for plan in plans:
                plan.add(position, resource, raw)
            if any(plan.rows.is_full for plan in plans):
                yield from _flush(plans)
    if is_last_broken and not looked.ends_with_newline:
        raise RefusedFile(
            "the file is truncated: its last line breaks off",
            remedy="Send the whole export again",
            file=path.name,
            position=result.set_aside[-1].position,
            rule=UNREADABLE,
        )
    result.unmapped = dict(sorted(unmapped.items()))
    yield from _flush(plans)


def _flush(plans: list[_Plan]) -> Iterator[Batch]:
    for plan in plans:
        if batch := plan.rows.batch():
            yield batch


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("an element comes twice")
    return made


def _no_constant(_: str) -> Any:
    raise ValueError("NaN and Infinity are no JSON")


_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=_no_constant, object_pairs_hook=_object)


def _resource(raw: bytes) -> dict[str, Any] | str:
    """The resource of a line, or why it has none."""
    if _depth(raw) > MAX_DEPTH:
        return f"nested deeper than {MAX_DEPTH}"
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


def _depth(raw: bytes) -> int:
    if raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:
        return 0
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(raw):
        depth += bool(match[1]) - bool(match[2])
        deepest = max(deepest, depth)
    return deepest
