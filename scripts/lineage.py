"""From which columns of which feeds each released column is made, read off the compiled SQL.

Followed are values: what a projection is computed from, through every model down to the canonical facts, and from those to the columns of
the contracts; what is looked up (a code in a map, a token among the identities) is made of what it is looked up by. Not followed is what
only chooses rows: other joins, filters, groupings, the order of a window, the condition of a case; unless nothing else makes the value.
Runs nothing: `python -m tests.dbt.lineage` compiles the project and writes what `cgt_etl.release.lineage` reads.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlglot
from sqlglot import exp

from cgt_etl.release import marts
from cgt_etl.release.lineage import OF_EVERY_FEED

Leaf = tuple[str, str]
"""(relation, column); ("", "") stands for a constant, so that it differs from null."""
Outputs = dict[str, frozenset[Leaf]]
"""A query's columns in order, each with what it is made of."""
CONSTANT: Leaf = ("", "")
MEASURED = "int_measurement__"
"""Relations of measurements. What is taken of one of them alone is told by its name: `value[pb_hgb]`."""
_COLLECTED = re.compile(r"int_(?P<entity>\w+?)__collected")


@dataclass
class Lineage:
    """Outputs of every relation that has been followed; `given` are relations without a query: landed tables, control, identity, seeds."""

    given: Mapping[str, list[str]]
    models: dict[str, Outputs] = field(default_factory=dict)

    def add(self, name: str, sql: str) -> None:
        """Follow one model; those that it reads come first."""
        self.models[name] = self._query(sqlglot.parse_one(sql, dialect="duckdb"), {})

    def facts(self, table: str) -> dict[str, list[str]]:
        """Column of a released table -> `entity.column`, `identity.table.column`, ... that it is made of."""
        return {
            column: sorted({f"{_named(relation)}.{name}" for relation, name in self._down(leaves) if relation})
            for column, leaves in self.models[table].items()
        }

    def stated(self, model: str) -> dict[str, list[str]]:
        """Column of a staging model of an entity -> columns of landed tables; [] for a constant, absent where it is null."""
        found = {column: self._down(leaves, to_landed=True) for column, leaves in self.models[model].items()}
        return {
            column: sorted({name for relation, name in leaves if relation.startswith("landed.")})
            for column, leaves in found.items()
            if leaves
        }

    def _down(self, leaves: Iterable[Leaf], *, to_landed: bool = False) -> set[Leaf]:
        found: set[Leaf] = set()
        seen: set[Leaf] = set()
        left = list(leaves)
        while left:
            leaf = left.pop()
            if leaf in seen:
                continue
            seen.add(leaf)
            relation, name = leaf
            is_fact = _COLLECTED.fullmatch(relation) and not to_landed
            if is_fact or relation not in self.models:
                found.add(leaf)
            else:
                column, _, named = name.partition("[")
                below = self.models[relation].get(column, frozenset())
                left += _of(below, {named.rstrip("]")}) if named else below
        return found

    def _query(self, query: exp.Expr, above: dict[str, Outputs]) -> Outputs:
        named = dict(above)
        for cte in query.args["with_"].expressions if query.args.get("with_") else ():
            named[cte.alias] = self._query(cte.this, named)
        if isinstance(query, exp.Subquery | exp.Paren):
            return self._query(query.this, named)
        if isinstance(query, exp.SetOperation):
            left, right = self._query(query.left, named), self._query(query.right, named)
            return {name: leaves | other for (name, leaves), other in zip(left.items(), right.values(), strict=True)}
        return self._select(query, named)

    def _select(self, query: exp.Expr, named: dict[str, Outputs]) -> Outputs:
        sources: dict[str, Outputs] = {}
        origin = query.args.get("from_")
        if origin:
            sources[origin.this.alias_or_name] = self._source(origin.this, named)
        for join in query.args.get("joins") or ():
            outputs = self._source(join.this, named)
            if _is_lookup(outputs):
                outputs = _looked_up(outputs, join, sources)
            sources[join.this.alias_or_name] = outputs
        asked = _measurements(query.args["where"].this) if query.args.get("where") else set()
        selected: Outputs = {}
        for projected in query.expressions:
            if isinstance(projected, exp.Star) or (isinstance(projected, exp.Column) and isinstance(projected.this, exp.Star)):
                for name in [projected.table] if isinstance(projected, exp.Column) else list(sources):
                    selected |= sources[name]
            else:
                name = projected.alias_or_name  # in a later part of a union a column needs no name, and its place tells
                made_of = _of(self._made_of(projected.unalias(), sources, named), asked)
                selected[name if name and name not in selected else f"{len(selected)}"] = frozenset(made_of)
        return selected

    def _source(self, one: exp.Expr, named: dict[str, Outputs]) -> Outputs:
        if not isinstance(one, exp.Table):
            return self._query(one, named)
        if not one.db and one.name in named:
            return named[one.name]
        columns = self.models.get(one.name) or self.given.get(f"{one.db}.{one.name}")
        if columns is None:
            raise ValueError(f"lineage reads the unknown relation {one.db}.{one.name}")
        relation = one.name if one.name in self.models else f"{one.db}.{one.name}"
        return {column: frozenset({(relation, column)}) for column in columns}

    def _made_of(self, made: exp.Expr, sources: dict[str, Outputs], named: dict[str, Outputs]) -> set[Leaf]:
        found: set[Leaf] = set()
        for value, asked in _values(made):
            found |= _of(self._leaves([value], sources, named), asked)
        if not found - {CONSTANT}:
            found |= set(self._leaves([made], sources, named))
        return found

    def _leaves(self, parts: Iterable[exp.Expr], sources: dict[str, Outputs], named: dict[str, Outputs]) -> Iterator[Leaf]:
        for part in parts:
            if isinstance(part, exp.Literal | exp.Boolean):
                yield CONSTANT
            elif isinstance(part, exp.Column):
                yield from _column(part, sources)
            elif isinstance(part, exp.Subquery):
                for leaves in self._query(part, named | sources).values():
                    yield from leaves
            elif isinstance(part, exp.DataType):
                continue
            else:
                yield from self._leaves(part.iter_expressions(), sources, named)


def _is_lookup(outputs: Outputs) -> bool:
    """Whether a relation only says what a code or a token stands for."""
    relations = {relation for leaves in outputs.values() for relation, _ in leaves if relation}
    return bool(relations) and all(relation == "identity.identifier" or relation.startswith("vocabulary.") for relation in relations)


def _looked_up(outputs: Outputs, join: exp.Expr, sources: dict[str, Outputs]) -> Outputs:
    """What is looked up is made of what it is looked up by."""
    by: set[Leaf] = set()
    if join.args.get("on"):
        for column in join.args["on"].find_all(exp.Column):
            by |= set(_column(column, sources)) if column.table != join.this.alias_or_name else set()
    for name in join.args.get("using") or ():
        by |= set(_column(exp.column(name.name), sources))
    return {column: leaves | by for column, leaves in outputs.items()}


def _column(column: exp.Column, sources: dict[str, Outputs]) -> Iterable[Leaf]:
    if column.table:
        return sources.get(column.table, {}).get(column.name, ())
    return next((outputs[column.name] for outputs in sources.values() if column.name in outputs), ())


def _values(part: exp.Expr) -> list[tuple[exp.Expr, set[str]]]:
    """The parts of an expression whose values it takes on, without those that only choose; with the measurement that a case asks for."""
    if isinstance(part, exp.Case):
        found = [
            (value, asked | _measurements(branch.this)) for branch in part.args["ifs"] for value, asked in _values(branch.args["true"])
        ]
        return found + (_values(part.args["default"]) if part.args.get("default") else [])
    if isinstance(part, exp.Window | exp.ArgMin | exp.ArgMax | exp.Filter | exp.Ordered | exp.Nullif):
        return _values(part.this)
    if isinstance(part, exp.Column | exp.Literal | exp.Boolean | exp.Subquery | exp.DataType):
        return [(part, set())]
    return [value for child in part.iter_expressions() for value in _values(child)]


def _measurements(condition: exp.Expr) -> set[str]:
    """The measurement that a condition asks for, where it must be that one."""
    parts = condition.flatten() if isinstance(condition, exp.And) else [condition]
    return {
        part.expression.name
        for part in parts
        if isinstance(part, exp.EQ)
        and isinstance(part.this, exp.Column)
        and part.this.name == "measurement"
        and isinstance(part.expression, exp.Literal)
    }


def _of(leaves: Iterable[Leaf], measurements: set[str]) -> set[Leaf]:
    """The same, told by the measurement asked for where it is a measurement's value."""
    found: set[Leaf] = set()
    for relation, name in leaves:
        if measurements and name == "value" and relation.startswith(MEASURED):
            found |= {(relation, f"value[{measurement}]") for measurement in measurements}
        else:
            found.add((relation, name))
    return found


def _named(relation: str) -> str:
    fact = _COLLECTED.fullmatch(relation)
    return fact["entity"] if fact else relation


def followed(manifest: Mapping[str, Any], given: Mapping[str, list[str]]) -> Lineage:
    """Every model of a manifest with compiled SQL in it.

    Args:
        given: `schema.table` -> columns, of what dbt reads and does not build; seeds are in the manifest.
    """
    nodes = {id_: node for id_, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    seeds = {f"{node['schema']}.{node['name']}": _header(node) for node in manifest["nodes"].values() if node["resource_type"] == "seed"}
    lineage = Lineage({**given, **seeds})
    done: set[str] = set()

    def add(id_: str) -> None:
        if id_ in done or id_ not in nodes:
            return
        done.add(id_)
        for parent in nodes[id_]["depends_on"]["nodes"]:
            add(parent)
        lineage.add(nodes[id_]["name"], nodes[id_]["compiled_code"])

    for id_ in sorted(nodes):
        add(id_)
    return lineage


def columns(lineage: Lineage, tables: Iterable[marts.Mart]) -> str:
    """The text of `lineage_columns.csv`."""
    rows = []
    for mart in tables:
        facts = lineage.facts(mart.name)
        rows += [(mart.name, column.name, " ".join(facts[column.name])) for column in mart.columns]
    return _csv(("table", "column", "made_of"), rows)


def facts(lineage: Lineage, feeds: Mapping[str, list[tuple[str, str]]]) -> str:
    """The text of `lineage_facts.csv`."""
    rows = [
        (entity, column, f"{dialect}.{feed}", " ".join(contract_columns))
        for entity, stated in feeds.items()
        for dialect, feed in stated
        for column, contract_columns in lineage.stated(f"stg_{dialect}__{feed}__{entity}").items()
        if column not in OF_EVERY_FEED
    ]
    return _csv(("fact", "column", "feed", "contract_columns"), rows)


def _header(seed: Mapping[str, Any]) -> list[str]:
    path = Path(seed["root_path"]) / seed["original_file_path"]
    with path.open(encoding="utf-8", newline="") as file:
        return next(csv.reader(file))


def _csv(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()
