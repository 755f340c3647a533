"""Accepted rows in their final shape: system columns, record keys, tokens in the place of identifiers, links.

Takes typed rows that were judged already; no text of a dropped or tokenised column is in what it gives.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl

from cgt_etl.contracts.accepted import accepted_tables
from cgt_etl.contracts.load import ColumnSpec, ObjectSpec
from cgt_etl.contracts.model import Where
from cgt_etl.contracts.registry import Binding
from cgt_etl.door import times
from cgt_etl.door.casts import part_reader
from cgt_etl.door.columns import DIGEST, ITEM, ROW
from cgt_etl.door.demographics import demographics
from cgt_etl.door.ledger import LINKS
from cgt_etl.door.tokens import Keys, token
from cgt_etl.errors import CgtError

_RECORD = "record"
_PARTS = "\x1f"
_MATERIAL = "@material"
PARTED = "parted"
"""In a link: what was stated of the two identifiers is so no more."""


@dataclass(frozen=True)
class Accepted:
    """The tables of one object."""

    tables: dict[str, pl.DataFrame]
    links: list[pl.DataFrame]
    demographics: list[pl.DataFrame]
    tokenised: int
    """Cells that became tokens."""
    records: pl.DataFrame
    """@row, record_key, is_retracted: what rows inside these records go by."""


def accept(
    binding: Binding,
    spec: ObjectSpec,
    left: pl.DataFrame,
    *,
    keys: Keys,
    parent: Accepted | None,
    source_delivery: str,
    sequence: str,
) -> Accepted:
    """`left` are the accepted rows of `spec`; `parent` is what became of the records that they lie in, None for records themselves."""
    partner = binding.partner.partner
    key = keys.partner(binding.partner.token_key)
    scope = f"{binding.feed.name}.{spec.name}"
    frame = _records(spec, left, parent).with_columns(
        pl.lit(source_delivery).alias("source_delivery"),
        pl.col(ROW).alias("source_row"),
        pl.col(ITEM).alias("source_item"),
        pl.lit(partner).alias("partner"),
        pl.lit(binding.site_id).alias("site"),
        pl.lit(sequence).alias("sequence"),
        _each(_MATERIAL, lambda text: token(key, _RECORD, scope, text)).alias("record_key"),
    )
    tables: dict[str, pl.DataFrame] = {}
    links: list[pl.DataFrame] = []
    said_of_persons: list[pl.DataFrame] = []
    tokenised = 0
    schemas = {name: schema.names for name, schema in accepted_tables(spec).items()}
    for column in spec.columns:
        of, name = column.extension, column.name
        if of.action == "drop":
            continue
        if of.demographic:
            said_of_persons.append(demographics(frame, column, spec.name, keys.linkage))
        if not of.is_accepted:
            tokenised += frame[name].len() - frame[name].null_count()
            continue
        # of a cell that holds two things, what is read: the other may be an identifier
        said = _each(f"{name}@text", part_reader(of.part, of.split)) if of.part else pl.col(f"{name}@text")
        frame = frame.with_columns(said.alias(f"{name}__raw")).with_columns(
            pl.when(pl.col(f"{name}__status") == times.SET_ASIDE).then(None).otherwise(pl.col(f"{name}__raw")).alias(f"{name}__raw")
        )
        if of.action == "token":
            tokenised += frame[name].len() - frame[name].null_count()
        own = _split(frame, column, key, scope) if of.split else frame
        if of.action == "token":
            issuer = binding.issuer_of(column)
            table = spec.name if not of.split else f"{spec.name}__{name}"
            links.append(_links(own, column, table, issuer, (key, keys.linkage)))
            own = own.with_columns(_each(name, _maker(key, of.identifier or "", issuer)).alias(name))
        if of.split:
            tables[f"{spec.name}__{name}"] = own.select(schemas[f"{spec.name}__{name}"])
        else:
            frame = own
    tables[spec.name] = frame.select(schemas[spec.name])
    return Accepted(tables, links, said_of_persons, tokenised, frame.select(ROW, "record_key", "is_retracted"))


def _records(spec: ObjectSpec, left: pl.DataFrame, parent: Accepted | None) -> pl.DataFrame:
    """Adds what makes the record key, and whether the row takes its record back."""
    own = pl.lit(value=False)
    if retraction := spec.extension.retraction:
        said = pl.col(f"{retraction.column}@text").str.strip_chars()
        own = (said.is_in(retraction.values) if retraction.values else said != "").fill_null(value=False)
    frame = left.with_columns(own.alias("is_retracted"), pl.lit(None, dtype=pl.String).alias("@parent_key"))
    if parent is not None:
        records = parent.records.select(ROW, pl.col("record_key").alias("@record"), pl.col("is_retracted").alias("@is_retracted"))
        frame = frame.join(records, on=ROW, how="left", maintain_order="left")
        if frame["@record"].null_count():
            raise CgtError(
                "a row came without the record that it lies in", remedy="This is a defect of a reader, not of the file: report it"
            )
        frame = frame.with_columns(pl.col("is_retracted") | pl.col("@is_retracted"), pl.col("@record").alias("@parent_key"))
    if spec.key:
        material = pl.concat_str([pl.col(f"{column.name}@key").fill_null("") for column in spec.key], separator=_PARTS)
    elif parent is None:
        material = pl.col(DIGEST)
    else:
        material = pl.concat_str([pl.col("@parent_key"), pl.col(ITEM).cast(pl.String)], separator=_PARTS)
    return frame.with_columns(material.alias(_MATERIAL))


def _split(frame: pl.DataFrame, column: ColumnSpec, key: bytes, scope: str) -> pl.DataFrame:
    """One row per identifier of a cell that holds several; `source_item` counts them within the record."""
    rows = frame.filter(pl.col(column.name).list.len() > 0).explode(column.name, empty_as_null=False)
    rows = rows.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).over(ROW).alias("source_item"))
    material = pl.concat_str([pl.col("record_key"), pl.col("source_item").cast(pl.String)], separator=_PARTS)
    return rows.with_columns(material.alias(_MATERIAL)).with_columns(
        _each(_MATERIAL, lambda text: token(key, _RECORD, f"{scope}.{column.name}", text)).alias("record_key")
    )


def _links(frame: pl.DataFrame, column: ColumnSpec, table: str, issuer: str, keys: tuple[bytes, bytes]) -> pl.DataFrame:
    """The identifiers of rows that stand, under both keys; `says` what the row states of this one and the one in its column `of`."""
    of, name = column.extension, column.name
    kind = of.identifier or ""
    standing = frame.filter(~pl.col("is_retracted") & pl.col(name).is_not_null())
    stated = of.states
    says = pl.lit(stated.says if stated else None, dtype=pl.String)
    if stated and stated.where:
        says = pl.when(_reads(stated.where)).then(says)
    if stated and stated.taken_back:
        says = pl.when(_reads(stated.taken_back)).then(pl.lit(PARTED)).otherwise(says)
    return standing.select(
        "source_row",
        "source_item",
        pl.lit(table).alias("object"),
        "record_key",
        pl.lit(name).alias("column"),
        pl.lit(kind).alias("kind"),
        pl.lit(issuer).alias("issuer"),
        pl.lit(of.person, dtype=pl.String).alias("person"),
        says.alias("says"),
        pl.lit(stated.column if stated else None, dtype=pl.String).alias("of"),
        _each(name, _maker(keys[0], kind, issuer)).alias("partner_token"),
        _each(name, _maker(keys[1], kind, issuer)).alias("linkage_token"),
    ).match_to_schema(LINKS)


def _reads(rows: Where) -> pl.Expr:
    return pl.col(f"{rows.column}@text").str.strip_chars().is_in(rows.values).fill_null(value=False)


def _maker(key: bytes, kind: str, issuer: str) -> Callable[[str], str]:
    return lambda canonical: token(key, kind, issuer, canonical)


def _each(name: str, make: Callable[[str], str | None]) -> pl.Expr:
    """`make` on each different text of a column, once; null stays null."""

    def made(texts: pl.Series) -> pl.Series:
        unique = texts.drop_nulls().unique(maintain_order=True)
        if unique.is_empty():
            return pl.Series(texts.name, [None] * texts.len(), dtype=pl.String)
        made_of = pl.Series([make(text) for text in unique], dtype=pl.String)
        return texts.replace_strict(unique, made_of, default=None, return_dtype=pl.String)

    expression: pl.Expr = pl.col(name).map_batches(made, return_dtype=pl.String)
    return expression
