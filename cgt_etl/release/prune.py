"""Removes what no kept night needs: old releases, admissions through doors that no longer count, leftovers of killed writers.

Never the current release, the vault, or an admission that counts. A night from the oldest kept release on can still be built again
(`release build --as-of`): the admissions that it recorded stay; those of earlier nights go. Everything is renamed out of sight
before it is removed, so that a kill leaves no half folder that looks whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cgt_etl.errors import CgtError
from cgt_etl.landing import durable
from cgt_etl.landing.delivery import superseded
from cgt_etl.landing.lease import is_held_by_anybody, lease
from cgt_etl.release import night_record, read
from cgt_etl.release.plan import build_file, identity_folder
from cgt_etl.settings import Settings


@dataclass(frozen=True)
class Removed:
    """One thing that was removed, or would be: what kind, its path below the home, its bytes (shared ones are counted too)."""

    kind: str
    path: str
    size_bytes: int


def prune(settings: Settings, keep_releases: int, *, is_dry_run: bool) -> list[Removed]:
    """Remove all but the newest `keep_releases` releases and the current one, and what only the others needed. Takes the lease.

    Args:
        is_dry_run: say what would be removed, remove nothing and take no lease.

    Raises:
        CgtError: fewer than one release is to be kept, or there are releases and none is current.
        LeaseHeld: a night is writing.
    """
    if keep_releases < 1:
        raise CgtError("at least one release is kept", remedy="Name 1 or more")
    # The lease clears leftovers away by itself: what it will clear is noted before it is taken, unless somebody is writing there.
    left = [] if is_held_by_anybody(settings) else list(_leftovers(settings))
    if is_dry_run:
        return [*left, *(said for said, _, _ in _unneeded(settings, keep_releases))]
    with lease(settings, "cgt-etl prune"):
        for workplace in settings.home.glob(f"*/{durable.WORKPLACE}"):
            durable.sweep(workplace.parent)
        removed = list(_unneeded(settings, keep_releases))
        for _, path, root in removed:
            with durable.workplace(root) as workplace:
                path.rename(workplace / path.name)
                durable.sync_folder(path.parent)
    return [*left, *(said for said, _, _ in removed)]


def _leftovers(settings: Settings) -> Iterator[Removed]:
    for path in sorted(settings.home.glob(f"*/{durable.WORKPLACE}/*")):
        yield _removed(settings, "leftover", path)


def _unneeded(settings: Settings, keep_releases: int) -> Iterator[tuple[Removed, Path, Path]]:
    """What is removed, its path, and the root on whose file system it is renamed away."""
    releases, current = read.every(settings), read.current(settings)
    if not releases:
        return
    if current is None:
        raise CgtError(
            "there are releases and none is current; nothing was removed",
            remedy="Run the night again, or link releases/current to one of them",
        )
    kept = {release.id: release for release in (*releases[-keep_releases:], current)}
    for release in releases:
        if release.id not in kept:
            # The release last: by it the next call finds what a killed one left of it.
            for path in (build_file(settings, release.id), identity_folder(settings, release.id)):
                if path.exists():
                    yield _removed(settings, "build", path), path, settings.builds
            yield _removed(settings, "release", release.folder), release.folder, settings.builds
    needed = _needed(settings, list(kept.values()))
    for folder in superseded(settings):
        if "/".join(folder.relative_to(settings.landing).parts) not in needed:
            yield _removed(settings, "past door", folder), folder, settings.landing


def _needed(settings: Settings, kept: list[read.Release]) -> set[str]:
    """`<delivery>/<door16>` of every admission that a kept release, or a night since the oldest of them, rests on."""
    oldest = min(release.night for release in kept)
    nights = [night_record.load(settings, night).deliveries for night in night_record.nights(settings) if night >= oldest]
    named = [*nights, *(release.inputs["deliveries"] for release in kept)]
    return {f"{id_}/{said['door16']}" for deliveries in named for id_, said in deliveries.items()}


def _removed(settings: Settings, kind: str, path: Path) -> Removed:
    return Removed(kind, path.relative_to(settings.home).as_posix(), _size_bytes(path))


def _size_bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if file.is_file() and not file.is_symlink())
