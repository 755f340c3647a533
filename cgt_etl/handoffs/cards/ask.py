"""Asks a release the questions of `queries/`: each answer is a table of the connection that conditions can be counted over.

Holds no figure and no words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from cgt_etl.handoffs.cards.card import ROWS

if TYPE_CHECKING:
    import duckdb

FOLDER = Path(__file__).parent / "queries"


@cache
def query(name: str) -> str:
    """The text of one query, as it stands in its file."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")


@dataclass
class Answers:
    """What one partner's queries give; each is asked once, when it is first needed."""

    connection: duckdb.DuckDBPyConnection = field(repr=False)
    party: str
    _asked: set[str] = field(default_factory=set)

    def frame(self, name: str, where: str = "true") -> pl.DataFrame:
        """The rows of a query that meet a condition, in an order that the rows alone decide."""
        self._ask(name)
        return self.connection.execute(f"select * from answer_{name} where {where} order by all").pl()  # noqa: S608  ours alone

    def count(self, name: str, where: str = "true", counted: str = ROWS) -> int:
        """`counted` over the rows of a query that meet a condition."""
        self._ask(name)
        found = self.connection.execute(f"select {counted} from answer_{name} where {where}").fetchone()  # noqa: S608  ours alone
        return int(found[0]) if found else 0

    def _ask(self, name: str) -> None:
        if name not in self._asked:
            text = query(name)
            given = {"party": self.party} if "$party" in text else {}
            self.connection.execute(f"create or replace temp table answer_{name} as {text}", given)
            self._asked.add(name)
