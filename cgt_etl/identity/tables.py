"""The identity tables: their columns, and the queries that give them from the work tables of `versions` and `build`.

Each query orders its rows totally, so that the same facts give the same bytes. Of the tables with a row for each record or identifier the
query gives numbers, whose order is that of the names, and the names are put in when they are sorted: to sort them costs twice as much.
"""

from __future__ import annotations

from dataclasses import dataclass

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from cgt_etl.identity.parquet import Spelling

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
            "superseded_by": pa.string(),
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
    "proposal": pa.schema(
        {
            "proposal_id": pa.string(),
            "subject_id": pa.string(),
            "other_subject_id": pa.string(),
            "match_weight": pa.float64(),
            "agreement": pa.string(),
            "token": pa.string(),
            "other_token": pa.string(),
            "source_delivery": pa.string(),
            "source_row": pa.int64(),
            "object": pa.string(),
            "other_source_delivery": pa.string(),
            "other_source_row": pa.int64(),
            "other_object": pa.string(),
        }
    ),
}
"""The identity tables: `<name>.parquet` has these columns and types. `proposal` is for stewards: nothing is built on it. Its `match_weight`
is log2 of the odds that the two are one person, its tokens (of the release key) are identifiers of theirs in the records that it names."""

QUERIES = {
    "record": """
        select
            p.place_no, v.source_row, v.source_item, v.record_key,
            case when s.source_row is not null and not v.is_retracted then r.component_no end,
            s.source_row is not null and not v.is_retracted
        from version v
        join place p using (delivery_no, object)
        left join standing s on s.delivery_no = v.delivery_no and s.source_row = v.source_row
        left join record_part b on b.delivery_no = v.delivery_no
        left join record_component r on r.record_no = case when s.source_row is not null then b.record_base + v.source_row end
        order by p.place_no, v.source_row, v.source_item
    """,
    "identifier": "select partner_token, token_no from named order by partner_token, token_no",
    "subject": """
        select p.subject_no, min(c.component_no), bool_or(p.is_contested)
        from person_no p join component_no c using (token_no)
        group by p.subject_no
        order by p.subject_no
    """,
    "conflict": """
        select distinct k.rule_id, c.component_id, p.subject_id, d.source_delivery, (k.row_no - m.base) // m.width, m.object
        from contradiction k
        join part m on k.row_no >= m.base and k.row_no < m.base + m.size
        join delivery d using (delivery_no)
        join component c using (token_no)
        join person p using (token_no)
        order by all
    """,
    "proposal": "select * from proposal order by match_weight desc, subject_id, other_subject_id",
}
"""Columns by position, in the order of the schema, or as `Names` takes them."""


@dataclass(frozen=True)
class Names:
    """What the numbers of the queries stand for. Of each token, by its number: its release token, and what is known of it."""

    released: pa.Array
    known: pa.Table
    """`kind`, `issuer`, `component_no`; `subject_no`, `superseded_no` and `is_contested`, null of what names no person."""
    places: pa.Table
    """`source_delivery` and `object` of each `place_no`."""

    @classmethod
    def of(cls, con: duckdb.DuckDBPyConnection) -> Names:
        """From the work tables `token`, `component_no`, `person_no`, `version` and `delivery`; makes the table `place`."""
        con.execute(
            "create table place as select (row_number() over (order by object, source_delivery) - 1)::int as place_no, delivery_no, object,"
            " source_delivery from (select distinct delivery_no, object from version) join delivery using (delivery_no)"
        )
        known = con.execute(
            "select t.release_token, t.kind, t.issuer, c.component_no, p.subject_no, p.superseded_no, p.is_contested"
            " from token t join component_no c using (token_no) left join person_no p using (token_no) order by t.token_no"
        ).to_arrow_table()
        places = con.execute("select source_delivery, object from place order by place_no").to_arrow_table()
        return cls(known["release_token"].combine_chunks(), known.drop_columns("release_token").combine_chunks(), places.combine_chunks())

    def spelling(self, table: str) -> Spelling | None:
        """Makes the columns of `table` from a batch of its query; None where they are the query's own."""
        return {"record": self._record, "identifier": self._identifier, "subject": self._subject}.get(table)

    def _called(self, first: str, token: pa.Array) -> pa.Array:
        names = self.released.take(token)
        return pc.binary_join_element_wise(first, names, "") if first else names

    def _record(self, found: pa.RecordBatch) -> list[pa.Array]:
        place, *position, key, component, is_current = found.columns
        delivery, of = (column.combine_chunks() for column in self.places.take(place).columns)
        alone = pc.binary_join_element_wise("delivery:", delivery, "")
        return [delivery, of, *position, key, pc.coalesce(self._called("c", component), alone), is_current]

    def _identifier(self, found: pa.RecordBatch) -> list[pa.Array]:
        partner, token = found.columns
        columns = (column.combine_chunks() for column in self.known.take(token).columns)
        kind, issuer, component, subject, superseded, is_contested = columns
        released = self.released.take(token)
        named = [self._called("s", subject), pc.if_else(pc.is_null(subject), released, None), self._called("", superseded)]
        return [partner, kind, issuer, released, *named, self._called("c", component), pc.coalesce(is_contested, pa.scalar(False))]

    def _subject(self, found: pa.RecordBatch) -> list[pa.Array]:
        subject, component, is_contested = found.columns
        return [self._called("s", subject), self._called("c", component), is_contested]
