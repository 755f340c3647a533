"""Identity by example: modes, names, roles and contradictions, one story each."""

from __future__ import annotations

from pathlib import Path

import pytest

from cgt_etl.door.tokens import release_token
from cgt_etl.identity.statements import Decision
from cgt_etl.identity.tables import SCHEMAS
from tests.identity.landed import Id, Keys, Row, Sent, coi, identity, land, mrn, registry

pytestmark = pytest.mark.slow

LOT = Id("lot", "LV-22-009", issuer="maker")


def _rows(*ids: tuple[Id, ...]) -> tuple[Row, ...]:
    return tuple(Row(f"k{place}", one) for place, one in enumerate(ids))


def test_nothing_landed_gives_typed_empty_tables(tmp_path: Path) -> None:
    built = identity(tmp_path)
    assert built.result.rows == dict.fromkeys(SCHEMAS, 0)
    assert set(built.bytes) == {f"{name}.parquet" for name in SCHEMAS}


def test_upsert_keeps_the_highest_version_whatever_came_last(tmp_path: Path) -> None:
    old = Sent("20251101", (Row("a"), Row("b")))
    new = Sent("20251102", (Row("a"),))
    assert identity(tmp_path, new, old).current() == {(new.id, 2), (old.id, 3)}


def test_sequences_count_numbers_as_numbers(tmp_path: Path) -> None:
    week9, week10 = Sent("KW9", (Row("a"),)), Sent("KW10", (Row("a"),))
    assert identity(tmp_path, week10, week9).current() == {(week10.id, 2)}


def test_the_later_row_of_one_delivery_stands(tmp_path: Path) -> None:
    sent = Sent("1", (Row("a"), Row("b"), Row("a")))
    assert identity(tmp_path, sent).current() == {(sent.id, 3), (sent.id, 4)}


def test_a_snapshot_replaces_everything_of_its_partner(tmp_path: Path) -> None:
    old = Sent("1", (Row("a"), Row("b")), mode="snapshot")
    new = Sent("2", (Row("b"),), mode="snapshot")
    other = Sent("1", (Row("a"),), mode="snapshot", partner="south")
    assert identity(tmp_path, old, new, other).current() == {(new.id, 2), (other.id, 2)}


def test_a_retraction_that_wins_leaves_nothing_and_a_later_version_stands_again(tmp_path: Path) -> None:
    said, taken_back = (
        Sent("1", (Row("a", (coi("C1"),)),)),
        Sent("2", (Row("a", (coi("C1"),), is_retracted=True, children=((coi("C1"),),)),)),
    )
    built = identity(tmp_path / "1", said, taken_back)
    assert built.current("main") == built.current("part") == set()
    assert built["identifier"] == []
    assert {row["component_id"] for row in built["record"]} == {f"delivery:{said.id}", f"delivery:{taken_back.id}"}
    again = Sent("3", (Row("a"),))
    assert identity(tmp_path / "2", said, taken_back, again).current() == {(again.id, 2)}


def test_an_append_sent_twice_counts_once(tmp_path: Path) -> None:
    first, second = (Sent(sequence, (Row("a"), Row(sequence)), mode="append") for sequence in ("1", "2"))
    assert identity(tmp_path, first, second).current() == {(second.id, 2), (first.id, 3), (second.id, 3)}


def test_child_rows_stand_with_their_record(tmp_path: Path) -> None:
    old = Sent("1", (Row("a", children=((mrn("1"),), (mrn("2"),))),))
    new = Sent("2", (Row("a", children=((mrn("3"),),)),))
    built = identity(tmp_path, old, new)
    assert built.current("part") == {(new.id, 2)}
    assert [row["release_token"] for row in built["identifier"]] == [built.identifier(mrn("3"))["release_token"]]


def test_persons_join_over_partners_and_tokens_do_not_cross(tmp_path: Path) -> None:
    collected = Sent("1", _rows((coi("C1"), mrn("7"))))
    treated = Sent("1", _rows((mrn("7"), Id("fhir_patient_id", "p-1", "recipient", "hosp"))), partner="south")
    built = identity(tmp_path, collected, treated)
    assert len(built["identifier"]) == 4
    assert len(built["subject"]) == 1
    assert built.subject_of(mrn("7"), "north") == built.subject_of(mrn("7"), "south") == built.subject_of(coi("C1"))
    assert built["subject"][0]["subject_id"] == "s" + min(row["release_token"] for row in built["identifier"])
    assert built["conflict"] == []


def test_a_lot_given_to_two_patients_joins_nobody_but_is_rebuilt_with_them(tmp_path: Path) -> None:
    order = Id("order_id", "ORD-1", "recipient", "north")
    built = identity(tmp_path, Sent("1", _rows((mrn("1"), LOT, order), (mrn("2"), LOT, order))))
    assert built.subject_of(mrn("1")) != built.subject_of(mrn("2"))
    lot = built.identifier(LOT)
    assert lot["subject_id"] is None
    assert lot["object_id"] == lot["release_token"]
    assert built.subject_of(order) is None
    assert {row["component_id"] for row in built["record"]} == {"c" + min(row["release_token"] for row in built["identifier"])}


@pytest.mark.parametrize(("shared", "kind"), [(Id("material_lot", "LV-22-009"), "batch"), (Id("logger", "LT88213"), "sscc")])
def test_what_many_use_is_named_and_joins_none_of_them(shared: Id, kind: str, tmp_path: Path) -> None:
    users = (Id(kind, "1"), Id(kind, "2"))
    built = identity(tmp_path, Sent("1", _rows(*((user, shared) for user in users))))
    first, second = (built.identifier(user)["component_id"] for user in users)
    assert first != second
    assert {row["component_id"] for row in built["record"]} == {first, second}
    assert built.identifier(shared)["object_id"]


def test_donor_and_recipient_of_one_row_are_two_persons_in_one_component(tmp_path: Path) -> None:
    donor, recipient = Id("donor_id", "D1", "donor", "north"), mrn("1")
    built = identity(tmp_path, Sent("1", _rows((donor, recipient, coi("C1")))))
    assert built.subject_of(donor) != built.subject_of(recipient) == built.subject_of(coi("C1"))
    assert len({row["component_id"] for row in built["identifier"]}) == 1


def test_an_autologous_chain_of_identity_makes_donor_and_recipient_one(tmp_path: Path) -> None:
    donor, recipient = Id("donor_id", "D1", "donor", "north"), mrn("1")
    built = identity(tmp_path, Sent("1", _rows((donor, coi("C1", "both")), (recipient, coi("C1", "recipient")))))
    assert built.subject_of(donor) == built.subject_of(recipient) == built.subject_of(coi("C1"))


@pytest.mark.rule("R05")
def test_one_chain_of_identity_with_two_recipients_is_parted_from_both(tmp_path: Path) -> None:
    """One record against one: nothing says which of the two is right."""
    sent = Sent("1", _rows((coi("C1"), mrn("1")), (coi("C1"), mrn("2")), (coi("C1"),), (coi("C9"), mrn("9"))))
    built = identity(tmp_path, sent)
    subjects = [built.subject_of(one) for one in (coi("C1"), mrn("1"), mrn("2"), mrn("9"))]
    assert len(set(subjects)) == 4
    assert {row["subject_id"] for row in built["subject"] if row["is_contested"]} == set(subjects[:3])
    told = {(row["rule_id"], row["source_row"], row["subject_id"]) for row in built["conflict"]}
    assert told == {("R05", 2, subjects[1]), ("R05", 2, subjects[0]), ("R05", 3, subjects[2]), ("R05", 3, subjects[0])}
    assert {row["object"] for row in built["conflict"]} == {"test__upsert__main"}


def test_every_contradiction_is_resolved_as_if_it_were_the_only_one(tmp_path: Path) -> None:
    """A person's identity rests on what is said of them, not on how many others are contradicted in the same night."""
    torn = [(coi(f"C{each}"), mrn(f"{each}a"), mrn(f"{each}b")) for each in range(60)]
    sent = Sent("1", _rows(*(mentioned for of, one, other in torn for mentioned in ((of, one), (of, other)))))
    built = identity(tmp_path, sent)
    assert len({built.subject_of(one) for each in torn for one in each}) == 180
    assert all(row["is_contested"] for row in built["subject"])


def test_the_side_with_more_records_stands_and_is_contested(tmp_path: Path) -> None:
    crid = Id("crid", "R1", "recipient")
    built = identity(tmp_path, Sent("1", _rows((coi("C1"), mrn("1"), crid), (coi("C1"), mrn("2")), (coi("C1"), mrn("1")))))
    assert built.subject_of(coi("C1")) == built.subject_of(mrn("1")) == built.subject_of(crid) != built.subject_of(mrn("2"))
    assert all(row["is_contested"] for row in built["subject"])
    assert not built.identifier(crid)["is_contested"]
    assert {(row["rule_id"], row["source_row"]) for row in built["conflict"]} == {("R05", 2), ("R05", 3)}


@pytest.mark.rule("R06")
def test_an_autologous_product_of_another_donor_is_told_apart(tmp_path: Path) -> None:
    collected = (coi("C1", "both"), mrn("1", "donor"), Id("donor_id", "D1", "donor"))
    built = identity(tmp_path, Sent("1", _rows(collected, (coi("C1"), mrn("2")))))
    assert len({built.subject_of(one) for one in (coi("C1"), mrn("1"), mrn("2"))}) == 3
    assert {(row["rule_id"], row["source_row"]) for row in built["conflict"]} == {("R06", 2), ("R06", 3)}


def test_two_numbers_of_two_hospitals_are_one_person(tmp_path: Path) -> None:
    built = identity(tmp_path, Sent("1", _rows((coi("C1"), mrn("1")), (coi("C1"), mrn("1", issuer="other")))))
    assert len(built["subject"]) == 1
    assert built["conflict"] == []


def test_of_sets_equally_small_all_yield(tmp_path: Path) -> None:
    """Any of six mentions would do, a typed number's as well as a scanned id's: nothing says which."""
    crid = Id("crid", "R1", "recipient")
    built = identity(tmp_path, Sent("1", _rows((mrn("1"), coi("C1")), (coi("C1"), crid), (crid, mrn("2")))))
    assert len({built.subject_of(one) for one in (mrn("1"), mrn("2"), coi("C1"), crid)}) == 4
    assert {(row["rule_id"], row["source_row"]) for row in built["conflict"]} == {("I01", 2), ("I01", 3), ("I01", 4)}


def test_a_label_of_another_patient_on_a_collection_joins_nobody(tmp_path: Path) -> None:
    """One donation's record names its donor, the patient's number and another patient's chain of identity."""
    donor, chart = Id("donor_id", "D1", "recipient"), [Id("fhir_patient_id", one, "recipient") for one in ("p1", "p2")]
    charts = [(chart[0], mrn("1")), (chart[1], mrn("2"), coi("C2"))]
    built = identity(tmp_path, Sent("1", _rows(*charts, *charts, (donor, mrn("1"), coi("C2")))))
    persons = [{built.subject_of(one) for one in named} for named in charts]
    assert [len(one) for one in persons] == [1, 1]
    assert built.subject_of(donor) not in persons[0] | persons[1]


@pytest.mark.rule("I01")
def test_a_row_with_two_numbers_of_one_hospital_joins_nothing(tmp_path: Path) -> None:
    grid = Id("grid", "G1", "recipient")
    built = identity(tmp_path, Sent("1", _rows((mrn("1"), mrn("2"), grid), (mrn("1"), coi("C1")))))
    assert built.subject_of(mrn("1")) == built.subject_of(coi("C1"))
    assert len({built.subject_of(one) for one in (mrn("1"), mrn("2"), grid)}) == 3
    assert {(row["rule_id"], row["subject_id"]) for row in built["conflict"]} == {
        ("I01", built.subject_of(mrn("1"))),
        ("I01", built.subject_of(mrn("2"))),
        ("I01", built.subject_of(grid)),
    }


@pytest.mark.rule("I02")
def test_an_identifier_in_both_roles_joins_neither_side_to_the_other(tmp_path: Path) -> None:
    grid, crid = Id("grid", "G1", "donor"), Id("crid", "R1", "recipient")
    built = identity(tmp_path, Sent("1", _rows((mrn("1", "donor"), grid), (mrn("1", "recipient"), crid))))
    assert built.subject_of(mrn("1")) == built.subject_of(crid) != built.subject_of(grid)
    assert built.identifier(mrn("1"))["is_contested"]
    assert {(row["rule_id"], row["source_row"]) for row in built["conflict"]} == {("I02", 2), ("I02", 3)}


def test_links_of_a_superseded_version_count_no_more(tmp_path: Path) -> None:
    wrong, right = Sent("1", _rows((coi("C1"), mrn("1")))), Sent("2", _rows((coi("C1"), mrn("2"))))
    built = identity(tmp_path, wrong, right)
    assert {row["partner_token"] for row in built["identifier"]} == {one.partner_token("north") for one in (coi("C1"), mrn("2"))}
    assert built["conflict"] == []


def test_a_late_link_renames_a_component(tmp_path: Path) -> None:
    sent = Sent("1", _rows((mrn("1"),), (mrn("2", issuer="other"),)))
    before = identity(tmp_path / "before", sent)
    after = identity(tmp_path / "after", sent, Sent("2", (Row("late", (mrn("1"), mrn("2", issuer="other"))),)))
    names = {row["component_id"] for row in before["record"]}
    assert len(names) == 2
    assert {row["component_id"] for row in after["record"]} == {min(names)}
    assert {row["subject_id"] for row in after["subject"]} == {min(row["subject_id"] for row in before["subject"])}


def test_a_refused_delivery_has_no_rows_and_an_unknown_feed_is_named(tmp_path: Path) -> None:
    from dataclasses import replace

    from cgt_etl.identity.build import build
    from cgt_etl.settings import Settings

    settings = Settings(home=tmp_path)
    good, refused, unknown = (land(settings.landing, Sent(sequence, (Row("a"),))) for sequence in "123")
    listed = [good, replace(refused, status="refused"), replace(unknown, feed="gone")]
    result = build(settings, registry(), listed, Keys(), tmp_path / "identity")  # type: ignore[arg-type]
    assert result.rows["record"] == 1
    assert result.left_out == (unknown.id,)


@pytest.mark.parametrize("kind", ["record", "identifier", "subject", "conflict"])
def test_the_release_key_alone_names(tmp_path: Path, kind: str) -> None:
    """No partner or linkage token is in a name that could leave the build."""
    one = coi("C1")
    built = identity(tmp_path, Sent("1", _rows((one,))))
    assert one.linkage.encode() not in built.bytes[f"{kind}.parquet"]


def test_released_names_are_those_that_recall_asks_for(tmp_path: Path) -> None:
    """SQL writes the HMAC out; whoever types an identifier gets to it by the door's function."""
    one = coi("C1")
    assert identity(tmp_path, Sent("1", _rows((one,)))).identifier(one)["release_token"] == release_token(Keys().release, one.linkage)


@pytest.mark.rule("I03")
def test_a_stewards_decision_joins_two_numbers_and_parts_what_records_join(tmp_path: Path) -> None:
    sent = Sent("1", _rows((coi("C1"), mrn("1")), (coi("C1"), mrn("2")), (mrn("3"), coi("C3")), (mrn("4"),)))
    shown = identity(tmp_path / "shown", sent)
    decisions = [
        shown.decided(mrn("1"), "same", mrn("2")),
        shown.decided(mrn("3"), "apart", coi("C3")),
        shown.decided(mrn("3"), "same", mrn("4")),
    ]
    built = identity(tmp_path / "decided", sent, decisions=decisions)
    assert built.subject_of(mrn("1")) == built.subject_of(mrn("2")) == built.subject_of(coi("C1"))
    assert not built.identifier(mrn("1"))["is_contested"]
    assert built.subject_of(mrn("3")) == built.subject_of(mrn("4")) != built.subject_of(coi("C3"))
    assert built.identifier(mrn("3"))["component_id"] == built.identifier(mrn("4"))["component_id"]
    assert {(row["rule_id"], row["source_row"]) for row in built["conflict"]} == {("I03", 4)}
    undone = identity(tmp_path / "undone", sent)
    assert undone.bytes == shown.bytes


BORN, BORN_LATER, WOMAN, MAN = (("birth_date", "1980-04-11"), ("birth_date", "1980-04-12"), ("sex", "female"), ("sex", "male"))


@pytest.mark.rule("I04", "I05")
@pytest.mark.parametrize(("one", "other", "rule"), [(BORN, BORN_LATER, "I04"), (WOMAN, MAN, "I05")])
def test_two_birth_dates_or_sexes_are_two_persons_and_told(tmp_path: Path, one: tuple[str, str], other: tuple[str, str], rule: str) -> None:
    crid = Id("crid", "R1", "recipient")
    rows = (Row("a", (mrn("1"), crid), says=(one,)), Row("b", (crid, coi("C1")), says=(other,)), Row("c", (crid, coi("C2"))))
    built = identity(tmp_path, Sent("1", rows))
    assert len({built.subject_of(each) for each in (mrn("1"), coi("C1"), crid)}) == 3
    assert built.subject_of(coi("C2")) == built.subject_of(crid)
    assert {(row["rule_id"], row["source_row"]) for row in built["conflict"]} == {(rule, 2), (rule, 3)}
    assert {row["subject_id"] for row in built["conflict"]} == {built.subject_of(each) for each in (mrn("1"), coi("C1"), crid)}


def test_a_birth_date_mistyped_in_a_record_of_one_identifier_parts_nobody_and_is_told(tmp_path: Path) -> None:
    rows = (Row("a", (mrn("1"), coi("C1")), says=(BORN, WOMAN)), Row("b", (mrn("1"),), says=(BORN_LATER, WOMAN)))
    built = identity(tmp_path, Sent("1", rows))
    assert built.subject_of(mrn("1")) == built.subject_of(coi("C1"))
    assert built["subject"][0]["is_contested"]
    assert {(row["rule_id"], row["source_row"]) for row in built["conflict"]} == {("I04", 2), ("I04", 3)}


def test_parts_of_a_birth_date_contradict_nothing(tmp_path: Path) -> None:
    rows = (Row("a", (mrn("1"), coi("C1")), says=(BORN,)), Row("b", (mrn("1"),), says=(("birth_date", "1979"),)))
    assert identity(tmp_path, Sent("1", rows))["conflict"] == []


A, B, C = (mrn(value) for value in "ABC")


def _merge(key: str, one: Id, other: Id, says: str = "replaces", *, is_retracted: bool = False) -> Row:
    return Row(key, children=((one,),), states=(one, says, other), is_retracted=is_retracted)


def test_a_merge_makes_two_numbers_one_person_and_names_the_one_that_stands(tmp_path: Path) -> None:
    before = Sent("1", _rows((A, coi("C1")), (B, Id("crid", "R1", "recipient"))))
    merged = Sent("2", (_merge("m", B, A), _merge("n", C, B)))
    built = identity(tmp_path, before, merged)
    assert len({row["subject_id"] for row in built["identifier"]}) == 1
    assert built["conflict"] == []
    stands = built.identifier(C)["release_token"]
    assert {built.identifier(one)["superseded_by"] for one in (A, B)} == {stands}
    assert built.identifier(C)["superseded_by"] is built.identifier(coi("C1"))["superseded_by"] is None


@pytest.mark.rule("R09")
@pytest.mark.parametrize("undone", ["retracted", "corrected", "parted", "parted the other way about"])
def test_a_merge_undone_was_never_delivered(tmp_path: Path, undone: str) -> None:
    before = Sent("1", _rows((A, coi("C1")), (B,), (C,)))
    later = {
        "retracted": _merge("m", B, A, is_retracted=True),
        "corrected": _merge("m", C, A),
        "parted": _merge("p", B, A, "parted"),
        "parted the other way about": _merge("p", A, B, "parted"),
    }[undone]
    built = identity(tmp_path, Sent("3", (later,)), before, Sent("2", (_merge("m", B, A),)))
    assert built.subject_of(B) != built.subject_of(A)
    assert built.identifier(B)["superseded_by"] is None
    assert (built.subject_of(A) == built.subject_of(C)) == (undone == "corrected")
    assert built.identifier(A)["superseded_by"] == (built.identifier(C)["release_token"] if undone == "corrected" else None)
    assert built["conflict"] == []


def test_of_merges_in_both_directions_the_later_says_which_stands(tmp_path: Path) -> None:
    for place, rows in enumerate([("ab", "ba"), ("ab", "ba", "aa"), ("ab", "bc", "ca", "ba")]):
        numbers = {"a": A, "b": B, "c": C}
        merges = tuple(_merge(f"m{at}", numbers[pair[1]], numbers[pair[0]]) for at, pair in enumerate(rows))
        built = identity(tmp_path / str(place), Sent("1", merges))
        assert len({row["subject_id"] for row in built["identifier"]}) == 1
        standing = [row["release_token"] for row in built["identifier"] if row["superseded_by"] is None]
        assert standing == [built.identifier(A)["release_token"]]
        assert {row["superseded_by"] for row in built["identifier"]} == {None, *standing}


def test_a_steward_who_keeps_two_numbers_apart_outweighs_their_merge(tmp_path: Path) -> None:
    sent = Sent("1", (_merge("m", B, A), Row("x", (A, coi("C1")))))
    shown = identity(tmp_path / "shown", sent)
    built = identity(tmp_path / "decided", sent, decisions=[shown.decided(A, "apart", B)])
    assert built.subject_of(A) == built.subject_of(coi("C1")) != built.subject_of(B)
    assert built.identifier(A)["superseded_by"] is None
    assert {(row["rule_id"], row["source_row"], row["subject_id"]) for row in built["conflict"]} == {
        ("I03", 2, built.subject_of(A)),
        ("I03", 2, built.subject_of(B)),
    }


def test_numbers_that_are_linked_are_one_person_and_both_stand(tmp_path: Path) -> None:
    built = identity(tmp_path, Sent("1", (_merge("m", B, A, "same"),)))
    assert built.subject_of(A) == built.subject_of(B)
    assert {row["superseded_by"] for row in built["identifier"]} == {None}


def test_a_decision_on_what_nobody_mentions_says_nothing(tmp_path: Path) -> None:
    sent = Sent("1", _rows((mrn("1"), LOT), (mrn("2"), LOT)))
    shown = identity(tmp_path / "shown", sent)
    decisions = [Decision(shown.identifier(mrn("1"))["release_token"], "f" * 32, "same"), shown.decided(mrn("1"), "same", LOT)]
    assert identity(tmp_path / "decided", sent, decisions=decisions).bytes == shown.bytes
