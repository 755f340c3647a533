"""Asks a release the questions of `queries/`: each answer is a table of the connection that conditions can be counted over.

Holds no figure and no words.
"""

from __future__ import annotations

import re
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
    site: str = ""
    """Of the partner, where one of its sites is asked about; empty for all."""
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

    def text(self, name: str) -> str:
        """Of a query as it is asked: for a site, `handoff` and `site` are those of the site alone."""
        text = query(name)
        if not self.site or "$party" not in text:
            return text
        comment, begin, rest = re.split(r"^(with |select\b)", text, maxsplit=1, flags=re.MULTILINE)
        given = f"with handoff as (\n{query('of_site')}),\n\nsite as (select * from main.site where site_id = $site)"  # noqa: S608  ours alone
        return f"{comment}{given},\n\n{rest}" if begin == "with " else f"{comment}{given}\n\n{begin}{rest}"

    def _ask(self, name: str) -> None:
        if name not in self._asked:
            text = self.text(name)
            given = {f"{what}": value for what, value in (("party", self.party), ("site", self.site)) if f"${what}" in text}
            self.connection.execute(f"create or replace temp table answer_{name} as {text}", given)
            self._asked.add(name)
