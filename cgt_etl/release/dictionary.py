"""The words that go with a release: data dictionary, rule catalogue, sources, and the ODCS contract of the release itself.

Everything is generated from the models' YAML, the rule catalogue and the registry; nothing is written by hand and nothing
here depends on the night, so that an unchanged dictionary is the same bytes. Holds no row of data.
"""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from cgt_etl.contracts.registry import Registry
from cgt_etl.quality import suites
from cgt_etl.release.marts import Mart
from cgt_etl.release.plan import SCHEMA_VERSION
from cgt_etl.release.tables import Table
from cgt_etl.settings import PACKAGE

COLUMNS = "data_dictionary.csv"
TABLES = "tables.csv"
RULES = PACKAGE / "vocabularies" / "rules.csv"
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
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; padding: 0 0 .75rem; color: #444; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid #ddd; }
th { position: sticky; top: 0; background: #f4f4f4; }
""".strip()


def write(folder: Path, marts: Iterable[Mart], tables: Mapping[str, Table], registry: Registry) -> None:
    """Write the dictionary's files into the existing, empty `folder`: each table as csv and as html."""
    listed = list(marts)
    _both(folder, TABLES, "Released tables", _tables(listed, tables))
    _both(folder, COLUMNS, "Data dictionary: every column of every released table", _columns(listed, tables))
    _both(folder, "rules.csv", "Rule catalogue", _rules())
    _both(folder, "sources.csv", "Feeds that may contribute, with the contract that is in force", _sources(registry))
    contract = yaml.safe_dump(_contract(listed, tables), sort_keys=False, allow_unicode=True, width=120)
    (folder / "release.odcs.yaml").write_text(contract, encoding="utf-8")


def meanings(folder: Path) -> dict[tuple[str, str], str]:
    """(table, column) -> meaning, and (table, "") -> meaning of the table, from the dictionary of a release."""
    found: dict[tuple[str, str], str] = {}
    for name in (TABLES, COLUMNS):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            found |= {(row["table"], row.get("column") or ""): row["meaning"] for row in csv.DictReader(file)}
    return found


def _rules() -> list[dict[str, str]]:
    """The catalogue of the door and the house, and the rules that live in the gate's suites alone."""
    with RULES.open(encoding="utf-8", newline="") as file:
        rules = list(csv.DictReader(file))
    known = {rule["rule_id"] for rule in rules}
    gate = [rule for rule in suites.catalogue() if rule["rule_id"] not in known]
    return [*rules, *({**dict.fromkeys(rules[0], ""), **rule, "home": "gate"} for rule in gate)]


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


def _columns(marts: Iterable[Mart], tables: Mapping[str, Table]) -> list[dict[str, str]]:
    rows = []
    for mart in marts:
        declared = {column.name: column for column in mart.columns}
        for column in tables[mart.name].columns:
            said = declared.get(column.name)
            rows.append(
                {
                    "table": mart.name,
                    "column": column.name,
                    "type": column.type,
                    "meaning": said.meaning if said else "",
                    "unit": said.unit if said else "",
                    "privacy": said.privacy if said else "",
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


def _contract(marts: Iterable[Mart], tables: Mapping[str, Table]) -> dict[str, Any]:
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
        "schema": [_contract_table(mart, tables[mart.name]) for mart in marts],
    }


def _contract_table(mart: Mart, table: Table) -> dict[str, Any]:
    declared = {column.name: column for column in mart.columns}
    properties = []
    for column in table.columns:
        entry: dict[str, Any] = {
            "name": column.name,
            "logicalType": _LOGICAL.get(column.type.split("(")[0], "string"),
            "physicalType": column.type,
        }
        said = declared.get(column.name)
        if said and said.meaning:
            entry["description"] = said.meaning
        if said and said.privacy:
            entry["classification"] = said.privacy
        if column.name in mart.primary_key:
            entry |= {"required": True, "primaryKey": True, "primaryKeyPosition": mart.primary_key.index(column.name) + 1}
        if said and said.unit:
            entry["customProperties"] = [{"property": "unit", "value": said.unit}]
        properties.append(entry)
    return {"name": mart.name, "physicalType": "parquet", "description": mart.meaning, "properties": properties}


def _both(folder: Path, name: str, title: str, rows: list[dict[str, str]]) -> None:
    text = io.StringIO()
    header = list(rows[0]) if rows else []
    writer = csv.DictWriter(text, header, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (folder / name).write_text(text.getvalue(), encoding="utf-8", newline="")
    (folder / name).with_suffix(".html").write_text(_page(title, header, rows), encoding="utf-8")


def _page(title: str, header: list[str], rows: list[dict[str, str]]) -> str:
    head = "".join(f'<th scope="col">{html.escape(name.replace("_", " "))}</th>' for name in header)
    body = "\n".join("<tr>" + "".join(f"<td>{html.escape(row[name] or '')}</td>" for name in header) + "</tr>" for row in rows)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">\n'
        f"<title>{html.escape(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n<h1>{html.escape(title)}</h1>\n"
        f"<table>\n<caption>{len(rows)} rows. {html.escape(INTENDED_USE)}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{body}\n</tbody>\n</table>\n</body>\n</html>\n"
    )
