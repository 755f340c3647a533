"""The measures: conservation, delivered rows, links of persons, events, and what the door found. Reads through `sources`, prints nothing.

Released tokens are keyed, so nothing is compared by value: a released row says from which records it comes, and the truth says what each
record states.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TypeVar

from cgt_etl.simulator.scoring.sources import Place, Tables, Truth, Value

EXACT, LINKS_RECALLED = 1.0, 0.99
"""Targets: of everything that is exact by construction; of the pairs that surviving evidence joins, where there are defects."""
EXAMPLES = 5


@dataclass(frozen=True)
class Measure:
    """What was found of what should be, and of what was found, what is right."""

    name: str
    expected: int
    recalled: int
    """Of the expected, how many were found."""
    found: int
    right: int
    """Of the found, how many are right."""
    precision_target: float | None
    """None where the level of defects sets no target; the figure is told all the same."""
    recall_target: float | None
    examples: tuple[str, ...] = ()
    """Up to five of what is missing or too much, by place and kind; no values."""

    @property
    def precision(self) -> float:
        return self.right / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.recalled / self.expected if self.expected else 1.0

    @property
    def is_met(self) -> bool:
        """Whether every stated target is reached."""
        return self.precision >= (self.precision_target or 0.0) and self.recall >= (self.recall_target or 0.0)


def score(tables: Tables, truth: Truth) -> list[Measure]:
    """Every measure, in order.

    Raises:
        Unscorable: the tables or the truth are not there.
    """
    named = _identifiers(tables, truth)
    return [
        _conservation(tables, truth),
        _rows(tables, truth),
        _links(named, truth),
        _events(tables, truth, named),
        *_defects(tables, truth),
    ]


def _conservation(tables: Tables, truth: Truth) -> Measure:
    """Each delivery once, with the units that were written, every one of them accepted, set aside or erased; refused where it should be."""
    expected = {
        truth.delivery_of[one["file"]]: ("refused", None) if one["refused"] else ("landed", one["units"]) for one in truth.lines("files")
    }
    found: dict[str, tuple[str, int | None]] = {}
    columns = ("delivery_id", "status_code", "unit_count", "accepted_unit_count", "set_aside_unit_count", "erased_unit_count")
    for delivery, status, units, *parts in tables.rows("delivery", *columns):
        whole = None if status == "refused" else units if units == sum(parts) else -1
        found[delivery] = (status, whole)
    return _compared("conservation, by file", Counter(expected.items()), Counter(found.items()), lambda one: str(one[0]))


def _rows(tables: Tables, truth: Truth) -> Measure:
    """Of each file whose records the truth lists: how many records were accepted. Counted, since a set-aside record has no row."""
    lands: Counter[str] = Counter()
    listed: set[str] = set()
    once: set[Place] = set()
    for place, record in truth.records():
        if place not in once:  # the same bytes twice are one delivery
            once.add(place)
            listed.add(place[0])
            lands[place[0]] += bool(record["lands"])
    units = {delivery: count for delivery, count in tables.rows("delivery", "delivery_id", "accepted_unit_count") if delivery in listed}
    found = Counter({delivery: count or 0 for delivery, count in units.items()})
    return _compared("delivered records accepted", lands, found, str)


@dataclass(frozen=True)
class _Named:
    """Who the released identifiers are: an identifier's value as the truth has it, and the released subject that bears it."""

    subject_of: dict[Value, frozenset[str]]
    unknown: int
    """Released identifiers that no record of the truth names."""


def _identifiers(tables: Tables, truth: Truth) -> _Named:
    said: defaultdict[tuple[Place, str, str], set[str]] = defaultdict(set)
    for place, record in truth.records():
        for one in record["persons"]:
            if one["survives"]:
                said[place, one["kind"], one["issuer"]].add(one["value"])
    subjects = {
        f"{kind}|{issuer}|{identifier}": (kind, issuer, subject)
        for kind, issuer, identifier, subject in tables.rows(
            "subject_identifier", "identifier_kind", "issuer", "identifier_id", "subject_id"
        )
    }
    candidates: dict[str, set[str]] = {}
    for table, key, delivery, first, last in tables.rows(
        "row_source", "table_name", "row_key", "source_delivery", "source_row_first", "source_row_last"
    ):
        if table != "subject_identifier" or delivery is None or key not in subjects:
            continue
        kind, issuer, _ = subjects[key]
        of_range = set().union(*(said.get(((delivery, row), kind, issuer), set()) for row in range(first, last + 1)))
        candidates[key] = candidates[key] & of_range if key in candidates else of_range
    found: defaultdict[Value, set[str]] = defaultdict(set)
    unknown = 0
    for key, (kind, issuer, subject) in subjects.items():
        values = candidates.get(key, set())
        if len(values) == 1:
            found[kind, issuer, next(iter(values))].add(subject)
        else:
            unknown += not values
    return _Named({value: frozenset(of) for value, of in found.items()}, unknown)


def _links(named: _Named, truth: Truth) -> Measure:
    """Pairs of identifiers of one person: expected where surviving evidence joins them, right where the truth has one person."""
    owners: defaultdict[Value, set[int]] = defaultdict(set)
    for _, record in truth.records():
        for one in record["persons"]:
            owners[one["kind"], one["issuer"], one["value"]].add(one["person"])
    groups: defaultdict[int, set[Value]] = defaultdict(set)
    for one in truth.lines("oracle"):
        groups[one["component"]].add((one["kind"], one["issuer"], one["value"]))
    expected = {frozenset(pair) for group in groups.values() for pair in combinations(sorted(group), 2)}
    bears: defaultdict[str, set[Value]] = defaultdict(set)
    for value, subjects in named.subject_of.items():
        for subject in subjects:
            bears[subject].add(value)
    found = {frozenset(pair) for group in bears.values() for pair in combinations(sorted(group), 2)}
    right = {pair for pair in found if len(set.intersection(*(owners[value] for value in pair))) == 1}
    if truth.level == "none":  # then nothing is to be linked but what one shared identifier links
        right &= expected
    examples = [
        *(f"not linked: {_kinds(pair)}" for pair in expected - found),
        *(f"wrongly linked: {_kinds(pair)}" for pair in found - right),
        *([f"{named.unknown} released identifiers that no surviving record names"] if named.unknown else []),
    ]
    return Measure(
        "links of persons, by pair",
        len(expected),
        len(expected & found),
        len(found) + named.unknown,
        len(right),
        EXACT,
        EXACT if truth.level == "none" else LINKS_RECALLED,
        tuple(sorted(examples)[:EXAMPLES]),
    )


def _kinds(pair: Iterable[Value]) -> str:
    return " and ".join(f"{kind} of {issuer or 'everybody'}" for kind, issuer, _ in sorted(pair))


Event = tuple[str, str | None, int | None]
"""Type, instant (ISO, UTC; of a date alone the date), person."""
NOBODY = -1
"""Person of a released event that its record does not state so."""


def _events(tables: Tables, truth: Truth, named: _Named) -> Measure:
    """Each stated event once, with its instant and its person. A target where nothing goes wrong: what a defect costs is the defect's."""
    stated: dict[tuple[str, str], Event] = {}
    at: defaultdict[tuple[Place, str], set[tuple[str, str]]] = defaultdict(set)
    version: dict[tuple[str, str], int] = {}
    taken_back: set[tuple[str, str]] = set()
    for place, record in truth.records():
        if not record["lands"]:
            continue
        if record["is_retraction"]:
            taken_back |= {(one["event_type"], one["object"]) for one in record["events"]}
            continue
        for one in record["events"]:
            key = (one["event_type"], one["object"])
            at[place, one["event_type"]].add(key)
            if record["change"] >= version.get(key, 0):
                version[key] = record["change"]
                if stated.get(key, ("", None, None))[1] is None or one["utc"]:  # of two statements the one that says the hour
                    stated[key] = (one["event_type"], one["utc"] or one["local"][:10], one["person"])
    stated = {key: event for key, event in stated.items() if key not in taken_back}
    persons = _persons(truth, named)
    found: Counter[Event] = Counter()
    columns = ("event_type", "occurred_at_utc", "occurred_local", "subject_id", "source_delivery", "source_row")
    for kind, utc, local, subject, delivery, row in tables.rows("event", *columns):
        released = (kind, utc.isoformat(timespec="seconds") if utc else (local or "")[:10], persons.get(subject))
        is_stated = any(stated.get(key) == released for key in at.get(((delivery, row), kind), ()))
        found[released if is_stated else (kind, released[1], NOBODY)] += 1
    expected = Counter(stated.values())
    return _compared("events", expected, found, lambda one: f"{one[0]} at {one[1]}", is_target=truth.level == "none")


def _persons(truth: Truth, named: _Named) -> dict[str | None, int | None]:
    """Released subject -> the truth's person, where the identifiers that it bears are one person's."""
    owners: defaultdict[str, set[int]] = defaultdict(set)
    for _, record in truth.records():
        for one in record["persons"]:
            for subject in named.subject_of.get((one["kind"], one["issuer"], one["value"]), ()):
                owners[subject].add(one["person"])
    return {subject: next(iter(of)) if len(of) == 1 else None for subject, of in owners.items()}


Spot = tuple[str, int | None, str | None, str, str]
"""Delivery, position (None: the file), column (None: the record), rule, effect."""


def _defects(tables: Tables, truth: Truth) -> list[Measure]:
    """What the door must find, at its position: all together, then by class of defect (recall alone: a finding names its rule)."""
    expected: dict[Spot, str] = {}
    for one in truth.lines("defects"):
        if one["at_door"]:
            expected[truth.delivery_of[one["file"]], one["position"], one["column"], one["rule"], one["effect"]] = one["defect"]
    refused = {
        (delivery, None, None, rule, "refuse")
        for delivery, status, rule in tables.rows("delivery", "delivery_id", "status_code", "rule_id")
        if status == "refused"
    }
    columns = ("table_name", "source_delivery", "source_row", "column_name", "rule_id", "effect")
    found: set[Spot] = refused | {
        (delivery, row, None if effect == "row" else column, rule, effect)
        for table, delivery, row, column, rule, effect in tables.rows("finding", *columns)
        if delivery is not None and row is not None and "__" in table
    }
    told = Counter(set(expected)), Counter(found)
    whole = _compared("defects at the door", *told, lambda one: f"{one[3]} {one[4]} in {one[0]} at {one[1]}")
    classes = sorted(set(expected.values()))
    return [whole, *(_class(name, {spot for spot, defect in expected.items() if defect == name}, found) for name in classes)]


def _class(name: str, expected: set[Spot], found: set[Spot]) -> Measure:
    hit = expected & found
    return Measure(f"  {name}", len(expected), len(hit), len(hit), len(hit), None, EXACT)


Thing = TypeVar("Thing", bound=Hashable)


def _compared(
    name: str,
    expected: Counter[Thing],
    found: Counter[Thing],
    said: Callable[[Thing], str],
    *,
    is_target: bool = True,
) -> Measure:
    """Of two bags: a thing that is there twice and expected once is right once."""
    target = EXACT if is_target else None
    both = (expected & found).total()
    missing = [f"missing: {said(one)}" for one in (expected - found).elements()]
    extra = [f"too much: {said(one)}" for one in (found - expected).elements()]
    examples = tuple(sorted(missing + extra)[:EXAMPLES])
    return Measure(name, expected.total(), both, found.total(), both, target, target, examples)
