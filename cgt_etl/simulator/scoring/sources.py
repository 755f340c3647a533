"""Reading what is scored: the tables of a release or of a build, and the truth. Decides nothing.

A release is a folder with `tables/<name>/*.parquet`; a build is a DuckDB file with its released tables in the schema `marts`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb

Place = tuple[str, int]
"""Delivery (`<partner>/<feed>/<first 16 hex of sha256>`) and position of a record in it."""
Value = tuple[str, str, str]
"""Kind, issuer and canonical value of a person's identifier."""


class Unscorable(Exception):
    """What was named cannot be scored: no release, no build, or no truth."""


@dataclass(frozen=True)
class Tables:
    """The released tables, read when asked for."""

    path: Path

    def rows(self, table: str, *columns: str) -> Iterator[tuple[Any, ...]]:
        """The named columns of every row of a table.

        Raises:
            Unscorable: there is no such table, or it lacks a column.
        """
        chosen = ", ".join(f'"{column}"' for column in columns)
        try:
            if self.path.is_file():
                with duckdb.connect(str(self.path), read_only=True) as build:
                    return iter(build.sql(f'select {chosen} from marts."{table}"').fetchall())  # noqa: S608  names of ours
            files = sorted(str(file) for file in (self.path / "tables" / table).glob("*.parquet"))
            with duckdb.connect() as engine:
                return iter(engine.read_parquet(files).project(chosen).fetchall())
        except duckdb.Error:
            raise Unscorable(f"{self.path.name} is no release and no build: it has no table {table} with {', '.join(columns)}") from None


@dataclass(frozen=True)
class Truth:
    """The sealed truth of one run."""

    folder: Path

    def lines(self, name: str) -> Iterator[dict[str, Any]]:
        """The lines of `<name>.jsonl`; none where nothing was said.

        Raises:
            Unscorable: the folder holds no truth.
        """
        if not (self.folder / "world.json").is_file():
            raise Unscorable(f"{self.folder.name} holds no truth: its world.json is missing")
        path = self.folder / f"{name}.jsonl"
        if path.is_file():
            with path.open(encoding="utf-8") as file:
                for line in file:
                    yield json.loads(line)

    @cached_property
    def level(self) -> str:
        """none, typical or harsh."""
        next(self.lines("files"), None)
        return str(json.loads((self.folder / "world.json").read_text(encoding="utf-8"))["defects"])

    @cached_property
    def delivery_of(self) -> dict[str, str]:
        """File of the truth -> its delivery. The same bytes twice are one delivery."""
        return {one["file"]: f"{one['partner']}/{one['feed']}/{one['sha256'][:16]}" for one in self.lines("files")}

    def records(self) -> Iterator[tuple[Place, dict[str, Any]]]:
        """Every delivered record with its place."""
        for one in self.lines("records"):
            yield (self.delivery_of[one["file"]], one["position"]), one
