"""The rows of the collective tables, from a release: who is counted, whose they are, who knows them, and in which categories.

`queries/` say what a category is. Counts nothing and shows nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import polars as pl

from cgt_etl.egress import consents, policy, scope
from cgt_etl.egress.peer_places import LEAST_CONTRIBUTORS
from cgt_etl.egress.rights.everybody import partners
from cgt_etl.errors import CgtError
from cgt_etl.handoffs import reading
from cgt_etl.release.read import Release

if TYPE_CHECKING:
    import duckdb

FOLDER = Path(__file__).parent / "queries"
POPULATIONS = {"batch": ("manufacturer",), "collection": ("blood_centre", "hospital")}
"""Each is a query of its name -> roles of those who contribute to it."""
_TABLES = (
    *("administration", "batch", "collection", "delivery", "dose_unit", "event", "handoff", "journey", "measurement", "outcome", "party"),
    *("product", "product_edge", "row_source", "site", "therapy_order"),
)
_PEOPLE = ("subject", "consent")


class Asked(Protocol):
    """What says whom to count: a list of tables, or a catalogue of questions."""

    @property
    def purpose(self) -> str:
        """Of the sharing policy: what the consents of everybody counted cover."""

    @property
    def populations(self) -> tuple[str, ...]:
        """Of `POPULATIONS`."""


@dataclass(frozen=True)
class Rows:
    """What a cut is made from.

    `counted` is what `counting.members` asks for. `too_few` are populations to which too few legal entities can contribute, of which
    nothing is counted. `left_out` are people without a covering consent, by population: for the hub alone.
    """

    counted: pl.DataFrame
    too_few: frozenset[str]
    left_out: Mapping[str, int]


def rows(release: Release, plan: Asked, begin: date) -> Rows:
    """The rows of a release as of the begin of a quarter: one a person and population, whose consents cover the list's purpose (R55).

    Whether enough legal entities can contribute is decided by what is declared, not by what was delivered: otherwise one row of an eighth
    contributor would show.

    Args:
        release: the release.
        plan: the list or catalogue.
        begin: first day of the quarter; what began, ended or was measured on it or later is left out.

    Raises:
        CgtError: the release lacks a table, or ends before the quarter begins.
        DeclarationError: the sharing policy knows no such purpose.
    """
    if lacking := [name for name in (*_TABLES, *_PEOPLE) if name not in release.tables]:
        raise CgtError(f"release {release.id} has no {', '.join(lacking)}", remedy="Cut from a release of this version")
    connection = reading.views(release, *_TABLES)
    try:
        edge = _ask(connection, "edge")["edge_date"][0]
        if edge is None or edge < begin:
            raise CgtError(f"release {release.id} ends before the quarter begins", remedy="Cut a quarter that the release reaches")
        for name in ("batch_collection", "knowing"):
            connection.execute(f"create temp table {name} as {query(name)}")
        too_few = frozenset(name for name in plan.populations if len(partners(release, POPULATIONS[name])) < LEAST_CONTRIBUTORS)
        knowing = _ask(connection, "knowing").group_by("subject").agg(pl.col("legal_entity").unique().sort().alias("also_known_to"))
        of = {name: _ask(connection, name, begin) for name in POPULATIONS}
    finally:
        connection.close()
    covered = _covered(release, plan.purpose, [subject for frame in of.values() for subject in frame["subject"]])
    counted = {name: frame.filter(pl.col("subject").is_in(covered)) for name, frame in of.items()}
    shown = pl.concat([frame if name not in too_few else frame.clear() for name, frame in counted.items()], how="diagonal")
    return Rows(
        shown.join(knowing, on="subject", how="left", maintain_order="left"),
        too_few,
        {name: of[name].height - frame.height for name, frame in counted.items()},
    )


def _covered(release: Release, purpose: str, asked: list[str]) -> list[str]:
    """Those of the batches and collections that a shared view under the purpose would have."""
    said = policy.load()
    read = cache(lambda name: pl.read_parquet(release.parquet(name)))
    people = consents.sort_out(read("subject")["subject_id"], read("consent"), said.purpose(purpose))
    within = scope.scope(said, read, lambda name: name in release.tables, people.covered, people.withdrawn | people.uncovered)
    return sorted(key for key, is_shared in within.is_shared(asked).items() if is_shared)


def _ask(connection: duckdb.DuckDBPyConnection, name: str, begin: date | None = None) -> pl.DataFrame:
    """The rows of a query in an order that the rows alone decide."""
    given = {} if begin is None else {"begin": begin}
    return connection.execute(f"select * from ({query(name)}) order by all", given).pl()  # noqa: S608  ours alone


@cache
def query(name: str) -> str:
    """The text of a query of `queries/`."""
    return (FOLDER / f"{name}.sql").read_text(encoding="utf-8")
