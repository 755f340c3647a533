"""What goes into a log: which events, objects and relations, in which order, as rows of an open release.

The order is total (time, place in the event vocabulary, key), so that the same release gives the same bytes. Rows stream: DuckDB sorts, on
disk where it must, and a caller sees one event, journey or object at a time. Knows no format.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from cgt_etl.contracts.vocabulary import FOLDER

NOT_DONE = ("entered_in_error", "not_done", "cancelled", "refuted", "planned", "preparation", "draft")
"""Status codes of events that did not happen: those of the macro `stands`."""
SAID = ("site_id", "from_party_id", "to_party_id", "detail_code")
"""What an event says beside its type, its time and its objects."""
OF_A_CASE = ("modality_code", "product_name_code", "status_code")
OBJECTS: dict[str, tuple[str, ...]] = {
    "administration": ("product_name_code", "site_id", "pathway_code"),
    "batch": ("product_name_code", "process_version", "disposition_code"),
    "collection": ("collection_type_code", "procedure_type_code", "site_id"),
    "dose_unit": ("product_name_code", "component_code", "disposition_code"),
    "handoff": ("handoff_code", "sender_party_id", "receiver_party_id", "status_code"),
    "journey": OF_A_CASE,
    "product": ("product_description_code", "state_code"),
    "shipment": ("from_site_id", "to_site_id"),
}
"""Type of object, which is its released table -> the columns that are its attributes; its key is `<type>_id`."""
TABLES = ("event", "journey_event", "product_edge", *OBJECTS)
BATCH_ROWS = 2000


class Relation(NamedTuple):
    """To another object. `id` as in `object_id`."""

    id: str
    qualifier: str


@dataclass(frozen=True)
class Logged:
    """An event. `at`: ISO 8601 to the microsecond, UTC. `said`: what of `SAID` is known."""

    id: str
    type: str
    at: str
    said: dict[str, str]
    relations: list[Relation] = field(default_factory=list)


@dataclass(frozen=True)
class Thing:
    """An object; `said`: what of its attributes is known."""

    id: str
    said: dict[str, str]
    relations: list[Relation]


@dataclass(frozen=True)
class Case:
    """A journey and its events, in order; none where nothing of it has a time of day."""

    id: str
    said: dict[str, str]
    events: list[Logged]


def object_id(kind: str, key: str) -> str:
    """Name of an object in a log: keys of two tables may be alike."""
    return f"{kind}:{key}"


def prepare(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the view `logged`, the events with a time of day that happened, on a connection that sees a release's tables."""
    with (FOLDER / "event_types.csv").open(encoding="utf-8", newline="") as file:
        order = [(row["event_type"], int(row["seq"])) for row in csv.DictReader(file)]
    connection.register("vocabulary", pa.table({"event_type": [one for one, _ in order], "seq": [seq for _, seq in order]}))
    connection.execute(f"create temp view happened as {_HAPPENED}")
    connection.execute(
        "create temp view logged as select happened.*, strftime(occurred_at_utc, '%Y-%m-%dT%H:%M:%S.%f+00:00') as at,"
        " coalesce(vocabulary.seq, 9999) as seq from happened left join vocabulary using (event_type) where occurred_at_utc is not null"
    )


def left_out(connection: duckdb.DuckDBPyConnection) -> int:
    """Events that happened and are in no log, since no instant is known: a day alone, or an ambiguous local time."""
    return int(_one(connection, "select count(*) from happened where occurred_at_utc is null"))


def event_types(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Of the events logged, in order of the alphabet."""
    return [str(name) for (name,) in connection.execute("select distinct event_type from logged order by 1").fetchall()]


def cases(connection: duckdb.DuckDBPyConnection) -> Iterator[Case]:
    """Every journey, by key; an event that is part of several journeys is in each."""
    rows = _rows(
        connection,
        f"select j.journey_id, {_columns('j', OF_A_CASE)}, l.event_id, l.event_type, l.at, {_columns('l', SAID)} from journey j"  # noqa: S608
        " left join journey_event b on b.journey_id = j.journey_id left join logged l on l.event_id = b.event_id"
        " order by j.journey_id, l.occurred_at_utc, l.seq, l.event_id",
    )
    start = 1 + len(OF_A_CASE)
    for key, group in groupby(rows, itemgetter(0)):
        listed = list(group)
        events = [Logged(row[start], row[start + 1], row[start + 2], _said(SAID, row[start + 3 :])) for row in listed if row[start]]
        yield Case(str(key), _said(OF_A_CASE, listed[0][1:start]), events)


def events(connection: duckdb.DuckDBPyConnection) -> Iterator[Logged]:
    """Every event with its objects, in order of time."""
    rows = _rows(
        connection,
        f"select l.event_id, l.event_type, l.at, {_columns('l', SAID)}, r.kind, r.key, r.qualifier"  # noqa: S608
        f" from logged l left join ({_OF_EVENTS}) r using (event_id)"
        " order by l.occurred_at_utc, l.seq, l.event_id, r.kind, r.key, r.qualifier",
    )
    for _, group in groupby(rows, itemgetter(0)):
        listed = list(group)
        first = listed[0]
        relations = [Relation(object_id(row[-3], row[-2]), row[-1]) for row in listed if row[-2]]
        yield Logged(first[0], first[1], first[2], _said(SAID, first[3:-3]), relations)


def things(connection: duckdb.DuckDBPyConnection, kind: str) -> Iterator[Thing]:
    """Every object of a type of `OBJECTS`, by key, with the objects that it leads to."""
    columns = OBJECTS[kind]
    rows = _rows(
        connection,
        f"select o.{kind}_id, {_columns('o', columns)}, r.to_kind, r.to_key, r.qualifier from {kind} o"  # noqa: S608
        f" left join ({_OF_OBJECTS}) r on r.kind = '{kind}' and r.key = o.{kind}_id"
        " order by 1, r.to_kind, r.to_key, r.qualifier",
    )
    for key, group in groupby(rows, itemgetter(0)):
        listed = list(group)
        relations = [Relation(object_id(row[-3], row[-2]), row[-1]) for row in listed if row[-2]]
        yield Thing(object_id(kind, key), _said(columns, listed[0][1:-3]), relations)


def _rows(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[tuple[Any, ...]]:
    found = connection.execute(query)
    while rows := found.fetchmany(BATCH_ROWS):
        yield from rows


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    (found,) = connection.execute(query).fetchall()[0]
    return found


def _columns(of: str, names: tuple[str, ...]) -> str:
    return ", ".join(f"{of}.{name}" for name in names)


def _said(names: tuple[str, ...], values: tuple[Any, ...]) -> dict[str, str]:
    return {name: str(value) for name, value in zip(names, values, strict=True) if value is not None}


_HAPPENED = f"select * from event where coalesce(status_code, '') not in ({', '.join(map(repr, NOT_DONE))})"  # noqa: S608  our own words
_NAMED = ("administration", "batch", "collection", "dose_unit", "product", "shipment")
"""What an event names itself."""
_OF_EVENTS = " union ".join(
    [
        "select event_id, 'journey' as kind, journey_id as key, 'journey' as qualifier from journey_event",
        *(
            f"select e.event_id, '{kind}', o.{kind}_id, '{kind}' from event e join {kind} o on e.{kind}_id = o.{kind}_id"  # noqa: S608
            for kind in _NAMED
        ),
        # the end of a collection is when its bags begin
        """select e.event_id, 'product', p.product_id, 'created' from event e join product_edge x on x.parent_table = 'collection'
        and x.parent_key = e.collection_id and x.child_table = 'product' and x.edge_type = 'create'
        join product p on p.product_id = x.child_key where e.event_type = 'apheresis_completed'""",
        "select sender_event_id, 'handoff', handoff_id, 'given' from handoff where sender_event_id is not null",
        "select receiver_event_id, 'handoff', handoff_id, 'received' from handoff where receiver_event_id is not null",
    ]
)
_KINDS = ", ".join(f"'{kind}'" for kind in OBJECTS)
_LEADS_TO = (
    ("collection", "journey"),
    ("administration", "journey"),
    *(("handoff", kind) for kind in ("administration", "batch", "collection", "journey", "shipment")),
)
_OF_OBJECTS = " union ".join(
    [
        *(
            f"select '{kind}' as kind, o.{kind}_id as key, '{to}' as to_kind, t.{to}_id as to_key, '{to}' as qualifier"  # noqa: S608
            f" from {kind} o join {to} t on o.{to}_id = t.{to}_id"
            for kind, to in _LEADS_TO
        ),
        f"""select parent_table, parent_key, child_table, child_key, edge_type from product_edge
        where parent_table in ({_KINDS}) and child_table in ({_KINDS})""",  # noqa: S608  our own names
    ]
)
