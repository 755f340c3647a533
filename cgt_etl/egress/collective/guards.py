"""The defences of a collective cell, each a function of its own, with the reason why it is there.

Pure arithmetic. `tests/attack` takes each away in turn and sees an attack succeed.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence

from cgt_etl.egress.collective.counting import Change, View, views
from cgt_etl.egress.collective.plan import Cell

LEAST = 11
"""k: fewest subjects of others that a cell rests on, and fewest whose change may show (issue 8; R52)."""
BASE = 11
"""What counts are rounded to: a multiple of it is published. At least k."""
CONTRIBUTORS = 3
"""Fewest contributors left when the worst requester and colluder are taken away: five in fact."""
LARGEST_SHARE = 0.6
"""Of what is left, that one contributor may have."""
RESTING = 20
"""One cell in so many is withheld for a year, drawn by the key: so that a cell that comes or goes at a re-base says nothing."""


def lookers(names: Sequence[str]) -> list[View]:
    """Everybody against whom a cell is protected: the public, each contributor, and each two of them together."""
    return views(names)


def offset(key: bytes, epoch: int, cell: Cell, allowed: Sequence[int]) -> int:
    """What is added to a cell's count before it is rounded down: 0 to `BASE`, secret, the same all through a year.

    Fixed, so that asking again says nothing new: it cannot be averaged away. Secret, so that who adds own rows until the count tips over,
    and then takes them off, is left with `BASE` + 1 possible counts. New each year, so that a cell that moves by one step when the
    withdrawn are taken out may as well have moved without anybody's leaving. `BASE` + 1 values and not `BASE`: two years' roundings of an
    unchanged count then still leave `BASE` possible ones.
    """
    return allowed[_draw(key, "offset", epoch, cell) % len(allowed)]


def rests(key: bytes, epoch: int, cell: Cell) -> bool:
    """Whether the cell is withheld this year whatever is in it."""
    return _draw(key, "rest", epoch, cell) % RESTING == 0


def rounded(count: int, offset: int) -> int:
    """A multiple of `BASE`, less than `BASE` below the count and at most `BASE` above it."""
    return (count + offset) // BASE * BASE


def is_enough(others: int) -> bool:
    """Whether enough subjects are others', given what whoever looks is left with: the published figure less own rows.

    Asked of that figure, which they can work out anyway, and not of the true count: a threshold on the true count would itself be told by
    the cell's being there, and cut off a part of the rounding. `BASE` more than k, by as much as rounding may have added.
    """
    return others >= LEAST + BASE


def is_of_several(foreign: Mapping[str, int]) -> bool:
    """Whether enough contributors are left."""
    return sum(number > 0 for number in foreign.values()) >= CONTRIBUTORS


def is_nobodys(foreign: Mapping[str, int]) -> bool:
    """Whether nobody has most of what is left."""
    return max(foreign.values(), default=0) <= LARGEST_SHARE * sum(foreign.values())


def may_change(since_evaluated: Change, since_changed: Change) -> bool:
    """Whether enough subjects of others changed for a cell to be looked at again.

    Since it was last looked at, so that a single subject cannot be the one that tips it over; and since it last changed, so that
    subjects who came and went do not let a change of own rows show alone.
    """
    return min(since_evaluated.subjects, since_changed.subjects) >= LEAST


def is_new(since_earlier: Change) -> bool:
    """Whether enough subjects of others changed since any other time that the cell was looked at, in this year or before.

    Otherwise others who came and went, with figures between, would let the few who changed since a figure of long ago show against it.
    """
    return since_earlier.subjects >= LEAST


def steps_back(value: int, own_change: int, before: int) -> bool:
    """Whether a re-based figure could be the rounding of an unchanged count, to somebody whose own rows changed by `own_change`."""
    return abs(value - own_change - before) <= 2 * BASE - 1


def _draw(key: bytes, purpose: str, epoch: int, cell: Cell) -> int:
    said = "\x1f".join((purpose, str(epoch), *cell.categories, cell.table)).encode()
    return int.from_bytes(hmac.new(key, said, hashlib.sha256).digest()[:8], "big")
