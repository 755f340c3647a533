"""Families x worlds: which attack is played where, for each seed or once, and what it found. All of it must be nought."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tests.attack import worlds
from tests.attack.families import (
    canaries,
    curves,
    dominance,
    escaping,
    membership,
    metadata,
    policies,
    probing,
    programme,
    self_subtraction,
    small_changes,
    tools,
    tracker,
    withdrawal,
)
from tests.attack.history import Figure, Found, History
from tests.e2e.conftest import declared, simulate
from tests.egress.rights.crafted import CRAFTED, NAMED
from tests.sandbox import world as sandbox_world
from tests.sandbox.escapes import BOMBS, attacks

CUTS, CUTS_FULL = 4, 20
"""Cuts of an audited ledger: over the turn of a year; five years in full."""


class Played:
    """The worlds of one seed, each played when the first attack asks for it."""

    def __init__(self, seed: int, folder: Path, cuts: int = CUTS) -> None:
        self.seed, self._folder, self._cuts = seed, folder, cuts

    @cached_property
    def engine(self) -> History:
        return worlds.small_changes(self.seed)

    @cached_property
    def ledger(self) -> History:
        return worlds.audited(self.seed, self._folder / "ledger", self._cuts)

    @cached_property
    def twins(self) -> tuple[Path, Path]:
        return worlds.twins(self.seed, self._folder / "twins")


class Family(NamedTuple):
    """An attack that is played for each seed, by the name that it has in the table, and what it is played on."""

    name: str
    world: str
    attack: Callable[[Played], Iterator[Found]]


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
    Family("policy fuzzing", "random agreements", lambda played: policies.attack(played.seed)),
)
PAIRS = "every pair colluding"
"""A row of its own: what the families above found for two who collude."""


def play(seeds: Iterable[int], cuts: int = CUTS) -> dict[str, Counter[Figure]]:
    """What each family found, over all seeds; what every two who collude found stands also under `PAIRS`."""
    found: dict[str, Counter[Figure]] = {one.name: Counter() for one in FAMILIES} | {PAIRS: Counter()}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            played = Played(seed, Path(folder), cuts)
            for family in FAMILIES:
                for one in family.attack(played):
                    found[family.name][one.figure] += 1
                    found[PAIRS][one.figure] += len(one.who) > 1
    return found


def members(seeds: Iterable[int]) -> dict[str, membership.Curve]:
    """The curve of each attack that infers membership, over the answers of all seeds."""
    return membership.pooled([membership.curves(f"hub {seed}") for seed in seeds])


class Once(NamedTuple):
    """An attack that is the same for every seed. Gets a folder of its own."""

    name: str
    attack: Callable[[Path], Iterator[Found]]


def _metadata(folder: Path) -> Iterator[Found]:
    one, other = worlds.twin_shares(folder)
    yield from metadata.shares(one, other)
    yield from metadata.statistics(one)
    yield from metadata.refusals()


def _escapes(folder: Path) -> Iterator[Found]:
    outside = worlds.outside(folder)
    yield from escaping.statements(outside, attacks(outside))
    yield from escaping.bombs(outside, BOMBS)


def _canaries(folder: Path) -> Iterator[Found]:
    made = sandbox_world.home(folder / "home")
    rows = sandbox_world.cut(made)
    yield from canaries.sandboxes(made, folder / "copies")
    yield from canaries.collective(made, rows, folder / "questions")
    yield from canaries.shares(folder / "shares")
    yield from canaries.every_card()


def _night(folder: Path) -> Iterator[Found]:
    (folder / "few").mkdir()
    home = declared(folder / "few", simulate(folder / "sample", nights=1)).home
    home.cli("run", "--inbox", str(home.inbox), anew=True)  # through Dagster
    yield from tools.attack(home.path)


ONCE = (
    Once("metadata of shares and refusals", _metadata),
    Once("escape statements and bombs", _escapes),
    Once("canaries of every tenant", _canaries),
    Once("crafted names in agreements", lambda folder: policies.crafted(folder, NAMED, CRAFTED)),
)
WHOLE_NIGHT = Once("Data Docs, dbt and Dagster of a night", _night)
"""Takes a minute; each commit plays it in `tests/e2e/test_canaries.py`."""


def once(played: Iterable[Once] = ONCE) -> dict[str, Counter[Figure]]:
    """What those found that are the same for every seed."""
    found: dict[str, Counter[Figure]] = {}
    for one in played:
        with tempfile.TemporaryDirectory() as folder:
            found[one.name] = counted(one.attack(Path(folder)))
    return found


def counted(found: Iterable[Found]) -> Counter[Figure]:
    return Counter(one.figure for one in found)
