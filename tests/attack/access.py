"""Defences of sandboxes, rights and questions, each taken away as in `defences`. What succeeds then is the same for every seed."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from cgt_etl.egress.questions import gate, noise
from cgt_etl.egress.rights import decisions, policies
from cgt_etl.egress.rights.agreements import Refusal
from cgt_etl.sandbox import own
from cgt_etl.settings import Settings
from tests.attack import worlds
from tests.attack.defences import Deleted
from tests.attack.families import canaries, escaping, membership
from tests.attack.families import policies as fuzzing
from tests.attack.history import Found
from tests.egress.rights import world
from tests.sandbox.escapes import Outside
from tests.sandbox.locked import LOCKS, Lock
from tests.sandbox.world import TENANTS, home

POLICIES, TERMS, STREAM, ROWS = policies.policies, policies._terms, noise.Stream.__init__, own.tables
ALWAYS = {"Value": True}


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Gone with the process."""
    return tempfile.TemporaryDirectory()


@cache
def _outside() -> Outside:
    return worlds.outside(Path(_folder().name))


@cache
def _home() -> Settings:
    return home(Path(_folder().name) / "home")


class Unlocked(NamedTuple):
    """A lock of the process that answers questions, taken away with those that cover for it."""

    lock: Lock

    @property
    def defence(self) -> str:
        return self.lock.name

    def is_missed(self, seed: int) -> bool:
        return any(True for _ in escaping.unlocked(_outside(), self.lock))


def _store(seed: int) -> Iterator[Found]:
    return canaries.opened(_home(), TENANTS[0])


def _asked(of: world.Network) -> Callable[[int], Iterator[Found]]:
    return lambda seed: fuzzing.wider(of, list(fuzzing.near(of)))


def _without(*effects: str, names: tuple[str, ...] = ()) -> Callable[[world.Network], dict[str, Any]]:
    return lambda of: {name: one for name, one in POLICIES(of).items() if one["effect"] not in effects and name not in names}


def _but(term: str, operator: str = "") -> Callable[..., Iterator[Any]]:
    """The terms of an agreement but those that ask about this, by this operator where one is given."""

    def kept(one: Any) -> bool:
        said = json.dumps(one)
        return f'"{term}"' not in said or not said.startswith(f'{{"{operator}')

    return lambda agreement: filter(kept, TERMS(agreement))


def _of_the_other(settings: Any, registry: Any, release: Any, partner: str, key: bytes) -> Iterator[own.Table]:
    return ROWS(settings, registry, release, next(one for one in TENANTS if one != partner), key)


REFUSAL = Refusal.model_validate({"refusal": "no", "to": "everybody", "what": ["batch.batch_id"], "why": "because"})
NARROW = world.network(
    world.agreement(
        to={"partner": "cedar"},
        purposes=["DUO:0000006"],
        conditions=["DUO:0000019"],
        tables=["batch"],
        tier="aggregate_only",
        populations=["auto_cart"],
        first_day=world.DAYS[1],
        last_day=world.DAYS[3],
        signed=world.DAYS[2],
        expires=world.DAYS[4],
    )
)
"""An agreement that is narrow in every term."""
RIGHTS = (
    Deleted("policies", decisions, _without("forbid"), _asked(fuzzing.over(REFUSAL))),
    Deleted(
        "policies",
        decisions,
        _without(names=(policies.NOT_SHARED,)),
        _asked(world.network(world.agreement(columns={"batch.recipe": "network"}))),
    ),
    Deleted("_of", policies, lambda contributor: ALWAYS, _asked(NARROW)),
    Deleted("_scope", policies, lambda to: policies._ALL, _asked(NARROW)),
    Deleted("_tier", policies, lambda agreement, form: ALWAYS, _asked(NARROW)),
    Deleted("_terms", policies, _but("as_of", ">="), _asked(NARROW)),
    Deleted("_terms", policies, _but("as_of", "<="), _asked(NARROW)),
    *(
        Deleted("_terms", policies, _but(term), _asked(NARROW))
        for term in ("Table", "purpose", "consent", "met", "populations", "first_day", "last_day")
    ),
)
QUESTIONS = (
    Deleted("noisy", noise, lambda stream, values, variances: list(values), lambda seed: membership.questioned("model of three", 60, 60)),
    Deleted("opens", gate, lambda stream, slack: True, lambda seed: membership.few_contributors()),
    Deleted("__init__", noise.Stream, lambda self, key, said: STREAM(self, key, "always the same"), lambda seed: membership.two_answers()),
)
SANDBOX = (
    *map(Unlocked, LOCKS),
    Deleted("retokened", own, lambda frame, columns, key: frame, _store),
    Deleted("tables", own, _of_the_other, _store),
)
ALL = (*RIGHTS, *QUESTIONS, *SANDBOX)
