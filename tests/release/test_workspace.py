"""The build file before dbt: typed views, what changed, and what is therefore rebuilt."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cgt_etl.contracts.accepted import accepted_schema
from cgt_etl.contracts.load import ColumnSpec, ObjectSpec
from cgt_etl.contracts.model import Column, Instant, ObjectExtension, Partner
from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError
from cgt_etl.identity.build import build
from cgt_etl.landing.delivery import Delivery, ObjectFile
from cgt_etl.release.plan import Plan, build_file
from cgt_etl.release.read import Release
from cgt_etl.release.workspace import prepare, work_file
from cgt_etl.settings import Settings
from tests.identity.landed import Id, Keys, Row, Sent, coi, land, mrn, registry

pytestmark = pytest.mark.slow

NORTH = Partner.model_validate(
    {
        "partner": "north",
        "name": "North",
        "legal_entity": "North Inc.",
        "roles": ["blood_centre", "laboratory"],
        "sites": [{"site": "main", "name": "Main", "zone": "America/New_York", "country": "US", "fin": "A9999"}],
        "token_key": "north-1",
        "owner": "someone",
    }
)


def _registry(*columns: ColumnSpec, extension: ObjectExtension | None = None) -> Registry:
    """The test registry with these contract columns in `main` of every feed, and one partner."""
    plain = registry()
    main = ObjectSpec("main", "", extension or ObjectExtension(), columns)
    feeds = tuple(replace(feed, objects=(main, feed.objects[1])) for feed in plain.feeds)
    return replace(plain, dialects={"test": replace(plain.dialects["test"], feeds=feeds)}, partners={"north": NORTH})


def _column(name: str, **said: Any) -> ColumnSpec:
    return ColumnSpec(name, name, "", False, None, Column.model_validate({"privacy": "none", "action": "keep", **said}), ())


def _plan(
    deliveries: Iterable[Delivery], base: str | None = None, changed: Iterable[str] | None = None, removed: Iterable[str] = ()
) -> Plan:
    listed = tuple(sorted(deliveries, key=lambda one: one.id))
    release = Release(base, Path("nowhere"), {}) if base else None
    named = sorted(changed) if changed is not None else [one.id for one in listed]
    return Plan(listed, {}, "0" * 64, release, release, named, sorted(removed), False)


def _identity(settings: Settings, deliveries: Iterable[Delivery], name: str) -> Path:
    folder = settings.home / name
    build(settings, _registry(), deliveries, Keys(), folder)  # type: ignore[arg-type]
    return folder


def _grown(home: Path, before: list[Sent], after: list[Sent]) -> tuple[Path, dict[str, Any]]:
    """Full build of `before`, kept as a release, then the workspace of an increment to `after`."""
    settings = Settings(home=home)
    landed = {one.id: land(settings.landing, one) for one in {one.id: one for one in [*before, *after]}.values()}
    old, new = ([landed[id_] for id_ in {one.id: 0 for one in sent}] for sent in (before, after))
    old_identity = _identity(settings, old, "old.identity")
    work = prepare(settings, _registry(), _plan(old), old_identity, None)
    with duckdb.connect(str(work)) as con:
        con.execute("create table kept as select * from identity.record where is_current")
    work.rename(build_file(settings, "0001-" + "0" * 16))
    known, listed = {one.id for one in old}, {one.id for one in new}
    plan = _plan(new, "0001-" + "0" * 16, listed - known, known - listed)
    new_identity = _identity(settings, new, "new.identity")
    work = prepare(settings, _registry(), plan, new_identity, old_identity)
    tables = {name: pq.read_table(new_identity / f"{name}.parquet").to_pylist() for name in ("record", "identifier", "subject", "conflict")}
    tables |= {
        f"old {name}": pq.read_table(old_identity / f"{name}.parquet").to_pylist()
        for name in ("record", "identifier", "subject", "conflict")
    }
    return work, tables


def _rows(work: Path, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(work), read_only=True) as con:
        return con.execute(query).fetchall()


def _touched(work: Path) -> set[str]:
    return {one for (one,) in _rows(work, "from control.touched_component")}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_the_build_knows_what_was_promised(settings: Settings) -> None:
    speaks = [{"dialect": "test", "site": "main", "feeds": ["upsert"], "every_days": 7, "delay_days": 3}]
    partner = Partner.model_validate({**NORTH.model_dump(), "speaks": speaks})
    work = prepare(settings, replace(_registry(), partners={"north": partner}), _plan([]), _identity(settings, [], "identity"), None)
    assert _rows(work, "from control.promise") == [("north", "upsert", 7, 3)]


def test_a_full_build_touches_everything(settings: Settings) -> None:
    first, second = Sent("1", (Row("a", (coi("C1"), mrn("1"))), Row("b"))), Sent("1", (Row("a", (mrn("1"),)),), partner="south")
    deliveries = [land(settings.landing, one) for one in (first, second)]
    refused = replace(deliveries[0], id="north/upsert/" + "f" * 16, status="refused")
    identity = _identity(settings, deliveries, "identity")
    work = prepare(settings, _registry(), _plan([*deliveries, refused]), identity, None)
    assert work == work_file(settings)
    components = {row["component_id"] for row in pq.read_table(identity / "record.parquet").to_pylist()}
    assert _touched(work) == components | {f"delivery:{one.id}" for one in (*deliveries, refused)}
    assert _rows(work, "select count(*) from landed.test__upsert__main") == [(3,)]
    assert _rows(work, "select count(*) from landed.test__snapshot__main") == [(0,)]
    assert _rows(work, "select count(*) from identity.record") == [(3,)]
    assert len(_rows(work, "from control.changed_delivery")) == 3
    listed = _rows(work, "select source_delivery, status from control.delivery")
    assert set(listed) == {(one.id, one.status) for one in [*deliveries, refused]}
    assert _rows(work, "from control.partner") == [("north", "North", "North Inc.", "blood_centre, laboratory", "someone")]
    assert _rows(work, "from control.site") == [("north.main", "north", "Main", "America/New_York", "US", "A9999", None)]


COLUMNS = (
    _column("note", cast="text"),
    _column("grade", cast="code", code_map="grade"),
    _column("donor", cast="identifier", identifier="donor_id", person="donor", action="token", privacy="direct"),
    _column("bags", cast="identifier", identifier="bag", action="token", split=";"),
    _column("secret", cast="text", action="drop", privacy="direct", reason="a name"),
    _column("product_code", cast="identifier", identifier="product_code"),
    _column("n", cast="integer"),
    _column("volume", cast="decimal"),
    _column("fraction", cast="ratio"),
    _column("level", cast="measured", comparators=True),
    _column("frozen", cast="boolean", values={"Y": True}),
    _column("day", cast="date", formats=["%Y-%m-%d"]),
    _column("clock", cast="time", formats=["%H:%M"]),
    _column("said", cast="instant"),
)
TIMES = ["at_utc timestamp", "local varchar", "date date", "precision varchar", "zone_source varchar"]


def test_an_object_without_deliveries_is_a_view_of_the_contracts_types(settings: Settings) -> None:
    declared = _registry(*COLUMNS, extension=ObjectExtension(instants=[Instant(name="started", date="day", time="clock")]))
    work = prepare(settings, declared, _plan([]), _identity(settings, [], "identity"), None)
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
    described = [f"{row[0]} {row[1].lower()}" for row in _rows(work, "describe landed.test__upsert__main")]
    assert described == expected
    described = [f"{row[0]} {row[1].lower()}" for row in _rows(work, "describe landed.test__upsert__main__bags")]
    assert described == [*system, "bags varchar", "bags__status varchar"]
    assert _rows(work, "from landed.test__upsert__main") == []
    described = [f"{row[0]} {row[1].lower()}" for row in _rows(work, "describe landed.verdict")]
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
    work = prepare(settings, _registry(*COLUMNS), _plan([old, new]), _identity(settings, [old, new], "identity"), None)
    query = "select source_delivery, note, day_date from landed.test__upsert__main order by note nulls first"
    assert _rows(work, query) == [(old.id, None, None), (new.id, "y", None)]
    assert [row[1] for row in _rows(work, "describe select note, day_date from landed.test__upsert__main")] == ["VARCHAR", "DATE"]


def test_a_column_of_another_type_says_to_land_again(settings: Settings) -> None:
    delivery = _landed_as(settings, "1", n=pa.array(["zebra"]))
    identity = _identity(settings, [delivery], "identity")
    with pytest.raises(CgtError, match=rf"partner north, feed upsert.*column n: .*cgt-etl reland {delivery.id}") as caught:
        prepare(settings, _registry(*COLUMNS), _plan([delivery]), identity, None)
    assert "zebra" not in str(caught.value)


def test_an_increment_lands_the_changed_and_keeps_the_build(tmp_path: Path) -> None:
    apart = Sent("1", (Row("z", (mrn("9"),)),))
    old, new = Sent("1", (Row("a", (mrn("1"),)), Row("b", (mrn("2"),)))), Sent("2", (Row("a", (mrn("1"), Id("lot", "L1"))),))
    work, tables = _grown(tmp_path, [apart, old], [apart, old, new])
    assert len(_rows(work, "from kept")) == 3
    assert {one for (one,) in _rows(work, "select source_delivery from landed.test__upsert__main")} == {new.id}
    assert _rows(work, "from control.changed_delivery") == [(new.id,)]
    assert len(_rows(work, "from identity.record")) == 4
    first_old = next(row["component_id"] for row in tables["old record"] if row["source_delivery"] == old.id and row["source_row"] == 2)
    now = next(row["component_id"] for row in tables["record"] if row["source_delivery"] == new.id)
    assert _touched(work) == {first_old, now, f"delivery:{old.id}", f"delivery:{new.id}"}


def test_a_removed_delivery_touches_what_it_held(tmp_path: Path) -> None:
    gone, stays = Sent("1", (Row("a", (mrn("1"),)),)), Sent("2", (Row("b", (mrn("2"),)),))
    work, tables = _grown(tmp_path, [gone, stays], [stays])
    held = next(row["component_id"] for row in tables["old record"] if row["source_delivery"] == gone.id)
    assert _touched(work) == {held, f"delivery:{gone.id}"}
    assert _rows(work, "from control.changed_delivery") == [(gone.id,)]
    assert _rows(work, "from landed.test__upsert__main") == []


def test_a_delivery_through_another_door_touches_its_records(settings: Settings) -> None:
    delivery, other = (land(settings.landing, Sent(name, (Row(name, (mrn(name),)),))) for name in "12")
    identity = _identity(settings, [delivery, other], "identity")
    shutil.copy(prepare(settings, _registry(), _plan([delivery, other]), identity, None), build_file(settings, "base"))
    plan = _plan([delivery, other], "base", [delivery.id])
    work = prepare(settings, _registry(), plan, identity, identity)
    record = next(row for row in pq.read_table(identity / "record.parquet").to_pylist() if row["source_delivery"] == delivery.id)
    assert _touched(work) == {record["component_id"], f"delivery:{delivery.id}"}


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
    before = _identity(settings, [apart, old], "before")
    work = prepare(settings, _registry(), _plan([apart, old]), before, None)
    assert len(_rows(work, "from landed.verdict")) == 2
    work.rename(build_file(settings, "base"))
    after = _identity(settings, [apart, old, new], "after")
    work = prepare(settings, _registry(), _plan([apart, old, new], "base", [new.id]), after, before)
    assert sorted(_rows(work, "from landed.verdict")) == sorted(
        (one.id, "north", "upsert", "main", 2, 0, "note", rule, "flag") for one, rule in ((old, "D02"), (new, "D03"))
    )


def test_a_missing_base_is_one_clear_sentence(settings: Settings) -> None:
    identity = _identity(settings, [], "identity")
    with pytest.raises(CgtError, match="the build of release base is missing"):
        prepare(settings, _registry(), _plan([], "base"), identity, identity)
    shutil.copy(prepare(settings, _registry(), _plan([]), identity, None), build_file(settings, "base"))
    with pytest.raises(CgtError, match="the identity tables of release base are missing"):
        prepare(settings, _registry(), _plan([], "base"), identity, None)


def test_what_a_killed_night_left_counts_for_nothing(settings: Settings) -> None:
    settings.builds.mkdir()
    work_file(settings).write_bytes(b"half a build")
    (settings.builds / "work.duckdb.wal").write_bytes(b"half a log")
    work = prepare(settings, _registry(), _plan([]), _identity(settings, [], "identity"), None)
    assert _rows(work, "from control.touched_component") == []
    assert not (settings.builds / "work.duckdb.wal").exists()


def test_it_can_be_killed_at_its_fault_points(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    died: list[int] = []
    monkeypatch.setattr(os, "kill", lambda _pid, signal: died.append(signal))
    for name in ("workspace.copied", "workspace.prepared"):
        monkeypatch.setenv("CGT_FAULT_POINT", name)
        prepare(settings, _registry(), _plan([]), _identity(settings, [], "identity"), None)
    assert len(died) == 2


IDS = st.one_of(
    st.builds(mrn, st.sampled_from("12")),
    st.builds(coi, st.sampled_from("12")),
    st.builds(Id, st.just("lot"), st.sampled_from("12")),
)
SENT = st.builds(
    Sent,
    sequence=st.sampled_from(["1", "2", "10"]),
    rows=st.lists(st.builds(Row, st.sampled_from("abc"), st.lists(IDS, max_size=2, unique=True).map(tuple), st.booleans()), max_size=3).map(
        tuple
    ),
    mode=st.sampled_from(["snapshot", "upsert"]),
)


@given(st.lists(SENT, max_size=4, unique_by=lambda one: one.id), st.data())
@hypothesis_settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_what_is_not_touched_is_the_same_before_and_after(sent: list[Sent], data: st.DataObject) -> None:
    before, after = ([one for one in sent if data.draw(st.booleans())] for _ in range(2))
    with TemporaryDirectory() as home:
        work, tables = _grown(Path(home), before, after)
        touched = _touched(work)
        changed = {one.id for one in before} ^ {one.id for one in after}
        for name in ("record", "identifier", "subject", "conflict"):
            old, new = (
                sorted(map(repr, (row for row in tables[key] if row["component_id"] not in touched))) for key in (f"old {name}", name)
            )
            assert old == new
        assert {f"delivery:{id_}" for id_ in changed} <= touched
        assert not [row for row in tables["record"] if row["source_delivery"] in changed and row["component_id"] not in touched]
        if before == after:
            assert not touched


APART = (
    Sent("1", (Row("a", (mrn("1"),)),), partner="a"),
    Sent("1", (Row("b", (coi("1"),)),), partner="b"),
    Sent("1", (Row("c", (mrn("1"), coi("1"))),), partner="d"),
)
"""Two that share nothing, and a third that joins them."""


def test_a_late_link_touches_the_two_components_that_it_joins_and_nothing_else(tmp_path: Path) -> None:
    patient, donor, other = (
        Sent("1", (Row(key, (one,)),), partner=key) for key, one in (("a", mrn("1")), ("b", coi("1")), ("c", mrn("2")))
    )
    late = Sent("9", (Row("d", (mrn("1"), coi("1"))),), partner="d")
    work, tables = _grown(tmp_path, [patient, donor, other], [patient, donor, other, late])
    before = {row["source_delivery"]: row["component_id"] for row in tables["old record"]}
    after = {row["source_delivery"]: row["component_id"] for row in tables["record"]}
    assert before[patient.id] != before[donor.id]
    assert after[patient.id] == after[donor.id] == after[late.id]
    assert after[other.id] == before[other.id]
    assert _touched(work) == {before[patient.id], before[donor.id], after[late.id], f"delivery:{late.id}"}


Held = tuple[str, str]
"""Component, and everything of a row of an identity table."""


def _rows_of(identity: Path) -> set[Held]:
    return {
        (row["component_id"], f"{name} {row!r}")
        for name in ("record", "identifier", "subject", "conflict")
        for row in pq.read_table(identity / f"{name}.parquet").to_pylist()
    }


def _played(home: Path, nights: list[list[Sent]]) -> tuple[set[Held], set[Held]]:
    """What grows night by night as the marts do (the touched are deleted and come again), and one build of everything."""
    settings = Settings(home=home)
    listed: list[Delivery] = []
    grown: set[Held] = set()
    base, before = None, None
    for number, night in enumerate(nights):
        new = [land(settings.landing, one) for one in night]
        listed += new
        identity = _identity(settings, listed, f"{number}.identity")
        work = prepare(settings, _registry(), _plan(listed, base, [one.id for one in new]), identity, before)
        touched = _touched(work)
        grown = {row for row in grown if row[0] not in touched} | {row for row in _rows_of(identity) if row[0] in touched}
        base, before = f"{number:04d}-" + "0" * 16, identity
        work.rename(build_file(settings, base))
    return grown, _rows_of(_identity(settings, listed, "full.identity"))


@given(st.lists(SENT, max_size=3, unique_by=lambda one: one.id), st.data())
@hypothesis_settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_nights_in_any_order_grow_to_what_one_build_gives(sent: list[Sent], data: st.DataObject) -> None:
    order = data.draw(st.permutations([*APART, *sent]))
    of_night = [data.draw(st.integers(0, 2)) for _ in order]
    nights = [[one for one, at in zip(order, of_night, strict=True) if at == night] for night in range(3)]
    with TemporaryDirectory() as home:
        grown, full = _played(Path(home), nights)
    assert grown == full


def test_the_schema_of_a_split_column_is_not_in_its_object() -> None:
    spec = ObjectSpec("main", "", ObjectExtension(), COLUMNS)
    assert not {"bags", "secret", "secret__raw"} & set(accepted_schema(spec).names)
