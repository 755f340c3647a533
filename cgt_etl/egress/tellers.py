"""Which partners told each released row: those whose records it was made from, by the release's own lineage.

A row that names its delivery was told by whoever delivered it; another by all that `row_source` names, however far behind. A row of which
that is not known was told by nobody who could be asked. Decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import polars as pl

from cgt_etl.egress.scope import Read

UNKNOWN = ""
"""Stands for a teller where something that a row was made of cannot be traced."""
_DELIVERY, _ROW_SOURCE = "source_delivery", "row_source"
_NAMES = {"timeline": ("source_table", "source_key"), "finding": ("table_name", "row_key")}
"""Tables whose rows name the one row that they are about."""
_SUMS = {
    "shipment": ("logger_reading", ("shipment_id",)),
    "wearable_daily": ("wearable_minute", ("subject_id", "device_id")),
}
"""Tables whose rows name one record and sum up others: (table of those, columns that say of what they are)."""
_SCHEMA = {"node": pl.String, "teller": pl.String}


class Tellers:
    """Of every row of a release."""

    def __init__(self, read: Read, has: Callable[[str], bool], keys: Mapping[str, tuple[str, ...]]) -> None:
        """
        Args:
            read: a released table by its name.
            has: whether there is one.
            keys: table -> primary key.
        """
        self._read, self._has = read, has
        self._keys = {name: key for name, key in keys.items() if has(name)}
        direct = pl.concat([pl.DataFrame(schema=_SCHEMA), *self._direct()]).drop_nulls().unique()
        behind = pl.concat([pl.DataFrame(schema={"node": pl.String, "parent": pl.String}), *self._behind(direct["node"])]).unique()
        known = pl.concat([direct["node"], behind["node"]]).unique()
        lost = behind.filter(~pl.col("parent").is_in(known.implode())).select("node", pl.lit(UNKNOWN).alias("teller"))
        told = pl.concat([direct, lost]).unique()
        while True:
            further = behind.join(told, left_on="parent", right_on="node").select("node", "teller")
            more = pl.concat([told, further]).unique()
            if more.height == told.height:
                break
            told = more
        self._told = told.group_by("node").agg(pl.col("teller").sort())

    def of(self, name: str, frame: pl.DataFrame) -> pl.Series:
        """The tellers of each row of `frame`, which is of the released table `name`: lists in order, empty where nobody is known."""
        nodes = frame.select(self._node(name).alias("node"))
        told = nodes.join(self._told, on="node", how="left", maintain_order="left")["teller"]
        return told.fill_null(pl.Series([[]], dtype=pl.List(pl.String)))

    def _node(self, name: str) -> pl.Expr:
        key = pl.concat_str([pl.col(column).cast(pl.String) for column in self._keys[name]], separator="|")
        return _node(pl.lit(name), key)

    def _direct(self) -> Iterator[pl.DataFrame]:
        teller = pl.col(_DELIVERY).str.split("/").list.first().alias("teller")
        if self._has(_ROW_SOURCE):
            yield self._read(_ROW_SOURCE).select(_node(pl.col("table_name"), pl.col("row_key")).alias("node"), teller)
        for name in self._keys:
            frame = self._read(name)
            if _DELIVERY in frame.columns and name != _ROW_SOURCE:
                yield frame.select(self._node(name).alias("node"), teller)
        for name, (table, columns) in _SUMS.items():
            if self._has(name) and self._has(table):
                parts = self._read(table).select(*columns, teller).unique()
                yield self._read(name).join(parts, on=columns).select(self._node(name).alias("node"), "teller")

    def _behind(self, direct: pl.Series) -> Iterator[pl.DataFrame]:
        if self._has(_ROW_SOURCE):
            lineage = self._read(_ROW_SOURCE).drop_nulls("parent_table")
            node, parent = (_node(pl.col(table), pl.col(key)) for table, key in (("table_name", "row_key"), ("parent_table", "parent_key")))
            yield lineage.select(node.alias("node"), parent.alias("parent"))
            direct = pl.concat([direct, lineage.select(node.alias("node"))["node"]]).unique()
        for name, (table, key) in _NAMES.items():
            if self._has(name):
                about = self._read(name).select(self._node(name).alias("node"), _node(pl.col(table), pl.col(key)).alias("parent"))
                yield about.filter(pl.col("parent").is_in(direct.implode()))


def _node(table: pl.Expr, key: pl.Expr) -> pl.Expr:
    return pl.concat_str(table, pl.lit("\x1f"), key)
