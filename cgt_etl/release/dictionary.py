"""The words that go with a release: data dictionary, sources, and the ODCS contract of the release itself.

Everything is generated from the models' YAML and the registry; nothing is written by hand and nothing here depends on the
night, so that an unchanged dictionary is the same bytes. Holds no row of data; the rule catalogue is `rules_catalogue`.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from cgt_etl.contracts.registry import Registry
from cgt_etl.release import described, lineage
from cgt_etl.release.lineage import Origins
from cgt_etl.release.marts import Mart
from cgt_etl.release.page import page
from cgt_etl.release.plan import SCHEMA_VERSION
from cgt_etl.release.tables import Table

_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""Where there is the C library, ten times as fast, the same bytes."""
COLUMNS = "data_dictionary.csv"
TABLES = "tables.csv"
INTENDED_USE = (
    "Research, quality improvement and network learning. Not a system of record, no decision about releasing or giving a product, "
    "and no alarm."
)
_LOGICAL = {
    "BIGINT": "integer",
    "INTEGER": "integer",
    "SMALLINT": "integer",
    "HUGEINT": "integer",
    "DOUBLE": "number",
    "FLOAT": "number",
    "DECIMAL": "number",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
}
_LEGEND = (
    f"{INTENDED_USE}\nPrivacy classes: {' '.join(f'{name}: {what}' for name, what in described.PRIVACY.items())}\n"
    "Units are UCUM. Made of: columns of the facts that records state (lineage.csv says from which columns of which contracts). "
    "Lineage column: the feeds are those that state what the column is made of; table: those of its table; declared: no feed, "
    "the partner files and the list of deliveries; empty: nothing fills the table yet."
)
_LINEAGE = (
    "A column of a fact, a feed that states it, and the columns of the feed's contract that it is made of: none where the feed's nature "
    "says it (a constant), * where a dialect's own SQL was not followed. Where the record stands is stated by every feed and not listed."
)


def write(folder: Path, marts: Iterable[Mart], tables: Mapping[str, Table], registry: Registry) -> None:
    """Write the dictionary's files into the existing, empty `folder`: each table as csv and as html."""
    listed, origins = list(marts), Origins(registry)
    _both(folder, TABLES, "Released tables", _tables(listed, tables))
    _both(folder, COLUMNS, "Data dictionary: every column of every released table", _columns(listed, tables, origins), _LEGEND)
    _both(folder, "lineage.csv", "Lineage: which columns of which contracts state the facts", list(lineage.facts(registry)), _LINEAGE)
    _both(folder, "sources.csv", "Feeds that may contribute, with the contract that is in force", _sources(registry))
    contract = yaml.dump(_contract(listed, tables, origins), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
    (folder / "release.odcs.yaml").write_text(contract, encoding="utf-8")


def meanings(folder: Path) -> dict[tuple[str, str], str]:
    """(table, column) -> meaning, unit, privacy class; (table, "") -> meaning of the table; from the dictionary of a release."""
    found: dict[tuple[str, str], str] = {}
    for name in (TABLES, COLUMNS):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            found |= {(row["table"], row.get("column") or ""): _comment(row) for row in csv.DictReader(file)}
    return found


def _comment(row: Mapping[str, str]) -> str:
    unit = f" Unit: {row['unit']}." if row.get("unit") else ""
    privacy = f" Privacy: {row['privacy']}." if row.get("privacy") else ""
    return f"{row['meaning']}{unit}{privacy}"


def _tables(marts: Iterable[Mart], tables: Mapping[str, Table]) -> list[dict[str, str]]:
    return [
        {
            "table": mart.name,
            "meaning": mart.meaning,
            "primary_key": ", ".join(mart.primary_key),
            "columns": str(len(tables[mart.name].columns)),
        }
        for mart in marts
    ]


def _columns(marts: Iterable[Mart], tables: Mapping[str, Table], origins: Origins) -> list[dict[str, str]]:
    rows = []
    for mart in marts:
        types = {column.name: column.type for column in tables[mart.name].columns}
        for column in mart.columns:
            origin = origins.of(mart.name, column.name)
            rows.append(
                {
                    "table": mart.name,
                    "column": column.name,
                    "type": types[column.name],
                    "meaning": column.meaning,
                    "unit": column.unit,
                    "privacy": column.privacy,
                    "source": column.source,
                    "lineage": origin.level,
                    "made_of": " ".join(origin.made_of),
                    "feeds": " ".join(origin.feeds),
                }
            )
    return rows


def _sources(registry: Registry) -> list[dict[str, str]]:
    return [
        {
            "partner": binding.partner.partner,
            "dialect": binding.feed.dialect,
            "feed": binding.feed.name,
            "contract_version": binding.feed.version,
            "owner": binding.partner.owner,
            "meaning": " ".join(binding.feed.description.split()),
        }
        for binding in registry.bindings
    ]


def _contract(marts: Iterable[Mart], tables: Mapping[str, Table], origins: Origins) -> dict[str, Any]:
    return {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "cgt_etl.release",
        "name": "release",
        "version": SCHEMA_VERSION,
        "status": "active",
        "domain": "cell-and-gene-therapy",
        "description": {
            "purpose": "One longitudinal vein-to-vein dataset out of the exports of many organisations.",
            "usage": INTENDED_USE,
            "limitations": "For the network's own analysts under agreement: identifiers are tokens under a release key, times are true.",
        },
        "schema": [_contract_table(mart, tables[mart.name], origins) for mart in marts],
    }


def _contract_table(mart: Mart, table: Table, origins: Origins) -> dict[str, Any]:
    types = {column.name: column.type for column in table.columns}
    properties = []
    for column in mart.columns:
        type_, origin = types[column.name], origins.of(mart.name, column.name)
        entry: dict[str, Any] = {
            "name": column.name,
            "logicalType": _LOGICAL.get(type_.split("(")[0], "string"),
            "physicalType": type_,
            "description": column.meaning,
            "classification": column.privacy,
        }
        if column.name in mart.primary_key:
            entry |= {"required": True, "primaryKey": True, "primaryKeyPosition": mart.primary_key.index(column.name) + 1}
        if origin.made_of:
            entry["transformSourceObjects"] = sorted({one.rpartition(".")[0] for one in origin.made_of})
        said = {"unit": column.unit, "source": column.source, "lineage": origin.level}
        entry["customProperties"] = [{"property": name, "value": value} for name, value in said.items() if value]
        properties.append(entry)
    return {
        "name": mart.name,
        "physicalType": "parquet",
        "description": mart.meaning,
        "dataGranularityDescription": ", ".join(mart.primary_key),
        "properties": properties,
    }


def _both(folder: Path, name: str, title: str, rows: list[dict[str, str]], said: str = INTENDED_USE) -> None:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (folder / name).write_text(text.getvalue(), encoding="utf-8", newline="")
    (folder / name).with_suffix(".html").write_text(page(title, said, rows), encoding="utf-8")
