"""Reading a regular file that somebody else put there: no link is followed, no pipe waited for. Knows nothing of deliveries."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from cgt_etl.errors import CgtError

_READ = 1 << 20


def open_regular(path: Path) -> int:
    """A descriptor of a regular file, opened without following a link or waiting on a pipe.

    Raises:
        CgtError: it is something else, or may not be read.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        problem = CgtError(f"the file cannot be opened ({os.strerror(error.errno or 0)})", remedy="Deliver a plain, readable file")
    else:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return descriptor
        os.close(descriptor)
        problem = CgtError("not a regular file", remedy="Deliver plain files, one level below the feed's folder")
    raise problem


def chunks_of(path: Path) -> Iterator[bytes]:
    """The bytes of a regular file. Raises CgtError as `open_regular`."""
    with os.fdopen(open_regular(path), "rb") as file:
        while chunk := file.read(_READ):
            yield chunk


def sha256_of(path: Path) -> str:
    """Full sha256, hex, of a regular file. Raises CgtError as `open_regular`."""
    digest = hashlib.sha256()
    for chunk in chunks_of(path):
        digest.update(chunk)
    return digest.hexdigest()
