"""Identity against plain Python: any order of deliveries, any tangle of identifiers."""

from __future__ import annotations

import random
from collections import defaultdict
from itertools import combinations, pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.identity.components import smallest_labels
from cgt_etl.identity.contradictions import Fact, Mention, Said, Token, resolve
from cgt_etl.identity.links import OBJECT_KINDS
from cgt_etl.identity.smallest import Edge, Removed, bounded, connected, smallest
from cgt_etl.landing.delivery import sequence_key
from tests.identity.landed import Built, Id, Row, Sent, identity

pytestmark = pytest.mark.slow

Tables = dict[str, list[dict[str, object]]]
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NODES = st.integers(1, 40)


@given(st.data())
@settings(deadline=None)
def test_components_equal_a_plain_search(data: st.DataObject) -> None:
    size = data.draw(NODES)
    edges = data.draw(st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=60))
    beside: dict[int, set[int]] = defaultdict(set)
    for left, right in edges:
        beside[left].add(right)
        beside[right].add(left)
    expected = [-1] * size
    for start in range(size):
        waiting = [start] if expected[start] < 0 else []
        while waiting:
            node = waiting.pop()
            if expected[node] < 0:
                expected[node] = start
                waiting += beside[node]
    left, right = (np.array([edge[end] for edge in edges], dtype=np.int64) for end in (0, 1))
    assert smallest_labels(size, left, right).tolist() == expected


def test_components_of_a_long_shuffled_chain_are_one() -> None:
    nodes = list(range(20_000))
    random.Random(7).shuffle(nodes)
    edges = list(pairwise(nodes))
    random.Random(8).shuffle(edges)
    label = smallest_labels(len(nodes), np.array([one for one, _ in edges]), np.array([two for _, two in edges]))
    assert not label.any()


@given(st.lists(st.text("09aKW-", max_size=6), max_size=8))
def test_sequences_are_totally_ordered(sequences: list[str]) -> None:
    ordered = sorted(set(sequences), key=sequence_key)
    assert [sequence_key(one) < sequence_key(two) for one, two in pairwise(ordered)] == [True] * max(len(ordered) - 1, 0)


# Few values of few kinds, so that everything that can collide does.
PERSON_IDS = st.one_of(
    st.builds(Id, st.just("mrn"), st.sampled_from("123"), st.sampled_from(["recipient", "donor"]), st.sampled_from(["hosp", "other"])),
    st.builds(Id, st.sampled_from(["coi", "grid", "crid"]), st.sampled_from("12"), st.sampled_from(["recipient", "donor", "both"])),
)
IDS = st.one_of(
    PERSON_IDS, st.builds(Id, st.sampled_from(["lot", "order_id"]), st.sampled_from("12"), st.sampled_from([None, "recipient"]))
)
ROWS = st.builds(
    Row,
    key=st.sampled_from("abcd"),
    ids=st.lists(IDS, max_size=4, unique=True).map(tuple),
    is_retracted=st.booleans().flatmap(lambda maybe: st.booleans() if maybe else st.just(False)),
    children=st.lists(st.lists(IDS, max_size=2, unique=True).map(tuple), max_size=2).map(tuple),
)
DELIVERIES = st.lists(
    st.builds(
        Sent,
        sequence=st.sampled_from(["1", "2", "10"]),
        rows=st.lists(ROWS, max_size=4).map(tuple),
        mode=st.sampled_from(["append", "snapshot", "upsert"]),
        partner=st.sampled_from(["north", "south"]),
    ),
    max_size=6,
    unique_by=lambda one: one.id,
)


def _standing(deliveries: list[Sent]) -> set[tuple[str, int]]:
    """Oracle: read the deliveries of each stream in order of precedence and let each row overwrite its key."""
    streams: dict[tuple[str, str], list[Sent]] = defaultdict(list)
    for sent in deliveries:
        streams[sent.partner, sent.mode].append(sent)
    standing: set[tuple[str, int]] = set()
    for (_, mode), stream in streams.items():
        stream.sort(key=lambda sent: (int(sent.sequence), sent.sha256))
        latest: dict[str, tuple[str, int, bool]] = {}
        for sent in stream[-1:] if mode == "snapshot" else stream:
            for position, row in enumerate(sent.rows, start=2):
                latest[row.key] = (sent.id, position, row.is_retracted)
        standing |= {(id_, position) for id_, position, is_retracted in latest.values() if not is_retracted}
    return standing


def _linked(deliveries: list[Sent]) -> list[tuple[str, int, list[tuple[Id, ...]]]]:
    """Standing records with the identifiers of each of their rows."""
    standing = _standing(deliveries)
    return [
        (sent.id, position, [row.ids, *row.children])
        for sent in deliveries
        for position, row in enumerate(sent.rows, start=2)
        if (sent.id, position) in standing
    ]


def _build(deliveries: list[Sent]) -> tuple[Built, Tables]:
    with TemporaryDirectory() as home:
        built = identity(Path(home), *deliveries)
        return built, {table: built[table] for table in ("record", "identifier", "subject", "conflict")}


@given(DELIVERIES, st.randoms(use_true_random=False))
@FEW
def test_any_order_gives_the_same_bytes(deliveries: list[Sent], chance: random.Random) -> None:
    shuffled = list(deliveries)
    chance.shuffle(shuffled)
    assert _build(deliveries)[0].bytes == _build(shuffled)[0].bytes


@given(DELIVERIES)
@settings(FEW, max_examples=40)
def test_a_build_equals_the_oracles(deliveries: list[Sent]) -> None:
    _, tables = _build(deliveries)
    _versions_stand_as_said(deliveries, tables)
    _components_are_what_records_share(deliveries, tables)
    _two_numbers_of_a_hospital_are_two_persons(tables)
    if not tables["conflict"]:
        _persons_are_components_per_role(deliveries, tables)


def _versions_stand_as_said(deliveries: list[Sent], tables: Tables) -> None:
    rows = sum(1 + len(row.children) for sent in deliveries for row in sent.rows)
    assert len(tables["record"]) == rows
    current = {(row["source_delivery"], row["source_row"]) for row in tables["record"] if row["is_current"]}
    assert current == _standing(deliveries)
    main = [(r["source_delivery"], r["source_row"]) for r in tables["record"] if r["is_current"] and str(r["object"]).endswith("__main")]
    assert len(main) == len(set(main))


def _components_are_what_records_share(deliveries: list[Sent], tables: Tables) -> None:
    named = {row["release_token"]: row["component_id"] for row in tables["identifier"]}
    released = {row["partner_token"]: row["release_token"] for row in tables["identifier"]}
    groups: list[set[object]] = []
    of_record: dict[tuple[str, int], object] = {}
    for id_, position, rows in _linked(deliveries):
        tokens = {released[one.partner_token(id_.split("/")[0])] for ids in rows for one in ids}
        if tokens:
            touching = [group for group in groups if group & tokens]
            groups = [group for group in groups if not group & tokens] + [tokens.union(*touching)]
            of_record[id_, position] = next(iter(tokens))
    assert {token: f"c{min(map(str, group))}" for group in groups for token in group} == named
    for row in tables["record"]:
        token = of_record.get((str(row["source_delivery"]), int(str(row["source_row"])))) if row["is_current"] else None
        assert row["component_id"] == (named[token] if token else f"delivery:{row['source_delivery']}")
    assert {row["component_id"] for table in ("subject", "conflict") for row in tables[table]} <= set(named.values())


def _two_numbers_of_a_hospital_are_two_persons(tables: Tables) -> None:
    numbers: dict[object, set[object]] = defaultdict(set)
    for row in tables["identifier"]:
        if row["kind"] == "mrn" and row["subject_id"]:
            numbers[row["subject_id"], row["issuer"]].add(row["release_token"])
    assert all(len(of) == 1 for of in numbers.values())
    contested = {row["subject_id"] for row in tables["identifier"] if row["is_contested"]}
    assert {row["subject_id"] for row in tables["subject"] if row["is_contested"]} == contested
    assert {row["subject_id"] for row in tables["conflict"]} <= contested
    assert bool(contested) == bool(tables["conflict"])


def _persons_are_components_per_role(deliveries: list[Sent], tables: Tables) -> None:
    person_rows = [
        [one for one in ids if one.person and one.kind not in OBJECT_KINDS] for _, _, rows in _linked(deliveries) for ids in rows
    ]
    both = {one.linkage for ids in person_rows for one in ids if one.person == "both"}
    groups: list[set[tuple[str, str]]] = [{(token, "donor"), (token, "recipient")} for token in both]
    for ids in person_rows:
        for role in ("donor", "recipient"):
            side = {(one.linkage, role) for one in ids if one.person in (role, "both")}
            if side:
                groups = [group for group in groups if not group & side] + [side.union(*(group for group in groups if group & side))]
    subject = {row["partner_token"]: row["subject_id"] for row in tables["identifier"]}
    linkage = {one.partner_token(p): one.linkage for ids in person_rows for one in ids for p in ("north", "south")}
    found: dict[object, set[str]] = defaultdict(set)
    for token, name in subject.items():
        if name:
            found[name].add(linkage[token])
    assert sorted(map(sorted, found.values())) == sorted(sorted({token for token, _ in group}) for group in groups)


@given(DELIVERIES)
@FEW
def test_more_records_never_unite_donors_with_recipients(deliveries: list[Sent]) -> None:
    """Without an identifier that a contract calls both, no subject is reached from both roles but by one and the same identifier."""
    parted = [Sent(sent.sequence, tuple(_parted(row) for row in sent.rows), sent.mode, sent.partner) for sent in deliveries]
    for known in (len(parted) // 2, len(parted)):
        _, tables = _build(parted[:known])
        subject = {row["partner_token"]: row["subject_id"] for row in tables["identifier"]}
        roles: dict[object, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for id_, _, rows in _linked(parted[:known]):
            for one in (one for ids in rows for one in ids if one.person and one.kind not in OBJECT_KINDS):
                roles[subject[one.partner_token(id_.split("/")[0])]][one.person].add(one.linkage)
        for of in roles.values():
            if len(of) == 2:
                assert of["donor"] <= of["recipient"]


def _parted(row: Row) -> Row:
    def without_both(ids: tuple[Id, ...]) -> tuple[Id, ...]:
        return tuple(one for one in ids if one.person != "both")

    return Row(row.key, without_both(row.ids), row.is_retracted, tuple(without_both(ids) for ids in row.children))


MENTIONS = st.lists(st.builds(Mention, st.integers(0, 8), st.integers(0, 1), st.integers(0, 9)), max_size=30, unique=True)
SAID = st.lists(
    st.builds(
        Said,
        st.tuples(st.integers(0, 9), st.integers(0, 1)),
        st.tuples(st.integers(0, 9), st.integers(0, 1)),
        st.booleans(),
        st.integers(-1, 1),
    ).filter(lambda one: one.one[0] != one.other[0]),
    max_size=3,
)


FACTS = st.lists(
    st.builds(Fact, st.integers(0, 8), st.integers(0, 1), st.sampled_from(["birth_date", "sex"]), st.integers(0, 1)), max_size=4
)


@given(MENTIONS, SAID, FACTS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_contradictions_are_resolved_alike_in_any_order(
    mentions: list[Mention], said: list[Said], facts: list[Fact], chance: random.Random
) -> None:
    kinds = ("mrn", "mrn", "mrn", "mrn", "coi", "coi", "grid", "crid", "fhir_patient_id", "member_no")
    tokens = {number: Token(kind, str(number % 2), number == 5) for number, kind in enumerate(kinds)}
    whole = [*mentions, *(one._replace(role=1 - one.role) for one in mentions if tokens[one.token].joins_roles)]
    verdict = resolve(whole, tokens, said, facts)
    anyhow = [list(whole), list(said), list(facts)]
    for listed in anyhow:
        chance.shuffle(listed)
    again = resolve(anyhow[0], tokens, anyhow[1], anyhow[2])
    assert (verdict.group, verdict.contested, verdict.conflicts) == (again.group, again.contested, again.conflicts)
    assert set(verdict.group) >= {(one.token, one.role) for one in mentions}
    for one in said:
        ends = [(token, 0 if tokens[token].joins_roles else role) for token, role in (one.one, one.other)]
        assert one.is_same or verdict.group[ends[0]] != verdict.group[ends[1]]
    held: dict[tuple[int, str], set[int]] = defaultdict(set)
    for (token, _), group in verdict.group.items():
        if tokens[token].kind == "mrn":
            held[group, tokens[token].issuer].add(token)
    same = {frozenset((one.one[0], one.other[0])) for one in said if one.is_same}
    assert same or all(len(numbers) == 1 for numbers in held.values())


GRAPH = st.integers(2, 7).flatmap(
    lambda size: st.tuples(
        st.lists(
            st.tuples(st.integers(0, size - 1), st.integers(0, size - 1), st.integers(1, 3)).filter(lambda one: one[0] != one[1]),
            max_size=9,
        ),
        st.lists(st.dictionaries(st.integers(0, size - 1), st.integers(0, 2), max_size=4), min_size=1, max_size=3),
    )
)


@given(GRAPH)
@settings(deadline=None)
def test_what_is_set_aside_is_every_smallest_set_of_a_search_of_all_subsets(
    graph: tuple[list[tuple[int, ...]], list[dict[int, int]]],
) -> None:
    edges, marks = [Edge(*one) for one in graph[0]], dict(enumerate(graph[1]))

    def contradicts(kept: list[Edge]) -> bool:
        label = connected(7, kept)
        return any(
            label[one] == label[other] and values[one] != values[other] for values in marks.values() for one in values for other in values
        )

    sets = [set(chosen) for many in range(len(edges) + 1) for chosen in combinations(range(len(edges)), many)]
    good = [chosen for chosen in sets if not contradicts([edge for place, edge in enumerate(edges) if place not in chosen])]
    cost = {frozenset(chosen): sum(edges[at].alike for at in chosen) for chosen in good}
    least = min(cost.values())
    best = [chosen for chosen, of in cost.items() if of == least]
    assert smallest(edges, marks) == Removed(frozenset().union(*best), is_exact=True)
    rough = bounded(edges, marks)
    assert not contradicts([edge for place, edge in enumerate(edges) if place not in rough])
    assert sum(edges[at].alike for at in rough) <= least * max(1, sum(len(values) for values in marks.values()))
