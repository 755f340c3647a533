"""Persons who were mixed up in a record, against the contradictions that the release shows.

A swap is found where a contradiction names one of its records. Both sides: another record of either person is shown against it, and each
person is named as one whose evidence is in question. One that leaves no contradiction among identifiers may leave one by its collection,
which is asked for likewise. A swap that leaves none cannot be found and is counted.
"""

from __future__ import annotations

from collections import defaultdict

from cgt_etl.simulator.scoring.figures import Figure, counted
from cgt_etl.simulator.scoring.links import Links
from cgt_etl.simulator.scoring.release import At
from cgt_etl.simulator.scoring.truth import Row


def figures(links: Links) -> list[Figure]:
    """Found and shown with both sides are asked for, whatever the defects; the rest is told."""
    shown, named = links.released.contradictions, _named(links)
    swaps = links.truth.swaps
    by_identifiers = [swap for swap in swaps if swap["leaves_contradiction"]]
    by_donation = [swap for swap in swaps if swap.get("is_contradicted_by_donation")]
    told = by_identifiers + by_donation

    def unfound(of: list[Row]) -> list[str]:
        return [_where(swap) for swap in of if not _places(links, swap) & shown.keys()]

    one_sided = [
        _where(swap) for swap in told if not _has_both_sides(links, swap, {at for at in shown if named[at] & set(swap["persons"])})
    ]
    mixed = {person for swap in told for person in swap["persons"]}
    strange = [f"delivery {delivery}, position {row}" for delivery, row in shown if not named[delivery, row] & mixed]
    return [
        counted("conflicts", "swaps that leave a contradiction, found", len(by_identifiers), unfound(by_identifiers), 1.0),
        counted("conflicts", "swaps that a donation contradicts, found", len(by_donation), unfound(by_donation), 1.0),
        counted("conflicts", "shown with both sides' evidence", len(told), one_sided, 1.0),
        counted("conflicts", "records shown, of the persons of a swap", len(shown), strange, None),
        Figure("conflicts", "swaps that leave none, of all", len(swaps) - len(told), len(swaps), None),
    ]


def _has_both_sides(links: Links, swap: Row, shown: set[At]) -> bool:
    subjects = {subject for at in shown for subject in links.released.contradictions[at]}
    persons = {person for subject in subjects for person in links.persons.get(subject, ())}
    return bool(shown - _places(links, swap)) and set(swap["persons"]) <= persons


def _named(links: Links) -> dict[At, set[int]]:
    """Record -> whose identifiers it names."""
    found: dict[At, set[int]] = defaultdict(set)
    for record in links.truth.records:
        if record["lands"] and record["file"] in links.delivery_of:
            found[links.delivery_of[record["file"]], record["position"]] |= {one["person"] for one in record["persons"] if one["survives"]}
    return found


def _places(links: Links, swap: Row) -> set[At]:
    return {(links.delivery_of[file], position) for file, position in swap["places"] if file in links.delivery_of}


def _where(swap: Row) -> str:
    kind = swap["swap"].split(" ")[0]
    return f"{kind} of {'; '.join(f'{file}, position {position}' for file, position in swap['places'])}"
