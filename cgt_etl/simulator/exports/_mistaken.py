"""How exports tell of identities that were exchanged. Which records it happens in is theirs; who is mistaken for whom is the world's."""

from __future__ import annotations

from cgt_etl.simulator.facts import Swap
from cgt_etl.simulator.model import Journey, Mistake
from cgt_etl.simulator.world.mistaken import RESULTS


def mistaken(journey: Journey, *kinds: str) -> Mistake | None:
    """The journey's mistake of one of these kinds; None where there is none, or where the other has no such identifier."""
    return next((one for one in journey.mistakes if one.kind in kinds and (one.other_coi or "chain" not in one.kind)), None)


def swap(journey: Journey, mistake: Mistake | None) -> Swap | None:
    """What the truth calls it: an exchange has one name in the records of both."""
    if mistake is None:
        return None
    one, other = journey.patient.number, mistake.other.number
    is_double = mistake.kind == RESULTS
    return Swap(f"{mistake.kind} {min(one, other) if is_double else one}", (one, other), is_double)
