"""Reads one contract file or one partner file, strictly: ODCS's own JSON schema first, then our closed models, then cross-references.

Holds the parsed shapes (`Feed`, `ObjectSpec`, `ColumnSpec`). Knows nothing of folders full of them; the registry does.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import jsonschema_rs
import yaml
from pydantic import BaseModel, ValidationError

from cgt_etl.contracts import formats, model
from cgt_etl.errors import DeclarationError

EXTENSION = "cgt"
TODO = "TODO"
"""How a draft marks what a person must decide; refused wherever it stands."""
_DESCRIPTION = {"purpose", "limitations", "usage"}
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class BoundRule:
    """A rule of the catalogue, bound to a column with its arguments."""

    id: str
    rule: model.Rule


@dataclass(frozen=True)
class ColumnSpec:
    """One column of an object: its name here, its name (or path) in the delivered file, and how it is read."""

    name: str
    physical_name: str
    description: str
    required: bool
    key_position: int | None
    extension: model.Column
    rules: tuple[BoundRule, ...]


@dataclass(frozen=True)
class ObjectSpec:
    """One record type of a feed; the first of a feed is the record itself, the others are lists inside it."""

    name: str
    description: str
    extension: model.ObjectExtension
    columns: tuple[ColumnSpec, ...]

    @property
    def key(self) -> tuple[ColumnSpec, ...]:
        """Columns of the business key, in order; empty where the record itself is the key."""
        return tuple(sorted((c for c in self.columns if c.key_position is not None), key=lambda c: c.key_position or 0))

    def column(self, name: str) -> ColumnSpec:
        return next(column for column in self.columns if column.name == name)


@dataclass(frozen=True)
class Feed:
    """One contract: what a dialect's feed promises."""

    dialect: str
    name: str
    path: Path
    version: str
    description: str
    owner: str
    extension: model.FeedExtension
    promise: model.Promise
    """Of its `slaProperties`; a partner may promise otherwise (`Binding.promise`)."""
    objects: tuple[ObjectSpec, ...]
    digest: str

    def object(self, name: str) -> ObjectSpec:
        return next(spec for spec in self.objects if spec.name == name)


def load_feed(path: Path) -> Feed:
    """Read `<dialect>/<feed>.odcs.yaml`.

    Raises:
        DeclarationError: naming the file, the place inside it and what is wrong there.
    """
    document = read_yaml(path)
    _check_odcs(document, path)
    name = path.name.removesuffix(".odcs.yaml")
    if document.get("name") != name:
        raise _wrong(path, "name", f"must be the file's stem `{name}`")
    feed = Feed(
        dialect=path.parent.name,
        name=name,
        path=path,
        version=document["version"],
        description=(document.get("description") or {}).get("purpose", ""),
        owner=(document.get("team") or {}).get("name", ""),
        extension=_extension(model.FeedExtension, document, path, "customProperties", required=True),
        promise=_promise(document.get("slaProperties") or [], path),
        objects=tuple(_object(entry, path, f"schema.{i}") for i, entry in enumerate(document.get("schema") or [])),
        digest=hashlib.sha256(path.read_bytes()).hexdigest(),
    )
    _cross_check(feed)
    return feed


def load_partner(path: Path) -> model.Partner:
    """Read `<partner>/partner.yaml`.

    Raises:
        DeclarationError: naming the file, the place inside it and what is wrong there.
    """
    partner = validated(model.Partner, read_yaml(path), path, "")
    if partner.partner != path.parent.name:
        raise _wrong(path, "partner", f"must be the folder's name `{path.parent.name}`")
    return partner


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the C parser where there is one
    """A YAML reader that refuses a key given twice."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if key in seen:
            raise yaml.MarkedYAMLError(problem=f"the key `{key}` is given twice", problem_mark=key_node.start_mark)
        seen.add(key)
    return dict(loader.construct_pairs(node, deep=True))


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a declaration, read strictly: no key twice, nothing left to be decided.

    Raises:
        DeclarationError: naming the file and, where there is one, the line.
    """
    try:
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506  a SafeLoader
    except FileNotFoundError as error:
        raise DeclarationError("the file is missing", file=str(path), remedy="Write it, or remove the folder") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:  # also no date, an unhashable key, no UTF-8, nested too deep
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "a character, a date or a key that cannot be one"
        raise DeclarationError(
            f"this is not YAML: {problem}", file=str(path), position=mark.line + 1 if mark else None, remedy="Mend the line"
        ) from error
    if not isinstance(document, dict):
        raise DeclarationError("this is not a mapping of keys", file=str(path), remedy="See CONTRIBUTING")
    open_places = list(_todos(document, ""))
    if open_places:
        rest = f" ({len(open_places)} in this file)" if len(open_places) > 1 else ""
        place, said = open_places[0]
        file = f"{path.parent.name}/{path.name}"
        raise DeclarationError(f"at `{place}`: still to be decided: `{said}`{rest}", file=file, remedy="Put your answer in its place")
    return document


def _todos(value: Any, place: str) -> Iterator[tuple[str, str]]:
    """Where a draft still asks: texts that begin with TODO, of keys too."""
    if isinstance(value, dict):
        for key, part in value.items():
            at = f"{place}.{key}" if place else str(key)
            if str(key).startswith(TODO):
                yield place, str(key)
            yield from _todos(part, at)
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _todos(part, f"{place}.{index}")
    elif isinstance(value, str) and value.startswith(TODO):
        yield place, value


@cache
def _odcs_validator() -> jsonschema_rs.Draft201909Validator:
    schema = json.loads(resources.files("open_data_contract_standard").joinpath("schema.json").read_text(encoding="utf-8"))
    return jsonschema_rs.Draft201909Validator(schema)


def _check_odcs(document: dict[str, Any], path: Path) -> None:
    try:
        errors = sorted(_odcs_validator().iter_errors(document), key=lambda e: [str(part) for part in e.instance_path])
    except ValueError as error:
        said = "what JSON cannot say stands in it unquoted: a date, a key that is no text, or a number that is none"
        raise _wrong(path, "the document", said) from error
    if errors:
        first = next((e for error in errors for e in _leaves(error)), errors[0])
        place = ".".join(str(part) for part in first.instance_path)
        raise _wrong(path, place or "the top level", f"ODCS says: {first.message[:200]}")
    if unknown := sorted(set(document.get("description") or {}) - _DESCRIPTION):
        raise _wrong(path, "description", f"unknown key `{unknown[0]}`; ODCS leaves this open, we do not")


def _leaves(error: jsonschema_rs.ValidationError) -> Iterator[jsonschema_rs.ValidationError]:
    inner = [part for branch in getattr(error.kind, "context", ()) for part in branch]
    if not inner:
        yield error
    for part in inner:
        yield from _leaves(part)


def _object(entry: dict[str, Any], path: Path, place: str) -> ObjectSpec:
    return ObjectSpec(
        name=entry["name"],
        description=entry.get("description", ""),
        extension=_extension(model.ObjectExtension, entry, path, place, required=False),
        columns=tuple(_column(p, path, f"{place}.properties.{i}") for i, p in enumerate(entry.get("properties") or [])),
    )


def _column(entry: dict[str, Any], path: Path, place: str) -> ColumnSpec:
    if not entry.get("description"):
        raise _wrong(path, place, f"the column `{entry['name']}` has no description")
    return ColumnSpec(
        name=entry["name"],
        physical_name=entry.get("physicalName", entry["name"]),
        description=entry["description"],
        required=bool(entry.get("required", False)),
        key_position=int(entry.get("primaryKeyPosition", 1)) if entry.get("primaryKey") else None,
        extension=_extension(model.Column, entry, path, place, required=True),
        rules=tuple(_rule(q, path, f"{place}.quality.{i}") for i, q in enumerate(entry.get("quality") or [])),
    )


def _rule(entry: dict[str, Any], path: Path, place: str) -> BoundRule:
    if entry.get("type") != "custom" or entry.get("engine") != EXTENSION or "id" not in entry:
        raise _wrong(path, place, f"a rule has an `id`, `type: custom` and `engine: {EXTENSION}`")
    return BoundRule(entry["id"], validated(model.Rule, entry["implementation"], path, f"{place}.implementation"))


def _promise(entries: list[dict[str, Any]], path: Path) -> model.Promise:
    said: dict[str, int] = {}
    for i, entry in enumerate(entries):
        one = validated(model.SlaProperty, entry, path, f"slaProperties.{i}")
        if one.property in said:
            raise _wrong(path, f"slaProperties.{i}", f"`{one.property}` is given twice")
        said[one.property] = one.value
    return model.Promise(every_days=said.get("frequency"), delay_days=said.get("latency"))


def _extension(kind: type[M], entry: dict[str, Any], path: Path, place: str, *, required: bool) -> M:
    values = [p["value"] for p in entry.get("customProperties") or [] if p["property"] == EXTENSION]
    others = [p["property"] for p in entry.get("customProperties") or [] if p["property"] != EXTENSION]
    if others:
        raise _wrong(path, place, f"unknown custom property `{others[0]}`; ours is `{EXTENSION}`")
    if len(values) > 1 or (required and not values):
        raise _wrong(path, place, f"needs one custom property `{EXTENSION}`")
    return validated(kind, values[0] if values else {}, path, f"{place}.{EXTENSION}")


def validated(kind: type[M], value: Any, path: Path, place: str) -> M:
    """What the file at `path` says at `place`, as a closed model.

    Raises:
        DeclarationError: naming the file, the place inside it and what is wrong there.
    """
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        found = error.errors(include_input=False, include_url=False)
        first = next((one for one in found if one["type"] == "extra_forbidden"), found[0])  # a typo explains what is missing
        inner = ".".join(str(part) for part in first["loc"])
        what = "unknown key" if first["type"] == "extra_forbidden" else first["msg"]
        raise _wrong(path, ".".join(part for part in (place, inner) if part), what) from error


def _cross_check(feed: Feed) -> None:
    if not feed.objects:
        raise _wrong(feed.path, "schema", "a contract describes at least one object")
    if feed.objects[0].extension.explode:
        raise _wrong(feed.path, "schema.0", "the first object is the record itself and explodes nothing")
    file = feed.extension.file
    _check_layout(feed, file)
    if isinstance(file, formats.CsvFormat | formats.XlsxFormat | formats.PlateFormat):
        _check_said_once(feed, file)
    for place, spec in ((f"schema.{i}", spec) for i, spec in enumerate(feed.objects)):
        names = {column.name: column for column in spec.columns}
        if len(names) < len(spec.columns):
            raise _wrong(feed.path, place, "a column name is given twice")
        for column in spec.columns:
            if column.extension.may_lack and (column.required or column.key_position or column.extension.key):
                raise _wrong(feed.path, place, f"`{column.name}` is required or of the key: no file may lack it")
        referred = [(instant.date, "date") for instant in spec.extension.instants]
        referred += [(instant.time, "time") for instant in spec.extension.instants]
        referred += [(column.extension.unit_column, "") for column in spec.columns if column.extension.unit_column]
        referred += [(column.extension.offset_column, "text") for column in spec.columns if column.extension.offset_column]
        referred += [(column.extension.zone_column, "code") for column in spec.columns if column.extension.zone_column]
        referred += _stated(feed, place, names)
        if spec.extension.retraction:
            referred.append((spec.extension.retraction.column, ""))
        for name, cast in referred:
            if name not in names or (cast and names[name].extension.cast != cast):
                raise _wrong(feed.path, place, f"refers to `{name}`, which is no {cast or 'known'} column of `{spec.name}`")
        instants = {instant.name for instant in spec.extension.instants}
        for instant in spec.extension.instants:
            if instant.not_before and instant.not_before not in instants:
                raise _wrong(feed.path, place, f"`{instant.name}` may not precede `{instant.not_before}`, which does not exist")


def _stated(feed: Feed, place: str, columns: dict[str, ColumnSpec]) -> Iterator[tuple[str, str]]:
    """Columns (with their cast) that the rows of a statement are told by; the two identifiers of each statement are checked."""
    for column in columns.values():
        if stated := column.extension.states:
            of = columns[stated.column].extension if stated.column in columns else None
            if of is None or of.cast != "identifier" or of.action != "token" or of.split or not (of.person or column.extension.person):
                what = (
                    f"`{column.name}` states something of `{stated.column}`, which must be a token beside it, and one of the two a person's"
                )
                raise _wrong(feed.path, place, what)
            yield from ((rows.column, "text") for rows in (stated.where, stated.taken_back) if rows)


def _check_layout(feed: Feed, file: formats.FileFormat) -> None:
    """Formats whose objects are what the format says they are."""
    exploded = [spec.extension.explode for spec in feed.objects]
    if isinstance(file, formats.XlsxFormat | formats.TextFormFormat):
        has_table = file.form is not None if isinstance(file, formats.XlsxFormat) else bool(file.table_title)
        if exploded != ([None, "table"] if has_table else [None]):
            what = "a form has two objects, the second exploding `table`; a plain table of a workbook has one, a form without a table too"
            raise _wrong(feed.path, "schema", what)
    if isinstance(file, formats.FcsFormat) and exploded[1:] not in ([], ["parameter"]):
        raise _wrong(feed.path, "schema", "a flow cytometer's data set has one object, or two, the second exploding `parameter`")


def _check_said_once(feed: Feed, file: formats.CsvFormat | formats.XlsxFormat | formats.PlateFormat) -> None:
    """Columns that are said once for all rows (in a head, lines or the file's name), or once for a block of rows."""
    place, names = "customProperties.cgt.file", {column.name for column in feed.objects[0].columns}
    in_head = list(file.in_lines) if isinstance(file, formats.PlateFormat) else file.head.columns if file.head else []
    if in_head and any(column.extension.may_lack for column in feed.objects[0].columns):
        raise _wrong(feed.path, place, "a table below a head is found by all its columns: no file may lack one")
    in_name, carried = (file.in_name, file.carried_down) if isinstance(file, formats.CsvFormat) else ((), [])
    for part, said in (("head", in_head), ("name", in_name), ("carried_down", carried)):
        if unknown := [name for name in said if name not in names]:
            raise _wrong(feed.path, f"{place}.{part}", f"`{unknown[0]}` is no column of `{feed.objects[0].name}`")
    if twice := [name for name in [*in_head, *in_name] if [*in_head, *in_name, *carried].count(name) > 1]:
        raise _wrong(feed.path, place, f"`{twice[0]}` stands in one of the head, the name and the rows")
    if names == {*in_head, *in_name}:
        raise _wrong(feed.path, place, "below what is said once stands a table, which needs a column of its own")


def _wrong(path: Path, place: str, what: str) -> DeclarationError:
    return DeclarationError(f"at `{place}`: {what}", file=f"{path.parent.name}/{path.name}", remedy="Mend the declaration")
