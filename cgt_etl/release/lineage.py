"""From which feeds a released column comes: what was read off the SQL, met with the feeds that are declared.

`lineage_columns.csv` says of which canonical facts a released column is made, `lineage_facts.csv` from which columns of which contracts a
column of a fact is stated; `python -m tests.dbt.lineage` writes both, and a test says when it must. A dialect that a deployment keeps
outside is in neither: its feeds count for all of the facts that they state. Reads no SQL and no row of data.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from cgt_etl.contracts.dbt_sources import source_feeds
from cgt_etl.contracts.registry import Registry
from cgt_etl.settings import PACKAGE

COLUMNS = PACKAGE / "release" / "lineage_columns.csv"
FACTS = PACKAGE / "release" / "lineage_facts.csv"
OF_EVERY_FEED = frozenset(
    {"source_delivery", "source_row", "source_item", "source_object", "fact", "party_id", "site_id", "sequence", "record_key"}
)
"""Columns of every fact, filled from where the record stands; not listed one by one."""
Level = Literal["column", "table", "declared", "empty"]


@dataclass(frozen=True)
class Origin:
    """Where one released column comes from."""

    made_of: tuple[str, ...]
    """`fact.column` (of one measurement alone `measurement.value[name]`), and `identity.*`, `control.*` and `vocabulary.*` for what the
    pipeline adds."""
    level: Level
    """`column`: exactly the feeds that state what it is made of. `table`: nothing it is made of is stated (a count, a constant), and the
    feeds are those of its table. `declared`: no feed states it; partner files and the list of deliveries do. `empty`: nothing fills the
    table yet."""
    feeds: tuple[str, ...]
    """`dialect.feed`, in order."""


class Origins:
    """Origins of every released column, for the dialects of one registry."""

    def __init__(self, registry: Registry) -> None:
        self._stated: dict[tuple[str, str], set[str]] = {}
        self._feeds: dict[str, set[str]] = {}
        for fact in facts(registry):
            self._stated.setdefault((fact["fact"], fact["column"]), set()).add(fact["feed"])
        for entity, stated in source_feeds(registry).items():
            self._feeds[entity] = {f"{dialect}.{feed}" for dialect, feed in stated}
        self._measured = _measured(registry)
        self._found: dict[tuple[str, ...], tuple[str, ...]] = {}

    def of(self, table: str, column: str) -> Origin:
        """Where a released column comes from; a column that was never followed comes from nowhere."""
        made_of = _columns().get(table, {}).get(column, ())
        feeds = self._of_facts(made_of)
        if feeds:
            return Origin(made_of, "column", feeds)
        together = tuple(one for all_ in _columns().get(table, {}).values() for one in all_)
        whole = self._of_facts(together)
        return Origin(made_of, "table" if whole else "declared" if any(one.startswith("control.") for one in together) else "empty", whole)

    def _of_facts(self, made_of: tuple[str, ...]) -> tuple[str, ...]:
        if made_of not in self._found:  # the same for every column of a table that nothing states
            self._found[made_of] = self._look_up(made_of)
        return self._found[made_of]

    def _look_up(self, made_of: tuple[str, ...]) -> tuple[str, ...]:
        found: set[str] = set()
        for fact, _, column in (one.partition(".") for one in made_of):
            name, _, measurement = column.partition("[")
            feeds = self._feeds.get(fact, set()) if name in OF_EVERY_FEED else self._stated.get((fact, name), set())
            found |= {feed for feed in feeds if not measurement or self._may_measure(feed, measurement.rstrip("]"))}
        return tuple(sorted(found))

    def _may_measure(self, feed: str, measurement: str) -> bool:
        """A column of its contract is this measurement, or its records say themselves what they measure."""
        names = self._measured.get(feed)
        return names is None or measurement in names


def facts(registry: Registry) -> Iterator[dict[str, str]]:
    """fact, column, feed, contract_columns: what the declared feeds state, in order. `*` for a dialect whose SQL was never followed."""
    declared = {entity: {f"{dialect}.{feed}" for dialect, feed in stated} for entity, stated in source_feeds(registry).items()}
    followed = {row["feed"].split(".")[0] for row in _facts()}
    names: dict[str, list[str]] = {}
    for row in _facts():
        if row["column"] not in names.setdefault(row["fact"], []):
            names[row["fact"]].append(row["column"])
        if row["feed"] in declared.get(row["fact"], ()):
            yield row
    for entity, feeds in sorted(declared.items()):
        for feed in sorted(feed for feed in feeds if feed.split(".")[0] not in followed):
            for column in names.get(entity, ()):
                yield {"fact": entity, "column": column, "feed": feed, "contract_columns": "*"}


def _measured(registry: Registry) -> dict[str, set[str]]:
    """Feed -> measurements that its contract names; feeds whose records name them are left out."""
    told = {
        row["feed"] for row in facts(registry) if (row["fact"], row["column"]) == ("measurement", "measurement") and row["contract_columns"]
    }
    found: dict[str, set[str]] = {}
    for feed in registry.feeds:
        name = f"{feed.dialect}.{feed.name}"
        if name not in told:
            columns = [column for spec in feed.objects for column in spec.columns]
            found[name] = {column.extension.measurement.name for column in columns if column.extension.measurement}
    return found


@cache
def _columns() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    for row in _read(COLUMNS):
        found.setdefault(row["table"], {})[row["column"]] = tuple(row["made_of"].split())
    return found


@cache
def _facts() -> tuple[dict[str, str], ...]:
    return tuple(_read(FACTS))


def _read(file: Path) -> Iterator[dict[str, str]]:
    with file.open(encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)
