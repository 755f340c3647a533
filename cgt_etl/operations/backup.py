"""A copy of a home that can be trusted, and the way back.

    <copy>/backup.json      every file with size, sha256 and mode; written last, so a copy without it is none
    <copy>/home/...         the files; names of one content (unchanged tables of two releases) stay one file

Taken under the lease, so no night is half in it. What is made again is left out: build files, dbt's folder, Dagster's run history, the
lease. Keys are never in it: without the master key a restored vault stays shut. Knows nothing of what the files say.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cgt_etl.errors import CgtError
from cgt_etl.landing import durable
from cgt_etl.landing.lease import lease
from cgt_etl.release import digest
from cgt_etl.settings import Settings

LEFT_OUT = frozenset({"builds", "dbt", "dagster", "lease"})
"""Below the home: made again, or of this machine alone."""
LIST = "backup.json"


@dataclass(frozen=True)
class Copied:
    """What a backup or a restore moved."""

    files: int
    size_bytes: int


def back_up(settings: Settings, to: Path) -> Copied:
    """Copy the home into the new folder `to`. Takes the lease.

    Raises:
        CgtError: `to` exists or lies inside the home.
        LeaseHeld: a night is writing.
        OSError: the disk is full or cannot be written; nothing is left at `to` then.
    """
    _must_be_new(to)
    if to.resolve().is_relative_to(settings.home):
        raise CgtError("a backup inside the home would be lost with it", remedy="Name a folder on another disk")
    with lease(settings, "cgt-etl backup"), _beside(to) as unfinished:
        (unfinished / "home").mkdir(mode=0o700)
        entries = list(_copied(settings.home, unfinished / "home", _names(settings)))
        durable.write_file(unfinished / LIST, [(json.dumps({"backup": 1, "entries": entries}, indent=1) + "\n").encode()], 0o600)
        durable.sync_tree(unfinished)
        unfinished.rename(to)
        durable.sync_folder(to.parent)
    return _sum(entries)


def restore(settings: Settings, origin: Path) -> Copied:
    """Make the home from a backup, after every file of it has been found as it was.

    Raises:
        CgtError: the home exists and is not empty, `origin` is no whole backup, or a file of it is missing, changed or unknown.
        OSError: the disk is full or cannot be written; there is no home then.
    """
    home = settings.home
    if home.exists() and any(home.iterdir()):
        raise CgtError("CGT_HOME is not empty", remedy="Restore into a new folder: set CGT_HOME to it, or move the present one away")
    entries = _listed(origin)
    wrong = list(_differences(origin / "home", entries))
    if wrong:
        more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
        raise CgtError(f"the backup is not what was written: {wrong[0]}{more}", remedy="Use another backup; this one restores nothing")
    with _beside(home) as unfinished:
        for _ in _copied(origin / "home", unfinished, sorted(path.name for path in (origin / "home").iterdir())):
            pass
        durable.sync_tree(unfinished)
        if home.exists():
            home.rmdir()
        unfinished.rename(home)
        durable.sync_folder(home.parent)
    return _sum(entries)


def _names(settings: Settings) -> list[str]:
    key = settings.master_key_file
    own = {key.relative_to(settings.home).parts[0]} if key and key.is_relative_to(settings.home) else set()
    return sorted(path.name for path in settings.home.iterdir() if path.name not in LEFT_OUT | own)


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """A new folder next to `path`, gone afterwards unless it was renamed away."""
    folder = path.parent / f".{path.name}.unfinished"
    shutil.rmtree(folder, ignore_errors=True)  # of a killed copy
    durable.make_folder(folder.parent)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _must_be_new(folder: Path) -> None:
    if folder.exists():
        raise CgtError(f"{folder.name} exists", remedy="Name a new folder: a backup never overwrites one")


def _walk(root: Path, names: list[str]) -> Iterator[Path]:
    """Every folder, file and link below the named ones, a folder before what is in it, without unfinished things; in a fixed order."""
    for name in names:
        path = root / name
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _walk(path, sorted(one.name for one in path.iterdir() if one.name != durable.WORKPLACE))


def _copied(root: Path, target: Path, names: list[str]) -> Iterator[dict[str, Any]]:
    """Copy, and say what was copied. Files that are one file in `root` are one file in `target`."""
    first: dict[tuple[int, int], Path] = {}
    for path in _walk(root, names):
        name = path.relative_to(root)
        at, state = target / name, path.lstat()
        mode = state.st_mode & 0o777
        entry: dict[str, Any] = {"path": name.as_posix(), "mode": mode}
        if path.is_symlink():
            at.symlink_to(path.readlink())
            entry |= {"link": str(path.readlink())}
        elif path.is_dir():
            at.mkdir()
            at.chmod(mode | 0o700)
            entry |= {"folder": True}
        else:
            same = first.setdefault((state.st_dev, state.st_ino), at)
            if same is at:
                shutil.copyfile(path, at)
                at.chmod(mode)
            else:
                os.link(same, at)
            entry |= {"bytes": state.st_size, "sha256": digest.of_file(at)}
        yield entry


def _listed(origin: Path) -> list[dict[str, Any]]:
    try:
        said = json.loads((origin / LIST).read_text(encoding="utf-8"))
        return [dict(entry) for entry in said["entries"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise CgtError(
            f"{origin.name} is no whole backup: its {LIST} is missing or damaged", remedy="Name what `cgt-etl backup` wrote"
        ) from None


def _differences(root: Path, entries: list[dict[str, Any]]) -> Iterator[str]:
    for entry in entries:
        path = root / entry["path"]
        if "link" in entry:
            is_same = path.is_symlink() and str(path.readlink()) == entry["link"]
        elif "folder" in entry:
            is_same = path.is_dir() and not path.is_symlink()
        else:
            is_same = path.is_file() and not path.is_symlink() and digest.of_file(path) == entry["sha256"]
        if not is_same:
            yield f"{entry['path']} is missing or changed"
    known = {entry["path"] for entry in entries}
    for path in _walk(root, sorted(one.name for one in root.iterdir())):
        if path.relative_to(root).as_posix() not in known:
            yield f"{path.relative_to(root).as_posix()} was not in it"


def _sum(entries: list[dict[str, Any]]) -> Copied:
    files = [entry["bytes"] for entry in entries if "bytes" in entry]
    return Copied(len(files), sum(files))
