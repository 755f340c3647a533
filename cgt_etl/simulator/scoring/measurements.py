"""Released measurements against those that standing records state: each found, once, with its value, time and person; no more.

A released measurement is one that its record states, by name and position; of several in one record it is the one that it is most like.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cgt_etl.simulator.scoring.events import right_time
from cgt_etl.simulator.scoring.figures import Figure, counted
from cgt_etl.simulator.scoring.links import Links
from cgt_etl.simulator.scoring.release import At, Released
from cgt_etl.simulator.scoring.truth import TruthFiles

PART = "measurements"
TOLERANCE = 1e-6
"""Relative: a converted value is rounded to six decimals."""


@dataclass
class Stated:
    """One true measurement, and the released ones that rest on it."""

    measurement: str
    object: str
    person: int | None
    journey: int
    where: str
    value: float | None
    unit: str
    text: str
    comparator: str
    times: list[tuple[str, str | None, bool]] = field(default_factory=list)
    """Of each record that states it: local time, instant, whether it lost a part."""
    told: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class One:
    """A released measurement."""

    id: str
    measurement: str
    subject: str | None
    local: str | None
    utc: str | None
    value: float | None
    unit: str | None
    text: str | None
    comparator: str | None
    at: At

    @property
    def where(self) -> str:
        return f"{self.measurement} of delivery {self.at[0]}, position {self.at[1]}"


def figures(links: Links, found_target: float, target: float | None) -> Iterator[Figure]:
    """Found and its value are asked for by `found_target`, the rest by `target`."""
    truth, released = links.truth, links.released
    stated, by_place = _stated(truth, links.delivery_of)
    said = _released(released)
    extra = _match(said, by_place)
    found = [one for one in stated if one.told]
    pairs = [(one, said[id_]) for one in found for id_ in one.told]
    yield counted(PART, "found", len(stated), [one.where for one in stated if not one.told], found_target)
    yield counted(PART, "found once", len(found), [one.where for one in found if len(one.told) > 1], target)
    yield counted(PART, "nothing else", len(said), [one.where for one in extra], target)
    yield counted(PART, "value and unit", len(pairs), [one.where for one, other in pairs if not _is_value(one, other)], found_target)
    yield counted(PART, "subject", len(pairs), [one.where for one, other in pairs if not _is_about(links, one, other)], target)
    yield counted(
        PART, "instant", len(pairs), [one.where for one, other in pairs if not right_time(one.times, other.local, other.utc)], target
    )
    misplaced, apart = _misplaced(links, pairs)
    yield counted(PART, "journey", len(pairs), [one.where for one in misplaced], target)
    yield Figure(PART, "of things and donors, in a journey", len(apart) - sum(apart), len(apart), None)


def _stated(truth: TruthFiles, delivery_of: dict[str, str]) -> tuple[list[Stated], dict[tuple[str, At], list[Stated]]]:
    """True measurements, and by name and place those that a standing record there states.

    Records that say one value of one thing state one measurement; one that says another (a slip in the row of one of two bags) its own.
    """
    found: dict[tuple[str, str, float | None, str], Stated] = {}
    places: dict[tuple[str, At], list[Stated]] = defaultdict(list)
    for record in truth.standing:
        for said in record["measurements"]:
            name = said["measurement"]
            where = f"{name} of {record['file']}, position {record['position']}"
            one = found.setdefault(
                (name, said["object"], said["value"], said["text"]),
                Stated(
                    name, said["object"], said["person"], record["journey"], where, said["value"], said["unit"], said["text"],
                    said["comparator"],
                ),
            )  # fmt: skip
            one.times.append((said["local"], said["utc"], (record["file"], record["position"]) in truth.blurred))
            if record["file"] in delivery_of:
                places[name, (delivery_of[record["file"]], record["position"])].append(one)
    return list(found.values()), places


def _released(released: Released) -> dict[str, One]:
    columns = (
        "measurement_id", "measurement", "subject_id", "occurred_local", "occurred_at_utc", "value", "unit", "value_code", "comparator",
        "source_delivery", "source_row",
    )  # fmt: skip
    return {
        id_: One(id_, name, subject, local, utc and utc.isoformat(), value, unit, text, comparator, (delivery, row))
        for id_, name, subject, local, utc, value, unit, text, comparator, delivery, row in released.table("measurement", *columns)
    }


def _match(said: dict[str, One], by_place: dict[tuple[str, At], list[Stated]]) -> list[One]:
    """Enter every released measurement with the true one that its record states; those of which it states none."""
    here: dict[tuple[str, At], list[One]] = defaultdict(list)
    for id_ in sorted(said):
        here[said[id_].measurement, said[id_].at].append(said[id_])
    extra: list[One] = []
    likenesses: tuple[Callable[[Stated, One], bool], ...] = (
        lambda one, other: _is_value(one, other) and _is_then(one, other),
        _is_value,
        _is_then,
        lambda _, __: True,
    )
    for place, waiting in here.items():
        left = list(by_place.get(place, ()))
        for is_like in likenesses:
            for other in list(waiting):
                one = next((one for one in left if is_like(one, other)), None)
                if one:
                    one.told.append(other.id)
                    left.remove(one)
                    waiting.remove(other)
        extra += waiting
    return extra


def _is_value(stated: Stated, one: One) -> bool:
    if (stated.text, stated.comparator) != (one.text or "", one.comparator or ""):
        return False
    if stated.value is None or one.value is None:
        return stated.value is None and one.value is None
    return stated.unit == (one.unit or "") and math.isclose(stated.value, one.value, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def _is_then(stated: Stated, one: One) -> bool:
    return right_time(stated.times, one.local, one.utc)


def _is_about(links: Links, stated: Stated, one: One) -> bool:
    if one.subject is None or stated.person is None:
        return one.subject is None and stated.person is None
    return links.persons.get(one.subject) == {stated.person}


def _misplaced(links: Links, pairs: list[tuple[Stated, One]]) -> tuple[list[Stated], list[bool]]:
    """Those on the timeline of a journey that is not theirs, or, being a patient's, on none; and of the others, whether on none.

    A journey of the release is that of its subject which most of its measurements belong to: a patient has few.
    """
    truth, released = links.truth, links.released
    placed: dict[str, set[str]] = defaultdict(set)
    for journey, table, key in released.table("timeline", "journey_id", "source_table", "source_key"):
        if table == "measurement":
            placed[key].add(journey)
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    for stated, one in pairs:
        for journey in placed[one.id] if _is_patients(truth, stated) else ():
            votes[journey][stated.journey] += 1
    meant: dict[str, set[int]] = {}
    for journey, subject in released.table("journey", "journey_id", "subject_id"):
        theirs = {number for person in links.persons.get(subject, ()) for number in truth.journeys_of.get(person, ())}
        most = votes[journey].most_common(1)
        meant[journey] = theirs if len(theirs) < 2 or not most else {most[0][0]}
    misplaced, apart = [], []
    for stated, one in pairs:
        is_patients = _is_patients(truth, stated)
        belongs = {stated.journey} if is_patients else truth.served.get(stated.object.split("/")[0], {stated.journey})
        if any(not meant[journey] <= belongs for journey in placed[one.id]) or (is_patients and not placed[one.id]):
            misplaced.append(stated)
        if not is_patients:
            apart.append(not placed[one.id])
    return misplaced, apart


def _is_patients(truth: TruthFiles, stated: Stated) -> bool:
    return stated.person == truth.patients[stated.journey]
