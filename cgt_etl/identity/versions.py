"""Which version of each record stands: delivery modes, precedence and retractions, as DuckDB tables.

Precedence is (sequence, sha256, source_row, source_item), the highest stands; when a delivery reached us plays no part. Holds
no links and no persons.

    upsert, append   the highest version of each key of a partner's feed; none where that version is a retraction
    snapshot         the same, within the partner's highest delivery of the feed alone
    child rows       stand with the record they were delivered in

An append feed only adds, so a key that comes again is the same fact sent again; where its content differs the later one stands,
as within one delivery (rule D08).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import duckdb
import pyarrow as pa

from cgt_etl.contracts.load import Feed
from cgt_etl.landing.delivery import Delivery, Manifest, ObjectFile, sequence_key


def load(con: duckdb.DuckDBPyConnection, admitted: Iterable[tuple[Delivery, Manifest, Feed]]) -> None:
    """Fill the tables `delivery`, `version` and `standing`.

    `delivery(delivery_no, source_delivery, stream_no, prefix, rank, is_snapshot, is_latest)`: one partner's feed is a stream,
    `rank` the place of the delivery in it. `version(delivery_no, object, source_row, source_item, record_key, is_retracted,
    is_record)`: every accepted row, `object` being `<dialect>__<feed>__<object>`. `standing(delivery_no, source_row)`: the
    records that stand.
    """
    streams: dict[tuple[str, str, str], list[tuple[Delivery, Manifest, Feed]]] = defaultdict(list)
    for one in sorted(admitted, key=lambda one: (one[0].id, one[0].door16)):
        streams[one[0].partner, one[2].dialect, one[2].name].append(one)
    rows: list[tuple[int, str, int, str, int, bool, bool]] = []
    files: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for stream_no, name in enumerate(sorted(streams)):
        stream = sorted(streams[name], key=lambda one: (sequence_key(one[0].sequence), one[0].sha256))
        for rank, (delivery, manifest, feed) in enumerate(stream):
            prefix = f"{feed.dialect}__{feed.name}"
            is_snapshot = feed.extension.mode == "snapshot"
            rows.append((len(rows), delivery.id, stream_no, prefix, rank, is_snapshot, rank == len(stream) - 1))
            for object_name, file in sorted(manifest.objects.items()):
                if file.rows:
                    files[f"{prefix}__{object_name}", object_name == feed.objects[0].name].append(str(delivery.folder / file.file))
    arrived = pa.Table.from_pylist([dict(zip(_DELIVERY.names, row, strict=True)) for row in rows], schema=_DELIVERY)
    con.register("arrived", arrived).execute("create table delivery as select * from arrived").unregister("arrived")
    con.execute(
        "create table version (delivery_no int, object varchar, source_row bigint, source_item bigint,"
        " record_key varchar, is_retracted boolean, is_record boolean)"
    )
    for (object_name, is_record), paths in sorted(files.items()):
        con.execute(
            "insert into version select d.delivery_no, $object, v.source_row, v.source_item, v.record_key, v.is_retracted, $is_record"
            " from read_parquet($paths, union_by_name = true) v join delivery d using (source_delivery)",
            {"object": object_name, "is_record": is_record, "paths": paths},
        )
    con.execute(_STANDING)


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

_STANDING = """
create table standing as
select delivery_no, source_row
from (
    select
        v.delivery_no, v.source_row, v.is_retracted,
        row_number() over (
            partition by d.stream_no, v.record_key
            order by d.rank desc, v.source_row desc, v.source_item desc
        ) as place
    from version v join delivery d using (delivery_no)
    where v.is_record and (d.is_latest or not d.is_snapshot)
)
where place = 1 and not is_retracted
"""
