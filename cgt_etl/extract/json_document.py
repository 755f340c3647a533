"""Whole JSON documents (a vendor's answer, a FHIR Bundle, an EPCIS document): the records of a list in them, with values of their heads.

A unit is an element of the stated list, numbered from 1 over the file, or the document itself. A record that is no object, or not sound
JSON inside, is set aside alone; a document that cannot be parsed, or whose list is not where it is stated, refuses the file, which is
never taken for an empty one. A document is held in memory whole, up to the limits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from json.decoder import JSONArray, JSONObject  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any, NamedTuple

from cgt_etl.contracts.formats import JsonFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import nested, paths
from cgt_etl.extract.limits import MAX_DEPTH, MAX_DOCUMENT_BYTES, MAX_DOCUMENT_VALUES, MAX_FIELD_CHARACTERS, MAX_RECORD_NODES
from cgt_etl.extract.nested import TYPE, Plan, Record
from cgt_etl.extract.records import OTHER_COLUMNS, UNREADABLE, Batch, Reading
from cgt_etl.extract.text import look

_MEMBERS = ".*"
_NO_TEXT = re.compile(r"[\x00\ud800-\udfff]")
_NUMBER_MARK = "\ue000"
_MARKED_NUMBER = re.compile(rf'"{_NUMBER_MARK}(-?[0-9][0-9.eE+-]*)"')


def reading(file: JsonFormat, path: Path, objects: tuple[ObjectSpec, ...], ignored: frozenset[str]) -> Reading:
    """The rows of a JSON document; see `cgt_etl.extract.open_reader`."""
    plans = Plan.of(objects)
    return Reading(lambda result: _batches(file, path, plans, ignored | {TYPE}, result))


def printed(file: JsonFormat, path: Path, first: int, last: int) -> Iterator[str]:
    """Records `first` to `last` as indented lines of JSON, every value as it was delivered."""
    parsed = _parse(path, number=lambda text: _NUMBER_MARK + text)
    for found in _found(file, path, parsed.value):
        if first <= found.position <= last:
            text = json.dumps(found.node, indent=1, ensure_ascii=False, default=str)
            yield from _MARKED_NUMBER.sub(r"\1", text).splitlines()


@dataclass(frozen=True)
class Placed:
    """A record and where its text stands among the characters of the document."""

    position: int
    kind: str | None
    """Its `resourceType`."""
    begin: int
    end: int
    is_member: bool
    """It is a member of an object: a name stands before it, and is the record's."""


def placed(file: JsonFormat, path: Path) -> tuple[str, list[Placed]]:
    """The document's text without a mark, and its records; those that are neither object nor list are left out, for nothing finds them.

    Raises:
        RefusedFile: as when it is read.
    """
    spans: dict[int, tuple[int, int]] = {}
    value = _parse(path, spans=spans).value
    found = [one for one in _found(file, path, value) if id(one.node) in spans]
    kinds = [one.node.get(TYPE) if isinstance(one.node, dict) else None for one in found]
    return path.read_bytes().decode("utf-8-sig"), [
        Placed(one.position, kind if isinstance(kind, str) else None, *spans[id(one.node)], one.key is not None)
        for one, kind in zip(found, kinds, strict=True)
    ]


class _Placing(json.JSONDecoder):
    """Writes down where objects and lists begin and end; as slow as Python."""

    def __init__(self, spans: dict[int, tuple[int, int]], **hooks: Any) -> None:
        super().__init__(**hooks)
        self.parse_object, self.parse_array = _noting(JSONObject, spans), _noting(JSONArray, spans)
        self.scan_once = json.scanner.py_make_scanner(self)  # type: ignore[attr-defined]


def _noting(parse: Callable[..., tuple[Any, int]], spans: dict[int, tuple[int, int]]) -> Callable[..., tuple[Any, int]]:
    def noted(begins: tuple[str, int], *hooks: Any) -> tuple[Any, int]:
        value, end = parse(begins, *hooks)
        spans[id(value)] = begins[1] - 1, end
        return value, end

    return noted


class _Flawed(dict[str, Any]):
    """An object with an element twice: its pairs, so that none is lost."""


class _NoNumber:
    """NaN or Infinity, which are no JSON."""

    def __str__(self) -> str:
        return "NaN or Infinity"


@dataclass(frozen=True)
class _Parsed:
    value: Any
    is_sound: bool
    """Nothing in it has to be looked for."""
    values: int
    """It has no more."""


class _Found(NamedTuple):
    """An element of a list of records, whatever it is."""

    position: int
    node: Any
    above: dict[str, Any]
    document: dict[str, Any]
    key: str | None
    is_listed: bool
    """It stands in a list; else the document is the record."""
    fault: str | None = None
    """Why it is no record, where its surroundings say so."""


def _batches(file: JsonFormat, path: Path, plans: list[Plan], ignored: frozenset[str], result: Reading) -> Iterator[Batch]:
    parsed = _parse(path)
    heads = sorted({root for plan in plans for root in plan.roots_above})
    exploding = [plan for plan in plans if plan.explode]
    of_record = ignored.union(*(plan.roots for plan in plans))
    of_head = ignored.union(heads, {file.inside or ""}, (re.split(r"[.\[]", one)[0] for one in _ways(file)))
    unmapped = nested.Unmapped()
    has_digest = not plans[0].spec.key
    if not parsed.is_sound:
        _check_heads(file, path, parsed.value)
    last: _Found | None = None
    for found in _found(file, path, parsed.value):
        if last is None or last.document is not found.document:
            unmapped.add(_names_of_heads(file, found) - of_head, found.position)
        last = found
        if fault := _fault(found, is_sound=parsed.is_sound):
            result.misread(found.position, fault, _raw(found.node))
            continue
        kind = found.node.get(TYPE)
        if file.resource_type and kind is None:
            result.misread(found.position, f"no {TYPE}", _raw(found.node))
            continue
        if file.resource_type and kind != file.resource_type:
            _check_other(file, path, found)
            unmapped.add([f"{TYPE}:{kind}"], found.position)
            continue
        record = Record(found.position, found.node, found.above, found.document, found.key)
        if parsed.values > MAX_RECORD_NODES and any(len(plan.elements(record)) > MAX_RECORD_NODES for plan in exploding):
            result.misread(found.position, f"a list of more than {MAX_RECORD_NODES} rows", _raw(found.node))
            continue
        result.units += 1
        if unknown := found.node.keys() - of_record:
            unmapped.add(unknown, found.position)
        raw = _raw([found.node, *([head.get(name) for name in heads] for head in (found.document, found.above))]) if has_digest else None
        for plan in plans:
            plan.add(record, raw)
        if any(plan.rows.is_full for plan in plans):
            yield from nested.flush(plans)
    unmapped.tell(result)
    yield from nested.flush(plans)


def _fault(found: _Found, *, is_sound: bool) -> str | None:
    """Why it is no record; None where it is one."""
    if not isinstance(found.node, dict):
        return "no JSON object"
    return found.fault or (None if is_sound else _flaw(found.node))


def _names_of_heads(file: JsonFormat, found: _Found) -> set[str]:
    """Elements of the document and of what is inside it, unless they are the record; a Bundle's own say how it came, and nothing else."""
    heads = [head for head in (found.document, found.above) if head is not found.node and not (file.resource_type and _is_bundle(head))]
    return {name for head in heads for name in head}


def _is_bundle(node: dict[str, Any]) -> bool:
    return node.get(TYPE) == "Bundle"


def _check_other(file: JsonFormat, path: Path, found: _Found) -> None:
    """A list may hold records of several types; a document that is one record of another type went to the wrong feed."""
    if not found.is_listed:
        raise _refuse(
            path,
            f"wrong resource type: this one is not {file.resource_type}",
            "Send resources of the type that the contract names, alone or in Bundles",
            found.position,
            rule=OTHER_COLUMNS,
        )


def _found(file: JsonFormat, path: Path, value: Any) -> Iterator[_Found]:
    """Every record of the file, in order. In a list of documents, one that does not hold what is stated stands for a record.

    Raises:
        RefusedFile: neither object nor list at the top, or the one document holds no list of records.
        DeclarationError: `records` is no path.
    """
    if not isinstance(value, dict | list):
        raise _refuse(path, "it is neither a JSON object nor a list", "Send the whole document", 1)
    is_list = isinstance(value, list)
    position = 0
    for document in value if is_list else [value]:
        body = document.get(file.inside, document) if file.inside and isinstance(document, dict) else document
        is_torn = file.records is not None and (isinstance(document, _Flawed) or isinstance(body, _Flawed))
        records = None if is_torn else _records(file, body)
        if records is None and not is_list:
            raise _without_records(file, path, is_torn=is_torn)
        if records is None:
            position += 1
            yield _Found(position, document, {}, document, None, is_listed=True, fault=None if is_torn else f"no `{file.records}`")
            continue
        for key, node, is_listed in records:
            position += 1
            above = body if isinstance(body, dict) else {}
            yield _Found(position, node, above, document if isinstance(document, dict) else {}, key, is_listed or is_list)


def _without_records(file: JsonFormat, path: Path, *, is_torn: bool) -> RefusedFile:
    if is_torn:
        return _refuse(path, "the document has an element given twice outside its records", "Mend the export")
    remedy = "Send the document that the contract describes; an empty list is fine"
    return _refuse(path, f"the document has no `{file.records}`", remedy, 1, rule=OTHER_COLUMNS)


def _records(file: JsonFormat, body: Any) -> Iterable[tuple[str | None, Any, bool]] | None:
    """(name where it is a member, record, whether it stands in a list) of one document; None where it has no list of records."""
    if file.records is None or not isinstance(body, dict):
        return [(None, body, False)]
    for way in _ways(file):
        if way.endswith(_MEMBERS):
            holders = _listed(paths.parse(way.removesuffix(_MEMBERS)), body)
            if holders is not None and all(
                isinstance(holder, dict) for holder in holders
            ):  # some write an object without members as a list
                return ((key, node, True) for holder in holders for key, node in holder.items())
        elif (listed := _listed(paths.parse(way), body)) is not None:
            return ((None, node, True) for node in listed)
    if file.resource_type and _is_bundle(body):
        return []  # a Bundle of nothing has no list
    return [(None, body, False)] if file.is_alone_allowed else None


def _ways(file: JsonFormat) -> list[str]:
    """Where the list of records may lie, in order."""
    return file.records.split("|") if file.records else []


def _listed(path: paths.Path, body: dict[str, Any]) -> list[Any] | None:
    """The elements of the list at `path`, whatever they are; None where there is no such list."""
    *above, last = path.steps
    parents = paths.Path(tuple(above)).find(body)
    values = [parent.get(last.name) if isinstance(parent, dict) else None for parent in parents]
    if all(value is None for value in values):
        return None
    if last.selectors:
        return [node for parent in parents for node in paths.Path((last,)).find(parent)]
    return [node for value in values for node in (value if isinstance(value, list) else [value])]


def _parse(path: Path, number: Callable[[str], str] = str, spans: dict[int, tuple[int, int]] | None = None) -> _Parsed:
    """The document, with numbers as their text; `spans` takes where each object and list, by its identity, begins and ends.

    Raises:
        RefusedFile: too large, too deep, not UTF-8, or no JSON; with the line where it breaks.
    """
    if (size := path.stat().st_size) > MAX_DOCUMENT_BYTES:
        raise _refuse(
            path, f"the document has {size} bytes, more than {MAX_DOCUMENT_BYTES}", "Send it in parts, or as JSON lines (format ndjson)"
        )
    look(path, "utf-8-sig", MAX_DOCUMENT_BYTES)
    raw = path.read_bytes()
    if (values := nested.values(raw)) > MAX_DOCUMENT_VALUES:
        raise _refuse(
            path, f"the document holds more than {MAX_DOCUMENT_VALUES} values", "Send it in parts, or as JSON lines (format ndjson)"
        )
    if nested.depth(raw, MAX_DEPTH) > MAX_DEPTH:
        raise _refuse(path, f"the document is nested deeper than {MAX_DEPTH}", "Mend the export")
    if nested.has_long_value(raw):
        raise _refuse(path, f"a text or a number is longer than {MAX_FIELD_CHARACTERS} characters", "Mend the export")
    is_sound = b"\\u" not in raw

    def pairs(of: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal is_sound
        made = dict(of)
        if len(made) == len(of):
            return made
        is_sound = False
        return _Flawed({"(an element comes twice)": [list(pair) for pair in of]})

    def no_number(_: str) -> _NoNumber:
        nonlocal is_sound
        is_sound = False
        return _NoNumber()

    hooks: dict[str, Any] = {"parse_float": number, "parse_int": number, "parse_constant": no_number, "object_pairs_hook": pairs}
    decoder = json.JSONDecoder(**hooks) if spans is None else _Placing(spans, **hooks)
    text = raw.decode("utf-8-sig")
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError as error:
        raise _broken(path, text, error) from None
    return _Parsed(value, is_sound, values)


def _broken(path: Path, text: str, error: json.JSONDecodeError) -> RefusedFile:
    if error.msg == "Extra data":
        return _refuse(path, "something follows the document", "Send one document per file, or JSON lines to a feed of them", error.lineno)
    if error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated"):
        return _refuse(path, "the file is truncated: its document breaks off", "Send the whole document again", error.lineno)
    return _refuse(path, "the document is no JSON from this line on", "Mend the export", error.lineno)


def _flaw(node: Any, records: frozenset[int] = frozenset()) -> str | None:
    """What makes a parsed value no sound JSON, `records` (by identity) left out; None where nothing does."""
    pending = [node]
    while pending:
        one = pending.pop()
        if isinstance(one, _Flawed):
            return "an element given twice"
        if isinstance(one, _NoNumber):
            return str(one)
        if isinstance(one, dict):
            pending += [*one.keys(), *(value for value in one.values() if id(value) not in records)]
        elif isinstance(one, list):
            pending += [value for value in one if id(value) not in records]
        elif isinstance(one, str) and (found := _NO_TEXT.search(one)):
            return "a NUL character" if found[0] == "\0" else "half of a surrogate pair"
    return None


def _check_heads(file: JsonFormat, path: Path, value: Any) -> None:
    """What is not sound in a record sets that record aside; elsewhere nobody knows what it touches."""
    records = frozenset(id(found.node) for found in _found(file, path, value) if isinstance(found.node, dict | list))
    if id(value) not in records and (flaw := _flaw(value, records)):
        raise _refuse(path, f"the document has {flaw} outside its records", "Mend the export")


def _raw(node: Any) -> bytes:
    """The record as JSON; its numbers are texts."""
    return json.dumps(node, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")


def _refuse(path: Path, what: str, remedy: str, position: int | None = None, rule: str = UNREADABLE) -> RefusedFile:
    return RefusedFile(what, remedy=remedy, file=path.name, position=position, rule=rule)
