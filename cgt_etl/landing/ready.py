"""Whether a file in the inbox has been delivered whole: it has settled, or its manifest says that these are all of its bytes.

A manifest is optional: `<file>.manifest.json` beside the file, `{"name": "<file>", "size": <bytes>, "sha256": "<64 hex digits>"}`; other
keys are left alone. Holds the judgement only: reads no file and no clock.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from cgt_etl.errors import CgtError, NotReady, RefusedFile

MANIFEST_SUFFIX = ".manifest.json"
SETTLE = timedelta(minutes=2)
"""How long a file must have stayed as it is before a watcher takes it. Longer than an upload pauses, short beside a night."""
RULE = "F05"
_HEX64 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class Watch:
    """When somebody looks, and how long a file must have stayed unchanged. Without one, whoever asks vouches for the inbox."""

    now: datetime
    """With a zone."""
    settle: timedelta

    def has_settled(self, status: os.stat_result) -> bool:
        """Size and modification time have not changed for `settle`.

        Asks the time of the last change of the inode: it moves with every write and every new modification time, and no upload can set it.
        """
        return self.now.timestamp() - status.st_ctime >= self.settle.total_seconds()

    def growing(self) -> NotReady:
        """What is said of a file that has not settled."""
        seconds = round(self.settle.total_seconds())
        return NotReady(
            f"it changed less than {seconds} s ago and may still be growing", remedy="Nothing to do: it is taken when it has settled"
        )


@dataclass(frozen=True)
class Announced:
    """What a manifest says of its file."""

    size: int
    """Bytes."""
    sha256: str
    """Lower case."""

    def problem(self, size: int, sha256: str) -> CgtError | None:
        """What keeps bytes of this size and hash from being the announced ones."""
        if size != self.size:
            return RefusedFile(f"it has {size} bytes, and its manifest announces {self.size}", remedy=_AGAIN, rule=RULE)
        if sha256 != self.sha256:
            return RefusedFile("its bytes do not have the sha256 that its manifest announces", remedy=_AGAIN, rule=RULE)
        return None


_AGAIN = "Deliver the file again whole, or a manifest that is its own"


def announced(name: str, manifest: bytes) -> Announced:
    """What the manifest of the file `name` says.

    Raises:
        RefusedFile: it is no manifest, or another file's.
    """
    try:
        said = json.loads(manifest)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        raise _unreadable("it is no JSON object")
    size, sha256 = said.get("size"), said.get("sha256")
    if said.get("name") != name:
        raise _unreadable("`name` is not the name of the file beside it")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise _unreadable("`size` is no number of bytes")
    if not isinstance(sha256, str) or not _HEX64.fullmatch(sha256):
        raise _unreadable("`sha256` is no 64 hex digits")
    return Announced(size, sha256.lower())


def _unreadable(why: str) -> RefusedFile:
    remedy = 'Deliver {"name": "<file>", "size": <bytes>, "sha256": "<64 hex digits>"}, or no manifest'
    return RefusedFile(f"its manifest cannot be used: {why}", remedy=remedy, rule=RULE)


def absent() -> NotReady:
    """What is said of a manifest without its file."""
    return NotReady("its manifest is here and the file is not", remedy="Ask the sender if it stays away", rule=RULE)
