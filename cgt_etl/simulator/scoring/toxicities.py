"""Grades that a release makes of a syndrome's parts against the worst grade of the days of which standing records state parts.

Asked of persons of whom a standing record states an infusion: a syndrome is counted from one.
"""

from __future__ import annotations

from collections import defaultdict

from cgt_etl.simulator.scoring.figures import Figure, counted
from cgt_etl.simulator.scoring.links import Links


def figures(links: Links, target: float | None) -> list[Figure]:
    """Both are asked for by `target`: a part that was set aside may have been the worst of its day."""
    truth, released = links.truth, links.released
    infused = {event["person"] for record in truth.standing for event in record["events"] if event["event_type"] == "infusion_started"}
    worst: dict[tuple[int, str], int] = {}
    where: dict[tuple[int, str], str] = {}
    for record in truth.standing:
        if record["graded"]:
            scale, grade = record["graded"]
            for one in record["persons"]:
                key = one["person"], scale
                if one["person"] in infused and grade >= worst.get(key, 0):
                    worst[key], where[key] = grade, f"{scale} of {record['file']}, position {record['position']}"
    told: dict[tuple[int, str], int] = defaultdict(int)
    strange = []
    rows = released.table("outcome", "subject_id", "outcome_type", "basis_code", "grade", "source_delivery", "source_row")
    graded = [row for row in rows if row[2] == "graded"]
    for subject, scale, _, grade, delivery, row in graded:
        persons = links.persons.get(subject, set())
        if not any((person, scale) in worst for person in persons):
            strange.append(f"{scale} of delivery {delivery}, position {row}")
        for person in persons:
            told[person, scale] = max(told[person, scale], grade)
    wrong = [where[key] for key, grade in worst.items() if key not in told or told[key] != grade]
    return [
        counted("outcomes", "worst consensus grade, of its parts", len(worst), wrong, target),
        counted("outcomes", "graded of parts, nothing else", len(graded), strange, target),
    ]
