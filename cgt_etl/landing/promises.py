"""Promised against delivered: for each feed that a partner promised, when it last came and whether that keeps its promise.

Judges how often a feed comes, from manifests alone. Not how fast its facts are told (`delay_days` is carried, for whoever compares event
times): that takes rows. Opens no vault and knows no clock: the time is an argument.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from cgt_etl.contracts.model import Promise
from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.landing.delivery import Delivery, Manifest, sequence_key

Verdict = Literal["on time", "late", "never delivered", "no promise"]
VERDICTS: tuple[Verdict, ...] = get_args(Verdict)


@dataclass(frozen=True)
class Standing:
    """Where one promised feed stands at a stated time."""

    partner: str
    feed: str
    owner: str
    """Who answers for the partner's deliveries."""
    promise: Promise
    last_sequence: str | None
    """Of the delivery that came last; None where none was admitted. A file refused whole keeps no promise."""
    last_received_at: str | None
    """When its bytes first came; ISO, UTC."""
    age_days: int | None
    """Whole days since then."""
    verdict: Verdict

    @property
    def is_broken(self) -> bool:
        return self.verdict in ("late", "never delivered")

    def line(self) -> str:
        """One sentence, without a data value."""
        of = f"{self.partner}/{self.feed}: {self.verdict}"
        often = f"promised every {self.promise.every_days} d" if self.promise.every_days else "how often was not promised"
        came = f"; last {self.last_sequence}, received {self.last_received_at}, {self.age_days} d ago" if self.last_received_at else ""
        return f"{of}; {often}{came}; owner {self.owner}"


def standings(registry: Registry, listed: Iterable[Delivery], as_of: datetime) -> list[Standing]:
    """One per promised feed, sorted by partner and feed.

    Args:
        listed: everything that has landed (`delivery.deliveries`).
        as_of: with a zone. A day that has only begun is not counted, so a daily feed is late once two days are full.
    """
    came: dict[tuple[str, str], list[Manifest]] = {}
    for one in listed:
        if one.status == "landed":
            came.setdefault((one.partner, one.feed), []).append(one.manifest)
    return [_standing(binding, came.get((binding.partner.partner, binding.feed.name), []), as_of) for binding in registry.bindings]


def _standing(binding: Binding, came: list[Manifest], as_of: datetime) -> Standing:
    promise = binding.promise
    last = max(came, key=lambda one: (datetime.fromisoformat(one.received_at), sequence_key(one.sequence), one.sha256), default=None)
    age_days = (as_of - datetime.fromisoformat(last.received_at)).days if last else None
    return Standing(
        partner=binding.partner.partner,
        feed=binding.feed.name,
        owner=binding.partner.owner,
        promise=promise,
        last_sequence=last.sequence if last else None,
        last_received_at=last.received_at if last else None,
        age_days=age_days,
        verdict=_verdict(promise, age_days),
    )


def _verdict(promise: Promise, age_days: int | None) -> Verdict:
    if age_days is None:
        return "never delivered"
    if promise.every_days is None:
        return "no promise"
    return "late" if age_days > promise.every_days else "on time"
