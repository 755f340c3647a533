"""One writer at a time: a file lock on `$CGT_HOME/lease` that dies with its owner.

The lock is the operating system's (flock), so a killed night frees it at once; the text in the file only says who holds
it. Holds nothing about what is written.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cgt_etl.errors import LeaseHeld
from cgt_etl.landing import durable
from cgt_etl.settings import Settings

ENVIRONMENT = "CGT_LEASE"
"""Set while the lease is held, to a secret that the lease file repeats: a child process that has it works under its parent's lease."""

_TRIES = 5
_TRY_SECONDS = 0.05


@dataclass(frozen=True)
class _Holder:
    token: str
    thread: int


_held: dict[Path, _Holder] = {}


@contextmanager
def lease(settings: Settings, owner: str) -> Iterator[None]:
    """Hold the lease of this home; clean up after killed writers first.

    Called again by the thread that holds it, or by a child process of the holder, it does nothing.

    Args:
        owner: who asks, for the message that the next one gets, e.g. `cgt-etl run, night 0002`.

    Raises:
        LeaseHeld: somebody else holds it; names the owner, the process and since when.
    """
    path = settings.home / "lease"
    if _is_ours(path):
        yield
        return
    durable.make_folder(settings.home)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if not _lock(descriptor):
            raise _refusal(_said(path))
        with _announced(path, descriptor, owner):
            for root in (settings.landing, settings.vault, settings.nights, settings.receipts, settings.cards, settings.sandboxes):
                durable.sweep(root)
            yield
    finally:
        os.close(descriptor)


def is_held(settings: Settings) -> bool:
    """Whether this process, in any of its threads, or the parent that started it holds the lease."""
    path = settings.home / "lease"
    return path in _held or _is_parents(path)


def is_held_by_anybody(settings: Settings) -> bool:
    """Whether somebody, this process or another, is writing now."""
    return _is_locked(settings.home / "lease")


@contextmanager
def _announced(path: Path, descriptor: int, owner: str) -> Iterator[None]:
    token = secrets.token_hex(16)
    said = {"owner": owner, "process": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds"), "token": token}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(said).encode(), 0)
    before = os.environ.get(ENVIRONMENT)
    _held[path] = _Holder(token, threading.get_ident())
    os.environ[ENVIRONMENT] = token
    try:
        yield
    finally:
        del _held[path]
        if before is None:
            os.environ.pop(ENVIRONMENT, None)
        else:
            os.environ[ENVIRONMENT] = before
        os.ftruncate(descriptor, 0)


def _lock(descriptor: int) -> bool:
    """Whether the lock is ours now. Tried again for an instant: `is_held_by_anybody` locks too while it looks."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_TRY_SECONDS)
        else:
            return True
    return False


def _refusal(held: dict[str, str]) -> LeaseHeld:
    return LeaseHeld(
        f"another night is writing: {held.get('owner', 'unknown owner')}, process {held.get('process', 'unknown')}, "
        f"since {held.get('since', 'an unknown time')}",
        remedy="Wait until it has ended; a lease whose process is gone is free by itself",
    )


def _is_ours(path: Path) -> bool:
    holder = _held.get(path)
    if holder is not None:
        return holder.thread == threading.get_ident()
    return _is_parents(path)


def _is_parents(path: Path) -> bool:
    """Whether the secret in our environment is that of a lease that is held right now: an old one opens nothing."""
    token = os.environ.get(ENVIRONMENT)
    return bool(token) and _said(path).get("token") == token and _is_locked(path)


def _is_locked(path: Path) -> bool:
    if not path.is_file():
        return False
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _said(path: Path) -> dict[str, str]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return {key: str(value) for key, value in said.items()} if isinstance(said, dict) else {}
