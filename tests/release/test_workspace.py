"""The build file before dbt: typed views, what changed, and what is therefore rebuilt."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cgt_etl.contracts.accepted import accepted_schema
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.contracts.model import Instant, ObjectExtension, Partner
from cgt_etl.errors import CgtError
from cgt_etl.landing.delivery import Delivery, ObjectFile
from cgt_etl.release.plan import build_file
from cgt_etl.release.workspace import prepare, work_file
from cgt_etl.settings import Settings
from tests.identity.landed import Id, Row, Sent, coi, land, mrn
from tests.release.work_files import NORTH, asked, column_of, declared_with, grown_to, identified, plan_of, touched_in

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_the_build_knows_what_was_promised(settings: Settings) -> None:
    speaks = [{"dialect": "test", "site": "main", "feeds": ["upsert"], "every_days": 7, "delay_days": 3}]
    partner = Partner.model_validate({**NORTH.model_dump(), "speaks": speaks})
    work = prepare(settings, replace(declared_with(), partners={"north": partner}), plan_of([]), identified(settings, [], "identity"), None)
    assert asked(work, "from control.promise") == [("north", "upsert", 7, 3)]


def test_a_full_build_touches_everything(settings: Settings) -> None:
    first, second = Sent("1", (Row("a", (coi("C1"), mrn("1"))), Row("b"))), Sent("1", (Row("a", (mrn("1"),)),), partner="south")
    deliveries = [land(settings.landing, one) for one in (first, second)]
    refused = replace(deliveries[0], id="north/upsert/" + "f" * 16, status="refused")
    identity = identified(settings, deliveries, "identity")
    work = prepare(settings, declared_with(), plan_of([*deliveries, refused]), identity, None)
    assert work == work_file(settings)
    components = {row["component_id"] for row in pq.read_table(identity / "record.parquet").to_pylist()}
    assert touched_in(work) == components | {f"delivery:{one.id}" for one in (*deliveries, refused)}
    assert asked(work, "select count(*) from landed.test__upsert__main") == [(3,)]
    assert asked(work, "select count(*) from landed.test__snapshot__main") == [(0,)]
    assert asked(work, "select count(*) from identity.record") == [(3,)]
    assert len(asked(work, "from control.changed_delivery")) == 3
    listed = asked(work, "select source_delivery, status from control.delivery")
    assert set(listed) == {(one.id, one.status) for one in [*deliveries, refused]}
    assert asked(work, "from control.partner") == [("north", "North", "North Inc.", "blood_centre, laboratory", "someone")]
    assert asked(work, "from control.site") == [("north.main", "north", "Main", "America/New_York", "US", "A9999", None)]


COLUMNS = (
    column_of("note", cast="text"),
    column_of("grade", cast="code", code_map="grade"),
    column_of("donor", cast="identifier", identifier="donor_id", person="donor", action="token", privacy="direct"),
    column_of("bags", cast="identifier", identifier="bag", action="token", split=";"),
    column_of("secret", cast="text", action="drop", privacy="direct", reason="a name"),
    column_of("product_code", cast="identifier", identifier="product_code"),
    column_of("n", cast="integer"),
    column_of("volume", cast="decimal"),
    column_of("fraction", cast="ratio"),
    column_of("level", cast="measured", comparators=True),
    column_of("frozen", cast="boolean", values={"Y": True}),
    column_of("day", cast="date", formats=["%Y-%m-%d"]),
    column_of("clock", cast="time", formats=["%H:%M"]),
    column_of("said", cast="instant"),
)
TIMES = ["at_utc timestamp", "local varchar", "date date", "precision varchar", "zone_source varchar"]


def test_an_object_without_deliveries_is_a_view_of_the_contracts_types(settings: Settings) -> None:
    declared = declared_with(*COLUMNS, extension=ObjectExtension(instants=[Instant(name="started", date="day", time="clock")]))
    work = prepare(settings, declared, plan_of([]), identified(settings, [], "identity"), None)
    system = [
        "source_delivery varchar", "source_row bigint", "source_item bigint", "partner varchar", "site varchar", "sequence varchar",
        "record_key varchar", "is_retracted boolean",
    ]  # fmt: skip
    expected = [
        *system,
        "note varchar", "note__raw varchar", "note__status varchar",
        "grade varchar", "grade__raw varchar", "grade__status varchar",
        "donor varchar", "donor__status varchar",
        "product_code varchar", "product_code__raw varchar", "product_code__status varchar",
        "n bigint", "n__raw varchar", "n__status varchar",
        "volume double", "volume__raw varchar", "volume__status varchar",
        "fraction double", "fraction__raw varchar", "fraction__status varchar",
        "level double", "level__comparator varchar", "level__raw varchar", "level__status varchar",
        "frozen boolean", "frozen__raw varchar", "frozen__status varchar",
        "day_date date", "day_local varchar", "day_precision varchar", "day__raw varchar", "day__status varchar",
        "clock varchar", "clock__raw varchar", "clock__status varchar",
        *[f"said_{one}" for one in TIMES], "said__raw varchar", "said__status varchar",
        *[f"started_{one}" for one in TIMES], "started__status varchar",
    ]  # fmt: skip
    described = [f"{row[0]} {row[1].lower()}" for row in asked(work, "describe landed.test__upsert__main")]
    assert described == expected
    described = [f"{row[0]} {row[1].lower()}" for row in asked(work, "describe landed.test__upsert__main__bags")]
    assert described == [*system, "bags varchar", "bags__status varchar"]
    assert asked(work, "from landed.test__upsert__main") == []
    described = [f"{row[0]} {row[1].lower()}" for row in asked(work, "describe landed.verdict")]
    assert described == [
        "source_delivery varchar", "partner varchar", "feed varchar", "object varchar", "source_row bigint", "source_item bigint",
        "column_name varchar", "rule_id varchar", "effect varchar",
    ]  # fmt: skip


def _landed_as(settings: Settings, name: str, **columns: pa.Array) -> Delivery:
    """A delivery of one row whose accepted table also has these columns."""
    delivery = land(settings.landing, Sent(name, (Row("a"),)))
    path = delivery.folder / "accepted/main.parquet"
    table = pq.read_table(path)
    for column, values in columns.items():
        table = table.append_column(column, values)
    pq.write_table(table, path)
    return delivery


def test_a_contract_that_grew_reads_what_was_landed_before(settings: Settings) -> None:
    old, new = _landed_as(settings, "1", gone=pa.array(["x"])), _landed_as(settings, "2", note=pa.array(["y"]))
    work = prepare(settings, declared_with(*COLUMNS), plan_of([old, new]), identified(settings, [old, new], "identity"), None)
    query = "select source_delivery, note, day_date from landed.test__upsert__main order by note nulls first"
    assert asked(work, query) == [(old.id, None, None), (new.id, "y", None)]
    assert [row[1] for row in asked(work, "describe select note, day_date from landed.test__upsert__main")] == ["VARCHAR", "DATE"]


def test_a_column_of_another_type_says_to_land_again(settings: Settings) -> None:
    delivery = _landed_as(settings, "1", n=pa.array(["zebra"]))
    identity = identified(settings, [delivery], "identity")
    with pytest.raises(CgtError, match=rf"partner north, feed upsert.*column n: .*cgt-etl reland {delivery.id}") as caught:
        prepare(settings, declared_with(*COLUMNS), plan_of([delivery]), identity, None)
    assert "zebra" not in str(caught.value)


def test_an_increment_lands_the_changed_and_keeps_the_build(tmp_path: Path) -> None:
    apart = Sent("1", (Row("z", (mrn("9"),)),))
    old, new = Sent("1", (Row("a", (mrn("1"),)), Row("b", (mrn("2"),)))), Sent("2", (Row("a", (mrn("1"), Id("lot", "L1"))),))
    work, tables = grown_to(tmp_path, [apart, old], [apart, old, new])
    assert len(asked(work, "from kept")) == 3
    assert {one for (one,) in asked(work, "select source_delivery from landed.test__upsert__main")} == {new.id}
    assert asked(work, "from control.changed_delivery") == [(new.id,)]
    assert len(asked(work, "from identity.record")) == 4
    first_old = next(row["component_id"] for row in tables["old record"] if row["source_delivery"] == old.id and row["source_row"] == 2)
    now = next(row["component_id"] for row in tables["record"] if row["source_delivery"] == new.id)
    assert touched_in(work) == {first_old, now, f"delivery:{old.id}", f"delivery:{new.id}"}


def test_a_removed_delivery_touches_what_it_held(tmp_path: Path) -> None:
    gone, stays = Sent("1", (Row("a", (mrn("1"),)),)), Sent("2", (Row("b", (mrn("2"),)),))
    work, tables = grown_to(tmp_path, [gone, stays], [stays])
    held = next(row["component_id"] for row in tables["old record"] if row["source_delivery"] == gone.id)
    assert touched_in(work) == {held, f"delivery:{gone.id}"}
    assert asked(work, "from control.changed_delivery") == [(gone.id,)]
    assert asked(work, "from landed.test__upsert__main") == []


def test_a_delivery_through_another_door_touches_its_records(settings: Settings) -> None:
    delivery, other = (land(settings.landing, Sent(name, (Row(name, (mrn(name),)),))) for name in "12")
    identity = identified(settings, [delivery, other], "identity")
    shutil.copy(prepare(settings, declared_with(), plan_of([delivery, other]), identity, None), build_file(settings, "base"))
    plan = plan_of([delivery, other], "base", [delivery.id])
    work = prepare(settings, declared_with(), plan, identity, identity)
    record = next(row for row in pq.read_table(identity / "record.parquet").to_pylist() if row["source_delivery"] == delivery.id)
    assert touched_in(work) == {record["component_id"], f"delivery:{delivery.id}"}


def _judged(delivery: Delivery, rule: str) -> None:
    """Give the delivery a verdict of the door."""
    verdict = {"object": "main", "source_row": 2, "source_item": 0, "column": "note", "rule": rule, "effect": "flag"}
    path = delivery.folder / "verdicts.parquet"
    pq.write_table(pa.Table.from_pylist([verdict]), path)
    manifest = replace(delivery.manifest, verdict_file=ObjectFile(path.name, 1, hashlib.sha256(path.read_bytes()).hexdigest()))
    (delivery.folder / "manifest.json").write_text(manifest.text(), encoding="utf-8")


def test_verdicts_of_a_delivery_whose_record_was_superseded_come_again(settings: Settings) -> None:
    """Its pseudo-component is touched, so its findings are deleted: they have to be there to be inserted."""
    apart, old, new = (land(settings.landing, Sent(name, (Row(key, (mrn(key),)),))) for name, key in (("0", "z"), ("1", "a"), ("2", "a")))
    for rule, delivery in zip(("D01", "D02", "D03"), (apart, old, new), strict=True):
        _judged(delivery, rule)
    before = identified(settings, [apart, old], "before")
    work = prepare(settings, declared_with(), plan_of([apart, old]), before, None)
    assert len(asked(work, "from landed.verdict")) == 2
    work.rename(build_file(settings, "base"))
    after = identified(settings, [apart, old, new], "after")
    work = prepare(settings, declared_with(), plan_of([apart, old, new], "base", [new.id]), after, before)
    assert sorted(asked(work, "from landed.verdict")) == sorted(
        (one.id, "north", "upsert", "main", 2, 0, "note", rule, "flag") for one, rule in ((old, "D02"), (new, "D03"))
    )


def test_a_missing_base_is_one_clear_sentence(settings: Settings) -> None:
    identity = identified(settings, [], "identity")
    with pytest.raises(CgtError, match="the build of release base is missing"):
        prepare(settings, declared_with(), plan_of([], "base"), identity, identity)
    shutil.copy(prepare(settings, declared_with(), plan_of([]), identity, None), build_file(settings, "base"))
    with pytest.raises(CgtError, match="the identity tables of release base are missing"):
        prepare(settings, declared_with(), plan_of([], "base"), identity, None)


def test_what_a_killed_night_left_counts_for_nothing(settings: Settings) -> None:
    settings.builds.mkdir()
    work_file(settings).write_bytes(b"half a build")
    (settings.builds / "work.duckdb.wal").write_bytes(b"half a log")
    work = prepare(settings, declared_with(), plan_of([]), identified(settings, [], "identity"), None)
    assert asked(work, "from control.touched_component") == []
    assert not (settings.builds / "work.duckdb.wal").exists()


def test_it_can_be_killed_at_its_fault_points(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    died: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _pid, signal: died.append(signal))
    for name in ("workspace.copied", "workspace.prepared"):
        monkeypatch.setenv("CGT_FAULT_POINT", name)
        prepare(settings, declared_with(), plan_of([]), identified(settings, [], "identity"), None)
    assert len(died) == 2


def test_the_schema_of_a_split_column_is_not_in_its_object() -> None:
    spec = ObjectSpec("main", "", ObjectExtension(), COLUMNS)
    assert not {"bags", "secret", "secret__raw"} & set(accepted_schema(spec).names)
