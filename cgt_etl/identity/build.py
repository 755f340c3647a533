"""Builds the identity tables of a night from what has landed.

`record.parquet`, `identifier.parquet`, `subject.parquet`, `conflict.parquet`: which version of each record stands, which person
or thing each partner token names, and where the evidence contradicts itself.

Everything is a function of the set of deliveries: no clock, no order of arrival, no earlier state. Names come from the data:
tokens are numbered in the order of their release tokens, a component is called `c` and a subject `s` followed by the smallest
release token in it. So a late link that joins two components renames at least one of them, which is how the build notices what
to rebuild. Only links of records that stand count.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cgt_etl.contracts.registry import Registry
from cgt_etl.identity import parquet, versions
from cgt_etl.identity.components import Ints, smallest_labels
from cgt_etl.identity.contradictions import NUMBERED_ONCE
from cgt_etl.identity.persons import Mentions, Persons, Tokens, persons
from cgt_etl.identity.tables import QUERIES, SCHEMAS
from cgt_etl.landing import durable
from cgt_etl.landing.delivery import Delivery
from cgt_etl.settings import Settings

if TYPE_CHECKING:
    from cgt_etl.door.tokens import Keys

OBJECT_KINDS = frozenset(
    {
        "din",
        "product_code",
        "division",
        "bag",
        "batch",
        "lot",
        "order_id",
        "sscc",
        "epc",
        "gtin",
        "gln",
        "awb",
        "shipment",
        "serial",
        "material_lot",
        "logger",
        "specimen",
    }
)
"""Kinds that name things whatever a contract says of them: they reach a person through the product graph, never by joining."""
SHARED_KINDS = ("logger", "material_lot", "epc")
"""Name things that many batches or shipments use, and in EPCIS whatever was on the move. They join none of them: one lot of vector would
rebuild a year of batches together."""


@dataclass(frozen=True)
class IdentityResult:
    """`rows`: table -> rows written. `left_out`: ids of deliveries whose contract the registry does not have."""

    folder: Path
    rows: dict[str, int]
    left_out: tuple[str, ...]


def build(settings: Settings, registry: Registry, deliveries: Iterable[Delivery], keys: Keys, out: Path) -> IdentityResult:
    """Write the identity tables of exactly these deliveries into the folder `out`, which is made; refused ones have no rows.

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
        versions.load(con, admitted)
        _load_links(con, versions.link_files(admitted))
        tokens = _number_tokens(con, keys.release)
        _components(con, len(tokens.kind))
        _persons(con, persons(_mentions(con), tokens, NUMBERED_ONCE))
        rows = {name: parquet.write(con, QUERIES[name], schema, out / f"{name}.parquet") for name, schema in SCHEMAS.items()}
    left_out = tuple(one.id for one in landed if (one.dialect, one.feed) not in feeds)
    return IdentityResult(out, rows, left_out)


def _load_links(con: duckdb.DuckDBPyConnection, files: dict[str, str]) -> None:
    """`link`: the identifiers of the records that stand, one row per delivered cell or split part."""
    con.execute(
        "create table link (delivery_no int, object varchar, source_row bigint, source_item bigint, kind varchar, issuer varchar,"
        " person varchar, partner_token varchar, linkage_token varchar)"
    )
    if files:
        names = pa.table({"filename": pa.array(files), "source_delivery": pa.array(files.values())})
        con.register("link_file", names)
        con.execute(
            "insert into link"
            " select d.delivery_no, d.prefix || '__' || l.object, l.source_row, l.source_item, l.kind, coalesce(l.issuer, ''),"
            "  l.person, l.partner_token, l.linkage_token"
            " from read_parquet($paths, union_by_name = true, filename = true) l"
            " join link_file f using (filename) join delivery d using (source_delivery)"
            " semi join standing s on s.delivery_no = d.delivery_no and s.source_row = l.source_row",
            {"paths": list(files)},
        )
        con.unregister("link_file")


def _number_tokens(con: duckdb.DuckDBPyConnection, release_key: bytes) -> Tokens:
    """`token(token_no, linkage_token, release_token, kind, issuer, is_thing)`, numbered in the order of release tokens."""
    found = con.execute(
        "select linkage_token, min(kind) as kind, min(issuer) as issuer, coalesce(bool_or(person = 'both'), false) as joins_roles"
        " from link group by linkage_token"
    ).to_arrow_table()
    released = pa.array(
        (hmac.digest(release_key, token.encode("ascii"), "sha256")[:16].hex() for token in found["linkage_token"].to_pylist()), pa.string()
    )
    order = pc.sort_indices(released)
    found = found.append_column("release_token", released).take(order)
    found = found.append_column("token_no", pa.array(np.arange(len(order), dtype=np.int64)))
    found = found.append_column("is_thing", pc.is_in(found["kind"], pa.array(sorted(OBJECT_KINDS), pa.string())))
    con.register("found", found).execute("create table token as select * from found").unregister("found")
    kinds, kind = _places(found["kind"])
    return Tokens(kinds, kind, _places(found["issuer"])[1], found["joins_roles"].to_numpy().astype(np.bool_))


def _places(column: pa.ChunkedArray) -> tuple[list[str], Ints]:
    coded = column.combine_chunks().dictionary_encode()
    return coded.dictionary.to_pylist(), coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)


def _components(con: duckdb.DuckDBPyConnection, size: int) -> None:
    """`component(token_no, component_id)` and `record_component(delivery_no, source_row, component_id)`.

    Whatever one delivered record mentions, persons and things, in it and in its child rows, is rebuilt together; but for what many share.
    """
    con.execute(
        "create table record_token as select l.delivery_no, l.source_row, min(t.token_no) as first_token"
        " from link l join token t using (linkage_token) where not list_contains($shared, t.kind) group by all",
        {"shared": list(SHARED_KINDS)},
    )
    edges = con.execute(
        "select distinct r.first_token, t.token_no from link l join token t using (linkage_token)"
        " join record_token r using (delivery_no, source_row) where r.first_token <> t.token_no and not list_contains($shared, t.kind)",
        {"shared": list(SHARED_KINDS)},
    ).fetchnumpy()
    label = smallest_labels(size, _ints(edges["first_token"]), _ints(edges["token_no"]))
    con.register("label", pa.table({"token_no": np.arange(size, dtype=np.int64), "smallest": label}))
    con.execute(
        "create table component as select l.token_no, 'c' || t.release_token as component_id"
        " from label l join token t on t.token_no = l.smallest"
    )
    con.unregister("label")
    con.execute(
        "create table record_component as select r.delivery_no, r.source_row, c.component_id"
        " from record_token r join component c on c.token_no = r.first_token"
    )


def _mentions(con: duckdb.DuckDBPyConnection) -> Mentions:
    """Person identifiers per row and role; `mention` keeps which row a number stands for."""
    con.execute(
        "create table mention as select dense_rank() over (order by l.delivery_no, l.object, l.source_row, l.source_item) as row_no,"
        " l.delivery_no, l.object, l.source_row, l.person, t.token_no from link l join token t using (linkage_token)"
        " where l.person is not null and not t.is_thing"
    )
    found = con.execute(
        "select distinct row_no, role, token_no from mention"
        " join (values ('recipient', 0), ('donor', 1), ('both', 0), ('both', 1)) role(person, role) using (person)"
    ).fetchnumpy()
    return Mentions(_ints(found["row_no"]), _ints(found["role"]), _ints(found["token_no"]))


def _persons(con: duckdb.DuckDBPyConnection, found: Persons) -> None:
    """`person(token_no, subject_id, is_contested)` and `contradiction(rule_id, row_no, token_no)`."""
    named = np.flatnonzero(found.subject >= 0)
    con.register(
        "named", pa.table({"token_no": named, "smallest": found.subject[named], "is_contested": pa.array(found.is_contested[named])})
    )
    con.execute(
        "create table person as select n.token_no, 's' || t.release_token as subject_id, n.is_contested"
        " from named n join token t on t.token_no = n.smallest"
    )
    con.unregister("named")
    contradictions = pa.table(
        {
            "rule_id": pa.array((one.rule for one in found.conflicts), pa.string()),
            "row_no": pa.array((one.row for one in found.conflicts), pa.int64()),
            "token_no": pa.array((one.token for one in found.conflicts), pa.int64()),
        }
    )
    con.register("arrived", contradictions).execute("create table contradiction as select * from arrived").unregister("arrived")


def _ints(values: object) -> Ints:
    return np.asarray(values, dtype=np.int64)
