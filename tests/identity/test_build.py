"""Identity by example: modes, names, roles and contradictions, one story each."""

from __future__ import annotations

from pathlib import Path

import pytest

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


def test_one_chain_of_identity_with_two_recipients_is_set_aside(tmp_path: Path) -> None:
    good = (mrn("1"), Id("crid", "R1", "recipient"))
    sent = Sent("1", _rows((coi("C1"), *good), (coi("C1"), mrn("2")), (coi("C1"),), (coi("C9"), mrn("9")), good))
    built = identity(tmp_path, sent)
    subjects = [built.subject_of(one) for one in (coi("C1"), mrn("1"), mrn("2"), mrn("9"))]
    assert len(set(subjects)) == 4
    assert built.subject_of(good[1]) == subjects[1]
    contested = {row["subject_id"] for row in built["subject"] if row["is_contested"]}
    assert contested == set(subjects[:3])
    assert not built.identifier(good[1])["is_contested"]
    told = {(row["rule_id"], row["source_row"], row["subject_id"]) for row in built["conflict"]}
    assert told == {("R05", 2, subjects[1]), ("R05", 3, subjects[2]), ("R05", 4, subjects[0])}
    assert {row["object"] for row in built["conflict"]} == {"test__upsert__main"}


def test_two_numbers_of_two_hospitals_are_one_person(tmp_path: Path) -> None:
    built = identity(tmp_path, Sent("1", _rows((coi("C1"), mrn("1")), (coi("C1"), mrn("1", issuer="other")))))
    assert len(built["subject"]) == 1
    assert built["conflict"] == []


def test_the_weakest_identifier_that_joins_two_numbers_yields(tmp_path: Path) -> None:
    patient = Id("fhir_patient_id", "p-1", "recipient", "hosp")
    built = identity(tmp_path, Sent("1", _rows((mrn("1"), coi("C1")), (coi("C1"), patient), (patient, mrn("2")))))
    assert built.subject_of(mrn("1")) == built.subject_of(coi("C1"))
    assert len({built.subject_of(one) for one in (mrn("1"), mrn("2"), patient)}) == 3
    assert built.identifier(patient)["is_contested"]
    assert not built.identifier(coi("C1"))["is_contested"]
    assert {(row["rule_id"], row["source_row"]) for row in built["conflict"]} == {("I01", 3), ("I01", 4)}


def test_a_row_with_two_numbers_of_one_hospital_joins_nothing(tmp_path: Path) -> None:
    grid = Id("grid", "G1", "recipient")
    built = identity(tmp_path, Sent("1", _rows((mrn("1"), mrn("2"), grid), (mrn("1"), coi("C1")))))
    assert built.subject_of(mrn("1")) == built.subject_of(coi("C1"))
    assert len({built.subject_of(one) for one in (mrn("1"), mrn("2"), grid)}) == 3
    assert {(row["rule_id"], row["subject_id"]) for row in built["conflict"]} == {
        ("I01", built.subject_of(mrn("1"))),
        ("I01", built.subject_of(mrn("2"))),
    }


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
