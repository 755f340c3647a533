"""The tables of a sandbox as PostgreSQL has them: the same schemas, names, rows and values, with what is said of tables and columns.

Every value arrives as it is or the table is refused: what PostgreSQL would round, cut or fold is not sent. Knows no role and no database.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import polars as pl
from psycopg import errors
from psycopg.sql import SQL, Composed, Identifier, Literal

from cgt_etl.errors import CgtError
from cgt_etl.release.tables import quoted
from cgt_etl.sandbox import store
from cgt_etl.sandbox.serving.server import Connection

TYPES = {
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "UTINYINT": "smallint",
    "SMALLINT": "smallint",
    "USMALLINT": "integer",
    "INTEGER": "integer",
    "UINTEGER": "bigint",
    "BIGINT": "bigint",
    "UBIGINT": "numeric(20,0)",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "BLOB": "bytea",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
}
"""PostgreSQL's type for DuckDB's, where it holds every value of it. A list of one is an array; decimals keep digits and scale."""
LONGEST_NAME = 63
"""Bytes of a name; PostgreSQL cuts off the rest without an error."""
_BATCH_ROWS = 20_000
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


@dataclass(frozen=True)
class _Column:
    name: str
    type: str
    means: str | None


def postgres_type(duckdb_type: str) -> str | None:
    """PostgreSQL's type that holds every value of DuckDB's, or None. Lists of lists have none: its arrays are square."""
    if duckdb_type.endswith("[]"):
        inner = postgres_type(duckdb_type.removesuffix("[]"))
        return f"{inner}[]" if inner and not inner.endswith("[]") else None
    if found := _DECIMAL.fullmatch(duckdb_type):
        return f"numeric({found[1]},{found[2]})"
    return TYPES.get(duckdb_type)


def load(source: duckdb.DuckDBPyConnection, to: Connection, reader: str) -> int:
    """Write every table of the store that `source` reads, in one transaction; the role `reader` may read them. Gives how many there are.

    Raises:
        CgtError: a table has a name, a type or a text that PostgreSQL cannot hold, or other rows than the store says it has.
    """
    named = source.execute(
        "select schema_name, table_name, comment from duckdb_tables() where database_name = ? order by all", [store.STORE]
    ).fetchall()
    said = source.execute(f"select schema_name, table_name, rows from about.{store.CONTENTS}").fetchall()  # noqa: S608  a constant
    listed = {(schema, name): rows for schema, name, rows in said}
    with to.transaction():
        for schema in sorted({schema for schema, *_ in named}):
            to.execute(SQL("create schema {}").format(Identifier(schema)))
            to.execute(SQL("grant usage on schema {} to {}").format(Identifier(schema), Identifier(reader)))
        for schema, name, means in named:
            written = _table(source, to, schema, name, means)
            if written != listed.get((schema, name), written):
                raise CgtError(f"{schema}.{name} has other rows than the sandbox says", remedy="`cgt-etl sandbox build` makes it anew")
            to.execute(SQL("grant select on {} to {}").format(Identifier(schema, name), Identifier(reader)))
            to.execute(
                SQL("analyze {}").format(Identifier(schema, name))
            )  # not all: figures of what the whole server shares are not the partner's
    return len(named)


def _table(source: duckdb.DuckDBPyConnection, to: Connection, schema: str, name: str, means: str | None) -> int:
    """Make and fill one table; gives its rows."""
    columns = _columns(source, schema, name)
    place = Identifier(schema, name)
    fields = [SQL("{} {}").format(Identifier(column.name), SQL(column.type)) for column in columns]
    to.execute(SQL("create table {} ({})").format(place, SQL(", ").join(fields)))
    for said in _comments(place, means, columns):
        to.execute(said)
    read = source.execute(f"from {quoted(schema)}.{quoted(name)}").to_arrow_reader(_BATCH_ROWS)
    rows = 0
    try:
        with to.cursor() as cursor, cursor.copy(SQL("copy {} from stdin (format binary)").format(place)) as copy:
            copy.set_types([_base(column.type) for column in columns])
            for batch in read:
                frame = pl.DataFrame(pl.from_arrow(batch))
                rows += frame.height
                for row in frame.iter_rows():
                    copy.write_row(row)
    except errors.CharacterNotInRepertoire:
        raise CgtError(f"{schema}.{name} has a text with a NUL in it, which PostgreSQL cannot hold", remedy="Use the export") from None
    return rows


def _base(type_: str) -> str:
    """The type without digits and scale."""
    return re.sub(r"\(.*\)", "", type_)


def _columns(source: duckdb.DuckDBPyConnection, schema: str, name: str) -> list[_Column]:
    found = source.execute(
        "select column_name, data_type, comment from duckdb_columns() where database_name = ? and schema_name = ? and table_name = ? "
        "order by column_index",
        [store.STORE, schema, name],
    ).fetchall()
    for long in (one for one in (schema, name, *(column for column, *_ in found)) if len(one.encode()) > LONGEST_NAME):
        raise CgtError(f"PostgreSQL has no names of more than {LONGEST_NAME} bytes: {long} of {schema}.{name}", remedy="Use the export")
    columns = []
    for column, duckdb_type, means in found:
        type_ = postgres_type(duckdb_type)
        if type_ is None:
            raise CgtError(f"PostgreSQL has no type for every {duckdb_type} of {schema}.{name}", column=column, remedy="Use the export")
        columns.append(_Column(column, type_, means))
    return columns


def _comments(place: Identifier, means: str | None, columns: Sequence[_Column]) -> list[Composed]:
    on_table = [SQL("comment on table {} is {}").format(place, Literal(means))] if means else []
    on_column = SQL("comment on column {}.{} is {}")
    on_columns = [on_column.format(place, Identifier(one.name), Literal(one.means)) for one in columns if one.means]
    return on_table + on_columns
