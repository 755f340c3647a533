"""A file of JSON lines that is added to and never changed: each line carries a mark over itself and the mark before.

Marks are HMAC-SHA256 (RFC 2104) under a key of the hub's: whoever has the file and not the key can change nothing unseen. A line changed,
taken out or put in is found when it is read; lines taken off the end are found by whoever wrote down the last mark. Knows nothing of what
the lines say.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cgt_etl.errors import CgtError
from cgt_etl.landing import durable

FIRST = "0" * 64
"""What the first line stands after."""
_MEND = "Bring it back from a backup; nothing is added to what was changed"


class TamperedChain(CgtError):
    """The file is not what was written."""


class Chain:
    """The chain in `file`, which may not be there yet. `name` is what a person calls it, for the message of an error."""

    def __init__(self, file: Path, key: bytes, name: str) -> None:
        self._file, self._key, self._name = file, key, name

    def read(self, head: str | None = None) -> list[dict[str, Any]]:
        """What every line says, in order, with `number` (from 1) and `mark`.

        Args:
            head: the mark that the last one must have, where it is known.

        Raises:
            TamperedChain: says from which line on it is not what was written.
        """
        text = self._file.read_text(encoding="utf-8", errors="replace") if self._file.is_file() else ""
        found: list[dict[str, Any]] = []
        before = FIRST
        for number, line in enumerate(text.removesuffix("\n").split("\n") if text else (), start=1):
            try:
                said = json.loads(line)
                is_whole = said["number"] == number and hmac.compare_digest(said["mark"], self._mark(said, before))
            except (ValueError, TypeError, KeyError):
                is_whole = False
            if not is_whole:
                raise TamperedChain(f"{self._name} is not what was written", file=self._file.name, position=number, remedy=_MEND)
            found.append(said)
            before = said["mark"]
        if head is not None and head != before:
            raise TamperedChain(f"{self._name} does not end where it did", file=self._file.name, remedy=_MEND)
        return found

    @property
    def head(self) -> str:
        """The mark of the last line. Raises TamperedChain."""
        return _head(self.read())

    def append(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """Write a line to the end, durably, and give it with its number and mark. Writers wait for one another.

        Raises:
            TamperedChain: what is there is not what was written.
        """
        durable.make_folder(self._file.parent, 0o700)
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            lines = self.read()
            one = {**said, "number": len(lines) + 1}
            one["mark"] = self._mark(one, _head(lines))
            file.write((_text(one) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
        durable.sync_folder(self._file.parent)
        return one

    def _mark(self, said: Mapping[str, Any], before: str) -> str:
        return hmac.new(self._key, _text({**said, "mark": before}).encode(), hashlib.sha256).hexdigest()


def _head(lines: list[dict[str, Any]]) -> str:
    return str(lines[-1]["mark"]) if lines else FIRST


def _text(said: Mapping[str, Any]) -> str:
    return json.dumps(said, ensure_ascii=False, sort_keys=True)
