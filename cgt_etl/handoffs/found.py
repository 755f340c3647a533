"""What a release finds of handoffs, each finding under the id by which an action, a dispute or an alert names it.

A row of `finding` under a rule of handoffs keeps its `finding_id`; a bottleneck is named by where it is, as in
`H08_until_first_use@harbor_hospital`, so that it has one name in every release. Reads a release; remembers nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from cgt_etl.handoffs import cases, peers
from cgt_etl.handoffs.reading import views
from cgt_etl.release.read import Release
from cgt_etl.release.rules_catalogue import catalogue
from cgt_etl.release.tables import literal


@dataclass(frozen=True)
class Found:
    """A finding. `rule` is None for a bottleneck; `said` is for people and holds no value of a record."""

    id: str
    rule: str | None
    said: str


def place(transition: str, site: str) -> str:
    """Name of a transition at a site."""
    return f"{transition}@{site}"


def bottlenecks(compared: pl.DataFrame) -> list[Found]:
    """Of what `peers.compare` returned, the findings."""
    rows = compared.filter(pl.col("verdict") == "bottleneck").iter_rows(named=True)
    return [Found(place(row["transition"], row["site"]), None, slower(row)) for row in rows]


def slower(row: dict[str, float]) -> str:
    """A row of `peers.compare` in words."""
    interval = f"{100 * row['excess_low']:.0f} to {100 * row['excess_high']:.0f}"
    return f"bottleneck, {100 * row['excess']:.0f} % slower than its peers (95 %: {interval}) over {row['cases']} cases"


def by_rule(release: Release) -> list[Found]:
    """The rows of `finding` under rules whose home is the handoff, by rule and id."""
    titles = {rule["rule_id"]: rule["title"] for rule in catalogue() if rule["home"] == "handoff"}
    rules = ", ".join(map(literal, sorted(titles)))
    with views(release, "finding") as connection:
        rows = connection.execute(
            f"select finding_id, rule_id, table_name from finding where rule_id in ({rules}) order by rule_id, finding_id"  # noqa: S608
        ).fetchall()
    return [Found(id_, rule, f"{rule} in {table}: {titles[rule]}") for id_, rule, table in rows]


def findings(release: Release) -> list[Found]:
    """All of a release: bottlenecks by what could be recovered, then those of the rules."""
    return [*bottlenecks(peers.compare(cases.finished(release))), *by_rule(release)]
