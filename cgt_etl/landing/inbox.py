"""The inbox: `<inbox>/<night>/<partner>/<feed>/<file>`, what of it is new, and landing all of it.

Imports nothing heavy until something is landed. Follows no symbolic link and leaves the inbox as it is. Names that start
with a point are uploads under way or a file manager's own, and are no deliveries; `envelope.json` states the sequence of
the files beside it and is none either, nor is `<file>.manifest.json` (see `ready`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError, DeclarationError, NotReady, RefusedFile
from cgt_etl.landing import bundle, ready
from cgt_etl.landing.delivery import Landed, current, sequence_key, sequence_of
from cgt_etl.landing.regular import chunks_of, sha256_of
from cgt_etl.settings import Settings

ENVELOPE = "envelope.json"
_SMALL_LIMIT = 1 << 16
_SEQUENCE_LIMIT = 200
_Entry = tuple[str, str, Path, str]
"""Partner, feed, path, and what is wrong with it, if anything."""


@dataclass(frozen=True)
class Found:
    """A file of one night. `sha256` is empty where it could not be read; `problem` says why it cannot be landed at all."""

    partner: str
    feed: str
    path: Path
    sha256: str = ""
    is_new: bool = False
    """These bytes have not landed, or have under an earlier sequence only; of a bundle, see `bundle.is_news`."""
    delivered: str = ""
    """sha256 of the bytes that were tokenised, where the file is a bundle of their partner."""
    problem: CgtError | None = None
    """`NotReady` where it is only too early."""


def nights(inbox: Path) -> list[str]:
    """The night folders' names in order.

    Raises:
        DeclarationError: there is no such inbox.
    """
    if not inbox.is_dir():
        raise DeclarationError(
            "there is no inbox at this place", file=str(inbox), remedy="Name a folder of <night>/<partner>/<feed>/<file>"
        )
    return sorted(e.name for e in os.scandir(inbox) if e.is_dir(follow_symlinks=False) and not e.name.startswith("."))


def scan(settings: Settings, registry: Registry, inbox: Path, night: str, watch: ready.Watch | None = None) -> list[Found]:
    """Every file of one night, sorted by partner, feed and name, with what keeps it from being landed.

    Args:
        watch: a file that has not settled then is `NotReady`; without it every file is taken as it lies.

    Raises:
        DeclarationError: the inbox has no such night.
    """
    if night not in nights(inbox):
        raise DeclarationError("the inbox has no such night", remedy="Name one of its folders, e.g. 0001")
    return [_look(settings, registry, entry, watch) for entry in _files(inbox / night)]


def digest(inbox: Path, night: str, watch: ready.Watch) -> str:
    """Of every file of a night by path, size, change and whether it has settled: reads none, so that a look is cheap. 16 hex digits."""
    found = hashlib.sha256()
    for root, folders, names in os.walk(inbox / night):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(root) / name
            try:
                status = path.lstat()
            except OSError:
                continue  # removed since it was listed
            said = (os.fsencode(path.relative_to(inbox)).hex(), status.st_size, status.st_ctime_ns, watch.has_settled(status))
            found.update(repr(said).encode())
    return found.hexdigest()[:16]


def land_all(settings: Settings, registry: Registry, found: list[Found], received_at: datetime) -> list[Landed]:
    """Land what is new among `found`; a file that fails costs itself only. The caller holds the lease.

    Args:
        received_at: with a zone; written to the manifests and nowhere else.
    """
    return [_land(settings, registry, file, received_at) for file in found]


def envelope_of(path: Path) -> str | None:
    """The sequence that the envelope beside `path` states; None where there is none, or none that can be read."""
    try:
        said = json.loads(_small(path.parent / ENVELOPE) or b"")
    except (OSError, ValueError, RecursionError, CgtError):
        return None
    sequence = said.get("sequence") if isinstance(said, dict) else None
    return sequence if isinstance(sequence, str) and 0 < len(sequence) <= _SEQUENCE_LIMIT else None


def _files(folder: Path) -> Iterator[_Entry]:
    """Every entry three levels down, or what lies where a folder should."""
    for partner in _entries(folder):
        if (feeds := _folder(partner)) is None:
            yield "", "", Path(partner.path), "stands where a partner's folder should be"
            continue
        for feed in feeds:
            if (files := _folder(feed)) is None:
                yield partner.name, "", Path(feed.path), "stands where a feed's folder should be"
                continue
            names = {file.name for file in files}
            for file in files:
                if file.name == ENVELOPE or file.name.removesuffix(ready.MANIFEST_SUFFIX) in names - {file.name}:
                    continue
                misplaced = "" if file.is_file(follow_symlinks=False) else "is no regular file (a folder, a link or a device)"
                if not file.name.isprintable():  # control characters, and bytes that are no UTF-8
                    misplaced = "has a name that cannot be printed"
                yield partner.name, feed.name, Path(file.path), misplaced


def _folder(entry: os.DirEntry[str]) -> list[os.DirEntry[str]] | None:
    """The entries of a folder that is one, is no link and may be read."""
    try:
        return _entries(Path(entry.path)) if entry.is_dir(follow_symlinks=False) else None
    except OSError:
        return None


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    return sorted((entry for entry in os.scandir(folder) if not entry.name.startswith(".")), key=lambda entry: entry.name)


def _look(settings: Settings, registry: Registry, entry: _Entry, watch: ready.Watch | None) -> Found:
    partner, feed, path, misplaced = entry
    if misplaced:
        problem = CgtError(f"it {misplaced}", remedy="Files lie in <night>/<partner>/<feed>/, readable and without links")
        return Found(partner, feed, path, problem=_located(problem, partner, feed, path))
    try:
        binding = registry.binding(partner, feed)
        sha256 = _whole(path, watch)
        if bundle.is_bundle(path):
            told = bundle.told_by(path)
            return Found(partner, feed, path, sha256, is_new=bundle.is_news(settings, told), delivered=told.sha256)
        known = current(settings, partner, feed, sha256)
        try:
            sequence = sequence_of(binding.sequence, path.name, envelope_of(path))
        except RefusedFile:
            sequence = ""
        return Found(partner, feed, path, sha256, is_new=known is None or sequence_key(known.sequence) < sequence_key(sequence))
    except CgtError as error:
        return Found(partner, feed, path, problem=_located(error, partner, feed, path))


def _whole(path: Path, watch: ready.Watch | None) -> str:
    """Full sha256 of a file that has been delivered whole.

    A manifest that holds is proof, and needs no time to settle; one that does not is a refusal only when the file has settled.

    Raises:
        NotReady: it may still be growing, or its manifest came before it.
        RefusedFile: it is not what its manifest announces.
        CgtError: it cannot be read.
    """
    if path.name.endswith(ready.MANIFEST_SUFFIX):
        raise replace(ready.absent(), file=path.name.removesuffix(ready.MANIFEST_SUFFIX))
    beside = path.with_name(path.name + ready.MANIFEST_SUFFIX)
    manifest = _small(beside)
    before = path.lstat()
    is_settled = watch is None or (watch.has_settled(before) and (manifest is None or watch.has_settled(beside.lstat())))
    if watch is not None and not is_settled and manifest is None:
        raise watch.growing()
    try:
        promise = ready.announced(path.name, manifest) if manifest is not None else None
        sha256 = "" if promise is not None and promise.size != before.st_size else sha256_of(path)
        problem = promise.problem(before.st_size, sha256) if promise is not None else None
        if problem is not None:
            raise problem
    except RefusedFile:
        if watch is not None and not is_settled:
            raise watch.growing() from None
        raise
    after = path.lstat()
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise NotReady("it changed while it was read", remedy="Nothing to do: it is taken when it has settled")
    return sha256


def _small(path: Path) -> bytes | None:
    """The bytes of a small file beside a delivery; None where there is none. Raises CgtError as `open_regular`, or if too large."""
    try:
        size = path.lstat().st_size
    except OSError:
        return None
    if size > _SMALL_LIMIT:
        raise RefusedFile(f"{path.name} has more than {_SMALL_LIMIT} bytes", remedy="Deliver one as docs/operations.md shows")
    return b"".join(chunks_of(path))


def _land(settings: Settings, registry: Registry, file: Found, received_at: datetime) -> Landed:
    from cgt_etl.landing.land import land  # heavy, and only needed when there is something to land
    from cgt_etl.landing.receive import receive

    problem = file.problem
    if problem is None:
        try:
            known = None if file.is_new else current(settings, file.partner, file.feed, file.delivered or file.sha256)
            if known is not None:
                return Landed.of(known, file.path.name, is_new=False)
            binding = registry.binding(file.partner, file.feed)
            if file.delivered:
                return receive(settings, registry, binding, file.path, received_at)
            return land(settings, registry, binding, file.path, received_at, looked_at=file.sha256)
        except CgtError as error:
            problem = _located(error, file.partner, file.feed, file.path)
    partner, feed, name = (_shown(name) or "" for name in (file.partner, file.feed, file.path.name))
    return Landed(partner, feed, name, delivery=None, is_new=False, problem=problem)


def _located(error: CgtError, partner: str, feed: str, path: Path) -> CgtError:
    """The same error, saying which file it is about, in signs that a terminal only shows."""
    return replace(
        error,
        partner=_shown(error.partner or partner),
        feed=_shown(error.feed or feed),
        file=_shown(error.file or path.name),
    )


def _shown(name: str) -> str | None:
    return (name if name.isprintable() else ascii(name)) or None
