"""Statements that try to get out of a locked sandbox, and questions that never end or take everything."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from tests.attack.history import Figure, Found
from tests.sandbox.escapes import Attack, Outside
from tests.sandbox.locked import WORKER, Lock, attacked, everything, succeeds, told

ENDED_S = 10.0
"""Seconds in which a bomb is refused that has less than one: the rest is for a busy machine."""
_OWN = "select count(*) from own.event"


def escaped(says: str) -> Found:
    return Found(Figure.ESCAPED, says)


def statements(outside: Outside, tried: Iterable[Attack], worker: str = WORKER) -> Iterator[Found]:
    """Statements that are answered, or are told a mark; a byte outside that was changed; a session that answers nothing any more."""
    before = everything(outside.folder)
    with attacked(outside, worker) as session:
        yield from (escaped(f"{one.family}: {one.statement}") for one in tried if succeeds(session, one))
        if not told(session, _OWN)[0]:
            yield escaped("own questions are not answered afterwards")
    if everything(outside.folder) != before:
        yield escaped("what lies outside was changed")


def bombs(outside: Outside, tried: Iterable[str]) -> Iterator[Found]:
    """Questions that are answered, or not refused in time."""
    with attacked(outside, longest_s=0.7) as session:
        for bomb in tried:
            session.ask("select 1")  # the process is there
            begun = time.monotonic()
            if told(session, bomb)[0] or time.monotonic() - begun > ENDED_S:
                yield escaped(f"bomb: {bomb}")
        if not told(session, _OWN)[0]:
            yield escaped("own questions are not answered afterwards")


def unlocked(outside: Outside, lock: Lock) -> Iterator[Found]:
    """What a statement achieves once a lock and those that cover for it are gone."""
    with attacked(outside, lock.deleted) as session:
        if told(session, lock.attack(outside))[0]:
            yield escaped(f"{lock.name}: {lock.statement}")
