"""A world of records that name people, and nothing else: for checks of linking over thousands of seeds, without files.

Who is named in which record, by which identifiers, in which role; with identifiers that were lost, things that are used again and name
nobody, patients of two hospitals that share the chain-of-identity id alone, second numbers that a merge ends, merges of two patients that
are undone, and swaps. A swap of one identifier may leave a contradiction (two numbers of one issuer, two birth dates, two sexes); two
records whose identities were exchanged whole leave none.

Holds no rule of the pipeline. The oracle says what may be joined: what is written, and in a record whose swap left a contradiction only
what belongs to one person. `certain` says what must be: not by such a record, and not with the identifier that got into it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

RECIPIENT, DONOR, BOTH = "recipient", "donor", "both"
HOSPITALS = ("lakeside_hospital", "summit_hospital")
CENTRES = ("northgate_blood_centre", "riverside_blood_centre")
ELSEWHERE = 0.15
"""Share of autologous patients who are known at the other hospital too."""
AUTOLOGOUS = 0.7
"""Share of patients whose donor they are themselves; the others have a registry donor."""
NUMBERED_ONCE = ("mrn", "fhir_patient_id", "donor_id", "crid")
"""Kinds of which an issuer gives a person one number, but for those that it merges."""
RESULTS = 3
"""Most laboratory results of a patient."""
SECOND = "800000"
"""Numbers from here on are second ones, or of patients of the other hospital."""
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


class Trait(NamedTuple):
    """What a record says of its person that others may be too, `birth_date` or `sex`; it joins nobody."""

    record: int
    kind: str
    value: str


class Merge(NamedTuple):
    """The hospital says of two numbers that they are one patient's, in a record of its own; later statements stand."""

    record: int
    one: Identifier
    other: Identifier
    is_undone: bool
    """A later statement takes it back, so that it joins nobody."""


class Swap(NamedTuple):
    """Two persons mixed up in these records."""

    records: tuple[int, ...]
    persons: tuple[int, int]
    is_double: bool
    """Both records exchanged whole: nothing in them contradicts anything."""
    leaves_contradiction: bool
    """What survives names two people as one."""


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
    certain: dict[Node, int]
    """Component of what must be joined; without the identifiers that a contradiction left uncertain."""
    traits: tuple[Trait, ...] = ()
    merges: tuple[Merge, ...] = ()
    """In the order in which they are stated; they survive."""


def records(
    seed: int,
    persons: int,
    *,
    lost: float = 0.1,
    single_swaps: int = 0,
    double_swaps: int = 0,
    second_numbers: int = 0,
    undone_merges: int = 0,
    with_loggers: bool = True,
    with_traits: bool = False,
) -> Linkage:
    """Records of `persons` patients and of their donors, in no order of persons.

    Args:
        seed: The same seed gives the same records.
        persons: Number of patients, at least 2 where there are swaps. Donors have numbers from `persons` on.
        lost: Share of mentions, and of traits, that do not survive.
        single_swaps: Records in which a patient's hospital number was exchanged for another's.
        double_swaps: Pairs of records that were exchanged whole.
        second_numbers: Patients who have another number of their hospital, which a merge ends.
        undone_merges: Merges of two patients of one hospital, by mistake and taken back.
        with_loggers: Whether shipments name the loggers that travel with everybody.
        with_traits: Whether charts state birth date and sex.
    """
    draw = random.Random(f"linkage/{seed}")
    drafts = [draft for person in range(persons) for draft in _drafts(person, persons, draw)]
    merged = [_second_number(drafts, persons, draw) for _ in range(second_numbers)]
    draw.shuffle(drafts)
    drafts = [_Draft(draft.meant, [one for one in draft.named if draw.random() >= lost]) for draft in drafts]
    swapped = [_swap_number(drafts, persons, draw) for _ in range(single_swaps)]
    swapped += [_swap_records(drafts, draw) for _ in range(double_swaps)]
    pairs = [*((pair, False) for pair in merged if pair), *((_two_of_one_hospital(persons, draw), True) for _ in range(undone_merges))]
    merges = tuple(Merge(len(drafts) + place, *pair, is_undone) for place, (pair, is_undone) in enumerate(dict.fromkeys(pairs)))
    traits = tuple(_traits(drafts, lost, seed, draw)) if with_traits else ()
    mentions = tuple(
        Mention(record, identifier, role, owner) for record, draft in enumerate(drafts) for identifier, role, owner in draft.named
    )
    known = _Known(mentions, traits, merges)
    swaps = tuple(known.judged(swap) for swap in swapped if swap)
    return Linkage(
        mentions=mentions,
        things=tuple(_things(drafts, draw)) if with_loggers else (),
        meant=tuple(draft.meant for draft in drafts),
        swaps=swaps,
        oracle=known.may(),
        owners={
            **{mention.identifier: mention.owner for mention in mentions},
            # of a merged number every mention may be lost
            **{number: int(number.value) % int(SECOND) for merge in merges for number in (merge.one, merge.other)},
        },
        certain=known.must(),
        traits=traits,
        merges=merges,
    )


def components(
    mentions: Iterable[Mention], *, torn: Collection[int] = (), same: Iterable[tuple[Identifier, Identifier]] = ()
) -> dict[Node, int]:
    """Partition of identifiers in their roles by the records that name them together, named by its smallest place in sorted order.

    Args:
        mentions: What the records say.
        torn: Records in which only what belongs to one person is joined; in the others all that stands in one role is.
        same: Recipients' identifiers that are one person's besides.
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
            beside = first.setdefault((mention.record, role, mention.owner if mention.record in torn else -1), node)
            parent[find(node)] = find(beside)
        if len(roles) > 1:
            parent[find((mention.identifier, DONOR))] = find((mention.identifier, RECIPIENT))
    for one, other in same:
        parent[find((one, RECIPIENT))] = find((other, RECIPIENT))
    smallest: dict[Node, int] = {}
    ordered = sorted(parent)
    for place, node in enumerate(ordered):
        smallest.setdefault(find(node), place)
    return {node: smallest[find(node)] for node in ordered}


class _Known:
    """What can be known: records in which nobody was mixed up first, then swap by swap."""

    def __init__(self, mentions: tuple[Mention, ...], traits: tuple[Trait, ...], merges: tuple[Merge, ...]) -> None:
        self.mentions, self.traits = mentions, traits
        self.same = [(one.one, one.other) for one in merges if not one.is_undone]
        self.of: dict[int, list[Mention]] = defaultdict(list)
        for one in mentions:
            self.of[one.record].append(one)
        self.mixed = {record for record, named in self.of.items() if len({one.owner for one in named}) > 1}
        self.torn: set[int] = set()

    def judged(self, swap: Swap) -> Swap:
        """Whether what is written in the swap's records would make one person of what names two."""
        if swap.is_double:
            return swap
        [record] = swap.records
        here = self.of[record]
        rest = [one for one in self.mentions if one.record not in self.mixed or one.record in self.torn]
        before = components([*rest, *_alone(here)], torn=self.torn, same=self.same)
        touched = {before[node] for one in here for node in _nodes(one)}
        numbers: dict[tuple[str, str], set[tuple[int, str]]] = defaultdict(set)
        for (identifier, _), component in before.items():
            if identifier.kind in NUMBERED_ONCE and component in touched:
                numbers[identifier[:2]].add((component, identifier.value))
        answers: dict[str, set[str]] = defaultdict(set)
        for trait in self.traits:
            said = [before[node] for one in self.of[trait.record] for node in _nodes(one) if node in before]
            if trait.record == record or touched & set(said):
                answers[trait.kind].add(trait.value)
        are_two = any(one[0] != other[0] and one[1] != other[1] for found in numbers.values() for one, other in combinations(found, 2))
        leaves = are_two or any(len(found) > 1 for found in answers.values())
        if leaves:
            self.torn.add(record)
        else:
            self.mixed.discard(record)
        return swap._replace(leaves_contradiction=leaves)

    def may(self) -> dict[Node, int]:
        return components(self.mentions, torn=self.torn, same=self.same)

    def must(self) -> dict[Node, int]:
        whose = {record: self._meant(record) for record in self.torn}
        uncertain = {one.identifier for one in self.mentions if one.record in self.torn and one.owner != whose[one.record]}
        sure = [one for one in self.mentions if one.record not in self.torn]
        loose = _alone([one for one in self.mentions if one.record in self.torn])
        joined = components([*sure, *loose], same=self.same)
        return {node: component for node, component in joined.items() if node[0] not in uncertain}

    def _meant(self, record: int) -> int:
        """The number of a patient is what was exchanged, so that the other identifiers say whom the record is about."""
        return next(one.owner for one in self.of[record] if one.identifier.kind != "mrn")


def _nodes(mention: Mention) -> list[Node]:
    roles = (RECIPIENT, DONOR) if mention.role == BOTH else (mention.role,)
    return [(mention.identifier, role) for role in roles]


def _alone(mentions: Iterable[Mention]) -> Iterable[Mention]:
    """Each as if in a record of its own, which none is."""
    return [one._replace(record=-1 - place) for place, one in enumerate(mentions)]


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
        if draw.random() < ELSEWHERE:
            made.append(_elsewhere(person, coi))
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


def _elsewhere(person: int, coi: Identifier) -> _Draft:
    place = (person + 1) % len(HOSPITALS)
    mrn, fhir = Identifier("mrn", HOSPITALS[place], f"{900_000 + person}"), Identifier("fhir_patient_id", HOSPITALS[place], f"e-{person}")
    return _Draft(person, [(fhir, RECIPIENT, person), (mrn, RECIPIENT, person), (coi, RECIPIENT, person)])


def _second_number(drafts: list[_Draft], persons: int, draw: random.Random) -> tuple[Identifier, Identifier] | None:
    """A record of a patient gets another number of the hospital in place of theirs; the number that stays, and the one that ends."""
    able = [draft for draft in drafts if draft.meant < persons and any(one.kind == "mrn" for one, *_ in draft.named)]
    draft = draw.choice(able)
    [stays] = [one for one, *_ in draft.named if one.kind == "mrn"]
    if stays.value >= SECOND:
        return None
    ends = stays._replace(value=f"8{stays.value[1:]}")
    draft.named = [(ends if one == stays else one, role, owner) for one, role, owner in draft.named]
    return stays, ends


def _home(person: int) -> str:
    return HOSPITALS[person % len(HOSPITALS)]


def _two_of_one_hospital(persons: int, draw: random.Random) -> tuple[Identifier, Identifier]:
    one, other = draw.sample(range(0, persons, len(HOSPITALS)), 2)
    return Identifier("mrn", HOSPITALS[0], f"{one:06d}"), Identifier("mrn", HOSPITALS[0], f"{other:06d}")


def _traits(drafts: list[_Draft], lost: float, seed: int, draw: random.Random) -> Iterable[Trait]:
    """Of charts: what names a patient by the hospital's own id and more. Where whole charts were exchanged, these were too."""
    for record, draft in enumerate(drafts):
        charted = [owner for one, _, owner in draft.named if one.kind == "fhir_patient_id"]
        if charted and len(draft.named) > 1:
            own = random.Random(f"traits/{seed}/{charted[0]}")
            born = f"{own.randrange(1940, 2005)}-{own.randrange(1, 13):02d}-15"
            for kind, value in (("birth_date", born), ("sex", own.choice(("female", "male")))):
                if draw.random() >= lost:
                    yield Trait(record, kind, value)


def _swap_number(drafts: list[_Draft], persons: int, draw: random.Random) -> Swap | None:
    """One record gets the hospital number of another patient of the same hospital; None where no record can."""
    able = [
        record
        for record, draft in enumerate(drafts)
        if draft.meant < persons
        and len(draft.named) > 1
        and any((one.kind, one.issuer, owner) == ("mrn", _home(draft.meant), draft.meant) for one, _, owner in draft.named)
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


def _things(drafts: list[_Draft], draw: random.Random) -> Iterable[Thing]:
    for record in range(len(drafts)):
        yield Thing(record, "logger", f"LT{88_000 + draw.randrange(LOGGERS)}")
