"""Reading releases: which there are, which is current, and whether their bytes are still the ones that were published.

Imports nothing heavy: a night with nothing new is decided with this module. Holds no SQL: `diff` and `export` hand over to
`compare` and `warehouse`.

    releases/<release_id>/{manifest.json, tables/<name>/*.parquet, dictionary/, warehouse.duckdb}
    releases/current -> <release_id>
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from cgt_etl.errors import CgtError
from cgt_etl.release import digest
from cgt_etl.settings import Settings

MANIFEST = "manifest.json"
WAREHOUSE = "warehouse.duckdb"
CURRENT = "current"
_ID = re.compile(r"(?P<night>\d{4,})-(?P<hash>[0-9a-f]{16})")


@dataclass(frozen=True)
class Release:
    """One published release. `manifest` is the content of its `manifest.json`."""

    id: str
    folder: Path
    manifest: dict[str, Any] = field(repr=False)

    @property
    def inputs(self) -> dict[str, Any]:
        return dict(self.manifest["inputs"])

    @property
    def inputs_hash(self) -> str:
        return str(self.manifest["inputs_hash"])

    @property
    def night(self) -> int:
        return int(self.manifest["night"])

    @property
    def tables(self) -> dict[str, dict[str, Any]]:
        """Table -> rows, primary_key, columns, files."""
        return dict(self.manifest["tables"])

    @property
    def rows(self) -> dict[str, int]:
        return {name: int(table["rows"]) for name, table in self.tables.items()}

    def files(self) -> dict[str, dict[str, Any]]:
        """Every checksummed file: path below the folder -> sha256, bytes."""
        return dict(self.manifest["files"])

    def parquet(self, table: str) -> list[Path]:
        """The Parquet files of one table, in order.

        Raises:
            CgtError: this release has no such table.
        """
        if table not in self.tables:
            raise CgtError(f"release {self.id} has no table of this name", remedy=f"It has: {', '.join(sorted(self.tables))}")
        return [self.folder / path for path in sorted(self.tables[table]["files"])]


def is_id(name: str) -> bool:
    """Whether a name has the form of a release's id."""
    return _ID.fullmatch(name) is not None


def load(folder: Path) -> Release:
    """The release in `folder`, wherever it lies (an exported copy too).

    Raises:
        CgtError: there is no readable manifest in it.
    """
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        return Release(str(manifest["release_id"]), folder, manifest)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CgtError(
            f"{folder.name} is no release: its {MANIFEST} is missing or damaged", remedy="`cgt-etl release list` names the releases"
        ) from error


def every(settings: Settings) -> list[Release]:
    """The releases of this home, oldest night first."""
    if not settings.releases.is_dir():
        return []
    folders = [f for f in settings.releases.iterdir() if is_id(f.name) and (f / MANIFEST).is_file()]
    return sorted((load(folder) for folder in folders), key=lambda release: (release.night, release.id))


def current(settings: Settings) -> Release | None:
    """The release that `releases/current` points to, or None before the first one.

    Raises:
        CgtError: the pointer leads nowhere, which only a hand can bring about.
    """
    pointer = settings.releases / CURRENT
    if not pointer.is_symlink():
        return None
    try:
        return load(pointer.resolve())
    except CgtError as error:
        remedy = f"Restore it, or remove the link releases/{CURRENT}: the next night then builds everything anew"
        raise replace(error, remedy=remedy) from None


def find(settings: Settings, name: str | None) -> Release:
    """A release by its id or by the start of its id (a night number will do); the current one for `current` or None.

    Raises:
        CgtError: none or several have that name.
    """
    if name in (None, CURRENT):
        found = current(settings)
        matching = [found] if found else []
    else:
        matching = [release for release in every(settings) if name and release.id.startswith(name)]
        matching = [release for release in matching if release.id == name] or matching
    if len(matching) != 1:
        problem = "several releases have ids that start like this" if matching else "there is no such release"
        raise CgtError(problem, remedy="`cgt-etl release list` names the releases")
    return matching[0]


def is_whole(release: Release) -> bool:
    """Every file is there with its size; reads no table (see `problems`)."""
    return (release.folder / WAREHOUSE).is_file() and not _absent_or_resized(release)


def problems(release: Release) -> list[str]:
    """Compare every byte with the manifest; empty when all is well.

    Returns:
        One sentence per file that is missing, changed or unknown, and one where the manifest contradicts itself.
    """
    found = _absent_or_resized(release)
    known = release.files()
    for path, said in sorted(known.items()):
        file = release.folder / path
        if file.is_file() and file.stat().st_size == said["bytes"] and digest.of_file(file) != said["sha256"]:
            found.append(f"{path} has other bytes than were published")
    for root in ("tables", "dictionary"):
        present = {file.relative_to(release.folder).as_posix() for file in (release.folder / root).rglob("*") if file.is_file()}
        found += [f"{path} was not published" for path in sorted(present - set(known))]
    match = _ID.fullmatch(release.id)
    if digest.of_json(release.inputs) != release.inputs_hash or not match or match["hash"] != release.inputs_hash[:16]:
        found.append(f"{MANIFEST} does not agree with the release's id about its inputs")
    return found


def releases(settings: Settings) -> list[str]:
    """One line per release: id, night, rows, tables, deliveries; `*` before the current one."""
    pointer = settings.releases / CURRENT
    now = pointer.readlink().name if pointer.is_symlink() else None
    lines = []
    for release in every(settings):
        rows = release.rows
        mark = "*" if now == release.id else " "
        filled = sum(1 for count in rows.values() if count)
        lines.append(
            f"{mark} {release.id}  night {release.night}  {sum(rows.values()):>9} rows in {filled} of {len(rows)} tables  "
            f"{len(release.inputs['deliveries'])} deliveries"
        )
    return lines


def verify(settings: Settings, release_id: str | None) -> list[str]:
    """What is wrong with the bytes of a release (the current one when None); empty when all is well."""
    return problems(find(settings, release_id))


def diff(settings: Settings, older: str, newer: str | None) -> list[str]:
    """What changed from one release to another (the current one when None), in lines: inputs first, then rows by table."""
    from cgt_etl.release import compare

    return compare.releases(find(settings, older), find(settings, newer)).lines()


def export(settings: Settings, release_id: str | None, out: Path) -> Path:
    """Copy a release into the new folder `out`, which then stands alone: its warehouse.duckdb holds the data, not links to it.

    Raises:
        CgtError: `out` exists, or the release is not what was published.
    """
    from cgt_etl.release import warehouse

    release = find(settings, release_id)
    if out.exists():
        raise CgtError("the folder to export into exists", remedy="Name a new one")
    if problems(release):
        raise CgtError(f"release {release.id} is not what was published", remedy="`cgt-etl release verify` says what is wrong")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".export-", dir=out.parent) as workplace:
        copy = Path(workplace) / out.name
        shutil.copytree(release.folder, copy, ignore=shutil.ignore_patterns(WAREHOUSE))
        warehouse.write(load(copy), copy / WAREHOUSE, "table")
        copy.rename(out)
    return out


def _absent_or_resized(release: Release) -> list[str]:
    found = []
    for path, said in sorted(release.files().items()):
        file = release.folder / path
        if not file.is_file():
            found.append(f"{path} is missing")
        elif file.stat().st_size != said["bytes"]:
            found.append(f"{path} has another size than was published")
    return found
