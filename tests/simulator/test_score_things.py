"""The scorer on orders and dose units: the day, containers and expiry that records really state are asked for, and no other."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from tests.simulator.scored import a_record, missed_targets, without_defects, write_lines

PORTAL, CERTIFICATE = "0001/m/order/orders_20260101.csv", "0001/q/certificate/CoA_B1_202601201200.xlsx"
SAYS = """
insert into marts.delivery values ('m/order/1', 'm', 'order', 'landed', null, 1, 1, 0, 0),
  ('q/certificate/1', 'q', 'certificate', 'landed', null, 1, 1, 0, 0);
insert into control.delivery values ('m/order/1', 'm', 'order', 'sha-o'), ('q/certificate/1', 'q', 'certificate', 'sha-c');
insert into marts.therapy_order values ('o1', null, '2025-12-20');
insert into marts.dose_unit values ('d1', null, 2, '2028-01-10');
insert into marts.specification values ('duocel', 'v4.2', 'vcn', 90, -196, -130, 'q/certificate/1', 3);
insert into marts.row_source values ('therapy_order', 'o1', 'm/order/1', 2, 2), ('dose_unit', 'd1', 'q/certificate/1', 3, 3);
"""


@pytest.fixture
def told(build: Path, truth: Path) -> Path:
    """An order and a certificate beside the charts, and a release that says what they say."""
    without_defects(truth)
    said = {name: (truth / f"{name}.jsonl").read_text(encoding="utf-8").splitlines() for name in ("files", "records", "defects")}
    names = ("file", "partner", "feed", "name", "night", "sha256", "units", "refused")
    files = [
        (PORTAL, "m", "order", "orders_20260101.csv", 1, "sha-o", 1, None),
        (CERTIFICATE, "q", "certificate", "CoA_B1_202601201200.xlsx", 1, "sha-c", 1, None),
    ]
    records = [
        a_record(PORTAL, 2, 1, [], None, key=["ORD-1"], objects=[["order_id", "m", "ORD-1"]]),
        a_record(CERTIFICATE, 3, 1, [], None, key=["B1"], objects=[["batch", "m", "B1"], ["lot", "m", "L1"]]),
    ]
    write_lines(truth, "files", [*map(json.loads, said["files"]), *(dict(zip(names, row, strict=True)) for row in files)])
    write_lines(truth, "records", [*map(json.loads, said["records"]), *records])
    journeys = [{"journey": number, "patient": number, "order_id": f"ORD-{number}", "ordered": "2025-12-20T10:00:00"} for number in (1, 2)]
    write_lines(truth, "journeys", [*journeys, {"journey": 3, "patient": 3, "order_id": "", "ordered": None}])
    units = [{"lot": "L1", "containers": 2, "expires": "2028-01-10"}]
    write_lines(truth, "batches", [{"number": "B1", "dose_units": units, "inputs": []}, {"number": "B2", "dose_units": [], "inputs": []}])
    handled = {"thaw_window_min": 90, "storage_lower_c": -196.0, "storage_upper_c": -130.0}
    write_lines(truth, "products", [{"name": "Duocel", "specification_version": "v4.2", **handled}])
    write_lines(truth, "administrations", [])
    write_lines(truth, "bags", [])
    with duckdb.connect(str(build)) as connection:
        connection.execute(SAYS)
    return build


def test_what_the_records_state_is_asked_for(told: Path, truth: Path) -> None:
    assert missed_targets(told, truth) == set()


@pytest.mark.parametrize(
    ("tampering", "missed"),
    [
        ("update marts.therapy_order set issued_date = null", {"day of the order, found"}),
        ("update marts.therapy_order set issued_date = '2025-12-21'", {"day of the order, nothing else"}),
        ("insert into marts.therapy_order values ('o9', null, '2025-12-20')", {"day of the order, nothing else"}),
        ("update marts.dose_unit set container_count = 1", {"containers, nothing else"}),
        ("update marts.dose_unit set container_count = null", {"containers, found"}),
        ("update marts.dose_unit set expiry_date = '2028-01-11'", {"expiry, nothing else"}),
        ("update marts.specification set thaw_window_min = 60", {"thaw_window_min, nothing else"}),
        ("update marts.specification set storage_upper_c = -150", {"storage_upper_c, nothing else"}),
        ("delete from marts.dose_unit", {"containers, found", "expiry, found"}),
    ],
)
def test_what_is_lost_or_made_up_misses_its_target(told: Path, truth: Path, tampering: str, missed: set[str]) -> None:
    with duckdb.connect(str(told)) as connection:
        connection.execute(tampering)
    assert missed_targets(told, truth) == missed


def test_a_cell_that_was_spoiled_states_nothing(told: Path, truth: Path) -> None:
    spoiled = {"file": PORTAL, "position": 2, "column": "ordered", "defect": "foreign_day_of_order", "rule": "D02", "effect": "cell"}
    with (truth / "defects.jsonl").open("a", encoding="utf-8") as lines:
        lines.write(json.dumps({**spoiled, "at_door": True}) + "\n")
    with duckdb.connect(str(told)) as connection:
        connection.execute("insert into marts.finding values ('m/order/1', 2, 'ordered', 'D02', 'cell', 'order__order', null, null)")
        connection.execute("update marts.therapy_order set issued_date = null")
    assert missed_targets(told, truth) == set()
