"""The identity tables: their columns, and the queries that give them from the work tables of `versions` and `build`.

Each query orders its rows totally, so that the same facts give the same bytes.
"""

from __future__ import annotations

import pyarrow as pa

SCHEMAS: dict[str, pa.Schema] = {
    "record": pa.schema(
        {
            "source_delivery": pa.string(),
            "object": pa.string(),
            "source_row": pa.int64(),
            "source_item": pa.int64(),
            "record_key": pa.string(),
            "component_id": pa.string(),
            "is_current": pa.bool_(),
        }
    ),
    "identifier": pa.schema(
        {
            "partner_token": pa.string(),
            "kind": pa.string(),
            "issuer": pa.string(),
            "release_token": pa.string(),
            "subject_id": pa.string(),
            "object_id": pa.string(),
            "component_id": pa.string(),
            "is_contested": pa.bool_(),
        }
    ),
    "subject": pa.schema({"subject_id": pa.string(), "component_id": pa.string(), "is_contested": pa.bool_()}),
    "conflict": pa.schema(
        {
            "rule_id": pa.string(),
            "component_id": pa.string(),
            "subject_id": pa.string(),
            "source_delivery": pa.string(),
            "source_row": pa.int64(),
            "object": pa.string(),
        }
    ),
}
"""The identity tables: `<name>.parquet` has these columns and types."""

QUERIES = {
    "record": """
        select
            source_delivery, object, source_row, source_item, record_key,
            case when is_current then coalesce(component_id, 'delivery:' || source_delivery) else 'delivery:' || source_delivery end,
            is_current
        from (
            select
                d.source_delivery, v.object, v.source_row, v.source_item, v.record_key, r.component_id,
                s.source_row is not null and not v.is_retracted as is_current
            from version v
            join delivery d using (delivery_no)
            left join standing s on s.delivery_no = v.delivery_no and s.source_row = v.source_row
            left join record_component r on r.delivery_no = v.delivery_no and r.source_row = v.source_row
        )
        order by object, source_delivery, source_row, source_item
    """,
    "identifier": """
        select distinct
            l.partner_token, t.kind, t.issuer, t.release_token, p.subject_id,
            case when p.subject_id is null then t.release_token end, c.component_id, coalesce(p.is_contested, false)
        from (select distinct partner_token, linkage_token from link) l
        join token t using (linkage_token)
        join component c using (token_no)
        left join person p using (token_no)
        order by l.partner_token, t.release_token
    """,
    "subject": """
        select p.subject_id, min(c.component_id), bool_or(p.is_contested)
        from person p join component c using (token_no)
        group by p.subject_id
        order by p.subject_id
    """,
    "conflict": """
        select distinct k.rule_id, c.component_id, p.subject_id, d.source_delivery, m.source_row, m.object
        from contradiction k
        join mention m using (row_no, token_no)
        join delivery d using (delivery_no)
        join component c using (token_no)
        join person p using (token_no)
        order by all
    """,
}
"""Columns by position, in the order of the schema."""
