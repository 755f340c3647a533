"""Who is counted of a release, whose they are, who knows them, and in which categories, as of the begin of a quarter."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from cgt_etl.egress.collective import home
from cgt_etl.egress.collective.counting import members
from cgt_etl.egress.collective.rows import Rows, rows
from cgt_etl.errors import CgtError
from cgt_etl.simulator.world.journeys import network
from tests.egress import world
from tests.egress.collective.release_world import BEGIN, COURIER, HOSPITALS, MAKERS, batch, empty, entity, patient
from tests.egress.world import Rows as Tables
from tests.egress.world import consent, person, token


def counted(tmp_path: Path, tables: Tables, begin: date = BEGIN) -> Rows:
    return rows(world.release(tmp_path, tables), home.listed(), begin)


def of(found: Rows, population: str = "batch") -> dict[str, dict[str, object]]:
    """The rows of a population by their subject."""
    return {row["subject"]: row for row in found.counted.iter_rows(named=True) if row["population"] == population}


def test_a_patient_is_counted_in_every_dimension_for_the_manufacturer_and_the_collector(tmp_path: Path) -> None:
    tables = empty()
    patient(tables, "anna", vein_to_vein_days=28, hold_h=48, viability=80.0, starting=89.9, verdict="fail")
    patient(tables, "bert", vein_to_vein_days=20, hold_h=23, viability=79.9, starting=95.0)
    found = counted(tmp_path, tables)
    plan = home.listed()
    cells = members(plan, found.counted)
    shown = {cell.categories for cell, subjects in cells.items() if token("batch anna") in subjects or token("collection anna") in subjects}
    assert shown == {
        ("auto_cart", "28 to 42 d"),
        ("auto_cart", "80 to 90 %"),
        ("48 h and more", "out of specification or terminated"),
        ("hospital", "below 90 %"),
    }
    shown = {cell.categories for cell, subjects in cells.items() if token("batch bert") in subjects or token("collection bert") in subjects}
    assert shown == {
        ("auto_cart", "below 21 d"),
        ("auto_cart", "below 80 %"),
        ("below 24 h", "within specification"),
        ("hospital", "95 % and more"),
    }
    assert {row["contributor"] for row in of(found).values()} == {entity(MAKERS[0])}
    assert {row["contributor"] for row in of(found, "collection").values()} == {entity(HOSPITALS[0])}


def test_everybody_along_the_chain_knows_a_row_and_nobody_else(tmp_path: Path) -> None:
    tables = empty()
    patient(tables, "anna", MAKERS[3], HOSPITALS[4])
    tables["handoff"] = [{"handoff_id": token("h"), "journey_id": token("journey anna"), "sender_party_id": COURIER}]
    infusion = {"table_name": "administration", "row_key": token("infusion anna")}
    tables["row_source"].append(infusion | {"source_delivery": f"{HOSPITALS[7]}/records/0123456789abcdef"})
    found = counted(tmp_path, tables)
    chain = sorted(entity(one) for one in (COURIER, MAKERS[3], HOSPITALS[4], HOSPITALS[7]))
    assert [row["also_known_to"] for row in (*of(found).values(), *of(found, "collection").values())] == [chain, chain]


def test_of_a_patient_the_first_batch_counts_even_where_a_second_made_good(tmp_path: Path) -> None:
    tables = empty()
    patient(tables, "anna", verdict="fail")
    batch(tables, "anna", token("again"), MAKERS[0], ended=date(2025, 11, 20), viability=95.0, verdict="pass")
    assert {key: row["verdict"] for key, row in of(counted(tmp_path, tables)).items()} == {
        token("batch anna"): "out of specification or terminated"
    }


def test_what_happened_since_the_quarter_began_is_not_known_yet(tmp_path: Path) -> None:
    tables = empty()
    patient(tables, "ended on the day", ended=BEGIN)
    patient(tables, "infused on the day", ended=date(2025, 12, 16), vein_to_vein_days=31)
    patient(tables, "infused the day before", ended=date(2025, 12, 16), vein_to_vein_days=30)
    tables["measurement"][-1]["occurred_date"] = BEGIN
    found = of(counted(tmp_path, tables))
    assert {key: (row["vein_to_vein_band"], row["viability_band"], row["verdict"]) for key, row in found.items()} == {
        token("batch infused on the day"): ("not infused", "90 % and more", "within specification"),
        token("batch infused the day before"): ("28 to 42 d", "not stated", "not stated"),
    }


def test_only_people_whose_consent_covers_the_purpose_are_counted(tmp_path: Path) -> None:
    tables = empty()
    for name in ("anna", "withdrawn", "silent"):
        patient(tables, name, is_covered=name != "silent")
    tables["consent"].append(consent("withdrawn", None, withdrawn_at_utc=date(2025, 12, 1)))
    found = counted(tmp_path, tables)
    assert (set(of(found)), set(of(found, "collection"))) == ({token("batch anna")}, {token("collection anna")})
    assert found.left_out == {"batch": 2, "collection": 2}


def test_a_donor_who_withdrew_takes_along_the_recipients_batch(tmp_path: Path) -> None:
    tables = empty()
    patient(tables, "rolf")
    tables["subject"].append({"subject_id": person("dora"), "role_code": "donor"})
    tables["collection"][0]["donor_subject_id"] = person("dora")
    consumed = {"parent_table": "collection", "parent_key": token("collection rolf"), "child_table": "batch"}
    tables["product_edge"] = [consumed | {"child_key": token("batch rolf"), "edge_type": "consume"}]
    tables["consent"].append(consent("dora", withdrawn_at_utc=date(2025, 12, 1)))
    assert counted(tmp_path, tables).counted.is_empty()


def test_what_a_release_does_not_state_is_said_so(tmp_path: Path) -> None:
    tables = empty()
    patient(tables, "anna")
    tables["measurement"], tables["journey"] = [], []
    tables["event"] = tables["event"][:1]
    (row,) = of(counted(tmp_path, tables)).values()
    assert [row[name] for name in ("modality", "vein_to_vein_band", "hold_band", "verdict", "viability_band")] == [
        "other or not stated",
        *["not stated"] * 4,
    ]


def test_too_few_contributors_are_so_by_what_is_declared_whoever_delivered(tmp_path: Path) -> None:
    tables = empty()
    patient(tables, "anna")
    tables["party"] = [row for row in tables["party"] if row["party_id"] not in MAKERS[7:]]
    found = counted(tmp_path / "seven", tables)
    assert (found.too_few, len(of(found)), len(of(found, "collection"))) == ({"batch"}, 0, 1)
    tables["party"].append({"party_id": MAKERS[7], "legal_entity": entity(MAKERS[6]), "roles": "manufacturer"})
    assert counted(tmp_path / "two of one entity", tables).too_few == {"batch"}
    tables["party"].append({"party_id": "maker_8", "legal_entity": entity("maker_8"), "roles": "manufacturer"})
    assert counted(tmp_path / "eight", tables).too_few == frozenset()


@pytest.mark.parametrize(("world_name", "too_few"), [("network", {"batch", "collection"}), ("wide", set())])
def test_the_small_simulated_network_has_too_few_and_the_wide_one_enough(tmp_path: Path, world_name: str, too_few: set[str]) -> None:
    tables = empty()
    parties = network(world_name, 1).parties  # type: ignore[arg-type]
    tables["party"] = [{"party_id": one.name, "legal_entity": one.legal_entity, "roles": one.role} for one in parties]
    assert counted(tmp_path, tables).too_few == too_few


def test_a_release_that_ends_before_the_quarter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CgtError, match="ends before the quarter begins"):
        counted(tmp_path, empty(), date(2026, 4, 1))
