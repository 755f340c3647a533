"""Small lists and populations for the tests of the collective tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from cgt_etl.egress.collective.counting import Group
from cgt_etl.egress.collective.engine import Cut, Quarter, Trace
from cgt_etl.egress.collective.plan import Cell, Dimension, Plan, Table

A, B, C = ("a1", "a2"), ("b1", "b2"), ("c1", "c2")
DIMENSIONS = {"a": A, "b": B, "c": C}
FIRST = Quarter(2026, 1)


def plan(*tables: Sequence[str], population: str = "batch") -> Plan:
    """A list whose tables are named by their dimensions: `plan("ab", "bc")`."""
    dimensions = tuple(Dimension(name=name, means=f"dimension {name}", categories=of) for name, of in DIMENSIONS.items())
    made = tuple(Table(name="".join(of), counts="batches", population=population, dimensions=tuple(of)) for of in tables)
    return Plan(version="1", purpose="research", dimensions=dimensions, tables=made)


def people(many: Mapping[tuple[str, str], int], population: str = "batch") -> pl.DataFrame:
    """So many subjects of a contributor with those categories: `{("north", "a1 b2 c1"): 20}`. Equal numbers are equal subjects."""
    rows = [
        {"population": population, "subject": f"{who} {where} {number}", "contributor": who, "also_known_to": []}
        | {category[0]: category for category in where.split()}
        for (who, where), number_of in many.items()
        for number in range(number_of)
    ]
    return pl.DataFrame(rows, schema_overrides={"also_known_to": pl.List(pl.String)})


def evenly(where: str, each: int, contributors: int = 8) -> dict[tuple[str, str], int]:
    """`each` subjects of every contributor `p0`, `p1`, ... with those categories."""
    return {(f"p{number}", where): each for number in range(contributors)}


def drawn_cut(of: Plan, figures: Mapping[Cell, tuple[int, int | None]], contributors: int = 8) -> Cut:
    """A first cut as it might have been drawn: each cell's count, spread over contributors, and what is published of it."""
    cells = {}
    for table in of.tables:
        for cell in of.cells(table):
            count, value = figures.get(cell, (0, None))
            shares = {Group(f"p{n}", (f"p{n}",)): count // contributors + (n < count % contributors) for n in range(contributors)}
            cells[cell] = Trace(value, True, {group: number for group, number in shares.items() if number}, {}, {})
    return Cut(FIRST, of, True, cells)
