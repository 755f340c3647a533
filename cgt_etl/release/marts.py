"""Which tables are released and what is said of them, from the YAML of `dbt_project/models/marts`: the one place that declares them.

Read there and not in dbt's manifest, which is written only where dbt parses. Holds what the YAML says, in our shapes. Reads no
table; dbt enforces that the tables have these columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from cgt_etl.errors import DeclarationError
from cgt_etl.release import described
from cgt_etl.settings import REPOSITORY

FOLDER = REPOSITORY / "dbt_project" / "models" / "marts"
SCHEMA = "marts"
"""Of the released tables in a build (`+schema` in dbt_project.yml)."""
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
TracedBy = Literal["record", "row_source", "partner_file", "delivery"]
INTERNAL = frozenset({"component_id"})
"""Columns of the build that no release has."""


@dataclass(frozen=True)
class MartColumn:
    """A released column as declared (`described` says what the words mean). `type` in dbt's words; `unit` in UCUM, empty without one."""

    name: str
    type: str
    meaning: str
    unit: str
    privacy: str
    source: str


@dataclass(frozen=True)
class Mart:
    """A released table: its key and order, how its rows are traced, and its columns in order."""

    name: str
    meaning: str
    primary_key: tuple[str, ...]
    sort_key: tuple[str, ...]
    traced_by: TracedBy
    columns: tuple[MartColumn, ...]

    @property
    def relation(self) -> str:
        """Quoted `schema.table` in the build."""
        return f'"{SCHEMA}"."{self.name}"'


def load() -> tuple[Mart, ...]:
    """Every released table, by name.

    Raises:
        DeclarationError: a table does not say how it is traced, has no primary key, or names a key that it does not declare; a
            column lacks its description, unit, privacy class or source.
    """
    found = [_mart(model, path) for path in sorted(FOLDER.glob("*.yml")) for model in _models(path)]
    return tuple(sorted(found, key=lambda mart: mart.name))


def _models(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        yield from yaml.load(file, Loader=_Loader).get("models", [])  # noqa: S506  a safe loader either way


def _mart(model: dict[str, Any], path: Path) -> Mart:
    said = _meta(model)
    beside = frozenset(column["name"] for column in model.get("columns", []))
    columns = tuple(_column(column, model["name"], beside, path) for column in model.get("columns", []) if column["name"] not in INTERNAL)
    keys = {*said.get("primary_key", ()), *said.get("sort_key", ())}
    if not said.get("primary_key") or "traced_by" not in said or not keys <= {column.name for column in columns}:
        raise DeclarationError(
            f"the released table `{model['name']}` needs `traced_by`, and a `primary_key` of columns that it declares",
            file=path.name,
            remedy="Add them under its `config: meta:`",
        )
    return Mart(
        name=model["name"],
        meaning=_line(model.get("description", "")),
        primary_key=tuple(said["primary_key"]),
        sort_key=tuple(said.get("sort_key", ())),
        traced_by=said["traced_by"],
        columns=columns,
    )


def _column(column: dict[str, Any], table: str, beside: frozenset[str], path: Path) -> MartColumn:
    said, meaning, type_ = _meta(column), _line(column.get("description", "")), column.get("data_type", "")
    missing = described.missing(column["name"], type_, meaning, said, beside)
    if missing:
        raise DeclarationError(
            f"the released column `{table}.{column['name']}` is not described",
            file=path.name,
            remedy=f"Say below it, and in its `config: meta:`, {'; '.join(missing)}",
        )
    return MartColumn(column["name"], type_, meaning, said["unit"] or "", said["privacy"], said["source"])


def _meta(node: dict[str, Any]) -> dict[str, Any]:
    return dict(node.get("config", {}).get("meta", {}))


def _line(text: str) -> str:
    return " ".join(text.split())
