"""Which rows are shared and in which component each is: persons with consent, the things that hang on them, and nobody else's.

A component is everything that is connected through the rows of the policy: one donor with every recipient of their cells, and all bags,
batches and infusions between. Each component has one index day, from which all of its days are counted. Changes no value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from cgt_etl.egress.policy import Policy, Table
from cgt_etl.identity.components import Ints, smallest_labels

Read = Callable[[str], pl.DataFrame]
"""A released table by its name."""
Marks = NDArray[np.bool_]
EDGES = "product_edge"


@dataclass(frozen=True)
class Scope:
    """What is shared. `things`: one row per person and thing of the release: key, component, is_shared, is_left_out."""

    policy: Policy
    things: pl.DataFrame

    def rows(self, name: str, frame: pl.DataFrame) -> pl.DataFrame:
        """The shared rows of the released table `name`, with the column `_component`."""
        table = self.policy.shared[name]
        for column, values in table.without.items():
            frame = frame.filter(~pl.col(column).is_in(list(values)).fill_null(value=False))
        # A row with an id is shared or not as the thing it is; one without needs everything that it hangs on to be shared.
        columns = [table.id] if table.id else list(table.hangs_on)
        frame = frame.with_row_index("_row")
        marks = self._marks(frame, columns)
        one = pl.col("component").n_unique() == 1
        kept = marks.group_by("_row").agg((pl.col("is_shared").all() & one).alias("_kept"), pl.col("component").min().alias("_component"))
        return frame.join(kept.filter("_kept").drop("_kept"), on="_row", maintain_order="left").drop("_row")

    def is_shared(self, keys: Iterable[str]) -> dict[str, bool]:
        """Of each key that is a person or thing of the release, whether it is shared."""
        asked = pl.DataFrame({"key": pl.Series(list(keys), dtype=pl.String)}).unique()
        found = asked.join(self.things, on="key")
        return dict(zip(found["key"], found["is_shared"], strict=True))

    def _marks(self, frame: pl.DataFrame, columns: list[str]) -> pl.DataFrame:
        """One row per row and stated owner: _row, component, is_shared (false where the owner is unknown)."""
        long = pl.concat([frame.select("_row", pl.col(column).cast(pl.String).alias("key")) for column in columns]).drop_nulls("key")
        return long.join(self.things, on="key", how="left").with_columns(pl.col("is_shared").fill_null(value=False))


def scope(policy: Policy, read: Read, has: Callable[[str], bool], covered: frozenset[str], left_out: frozenset[str]) -> Scope:
    """What may be shared of a release, where the subjects `covered` may be and those in `left_out` may not.

    A thing is shared where it hangs, however far, on someone covered and on nobody left out.
    """
    tables = {name: table for name, table in policy.shared.items() if has(name)}
    hangs = _hangs(tables, read)
    joined = _joined(tables, read)
    keys = pl.concat([hangs["thing"], hangs["owner"], joined["left"], joined["right"]]).unique().sort().alias("key")
    place = pl.DataFrame({"key": keys, "place": np.arange(len(keys), dtype=np.int64)})
    thing, owner = _places(hangs, place)
    left, right = _places(joined, place)
    component = smallest_labels(len(keys), np.concatenate([thing, left]), np.concatenate([owner, right]))
    is_out = _spread(_mask(keys, left_out), owner, thing)
    is_covered = _spread(_mask(keys, covered), owner, thing)
    things = pl.DataFrame({"key": keys, "component": component.astype(np.int64), "is_shared": is_covered & ~is_out, "is_left_out": is_out})
    for table in tables.values():
        if table.reached_by and has(table.reached_by.table):
            things = _reached(things, read(table.reached_by.table).select(thing=table.reached_by.thing, owner=table.reached_by.by))
    return Scope(policy, things)


def day_zero(policy: Policy, rows: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Index event of each component that has one, from shared rows with `_component`: component, index_event_code, day_zero."""
    found = pl.DataFrame(schema={"_component": pl.Int64, "index_event_code": pl.String, "day_zero": pl.Date})
    for index in policy.index:
        if index.table in rows:
            first = rows[index.table].drop_nulls(index.column).group_by("_component").agg(pl.col(index.column).min().alias("day_zero"))
            first = first.join(found, on="_component", how="anti")
            found = pl.concat([found, first.select("_component", pl.lit(index.code).alias("index_event_code"), "day_zero")])
    return found


def _hangs(tables: Mapping[str, Table], read: Read) -> pl.DataFrame:
    """Every (thing, owner) that the policy states: ids on what their rows hang on, and children on their parents."""
    pairs = [pl.DataFrame(schema={"thing": pl.String, "owner": pl.String})]
    for name, table in tables.items():
        if table.id:
            frame = read(name)
            pairs += [frame.select(thing=table.id, owner=column) for column in table.hangs_on]
    if EDGES in tables:
        heirs = [name for name, table in tables.items() if table.inherits]
        pairs.append(read(EDGES).filter(pl.col("child_table").is_in(heirs)).select(thing="child_key", owner="parent_key"))
    return pl.concat(pairs).drop_nulls().unique()


def _joined(tables: Mapping[str, Table], read: Read) -> pl.DataFrame:
    """Every (left, right) that is of one component beside `_hangs`: ends of an edge between rows with an id, and each id with itself."""
    named = {name: table.id for name, table in tables.items() if table.id}
    pairs = [pl.DataFrame(schema={"left": pl.String, "right": pl.String})]
    pairs += [read(name).select(left=key, right=key) for name, key in named.items()]  # a thing that hangs on nothing is one too
    if EDGES in tables:
        edge = read(EDGES).filter(pl.col("parent_table").is_in(list(named)) & pl.col("child_table").is_in(list(named)))
        pairs.append(edge.select(left="parent_key", right="child_key"))
    return pl.concat(pairs).drop_nulls().unique()


def _reached(things: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """`things`, where one that names nobody takes the component of the shared ones in `pairs` (thing, owner) that name it.

    Not where one of them is left out, nor where they are of several components: one shipment may carry the cells of two.
    """
    owners = things.select(pl.col("key").alias("owner"), *(pl.col(c).alias(f"{c}_of") for c in ("component", "is_shared", "is_left_out")))
    told = pairs.drop_nulls().unique().join(owners, on="owner").group_by("thing")
    theirs = pl.col("component_of").filter(pl.col("is_shared_of"))
    given = told.agg(theirs.min().alias("given"), theirs.n_unique().alias("count"), pl.col("is_left_out_of").any().alias("is_barred"))
    given = given.filter((pl.col("count") == 1) & ~pl.col("is_barred")).select(pl.col("thing").alias("key"), "given")
    takes = pl.col("given").is_not_null() & ~pl.col("is_shared") & ~pl.col("is_left_out")
    return (
        things.join(given, on="key", how="left", maintain_order="left")
        .with_columns(
            pl.when(takes).then("given").otherwise("component").alias("component"),
            (pl.col("is_shared") | takes).alias("is_shared"),
        )
        .drop("given")
    )


def _places(pairs: pl.DataFrame, place: pl.DataFrame) -> tuple[Ints, Ints]:
    """Both columns of `pairs` as rows of `place`."""
    first, second = pairs.columns
    placed = pairs.join(place, left_on=first, right_on="key").join(place, left_on=second, right_on="key", suffix="_second")
    return placed["place"].to_numpy(), placed["place_second"].to_numpy()


def _mask(keys: pl.Series, of: frozenset[str]) -> Marks:
    return keys.is_in(sorted(of)).to_numpy()


def _spread(mark: Marks, owner: Ints, thing: Ints) -> Marks:
    """`mark` and everything that hangs, however far, on something marked."""
    while True:
        further = mark.copy()
        np.logical_or.at(further, thing, mark[owner])
        if np.array_equal(further, mark):
            return mark
        mark = further
