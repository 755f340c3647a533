"""What becomes of the values of shared rows: tokens, days, ages, bands. Decides nothing about who is shared; draws nothing at random."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import polars as pl

from cgt_etl.egress.policy import Band, Digits, Drop, Table
from cgt_etl.egress.scope import Scope

OLDEST = 89
"""Whole years; ages above are one class (45 CFR 164.514(b)(2)(i)(C))."""
OVER = OLDEST + 1
SUPPRESSED = "suppressed"
TOKEN_BYTES = 16


@dataclass(frozen=True)
class Share:
    """What every table of one share is made with.

    `key` makes its tokens; `zero` has the index day of each component (_component, day_zero); `minimum` is the smallest number of people
    that a code, band or place may have; `places` are those that enough people were seen at; `aged` are people seen above `OLDEST`.
    """

    key: bytes
    scope: Scope
    zero: pl.DataFrame
    minimum: int
    places: frozenset[str]
    aged: frozenset[str]


def shared_name(column: str, action: object) -> str:
    """Name of a column in the shared view: `x_date` and `x_at_utc` are `x_day` and `x_utc_day` there."""
    if action == "day":
        return column.removesuffix("_at_utc") + "_utc_day" if column.endswith("_at_utc") else column.removesuffix("_date") + "_day"
    return column


def with_person(rows: Mapping[str, pl.DataFrame], tables: Mapping[str, Table]) -> dict[str, pl.DataFrame]:
    """Each table with the column `_person`: whose row it is; its component where the policy or the row names nobody.

    The id of a thing there (a journey, a collection) stands for that thing's person.
    """
    owners = [
        rows[name].select(pl.col(table.id).alias("_thing"), pl.col(table.person).alias("_owner"))
        for name, table in tables.items()
        if name in rows and table.id and table.person and table.id != table.person
    ]
    owner = pl.concat([pl.DataFrame(schema={"_thing": pl.String, "_owner": pl.String}), *owners]).drop_nulls().unique("_thing")
    done = {}
    for name, frame in rows.items():
        person = tables[name].person
        named = pl.col(person) if person else pl.lit(None, dtype=pl.String)
        told = frame.with_columns(named.alias("_thing")).join(owner, on="_thing", how="left", maintain_order="left")
        component = pl.concat_str(pl.lit("component "), pl.col("_component").cast(pl.String))
        done[name] = told.with_columns(pl.coalesce("_owner", "_thing", component).alias("_person")).drop("_owner", "_thing")
    return done


def places(rows: Mapping[str, pl.DataFrame], tables: Mapping[str, Table], minimum: int) -> frozenset[str]:
    """Organisations and sites that at least `minimum` people of the shared rows were seen at."""
    seen = [
        frame.select(pl.col(column).alias("place"), "_person")
        for name, frame in rows.items()
        for column, action in tables[name].columns.items()
        if action == "site" and column in frame.columns
    ]
    if not seen:
        return frozenset()
    counted = pl.concat(seen).drop_nulls().group_by("place").agg(pl.col("_person").n_unique().alias("people"))
    return frozenset(counted.filter(pl.col("people") >= minimum)["place"])


def aged(rows: Mapping[str, pl.DataFrame], tables: Mapping[str, Table]) -> frozenset[str]:
    """People of whom any shared row states an age above `OLDEST`."""
    return frozenset(
        person
        for name, frame in rows.items()
        for column, action in tables[name].columns.items()
        if action == "age" and column in frame.columns
        for person in frame.filter(pl.col(column) > OLDEST)["_person"]
    )


def table(frame: pl.DataFrame, said: Table, share: Share) -> pl.DataFrame:
    """The shared columns of `frame` (with `_component` and `_person`), in the policy's order, sorted by all of them."""
    frame = frame.join(share.zero.select("_component", "day_zero"), on="_component", how="left", maintain_order="left")
    columns = {
        shared_name(column, action): _column(frame, column, action, share).alias(shared_name(column, action))
        for column, action in said.columns.items()
        if column in frame.columns and not isinstance(action, Drop)
    }
    shared = pl.DataFrame(list(columns.values()))
    return shared.sort(shared.columns, nulls_last=True) if shared.width else shared


def tokens(key: bytes, texts: Iterable[str]) -> dict[str, str]:
    """32 hex digits for each text: the first 16 bytes of its HMAC-SHA256 under `key`."""
    return {text: hmac.digest(key, text.encode(), "sha256")[:TOKEN_BYTES].hex() for text in texts}


def _column(frame: pl.DataFrame, column: str, action: object, share: Share) -> pl.Series:
    values = frame[column]
    if isinstance(action, Band):
        return _enough(banded(values, action.band), frame["_person"], share.minimum)
    if isinstance(action, Digits):
        return values.round_sig_figs(action.digits)
    return _PLAIN[str(action)](values, frame, share)


def _as_key(values: pl.Series, _: pl.DataFrame, share: Share) -> pl.Series:
    known = [key for key, is_shared in share.scope.is_shared(values.drop_nulls().unique()).items() if is_shared]
    return _translated(values, tokens(share.key, known))


def _as_site(values: pl.Series, _: pl.DataFrame, share: Share) -> pl.Series:
    return _translated(values, tokens(share.key, share.places & set(values.drop_nulls().unique())))


_PLAIN: dict[str, Callable[[pl.Series, pl.DataFrame, Share], pl.Series]] = {
    "keep": lambda values, _, __: values,
    "category": lambda values, frame, share: _enough(values, frame["_person"], share.minimum),
    "key": _as_key,
    "site": _as_site,
    "day": lambda values, frame, _: days(values, frame["day_zero"]),
    "age": lambda values, frame, share: capped(values, frame["_person"].is_in(sorted(share.aged))),
}


def days(values: pl.Series, zero: pl.Series) -> pl.Series:
    """Whole days from `zero` (dates) to the dates or instants `values`; null where either is."""
    return (values.cast(pl.Date).cast(pl.Int64) - zero.cast(pl.Date).cast(pl.Int64)).alias(values.name)


def capped(ages: pl.Series, is_aged: pl.Series) -> pl.Series:
    """Ages in whole years: `OVER` above `OLDEST`.

    Of a person who is seen above it, younger ages are null: the day on which they were 70 would tell how old they are.
    """
    frame = pl.DataFrame({"age": ages, "is_aged": is_aged})
    over = pl.col("age") > OLDEST
    return frame.select(pl.when(over).then(OVER).when(~pl.col("is_aged")).then("age").cast(ages.dtype).alias(ages.name)).to_series()


def banded(values: pl.Series, width: float) -> pl.Series:
    """The lower end of each value's band: the largest multiple of `width` that is not above it."""
    return ((values / width).floor() * width).alias(values.name)


def _enough(values: pl.Series, person: pl.Series, minimum: int) -> pl.Series:
    """`values` where at least `minimum` people have the value; others are `SUPPRESSED` (text) or null."""
    frame = pl.DataFrame({"value": values, "person": person})
    many = pl.col("person").n_unique().over("value") >= minimum
    other = pl.lit(SUPPRESSED) if values.dtype == pl.String else pl.lit(None, dtype=values.dtype)
    kept = pl.when(pl.col("value").is_null() | many).then("value").otherwise(other)
    return frame.select(kept.alias(values.name)).to_series()


def _translated(values: pl.Series, words: Mapping[str, str]) -> pl.Series:
    """Each value in the words given; null where there is none."""
    return values.cast(pl.String).replace_strict(words, default=None, return_dtype=pl.String)
