"""Which kind of journey each number is, and what the first thirty must show; no journey needs another to know this.

The first thirty are laid out by hand so that the small demonstration has every kind. After them 20 numbers in a row hold 10 autologous,
2 unrelated, 2 related and 1 cord blood transplant, 1 of gene-edited stem cells, 3 off-the-shelf and 1 combined, in an order that moves on,
so that no kind sticks to one place of the network.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

AUTO, NK, COMBINED, EDITED = "auto_cart", "allo_nk", "combined", "ghsc"
HSCT, RELATED, CORD = "hsct", "related_hsct", "cord_hsct"
TRANSPLANTS = (HSCT, RELATED, CORD)
SEQUENCES = ("t_then_nk", "nk_then_t", "together")
HEAD = tuple(
    {"a": AUTO, "h": HSCT, "r": RELATED, "k": CORD, "g": EDITED, "n": NK, "c": COMBINED}[letter]
    for letter in "aahngaachaaagkhacanaaranarhcak"
)  # fmt: skip
CYCLE = (AUTO,) * 10 + (HSCT,) * 2 + (RELATED,) * 2 + (CORD,) + (EDITED,) + (NK,) * 3 + (COMBINED,)
"""Chosen: cord blood and gene-edited cells are rarer than one in twenty, and stand here so that there is something to see of them."""
WANTED: dict[int, frozenset[str]] = {
    number: frozenset(wanted.split())
    for number, wanted in {
        1: "retreated", 2: "two_days pooled stopped", 5: "backup_used", 6: "delay withheld", 7: "ninety", 8: "",
        10: "bendamustine terminated remade", 11: "oos pathway", 12: "before_collection", 13: "", 14: "", 16: "after_collection", 17: "",
        18: "terminated lost", 20: "unfit", 21: "excursion split second_dose", 22: "haploidentical", 23: "four_days pooled identity_swap",
        25: "oos rejected remade", 26: "", 27: "repeat", 28: "", 29: "oos no_pathway seal_broken two_days", 30: "two_units",
    }.items()
}  # fmt: skip
"""What must happen in a journey of the head, and nothing else that is rare."""
RECIPIENTS = 5
"""Consecutive journeys with an off-the-shelf arm that one batch serves."""


@dataclass(frozen=True)
class Plan:
    """What is laid down for one journey."""

    number: int
    modality: str
    wanted: frozenset[str] | None
    """None: nothing is laid down, all is drawn."""

    def decide(self, name: str, drawn: bool) -> bool:
        """Whether a rare thing happens: as laid down, else as drawn."""
        return drawn if self.wanted is None else name in self.wanted


def plan(number: int) -> Plan:
    """The plan of a journey, by its number from 1."""
    return Plan(number, modality(number), WANTED.get(number))


def modality(number: int) -> str:
    if number <= len(HEAD):
        return HEAD[number - 1]
    return _cycle((number - len(HEAD) - 1) // len(CYCLE))[(number - len(HEAD) - 1) % len(CYCLE)]


def _cycle(cycle: int) -> tuple[str, ...]:
    return _cycles()[cycle % len(CYCLE)]


@cache
def _cycles() -> tuple[tuple[str, ...], ...]:
    size = len(CYCLE)
    return tuple(tuple(CYCLE[(place * 7 + cycle * 3) % size] for place in range(size)) for cycle in range(size))


def sequence(number: int) -> str:
    """Order of the two arms of a combined journey, each in turn."""
    if number <= len(HEAD):
        return SEQUENCES[HEAD[: number - 1].count(COMBINED)]
    return SEQUENCES[(number - len(HEAD) - 1) // len(CYCLE) % len(SEQUENCES)]


_NEEDS = (NK, COMBINED)
_HEAD_NEEDS = tuple(place + 1 for place, kind in enumerate(HEAD) if kind in _NEEDS)
_CYCLE_NEEDS = sum(kind in _NEEDS for kind in CYCLE)


def block(number: int) -> int:
    """Number, from 0, of the off-the-shelf batch that serves this journey, which has such an arm."""
    if number <= len(HEAD):
        before = _HEAD_NEEDS.index(number)
    else:
        cycle, place = divmod(number - len(HEAD) - 1, len(CYCLE))
        within = sum(kind in _NEEDS for kind in _cycle(cycle)[:place])
        before = len(_HEAD_NEEDS) + cycle * _CYCLE_NEEDS + within
    return before // RECIPIENTS


def host(number: int) -> int:
    """The first journey that a block serves, in which its collection and batch stand."""
    ordinal = number * RECIPIENTS
    if ordinal < len(_HEAD_NEEDS):
        return _HEAD_NEEDS[ordinal]
    cycle, within = divmod(ordinal - len(_HEAD_NEEDS), _CYCLE_NEEDS)
    places = [place for place, kind in enumerate(_cycle(cycle)) if kind in _NEEDS]
    return len(HEAD) + cycle * len(CYCLE) + places[within] + 1
