"""Writing that is whole or absent: fsync of files and folders, and rename on one file system.

Knows nothing of deliveries or keys. Every function raises OSError when the disk is full or cannot be written; what was
visible before the call is then still visible, unchanged.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

WORKPLACE = ".tmp"
"""Folder below landing and vault in which unfinished things lie; no partner can have this name."""


def sync_folder(folder: Path) -> None:
    """Make the names inside `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def make_folder(folder: Path, mode: int = 0o755) -> None:
    """Make `folder` and its missing parents with exactly `mode`, durably; existing ones are left as they are."""
    if folder.is_dir():
        return
    make_folder(folder.parent, mode)
    try:
        folder.mkdir(mode)
    except FileExistsError:
        return
    folder.chmod(mode)
    sync_folder(folder.parent)


def write_file(path: Path, chunks: Iterable[bytes], mode: int = 0o644) -> None:
    """Write a new file, durably; its folder's entry is not yet synced. Raises FileExistsError where there is one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def replace_file(path: Path, chunks: Iterable[bytes], mode: int = 0o644, *, root: Path | None = None) -> None:
    """Write `path` so that a reader sees the old bytes or the new ones, never a part. Its folder must exist.

    The unfinished bytes lie in the workplace of `root` (default: the folder of `path`), which must be on the same file system,
    and are gone if the writing fails.
    """
    with workplace(root or path.parent, 0o700) as unfinished:
        write_file(unfinished / path.name, chunks, mode)
        (unfinished / path.name).replace(path)
    sync_folder(path.parent)


def sync_tree(folder: Path) -> None:
    """fsync every file and folder below `folder`, and itself."""
    for parent, _, names in os.walk(folder):
        for name in names:
            descriptor = os.open(Path(parent) / name, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        sync_folder(Path(parent))


@contextmanager
def workplace(root: Path, mode: int = 0o755) -> Iterator[Path]:
    """A new empty folder below `root`'s workplace, on the file system of `root`; gone afterwards unless it was renamed away."""
    make_folder(root, mode)
    make_folder(root / WORKPLACE, mode)
    folder = Path(tempfile.mkdtemp(dir=root / WORKPLACE))
    folder.chmod(mode)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def sweep(root: Path) -> None:
    """Remove what killed writers left below `root`. Only the holder of the lease may call it."""
    shutil.rmtree(root / WORKPLACE, ignore_errors=True)
