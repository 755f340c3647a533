"""What a patient, or a donor with a chart, signs at a hospital, and takes back: the same whatever a hospital's system says it in.

No resource and no message. No share is published; all are chosen, so that a release has somebody of each kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports import _chart as chart
from cgt_etl.simulator.model import Journey

RESEARCH, WITHDRAWN = 0.9, 0.12
"""Shares of patients who sign for research, and of those, who take it back."""
PURPOSES: dict[tuple[str, ...], int] = {
    (): 4,
    ("HRESCH",): 3,
    ("DUO:0000042",): 4,
    ("DUO:0000007",): 1,
    ("DUO:0000042", "DUO:0000018"): 1,
}
"""Purposes that a research form names, with its weight: none, research of any kind in two code systems, one disease, not for profit."""


@dataclass(frozen=True)
class Signed:
    """One form."""

    scope: str
    """treatment or research."""
    given: datetime
    purposes: tuple[str, ...] = ()
    """Terms of DUO, or of HL7's ActReason; none for all that the scope allows."""
    withdrawn: datetime | None = None


def signed(journey: Journey, draws: Draws) -> Iterator[Signed]:
    """The forms of the day of referral; who dies takes nothing back after it."""
    yield Signed("treatment", chart.at(journey, journey.referred, 10))
    has_signed, is_withdrawn = draws.chance(RESEARCH), draws.chance(WITHDRAWN)
    purposes = draws.random.choices(list(PURPOSES), list(PURPOSES.values()))[0]
    left = chart.at(journey, journey.referred + timedelta(days=draws.random.randint(5, 120)), 15, 30)
    died = journey.outcome.died
    if has_signed:
        withdrawn = left if is_withdrawn and not (died and left.date() >= died) else None
        yield Signed("research", chart.at(journey, journey.referred, 10, 20), purposes, withdrawn)
