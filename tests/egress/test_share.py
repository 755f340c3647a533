"""The shared view of a small release: whom it holds, how its days count, and that nothing that was planted comes through."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pytest

from cgt_etl.egress.share import Asked
from cgt_etl.egress.values import SUPPRESSED
from cgt_etl.errors import CgtError, GateClosed
from tests.attack.families import canaries
from tests.egress import world
from tests.egress.world import ASKED, KEY, person, token


def shared(tmp_path: Path, rows: world.Rows, asked: Asked = ASKED, key: bytes = KEY, name: str = "out") -> Path:
    release = world.release(tmp_path / f"release of {name}", rows)
    return world.made(release, tmp_path / name, asked, key).folder


def test_days_count_from_one_index_event_of_everybody_who_is_connected(tmp_path: Path) -> None:
    out = shared(tmp_path, world.rows())
    days = world.table(out, "administration").join(world.table(out, "subject"), on="subject_id")
    # rolf and rosa have the donor's cells, a day apart: day 0 is the first of their infusions; the others are their own component
    by_component = days.group_by("component_id").agg("started_day").sort("component_id")
    assert sorted(sorted(one) for one in by_component["started_day"].to_list()) == [[0], [0], [0, 1]]
    assert sorted(world.table(out, "collection")["started_day"]) == [-28, -28, -28]
    assert sorted(world.table(out, "shipment")["sent_utc_day"]) == [-28, -28, -28, -27]
    assert set(world.table(out, "subject")["index_event_code"]) == {"first_infusion"}


def test_whoever_a_row_or_a_graft_connects_has_one_day_0(tmp_path: Path) -> None:
    """By a collection that names donor and recipient, and by bags that go straight into recipients; no batch is between them."""
    rows = world.rows() | {"batch": [], "product_edge": []}
    graft = {"product_id": token("graft"), "collection_id": token("collection anna")}
    rows["product"] = [graft]
    infused = {"parent_table": "product", "parent_key": graft["product_id"], "child_table": "administration", "edge_type": "administer"}
    rows["product_edge"] = [infused | {"child_key": token(f"infusion {name}")} for name in ("bert", "rosa")]
    for row in rows["collection"]:
        if row["donor_subject_id"] == person("dora"):
            row["recipient_subject_id"] = person("rolf")
    out = shared(tmp_path, rows)
    people = world.table(out, "subject")
    assert sorted(people.group_by("component_id").len()["len"]) == [2, 3]  # dora and rolf; anna, bert and rosa
    assert sorted(world.table(out, "administration")["started_day"]) == [0, 0, 1, 3]


def test_a_row_that_is_not_shared_has_no_token_where_others_name_it(tmp_path: Path) -> None:
    rows = world.rows()
    superseded = {"anna": "infused ugo", "bert": "sent bert"}
    for row in rows["event"]:
        row["supersedes_event_id"] = {token(f"infused {new}"): token(old) for new, old in superseded.items()}.get(str(row["event_id"]))
    told = world.table(shared(tmp_path, rows), "event")
    assert told["supersedes_event_id"].drop_nulls().len() == 1
    assert set(told["supersedes_event_id"].drop_nulls()) < set(told["event_id"])


def test_whole_weeks_keep_the_day_of_the_week(tmp_path: Path) -> None:
    out = shared(tmp_path, world.rows(), replace(ASKED, is_by_week=True))
    days = world.table(out, "collection")["started_day"]
    assert sorted(day % 7 for day in days) == [0, 1, 2]  # 6, 7 and 8 October 2025: Monday, Tuesday, Wednesday


def test_who_did_not_consent_is_absent_with_all_that_hangs_on_them(tmp_path: Path) -> None:
    out = shared(tmp_path, world.rows())
    assert {name: world.table(out, name).height for name in ("subject", "journey", "administration", "batch", "shipment", "timeline")} == {
        "subject": 5, "journey": 4, "administration": 4, "batch": 4, "shipment": 4, "timeline": 4,
    }  # fmt: skip
    assert world.table(out, "event").height == 8


@pytest.mark.rule("R56")
def test_cells_of_a_donor_who_withdrew_are_absent_and_their_recipients_own_rows_stay(tmp_path: Path) -> None:
    rows = world.rows()
    rows["consent"].append(world.consent("dora", None, withdrawn_at_utc=datetime(2025, 12, 1, 8)))  # noqa: DTZ001
    out = shared(tmp_path, rows)
    assert world.table(out, "subject").height == 4
    assert world.table(out, "collection").height == 2
    assert world.table(out, "batch").height == 2, "made from the donor's cells"
    assert world.table(out, "administration").height == 4
    assert world.table(out, "product_edge").height == 2


def test_a_shipment_with_the_goods_of_two_people_is_in_neither_calendar(tmp_path: Path) -> None:
    rows = world.rows()
    for row in rows["event"]:
        if row["event_id"] in (token("sent anna"), token("sent bert")):
            row["shipment_id"] = token("shipment anna")
    assert world.table(shared(tmp_path, rows), "shipment").height == 2


def test_tokens_join_the_tables_of_one_share_and_nothing_else(tmp_path: Path) -> None:
    rows = world.rows()
    one = shared(tmp_path, rows)
    other = shared(tmp_path, rows, key=bytes(32), name="other")
    subjects, infusions = world.table(one, "subject"), world.table(one, "administration")
    assert set(infusions["subject_id"]) < set(subjects["subject_id"])
    assert set(world.table(one, "timeline")["source_key"]) < set(world.table(one, "event")["event_id"])
    assert not set(subjects["subject_id"]) & set(world.table(other, "subject")["subject_id"])
    told = world.written(one)
    assert not [name for name in ("anna", "dora", "rolf") if person(name)[1:] in told]


def test_the_same_bytes_again_whatever_the_order_of_the_rows(tmp_path: Path) -> None:
    rows = world.rows()
    one = shared(tmp_path, rows)
    two = shared(tmp_path, {name: list(reversed(given)) for name, given in rows.items()}, name="again")
    files = [path.relative_to(one) for path in sorted(one.rglob("*")) if path.is_file()]
    assert [str(path) for path in files if (one / path).read_bytes() != (two / path).read_bytes()] == []


@pytest.mark.rule("R51")
def test_ages_are_exact_and_end_at_89(tmp_path: Path) -> None:
    """Born 1924-10-10: on 2014-10-06 they were 89, although 2014 - 1924 is 90; a person seen at 92 is not told at 70 either."""
    rows = world.rows()
    ages = {"anna": 89, "bert": 92, "rolf": 90, "rosa": 3}
    for row in rows["journey"]:
        row["age_years"] = next((age for name, age in ages.items() if row["subject_id"] == person(name)), 50)
    for row in rows["event"]:
        row["age_years"] = 70 if row.get("subject_id") == person("bert") else None
    for row in rows["subject"]:
        row["birth_year"] = 1924
    for row in rows["administration"]:
        if row["subject_id"] == person("anna"):
            row["started_date"] = date(2014, 10, 6)
    out = shared(tmp_path, rows)
    assert sorted(world.table(out, "journey")["age_years"]) == [3, 89, 90, 90]
    assert world.table(out, "event")["age_years"].drop_nulls().to_list() == []
    assert "1924" not in world.written(out)


def test_values_of_few_people_are_not_shown(tmp_path: Path) -> None:
    rows = world.rows()
    rows["journey"][0]["indication_code"] = "rare_disease"
    rows["administration"][0] |= {"started_local_hour": 3.5, "recipient_weight_kg": 142.0, "site_id": "elsewhere.main"}
    out = shared(tmp_path, rows)
    assert sorted(world.table(out, "journey")["indication_code"]) == ["lbcl"] * 3 + [SUPPRESSED]
    infusions = world.table(out, "administration")
    assert sorted(infusions["started_local_hour"].drop_nulls()) == [10.0] * 3
    assert sorted(infusions["recipient_weight_kg"].drop_nulls()) == [80.0] * 3
    assert (infusions["site_id"].null_count(), infusions["site_id"].drop_nulls().n_unique()) == (1, 1)
    assert set(infusions["dose_per_kg_10_6"]) == {1.7}


def test_planted_texts_and_dates_do_not_come_through(tmp_path: Path) -> None:
    """A text in every column that is not to be shared, a row in every table, and true dates wherever one can be."""
    assert list(canaries.shares(tmp_path)) == []


def test_what_came_through_would_be_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canaries, "PLANTED", re.compile("hsct"))  # a code that is shared
    assert list(canaries.shares(tmp_path))


@pytest.mark.rule("R50")
@pytest.mark.parametrize(
    ("table", "column", "value", "rule"),
    [
        ("journey", "indication_code", "Fam Canaryname", "name or word on the list"),
        ("journey", "indication_code", "seen 2025-11-03", "date"),
        ("journey", "indication_code", "harbor_hospital", "name or word on the list"),
        ("journey", "status_code", "A999925000017", "donation number"),
        ("journey", "status_code", person("ugo"), "token of the release"),
        ("timeline", "unit", "anna@example.org", "e-mail"),
    ],
)
def test_what_the_policy_let_through_stops_the_share(tmp_path: Path, table: str, column: str, value: str, rule: str) -> None:
    rows = world.rows()
    for row in rows[table]:
        row[column] = value
    with pytest.raises(GateClosed) as stopped:
        shared(tmp_path, rows, replace(ASKED, words=("Canaryname",)))
    said = str(stopped.value)
    assert f"{table}, column {column}: {rule}" in said
    assert "rule R50" in said
    assert value not in said
    assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".share-*"))


def test_what_the_policy_does_not_name_is_not_shared(tmp_path: Path) -> None:
    release = world.release(tmp_path / "release", world.rows())
    for file in release.parquet("journey"):
        pl.read_parquet(file).with_columns(remark=pl.lit("fine"), age_months=pl.lit(12)).write_parquet(file)
    done = world.made(release, tmp_path / "out")
    unspoken = [one for one in done.unspoken if not one.endswith(".component_id")]  # of the build, which the small release has too
    assert unspoken == ["journey.age_months", "journey.remark"]
    assert not {"age_months", "remark"} & set(world.table(tmp_path / "out", "journey").columns)


def test_a_release_that_lacks_what_the_policy_decides_by_is_refused(tmp_path: Path) -> None:
    release = world.release(tmp_path / "release", world.rows())
    for file in release.parquet("timeline"):
        pl.read_parquet(file).drop("journey_id").write_parquet(file)
    with pytest.raises(CgtError, match=r"timeline\.journey_id"):
        world.made(release, tmp_path / "out")


@pytest.mark.rule("R52", "R55")
def test_refusals(tmp_path: Path) -> None:
    rows = world.rows()
    release = world.release(tmp_path / "release", rows)
    for asked, rule in (
        (replace(ASKED, purpose="marketing"), "R55"),
        (replace(ASKED, purpose="quality_improvement"), "R55"),
        (replace(ASKED, minimum=6), "R52"),
    ):
        with pytest.raises(CgtError, match=f"rule {rule}"):
            world.made(release, tmp_path / "out", asked)
    (tmp_path / "out").mkdir()
    with pytest.raises(CgtError, match="exists"):
        world.made(release, tmp_path / "out")
