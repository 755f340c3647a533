"""The aggregates that the gate looks at: counts, rates and medians of the build, never a cell of it.

Whatever Great Expectations writes down of a batch is therefore a name of a table, link, rule or quantity, and a number of rows. DuckDB
does the counting; a pandas frame of some dozens of rows is what the gate sees. Judges nothing. Every name that goes into a query
here is a declared one, quoted (S608).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import duckdb

from cgt_etl.quality.suites import FOLDER
from cgt_etl.release.marts import SCHEMA, Mart
from cgt_etl.release.plan import Plan
from cgt_etl.release.tables import literal, quoted

if TYPE_CHECKING:
    import pandas as pd

_COUNTED = ("table_name", "is_present", "row_count", "duplicate_keys", "null_keys")


def open_counted(connection: duckdb.DuckDBPyConnection, marts: Sequence[Mart], plan: Plan) -> None:
    """Make the temporary tables `released_table`, `released_link` and `released_key` on an open build.

    released_table: one row per declared table: table_name, is_present (0 or 1), row_count, duplicate_keys, null_keys, rows_before (in
    the last release), lost_share (of those, 0 to 1), is_addition (nothing but deliveries that were added parts the two).
    released_link: one row per reference: link, table_name, column_name, orphans.
    """
    built = {name for (name,) in connection.execute("select table_name from duckdb_tables() where schema_name = ?", [SCHEMA]).fetchall()}
    before = plan.previous.rows if plan.previous else {}
    present = [mart for mart in marts if mart.name in built]
    absent = [f"select {literal(mart.name)}, 0, 0, 0, 0" for mart in marts if mart.name not in built]
    counted = " union all ".join([*(_keys(mart) for mart in present), *absent])
    rows_before = " ".join(f"when {literal(name)} then {rows}" for name, rows in sorted(before.items()))
    earlier = f"case table_name {rows_before} else 0 end" if rows_before else "0"
    compared = f"select *, {earlier} as rows_before from ({counted}) as counted({', '.join(_COUNTED)})"  # noqa: S608
    lost = "case when rows_before > row_count then (rows_before - row_count) / rows_before else 0.0 end as lost_share"
    is_addition = f"{str(plan.is_addition).lower()} as is_addition"
    connection.execute(f"create temporary table released_table as select *, {lost}, {is_addition} from ({compared})")  # noqa: S608
    linked = " union all ".join([*_links(present), "select '', '', '', 0 where false"])
    connection.execute(f"create temporary table released_link as from ({linked}) as linked(link, table_name, column_name, orphans)")


def frame(connection: duckdb.DuckDBPyConnection, batch: str) -> pd.DataFrame:
    """One batch as a frame, in a fixed order: `tables`, `links`, or what `expectations/batches/<batch>.sql` selects."""
    if batch == "tables":
        return connection.sql("select * from released_table order by table_name").df()
    if batch == "links":
        return connection.sql("select * from released_link order by link").df()
    return connection.sql((FOLDER / "batches" / f"{batch}.sql").read_text(encoding="utf-8")).df()


def _keys(mart: Mart) -> str:
    key = ", ".join(quoted(name) for name in mart.primary_key)
    is_null = " or ".join(f"{quoted(name)} is null" for name in mart.primary_key)
    distinct = f"(select count(*) from (select distinct {key} from {mart.relation}))"  # noqa: S608
    counts = f"count(*), count(*) - {distinct}, count(*) filter (where {is_null})"
    return f"select {literal(mart.name)}, 1, {counts} from {mart.relation}"  # noqa: S608


def _links(marts: Sequence[Mart]) -> Iterator[str]:
    """References, from the grammar of names: a column that is, or ends in, another table's key; and `<x>_table` beside `<x>_key`."""
    single = {mart.primary_key[0]: mart for mart in marts if len(mart.primary_key) == 1}
    for mart in marts:
        names = {column.name for column in mart.columns}
        for column in sorted(names):
            target = _target(column, single)
            if target and not (target.name == mart.name and column in mart.primary_key):
                yield _orphans(mart, column, target.name, quoted(column), _key_values(quoted(target.primary_key[0]), target))
        for table, key in (("table_name", "row_key"), *((f"{x}_table", f"{x}_key") for x in ("parent", "child", "source"))):
            if {table, key} <= names:
                known = " union all ".join(_key_values(f"{literal(of.name)} || ':' || {_joined(of)}", of) for of in marts)
                yield _orphans(mart, key, "the table it names", f"{quoted(table)} || ':' || {quoted(key)}", known)


def _target(column: str, single: dict[str, Mart]) -> Mart | None:
    fitting = [key for key in single if column == key or column.endswith(f"_{key}")]
    return single[max(fitting, key=len)] if fitting else None


def _orphans(mart: Mart, column: str, target: str, value: str, known: str) -> str:
    said = f"(select {value} as value from {mart.relation} where {value} is not null)"  # noqa: S608
    counted = f"from {said} as said anti join ({known}) as known using (value)"
    return f"select {literal(f'{mart.name}.{column} -> {target}')}, {literal(mart.name)}, {literal(column)}, count(*) {counted}"


def _key_values(expression: str, mart: Mart) -> str:
    return f"select {expression} as value from {mart.relation}"  # noqa: S608


def _joined(mart: Mart) -> str:
    """The key as `row_source` writes it: parts of a key of several columns are joined by a bar."""
    return " || '|' || ".join(f"cast({quoted(name)} as varchar)" for name in mart.primary_key)
