"""The plain forms of texts, cast a whole column at a time: printable ASCII, usual numbers, times with all their parts.

Gives exactly what `casts` gives for the texts that it takes, and takes none that it is not sure of: those are left to `casts`, which alone
decides what a text means. No I/O, and no text is ever set aside here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

import polars as pl

from cgt_etl.contracts.load import ColumnSpec
from cgt_etl.door import text_bytes, times
from cgt_etl.door.casts import MISSING, TEXT, Context, layout

TAKEN = "@taken"
"""Whether a row was read here."""
_PLAIN = r"^[!-~](?:[ -~]*[!-~])?$"
"""Python and polars agree on what is a blank at its ends: it has none."""
_DECIMAL = r"^-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,9})?$"
_INTEGER = r"^-?(?:0|[1-9][0-9]{0,17})$"
_ISO = (
    r"^(?P<Y>(?:19|20)[0-9]{2})-(?P<m>[0-9]{2})-(?P<d>[0-9]{2})[T ](?P<H>[01][0-9]|2[0-3]):(?P<M>[0-5][0-9])"
    r"(?::(?P<S>[0-5][0-9])(?:\.(?P<f>[0-9]{1,9}))?)?(?P<z>Z|[+-](?:0[0-9]|1[0-3]):?[0-5][0-9])?$"
)
_OFFSET = re.compile(r"|Z|[+-](?:0[0-9]|1[0-3]):?[0-5][0-9]")
_PARTS = {
    "Y": "(?:19|20)[0-9]{2}",
    "m": "[0-9]{2}",
    "d": "[0-9]{2}",
    "H": "[01][0-9]|2[0-3]",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
    "z": "[+-](?:0[0-9]|1[0-3])[0-5][0-9]",
}
_HOUR = timedelta(hours=1)


def plain(column: ColumnSpec, context: Context) -> Callable[[pl.Series], pl.DataFrame] | None:
    """How a whole column of texts is read; None where each is for `casts`.

    The function gives the values of the column's layout, `<column>__status`, `@key` (of the columns of a business key alone), `@rule` and
    `TAKEN`; where that is false, the others are null. A text that was not delivered, or is empty, is taken as missing.
    """
    of = column.extension
    if of.part or of.split or of.year_from_sequence:
        return None
    match of.cast:
        case "text":
            read = _text
        case "integer":
            read = _integer
        case "decimal" | "measured":
            read = partial(_decimal, mark=context.decimal)
        case "instant" if context.zone_source == "site" and (pattern := _pattern(of.formats)):
            read = partial(_instant, pattern=pattern, zone=context.zone)
        case _:
            return None
    return partial(_column, column, read)


def _column(column: ColumnSpec, read: Callable[[pl.DataFrame], pl.DataFrame], texts: pl.Series) -> pl.DataFrame:
    """What `read` gives, under the column's names. `read` adds to `@text` its values (`0`, `1`, ...) and TAKEN, null where it is not."""
    name = column.name
    found = read(pl.DataFrame({"@text": texts}))
    missing = [*column.extension.missing]
    are_all = found[TAKEN].all(ignore_nulls=False) is True and not (missing and found["@text"].is_in(missing).any())
    if not are_all:
        is_taken = pl.col(TAKEN).fill_null(value=False) & ~pl.col("@text").is_in(missing)
        found = found.with_columns((pl.col("@text").fill_null("") == "").alias("@missing"), is_taken.alias(TAKEN))

    def taken(value: pl.Expr) -> pl.Expr:
        return value if are_all else pl.when(TAKEN).then(value)

    values = [
        taken(pl.col(str(place)) if str(place) in found.columns else pl.lit(None)).cast(dtype).alias(f"{name}{suffix}")
        for place, (suffix, dtype) in enumerate(layout(column))
    ]
    status = pl.lit(times.OK) if are_all else pl.when(TAKEN).then(pl.lit(times.OK)).when("@missing").then(pl.lit(MISSING))
    is_read = pl.col(TAKEN) if are_all else pl.col(TAKEN) | pl.col("@missing")
    found = found.select(*values, status.alias(f"{name}__status"), is_read.alias(TAKEN), pl.lit(None, dtype=TEXT).alias(f"{name}@rule"))
    key = _key(column, found) if column.key_position is not None else pl.Series([None], dtype=TEXT).new_from_index(0, found.height)
    return found.with_columns(key.alias(f"{name}@key"))


def _key(column: ColumnSpec, found: pl.DataFrame) -> pl.Series:
    """The first value as a business key has it: as Python writes it."""
    values = found[f"{column.name}{layout(column)[0][0]}"]
    if column.extension.cast in ("text", "integer"):
        return values.cast(TEXT)
    said = (repr(one) if isinstance(one, float) else one.isoformat() if one is not None else None for one in values)
    return pl.Series([*said], dtype=TEXT)


def _pattern(formats: list[str]) -> str | None:
    """What a text of the first format looks like where each part has all its digits; None where it has other parts."""
    if not formats:
        return _ISO
    parts = re.split(r"%(.)", formats[0])
    directives = parts[1::2]
    if not set("YmdHM") <= set(directives) <= set(_PARTS) or len(set(directives)) < len(directives):
        return None
    if any(form.startswith("epoch") for form in formats):  # an offset then says nothing of a clock
        return None
    return "^" + "".join(f"(?P<{part}>{_PARTS[part]})" if place % 2 else re.escape(part) for place, part in enumerate(parts)) + "$"


def _text(frame: pl.DataFrame) -> pl.DataFrame:
    is_plain = pl.lit(value=True) if text_bytes.are_plain(frame["@text"]) else pl.col("@text").str.contains(_PLAIN)
    return frame.with_columns(pl.col("@text").alias("0"), (is_plain & (pl.col("@text") != "")).alias(TAKEN))


def _integer(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(pl.col("@text").cast(pl.Int64, strict=False).alias("0"), pl.col("@text").str.contains(_INTEGER).alias(TAKEN))


def _decimal(frame: pl.DataFrame, mark: str) -> pl.DataFrame:
    text = pl.col("@text")
    value = text if mark == "." else text.str.replace(mark, ".", literal=True)
    is_usual = text.str.contains(_DECIMAL.replace(r"\.", re.escape(mark)))
    if text_bytes.are_decimals(frame["@text"], mark):
        is_usual = text != ""
    return frame.with_columns(value.cast(pl.Float64, strict=False).alias("0"), is_usual.alias(TAKEN))


def _instant(frame: pl.DataFrame, pattern: str, zone: ZoneInfo) -> pl.DataFrame:
    parts = _usual_parts(frame["@text"]) if pattern == _ISO else None
    if parts is None:
        parts = _parts(frame, pattern)
    offset, source = pl.col("offset"), pl.lit("offset")
    if parts["offset"].null_count():
        source = pl.when(offset.is_null()).then(pl.lit("site")).otherwise(source)
        offset = offset.fill_null(_offsets(parts, zone))
    at_utc = pl.col("at").cast(pl.Int64) - offset * 1_000_000 + pl.col("f")
    day = pl.col("at").dt.date()
    values = {"0": at_utc.cast(pl.Datetime("us")), "1": pl.col("local"), "2": day, "3": pl.col("precision"), "4": source}
    return frame.hstack(parts.select(**values).with_columns(pl.col("0").is_not_null().alias(TAKEN)))


def _usual_parts(texts: pl.Series) -> pl.DataFrame | None:
    """As `_parts`, of texts that are empty or of the usual ISO form to the second, all equally long; None where they are not."""
    read = text_bytes.usual_instants(texts)
    if read is None or not all(_OFFSET.fullmatch(tail) for tail in read.tails):
        return None
    tails = texts.str.slice(text_bytes.CLOCK) if len(read.tails) > 1 else None
    one = pl.lit(_seconds(read.tails[0]) if read.tails[0] else None, dtype=pl.Int64)
    return pl.DataFrame({"at": read.at, "local": texts.str.slice(0, text_bytes.CLOCK)}).with_columns(
        pl.lit(0, dtype=pl.Int64).alias("f"),
        (one if tails is None else _stated(tails.replace("", None))).alias("offset"),
        pl.lit("second").alias("precision"),
    )


def _parts(frame: pl.DataFrame, pattern: str) -> pl.DataFrame:
    """What texts say of their clock: `at` (null where that is no time), `local`, `f` (microseconds), `offset` (seconds east of
    UTC, null where none is said), `precision`."""
    parts = frame.select(pl.col("@text").str.extract_groups(pattern).alias("@")).unnest("@")
    nothing = [pl.lit(None, dtype=TEXT).alias(part) for part in "Sfz" if part not in parts.columns]
    parts = parts.with_columns(nothing).with_columns(
        pl.concat_str("Y", pl.lit("-"), "m", pl.lit("-"), "d", pl.lit("T"), "H", pl.lit(":"), "M").alias("minute"),
        pl.col("f").str.slice(0, 6).str.pad_end(6, "0").replace("000000", None).alias("f"),
    )
    at = pl.concat_str("minute", pl.lit(":"), pl.col("S").fill_null("00"))
    local = pl.concat_str("minute", pl.concat_str(pl.lit(":"), "S").fill_null(""), pl.concat_str(pl.lit("."), "f").fill_null(""))
    return parts.select(
        at.str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False).alias("at"),
        local.alias("local"),
        pl.col("f").cast(pl.Int64).fill_null(0),
        _stated(parts["z"]).alias("offset"),
        pl.when(pl.col("S").is_null()).then(pl.lit("minute")).otherwise(pl.lit("second")).alias("precision"),
    )


def _stated(offsets: pl.Series) -> pl.Series:
    """Seconds east of UTC of each text of an offset (`Z`, `+05:30`, `-0800`)."""
    different = offsets.drop_nulls().unique()
    if different.is_empty():
        return pl.Series([None], dtype=pl.Int64).new_from_index(0, len(offsets))
    said = pl.Series([_seconds(text) for text in different], dtype=pl.Int64)
    return offsets.replace_strict(different, said, default=None, return_dtype=pl.Int64)


def _seconds(offset: str) -> int:
    return 0 if offset == "Z" else (1 if offset[0] == "+" else -1) * (int(offset[1:3]) * 60 + int(offset[-2:])) * 60


def _offsets(parts: pl.DataFrame, zone: ZoneInfo) -> pl.Series:
    """Seconds east of UTC of each local time without an offset; null in an hour in which the zone's clock is changed."""
    hours = parts.select(pl.when(pl.col("offset").is_null()).then(pl.col("at").dt.truncate("1h"))).to_series()
    different = hours.drop_nulls().unique()
    said = pl.Series([_offset(hour, zone) for hour in different], dtype=pl.Int64)
    return hours.replace_strict(different, said, default=None, return_dtype=pl.Int64) if len(different) else hours.cast(pl.Int64)


def _offset(hour: datetime, zone: ZoneInfo) -> int | None:
    edges = (hour, hour + _HOUR - timedelta(microseconds=1))
    found = {edge.replace(tzinfo=zone, fold=fold).utcoffset() for edge in edges for fold in (0, 1)}
    [offset] = found if len(found) == 1 else [None]
    return None if offset is None or offset.microseconds else offset.days * 86_400 + offset.seconds
