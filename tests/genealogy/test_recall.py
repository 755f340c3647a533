"""A recall on a small release: two donations pooled in one batch of two doses, of which one was given; a sibling bag; a vector's lot."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.shares import for_hub
from cgt_etl.door.tokens import Keys, release_token
from cgt_etl.genealogy import report
from cgt_etl.genealogy.asked import Reading
from cgt_etl.genealogy.find import Found, by_number
from cgt_etl.genealogy.graph import opened
from cgt_etl.genealogy.landed import stated_beside, unknown_donations
from cgt_etl.genealogy.recall import Recall, recall
from cgt_etl.genealogy.things import Record, Thing
from cgt_etl.release.read import Release
from cgt_etl.settings import Settings
from tests.genealogy.released import edges, node, release, step


def key(name: str) -> str:
    """An id of a release."""
    return name.encode().hex().ljust(32, "0")


C1, C2, P1, P2, P3, P4, B1, B2, B3, D1, D2, A1, A2, DIN1, LOT, VECTOR, J = map(
    key, ["c1", "c2", "p1", "p2", "p3", "p4", "b1", "b2", "b3", "d1", "d2", "a1", "a2", "din1", "lot", "v", "j"]
)


def _event(name: str, event_type: str, day: date, **more: str) -> dict[str, object]:
    return {"event_id": name, "event_type": event_type, "occurred_date": day, **more}


def _source(name: str, table: str, **more: object) -> dict[str, object]:
    return {"row_source_id": name, "table_name": table, "row_key": P1, **more}


def _bag(product: str, code: str, division: str, **more: object) -> dict[str, object]:
    return {"product_id": product, "din_id": DIN1, "product_description_code": code, "division": division, **more}


def _given(administration: str, day: date, **more: object) -> dict[str, object]:
    return {"administration_id": administration, "subject_id": "s1", "site_id": "harbor.main", "started_date": day, **more}


ROWS = {
    "collection": [
        {"collection_id": C1, "din_id": DIN1, "site_id": "north.main", "started_date": date(2026, 1, 2)},
        {"collection_id": C2, "din_id": key("din2"), "site_id": "north.main", "journey_id": J},
    ],
    "product": [
        _bag(P1, "A0001", "00", collection_id=C1, volume_ml=100.0),
        _bag(P2, "A0001", "B0", collection_id=C1),
        _bag(P3, "A0002", "00"),
        _bag(P4, "A0003", "00"),
    ],
    "batch": [
        {"batch_id": B1, "gene_agent_lot_id": VECTOR, "product_name_code": "unacel", "therapy_order_id": key("o")},
        {"batch_id": B2, "disposition_code": "terminated"},
        {"batch_id": B3},
    ],
    "dose_unit": [{"dose_unit_id": D1, "lot_id": LOT, "batch_id": B1}, {"dose_unit_id": D2, "lot_id": key("lot2"), "batch_id": B1}],
    "administration": [_given(A1, date(2026, 3, 1), journey_id=J), _given(A2, date(2026, 4, 1), has_entire_volume=False)],
    "journey": [{"journey_id": J, "therapy_order_id": key("o")}],
    "event": [
        _event("e1", "shipment_packed", date(2026, 2, 1), dose_unit_id=D2, shipment_id="t"),
        _event("e2", "shipment_received", date(2026, 2, 3), shipment_id="t", site_id="courier.hub"),
        _event("e3", "qc_result_reported", date(2026, 2, 9), dose_unit_id=D2, site_id="north.main"),
        _event("e4", "product_discarded", date(2026, 2, 9), product_id=P2, site_id="north.main"),
    ],
    "shipment": [{"shipment_id": "t", "to_site_id": "harbor.main"}],
    "site": [
        {"site_id": "north.main", "party_id": "north", "site_name": "North unit"},
        {"site_id": "harbor.main", "party_id": "harbor", "site_name": "Harbor ward", "country_code": "US"},
    ],
    "party": [{"party_id": "north", "party_name": "North"}, {"party_id": "harbor", "party_name": "Harbor"}],
    "row_source": [
        _source("r1", "product", source_delivery="north/bags/1", source_row_first=7, source_row_last=9),
        _source("r2", "batch", source_delivery="other/lots/1", source_row_first=1, source_row_last=1),
        _source("r3", "product", parent_table="collection", parent_key=C1),
    ],
    "delivery": [{"delivery_id": "x", "status_code": "refused"}, {"delivery_id": "y", "status_code": "landed", "set_aside_unit_count": 3}],
    "product_edge": edges(
        [
            step(f"collection {C1}", f"product {P1}", "create", volume_ml=100.0),
            step(f"collection {C1}", f"product {P2}", "create"),
            step(f"product {P2}", f"product {P4}", "transform"),
            step(f"product {P1}", f"batch {B1}", "consume", volume_ml=90.0),
            step(f"collection {C2}", f"batch {B1}", "consume"),
            step(f"batch {B2}", f"batch {B3}", "remake"),
            step(f"batch {B1}", f"dose_unit {D1}", "fill"),
            step(f"batch {B1}", f"dose_unit {D2}", "fill"),
            step(f"dose_unit {D1}", f"administration {A1}", "administer"),
            step(f"dose_unit {D1}", f"administration {A2}", "administer"),
        ]
    ),
}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return release(tmp_path_factory.mktemp("release"), ROWS)


def _ask(small: Release, what: str) -> Recall:
    home = small.folder
    return recall(Settings(home, (), (), None), small, Registry({}, {}, {}, []), what)


def _table(answer: Recall) -> dict[tuple[str, str], dict[str, object]]:
    return {(row["table"], row["id"]): row for row in report.rows(answer)}


def test_a_donation_leads_to_all_that_came_of_it_and_to_the_bag_without_a_step(small: Release) -> None:
    answer = _ask(small, DIN1)
    told = {row: (said["relation"], said["steps"]) for row, said in _table(answer).items()}
    assert told == {
        ("collection", C1): ("asked", 0),
        ("product", P3): ("asked", 0),
        ("product", P1): ("downstream", 1),
        ("product", P2): ("downstream", 1),
        ("product", P4): ("downstream", 2),
        ("batch", B1): ("downstream", 2),
        ("dose_unit", D1): ("downstream", 3),
        ("dose_unit", D2): ("downstream", 3),
        ("administration", A1): ("downstream", 4),
        ("administration", A2): ("downstream", 4),
    }


def test_a_bag_leads_up_to_its_donation_down_to_doses_and_across_to_its_siblings(small: Release) -> None:
    told = {row: said["relation"] for row, said in _table(_ask(small, P2)).items()}
    assert told[("collection", C1)] == "upstream"
    assert {row for row, relation in told.items() if relation == "same_source"} == {
        *(("product", P1), ("batch", B1), ("dose_unit", D1), ("dose_unit", D2), ("administration", A1), ("administration", A2))
    }
    assert [row for row, relation in told.items() if relation == "downstream"] == [("product", P4)]


def test_a_lot_leads_to_both_donations_and_the_vector(small: Release) -> None:
    answer = _ask(small, LOT)
    upstream = {row for row, said in _table(answer).items() if said["relation"] == "upstream"}
    assert upstream == {("batch", B1), ("product", P1), ("collection", C1), ("collection", C2), ("material_lot", VECTOR)}
    assert {row["relation"] for row in _table(_ask(small, VECTOR)).values()} == {"asked", "downstream"}


def test_where_each_thing_is_and_what_became_of_it(small: Release) -> None:
    told = _table(_ask(small, DIN1))
    state = {row: (said["disposition"], said["site_id"], said["date"]) for row, said in told.items()}
    assert state[("dose_unit", D1)][0] == "administered"
    assert state[("dose_unit", D2)] == ("in stock", "harbor.main", "2026-02-03")
    assert state[("product", P2)] == ("discarded", "north.main", "2026-02-09")
    assert state[("product", P1)] == ("used", "north.main", None)
    assert state[("administration", A1)] == ("administered", "harbor.main", "2026-03-01")
    assert state[("administration", A2)][0] == "administered in part"
    assert told[("administration", A1)]["party_name"] == "Harbor"
    assert told[("product", P1)]["records"] == [{"source_delivery": "north/bags/1", "source_row_first": 7, "source_row_last": 9}]
    assert told[("batch", B1)]["reached_by"] == "consume"


def test_recipients_are_counted_by_site_and_not_named(small: Release) -> None:
    answer = _ask(small, DIN1)
    assert [(one.relation, one.recipients, one.infusions) for one in answer.exposed] == [("downstream", 1, 2)]
    for text in ("\n".join(report.text(answer)), report.as_json(answer), report.as_csv(answer)):
        assert "s1" not in text.replace(key("s1"), "")


def test_what_could_not_be_followed_is_said(small: Release) -> None:
    said = {(gap.nodes, gap.sentence.split(":")[0].split(";")[0]) for gap in _ask(small, DIN1).not_followed}
    about = {nodes for nodes, _ in said}
    assert (node(f"product {P3}"),) in about
    assert (node(f"dose_unit {D2}"),) in about
    assert (node(f"batch {B1}"),) not in about
    assert ((node(f"dose_unit {D1}"),), "given more than once") in said
    alone = _ask(small, B2)
    assert [(gap.nodes, gap.sentence.split(":")[0].split(",")[0]) for gap in alone.not_followed if gap.nodes] == [
        ((node(f"batch {B2}"), node(f"batch {B3}")), "no record that names its starting material has a known donation"),
        ((node(f"batch {B3}"),), "no dose of it is known"),
    ]
    assert "refused whole: 1; records that were set aside or erased: 3" in alone.not_followed[-1].sentence


def test_what_is_not_found_is_no_proof(small: Release) -> None:
    answer = _ask(small, "f" * 32)
    assert not answer.is_found
    text = "\n".join(report.text(answer))
    assert "no proof" in text
    assert "refused whole" in text
    assert "f" * 32 not in text


def test_a_journey_is_its_collections_batches_and_infusions(small: Release) -> None:
    asked = {row for row, said in _table(_ask(small, J)).items() if said["relation"] == "asked"}
    assert asked == {("collection", C2), ("batch", B1), ("administration", A1)}


def test_a_bag_that_no_record_states_gives_its_donation_and_says_so(small: Release) -> None:
    with opened(small) as graph:
        bag = by_number(graph, [Reading("bag", "", DIN1, "", "A0001", "B0")])
        unknown = by_number(graph, [Reading("bag", "", DIN1, "", "A0001", "C0")])
        no_donation = by_number(graph, [Reading("bag", "", key("nothing"), "", "A0001", "C0")])
    assert (set(bag.meant), bag.notes) == ({node(f"product {P2}")}, [])
    assert set(unknown.meant) == {node(f"collection {C1}"), node(f"product {P3}")}
    assert len(unknown.notes) == 1
    assert (no_donation.meant, no_donation.notes) == ({}, [])


def test_a_number_without_a_row_is_followed_from_what_its_records_state(small: Release, tmp_path: Path) -> None:
    said = {"source_row": [8, 8, 40], "kind": ["din", "lot", "din"], "linkage_token": ["t", "u", "other"]}
    links = tmp_path / "landing" / "north/bags/1" / "d" / "links.parquet"
    links.parent.mkdir(parents=True)
    pq.write_table(pa.table(said), links)
    deliveries = {"north/bags/1": {"door16": "d"}, "gone/x/1": {"door16": "d"}}
    with opened(replace(small, manifest={**small.manifest, "inputs": {"deliveries": deliveries}})) as graph:
        found, records = stated_beside(Settings(tmp_path), graph, [Reading("din", "", "", "t")])
        assert (set(found.meant), [str(one) for one in records]) == ({node(f"product {P1}")}, ["north/bags/1 8"])
        assert stated_beside(Settings(tmp_path), graph, [Reading("lot", "", "", "t")]) == (Found(), [])
        assert stated_beside(Settings(tmp_path / "elsewhere"), graph, [Reading("din", "", "", "t")]) == (Found(), [])


def test_a_source_that_only_landed_records_name_is_told(small: Release, tmp_path: Path) -> None:
    keys = Keys(bytes(32))
    row_source = [_source("r1", "batch", source_delivery="maker/batches/1", source_row_first=5, source_row_last=6) | {"row_key": B1}]
    tokens = {"here": release_token(keys.release, "here"), "bag": release_token(keys.release, "bag")}
    rows = ROWS | {
        "row_source": row_source,
        "collection": [*ROWS["collection"], {"collection_id": "x", "din_id": tokens["here"]}],
        "product": [*ROWS["product"], {"product_id": "x", "din_id": tokens["bag"]}],
    }
    answer = release(tmp_path / "release", rows)
    answer = replace(answer, manifest={**answer.manifest, "inputs": {"deliveries": {"maker/batches/1": {"door16": "d"}}}})
    links = tmp_path / "landing" / "maker/batches/1" / "d" / "links.parquet"
    links.parent.mkdir(parents=True)
    of_batch = [Thing(node(f"batch {B1}"), "batch", "used", None, None, None, None, None, (Record("maker/batches/1", 5, 6),))]
    for named, at, unknown in (("here", 5, False), ("bag", 6, False), ("elsewhere", 6, True), ("elsewhere", 7, False)):
        pq.write_table(pa.table({"source_row": [at], "kind": ["din"], "linkage_token": [named]}), links)
        with opened(answer) as graph:
            found = unknown_donations(Settings(tmp_path), graph, keys, of_batch)
        assert found == ((node(f"batch {B1}"),) if unknown else ())
    gaps = [gap.sentence for gap in _ask(small, LOT).not_followed]
    assert any("Without the master key" in sentence for sentence in gaps)


def test_a_hub_without_keys_answers_for_the_token_that_a_partner_made_of_a_number(tmp_path: Path) -> None:
    keys, made = Keys(bytes(32)), key("token")
    rows = ROWS | {"collection": [{"collection_id": C1, "din_id": release_token(keys.release, made)}]}
    (tmp_path / "hub.key").write_text(for_hub(keys))
    hub = Settings(tmp_path / "hub", (), (), tmp_path / "hub.key")
    answer = recall(hub, release(tmp_path / "release", rows), Registry({}, {}, {}, []), made)
    assert node(f"collection {C1}") in answer.meant


def test_json_and_csv_hold_what_the_text_holds(small: Release) -> None:
    answer = _ask(small, DIN1)
    whole = json.loads(report.as_json(answer))
    lines = list(csv.DictReader(io.StringIO(report.as_csv(answer))))
    assert [one["id"] for one in lines] == [one["id"] for one in whole["things"]] == [one.key for one in answer.ordered]
    assert sum(one["count"] for one in whole["counts"]) == len(lines) == 10
    [bag] = [one for one in lines if one["id"] == P1]
    assert bag["path"] == f"collection {C1} > product {P1}"
    assert bag["records"] == "north/bags/1 7-9"
    assert [one["edge_type"] for one in whole["steps"] if one["volume_ml"] == 90.0] == ["consume"]
    text = "\n".join(report.text(answer))
    assert all(one.key in text for one in answer.ordered)
