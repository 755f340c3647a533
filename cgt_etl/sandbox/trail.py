"""The audit trail of a sandbox: who made, asked, copied, showed or served it, added to and never changed (`landing.chain`).

A statement is kept as its sha256: it may hold values. Pages and copies say with which mark the trail ended. Decides nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from cgt_etl.errors import CgtError
from cgt_etl.landing.chain import Chain

FILE = "trail.jsonl"
Act = Literal["build", "question", "refused question", "export", "page", "serve", "unserve"]


@dataclass(frozen=True)
class Entry:
    """One thing that was done. `at`: ISO, UTC. `said`: what to know of it; no values of rows and no statement."""

    number: int
    at: str
    who: str
    act: Act
    said: Mapping[str, str]
    mark: str


class Trail:
    """The trail in the folder of a sandbox. `key` is the hub's."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self._chain = Chain(folder / FILE, key, "the audit trail")

    def read(self, head: str | None = None) -> list[Entry]:
        """Every entry, in order.

        Args:
            head: the mark that the last one must have, where it is known.

        Raises:
            TamperedChain: says from which entry on it is not what was written.
        """
        return [Entry(**one) for one in self._chain.read(head)]

    def append(self, at: datetime, who: str, act: Act, said: Mapping[str, str]) -> Entry:
        """Write an entry to the end and return it.

        Args:
            at: with a zone.

        Raises:
            CgtError: nobody is named.
            TamperedChain: the trail so far is not what was written; nothing is added to such a one.
        """
        if not who.strip():
            raise CgtError("an audit trail says who", remedy="Give --who")
        one = {"at": at.isoformat(timespec="seconds"), "who": who.strip(), "act": act, "said": dict(said)}
        return Entry(**self._chain.append(one))


def of_statement(statement: str) -> str:
    """What stands for a statement in the trail: whoever has the statement can find it there."""
    return hashlib.sha256(statement.encode()).hexdigest()
