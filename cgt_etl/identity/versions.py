"""Which version of each record stands: delivery modes, precedence and retractions, as DuckDB tables.

Precedence is (sequence, sha256, source_row, source_item), the highest stands; when a delivery reached us plays no part. Holds
no links and no persons.

    upsert, append   the highest version of each key of a partner's feed; none where that version is a retraction
    snapshot         the same, within the partner's highest delivery of the feed alone
    child rows       stand with the record they were delivered in

Versions are read from their files as often as they are asked for: of each there is a position in tables, and no text.

An append feed only adds, so a key that comes again is the same fact sent again; where its content differs the later one stands,
as within one delivery (rule D08).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cgt_etl.contracts.load import Feed
from cgt_etl.landing.delivery import Delivery, Manifest, ObjectFile, sequence_key


@dataclass(frozen=True)
class Accepted:
    """The accepted rows of one object of one delivery."""

    path: str
    rows: int


def load(con: duckdb.DuckDBPyConnection, admitted: Iterable[tuple[Delivery, Manifest, Feed]]) -> list[Accepted]:
    """Fill the tables `delivery`, `place`, `standing` and `record_part`; gives the files of accepted rows in the order of their places.

    `delivery(delivery_no, source_delivery, stream_no, prefix, rank, is_snapshot, is_latest)`: one partner's feed is a stream,
    `rank` the place of the delivery in it. `place(place_no, path, delivery_no, object, source_delivery)`: every file of accepted rows,
    `object` being `<dialect>__<feed>__<object>`, in the order of objects and deliveries. `standing(delivery_no, source_row)`: the
    records that stand. `record_part(delivery_no, record_base, size)`: a record's number is `record_base` of its delivery plus its
    position, which is below `size` where the record stands.
    """
    streams: dict[tuple[str, str, str], list[tuple[Delivery, Manifest, Feed]]] = defaultdict(list)
    for one in sorted(admitted, key=lambda one: (one[0].id, one[0].door16)):
        streams[one[0].partner, one[2].dialect, one[2].name].append(one)
    rows: list[tuple[int, str, int, str, int, bool, bool]] = []
    places: list[tuple[str, str, int, str, int]] = []
    records: dict[str, list[str]] = defaultdict(list)
    for stream_no, name in enumerate(sorted(streams)):
        stream = sorted(streams[name], key=lambda one: (sequence_key(one[0].sequence), one[0].sha256))
        for rank, (delivery, manifest, feed) in enumerate(stream):
            prefix = f"{feed.dialect}__{feed.name}"
            is_snapshot = feed.extension.mode == "snapshot"
            for object_name, file in sorted(manifest.objects.items()):
                if file.rows:
                    path = str(delivery.folder / file.file)
                    places.append((f"{prefix}__{object_name}", delivery.id, len(rows), path, file.rows))
                    if object_name == feed.objects[0].name:
                        records[places[-1][0]].append(path)
            rows.append((len(rows), delivery.id, stream_no, prefix, rank, is_snapshot, rank == len(stream) - 1))
    places.sort()
    arrived = pa.Table.from_pylist([dict(zip(_DELIVERY.names, row, strict=True)) for row in rows], schema=_DELIVERY)
    con.register("arrived", arrived).execute("create table delivery as select * from arrived").unregister("arrived")
    placed = [(number, path, delivery, object_name, id_) for number, (object_name, id_, delivery, path, _) in enumerate(places)]
    arrived = pa.Table.from_pylist([dict(zip(_PLACE.names, row, strict=True)) for row in placed], schema=_PLACE)
    con.register("arrived", arrived).execute("create table place as select * from arrived").unregister("arrived")
    con.execute("create table standing (delivery_no int, source_row bigint)")
    for _, paths in sorted(records.items()):
        con.execute(_STANDING, {"paths": paths})
    con.execute(_RECORD_PART)
    return [Accepted(path, many) for _, _, _, path, many in places]


def standing(con: duckdb.DuckDBPyConnection) -> NDArray[np.bool_]:
    """Whether the record of each number stands."""
    (size,) = con.execute("select coalesce(max(record_base + size), 0) from record_part").fetchone() or (0,)
    stands = np.zeros(size, dtype=np.bool_)
    numbers = con.execute("select r.record_base + s.source_row as record_no from standing s join record_part r using (delivery_no)")
    stands[numbers.fetchnumpy()["record_no"]] = True
    return stands


def demographic_files(admitted: Iterable[tuple[Delivery, Manifest, Feed]]) -> dict[str, str]:
    """Path of each `demographics.parquet` -> id of its delivery."""
    return {str(one.folder / said.demographics.file): one.id for one, said, _ in admitted if said.demographics}


def link_files(admitted: Iterable[tuple[Delivery, Manifest, Feed]]) -> dict[str, str]:
    """Path of each non-empty `links.parquet` -> id of its delivery."""
    links: list[tuple[Delivery, ObjectFile]] = [(one, said.links) for one, said, _ in admitted if said.links and said.links.rows]
    return {str(delivery.folder / file.file): delivery.id for delivery, file in links}


_DELIVERY = pa.schema(
    {
        "delivery_no": pa.int32(),
        "source_delivery": pa.string(),
        "stream_no": pa.int32(),
        "prefix": pa.string(),
        "rank": pa.int32(),
        "is_snapshot": pa.bool_(),
        "is_latest": pa.bool_(),
    }
)

_PLACE = pa.schema(
    {"place_no": pa.int32(), "path": pa.string(), "delivery_no": pa.int32(), "object": pa.string(), "source_delivery": pa.string()}
)

_STANDING = """
insert into standing
select delivery_no, source_row
from (
    select
        d.delivery_no, v.source_row, v.is_retracted,
        row_number() over (
            partition by d.stream_no, v.record_key
            order by d.rank desc, v.source_row desc, v.source_item desc
        ) as place
    from read_parquet($paths, union_by_name = true) v join delivery d using (source_delivery)
    where d.is_latest or not d.is_snapshot
)
where place = 1 and not is_retracted
"""

_RECORD_PART = """
create table record_part as
select delivery_no, (sum(size) over (order by delivery_no) - size)::bigint as record_base, size
from (select delivery_no, max(source_row) + 1 as size from standing group by delivery_no)
"""
