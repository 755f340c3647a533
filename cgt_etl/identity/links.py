"""The identifiers of the records that stand, as numbers: tables in DuckDB, and the arrays that `persons` works on.

Links are read from their files as often as something else is asked of them, which costs less than to hold the text of all: what is held is
each pair of tokens once, as the 16 bytes that they are, and a link by its numbers. So ten million links are a few hundred megabytes, and
what DuckDB holds beyond its limit it spills to disk.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from cgt_etl.identity.components import Ints
from cgt_etl.identity.merges import Stated
from cgt_etl.identity.persons import NO_FACTS, Facts, Mentions, Tokens

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
        "seal",
        "specimen",
    }
)
"""Kinds that name things whatever a contract says of them: they reach a person through the product graph, never by joining."""
SHARED_KINDS = ("logger", "material_lot", "epc")
"""Name things that many batches or shipments use, and in EPCIS whatever was on the move. They join none of them: one lot of vector would
rebuild a year of batches together."""
_RECIPIENT, _DONOR, _BOTH = 1, 2, 3
_BLOCK = 64
"""Bytes that SHA-256 takes at a time."""


def load(con: duckdb.DuckDBPyConnection, files: dict[str, str], release_key: bytes, spill: Path) -> Tokens:
    """Fill the work tables from `files` (path of each `links.parquet` -> id of its delivery); needs what `versions.load` fills.

    `called(called_no, kind, issuer, is_thing, is_shared)`. `released(token_no, release, called_no, joins_roles)`, numbered in the order of
    release tokens; `token(token_no, release, release_token, kind, issuer, joins_roles, is_thing, is_shared)` is a view of both, `release`
    the token as 16 bytes. `named(partner, token_no)`, a partner's token as 16 bytes. `part(part_no, delivery_no, object, base, width, size,
    filename, own_name)`: the rows of one table of one delivery, `base + source_row * width + source_item` being the number of a row.
    `link(part_no, source_row, source_item, token_no, person, is_shared)`, `person` 1 recipient, 2 donor, 3 both, null of things.
    `mention(row_no, delivery_no, object, source_row, source_item, token_no, person)`: links that name persons. `saying(row_no, delivery_no,
    token_no, col, says, other_no)`: what links of persons state of another.
    """
    columns = spill / "columns.parquet"  # links that were landed before records could state anything have not all of them
    con.execute(f"copy ({_NO_LINKS}) to '{columns}' (format parquet)")
    paths = [*files, str(columns)]
    listed = {"filename": pa.array(files, pa.string()), "source_delivery": pa.array(files.values(), pa.string())}
    con.register("link_file", pa.table(listed))
    con.execute(_PART, {"paths": paths})
    con.unregister("link_file")
    con.execute(_CALLED, {"paths": paths, "things": sorted(OBJECT_KINDS), "shared": list(SHARED_KINDS)})
    con.execute(_PAIR, {"paths": paths})
    _number(con, release_key)
    con.execute(_LINK, {"paths": paths})
    con.execute(_STATING, {"paths": paths})
    con.execute(_SAYING, {"paths": paths})
    con.execute(_LEAVE)
    return _tokens(con)


def _tokens(con: duckdb.DuckDBPyConnection) -> Tokens:
    called = con.execute("select kind, issuer from called order by called_no").to_arrow_table()
    found = con.execute("select token_no, called_no, joins_roles from released").fetchnumpy()
    at = np.asarray(found.pop("token_no"))
    of, joins_roles = np.empty(len(at), dtype=np.int32), np.empty(len(at), dtype=np.bool_)
    of[at], joins_roles[at] = found["called_no"], found["joins_roles"]
    kinds, kind = _places(called["kind"])
    return Tokens(kinds, kind[of], _places(called["issuer"])[1][of], joins_roles)


def mentions(con: duckdb.DuckDBPyConnection) -> Mentions:
    """Person identifiers per row and role."""
    found = con.execute("select row_no, token_no, person_no from mention").fetchnumpy()
    row, token, person = (np.asarray(found.pop(name)) for name in ("row_no", "token_no", "person_no"))
    donors = np.flatnonzero(person & _DONOR)
    recipients = np.flatnonzero(person & _RECIPIENT)
    small: Any = np.int8
    role: Ints = np.repeat(np.array([0, 1], dtype=small), [len(recipients), len(donors)])
    at = np.concatenate([recipients, donors])
    return Mentions(row[at], role, token[at])


def stated(con: duckdb.DuckDBPyConnection) -> list[Stated]:
    """What records state of two identifiers, in the order in which each feed states it."""
    said = con.execute(
        "select d.stream_no, s.token_no, s.other_no, s.says, s.row_no from saying s join delivery d using (delivery_no)"
        " order by d.stream_no, d.rank, s.row_no, s.col, s.other_no"
    ).fetchall()
    return [Stated(*one) for one in said]


def facts(con: duckdb.DuckDBPyConnection, files: dict[str, str]) -> Facts:
    """Dates of birth to the day, and sexes, of persons that rows mention; a token stands for each. `files` are `demographics.parquet`s."""
    if not files:
        return NO_FACTS
    kinds = {"birth_date": "day", "sex": "full"}
    con.register("fact_file", pa.table({"filename": pa.array(files), "source_delivery": pa.array(files.values())}))
    con.register("fact_kind", pa.table({"demographic": list(kinds), "form": list(kinds.values()), "kind": range(len(kinds))}))
    found = con.execute(
        "select p.base + f.source_row * p.width + f.source_item as row_no, role, k.kind, dense_rank() over (order by f.token) as value"
        " from read_parquet($paths, union_by_name = true, filename = true) f join fact_kind k using (demographic, form)"
        " join fact_file using (filename) join delivery d using (source_delivery)"
        " join part p on p.delivery_no = d.delivery_no and p.object = d.prefix || '__' || f.object"
        "  and f.source_item < p.width and f.source_row < p.size // p.width"
        " join (values ('recipient', 0), ('donor', 1), ('both', 0), ('both', 1)) role(person, role) using (person)"
        " semi join standing s on s.delivery_no = d.delivery_no and s.source_row = f.source_row",
        {"paths": list(files)},
    ).fetchnumpy()
    con.unregister("fact_file").unregister("fact_kind")
    return Facts(tuple(kinds), *(np.asarray(found[name], dtype=np.int64) for name in ("row_no", "role", "kind", "value")))


def records(con: duckdb.DuckDBPyConnection) -> tuple[Ints, Ints]:
    """What each record names, in it and in its child rows, but for what many share: its number, and a token; by record, then token.

    A record's number is `record_base` of its delivery (table `record_part`) plus its position.
    """
    found = con.execute(
        "select r.record_base + l.source_row as record_no, l.token_no"
        " from link l join part p using (part_no) join record_part r using (delivery_no) where not l.is_shared"
    ).fetchnumpy()
    record, token = np.asarray(found.pop("record_no"), dtype=np.int64), np.asarray(found.pop("token_no"))
    tokens = int(token.max(initial=0)) + 1
    return np.divmod(np.sort(record * tokens + token), tokens)  # one number each sorts much faster than two


def _number(con: duckdb.DuckDBPyConnection, release_key: bytes) -> None:
    """Release tokens are the first 16 bytes of HMAC-SHA256 (RFC 2104) of the linkage token's text, written out in two hashes."""
    key = release_key.ljust(_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in key) for pad in (0x36, 0x5C))
    con.execute(_NUMBERED, {"inner": inner, "outer": outer})


def text_of(token: str) -> str:
    """SQL of the 32 hex digits of a token that is held as 16 bytes."""
    return f"lower(hex({token}::blob))"


def _places(column: pa.ChunkedArray) -> tuple[list[str], Ints]:
    coded = column.combine_chunks().dictionary_encode()
    return coded.dictionary.to_pylist(), coded.indices.to_numpy(zero_copy_only=False)


_NO_LINKS = (
    "select 0::bigint as source_row, 0::bigint as source_item, '' as object, '' as kind, '' as issuer, '' as person, '' as \"column\","
    " '' as says, '' as \"of\", '' as partner_token, '' as linkage_token where false"
)

_STANDING = """
read_parquet($paths, union_by_name = true, filename = true) l
join part p on p.filename = l.filename and p.own_name = l.object
semi join standing s on s.delivery_no = p.delivery_no and s.source_row = l.source_row
"""

_PART = """
create table part as
select
    row_number() over (order by d.delivery_no, d.prefix || '__' || l.object)::int as part_no, d.delivery_no,
    d.prefix || '__' || l.object as object, l.width, l.size,
    (sum(l.size) over (order by d.delivery_no, d.prefix || '__' || l.object) - l.size)::bigint as base, l.filename, l.object as own_name
from (
    select filename, object, max(source_item) + 1 as width, (max(source_row) + 1) * (max(source_item) + 1) as size
    from read_parquet($paths, union_by_name = true, filename = true) group by filename, object
) l
join link_file f using (filename)
join delivery d using (source_delivery)
"""

_CALLED = """
create table called as
select
    (row_number() over (order by kind, issuer) - 1)::int as called_no, kind, issuer,
    list_contains($things, kind) as is_thing, list_contains($shared, kind) as is_shared
from (select distinct kind, coalesce(issuer, '') as issuer from read_parquet($paths, union_by_name = true))
"""

_PAIR = f"""
create table pair as
select
    unhex(l.linkage_token)::uuid as linkage, unhex(l.partner_token)::uuid as partner, min(c.called_no) as called_no,
    coalesce(bool_or(l.person = 'both'), false) as joins_roles
from {_STANDING}
join called c on c.kind = l.kind and c.issuer = coalesce(l.issuer, '')
group by 1, 2
"""  # noqa: S608  a text of our own

_NUMBERED = f"""
create table numbered as
select (row_number() over (order by release) - 1)::int as token_no, *
from (
    select
        linkage, unhex(sha256($outer::blob || unhex(sha256($inner::blob || {text_of("linkage")}::blob)))[:32])::uuid as release,
        min(called_no) as called_no, bool_or(joins_roles) as joins_roles
    from pair group by linkage
)
"""  # noqa: S608  a text of our own

_OF_LINK = "numbered t on t.linkage = unhex(l.linkage_token)::uuid join called c on c.called_no = t.called_no"

_LINK = f"""
create table link as
select
    p.part_no, l.source_row, l.source_item, t.token_no,
    case when not c.is_thing then case l.person when 'recipient' then 1 when 'donor' then 2 when 'both' then 3 end end::tinyint as person,
    c.is_shared
from {_STANDING}
join {_OF_LINK}
"""  # noqa: S608  a text of our own

_STATING = f"""
create table stating as
select p.part_no, l.source_row, l.source_item, t.token_no, l."column" as col, l.says, l."of" as other_col
from {_STANDING}
join {_OF_LINK}
where l.says is not null and not c.is_thing
"""  # noqa: S608  a text of our own

_SAYING = f"""
create table saying as
with beside as materialized (
    select
        p.base + l.source_row * p.width + l.source_item as row_no, p.delivery_no, a.token_no, a.col, a.says, l.linkage_token
    from {_STANDING}
    join stating a on a.part_no = p.part_no and a.source_row = l.source_row and a.source_item = l.source_item and a.other_col = l."column"
)
select l.row_no, l.delivery_no, l.token_no, l.col, l.says, t.token_no as other_no
from beside l join {_OF_LINK}
where not c.is_thing
"""  # noqa: S608  a text of our own

_LEAVE = f"""
create table named as select r.partner, t.token_no from pair r join numbered t using (linkage);

create table released as select token_no, release, called_no, joins_roles from numbered;

drop table pair;

drop table numbered;

drop table stating;

create view token as
select
    t.token_no, t.release, {text_of("t.release")} as release_token, c.kind, c.issuer, t.joins_roles, c.is_thing, c.is_shared
from released t join called c using (called_no);

create view mention as
select
    p.base + l.source_row * p.width + l.source_item as row_no, p.delivery_no, p.object, l.source_row, l.source_item, l.token_no,
    l.person as person_no, ['recipient', 'donor', 'both'][l.person] as person
from link l join part p using (part_no)
where l.person is not null;
"""  # noqa: S608  a text of our own
