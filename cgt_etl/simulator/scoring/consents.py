"""Released consents against those that standing records state: scope, purpose, day and withdrawal, of the right person; no other."""

from __future__ import annotations

from collections import Counter

from cgt_etl.simulator.scoring.figures import Figure, counted
from cgt_etl.simulator.scoring.links import Links
from cgt_etl.simulator.scoring.release import At

Said = tuple[str, str | None, str, str | None]
"""Scope, purpose, day on which it was given, instant of its withdrawal."""


def figures(links: Links, found_target: float, target: float | None) -> list[Figure]:
    """Found is asked for by `found_target`, the rest by `target`; a consent for several purposes counts once for each."""
    truth, released = links.truth, links.released
    stated: Counter[tuple[At, Said]] = Counter()
    person_of: dict[At, int] = {}
    for record in truth.standing:
        said = record["consent"]
        if said:
            file: str = record["file"]
            at = links.delivery_of.get(file, file), int(record["position"])
            person_of[at] = said["person"]
            stated.update((at, (said["scope"], purpose, said["given"], said["withdrawn"])) for purpose in said["purposes"] or [None])
    told: Counter[tuple[At, Said]] = Counter()
    of_another = []
    columns = ("subject_id", "scope_code", "purpose_code", "given_date", "withdrawn_at_utc", "source_delivery", "source_row")
    for subject, scope, purpose, given, withdrawn, delivery, row in released.table("consent", *columns):
        told[(delivery, row), (scope, purpose, given.isoformat(), withdrawn and withdrawn.isoformat())] += 1
        if links.persons.get(subject) != {person_of.get((delivery, row))}:
            of_another.append(_where((delivery, row)))
    return [
        counted("consents", "found", stated.total(), [_where(at) for at, _ in (stated - told).elements()], found_target),
        counted("consents", "nothing else", told.total(), [_where(at) for at, _ in (told - stated).elements()], target),
        counted("consents", "subject", told.total(), of_another, target),
    ]


def _where(at: At) -> str:
    return f"consent of {at[0]}, position {at[1]}"
