"""A file that lies in memory alone and is gone with its process: for plaintext that a reader wants by a path.

Holds nothing about what the bytes are. Nothing is ever written to a disk.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def private_file(chunks: Iterable[bytes], label: str) -> Iterator[Path]:
    """A path at which this process can read what the chunks give, written before the path is given; `label` is for the kernel's lists."""
    with os.fdopen(os.memfd_create(label, os.MFD_CLOEXEC), "w+b") as file:
        for chunk in chunks:
            file.write(chunk)
        file.flush()
        yield Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")
