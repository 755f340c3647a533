"""The first cut of a year is without those who withdrew: the difference to the one before tells who they were."""

from __future__ import annotations

from collections.abc import Iterator

from tests.attack.families.small_changes import shown
from tests.attack.history import Found, History


def attack(history: History) -> Iterator[Found]:
    """Figures that changed over the turn of a year by more than new offsets explain, though fewer than k others changed."""
    yield from shown(history, at_new_year=True)
