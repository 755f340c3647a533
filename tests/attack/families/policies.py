"""Policy fuzzing: random agreements and every request of a small network, crafted names, and restrictions that must not widen.

Whoever asks knows all agreements, asks for anything, and chooses names. Decisions are held against plain words that know no engine.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st

from cgt_etl.egress.rights.agreements import Network, Refusal, populations
from cgt_etl.egress.rights.decisions import Request, Rights, Use
from cgt_etl.errors import CgtError
from tests.attack.history import Figure, Found
from tests.egress.rights import crafted as names
from tests.egress.rights import world

WORLDS, ASKED = 4, 60
"""Networks that are drawn for a seed, of which the last is played, since the first are plain; requests, besides those that meet an
agreement, by which a restriction is tried."""


def attack(seed: int) -> Iterator[Found]:
    """Every request of a random network, and each way to restrict one of its agreements."""
    rng = random.Random(seed)
    of, extra = drawn(st.tuples(world.networks(least=1), world.refusals(9)), seed, WORLDS)[-1]
    fitting, rest = world.fitting(of), list(every(of, rng))
    yield from wider(of, [*fitting, *rest])
    asked = [*fitting, *rng.sample(rest, ASKED)]
    before = _allowed(of, asked)
    for how, restricted in world.restricted(of, rng.randrange(len(of.declared["ash"].agreements)), rng.choice, extra):
        if not _allowed(restricted, asked) <= before:
            yield _found(f"a restriction ({how}) gives more")


def wider(of: Network, asked: Sequence[Request]) -> Iterator[Found]:
    """What is allowed and would not be in plain words."""
    for one in Rights(of).decide(asked):
        if one.is_allowed and not world.oracle(of, one.request):
            yield _found(f"by {', '.join(one.policies)}")


def crafted(folder: Path, places: Iterable[tuple[str, ...]], texts: Iterable[str]) -> Iterator[Found]:
    """Names that are refused, or are names and nothing else."""
    plain = names.loaded(names.GIVEN, folder)
    asked = world.fitting(plain)
    before = _allowed(plain, asked)
    for place, text in product(places, texts):
        try:
            of = names.loaded(names.with_text(place, text), folder)
        except CgtError:
            continue
        yield from wider(of, asked)
        if not _allowed(of, asked) <= before and text != "everybody":
            yield _found(f"a name in {'.'.join(place)} gives more")


def every(of: Network, rng: random.Random) -> Iterator[Request]:
    """Everybody, of everybody who declared, every column, form, purpose and consent; days, conditions and modalities drawn."""
    whom = (world.ROLES, of.declared, world.NAMES, ("row", "aggregate"), world.PURPOSES, (None, *sorted(of.consents)))
    for recipient, contributor, name, form, purpose, consent in product(*whom):
        table, column = name.split(".")
        first, last = sorted(rng.choices(world.DAYS, k=2))
        yield Request(
            *(recipient, contributor, table, column, form),
            Use(purpose, frozenset(rng.sample(world.CONDITIONS, rng.randint(0, 4)))),
            *(rng.choice(world.DAYS), consent, rng.choice([None, frozenset(rng.sample(populations(), 1))])),
            *(rng.choice([None, first]), rng.choice([None, last])),
        )


def near(of: Network) -> Iterator[Request]:
    """Requests that meet an agreement, each with one thing asked for otherwise."""
    for one in world.fitting(of):
        yield one
        yield from (replace(one, contributor=other) for other in world.ROLES)
        yield from (replace(one, use=Use(purpose, one.use.accepts)) for purpose in world.PURPOSES)
        yield from (replace(one, as_of=day) for day in world.DAYS)
        yield replace(one, use=Use(one.use.purpose))
        for left_out in ("consent", "populations", "first_day", "last_day"):
            yield replace(one, **{left_out: None})


def drawn(strategy: st.SearchStrategy[Any], seed: int, many: int) -> list[Any]:
    """So many values of a strategy, the same for a seed."""
    found: list[Any] = []

    @seeded(seed)
    @settings(max_examples=many, database=None, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(strategy)
    def collect(one: Any) -> None:
        found.append(one)

    collect()
    return found


def over(refusal: Refusal) -> Network:
    """A plain agreement of everything with everybody, and one refusal beside it."""
    return world.network(world.agreement(), refusals=(refusal,))


def _allowed(of: Network, asked: Sequence[Request]) -> set[int]:
    return {number for number, one in enumerate(Rights(of).decide(asked)) if one.is_allowed}


def _found(says: str) -> Found:
    return Found(Figure.WIDENED, says)
