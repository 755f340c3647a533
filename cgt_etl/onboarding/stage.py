"""Staging models of a finished contract: the view that renames, whole, and the beginnings of what it feeds.

A view selects every kept column of its contract, so it is never to be looked up how landing spells them. What a feed states of an entity is
for a person to say: the draft of an entity's model holds a TODO, and the folder is left out until it is gone. Parses no SQL and runs none.
"""

from __future__ import annotations

from collections.abc import Iterator

from cgt_etl.contracts.accepted import SYSTEM_COLUMNS, accepted_schema, accepted_tables
from cgt_etl.contracts.load import Feed, ObjectSpec

_SYSTEM = {name for name, _ in SYSTEM_COLUMNS}
_SOURCE = ("source_delivery", "source_row", "source_item", "source_object", "party_id", "site_id", "sequence", "record_key")
_STATED = ("method", "timepoint", "comparator", "value_raw", "unit_raw")
_STILL = (
    "-- TODO say {what} (dbt_project/macros/entities.sql lists them), and name those columns in\n"
    "-- the list of `unstated`, which fills the rest with typed nulls; then take this comment away.\n"
)


def models(feed: Feed, entities: tuple[str, ...]) -> dict[str, str]:
    """File name -> text: a view per accepted table, a draft per entity, and `stg_<dialect>.yml`'s entries (see `described`)."""
    record = f"stg_{feed.dialect}__{feed.name}"
    written = {f"{name}.sql": _view(feed, spec, table) for name, spec, table in _views(feed)}
    return written | {f"{record}__{entity}.sql": _entity(feed, entity) for entity in entities}


def described(feed: Feed, entities: tuple[str, ...]) -> str:
    """The entries of the models in `stg_<dialect>.yml`, below `models:`."""
    entries = [
        (name, spec.description if table == spec.name else f"One row is one value of a cell of {spec.name}.")
        for name, spec, table in _views(feed)
    ]
    entries += [(f"stg_{feed.dialect}__{feed.name}__{entity}", f"TODO one row is one {entity} of ...") for entity in entities]
    return "".join(f"  - name: {name}\n    description: {text}\n" for name, text in entries)


def _views(feed: Feed) -> Iterator[tuple[str, ObjectSpec, str]]:
    """(model, object, accepted table) of every table; the record's model bears the feed's name."""
    for place, spec in enumerate(feed.objects):
        for table in accepted_tables(spec):
            is_record = place == 0 and table == spec.name
            yield f"stg_{feed.dialect}__{feed.name}{'' if is_record else f'__{table}'}", spec, table


def _view(feed: Feed, spec: ObjectSpec, table: str) -> str:
    schema = accepted_tables(spec)[table]
    measured = [column.name for column in spec.columns if column.extension.measurement]
    of_measurements = {name for name in schema.names for column in measured if name == column or name.startswith(f"{column}__")}
    columns = [
        f"    {name}"
        for name in schema.names
        if name not in _SYSTEM | of_measurements and not name.endswith(("__raw", "__status")) and not _is_part_of_an_instant(name, spec)
    ]
    if measured and table == spec.name:
        at = "" if len(feed.objects) == 1 else f", '{spec.name}'"
        columns.append(f"    {{{{ landed_measurements(measurement_columns('{feed.dialect}', '{feed.name}'{at})) }}}}")
    body = ",\n".join([f"    {{{{ landed_columns('{feed.dialect}__{feed.name}__{table}') }}}}", *columns])
    source = f"{{{{ source('{feed.dialect}', '{feed.name}__{table}') }}}}"
    return f"{{{{ config(materialized='view') }}}}\n\nselect\n{body}\nfrom {source}\n"


def _is_part_of_an_instant(name: str, spec: ObjectSpec) -> bool:
    """Clock times and dates that the door joined to an instant are read there."""
    return any(name == instant.time for instant in spec.extension.instants)


def _entity(feed: Feed, entity: str) -> str:
    record = f"stg_{feed.dialect}__{feed.name}"
    if entity == "measurement" and any(column.extension.measurement for column in feed.objects[0].columns):
        return _measurements(feed, record)
    return (
        f"{_STILL.format(what='what the feed states of each column of this entity')}select\n    {{{{ fact_columns('{entity}') }}}},\n"
        f"    {{{{ unstated('{entity}', []) }}}}\nfrom {{{{ ref('{record}') }}}}\n"
    )


def _measurements(feed: Feed, record: str) -> str:
    """One row per measurement column that the contract declares, in canonical units; whose and when is for a person to say."""
    listed = ",\n    ".join(
        ", ".join(f"'{name}'" for name in names) for names in (_SOURCE, tuple(_whose_and_when(feed.objects[0]))) if names
    )
    columns = f"measurement_columns('{feed.dialect}', '{feed.name}')"
    return (
        f"{_STILL.format(what='whose each measurement is, when and of what')}{{%- set kept = [\n    {listed},\n] -%}}\n\n"
        f"with stated as (\n    {{{{- unpivot_measurements(ref('{record}'), {columns}, kept) }}}}\n)\n\n"
        "select\n"
        + "".join(f"    stated.{name},\n" for name in [*_SOURCE[:4], "fact", *_SOURCE[4:], "measurement"])
        + "    {{ canonical_measurement() }},\n"
        + "".join(f"    stated.{name},\n" for name in _STATED)
        + "    'final' as status,\n"
        + "    {{ unstated('measurement', [\n        'measurement', 'specimen', 'value', 'unit', 'value_status', 'status',\n        "
        + ", ".join(f"'{name}'" for name in _STATED)
        + ",\n    ]) }}\nfrom stated\n"
        "left join {{ ref('measurements') }} as vocabulary on stated.measurement = vocabulary.measurement\n"
        "left join {{ ref('unit_map') }} as units on stated.measurement = units.measurement and stated.unit_raw = units.unit\n"
    )


def _whose_and_when(spec: ObjectSpec) -> Iterator[str]:
    of_times = {column.name for column in spec.columns if column.extension.cast in ("date", "instant")}
    of_times |= {instant.name for instant in spec.extension.instants}
    identifiers = {column.name for column in spec.columns if column.extension.identifier and not column.extension.split}
    endings = ("_at_utc", "_local", "_date", "_precision", "_zone_source")
    for name in accepted_schema(spec).names:
        if name in identifiers or any(name == f"{of}{ending}" for of in of_times for ending in endings):
            yield name
