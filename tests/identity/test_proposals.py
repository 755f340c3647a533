"""Pairs that demographics propose: who is proposed and who is not, that nobody is joined, and that nothing of it can stop a night."""

from __future__ import annotations

import random
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import splink

from cgt_etl.contracts.model import Demographic
from cgt_etl.identity.proposals import MOST_PER_BLOCK
from tests.identity.landed import Built, Id, Row, Sent, identity, mrn

pytestmark = pytest.mark.slow

Said = tuple[tuple[Demographic, str], ...]


def said(family: str, given: str, born: str, sex: str = "female", postcode: str = "") -> Said:
    whole: Said = (("family_name", family), ("given_name", given), ("birth_date", born), ("sex", sex), ("postcode", postcode))
    return tuple(one for one in whole if one[1])


JANE = said("Thistlewood", "Jane", "1980-04-11")


def charts(*of: Said) -> Sent:
    """One chart each, numbered from 1, of a hospital of its own: nothing joins them."""
    return Sent("1", tuple(Row(f"k{n}", (mrn(str(n), issuer=f"h{n}"),), says=one) for n, one in enumerate(of, start=1)))


def chart(number: int) -> Id:
    return mrn(str(number), issuer=f"h{number}")


def proposed(built: Built) -> dict[frozenset[str], dict[str, Any]]:
    return {frozenset((row["subject_id"], row["other_subject_id"])): row for row in built["proposal"]}


@pytest.mark.parametrize(
    ("other", "agreement"),
    [
        (said("THISTLEWOOD", "JANE", "1980-04-11", "female"), "family_name full, given_name full, birth_date day, sex full"),
        (said("Thistlewod", "J", "1980-04-11"), "family_name phonetic, given_name start, birth_date day, sex full"),
        (said("Thistlewood", "Jane", "1980-11-04"), "family_name full, given_name full, birth_date transposed, sex full"),
        (said("Thistlewood", "Jane", "1981-04-11"), "family_name full, given_name full, birth_date month_day, sex full"),
        (said("Jane", "Thistlewood", "1980-04-11"), "family_name changed_about, given_name changed_about, birth_date day, sex full"),
        (said("Wexcombe", "Jane", "1980-04-11"), "given_name full, birth_date day, sex full"),
        (said("Thistlewood", "Jane", "1980-04-11", ""), "family_name full, given_name full, birth_date day"),
    ],
    ids=["alike", "misspelt", "day and month changed about", "another year", "names changed about", "married", "sex unknown"],
)
def test_one_person_with_two_charts_is_proposed_and_not_joined(tmp_path: Path, other: Said, agreement: str) -> None:
    built = identity(tmp_path, charts(JANE, other))
    subjects = built.subject_of(chart(1)), built.subject_of(chart(2))
    assert subjects[0] != subjects[1]
    assert len({row["component_id"] for row in built["subject"]}) == 2, "not even rebuilt together"
    [(pair, row)] = proposed(built).items()
    assert pair == {*subjects}
    assert row["agreement"] == agreement
    tokens = {built.identifier(chart(n))["release_token"] for n in (1, 2)}
    assert {row["token"], row["other_token"]} == tokens
    assert {(row["source_row"], row["object"]), (row["other_source_row"], row["other_object"])} == {
        (2, "test__upsert__main"),
        (3, "test__upsert__main"),
    }


@pytest.mark.parametrize(
    "other",
    [
        said("Thistlewood", "Jane", "1962-09-30"),
        said("Thistlewood", "Jane", "1980-09-30"),
        said("Farrow", "Greta", "1980-04-11"),
        (("sex", "female"),),
        (),
    ],
    ids=["same names, another age", "same names and year", "same day of birth", "sex alone", "nothing"],
)
def test_what_two_persons_may_well_share_is_not_proposed(tmp_path: Path, other: Said) -> None:
    assert proposed(identity(tmp_path, charts(JANE, other))) == {}


def test_twins_and_father_and_son_are_at_most_proposed(tmp_path: Path) -> None:
    twin, other = said("Ivers", "Hector", "1971-02-03", "male", "00042"), said("Ivers", "Hugo", "1971-02-03", "male", "00042")
    father, son = said("Farrow", "Evander", "1950-05-20", "male"), said("Farrow", "Evander", "1985-05-20", "male")
    built = identity(tmp_path, charts(twin, other, father, son))
    assert len({built.subject_of(chart(n)) for n in (1, 2, 3, 4)}) == 4
    assert not any(row["is_contested"] for row in built["subject"])
    assert set(proposed(built)) == {
        frozenset((str(built.subject_of(chart(one))), str(built.subject_of(chart(two))))) for one, two in ((1, 2), (3, 4))
    }


def test_the_more_agrees_the_heavier(tmp_path: Path) -> None:
    weights = []
    ladder = [
        said("Wexcombe", "Jane", "1980-04-11", "female"),
        said("Thistlewod", "J", "1980-04-11", "female", "00099"),
        said("Thistlewood", "Jane", "1980-04-11", "female", "00099"),
        said("Thistlewood", "Jane", "1980-04-11", "female", "00042"),
    ]
    for place, other in enumerate(ladder):
        [row] = identity(tmp_path / str(place), charts((*JANE, ("postcode", "00042")), other))["proposal"]
        weights.append(row["match_weight"])
    assert all(one < two for one, two in pairwise(weights)), weights


def test_who_is_joined_already_or_said_to_be_two_is_not_proposed(tmp_path: Path) -> None:
    sent = charts(JANE, JANE)
    built = identity(tmp_path / "1", sent)
    apart = identity(tmp_path / "2", sent, decisions=[built.decided(chart(1), "apart", chart(2))])
    assert proposed(apart) == {}
    same = identity(tmp_path / "3", sent, decisions=[built.decided(chart(2), "same", chart(1))])
    assert proposed(same) == {}
    assert same.subject_of(chart(1)) == same.subject_of(chart(2))
    joined = Sent("2", (Row("both", (chart(1), chart(2))),), partner="south")
    assert proposed(identity(tmp_path / "4", sent, joined)) == {}


def test_only_records_that_stand_and_name_one_person_count(tmp_path: Path) -> None:
    old, new = charts(JANE, JANE), Sent("2", (Row("k2", (chart(2),), says=said("Yarrow", "Greta", "1999-01-31")),))
    assert proposed(identity(tmp_path / "1", old, new)) == {}
    contradictory = Sent("1", (Row("a", (mrn("8"), mrn("9")), says=JANE), Row("b", (mrn("7"),), says=JANE)))
    built = identity(tmp_path / "2", contradictory)
    assert proposed(built) == {}, "whose name it is cannot be said"
    beside = Sent("2", (Row("c", (mrn("8"),), says=JANE), Row("d", (mrn("9"),), says=JANE)))
    built = identity(tmp_path / "3", contradictory, beside)
    conflicting = frozenset((str(built.subject_of(mrn("8"))), str(built.subject_of(mrn("9")))))
    assert len(conflicting) == 2
    assert conflicting not in proposed(built), "a conflict tells of them already"


def test_a_key_that_too_many_share_compares_nobody(tmp_path: Path) -> None:
    crowd = [said("Smith", f"{chr(97 + n % 26)}{chr(97 + n // 26)}ro", "1980-04-11", "") for n in range(MOST_PER_BLOCK + 1)]
    assert proposed(identity(tmp_path / "1", charts(*crowd))) == {}
    assert proposed(identity(tmp_path / "2", charts(*crowd[:-1])))


def test_the_same_charts_give_the_same_bytes_in_any_order(tmp_path: Path) -> None:
    chance = random.Random(4)
    people = [said(f, g, b) for f in ("Ivers", "Farrow", "Farow") for g in ("Jane", "J", "Greta") for b in ("1980-04-11", "1980-11-04")]
    sent = [Sent("1", (Row("k", (mrn(str(n), issuer=f"h{n}"),), says=one),), partner=f"p{n}") for n, one in enumerate(people)]
    shuffled = chance.sample(sent, len(sent))
    one, other = identity(tmp_path / "1", *sent), identity(tmp_path / "2", *shuffled)
    assert one["proposal"]
    assert one.bytes == other.bytes


def test_a_splink_that_fails_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("Thistlewood")

    whole = identity(tmp_path / "1", charts(JANE, JANE))
    monkeypatch.setattr(splink, "Linker", broken)
    built = identity(tmp_path / "2", charts(JANE, JANE))
    assert built["proposal"] == []
    assert {name: data for name, data in built.bytes.items() if name != "proposal.parquet"} == {
        name: data for name, data in whole.bytes.items() if name != "proposal.parquet"
    }, "and nothing rests on what it says"
    assert built.result.problem
    assert "RuntimeError" in built.result.problem
    assert "Thistlewood" not in built.result.problem
    assert whole.result.problem is None


def test_splink_is_loaded_only_where_there_is_something_to_compare() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import sys, cgt_etl.identity.build; print('splink' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False"]
