"""The oracle: what the identifiers and donations that were delivered can tell of two persons who were mixed up."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgt_etl.simulator.facts import Named, Swap
from cgt_etl.simulator.oracle import Oracle

SWAP = Swap("number_at_collection 1", (1, 2), is_double=False)


def _named(kind: str, issuer: str, person: int, role: str = "recipient") -> Named:
    return Named(kind, kind, issuer, f"{kind}{person}", role, person)


def _chart(person: int) -> tuple[Named, ...]:
    return _named("mrn", "h", person), _named("fhir_patient_id", "h", person)


def _judged(*charts: int, told: tuple[int, str] | None, stands: bool = True) -> tuple[dict[str, Any], Oracle]:
    """The first's collection under the second's number, charts of these, and a record of a donation by somebody's chart."""
    oracle = Oracle()
    oracle.mixed(SWAP, (_named("donor_id", "b", 1, "both"), _named("mrn", "h", 2)), (), ("a.csv", 2), donation="din1")
    for person in charts:
        oracle.record(_chart(person))
    if told:
        person, donation = told
        oracle.record((_named("fhir_patient_id", "h", person), _named("coi", "", person)), donation=donation, stands=stands)
    (row,) = oracle.judged()
    return row, oracle


@pytest.mark.parametrize(
    ("told", "stands", "by_donation"),
    [
        ((1, "din1"), True, True),
        ((1, "din1"), False, False),
        ((1, "din9"), True, False),
        ((2, "din1"), True, False),
        (None, True, False),
    ],
    ids=["by the other record of it", "which was taken back", "of another donation", "of the same person", "by nothing"],
)
def test_a_swap_without_a_contradicting_number_is_contradicted_by_its_donation(
    told: tuple[int, str] | None, stands: bool, by_donation: bool
) -> None:
    row, oracle = _judged(1, 2, told=told, stands=stands)
    assert row["leaves_contradiction"] is False
    assert row["is_contradicted_by_donation"] is by_donation
    component = {(one["kind"], one["value"]): one["component"] for one in oracle.partition()}
    # a donation contradicts; it parts no identifiers
    assert component["donor_id", "donor_id1"] == component["mrn", "mrn2"] != component["mrn", "mrn1"]


def test_a_swap_that_a_number_contradicts_is_not_counted_again_by_its_donation() -> None:
    oracle = Oracle()
    oracle.mixed(SWAP, (_named("coi", "", 1), _named("mrn", "h", 2)), (), ("a.csv", 2), donation="din1")
    oracle.record((*_chart(1), _named("coi", "", 1)), donation="din1")
    oracle.record(_chart(2))
    (row,) = oracle.judged()
    assert (row["leaves_contradiction"], row["is_contradicted_by_donation"]) == (True, False)


def test_what_was_exchanged_whole_is_contradicted_by_nothing() -> None:
    oracle = Oracle()
    for one, other in ((1, 2), (2, 1)):
        swap = Swap("results_exchanged 1", (one, other), is_double=True)
        oracle.mixed(swap, (_named("mrn", "h", other),), (), ("o.ndjson", one))
    for person in (1, 2):
        oracle.record(_chart(person), donation=f"din{person}")
    (row,) = oracle.judged()
    assert (row["leaves_contradiction"], row["is_contradicted_by_donation"]) == (False, False)


PERSONS = st.integers(1, 3)
KINDS = st.lists(st.sampled_from(("mrn", "fhir_patient_id", "coi", "crid")), min_size=1, max_size=3, unique=True)
RECORDS = st.lists(st.tuples(PERSONS, KINDS, st.sampled_from((None, "din1", "din2")), st.booleans()), max_size=6)


@given(own=KINDS, other=KINDS, records=RECORDS)
def test_a_donation_parts_and_joins_nobody_and_contradicts_only_what_no_number_does(
    own: list[str], other: list[str], records: list[tuple[int, list[str], str | None, bool]]
) -> None:
    def judged(*, with_donations: bool) -> tuple[dict[str, Any], list[dict[str, object]]]:
        oracle = Oracle()
        named = (*(_named(kind, "h", 1) for kind in own), *(_named(kind, "h", 2) for kind in other))
        oracle.mixed(SWAP, named, (), ("a.csv", 2), donation="din1" if with_donations else None)
        for person, kinds, donation, stands in records:
            told = tuple(_named(kind, "h", person) for kind in kinds)
            oracle.record(told, stands=stands, donation=donation if with_donations else None)
        (row,) = oracle.judged()
        return row, list(oracle.partition())

    (told, parted), (untold, same) = judged(with_donations=True), judged(with_donations=False)
    assert parted == same
    assert told["leaves_contradiction"] == untold["leaves_contradiction"]
    assert untold["is_contradicted_by_donation"] is False
    assert not (told["leaves_contradiction"] and told["is_contradicted_by_donation"])
    if told["is_contradicted_by_donation"]:
        assert any(donation == "din1" and stands for _, _, donation, stands in records)
