"""What changed between two versions of a contract, each change with whom it breaks: the sender's files, or whoever reads the typed rows.

Compares two loaded feeds, not two texts: comments, order of columns and layout of the YAML are no change. Holds no file reading and no
printing. A change that this module cannot show to be harmless breaks both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from cgt_etl.contracts.formats import JsonFormat, NdjsonFormat, XmlFormat
from cgt_etl.contracts.load import BoundRule, ColumnSpec, Feed, ObjectSpec

Breaks = Literal["files", "readers", "both", "nobody"]
_LOOSER: dict[str, Callable[[object, object], bool]] = {
    "formats": lambda old, new: isinstance(old, list) and isinstance(new, list) and new[: len(old)] == old,
    "values": lambda old, new: isinstance(old, dict) and isinstance(new, dict) and old.items() <= new.items(),
    "comparators": lambda old, new: new is True and old is False,
    "key": lambda old, new: new is False and old is True,
}
"""Options of a column whose change may only let more cells be read: a format tried after the others, one more text of a boolean."""
_TEXT_LIKE = frozenset({"text", "code", "identifier"})


@dataclass(frozen=True)
class Difference:
    """One change, in words."""

    place: str
    """`the feed`, an object's name, or `<object>.<column>`."""
    what: str
    breaks: Breaks
    """`files`: what the sender delivers today may be refused or set aside. `readers`: a typed column changes its meaning, its type or
    whether it is there."""

    @property
    def is_breaking(self) -> bool:
        return self.breaks != "nobody"


def diff(old: Feed, new: Feed) -> tuple[Difference, ...]:
    """Every difference of two versions of one contract, in the order feed, objects, columns.

    Identity is the name: a column that was renamed is one that went and one that came.
    """
    return tuple(_feed(old, new))


def next_version(old: Feed, differences: tuple[Difference, ...]) -> str:
    """The least version that semantic versioning gives the new contract; the old one's where nothing changed."""
    major, minor, patch = (int(part) for part in old.version.split("."))
    if any(one.is_breaking for one in differences):
        return f"{major + 1}.0.0"
    if differences:
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch}"


def _feed(old: Feed, new: Feed) -> Iterator[Difference]:
    place = "the feed"
    if (old.dialect, old.name) != (new.dialect, new.name):
        yield Difference(place, f"is {new.dialect}.{new.name}, was {old.dialect}.{old.name}: another feed", "both")
    if old.description != new.description:
        yield Difference(place, "its purpose is worded differently", "nobody")
    if old.owner != new.owner:
        yield Difference(place, f"is answered for by `{new.owner}`, was `{old.owner}`", "nobody")
    for option, was, now in _options(old.promise, new.promise):
        yield Difference(place, _changed(option, was, now), "nobody")
    for option, was, now in _options(old.extension, new.extension):
        if option == "ignored_elements":
            yield from _ignored(was, now)
        else:
            yield Difference(place, _changed(option, was, now), "files" if option == "file" else "both")
    is_open = isinstance(new.extension.file, NdjsonFormat | JsonFormat | XmlFormat)  # an element that is not there leaves its cells empty
    before, after = {spec.name: spec for spec in old.objects}, {spec.name: spec for spec in new.objects}
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield Difference(name, "the object is gone", "both")
        elif name not in before:
            yield Difference(name, "the object is new", "nobody" if is_open else "files")
        else:
            yield from _object(before[name], after[name], is_open=is_open)
    if old.objects[0].name != new.objects[0].name:
        yield Difference(place, f"its record is `{new.objects[0].name}`, was `{old.objects[0].name}`", "both")


def _ignored(was: object, now: object) -> Iterator[Difference]:
    if not isinstance(was, dict) or not isinstance(now, dict):
        raise TypeError("ignored elements are a mapping")
    for name in sorted(was.keys() - now.keys()):
        yield Difference("the feed", f"`{name}` is no longer ignored", "files")
    for name in sorted(now.keys() - was.keys()):
        yield Difference("the feed", f"`{name}` is ignored now", "nobody")
    for name in sorted(name for name in was.keys() & now.keys() if was[name] != now[name]):
        yield Difference("the feed", f"`{name}` is ignored for another reason", "nobody")


def _object(old: ObjectSpec, new: ObjectSpec, *, is_open: bool) -> Iterator[Difference]:
    place = new.name
    if old.description != new.description:
        yield Difference(place, "is described differently", "nobody")
    key = [column.name for column in old.key], [column.name for column in new.key]
    if key[0] != key[1]:
        yield Difference(place, _changed("business key", *key), "both")
    for option, was, now in _options(old.extension, new.extension):
        yield Difference(place, _changed(option, was, now), "both")
    before, after = {column.name: column for column in old.columns}, {column.name: column for column in new.columns}
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            yield Difference(f"{place}.{name}", "the column is gone", "both" if before[name].extension.is_accepted else "files")
        elif name not in before:
            yield Difference(f"{place}.{name}", "the column is new", _breaks_as_new(after[name], is_open=is_open))
        else:
            yield from _column(f"{place}.{name}", before[name], after[name])


def _breaks_as_new(column: ColumnSpec, *, is_open: bool) -> Breaks:
    """A table's header must hold every column of the contract; an element of a nested record may be absent unless it is required."""
    return "nobody" if is_open and not column.required and column.key_position is None else "files"


def _column(place: str, old: ColumnSpec, new: ColumnSpec) -> Iterator[Difference]:
    if old.description != new.description:
        yield Difference(place, "is described differently", "nobody")
    if old.physical_name != new.physical_name:
        yield Difference(place, _changed("name in the file", old.physical_name, new.physical_name), "files")
    if old.required != new.required:
        yield Difference(place, "must be filled now" if new.required else "may be empty now", "files" if new.required else "readers")
    for option, was, now in _options(old.extension, new.extension):
        yield Difference(place, _changed(option, was, now), _breaks_as_option(option, was, now, new.extension.cast))
    yield from _rules(place, old.rules, new.rules)


def _breaks_as_option(option: str, was: object, now: object, cast: str) -> Breaks:
    if option in ("reason", "demographic"):
        return "nobody"
    if option in ("privacy", "action", "states"):
        return "readers"
    if option == "missing" and isinstance(was, dict) and isinstance(now, dict):
        return "nobody" if was.items() <= now.items() and cast not in _TEXT_LIKE else "both"
    is_looser = _LOOSER.get(option)
    return "nobody" if is_looser and is_looser(was, now) else "both"


def _rules(place: str, old: tuple[BoundRule, ...], new: tuple[BoundRule, ...]) -> Iterator[Difference]:
    before, after = {(one.id, one.rule.check): one for one in old}, {(one.id, one.rule.check): one for one in new}
    for name in [*before, *(name for name in after if name not in before)]:
        rule, check = name
        if name not in after:
            yield Difference(place, f"rule {rule} (`{check}`) no longer holds", "readers")
        elif name not in before:
            yield Difference(place, f"rule {rule} (`{check}`) is new", "files")
        elif before[name].rule.arguments != after[name].rule.arguments:
            yield Difference(place, _changed(f"arguments of rule {rule}", before[name].rule.arguments, after[name].rule.arguments), "both")


def _options(old: BaseModel, new: BaseModel) -> Iterator[tuple[str, object, object]]:
    """Options that differ, in the order in which the model states them."""
    was, now = old.model_dump(), new.model_dump()
    for option in type(new).model_fields:
        if was[option] != now[option]:
            yield option, was[option], now[option]


def _changed(what: str, was: object, now: object) -> str:
    return f"{what}: {_said(now)}, was {_said(was)}"


def _said(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_said(part)}" for key, part in value.items() if part not in (None, {}, [])) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_said(part) for part in value) + "]"
    return "none" if value in (None, "") else str(value)
