"""Newline-delimited JSON (FHIR bulk exports, EPCIS events): one resource per line, cells by path, lists inside it as rows of their own.

A unit is a non-blank line. A line that is no JSON object is set aside alone; numbers keep their delivered text.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cgt_etl.contracts.formats import NdjsonFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import nested
from cgt_etl.extract.limits import MAX_DEPTH, MAX_FIELD_CHARACTERS, MAX_RECORD_NODES
from cgt_etl.extract.nested import TYPE, Plan, Record
from cgt_etl.extract.records import OTHER_COLUMNS, UNREADABLE, Batch, Reading
from cgt_etl.extract.text import look


def reading(file: NdjsonFormat, path: Path, objects: tuple[ObjectSpec, ...], ignored: frozenset[str]) -> Reading:
    """The rows of a file of JSON lines; see `cgt_etl.extract.open_reader`."""
    plans = Plan.of(objects)
    known = ignored | {TYPE} | {root for plan in plans for root in plan.roots | plan.roots_above}
    return Reading(lambda result: _batches(file, path, plans, known, result))


def _batches(file: NdjsonFormat, path: Path, plans: list[Plan], known: set[str] | frozenset[str], result: Reading) -> Iterator[Batch]:
    looked = look(path, "utf-8-sig")
    unmapped = nested.Unmapped()
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
            kind = resource.get(TYPE)
            if file.resource_type and kind is None:
                result.misread(position, f"no {TYPE}", raw)
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
            if unknown := resource.keys() - known:
                unmapped.add(unknown, position)
            record = Record(position, resource, resource, resource)
            for plan in plans:
                plan.add(record, raw)
            if any(plan.rows.is_full for plan in plans):
                yield from nested.flush(plans)
    if is_last_broken and not looked.ends_with_newline:
        raise RefusedFile(
            "the file is truncated: its last line breaks off",
            remedy="Send the whole export again",
            file=path.name,
            position=result.set_aside[-1].position,
            rule=UNREADABLE,
        )
    unmapped.tell(result)
    yield from nested.flush(plans)


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
