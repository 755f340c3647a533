"""Families x worlds: which attack is played where, and what it found over many seeds. All of it must be nought."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tests.attack import worlds
from tests.attack.families import curves, dominance, metadata, probing, programme, self_subtraction, small_changes, tracker, withdrawal
from tests.attack.history import Figure, Found, History

CUTS, CUTS_FULL = 4, 20
"""Cuts of an audited ledger: over the turn of a year; five years in full."""


class Played:
    """The worlds of one seed, each played when the first attack asks for it."""

    def __init__(self, seed: int, folder: Path, cuts: int = CUTS) -> None:
        self._seed, self._folder, self._cuts = seed, folder, cuts

    @cached_property
    def engine(self) -> History:
        return worlds.small_changes(self._seed)

    @cached_property
    def ledger(self) -> History:
        return worlds.audited(self._seed, self._folder / "ledger", self._cuts)

    @cached_property
    def twins(self) -> tuple[Path, Path]:
        return worlds.twins(self._seed, self._folder / "twins")


class Family(NamedTuple):
    """An attack, by the name that it has in the table, and what it is played on; or where else it is played."""

    name: str
    world: str
    attack: Callable[[Played], Iterator[Found]] | None


def _ledger_bytes(played: Played) -> Iterator[Found]:
    one, other = played.twins
    yield from metadata.ledgers(one / "released", other / "released")
    yield from metadata.marks(one / "released", one / "hub")


FAMILIES = (
    Family("linear programme over the whole ledger", "audited ledger", lambda played: programme.attack(played.ledger)),
    Family("tracker pairs", "24 cuts", lambda played: tracker.attack(played.engine)),
    Family("self-subtraction", "24 cuts", lambda played: self_subtraction.attack(played.engine)),
    Family("adding own rows to probe", "24 cuts", lambda played: probing.attack(played.engine)),
    Family("cuts of small changes", "24 cuts", lambda played: small_changes.attack(played.engine)),
    Family("withdrawal difference", "24 cuts", lambda played: withdrawal.attack(played.engine)),
    Family("dominance and outliers", "24 cuts", lambda played: dominance.attack(played.engine)),
    Family("quartiles and steps of curves", "24 cuts", lambda played: curves.moves(played.engine)),
    Family("withheld steps of curves", "audited ledger", lambda played: curves.attack(played.ledger)),
    Family("metadata of what is released", "twin ledgers", _ledger_bytes),
    Family("escape statements", "sandbox", None),
    Family("policy fuzzing", "rights", None),
    Family("canaries of every tenant", "sandbox", None),
    Family("membership inference", "collective questions", None),
)
PAIRS = "every pair colluding"
"""A row of its own: what the families above found for two who collude."""


def play(seeds: Iterable[int], cuts: int = CUTS) -> dict[str, Counter[Figure]]:
    """What each family found, over all seeds; what every two who collude found stands also under `PAIRS`."""
    found: dict[str, Counter[Figure]] = {one.name: Counter() for one in FAMILIES if one.attack} | {PAIRS: Counter()}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            played = Played(seed, Path(folder), cuts)
            for family in FAMILIES:
                for one in family.attack(played) if family.attack else ():
                    found[family.name][one.figure] += 1
                    found[PAIRS][one.figure] += len(one.who) > 1
    return found


def once() -> Counter[Figure]:
    """What metadata tell that is the same for every seed: shares, refusals, pages."""
    with tempfile.TemporaryDirectory() as folder:
        one, other = worlds.twin_shares(Path(folder))
        found = [*metadata.shares(one, other), *metadata.statistics(one), *metadata.refusals(), *metadata.pages()]
    return Counter(each.figure for each in found)
