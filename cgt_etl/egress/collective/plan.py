"""The fixed, published list of collective tables, as data: what is counted, by which categories.

Holds the closed model of a list and the rules of a list that can be protected at all. Touches no rows and protects nothing itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations, product
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field, field_validator, model_validator

from cgt_etl.contracts.closed import Closed, Slug
from cgt_etl.contracts.load import read_yaml, validated
from cgt_etl.errors import DeclarationError

Category = Annotated[str, Field(min_length=1, max_length=80)]


class Cell(NamedTuple):
    """A cell of a table: one category of each of its dimensions, in their order."""

    table: str
    categories: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.table} [{', '.join(self.categories)}]"


class Dimension(Closed):
    """What subjects are told apart by. `categories` are all there are, each subject in one: also `not stated`, where that happens."""

    name: Slug
    means: Annotated[str, Field(min_length=3)]
    categories: Annotated[tuple[Category, ...], Field(min_length=2)]
    reads: tuple[str, ...] = ()
    """The released columns behind it, as `table.column`: whoever does not permit one of them is in no table of it."""

    @field_validator("categories")
    @classmethod
    def _once(cls, categories: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(categories)) < len(categories):
            raise ValueError("a category stands once")
        return categories


class Table(Closed):
    """A published table: subjects of one population, counted by one dimension or two."""

    name: Slug
    counts: Annotated[str, Field(min_length=3)]
    population: Slug
    dimensions: Annotated[tuple[Slug, ...], Field(min_length=1, max_length=2)]


class Plan(Closed):
    """The list. Nothing else is ever cut, for anybody."""

    version: Annotated[str, Field(min_length=1)]
    purpose: Slug
    """Of the sharing policy: what the consents of everybody counted cover."""
    use: str = ""
    """What agreements must permit, as a DUO term; see `egress.rights.duo.purpose`."""
    dimensions: tuple[Dimension, ...]
    tables: Annotated[tuple[Table, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _can_be_protected(self) -> Plan:
        _unique("dimension", (one.name for one in self.dimensions))
        _unique("table", (one.name for one in self.tables))
        known = {one.name for one in self.dimensions}
        for table in self.tables:
            if not known.issuperset(table.dimensions):
                raise ValueError(f"table {table.name} names a dimension that is not declared")
            if len(set(table.dimensions)) < len(table.dimensions):
                raise ValueError(f"table {table.name} names a dimension twice")
        for population in self.populations:
            _no_margins(self.of(population))
            _no_cubes(self.of(population))
        return self

    @property
    def populations(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(table.population for table in self.tables))

    def of(self, population: str) -> tuple[Table, ...]:
        return tuple(table for table in self.tables if table.population == population)

    def dimension(self, name: str) -> Dimension:
        return next(one for one in self.dimensions if one.name == name)

    def reads(self, population: str) -> tuple[str, ...]:
        """The released columns behind the tables of a population.

        Raises:
            DeclarationError: a dimension of theirs names none, so that nobody could refuse it.
        """
        of = {name: self.dimension(name).reads for table in self.of(population) for name in table.dimensions}
        if nameless := [name for name, columns in of.items() if not columns]:
            raise DeclarationError(f"the dimension {nameless[0]} says not what it reads", remedy="Name the released columns behind it")
        return tuple(sorted({column for columns in of.values() for column in columns}))

    def cells(self, table: Table) -> Iterator[Cell]:
        """Every cell of a table, the last dimension varying fastest."""
        for categories in product(*(self.dimension(name).categories for name in table.dimensions)):
            yield Cell(table.name, categories)


def load(path: Path) -> Plan:
    """The list in a YAML file.

    Raises:
        DeclarationError: it says what no list may say.
    """
    return validated(Plan, read_yaml(path), path, "")


def _unique(kind: str, names: Iterable[str]) -> None:
    for name, times in Counter(names).items():
        if times > 1:
            raise ValueError(f"{kind} {name} is declared twice")


def _no_margins(tables: Iterable[Table]) -> None:
    """A table whose cells are sums of another's cells gives each of those sums a second rounding."""
    for one, other in combinations(tables, 2):
        small, large = sorted((one, other), key=lambda table: len(table.dimensions))
        if set(small.dimensions) <= set(large.dimensions):
            raise ValueError(f"table {small.name} is a margin of table {large.name}: its cells are sums of the other's")


def _no_cubes(tables: Iterable[Table]) -> None:
    """Tables that close a ring of dimensions (a by b, b by c, c by a) are faces of one cube.

    Without rings, what holds of shared margins is all that holds of the common cube (the tables are decomposable), so that the audit,
    which works on margins, misses nothing that an attack on the cube would find.
    """
    group: dict[str, str] = {}

    def root(name: str) -> str:
        while group.setdefault(name, name) != name:
            name = group[name]
        return name

    for table in tables:
        ends = [root(name) for name in table.dimensions]
        if len(ends) == 2 and ends[0] == ends[1]:
            raise ValueError(f"table {table.name} closes a ring of dimensions with tables before it: they are faces of one cube")
        if len(ends) == 2:
            group[ends[0]] = ends[1]
