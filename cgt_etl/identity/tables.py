"""The identity tables: their columns, and how they come of the work tables of `versions` and `links` and of what `build` found.

Rows are ordered totally, so that the same facts give the same bytes. They are sorted as numbers, whose order is that of the names, and the
names are put in as they are written: nowhere are all names of all rows. Holds no evidence and decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from cgt_etl.identity import parquet
from cgt_etl.identity.components import Ints
from cgt_etl.identity.links import text_of
from cgt_etl.identity.parquet import Spelling
from cgt_etl.identity.versions import Accepted

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

MOST_ROWS = 1_000_000
"""Rows of `record` that are sorted together, unless one file has more: what a row costs does not grow with how many there are."""

_RECORD = """
select
    p.place_no, v.source_row, v.source_item, v.record_key,
    case when v.source_row < r.size and not v.is_retracted then r.record_base + v.source_row end
from read_parquet($paths, union_by_name = true, filename = true) v
join place p on p.path = v.filename
left join record_part r using (delivery_no)
order by p.place_no, v.source_row, v.source_item
"""
_IDENTIFIER = f"""
select {text_of("partner")}, token_no from (from named order by partner, token_no)
"""  # noqa: S608  a text of our own
_CONFLICT = """
select distinct k.rule_id, k.component_no, k.subject_no, d.source_delivery, (k.row_no - m.base) // m.width, m.object
from contradiction k
join part m on k.row_no >= m.base and k.row_no < m.base + m.size
join delivery d using (delivery_no)
order by all
"""
_PROPOSAL = "select * from proposal order by match_weight desc, subject_id, other_subject_id"


@dataclass(frozen=True)
class Known:
    """What was found of each token, by its number, and of each record, by its number. -1: none."""

    component: Ints
    subject: Ints
    superseded: Ints
    is_contested: NDArray[np.bool_]
    component_of_record: Ints
    stands: NDArray[np.bool_]


def write(con: duckdb.DuckDBPyConnection, known: Known, accepted: Sequence[Accepted], out: Path) -> dict[str, int]:
    """Write every table to `<name>.parquet` in `out`, from `known` and the work tables; table -> rows."""
    names = _Names.of(con, known)
    rows: dict[str, tuple[Iterable[pa.RecordBatch], Spelling | None]] = {
        "record": (_records(con, accepted), names.record),
        "identifier": (_asked(con, _IDENTIFIER), names.identifier),
        "subject": (_subjects(known), names.subject),
        "conflict": (_asked(con, _CONFLICT), names.conflict),
        "proposal": (_asked(con, _PROPOSAL), None),
    }
    return {name: parquet.write(batches, SCHEMAS[name], out / f"{name}.parquet", spelled) for name, (batches, spelled) in rows.items()}


def _asked(con: duckdb.DuckDBPyConnection, query: str, paths: list[str] | None = None) -> Iterator[pa.RecordBatch]:
    yield from con.execute(query, {"paths": paths} if paths else {}).to_arrow_reader(parquet.ROW_GROUP)


def _records(con: duckdb.DuckDBPyConnection, accepted: Sequence[Accepted]) -> Iterator[pa.RecordBatch]:
    """In the order of places, so many files at a time that they have not more than `MOST_ROWS`, or one."""
    together: list[str] = []
    rows = 0
    for one in accepted:
        if together and rows + one.rows > MOST_ROWS:
            yield from _asked(con, _RECORD, together)
            together, rows = [], 0
        together.append(one.path)
        rows += one.rows
    if together:
        yield from _asked(con, _RECORD, together)


def _subjects(known: Known) -> Iterator[pa.RecordBatch]:
    """`subject_no`, `component_no`, `is_contested`: of each person once, by number. All identifiers of a person are in one component."""
    named = np.flatnonzero(known.subject >= 0)
    contested = np.zeros(len(known.subject), dtype=np.bool_)
    contested[known.subject[named[known.is_contested[named]]]] = True
    subject = np.flatnonzero(np.bincount(known.subject[named], minlength=1))
    columns = [pa.array(values) for values in (subject, known.component[subject], contested[subject])]
    yield pa.record_batch(columns, names=SCHEMAS["subject"].names)


@dataclass(frozen=True)
class _Names:
    """What the numbers stand for: puts in the names, once rows are in order."""

    released: pa.BinaryArray
    """Release token of each number, as its 16 bytes."""
    called_no: Ints
    called: pa.Table
    """`kind` and `issuer` of each `called_no`."""
    places: pa.Table
    """`source_delivery` and `object` of each `place_no`."""
    known: Known

    @classmethod
    def of(cls, con: duckdb.DuckDBPyConnection, known: Known) -> _Names:
        tokens = con.execute("select release::blob as release, called_no from released order by token_no").to_arrow_table()
        called = con.execute("select kind, issuer from called order by called_no").to_arrow_table()
        places = con.execute("select source_delivery, object from place order by place_no").to_arrow_table()
        called_no = tokens["called_no"].to_numpy()
        return cls(tokens["release"].combine_chunks(), called_no, called.combine_chunks(), places.combine_chunks(), known)

    def _called(self, first: str, token: Ints | pa.Array) -> pa.Array:
        """`first` and the release token in hex; null where there is none."""
        numbers = pa.array(token)
        numbers = pc.if_else(pc.greater_equal(numbers, 0), numbers, None)
        names = _hex(self.released.take(numbers))
        return pc.binary_join_element_wise(first, names, "") if first else names

    def record(self, found: pa.RecordBatch) -> list[pa.Array]:
        """From place, position, item, key and number."""
        place, *position, key, number = found.columns
        delivery, of = (column.combine_chunks() for column in self.places.take(place).columns)
        alone = pc.binary_join_element_wise("delivery:", delivery, "")
        at = number.fill_null(-1).to_numpy()
        stands = np.zeros(len(at), dtype=np.bool_)
        stands[at >= 0] = self.known.stands[at[at >= 0]]
        component = np.full(len(at), -1, dtype=np.int64)
        component[stands] = self.known.component_of_record[at[stands]]
        return [delivery, of, *position, key, pc.coalesce(self._called("c", component), alone), pa.array(stands)]

    def identifier(self, found: pa.RecordBatch) -> list[pa.Array]:
        """From the partner's token and a number."""
        partner, token = found.columns
        at = token.to_numpy()
        kind, issuer = (column.combine_chunks() for column in self.called.take(pa.array(self.called_no[at])).columns)
        released, subject = self._called("", token), self._called("s", self.known.subject[at])
        thing, superseded = pc.if_else(pc.is_null(subject), released, None), self._called("", self.known.superseded[at])
        component = self._called("c", self.known.component[at])
        return [partner, kind, issuer, released, subject, thing, superseded, component, pa.array(self.known.is_contested[at])]

    def subject(self, found: pa.RecordBatch) -> list[pa.Array]:
        """From two numbers, and whether it is contested."""
        subject, component, is_contested = found.columns
        return [self._called("s", subject), self._called("c", component), is_contested]

    def conflict(self, found: pa.RecordBatch) -> list[pa.Array]:
        """From a rule, two numbers and the record."""
        rule, component, subject, *record = found.columns
        return [rule, self._called("c", component), self._called("s", subject), *record]


def _hex(of: pa.BinaryArray) -> pa.StringArray:
    """Hexadecimal digits of bytes."""
    _, offsets, data = of.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32)[of.offset : of.offset + len(of) + 1]
    text = bytes(data or b"")[ends[0] : ends[-1]].hex().encode("ascii")
    empty = pa.py_buffer(np.packbits(of.is_valid().to_numpy(zero_copy_only=False), bitorder="little").tobytes())
    return pa.StringArray.from_buffers(len(of), pa.py_buffer(2 * (ends - ends[0])), pa.py_buffer(text), empty)
