"""Makes the shared view of a release: whole and scanned, or not at all.

Everything is written beside the place that was asked for, scanned there, and moved by one rename. The same release, policy, key and
arguments give the same bytes. Nothing here decides what may be shared: `policy.yaml` does.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from cgt_etl.egress import consents, describe, policy, scan, scope, values
from cgt_etl.egress.policy import Policy
from cgt_etl.errors import CgtError, GateClosed
from cgt_etl.landing.keys import named_keys
from cgt_etl.release import digest, marts, read
from cgt_etl.release.read import Release
from cgt_etl.release.tables import PART, ROW_GROUP_ROWS
from cgt_etl.settings import Settings

MINIMUM_CELL = 11
"""People: no cell of 1 to 10 is shown (cell size suppression policy of the US Centers for Medicare & Medicaid Services; the European
Medicines Agency's risk threshold of 0.09 for published clinical data is 1 in 11)."""
MANIFEST = "manifest.json"
SCHEMA_VERSION = "1.0.0"
_PEOPLE = ("subject", "consent")


@dataclass(frozen=True)
class Asked:
    """What a share is made for.

    `name` names it and, with the release, its key. `accepts` are restrictions of consents (DUO terms) that the recipient meets.
    `minimum` is the smallest number of people in a cell. `is_by_week` keeps days of the week. `words` must not be found in it.
    """

    name: str
    purpose: str
    accepts: tuple[str, ...] = ()
    minimum: int = MINIMUM_CELL
    is_by_week: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """A share as it was published. `left_out` counts are exact: for whoever made it, not for its recipient."""

    folder: Path
    people: int
    left_out: Mapping[str, int]
    unspoken: list[str]
    """`table` or `table.column` of what the release has and the policy does not name: not shared."""


def share_release(settings: Settings, release_id: str | None, asked: Asked, out: Path) -> Done:
    """Share a release of this home (the current one when None), under a key of the share's own; see `share`.

    Raises:
        CgtError: there is no such release, or it is not what was published.
        DeclarationError: there is no master key.
    """
    release = read.find(settings, release_id)
    if read.problems(release):
        raise CgtError(f"release {release.id} is not what was published", remedy="`cgt-etl release verify` says what is wrong")
    return share(release, named_keys(settings).share(asked.name, release.id), asked, out)


def scan_folder(settings: Settings, release_id: str | None, folder: Path, words: Iterable[str] = ()) -> list[scan.Hit]:
    """What the Safe Harbor scan finds in a folder of tables and pages, with the tokens and names of a release (the current one when None).

    Raises:
        CgtError: there is no such release.
    """
    return scan.scan(folder, _Tables(read.find(settings, release_id)).forbidden(words))


def share(release: Release, key: bytes, asked: Asked, out: Path, said: Policy | None = None) -> Done:
    """Write the shared view of `release` into the new folder `out`; tokens are made with `key`.

    Raises:
        CgtError: `out` exists, or the release is no whole one.
        DeclarationError: the policy knows no such purpose.
        GateClosed: nobody's consent covers the purpose (R55), too few people would be in it (R52), or the scan found something (R50, R51).
    """
    if out.exists():
        raise CgtError("the folder to share into exists", remedy="Name a new one")
    said = said or policy.load()
    tables = _Tables(release)
    if lacking := [name for name in _PEOPLE if not tables.has(name)] + tables.lacking(said):
        raise CgtError(f"release {release.id} has no {', '.join(lacking)}", remedy="Share a release of this version")
    people = consents.sort_out(tables("subject")["subject_id"], tables("consent"), said.purpose(asked.purpose), asked.accepts)
    _enough_people(people, asked)
    within = scope.scope(said, tables, tables.has, people.covered, people.withdrawn | people.uncovered)
    rows = {name: within.rows(name, tables(name)) for name in said.shared if tables.has(name)}
    rows = values.with_person(rows, said.shared)
    shared = _tables(said, rows, key, within, asked)
    left_out = {"subject_without_consent": len(people.uncovered), "subject_withdrawn": len(people.withdrawn)}
    left_out |= {f"{name}_row": tables(name).height - frame.height for name, frame in shared.items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".share-", dir=out.parent) as workplace:
        made = Path(workplace) / "share"
        for name, frame in shared.items():
            file = made / "tables" / name / PART
            file.parent.mkdir(parents=True)
            frame.write_parquet(file, compression="zstd", row_group_size=ROW_GROUP_ROWS)
        describe.write(made, said, shared, _meanings(), asked.minimum, is_by_week=asked.is_by_week)
        manifest = _manifest(release, asked, made, shared, left_out)
        (made / MANIFEST).write_text(digest.json_text(manifest), encoding="utf-8")
        _judge(made, tables, asked)
        made.rename(out)
    return Done(out, len(people.covered), left_out, policy.unspoken(said, tables.columns))


class _Tables:
    """The released tables, each read once."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._read: dict[str, pl.DataFrame] = {}

    def __call__(self, name: str) -> pl.DataFrame:
        if name not in self._read:
            self._read[name] = pl.read_parquet(self._release.parquet(name))
        return self._read[name]

    def has(self, name: str) -> bool:
        return name in self._release.tables

    @property
    def columns(self) -> dict[str, list[str]]:
        return {name: self(name).columns for name in sorted(self._release.tables)}

    def lacking(self, said: Policy) -> list[str]:
        """`table.column` of what the policy decides by and the release does not have."""
        present = {name: table for name, table in said.shared.items() if self.has(name)}
        return [f"{name}.{column}" for name, table in present.items() for column in sorted(table.needs - set(self(name).columns))]

    def forbidden(self, words: Iterable[str]) -> scan.Forbidden:
        """Every token of the release, and every name of an organisation or place in it."""
        tokens: set[str] = set()
        names = set(words)
        for name in self._release.tables:
            for column in self(name).select(pl.col(pl.String)).iter_columns():
                texts = column.drop_nulls().unique()
                tokens |= set(texts.str.extract_all("[0-9a-f]{32}").list.explode().drop_nulls())
                if name in ("party", "site") and column.name not in ("roles", "country_code"):
                    names |= set(texts)
        return scan.Forbidden(frozenset(tokens), frozenset(names))


def _enough_people(people: consents.Consents, asked: Asked) -> None:
    if not people.covered:
        raise GateClosed(
            "no consent in this release covers the purpose, so nothing was shared",
            rule="R55",
            remedy="The table `consent` holds what was delivered; docs/sharing.md says which consents cover what",
        )
    if len(people.covered) < asked.minimum:
        raise GateClosed(
            "fewer people than the minimum cell have consented, so nothing was shared",
            rule="R52",
            remedy="Share a release with more people",
        )


def _tables(said: Policy, rows: Mapping[str, pl.DataFrame], key: bytes, within: scope.Scope, asked: Asked) -> dict[str, pl.DataFrame]:
    """The tables as shared; `subject` also says its component and what day 0 of it is."""
    zero = scope.day_zero(said, rows)
    if asked.is_by_week:
        zero = zero.with_columns(pl.col("day_zero").dt.truncate("1w"))
    places = values.places(rows, said.shared, asked.minimum)
    share_ = values.Share(key, within, zero, asked.minimum, places, values.aged(rows, said.shared))
    shared = {name: values.table(frame, said.shared[name], share_) for name, frame in rows.items()}
    shared["subject"] = shared["subject"].join(_components(rows["subject"], zero, key), on="subject_id", how="left", maintain_order="left")
    return shared


def _components(subject: pl.DataFrame, zero: pl.DataFrame, key: bytes) -> pl.DataFrame:
    """Token of each shared subject: subject_id, component_id, index_event_code. A component is named after its least subject."""
    least = subject.group_by("_component").agg(pl.col("subject_id").min().alias("least"))
    told = subject.select("subject_id", "_component").join(least, on="_component").join(zero, on="_component", how="left")
    names = values.tokens(key, told["subject_id"])
    components = values.tokens(key, (f"component {least}" for least in told["least"].unique()))
    return told.select(
        pl.col("subject_id").replace_strict(names, return_dtype=pl.String),
        pl.concat_str(pl.lit("component "), "least").replace_strict(components, return_dtype=pl.String).alias("component_id"),
        "index_event_code",
    )


def _meanings() -> dict[tuple[str, str], tuple[str, str]]:
    return {(mart.name, column.name): (column.meaning, column.unit) for mart in marts.load() for column in mart.columns}


def _manifest(
    release: Release, asked: Asked, made: Path, shared: Mapping[str, pl.DataFrame], left_out: Mapping[str, int]
) -> dict[str, Any]:
    files = sorted(path for path in made.rglob("*") if path.is_file())
    return {
        "share": asked.name,
        "purpose": asked.purpose,
        "schema_version": SCHEMA_VERSION,
        "source_release": release.id,
        "policy_sha256": policy.digest(),
        "minimum_cell": asked.minimum,
        "keeps_day_of_week": asked.is_by_week,
        "tables": {name: {"rows": frame.height, "columns": frame.columns} for name, frame in shared.items()},
        "left_out": {name: f"fewer than {asked.minimum}" if 0 < count < asked.minimum else count for name, count in left_out.items()},
        "files": {path.relative_to(made).as_posix(): {"sha256": digest.of_file(path), "bytes": path.stat().st_size} for path in files},
    }


def _judge(made: Path, tables: _Tables, asked: Asked) -> None:
    hits = scan.scan(made, tables.forbidden(asked.words))
    if hits:
        ages = all(hit.rule == "age above 89" for hit in hits)
        raise GateClosed(
            f"the Safe Harbor scan found what must not be shared, so nothing was: {'; '.join(str(hit) for hit in hits)}",
            rule="R51" if ages else "R50",
            remedy="Mend the sharing policy (cgt_etl/egress/policy.yaml) or the model of the column",
        )
