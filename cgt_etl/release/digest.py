"""Hashes that name content: of one file, of a set of files, of a JSON value. Knows nothing of what they mean."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def of_file(path: Path) -> str:
    """sha256 of a file's bytes, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of_files(named: Iterable[tuple[str, Path]]) -> str:
    """One sha256 over (name, bytes) of many files, in the order of their names; a renamed file changes it."""
    whole = hashlib.sha256()
    for name, path in sorted(named):
        whole.update(f"{name}\x1f{of_file(path)}\n".encode())
    return whole.hexdigest()


def of_json(value: Any) -> str:
    """sha256 of a JSON value in its canonical text: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def json_text(value: Any) -> str:
    """The text under which JSON files are written: sorted keys, so that equal values are equal bytes."""
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
