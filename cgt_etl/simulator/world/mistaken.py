"""Who is taken for whom: identities that are exchanged when something is written down. What happened to whom stays as it was.

One patient has at most one wrong number, chain of identity or merge; samples are exchanged in pairs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.model import Journey, Mistake
from cgt_etl.simulator.parties import Network
from cgt_etl.simulator.world.journeys import journey as journey_of

CHART, COLLECTION, CHAIN, RESULTS = "number_in_chart", "number_at_collection", "chain_at_collection", "results_exchanged"
MERGE = "merged_by_mistake"


@dataclass(frozen=True)
class Rates:
    """Shares of the patients in whose records it can happen."""

    chart: float
    """A record of the hospital's master file under another patient's number."""
    collection: float
    """A collection under another patient's number."""
    chain: float
    """A collection under another patient's chain-of-identity id."""
    results: float
    """Pairs of patients whose tubes of one morning are exchanged."""
    merge: float
    """A patient whose record another's is merged into, until somebody sees it; at a hospital that speaks of merges."""


RATES: Mapping[str, Rates] = {
    "none": Rates(0, 0, 0, 0, 0),
    "typical": Rates(0.005, 0.02, 0.01, 0.01, 0.02),
    "harsh": Rates(0.015, 0.05, 0.025, 0.03, 0.06),
}
"""Chosen, so that a few hundred journeys hold some of each. Wrong blood in tube is published as about one sample in two thousand
(a seed: unverified here); of the others no figure was found."""


def with_mistakes(journey: Journey, network: Network, count: int, seed: int, level: str) -> Journey:
    """The journey with what is mistaken in its records at this level of defects."""
    rates, places = RATES[level], len(network.hospitals)
    number, found = journey.number, []
    draws = Draws.seeded(seed, "mistake", number)
    drawn, steps = draws.random.random(), draws.random.randrange(1, 5) * places
    others = [one for one in (number + steps, number - steps) if 1 <= one <= count]
    if others:
        shares = ((CHART, rates.chart), (COLLECTION, rates.collection), (CHAIN, rates.chain), (MERGE, rates.merge))
        for kind, share in shares:
            if drawn < share:
                found.append(_mistake(kind, journey_of(network, count, seed, others[0])))
                break
            drawn -= share
    is_second = (number - 1) // places % 2
    first, other = number - is_second * places, number + (-places if is_second else places)
    if other <= count and Draws.seeded(seed, "exchanged results", first).chance(rates.results):
        found.append(_mistake(RESULTS, journey_of(network, count, seed, other)))
    return replace(journey, mistakes=tuple(found))


def _mistake(kind: str, other: Journey) -> Mistake:
    return Mistake(kind, other.patient, other.coi)
