"""Builds the identity tables of a night from what has landed.

`record.parquet`, `identifier.parquet`, `subject.parquet`, `conflict.parquet`, `proposal.parquet`: which version of each record stands,
which person or thing each partner token names, where the evidence contradicts itself, and which persons a steward might look at.

Everything is a function of the set of deliveries: no clock, no order of arrival, no earlier state. Names come from the data:
tokens are numbered in the order of their release tokens, a component is called `c` and a subject `s` followed by the smallest
release token in it. So a late link that joins two components renames at least one of them, which is how the build notices what
to rebuild. Only links of records that stand count.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.tokens import Keys
from cgt_etl.errors import place_of
from cgt_etl.identity import links, tables, versions
from cgt_etl.identity.components import Ints, smallest_labels
from cgt_etl.identity.merges import Replayed, replay
from cgt_etl.identity.persons import Persons, persons
from cgt_etl.identity.proposals import propose
from cgt_etl.identity.statements import Decision, Statements
from cgt_etl.identity.tables import SCHEMAS, Known
from cgt_etl.landing import durable
from cgt_etl.landing.delivery import Delivery
from cgt_etl.settings import Settings

MEMORY = "2GiB"
"""What DuckDB holds; beyond that it spills to disk. The arrays of persons come on top, a few hundred bytes per link."""

_NARROW: Any = np.int32
"""Tokens are numbered in it, and there are millions of them."""


@dataclass(frozen=True)
class IdentityResult:
    """`rows`: table -> rows written. `left_out`: ids of deliveries whose contract the registry does not have. `problem`: why nothing is
    proposed to the stewards, where that failed."""

    folder: Path
    rows: dict[str, int]
    left_out: tuple[str, ...]
    problem: str | None = None


def build(
    settings: Settings, registry: Registry, deliveries: Iterable[Delivery], keys: Keys, out: Path, *, decisions: Iterable[Decision] = ()
) -> IdentityResult:
    """Write the identity tables of exactly these deliveries into the folder `out`, which is made; refused ones have no rows.

    `decisions` are the stewards' that count; one on an identifier that no record mentions says nothing, until one does.

    A record that does not stand, or has no identifier, belongs to the component `delivery:<source_delivery>`.

    Raises:
        CgtError: a delivery's manifest cannot be read.
    """
    feeds = {(feed.dialect, feed.name): feed for feed in registry.feeds}
    landed = sorted((one for one in deliveries if one.status == "landed"), key=lambda one: one.id)
    admitted = [(one, one.manifest, feeds[one.dialect, one.feed]) for one in landed if (one.dialect, one.feed) in feeds]
    out.mkdir(parents=True, exist_ok=True)
    with durable.workplace(settings.builds) as spill, duckdb.connect() as con:
        con.execute("set temp_directory = $spill", {"spill": str(spill)})
        con.execute(f"set memory_limit = '{MEMORY}'; set preserve_insertion_order = false; set enable_progress_bar = false")
        accepted = versions.load(con, admitted)
        tokens = links.load(con, versions.link_files(admitted), keys.release, spill)
        decided = sorted(set(decisions))
        replayed = replay(links.stated(con))
        said = _statements(con, replayed, decided)
        stands = versions.standing(con)
        component, component_of_record = _components(con, len(tokens.kind), len(stands), said)
        of_persons = versions.demographic_files(admitted)
        found = persons(links.mentions(con), tokens, said, links.facts(con, of_persons))
        _conflicts(con, found, component)
        problem = _proposals(con, of_persons, decided, found)
        known = Known(component, found.subject, _superseded(found, replayed), found.is_contested, component_of_record, stands)
        con.execute("drop view mention; drop table link")  # room for sorting
        rows = tables.write(con, known, accepted, out)
    left_out = tuple(one.id for one in landed if (one.dialect, one.feed) not in feeds)
    return IdentityResult(out, rows, left_out, problem)


def _components(con: duckdb.DuckDBPyConnection, size: int, of: int, said: Statements) -> tuple[Ints, Ints]:
    """Component of each of `size` tokens, and of each of `of` records, -1 where it names nothing: the smallest token in it.

    Whatever one delivered record mentions, persons and things, in it and in its child rows, is rebuilt together; but for what many share.
    So are two identifiers that somebody said are one person's.
    """
    record, token = links.records(con)
    starts = np.flatnonzero(np.diff(record, prepend=-1))
    first = token[starts]
    beside = np.repeat(first, np.diff(starts, append=len(record)))
    differ = beside != token
    left, right = beside[differ], token[differ]
    label = smallest_labels(size, np.concatenate([left, said.one[said.is_same]]), np.concatenate([right, said.other[said.is_same]]))
    of_record: Ints = np.full(of, -1, dtype=_NARROW)
    of_record[record[starts]] = label[first]
    return label, of_record


def _statements(con: duckdb.DuckDBPyConnection, replayed: Replayed, decisions: list[Decision]) -> Statements:
    """What is said of two identifiers, by issuers and by stewards, each once."""
    decided = pa.table({name: pa.array((getattr(each, name) for each in decisions), pa.string()) for name in Decision._fields})
    con.register("decided", decided)
    said = con.execute(
        "select o.token_no, p.token_no, d.says = 'same', -1 from decided d"
        " join token o on o.release = try_cast(d.one as uuid) join token p on p.release = try_cast(d.other as uuid)"
        " where not o.is_thing and not p.is_thing"
    ).fetchall()
    con.unregister("decided")
    by_issuers = [(one.one, one.other, True, one.row) for one in replayed.standing]
    return Statements.of([*by_issuers, *said])


def _superseded(found: Persons, replayed: Replayed) -> Ints:
    """What replaced each token, -1 where nothing did: named where both are one person's, for a steward may have kept them apart."""
    survivor: Ints = np.full(len(found.subject), -1, dtype=_NARROW)
    survivor[list(replayed.survivor)] = list(replayed.survivor.values())
    survivor[found.subject[survivor] != found.subject] = -1
    return survivor


def _conflicts(con: duckdb.DuckDBPyConnection, found: Persons, component: Ints) -> None:
    """`contradiction(rule_id, row_no, subject_no, component_no)`."""
    token = np.array([one.token for one in found.conflicts], dtype=np.int64)
    contradictions = {
        "rule_id": pa.array((one.rule for one in found.conflicts), pa.string()),
        "row_no": pa.array((one.row for one in found.conflicts), pa.int64()),
        "subject_no": found.subject[token],
        "component_no": component[token],
    }
    _fill(con, "contradiction", contradictions)


def _fill(con: duckdb.DuckDBPyConnection, table: str, columns: dict[str, Any]) -> None:
    """A table of these columns, arrays of numpy or Arrow."""
    con.register("arrived", pa.table(columns)).execute(f"create table {table} as from arrived").unregister("arrived")


def _proposals(con: duckdb.DuckDBPyConnection, files: dict[str, str], decided: list[Decision], found: Persons) -> str | None:
    """What `proposals.propose` makes of the persons, in the view `person(token_no, subject_id)`. Nothing rests on it, so whatever stops it
    stops nothing else and is told in one sentence."""
    con.register("nothing", SCHEMAS["proposal"].empty_table()).execute("create table proposal as from nothing").unregister("nothing")
    if not files:
        return None
    named = np.flatnonzero(found.subject >= 0)
    _fill(con, "person_no", {"token_no": named.astype(np.int32), "subject_no": found.subject[named].astype(np.int32)})
    con.execute(
        "create view person as select p.token_no, 's' || t.release_token as subject_id"
        " from person_no p join token t on t.token_no = p.subject_no"
    )
    try:
        propose(con, files, ((one.one, one.other) for one in decided if one.says == "apart"))
    except Exception as error:
        return f"nothing is proposed to the stewards ({type(error).__name__} at {place_of(error)})"
    return None
