"""What dbt is told of the readers of the released tables is what they read."""

from __future__ import annotations

import re

import sqlglot
import yaml
from sqlglot import exp

from cgt_etl.release import marts
from cgt_etl.settings import REPOSITORY
from tests.release.test_tutorial import QUERIES

TABLES = {mart.name for mart in marts.load()}


def declared() -> dict[str, set[str]]:
    """Exposure -> released tables."""
    text = (REPOSITORY / "dbt_project" / "models" / "exposures.yml").read_text(encoding="utf-8")
    return {one["name"]: {re.sub(r"ref\('(\w+)'\)", r"\1", ref) for ref in one["depends_on"]} for one in yaml.safe_load(text)["exposures"]}


def test_a_release_is_every_released_table() -> None:
    assert declared()["release"] == TABLES


def test_the_twenty_questions_read_what_they_are_said_to_read() -> None:
    read = {table.name for query in QUERIES.values() for table in sqlglot.parse_one(query, dialect="duckdb").find_all(exp.Table)}
    assert declared()["twenty_questions"] == read & TABLES


def test_every_reader_reads_released_tables() -> None:
    assert {name for tables in declared().values() for name in tables} <= TABLES
