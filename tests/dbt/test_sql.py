"""What the compiled SQL may and must do: portable to Spark, exact sums, layers not skipped, and no contract column forgotten."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from cgt_etl.contracts.accepted import accepted_tables
from tests.dbt.conftest import Built

pytestmark = pytest.mark.slow

PORTABLE = {
    "ABS", "AND", "ARG_MIN", "CASE", "CAST", "COALESCE", "COUNT", "DATEDIFF", "EXTRACT", "FIRST_VALUE", "FLOOR", "IF", "LAG", "LEAD",
    "LENGTH", "LN", "LOWER", "MAX", "MD5", "MIN", "NULLIF", "OR", "REPLACE", "ROUND", "ROW_NUMBER", "SQRT", "SUBSTRING", "SUM",
    "TRIM", "UPPER",
}  # fmt: skip
"""Functions that DuckDB and Spark both have with one meaning, in sqlglot's names; another is looked up in both before it is added here.
DATEDIFF comes from the dispatched `days_between` and `minutes_between` alone."""
DUCKDB_ONLY = (exp.Qualify, exp.List, exp.Lambda, exp.PivotAny, exp.ILike, exp.Unnest, exp.Struct, exp.Bracket)
"""Syntax without a counterpart in both."""
LAYERS = {"staging": {"source", "seed", "staging"}, "intermediate": {"source", "seed", "staging", "intermediate"}}
MART_SOURCES = {"control", "identity", "landing"}


def _layer(built: Built, unique_id: str) -> str:
    kind, name = unique_id.split(".", 1)[0], unique_id.rsplit(".", 1)[-1]
    if kind != "model":
        return kind
    path = built.models[name]["fqn"]
    return "marts" if "marts" in path else "intermediate" if "intermediate" in path else "staging"


def test_every_model_is_spark_sql_too(built: Built) -> None:
    wrong = []
    for name, node in built.models.items():
        try:
            sqlglot.transpile(node["compiled_code"], read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
        except sqlglot.errors.SqlglotError as error:
            wrong.append(f"{name}: {str(error).splitlines()[0]}")
    assert not wrong, "\n".join(wrong)


def test_only_functions_that_both_engines_have(built: Built) -> None:
    wrong = {
        f"{name}: {function.name if isinstance(function, exp.Anonymous) else function.sql_name()}"
        for name, tree in built.trees.items()
        for function in tree.find_all(exp.Func)
        if isinstance(function, exp.Anonymous) or function.sql_name() not in PORTABLE
    }
    assert not wrong, "\n".join(sorted(wrong))


def test_no_syntax_of_one_engine(built: Built) -> None:
    wrong = [f"{name}: {type(node).__name__}" for name, tree in built.trees.items() for node in tree.find_all(*DUCKDB_ONLY)]
    wrong += [f"{name}: * except" for name, tree in built.trees.items() for star in tree.find_all(exp.Star) if any(star.args.values())]
    wrong += [f"{name}: group by all" for name, tree in built.trees.items() for group in tree.find_all(exp.Group) if group.args.get("all")]
    assert not wrong, "\n".join(wrong)


def test_sums_and_means_are_exact(built: Built) -> None:
    """`sum` over doubles depends on the order of rows: every sum and mean is over a cast to decimal."""
    wrong = []
    for name, tree in built.trees.items():
        for aggregate in tree.find_all(exp.Sum, exp.Avg, exp.Stddev, exp.StddevSamp, exp.Variance):
            summed = aggregate.this
            if not (isinstance(summed, exp.Cast) and summed.to.this == exp.DataType.Type.DECIMAL):
                wrong.append(f"{name}: {aggregate.sql_name()}")
    assert not wrong, "\n".join(wrong)


def test_every_window_that_numbers_rows_is_ordered_to_the_last_tie(built: Built) -> None:
    """The last thing a numbering orders by is a key: an id, or the key of a source row."""
    wrong = []
    for name, tree in built.trees.items():
        for window in tree.find_all(exp.Window):
            if not isinstance(window.this, exp.RowNumber):
                continue
            order = window.args.get("order")
            last = order.expressions[-1].this if order else None
            if not isinstance(last, exp.Column) or not last.name.endswith(("_id", "source_key", "position")):
                wrong.append(f"{name}: {window.sql()[:120]}")
    assert not wrong, "\n".join(wrong)


def test_no_layer_is_skipped(built: Built) -> None:
    wrong = []
    for name, node in built.models.items():
        layer = _layer(built, node["unique_id"])
        for parent in node["depends_on"]["nodes"]:
            below = _layer(built, parent)
            if layer != "marts":
                fine = below in LAYERS[layer]
            else:
                fine = below in {"intermediate", "marts", "seed"} or (below == "source" and parent.split(".")[2] in MART_SOURCES)
            if not fine:
                wrong.append(f"{name} ({layer}) reads {parent}")
    assert not wrong, "\n".join(wrong)


def test_every_contract_column_is_used(built: Built) -> None:
    """A column that the door keeps is read by staging; one that is not wanted is dropped in its contract, with the reason.

    What only proposes who is who (a name) never reaches it.
    """
    read: dict[str, set[str]] = {}
    for name, tree in built.trees.items():
        if not name.startswith("stg_"):
            continue
        columns = {column.name for column in tree.find_all(exp.Column)}
        for table in tree.find_all(exp.Table):
            if table.db == "landed":
                read.setdefault(table.name, set()).update(columns)
    forgotten = []
    for feed in built.registry.feeds:
        for spec in feed.objects:
            made_of = {part: instant.name for instant in spec.extension.instants for part in (instant.date, instant.time)}
            own = f"{feed.dialect}__{feed.name}__{spec.name}"
            tables = accepted_tables(spec)
            for column in spec.columns:
                if not column.extension.is_accepted:
                    continue
                split = bool(column.extension.split)
                table = f"{own}__{column.name}" if split else own
                fields = set(tables[f"{spec.name}__{column.name}" if split else spec.name].names)
                physical = {field for field in fields if _is_of(field, column.name)}
                physical |= {f"{made_of[column.name]}_{part}" for part in ("at_utc", "local", "date")} if column.name in made_of else set()
                if not physical & read.get(table, set()):
                    forgotten.append(f"{own}.{column.name}")
    assert not forgotten, "\n".join(forgotten)


def _is_of(field: str, column: str) -> bool:
    return field == column or field in {f"{column}_{part}" for part in ("at_utc", "date", "local", "precision")} | {f"{column}__comparator"}


@pytest.mark.rule("R10")
def test_a_genealogy_that_comes_back_to_where_it_began_stops_the_build(built: Built) -> None:
    [test] = [node for node in built.manifest["nodes"].values() if node["resource_type"] == "test" and node["name"].startswith("acyclic")]
    assert test["config"]["severity"].lower() == "error"
    sqlglot.transpile(test["compiled_code"], read="duckdb", write="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    line = [(str(one), str(one + 1)) for one in range(20)]
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as work; create schema work.marts")
        connection.execute("create table work.marts.product_edge (parent_key text, child_key text)")
        for edges, in_cycle in ((line, 0), ([*line, ("20", "18")], 3), ([("1", "1")], 1)):
            connection.execute("delete from work.marts.product_edge")
            connection.executemany("insert into work.marts.product_edge values (?, ?)", edges)
            assert len(connection.execute(test["compiled_code"]).fetchall()) == in_cycle
