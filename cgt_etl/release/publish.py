"""Writes a release whole or not at all, makes it current, and keeps its build to grow the next one.

The order makes a kill at any point harmless: everything is written beside the releases and renamed into place; then the build
is kept, so that a current release always has one; then `current` is swapped by rename. What runs again finds each step done
or undone, never half done. Judges nothing and builds no table.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import GateClosed
from cgt_etl.landing import durable
from cgt_etl.quality.verdict import Verdict
from cgt_etl.release import dictionary, digest, marts, read, rules_catalogue, tables, warehouse
from cgt_etl.release.plan import Plan, build_file, identity_folder
from cgt_etl.release.read import Release
from cgt_etl.settings import Settings, fault_point


def release_id(plan: Plan, night: int) -> str:
    """Night number and the first 16 hex digits of the hash of the inputs."""
    return f"{night:04d}-{plan.inputs_hash[:16]}"


def publish(  # noqa: PLR0917  the order in which the steps of a night hand things on
    settings: Settings, registry: Registry, plan: Plan, work_db: Path, identity_dir: Path, verdict: Verdict, night: int
) -> Release:
    """Publish the gated build `work_db` as the release of `night`, and take it and `identity_dir` into `builds/`.

    Only the holder of the lease may call it. A release of the same id that exists is not written again.

    Raises:
        GateClosed: the verdict is not open.
        CgtError: a released table is missing from the build.
    """
    if not verdict.is_open:
        stopped = ", ".join(sorted({result.rule_id for result in verdict.closing})) or "nothing was judged"
        raise GateClosed(f"the gate is closed, nothing was released: {stopped}", remedy="Its pages under quality/ say what failed")
    durable.make_folder(settings.releases)
    durable.sweep(settings.builds)
    id_ = release_id(plan, night)
    folder = settings.releases / id_
    # Unfinished things lie below `builds`, on the same file system: in `releases` there is nothing that is no release.
    with durable.workplace(settings.builds) as workplace:
        if not folder.is_dir():
            made = workplace / id_
            made.mkdir()
            write(made, registry, plan, work_db, verdict=verdict, night=night)
            durable.sync_tree(made)
            fault_point("publish.before_rename")
            made.rename(folder)
            durable.sync_folder(settings.releases)
        fault_point("publish.after_rename")
        release = read.load(folder)
        if not (folder / read.WAREHOUSE).is_file():
            # Its views name the files by their final place, which DuckDB looks at when it makes them.
            warehouse.write(release, workplace / read.WAREHOUSE, "view")
            durable.sync_tree(workplace)
            (workplace / read.WAREHOUSE).rename(folder / read.WAREHOUSE)
            durable.sync_folder(folder)
    fault_point("publish.before_build_kept")
    _keep_build(settings, id_, work_db, identity_dir)
    fault_point("publish.after_build_kept")
    fault_point("publish.before_current")
    _point(settings, id_)
    fault_point("publish.after_current")
    _prune(settings, {id_, plan.previous.id if plan.previous else id_})
    return release


def write(folder: Path, registry: Registry, plan: Plan, work_db: Path, *, verdict: Verdict | None, night: int) -> dict[str, Any]:
    """Write tables, dictionary and manifest into the existing, empty `folder`; gives the manifest.

    The same plan, build and night give the same bytes. Also serves a build as of an earlier night, which is published nowhere and
    not judged again.

    Raises:
        CgtError: a released table is missing from the build.
    """
    listed = marts.load()
    with duckdb.connect(work_db, read_only=True, config=tables.SETTINGS) as connection:
        exported = tables.export(connection, listed, folder)
        found = rules_catalogue.counted(connection)
    (folder / "dictionary").mkdir()
    dictionary.write(folder / "dictionary", listed, exported, registry)
    rules_catalogue.write(folder / "dictionary", found, verdict, plan.previous)
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    if plan.previous:
        tables.link_unchanged(folder, plan.previous.folder, files)
    fault_point("publish.tables_written")
    manifest = {
        "release_id": release_id(plan, night),
        "night": night,
        "inputs": plan.inputs,
        "inputs_hash": plan.inputs_hash,
        "tables": {name: table.said() for name, table in exported.items()},
        "files": {path: {"sha256": digest.of_file(folder / path), "bytes": (folder / path).stat().st_size} for path in files},
        "quality": verdict.said() if verdict else None,
    }
    (folder / read.MANIFEST).write_text(digest.json_text(manifest), encoding="utf-8")
    return manifest


def _keep_build(settings: Settings, id_: str, work_db: Path, identity_dir: Path) -> None:
    """Rename the build to the release's name. Nothing is copied; a build of this name is one of the same inputs."""
    kept = identity_folder(settings, id_)
    if kept.is_dir():
        shutil.rmtree(identity_dir)
    else:
        durable.sync_tree(identity_dir)
        identity_dir.rename(kept)
    with duckdb.connect(work_db, config=tables.SETTINGS) as connection:
        connection.execute("checkpoint")
    with work_db.open("rb") as file:
        os.fsync(file.fileno())
    work_db.replace(build_file(settings, id_))
    durable.sync_folder(settings.builds)


def _point(settings: Settings, id_: str) -> None:
    with durable.workplace(settings.builds) as workplace:
        (workplace / read.CURRENT).symlink_to(id_)
        (workplace / read.CURRENT).replace(settings.releases / read.CURRENT)
    durable.sync_folder(settings.releases)


def _prune(settings: Settings, kept: Iterable[str]) -> None:
    """Remove the builds of other releases; the releases themselves stay."""
    names = {path.name for id_ in kept for path in (build_file(settings, id_), identity_folder(settings, id_))}
    for path in sorted(settings.builds.iterdir()):
        if not read.is_id(path.stem) or path.name in names:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
