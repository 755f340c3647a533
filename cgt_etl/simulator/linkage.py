"""A world of records that name people, and nothing else: for checks of linking over thousands of seeds, without files.

Who is named in which record, by which identifiers, in which role; with identifiers that were lost, things that are used again and name
nobody, and swaps. A swap of one identifier may leave a contradiction; two records whose identities were exchanged whole leave none.
Holds no rule of the pipeline: the oracle joins by the truth of each mention.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

RECIPIENT, DONOR, BOTH = "recipient", "donor", "both"
HOSPITALS = ("lakeside_hospital", "summit_hospital")
CENTRES = ("northgate_blood_centre", "riverside_blood_centre")
AUTOLOGOUS = 0.7
"""Share of patients whose donor they are themselves; the others have a registry donor."""
RESULTS = 3
"""Most laboratory results of a patient."""
LOGGERS = 5
"""So few that every journey shares one with others."""


class Identifier(NamedTuple):
    """A person's identifier; `issuer` is empty where it is unique everywhere."""

    kind: str
    issuer: str
    value: str


class Mention(NamedTuple):
    """One identifier in one record, as it stands there."""

    record: int
    identifier: Identifier
    role: str
    """recipient, donor, or both where the record's contract says that it names the two roles of one person."""
    owner: int
    """Whose identifier it is; not the record's person where it was swapped in."""


class Thing(NamedTuple):
    """An object in a record: it joins nobody."""

    record: int
    kind: str
    value: str


class Swap(NamedTuple):
    """Two persons mixed up in these records."""

    records: tuple[int, ...]
    persons: tuple[int, int]
    is_double: bool
    """Both records exchanged whole: nothing in them contradicts anything."""
    leaves_contradiction: bool
    """What survives names two people of one hospital as one."""


Node = tuple[Identifier, str]
"""An identifier in the role of recipient or donor."""


@dataclass(frozen=True)
class Linkage:
    """Records with their truth."""

    mentions: tuple[Mention, ...]
    things: tuple[Thing, ...]
    meant: tuple[int, ...]
    """Person meant by each record."""
    swaps: tuple[Swap, ...]
    oracle: dict[Node, int]
    """Component of each identifier in each role: what the mentions that survive support and nothing more."""
    owners: dict[Identifier, int]


def records(
    seed: int, persons: int, *, lost: float = 0.1, single_swaps: int = 0, double_swaps: int = 0, with_loggers: bool = True
) -> Linkage:
    """Records of `persons` patients and of their donors, in no order of persons.

    Args:
        seed: The same seed gives the same records.
        persons: Number of patients, at least 2 where there are swaps. Donors have numbers from `persons` on.
        lost: Share of mentions that do not survive.
        single_swaps: Records in which a patient's hospital number was exchanged for another's.
        double_swaps: Pairs of records that were exchanged whole.
        with_loggers: Whether shipments name the loggers that travel with everybody.
    """
    draw = random.Random(f"linkage/{seed}")
    drafts = [draft for person in range(persons) for draft in _drafts(person, persons, draw)]
    draw.shuffle(drafts)
    drafts = [_Draft(draft.meant, [one for one in draft.named if draw.random() >= lost]) for draft in drafts]
    swapped = [_swap_number(drafts, persons, draw) for _ in range(single_swaps)]
    swapped += [_swap_records(drafts, draw) for _ in range(double_swaps)]
    mentions = tuple(
        Mention(record, identifier, role, owner) for record, draft in enumerate(drafts) for identifier, role, owner in draft.named
    )
    raw = components(mentions, by_owner=False)
    return Linkage(
        mentions=mentions,
        things=tuple(_things(drafts, draw)) if with_loggers else (),
        meant=tuple(draft.meant for draft in drafts),
        swaps=tuple(_judged(swap, drafts, raw) for swap in swapped if swap),
        oracle=components(mentions, by_owner=True),
        owners={mention.identifier: mention.owner for mention in mentions},
    )


def components(mentions: Iterable[Mention], *, by_owner: bool) -> dict[Node, int]:
    """Partition of identifiers in their roles by the records that name them together, named by its smallest place in sorted order.

    Args:
        mentions: What the records say.
        by_owner: Join within a record only what belongs to one person (the oracle), or all that stands in one role (what is written).
    """
    parent: dict[Node, Node] = {}

    def find(node: Node) -> Node:
        while parent.setdefault(node, node) != node:
            parent[node] = node = parent[parent[node]]
        return node

    first: dict[tuple[int, str, int], Node] = {}
    for mention in mentions:
        roles = (RECIPIENT, DONOR) if mention.role == BOTH else (mention.role,)
        for role in roles:
            node = (mention.identifier, role)
            beside = first.setdefault((mention.record, role, mention.owner if by_owner else -1), node)
            parent[find(node)] = find(beside)
        if len(roles) > 1:
            parent[find((mention.identifier, DONOR))] = find((mention.identifier, RECIPIENT))
    smallest: dict[Node, int] = {}
    ordered = sorted(parent)
    for place, node in enumerate(ordered):
        smallest.setdefault(find(node), place)
    return {node: smallest[find(node)] for node in ordered}


Named = tuple[Identifier, str, int]


@dataclass
class _Draft:
    meant: int
    named: list[Named]


def _drafts(person: int, persons: int, draw: random.Random) -> list[_Draft]:
    place = person % len(HOSPITALS)
    mrn = Identifier("mrn", HOSPITALS[place], f"{person:06d}")
    fhir = Identifier("fhir_patient_id", HOSPITALS[place], f"p-{person}")
    crid = Identifier("crid", "", str(1_000_000 + person))
    coi = Identifier("coi", "", f"CHA999925{person:06d}")
    in_hospital: list[Named] = [(fhir, RECIPIENT, person), (mrn, RECIPIENT, person), (crid, RECIPIENT, person)]
    made = []
    if draw.random() < AUTOLOGOUS:
        donor_id = Identifier("donor_id", CENTRES[place], f"D{person}")
        collected: list[Named] = [(one, BOTH, person) for one in (donor_id, mrn, coi)]
        made = [_Draft(person, list(collected)) for _ in range(draw.choice((1, 1, 2)))]
        made.append(_Draft(person, [*in_hospital, (coi, RECIPIENT, person)]))
        made.append(_Draft(person, [(crid, RECIPIENT, person), (coi, RECIPIENT, person)]))
    else:
        donor = persons + person
        given: list[Named] = [
            (Identifier("grid", "", f"9999{donor:015d}"), DONOR, donor),
            (Identifier("donor_id", CENTRES[place], f"D{donor}"), DONOR, donor),
        ]
        made = [_Draft(donor, list(given)) for _ in range(draw.choice((1, 2)))]
        made += [_Draft(person, list(in_hospital)), _Draft(person, [(crid, RECIPIENT, person)])]
    made += [_Draft(person, [(fhir, RECIPIENT, person)]) for _ in range(draw.randrange(RESULTS + 1))]
    return made


def _swap_number(drafts: list[_Draft], persons: int, draw: random.Random) -> Swap | None:
    """One record gets the hospital number of another patient of the same hospital; None where no record can."""
    able = [
        record
        for record, draft in enumerate(drafts)
        if draft.meant < persons
        and len(draft.named) > 1
        and any(one.kind == "mrn" and owner == draft.meant for one, _, owner in draft.named)
    ]
    if not able or persons <= len(HOSPITALS):
        return None
    record = draw.choice(able)
    meant = drafts[record].meant
    others = [other for other in range(meant % len(HOSPITALS), persons, len(HOSPITALS)) if other != meant]
    other = draw.choice(others)
    drafts[record].named = [
        (one._replace(value=f"{other:06d}"), role, other) if one.kind == "mrn" else (one, role, owner)
        for one, role, owner in drafts[record].named
    ]
    return Swap((record,), (meant, other), False, False)


def _swap_records(drafts: list[_Draft], draw: random.Random) -> Swap | None:
    """Two records exchange all that they name, as two bags with exchanged labels do; None where there are no two."""
    able = [record for record, draft in enumerate(drafts) if draft.named and all(owner == draft.meant for *_, owner in draft.named)]
    if not able:
        return None
    first = draw.choice(able)
    others = [record for record in able if drafts[record].meant != drafts[first].meant]
    if not others:
        return None
    second = draw.choice(others)
    drafts[first].named, drafts[second].named = drafts[second].named, drafts[first].named
    return Swap((first, second), (drafts[first].meant, drafts[second].meant), True, False)


def _judged(swap: Swap, drafts: list[_Draft], raw: dict[Node, int]) -> Swap:
    """Whether what is written joins two numbers of one hospital through one of the swap's records."""
    numbers: dict[tuple[int, str], set[str]] = defaultdict(set)
    for (identifier, _), component in raw.items():
        if identifier.kind == "mrn":
            numbers[component, identifier.issuer].add(identifier.value)
    torn = {component for (component, _), values in numbers.items() if len(values) > 1}
    touched = {
        raw[identifier, RECIPIENT if role == BOTH else role] for record in swap.records for identifier, role, _ in drafts[record].named
    }
    return swap._replace(leaves_contradiction=not swap.is_double and bool(touched & torn))


def _things(drafts: list[_Draft], draw: random.Random) -> Iterable[Thing]:
    for record in range(len(drafts)):
        yield Thing(record, "logger", f"LT{88_000 + draw.randrange(LOGGERS)}")
