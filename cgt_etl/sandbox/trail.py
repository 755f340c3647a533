"""The audit trail of a sandbox: who made it, asked it, took a copy or a page of it, one JSON line each, added to and never changed.

Each entry carries a mark over itself and the mark before it, made with a key of the hub's: a line changed, taken out or put in is found
when the trail is read; lines taken off the end are found by whoever wrote down the last mark (pages and bundles do). A statement is kept as
its sha256: it may hold values. Decides nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from cgt_etl.errors import CgtError
from cgt_etl.landing import durable

FILE = "trail.jsonl"
FIRST = "0" * 64
"""What the first entry stands after."""
Act = Literal["build", "question", "refused question", "export", "page"]


class TamperedTrail(CgtError):
    """The trail is not what was written."""


@dataclass(frozen=True)
class Entry:
    """One thing that was done. `at`: ISO, UTC. `said`: what to know of it; no values of rows and no statement."""

    number: int
    at: str
    who: str
    act: Act
    said: Mapping[str, str]
    mark: str = ""


class Trail:
    """The trail in the folder of a sandbox. `key` is the hub's."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._file, self._key = folder / FILE, key

    def read(self, head: str | None = None) -> list[Entry]:
        """Every entry, in order.

        Args:
            head: the mark that the last one must have, where it is known.

        Raises:
            TamperedTrail: says from which entry on it is not what was written.
        """
        text = self._file.read_text(encoding="utf-8") if self._file.is_file() else ""
        entries: list[Entry] = []
        for number, line in enumerate(text.splitlines(), start=1):
            before = entries[-1].mark if entries else FIRST
            try:
                one = Entry(**json.loads(line))
                is_whole = one.number == number and hmac.compare_digest(one.mark, self._mark(one, before))
            except (ValueError, TypeError):
                is_whole = False
            if not is_whole:
                raise TamperedTrail(
                    "the audit trail is not what was written", file=FILE, position=number, remedy="Bring it back from a backup"
                )
            entries.append(one)
        if head is not None and head != (entries[-1].mark if entries else FIRST):
            raise TamperedTrail("the audit trail does not end where it did", file=FILE, remedy="Bring it back from a backup")
        return entries

    def append(self, at: datetime, who: str, act: Act, said: Mapping[str, str]) -> Entry:
        """Write an entry to the end, durably, and return it. Writers wait for one another.

        Args:
            at: with a zone.

        Raises:
            CgtError: nobody is named.
            TamperedTrail: the trail so far is not what was written; nothing is added to such a one.
        """
        if not who.strip():
            raise CgtError("an audit trail says who", remedy="Give --who")
        durable.make_folder(self._file.parent, 0o700)
        descriptor = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            before = self.read()
            one = Entry(len(before) + 1, at.isoformat(timespec="seconds"), who.strip(), act, dict(said))
            one = replace(one, mark=self._mark(one, before[-1].mark if before else FIRST))
            file.write((json.dumps(asdict(one), ensure_ascii=False, sort_keys=True) + "\n").encode())
            file.flush()
            os.fsync(file.fileno())
        durable.sync_folder(self._file.parent)
        return one

    def _mark(self, one: Entry, before: str) -> str:
        text = json.dumps(asdict(one) | {"mark": before}, ensure_ascii=False, sort_keys=True)
        return hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()


def of_statement(statement: str) -> str:
    """What stands for a statement in the trail: whoever has the statement can find it there."""
    return hashlib.sha256(statement.encode()).hexdigest()
