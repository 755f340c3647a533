"""Decisions: a set of files that says who is who, whatever their order; replayed, undone, and shown with evidence and without values."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.errors import CgtError
from cgt_etl.identity import decisions, queue
from cgt_etl.identity.decisions import Because, Decided
from cgt_etl.identity.statements import Decision
from cgt_etl.settings import Settings
from tests.identity.landed import Built, Id, Row, Sent, coi, identity, mrn
from tests.identity.test_proposals import JANE, chart, charts

pytestmark = pytest.mark.slow

NOW = datetime(2025, 11, 30, 12, tzinfo=UTC)
A, B, C = "a" * 32, "b" * 32, "c" * 32


def because(why: str = "both charts seen", minutes: int = 0) -> Because:
    return Because("r. steward", why, NOW + timedelta(minutes=minutes))


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def test_a_decision_is_a_file_with_who_and_why(home: Settings) -> None:
    made = decisions.decide(home, "same", (B, A), because(), "p12345678: agree in family_name full")
    [file] = home.decisions.glob("*.json")
    assert file.stem == made.id
    said = json.loads(file.read_text())
    assert (said["says"], said["one"], said["other"]) == ("same", A, B), "the order of the two means nothing"
    assert (said["who"], said["why"], said["at"]) == ("r. steward", "both charts seen", "2025-11-30T12:00:00+00:00")
    assert decisions.inputs(home) == {made.id: {"says": "same", "one": A, "other": B}}
    assert home.decisions.stat().st_mode & 0o077 == 0


def test_accept_then_undo_equals_never_and_may_be_decided_again(home: Settings) -> None:
    made = decisions.decide(home, "same", (A, B), because())
    undone = decisions.undo(home, made.id, because("the wrong chart", 1))
    assert decisions.inputs(home) == {}
    with pytest.raises(CgtError, match="no such decision is in force"):
        decisions.undo(home, made.id, because())
    with pytest.raises(CgtError, match="no such decision is in force"):
        decisions.undo(home, undone.id, because())
    again = decisions.decide(home, "same", (A, B), because(minutes=2))
    assert list(decisions.inputs(home)) == [again.id]
    assert len(decisions.load(home)) == 3, "nothing is ever removed"


def test_a_later_decision_on_the_same_two_takes_the_place_of_the_earlier(home: Settings) -> None:
    first = decisions.decide(home, "same", (A, B), because())
    decisions.decide(home, "same", (A, C), because())
    second = decisions.decide(home, "apart", (B, A), because("another birth date on paper", 1))
    assert second.instead_of == (first.id,)
    assert [said["says"] for said in decisions.inputs(home).values() if said["other"] == B] == ["apart"]
    decisions.undo(home, second.id, because("", 2)._replace(why="typed wrongly"))
    assert not [said for said in decisions.inputs(home).values() if said["other"] == B], "nor does the first come back by itself"


@pytest.mark.parametrize("said", [Because("", "why", NOW), Because("who", "  ", NOW)])
def test_nothing_is_decided_without_who_and_why(home: Settings, said: Because) -> None:
    with pytest.raises(CgtError, match="who decided and why"):
        decisions.decide(home, "same", (A, B), said)
    with pytest.raises(CgtError, match="decided already"):
        decisions.decide(home, "same", (A, B), because())
        decisions.decide(home, "same", (B, A), because())


def test_a_file_changed_by_hand_stops_the_night_and_the_doctor_says_so(home: Settings) -> None:
    made = decisions.decide(home, "apart", (A, B), because())
    file = home.decisions / f"{made.id}.json"
    file.write_text(file.read_text().replace('"apart"', '"same"'))
    with pytest.raises(CgtError, match="changed by hand") as caught:
        decisions.inputs(home)
    assert A not in str(caught.value)
    assert decisions.problems(home) == [caught.value.what]
    file.unlink()
    later = Decided("undone", A, B, "r. steward", "x", "2025-12-01T00:00:00+00:00", (made.id,))
    (home.decisions / f"{later.id}.json").write_text(later.text())
    assert decisions.problems(home) == [f"{later.id} takes the place of {made.id}, which is missing"]


def test_two_that_contradict_each_other_part(home: Settings) -> None:
    """Two stewards at once, or two homes brought together."""
    made = [Decided(says, A, B, "s", "w", "2025-12-01T00:00:00+00:00") for says in ("same", "apart")]  # type: ignore[arg-type]
    home.decisions.mkdir(parents=True)
    for one in made:
        (home.decisions / f"{one.id}.json").write_text(one.text())
    assert [one.says for one in decisions.in_force(made)] == ["apart"]
    [problem] = decisions.problems(home)
    assert "contradict each other" in problem
    decisions.decide(home, "same", (A, B), because())
    assert decisions.problems(home) == []
    assert [said["says"] for said in decisions.inputs(home).values()] == ["same"], "a third ends it"


ACTIONS = st.lists(
    st.tuples(st.sampled_from(["same", "apart", "undo"]), st.sampled_from([(A, B), (A, C), (B, C)]), st.integers(0, 3)), max_size=8
)


@given(ACTIONS, st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_of_the_files_means_nothing(actions: list[tuple[str, tuple[str, str], int]], chance: random.Random) -> None:
    made: list[Decided] = []
    for place, (says, pair, _) in enumerate(actions):
        standing = [one for one in decisions.in_force(made) if one.pair == pair]
        if says == "undo" and not standing:
            continue
        kind: Any = "undone" if says == "undo" else says
        made.append(Decided(kind, *pair, "s", "w", f"2025-12-01T00:00:{place:02d}+00:00", tuple(one.id for one in standing)))
    last: dict[tuple[str, str], str] = {}
    for one in made:
        last[one.pair] = one.says
    expected = {(pair, says) for pair, says in last.items() if says != "undone"}
    shuffled = chance.sample(made, len(made))
    assert decisions.in_force(shuffled) == decisions.in_force(made)
    assert {(one.pair, one.says) for one in decisions.in_force(made)} == expected, "each pair is as it was decided last"


def _released(monkeypatch: pytest.MonkeyPatch, built: Built) -> Settings:
    """The queue's home, as if `built` were what the current release rests on."""
    folder = built.result.folder
    monkeypatch.setattr(queue.read, "current", lambda _: SimpleNamespace(id="0001-0"))
    monkeypatch.setattr(queue.plan, "identity_folder", lambda *_: folder)
    return Settings(home=folder.parent)


def test_a_proposal_waits_until_it_is_decided(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = charts(JANE, JANE)
    built = identity(tmp_path, sent)
    home = _released(monkeypatch, built)
    waiting = queue.load(home)
    [item] = waiting.waiting
    told = "\n".join(queue.lines(home, waiting, NOW, 20))
    assert item.id in told
    assert "for 28 days" in told, "since the delivery was received"
    assert {f"{sent.id} row 2 (test__upsert__main)", f"{sent.id} row 3 (test__upsert__main)"} <= {x.strip() for x in told.splitlines()}
    assert "mrn of h1" in told
    assert not {text for text in ("Thistlewood", "1980") if text in told}, "no value"
    assert set(item.pair) == {built.identifier(chart(n))["release_token"] for n in (1, 2)}
    for says in ("same", "apart"):
        made = decisions.decide(home, says, item.pair, because(), item.said())  # type: ignore[arg-type]
        assert queue.load(home).waiting == [], "decided, and the next night will know"
        decisions.undo(home, made.id, because())
    assert [one.id for one in queue.load(home).waiting] == [item.id]
    with pytest.raises(CgtError, match="nothing with this id waits"):
        waiting.item("p0")


def test_a_contradiction_waits_with_the_evidence_of_both_sides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sent = Sent("1", (Row("a", (mrn("1"), coi("C1"))), Row("b", (mrn("2"), coi("C1")))))
    built = identity(tmp_path / "1", sent)
    home = _released(monkeypatch, built)
    [item] = queue.load(home).waiting
    assert item.about.startswith("R05 ")
    assert {side.token for side in item.sides} == {built.identifier(mrn(n))["release_token"] for n in "12"}
    assert {row for side in item.sides for _, row, _ in side.rows} == {2, 3}
    between = [Decision(*sorted(item.pair), "apart")]  # type: ignore[arg-type]
    parted = queue.load(_released(monkeypatch, identity(tmp_path / "0", sent, decisions=between)))
    assert parted.waiting or parted.to_mend, "what the records say against a decision stays to be seen"
    made = decisions.decide(home, "same", item.pair, because(), item.said())
    joined = identity(tmp_path / "2", sent, decisions=[Decision(made.one, made.other, "same")])
    assert joined.subject_of(mrn("1")) == joined.subject_of(mrn("2")) == joined.subject_of(coi("C1"))
    assert joined["conflict"] == []
    assert queue.load(_released(monkeypatch, joined)).waiting == []


@pytest.mark.parametrize(
    ("born", "issuers"),
    [("1980-11-04", ("h1", "h2")), ("1980-04-11", ("h1", "h1")), ("1980-11-04", ("h1", "h1"))],
    ids=["day and month changed about", "two charts of one hospital", "both"],
)
def test_one_person_by_decision_has_all_that_both_charts_say(tmp_path: Path, born: str, issuers: tuple[str, str]) -> None:
    """A steward who calls two charts one has seen that they differ: nothing beside the two numbers may part what was joined."""
    charts_of = [
        (Id("fhir_patient_id", f"p{n}", "recipient", of), mrn(str(n), issuer=of), coi(f"C{n}")) for n, of in enumerate(issuers, start=1)
    ]
    says = [JANE, tuple((kind, born if kind == "birth_date" else text) for kind, text in JANE)]
    pairs = list(enumerate(zip(charts_of, says, strict=True)))
    rows = tuple(Row(f"k{n}", ids, says=said) for n, (ids, said) in pairs)
    more = Sent("2", tuple(Row(f"r{n}", (ids[0],), says=said) for n, (ids, said) in pairs), partner="s")
    shown = identity(tmp_path / "1", Sent("1", rows), more)
    assert len(shown["subject"]) == 2
    decided = [shown.decided(charts_of[0][1], "same", charts_of[1][1])]
    built = identity(tmp_path / "2", Sent("1", rows), more, decisions=decided)
    assert len(built["subject"]) == 1
    assert built["conflict"] == []
    third = Sent("3", (Row("x", (mrn("1", issuer=issuers[0]), mrn("3", issuer=issuers[0]))),))
    contested = identity(tmp_path / "3", Sent("1", rows), more, third, decisions=decided)
    assert contested["conflict"], "another number of the hospital is another person still"
