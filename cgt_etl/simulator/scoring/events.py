"""Released events against the events that standing records state: each found, once, about the right person, then, and nothing else.

A statement whose time lost a part may stand beside the event it speaks of (a month in which there were three infusions names none
of them): it carries its flag, so it is counted as left open, neither as a second event nor as one too many.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from cgt_etl.simulator.scoring.figures import Figure, counted
from cgt_etl.simulator.scoring.links import Links
from cgt_etl.simulator.scoring.release import At, Released
from cgt_etl.simulator.scoring.truth import TruthFiles

Spoken = tuple[str, str | None, bool]
"""Local time, instant, and whether the record's time had lost a part."""


@dataclass
class Stated:
    """One true event, with all that states it and the released events that rest on it."""

    event_type: str
    object: str
    """What it happened to; after a stroke, when."""
    person: int | None
    journey: int
    where: str
    replaces: str = ""
    """Object of the event that it takes the place of; empty for none."""
    told: list[Spoken] = field(default_factory=list)
    firm: set[str] = field(default_factory=set)
    left_open: set[str] = field(default_factory=set)
    is_merged: bool = False
    """A released event of it is another true event's too."""


@dataclass(frozen=True)
class One:
    """A released event."""

    id: str
    event_type: str
    subject: str | None
    local: str | None
    utc: str | None
    at: frozenset[At]
    supersedes: str | None

    @property
    def where(self) -> str:
        delivery, row = min(self.at)
        return f"{self.event_type} of delivery {delivery}, position {row}"


def figures(links: Links, found_target: float, target: float | None) -> list[Figure]:
    """Found is asked for by `found_target`, the rest by `target`."""
    truth, released = links.truth, links.released
    stated, by_place = _stated(truth, links.delivery_of)
    events = _released(released)
    blurred = {(links.delivery_of[file], position) for file, position in truth.blurred if file in links.delivery_of}
    extra = [one.where for one in events.values() if not _match(one, by_place, blurred)]
    found = [one for one in stated if one.firm or one.left_open]
    pairs = [(one, events[id_]) for one in found for id_ in sorted(one.firm or one.left_open)]
    not_once = [one.where for one in found if len(one.firm or one.left_open) > 1 or one.is_merged]
    about = [one.where for one, event in pairs if not _is_about(links, one, event)]
    then = [one.where for one, event in pairs if not right_time(one.told, event.local, event.utc)]
    replacing, replaced_wrong = _replaced(stated, pairs)
    places = _places(links, pairs)
    things = [(one, placed) for one, _, placed in places if not _is_patients(truth, one)]
    astray = [one.where for one, placed in things if not placed]
    misplaced = [
        one.where
        for one, expected, placed in places
        # files need not tell whom a thing was for; where they tell, they may not tell all of them
        if not (placed <= expected and (placed or not _is_patients(truth, one)))
    ]
    return [
        counted("events", "found", len(stated), [one.where for one in stated if one not in found], found_target),
        counted("events", "found once", len(found), not_once, target),
        counted("events", "nothing else", len(events), extra, target),
        counted("events", "subject", len(pairs), about, target),
        counted("events", "instant", len(pairs), then, target),
        counted("events", "journey", len(pairs), misplaced, target),
        counted("events", "what it takes the place of", replacing, replaced_wrong, target),
        Figure("events", "of things and donors, in a journey", len(things) - len(astray), len(things), None),
        Figure("events", "left open, flagged", sum(len(one.left_open) for one in stated if one.firm), len(events), None),
    ]


def _replaced(stated: list[Stated], pairs: list[tuple[Stated, One]]) -> tuple[int, list[str]]:
    """How many events take the place of one that stands, or are said to, and where the release names another, or one too many."""
    of = {(one.event_type, one.object): one for one in stated}
    expected = {id(one): before.firm for one in stated if one.replaces and (before := of.get((one.event_type, one.replaces)))}
    asked = [(one, event) for one, event in pairs if expected.get(id(one)) or event.supersedes]
    return len(asked), [one.where for one, event in asked if event.supersedes not in expected.get(id(one), ())]


def _stated(truth: TruthFiles, delivery_of: dict[str, str]) -> tuple[list[Stated], dict[tuple[str, At], list[Stated]]]:
    """True events, and by type and place those that a standing record there states."""
    found: dict[tuple[str, str], Stated] = {}
    places: dict[tuple[str, At], list[Stated]] = defaultdict(list)
    for record in truth.standing:
        for event in record["events"]:
            type_ = event["event_type"]
            where = f"{type_} of {record['file']}, position {record['position']}"
            new = Stated(type_, event["object"], event["person"], record["journey"], where, event.get("replaces") or "")
            one = found.setdefault((type_, event["object"]), new)
            one.told.append((event["local"], event["utc"], (record["file"], record["position"]) in truth.blurred))
            if record["file"] in delivery_of:
                places[type_, (delivery_of[record["file"]], record["position"])].append(one)
    return list(found.values()), places


def _released(released: Released) -> dict[str, One]:
    columns = (
        "event_id", "event_type", "subject_id", "occurred_local", "occurred_at_utc", "source_delivery", "source_row", "supersedes_event_id",
    )  # fmt: skip
    sources = released.sources["event"]
    return {
        id_: One(id_, type_, subject, local, utc and utc.isoformat(), frozenset(sources.get(id_, set()) | {(delivery, row)}), before)
        for id_, type_, subject, local, utc, delivery, row, before in released.table("event", *columns)
    }


def _match(event: One, by_place: dict[tuple[str, At], list[Stated]], blurred: set[At]) -> bool:
    """Enter a released event with the true events that its records state; False where they state none.

    Of several events of its type in one record (the days of a culture) it is the one that is told at its time; where none is, all are.
    """
    mine = {id(one): one for at in event.at for one in _meant(event, by_place.get((event.event_type, at), []))}
    is_open = event.at <= blurred
    for one in mine.values():
        (one.left_open if is_open else one.firm).add(event.id)
        one.is_merged = one.is_merged or len(mine) > 1
    return bool(mine)


def _meant(event: One, stated: list[Stated]) -> list[Stated]:
    """What one record states of the event's type, as far as it may be this event."""
    local = _to_second(event.local or "")
    return [one for one in stated if len(stated) == 1 or any(_to_second(told) == local for told, *_ in one.told)] or stated


def _is_about(links: Links, stated: Stated, event: One) -> bool:
    if event.subject is None or stated.person is None:
        return event.subject is None and stated.person is None
    return links.persons.get(event.subject) == {stated.person}


def right_time(told: list[Spoken], local: str | None, utc: str | None) -> bool:
    """The finest time that a sound record states; where all were blurred, one of them as far as the release says it."""
    sound = [(_to_second(local), _without_zone(utc)) for local, utc, is_blurred in told if not is_blurred]
    if not sound:
        return any(_to_second(said).startswith(local or "-") for said, _, _ in told)
    finest = max(len(local) for local, _ in sound)
    return (_to_second(local or ""), utc) in {(local, utc) for local, utc in sound if len(local) == finest}


def _places(links: Links, pairs: list[tuple[Stated, One]]) -> list[tuple[Stated, set[str], set[str]]]:
    """Every event with the released journeys that it belongs to and those that it is in.

    A journey of the release is the true one that most of its patient's events belong to; one in which no event is a patient's (a cord
    blood transplant at a hospital that tells of no infusion) is that of the person whose it is, if they have one. A patient whom the files
    name by identifiers that nothing joins is several subjects, each with a journey of their own; whether they could be joined is judged
    with the links.
    """
    truth, released = links.truth, links.released
    placed: dict[str, set[str]] = defaultdict(set)
    for journey, event in released.table("journey_event", "journey_id", "event_id"):
        placed[event].add(journey)
    votes: dict[str, Counter[int]] = defaultdict(Counter)
    whose: dict[str, str | None] = {}
    for stated, event in pairs:
        for journey in placed[event.id] if _is_patients(truth, stated) else ():
            votes[journey][stated.journey] += 1
            whose[journey] = event.subject
    for journey, subject in released.table("journey", "journey_id", "subject_id"):
        theirs = [number for person in links.persons.get(subject, ()) for number in truth.journeys_of.get(person, ())]
        if journey not in votes and len(theirs) == 1:
            votes[journey][theirs[0]], whose[journey] = 0, subject
    true_of = {journey: min(said, key=lambda number: (-said[number], number)) for journey, said in votes.items()}
    main: dict[int, dict[str | None, str]] = defaultdict(dict)
    for journey in sorted(true_of, key=lambda one: (-votes[one][true_of[one]], one)):
        main[true_of[journey]].setdefault(whose[journey], journey)
    return [
        (
            stated,
            {
                journey
                for number in _served(truth, stated)
                for subject, journey in main[number].items()
                if subject == event.subject or not _is_patients(truth, stated)
            },
            placed[event.id],
        )
        for stated, event in pairs
    ]


def _is_patients(truth: TruthFiles, stated: Stated) -> bool:
    return stated.person == truth.patients[stated.journey]


def _served(truth: TruthFiles, stated: Stated) -> set[int]:
    """True journeys of an event: a patient's own; of a thing or a donor, those that the thing was for."""
    return {stated.journey} if _is_patients(truth, stated) else truth.served.get(stated.object.split("/")[0], {stated.journey})


def _to_second(local: str) -> str:
    return f"{local}:00" if len(local) == len("2025-11-02T12:05") else local


def _without_zone(utc: str | None) -> str | None:
    return utc and utc.removesuffix("Z")
