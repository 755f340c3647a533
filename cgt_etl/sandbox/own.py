"""A partner's own rows, for its sandbox: what it delivered and nothing that anybody else had a part in.

    delivered   each accepted table of each feed, every column, and what the door said of cells and rows
    own         the canonical facts that these records state (codes and units of the network), before anything is linked

Both are functions of this partner's deliveries, the declarations and the vocabularies. Tokens are made anew under the sandbox's key, so
that those of two sandboxes cannot be joined, nor with a token of landing or of a release. Reads no resolved table and no link.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import polars as pl

from cgt_etl.contracts.load import Feed
from cgt_etl.contracts.registry import Registry
from cgt_etl.door.casts import layout
from cgt_etl.door.tokens import TOKEN_BYTES
from cgt_etl.errors import CgtError
from cgt_etl.landing.delivery import Delivery, delivery
from cgt_etl.release.plan import build_file
from cgt_etl.release.read import Release
from cgt_etl.release.tables import SETTINGS, quoted
from cgt_etl.settings import Settings

FACTS = "intermediate"
"""Schema of the build that holds the collected facts, `int_<entity>__collected`."""
RECORD_KEY = "record_key"
_PLACE = ("source_delivery", "source_object", "source_row", "source_item", "fact", "position", "column", "rule")
"""What rows are sorted by, where a table has it; then by all other columns."""
_MEANINGS = {
    "source_delivery": "your delivery: partner, feed and the first 16 hex digits of the sha256 of the file",
    "source_row": "position of the record in the delivered file",
    "source_item": "position inside the record",
    "sequence": "the delivery's place among the others of its feed, as you state it",
    RECORD_KEY: "stands for the business key of the record, under the key of this sandbox",
}


@dataclass(frozen=True)
class Table:
    """A table of a sandbox: rows in an order that the rows alone decide, and the meaning of the columns that need words."""

    schema: str
    name: str
    means: str
    frame: pl.DataFrame = field(repr=False)
    columns: Mapping[str, str] = field(default_factory=dict)


def tables(settings: Settings, registry: Registry, release: Release, partner: str, key: bytes) -> Iterator[Table]:
    """The own rows of a partner that a release rests on, table by table.

    Args:
        key: makes the tokens of this sandbox.

    Raises:
        CgtError: an admission that the release names is no longer landed, or the build of the release is gone.
    """
    used = release.inputs["deliveries"]
    own = [delivery(settings, id_, said["door16"]) for id_, said in sorted(used.items()) if id_.startswith(f"{partner}/")]
    landed = [one for one in own if one.status == "landed"]
    yield from _delivered(registry, landed, key)
    yield from _facts(settings, release, partner, key)


def retokened(frame: pl.DataFrame, columns: Iterable[str], key: bytes) -> pl.DataFrame:
    """The frame with each token in `columns` (text, or lists of texts) replaced by one under `key`: 32 hex digits each."""
    present = [name for name in dict.fromkeys(columns) if name in frame.columns]
    for name in present:
        is_list = frame.schema[name] == pl.List(pl.String)
        texts = (frame[name].explode() if is_list else frame[name]).drop_nulls().unique().to_list()
        new = {text: hmac.digest(key, text.encode(), "sha256")[:TOKEN_BYTES].hex() for text in texts}
        one = pl.element() if is_list else pl.col(name)
        swapped = one.replace_strict(new, return_dtype=pl.String)
        frame = frame.with_columns(pl.col(name).list.eval(swapped) if is_list else swapped)
    return frame


def _delivered(registry: Registry, landed: Iterable[Delivery], key: bytes) -> Iterator[Table]:
    feeds = {(feed.dialect, feed.name): feed for feed in registry.feeds}
    files: dict[tuple[str, str, str], list[Path]] = {}
    said: list[pl.DataFrame] = []
    for one in landed:
        manifest = one.manifest
        for name, file in manifest.objects.items():
            files.setdefault((one.dialect, one.feed, name), []).append(one.folder / file.file)
        if manifest.verdict_file:
            verdicts = pl.read_parquet(one.folder / manifest.verdict_file.file)
            said.append(verdicts.select(pl.lit(one.id).alias("source_delivery"), pl.all()))
    for (dialect, feed, name), paths in sorted(files.items()):
        frame = pl.concat([pl.read_parquet(path) for path in paths], how="diagonal_relaxed")
        of = feeds[dialect, feed]
        frame = retokened(frame, [RECORD_KEY, *_token_columns(of)], key)
        means = f"what you delivered in the feed {feed}, object {name}, as the door accepted it: every version of every record"
        yield Table("delivered", f"{feed}__{name}", means, _sorted(frame), _described(of) | _MEANINGS)
    if said:
        means = "what the door said of your rows and cells: where, by which rule, to which effect"
        yield Table("delivered", "verdict", means, _sorted(pl.concat(said, how="diagonal_relaxed")), _MEANINGS)


def _token_columns(feed: Feed) -> set[str]:
    """Of accepted rows; the same name is never a token in one object of a feed and a value in another."""
    tokens = [column for spec in feed.objects for column in spec.columns if column.extension.action == "token"]
    return {f"{column.name}{suffix}" for column in tokens for suffix, _ in layout(column)}


def _described(feed: Feed) -> dict[str, str]:
    """The contract's words for the columns of its feed; a column `x` gives accepted columns `x...`, of which each says what `x` is."""
    return {
        f"{column.name}{suffix}": column.description
        for spec in feed.objects
        for column in spec.columns
        for suffix in (*(suffix for suffix, _ in layout(column)), "__raw", "__status")
    }


def _facts(settings: Settings, release: Release, partner: str, key: bytes) -> Iterator[Table]:
    build = build_file(settings, release.id)
    if not build.is_file():
        raise CgtError(
            f"the build of release {release.id} is gone, and with it the canonical facts",
            remedy="Take the current release, or build this one again (`cgt-etl release build --as-of`)",
        )
    with duckdb.connect(build, read_only=True, config=SETTINGS) as connection:
        connection.execute("set temp_directory = ''")
        named = (
            "select table_name from duckdb_tables() where schema_name = ? and table_name like 'int!_%!_!_collected' escape '!' order by 1"
        )
        for (name,) in connection.execute(named, [FACTS]).fetchall():
            entity = name.removeprefix("int_").removesuffix("__collected")
            asked = f"select * from {FACTS}.{quoted(name)} where split_part(source_delivery, '/', 1) = ?"  # noqa: S608  quoted
            frame = connection.execute(asked, [partner]).pl()
            if frame.height:
                tokens = [RECORD_KEY, *(column for column in frame.columns if column.endswith("_token"))]
                means = f"what your records say of each {entity.replace('_', ' ')}, in the network's codes and units; nothing is linked"
                yield Table("own", entity, means, _sorted(retokened(frame, tokens, key)), _MEANINGS)


def _sorted(frame: pl.DataFrame) -> pl.DataFrame:
    first = [name for name in _PLACE if name in frame.columns]
    rest = [name for name, type_ in frame.schema.items() if name not in first and not type_.is_nested()]
    return frame.sort(*first, *rest, nulls_last=True)
