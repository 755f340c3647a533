"""OCEL 2.0 in JSON (ocel-standard.org, version 2.0 of October 2023): events and objects related many to many. Reads no release."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from cgt_etl.handoffs.mining.logged import OBJECTS, SAID, Logged, Relation, Thing

_ALWAYS = "1970-01-01T00:00:00Z"
"""Time of a value that an object has throughout, as the standard writes it."""


def lines(event_types: list[str], things: Iterable[tuple[str, Iterable[Thing]]], events: Iterable[Logged]) -> Iterator[str]:
    """The file, in pieces, one event or object a line.

    Args:
        event_types: those that occur.
        things: type of object -> its objects; every object that an event or another object relates to is among them.
        events: in order of time.
    """
    yield '{"eventTypes": [\n'
    yield from _listed({"name": name, "attributes": _declared(SAID)} for name in event_types)
    yield '],\n"objectTypes": [\n'
    yield from _listed({"name": name, "attributes": _declared(columns)} for name, columns in OBJECTS.items())
    yield '],\n"objects": [\n'
    yield from _listed(_object(kind, thing) for kind, these in things for thing in these)
    yield '],\n"events": [\n'
    yield from _listed(map(_event, events))
    yield "]}\n"


def _listed(items: Iterable[dict[str, Any]]) -> Iterator[str]:
    for place, item in enumerate(items):
        yield f"{',' if place else ''}{json.dumps(item, ensure_ascii=False)}\n"


def _declared(columns: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"name": name, "type": "string"} for name in columns]


def _event(event: Logged) -> dict[str, Any]:
    attributes = [{"name": name, "value": value} for name, value in event.said.items()]
    return {"id": event.id, "type": event.type, "time": event.at, "attributes": attributes, "relationships": _related(event.relations)}


def _object(kind: str, thing: Thing) -> dict[str, Any]:
    attributes = [{"name": name, "time": _ALWAYS, "value": value} for name, value in thing.said.items()]
    return {"id": thing.id, "type": kind, "attributes": attributes, "relationships": _related(thing.relations)}


def _related(relations: list[Relation]) -> list[dict[str, str]]:
    return [{"objectId": one.id, "qualifier": one.qualifier} for one in relations]
