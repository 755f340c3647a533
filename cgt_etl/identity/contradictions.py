"""What becomes of persons whose evidence contradicts itself: nobody is merged silently, the smallest set of mentions yields.

The graph of a component: identifiers in a role, and records (rows in a role) that mention them; an edge is one record's mention of one
identifier. Works on plain integers and only on the few components that hold a contradiction; the clean ones never come here.

What yields to what: a record's mention to an issuer's statement, that to a steward's decision, and a decision only to other decisions.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from cgt_etl.identity.smallest import Edge, Marks, connected, smallest, witness

COI_OF_TWO = "R05"
"""One chain-of-identity id used with two numbers of one issuer."""
DONOR_IS_ANOTHER = "R06"
"""An identifier of donor and recipient at once has two numbers of one issuer, here the donor's, there the recipient's."""
PERSON_OF_TWO = "I01"
"""Anything else that would make one person of two numbers of one issuer."""
KEPT_APART = "I03"
"""What a steward keeps apart would be joined."""
TWO_FACTS = {"birth_date": "I04", "sex": "I05"}
"""Records of one person that state two of what everybody has one of."""

NUMBERED_ONCE = frozenset({"mrn", "patient_internal_id", "fhir_patient_id", "donor_id", "crid"})
"""Kinds of which one issuer gives a person one number, so that two of them are two people until a statement says otherwise."""

Node = tuple[int, int]
"""Token and role; role 0 stands for both where the token names donor and recipient at once."""


class Mention(NamedTuple):
    """A row names a person by a token, in a role. A chain-of-identity id for both roles is mentioned twice."""

    row: int
    role: int
    token: int


class Token(NamedTuple):
    """What is known of an identifier. `joins_roles`: a contract says it names donor and recipient at once (autologous)."""

    kind: str
    issuer: str
    joins_roles: bool


class Fact(NamedTuple):
    """What a row states of its person in a role, beside identifiers: two values of one kind are two people's. It joins nobody."""

    row: int
    role: int
    kind: str
    value: int


class Said(NamedTuple):
    """A statement on two (token, role) pairs: one person's, or to be kept apart. `row` -1 is a steward's decision."""

    one: Node
    other: Node
    is_same: bool
    row: int


class Conflict(NamedTuple):
    """`row` takes part in a contradiction under `rule`, by what it says of the subject of `token`."""

    rule: str
    row: int
    token: int


Beside = dict[Hashable, list[tuple[int, int]]]


@dataclass
class Verdict:
    """`group`: (token, role) -> any number that is the same for one person and no other. Groups are named by the caller."""

    group: dict[Node, int] = field(default_factory=dict)
    contested: set[int] = field(default_factory=set)
    conflicts: set[Conflict] = field(default_factory=set)


def resolve(mentions: Iterable[Mention], tokens: Mapping[int, Token], said: Iterable[Said] = (), facts: Iterable[Fact] = ()) -> Verdict:
    """Join whatever is mentioned or said together, but for the smallest set of edges whose removal leaves no contradiction.

    A contradiction is a person with two numbers of one issuer (`NUMBERED_ONCE`) that no statement calls one, with two identifiers that are
    to be kept apart, or with two values of one kind of fact. What most records say beside two identifiers that a steward calls one counts
    as one too: who decides that two charts are one person's knows that their other numbers and their dates of birth may differ. An issuer's
    merge says it of the two numbers alone. A record that mentions one identifier alone joins nobody, so setting it aside costs nothing: a
    date of birth that somebody mistyped in a result parts nobody, and is told.

    An identifier that no edge is left of is a person of its own. Whatever a record says whose mention was set aside, and what lies on the
    way through it from one side of the contradiction to the other, is contested. The order of what is given is irrelevant (the caller's
    numbers follow the release tokens).
    """
    return _Resolution(sorted(set(mentions)), tokens, sorted(set(said)), sorted(set(facts))).verdict


@dataclass(frozen=True)
class _Side:
    """Records alike: they mention the same identifiers, and state the same facts."""

    facts: tuple[tuple[str, int], ...]
    rows: list[int]
    roles: frozenset[int]


def _most(of: Counter[int]) -> int:
    return min(of, key=lambda value: (-of[value], value))


class _Resolution:
    """One run of `resolve`: statements first, then mentions in what the statements leave."""

    def __init__(self, mentions: list[Mention], tokens: Mapping[int, Token], said: list[Said], facts: list[Fact]) -> None:
        self.tokens = tokens
        self.verdict = Verdict()
        nodes = {self._node(one.token, one.role) for one in mentions}
        self.nodes = sorted(nodes.union(*({self._node(*one.one), self._node(*one.other)} for one in said)))
        self.place = {node: place for place, node in enumerate(self.nodes)}
        self.apart = [one for one in said if not one.is_same]
        self.label = list(range(len(self.nodes)))
        same = self._stated([one for one in said if one.is_same and one.row < 0], [])
        self.same = self._stated([one for one in said if one.is_same and one.row >= 0], same)
        self._mentioned(mentions, facts)

    def _node(self, token: int, role: int) -> Node:
        return token, 0 if self.tokens[token].joins_roles else role

    def _at(self, node: Node) -> int:
        return self.label[self.place[self._node(*node)]]

    def _kept_apart(self) -> dict[Hashable, dict[int, int]]:
        """Marks of pairs to be kept apart, but of those that stronger evidence has joined already."""
        pairs = {(self._at(one.one), self._at(one.other)) for one in self.apart}
        return {("apart", *pair): {pair[0]: 0, pair[1]: 1} for pair in sorted(pairs) if pair[0] != pair[1]}

    def _stated(self, said: list[Said], before: list[Said]) -> list[Said]:
        """Joins what these statements join; those that stand, with the ones before."""
        marks = self._kept_apart()
        edges = [Edge(self._at(one.one), self._at(one.other)) for one in said]
        gone = smallest(edges, marks).edges
        for place in sorted(gone):
            self.verdict.contested |= {said[place].one[0], said[place].other[0]}
            if said[place].row >= 0:
                self.verdict.conflicts |= {Conflict(KEPT_APART, said[place].row, token) for token, _ in said[place][:2]}
        standing = [*before, *(one for place, one in enumerate(said) if place not in gone)]
        joined = [Edge(self.place[self._node(*one.one)], self.place[self._node(*one.other)]) for one in standing]
        self.label = connected(len(self.nodes), joined)
        return standing

    def _mentioned(self, mentions: list[Mention], facts: list[Fact]) -> None:
        named: dict[tuple[int, int], set[int]] = defaultdict(set)
        for one in mentions:
            named[one.row, one.role].add(self.place[self._node(one.token, one.role)])
        stated: dict[tuple[int, int], list[tuple[str, int]]] = defaultdict(list)
        for fact in facts:
            stated[fact.row, fact.role].append((fact.kind, fact.value))
        alike: dict[tuple[tuple[int, ...], tuple[tuple[str, int], ...]], dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
        for (row, role), places in named.items():
            if len(places) > 1 or (row, role) in stated:
                alike[tuple(sorted(places)), tuple(stated.get((row, role), ()))][row].add(role)
        sides: list[_Side] = []
        edges: list[Edge] = []
        of_edge: list[int] = []  # the mentioned node; the edge itself ends at what statements joined it to
        for (mentioned, of_person), rows in sorted(alike.items()):
            number = len(self.nodes) + len(sides)
            sides.append(_Side(of_person, sorted(rows), frozenset().union(*rows.values())))
            for place in mentioned:
                many = len(rows) if len(mentioned) > 1 else 0
                edges.append(Edge(number, self.label[place], many))
                of_edge.append(place)
        beside = self._beside(named, stated)
        marks = self._kept_apart() | self._numbers(beside) | self._facts(sides, beside)
        gone = smallest(edges, marks).edges
        for place in sorted(gone):
            self._tell(place, edges, of_edge, sides, marks)
        left = [edge for place, edge in enumerate(edges) if place not in gone]
        joined = [Edge(place, label) for place, label in enumerate(self.label)]
        group = connected(len(self.nodes) + len(sides), [*left, *joined])
        for place, (token, role) in enumerate(self.nodes):
            for each in (0, 1) if self.tokens[token].joins_roles else (role,):
                self.verdict.group[token, each] = group[place]

    def _beside(self, named: Mapping[tuple[int, int], set[int]], stated: Mapping[tuple[int, int], list[tuple[str, int]]]) -> Beside:
        """Kind of number and issuer, or kind of fact -> what most records of the one and of the other say, for each two that a steward
        calls one."""
        decided = [one for one in self.same if one.row < 0]
        spoken_of = {token for one in decided for token, _ in one[:2]}
        said: dict[int, dict[Hashable, Counter[int]]] = defaultdict(lambda: defaultdict(Counter))
        for at, places in named.items():
            tokens = {self.nodes[place][0] for place in places}
            for token in tokens & spoken_of:
                for other in tokens:
                    if self.tokens[other].kind in NUMBERED_ONCE:
                        said[token]["number", self.tokens[other].kind, self.tokens[other].issuer][other] += 1
                for kind, value in stated.get(at, ()):
                    said[token]["fact", kind][value] += 1
        beside: Beside = defaultdict(list)
        for (one, _), (other, _), *_ in decided:
            for family in said[one].keys() & said[other].keys():
                beside[family].append((_most(said[one][family]), _most(said[other][family])))
        return beside

    def _numbers(self, beside: Beside) -> dict[Hashable, dict[int, int]]:
        """Marks of numbers, by kind and issuer; numbers that statements call one have one value, and so have those beside them."""
        tokens = sorted({token for token, _ in self.nodes})
        place = {token: number for number, token in enumerate(tokens)}
        called = [(one.one[0], one.other[0]) for one in self.same]
        called += [pair for family, pairs in beside.items() if isinstance(family, tuple) and family[0] == "number" for pair in pairs]
        one_person = connected(len(tokens), [Edge(place[one], place[other]) for one, other in called])
        marks: dict[Hashable, dict[int, int]] = defaultdict(dict)
        for node, (token, _) in enumerate(self.nodes):
            known = self.tokens[token]
            if known.kind in NUMBERED_ONCE:
                marks["number", known.kind, known.issuer][self.label[node]] = one_person[place[token]]
        return marks

    def _facts(self, sides: list[_Side], beside: Beside) -> dict[Hashable, dict[int, int]]:
        """Marks of records, by kind of fact. A record that states two values of one kind is of two minds and counts with the first."""
        marks: dict[Hashable, dict[int, int]] = defaultdict(dict)
        for place, side in enumerate(sides, start=len(self.nodes)):
            for kind, value in side.facts:
                marks["fact", kind].setdefault(place, value)
        for family in marks.keys() & beside.keys():
            values = sorted({*marks[family].values(), *(value for pair in beside[family] for value in pair)})
            at = {value: number for number, value in enumerate(values)}
            one_value = connected(len(values), [Edge(at[one], at[other]) for one, other in beside[family]])
            marks[family] = {place: one_value[at[value]] for place, value in marks[family].items()}
        return marks

    def _tell(self, place: int, edges: list[Edge], of_edge: list[int], sides: list[_Side], marks: Marks) -> None:
        """Write down what lies on the way between the two that contradict each other, through an edge that was set aside."""
        token = self.nodes[of_edge[place]][0]
        self.verdict.contested.add(token)
        found = witness(edges, place, marks)
        if found is None:
            return
        family, from_side, from_token = found
        way = [*reversed(from_side), *from_token]
        first = len(self.nodes)
        roles = [(sides[one - first].roles, sides[other - first].roles) for one, other in zip(way, way[2:], strict=False) if one >= first]
        inner = {self.nodes[node][0] for node in way[1:-1] if node < first}
        rule = KEPT_APART
        if isinstance(family, tuple) and family[0] == "fact":
            rule = TWO_FACTS[family[1]]
        elif isinstance(family, tuple) and family[0] == "number":
            is_coi = {self.tokens[one].kind for one in inner} == {"coi"} and len(inner) == 1
            rule = DONOR_IS_ANOTHER if any(not one & other for one, other in roles) else COI_OF_TWO if is_coi else PERSON_OF_TWO
        told = [(edges[place].one, self.nodes[at][0]) for edge, at in zip(edges, of_edge, strict=True) if edge.one == edges[place].one]
        mentioned = {(edge.one, edge.other): self.nodes[at][0] for edge, at in zip(reversed(edges), reversed(of_edge), strict=True)}
        told += [(max(pair), mentioned[max(pair), min(pair)]) for pair in pairwise(way) if max(pair) != edges[place].one]
        for side, at_side in told:
            self.verdict.contested.add(at_side)
            self.verdict.conflicts |= {Conflict(rule, row, at_side) for row in sides[side - first].rows}
