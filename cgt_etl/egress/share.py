"""Makes the shared view of a release for one recipient: whole and scanned, or not at all.

Everything is written beside the place that was asked for, scanned there, and moved by one rename. The same release, policy, agreements, key
and arguments give the same bytes. Nothing here decides what may be shared: `policy.yaml` does, and agreements do (`granted`).
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from cgt_etl.egress import consents, describe, policy, scan, scope, values
from cgt_etl.egress.granted import EVERYBODY, Behind, Granted, LeftOut, Wanted, grant
from cgt_etl.egress.policy import Policy
from cgt_etl.egress.rights import duo
from cgt_etl.egress.rights.decisions import Rights, Use
from cgt_etl.egress.rights.home import last_day, log_of, rights_of
from cgt_etl.egress.rights.log import hashes, record
from cgt_etl.egress.tellers import Tellers
from cgt_etl.errors import CgtError, GateClosed
from cgt_etl.landing.keys import named_keys
from cgt_etl.landing.lease import lease
from cgt_etl.release import digest, marts, read
from cgt_etl.release.read import Release
from cgt_etl.release.tables import PART, ROW_GROUP_ROWS
from cgt_etl.settings import Settings

MINIMUM_CELL = 11
"""People: no cell of 1 to 10 is shown (cell size suppression policy of the US Centers for Medicare & Medicaid Services; the European
Medicines Agency's risk threshold of 0.09 for published clinical data is 1 in 11)."""
MANIFEST = "manifest.json"
SCHEMA_VERSION = "2.0.0"
_PEOPLE = ("subject", "consent")
Keep = Callable[[dict[str, Any]], object]
"""Writes a record into the log of decisions."""
_Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Asked:
    """What a share is made for.

    `name` names it and, with the release, its key. `to` is a partner, or `granted.EVERYBODY`. `purpose` is the sharing policy's, by which
    people are chosen; `use` the DUO permission that agreements are asked for, the purpose's own where empty. `accepts` are conditions of
    consents and agreements (DUO terms) that the recipient meets. `minimum` is the smallest number of people in a cell. `is_by_week` keeps
    days of the week. `words` must not be found in it.
    """

    name: str
    purpose: str
    to: str
    use: str = ""
    accepts: tuple[str, ...] = ()
    minimum: int = MINIMUM_CELL
    is_by_week: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Done:
    """A share as it was published. `left_out` and `not_permitted` are exact: for whoever made it, not for its recipient."""

    folder: Path
    people: int
    left_out: Mapping[str, int]
    """People without a covering consent, and rows that hang on them."""
    not_permitted: tuple[LeftOut, ...]
    """What agreements do not let the recipient have."""
    unspoken: list[str]
    """`table` or `table.column` of what the release has and the policy does not name: not shared."""


def share_release(settings: Settings, release_id: str | None, asked: Asked, out: Path) -> Done:
    """Share a release of this home (the current one when None), under a key of the share's own; see `share`. The decisions go into the log
    of this home before anything is there to be handed out.

    Raises:
        CgtError: there is no such release, or it is not what was published.
        DeclarationError: there is no master key, or an agreement says what it may not say.
        TamperedChain: the log of decisions is not what was written.
        LeaseHeld: a night is writing.
    """
    release = read.find(settings, release_id)
    if read.problems(release):
        raise CgtError(f"release {release.id} is not what was published", remedy="`cgt-etl release verify` says what is wrong")
    rights, log = rights_of(settings), log_of(settings)
    with lease(settings, "cgt-etl release share"):
        log.read()
        return share(release, named_keys(settings).share(asked.name, release.id), asked, out, rights, keep=log.append)


def scan_folder(settings: Settings, release_id: str | None, folder: Path, words: Iterable[str] = ()) -> list[scan.Hit]:
    """What the Safe Harbor scan finds in a folder of tables and pages, with the tokens and names of a release (the current one when None).

    Raises:
        CgtError: there is no such release.
    """
    return scan.scan(folder, _Tables(read.find(settings, release_id)).forbidden(words), _stated(folder))


def share(release: Release, key: bytes, asked: Asked, out: Path, rights: Rights, *, keep: Keep = lambda _: None) -> Done:
    """Write the shared view of `release` into the new folder `out`; tokens are made with `key`.

    Args:
        keep: gets the decisions, what was let out and what was not, once the share is whole and before it is at its place.

    Raises:
        CgtError: `out` exists, the release is no whole one, or there is no such recipient, use or condition.
        DeclarationError: the policy knows no such purpose.
        GateClosed: nobody's consent covers the purpose, or no agreement lets the recipient have a row (R55); too few people would be in it
            (R52); or the scan found something (R50, R51).
    """
    if out.exists():
        raise CgtError("the folder to share into exists", remedy="Name a new one")
    said = policy.load()
    tables = _Tables(release)
    if lacking := [name for name in _PEOPLE if not tables.has(name)] + tables.lacking(said):
        raise CgtError(f"release {release.id} has no {', '.join(lacking)}", remedy="Share a release of this version")
    wanted = _wanted(rights, said, release, asked)
    accepted = duo.met(wanted.use.accepts, wanted.use.purpose) | {wanted.use.purpose}
    people = consents.sort_out(tables("subject")["subject_id"], tables("consent"), said.purpose(asked.purpose), accepted)
    _enough(people.covered, asked, "consent in this release covers the purpose", "docs/sharing.md says which consents cover what")
    within = scope.scope(said, tables, tables.has, people.covered, people.withdrawn | people.uncovered)
    consented = {name: within.rows(name, tables(name)) for name in said.shared if tables.has(name)}
    consented = values.with_person(consented, said.shared)
    granted = grant(rights, wanted, consented, said.shared, _behind(said, tables, within))
    in_it = people.covered & {person for frame in granted.rows.values() for person in frame["_person"].unique()}
    _enough(in_it, asked, "agreement lets the recipient have a row for this use", "`cgt-etl rights explain` says what is missing")
    # Of who is above 89 everything is looked at: that an agreement holds back the row that says so must not let younger ages out.
    shared = _tables(said, granted.rows, key, within, asked, aged=values.aged(consented, said.shared))
    left_out = {"subject_without_consent": len(people.uncovered), "subject_withdrawn": len(people.withdrawn)}
    left_out |= {f"{name}_row": tables(name).height - frame.height for name, frame in consented.items()}
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".share-", dir=out.parent) as workplace:
        made = Path(workplace) / "share"
        for name, frame in shared.items():
            file = made / "tables" / name / PART
            file.parent.mkdir(parents=True)
            frame.write_parquet(file, compression="zstd", row_group_size=ROW_GROUP_ROWS)
        describe.write(made, said, shared, _meanings(), asked.minimum, is_by_week=asked.is_by_week)
        manifest = _manifest(release, asked, wanted, granted, versions=hashes(rights.network), made=made, shared=shared)
        (made / MANIFEST).write_text(digest.json_text(manifest), encoding="utf-8")
        _judge(made, tables, asked)
        keep(record(rights, granted.decisions, release.id) | {"share": _kept(made, manifest, granted, in_it)})
        made.rename(out)
    return Done(out, len(in_it), left_out, granted.left_out, policy.unspoken(said, tables.columns))


def _wanted(rights: Rights, said: Policy, release: Release, asked: Asked) -> Wanted:
    """What rights are asked for, on the last day of which the release tells."""
    if asked.to != EVERYBODY and asked.to not in rights.network.roles:
        raise CgtError("no healthy partner has this name", remedy=f"Name one of `cgt-etl registry list`, or `{EVERYBODY}`")
    widest = said.purpose(asked.purpose).use
    use = duo.purpose(asked.use or widest)
    if not duo.is_covered(use, widest):
        raise CgtError(
            f"consents for {asked.purpose} do not cover that use", rule="R55", remedy=f"Ask for {duo.said(widest)}, or what it covers"
        )
    return Wanted(asked.to, Use(use, frozenset(duo.conditions(asked.accepts))), asked.purpose, last_day(release))


def _behind(said: Policy, tables: _Tables, within: scope.Scope) -> Behind:
    keys = {mart.name: mart.primary_key for mart in marts.load() if mart.name in said.shared}
    placed = tables("journey").join(within.things.select("key", "component"), left_on="journey_id", right_on="key", how="left")
    return Behind(Tellers(tables, tables.has, keys), placed)


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


def _enough(people: frozenset[str], asked: Asked, by: str, remedy: str) -> None:
    """Whether there are people, and as many as the smallest cell, of whom is so what `by` says."""
    if not people:
        raise GateClosed(f"no {by}, so nothing was shared", rule="R55", remedy=remedy)
    if len(people) < asked.minimum:
        raise GateClosed(f"of fewer people than the minimum cell a {by}, so nothing was shared", rule="R52", remedy=remedy)


def _tables(
    said: Policy, rows: Mapping[str, pl.DataFrame], key: bytes, within: scope.Scope, asked: Asked, *, aged: frozenset[str]
) -> dict[str, pl.DataFrame]:
    """The tables as shared; `subject` also says its component and what day 0 of it is."""
    zero = scope.day_zero(said, rows)
    if asked.is_by_week:
        zero = zero.with_columns(pl.col("day_zero").dt.truncate("1w"))
    places = values.places(rows, said.shared, asked.minimum)
    share_ = values.Share(key, within, zero, asked.minimum, places, aged)
    shared = {name: values.table(frame, said.shared[name], share_) for name, frame in rows.items()}
    named = rows["subject"].drop_nulls("subject_id")
    shared["subject"] = shared["subject"].join(_components(named, zero, key), on="subject_id", how="left", maintain_order="left")
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
    release: Release, asked: Asked, wanted: Wanted, granted: Granted, *, versions: Mapping[str, str], made: Path, shared: _Frames
) -> dict[str, Any]:
    """What goes along. It says nothing of what is not in the share: how much others have is not the recipient's."""
    files = sorted(path for path in made.rglob("*") if path.is_file())
    return {
        "share": asked.name,
        "recipient": wanted.to,
        "purpose": asked.purpose,
        "use": wanted.use.purpose,
        "accepts": sorted(wanted.use.accepts),
        "schema_version": SCHEMA_VERSION,
        "source_release": release.id,
        "policy_sha256": policy.digest(),
        "minimum_cell": asked.minimum,
        "keeps_day_of_week": asked.is_by_week,
        "tables": {
            name: {
                "rows": frame.height,
                "columns": frame.columns,
                "agreements": {by: versions.get(by) for by in granted.agreements[name]},
            }
            for name, frame in shared.items()
        },
        "files": {path.relative_to(made).as_posix(): {"sha256": digest.of_file(path), "bytes": path.stat().st_size} for path in files},
    }


def _kept(made: Path, manifest: Mapping[str, Any], granted: Granted, in_it: frozenset[str]) -> dict[str, Any]:
    """What the log of decisions says of a share beside the decisions: for the hub alone."""
    return {name: manifest[name] for name in ("share", "recipient", "purpose", "use", "accepts", "minimum_cell")} | {
        "manifest_sha256": digest.of_file(made / MANIFEST),
        "people": len(in_it),
        "tables": {name: {"rows": of["rows"], "agreements": sorted(of["agreements"])} for name, of in manifest["tables"].items()},
        "left_out": [one._asdict() for one in granted.left_out],
    }


def _stated(folder: Path) -> dict[str, frozenset[str]]:
    """Between whom and for what the agreements of a share are, which its manifest says and no other file may."""
    try:
        said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        terms = {said["recipient"], said["use"], *said["accepts"], *(by for of in said["tables"].values() for by in of["agreements"])}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}  # a folder of another kind
    return {MANIFEST: frozenset(terms)}


def _judge(made: Path, tables: _Tables, asked: Asked) -> None:
    hits = scan.scan(made, tables.forbidden(asked.words), _stated(made))
    if hits:
        ages = all(hit.rule == "age above 89" for hit in hits)
        raise GateClosed(
            f"the Safe Harbor scan found what must not be shared, so nothing was: {'; '.join(str(hit) for hit in hits)}",
            rule="R51" if ages else "R50",
            remedy="Mend the sharing policy (cgt_etl/egress/policy.yaml) or the model of the column",
        )
