"""A small warehouse made by hand for arrival sheets: one dose of which everything is told, one of which nothing is, and another's.

Whatever is of the other dose carries the word `strange`, so that a sheet in which it turns up is seen.
"""

from __future__ import annotations

from datetime import datetime

import duckdb

DOSE, BARE, OTHER = "d05e" * 8, "ba5e" * 8, "strange0" * 4

TABLES = {
    "dose_unit": (
        "dose_unit_id text, lot_id text, container_no text, container_count bigint, expiry_date date, component_code text, "
        "product_name_code text, recipient_subject_id text, planned_cells_10_6 double, disposition_code text, batch_id text"
    ),
    "batch": (
        "batch_id text, therapy_order_id text, parent_batch_id text, process_version text, ended_date date, disposition_code text"
    ),
    "journey": "journey_id text, therapy_order_id text",
    "party": "party_id text, party_name text",
    "site": "site_id text, party_id text",
    "event": (
        "event_type text, batch_id text, dose_unit_id text, shipment_id text, site_id text, occurred_date date"
    ),
    "measurement": (
        "measurement text, method text, denominator_code text, value double, comparator text, value_code text, unit text, "
        "lower_limit double, upper_limit double, specification_id text, status_code text, verdict_code text, "
        "recomputed_verdict_code text, timepoint_code text, superseded_by_measurement_id text, dose_unit_id text, batch_id text"
    ),
    "specification": (
        "specification_id text, lower_limit double, upper_limit double, limit_code text, version text, thaw_window_min double, "
        "storage_lower_c double, storage_upper_c double"
    ),
    "shipment": (
        "shipment_id text, sent_at_utc timestamp, received_at_utc timestamp, transit_h double, qualified_until_at_utc timestamp, "
        "stated_out_of_specification_min double, read_out_of_specification_min double, read_out_of_specification_most_min double, "
        "lid_open_min double, lid_opening_count bigint, gap_min double"
    ),
    "logger_reading": "shipment_id text, logger_id text, temperature_c double, reading_class text",
    "handoff": (
        "handoff_id text, handoff_code text, journey_id text, sender_party_id text, receiver_party_id text, shipment_id text, "
        "batch_id text, sent_at_utc timestamp, received_at_utc timestamp, receiver_first_act_at_utc timestamp, transit_h double, "
        "transit_limit_h double, status_code text, identity_verdict text, count_verdict text, time_order_verdict text, "
        "transit_verdict text, temperature_verdict text, seal_verdict text, papers_verdict text"
    ),
    "finding": "rule_id text, table_name text, row_key text",
    "row_source": "table_name text, row_key text, source_delivery text, source_row_first bigint",
}  # fmt: skip

ALL_MATCH = ("match",) * 7


def _at(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour)  # noqa: DTZ001  UTC, as timestamps of a release are


def _result(
    what: str,
    value: float | None,
    said: str,
    *,
    of: tuple[str | None, str],
    code: str | None = None,
    spec: str | None = None,
    final: bool = True,
) -> tuple[object, ...]:
    status = "final" if final else "preliminary"
    return (
        what, None, None, value, None, code, "%", None, None, spec, status, said or None, said or None, "release", None, *of,
    )  # fmt: skip


def build() -> duckdb.DuckDBPyConnection:
    """The warehouse, in memory."""
    told, other = (DOSE, "batch1"), (OTHER, "strange_batch")
    rows: dict[str, list[tuple[object, ...]]] = {
        "party": [
            ("maker", "Larch Therapies"), ("courier", "Juniper Couriers"), ("ward", "Maple Hospital"), ("centre", "Alder Blood Centre"),
        ],
        "site": [("maker.main", "maker"), ("courier.main", "courier"), ("ward.main", "ward")],
        "batch": [
            ("batch1", "order1", "strange_batch", "P5", _at(2, 0).date(), "released"),
            ("strange_batch", "order1", None, "strange_P", _at(1, 0).date(), "terminated"),
        ],
        "journey": [("journey1", "order1")],
        "dose_unit": [
            (DOSE, "10f1" * 8, "1", 1, _at(30, 0).date(), None, "nakcel", "subject1", 150.5, "released", "batch1"),
            (BARE, "10f2" * 8, *(None,) * 9),
            (OTHER, "strange_lot", None, 7777, _at(1, 0).date(), None, "nakcel", "subject1", 77.7, "terminated", "strange_batch"),
        ],
        "event": [
            ("drug_product_filled", "batch1", None, None, "maker.main", _at(2, 0).date()),
            ("qc_result_reported", "batch1", None, None, "maker.main", _at(5, 0).date()),
            ("shipment_packed", None, DOSE, "box1", "courier.main", _at(9, 0).date()),
            ("shipment_packed", None, OTHER, "strange_box", "courier.main", _at(11, 0).date()),
        ],
        "specification": [
            ("s1", 70.0, None, None, "v4", 60.0, -196.0, -150.0),
            ("s2", None, None, "no_growth", "v4", 60.0, -196.0, -150.0),
        ],
        "measurement": [
            _result("dp_viability", 91.0, "pass", of=told, spec="s1"),
            _result("dp_cd3_purity", 60.0, "fail", of=(None, "batch1")),
            _result("sterility_dp", None, "", of=told, code="no_growth", spec="s2", final=False),
            _result("strange_result", 33.3, "fail", of=other),
        ],
        "shipment": [
            ("box1", _at(9, 8), _at(10, 10), 26.0, _at(12, 0), 0.0, 12.0, 20.0, 5.0, 1, 0.0),
            ("strange_box", _at(11, 8), _at(20, 8), 216.0, _at(12, 0), 99.0, 99.0, 99.0, 99.0, 9, 99.0),
        ],
        "logger_reading": [
            ("box1", "logger1", -190.0, "transit"),
            ("box1", "logger1", -140.0, "transit"),
            ("box1", "logger1", 5.0, "lid_opening"),
            ("strange_box", "strange_logger", 37.0, "transit"),
        ],
        "handoff": [
            ("h1", "H08", "journey1", "centre", "maker", None, None, _at(1, 6), _at(1, 9), None, 3.0, 72.0, "received", *ALL_MATCH),
            ("h2", "H13", "journey1", "maker", "courier", "box1", "batch1", _at(9, 6), _at(9, 8), None, 2.0, None, "received", *ALL_MATCH),
            (
                "h3", "H14", "journey1", "courier", "ward", "box1", None, _at(9, 8), None, _at(10, 11), None, 240.0, "received",
                "match", "match", "match", "match", "discrepant", "receiver_only", "unknown",
            ),
            ("h4", "H14", "journey1", "courier", "ward", "strange_box", None, _at(11, 8), None, None, None, 240.0, "lost", *ALL_MATCH),
            ("h5", "H10", "journey1", "maker", None, None, "strange_batch", _at(4, 7), None, None, None, None, "open", *ALL_MATCH),
        ],
        "finding": [("R60", "shipment", "box1"), ("R62", "shipment", "strange_box"), ("R41", "batch", "strange_batch")],
        "row_source": [("batch", "batch1", "maker/record/0123456789abcdef", 4), ("batch", "strange_batch", "maker/record/strange", 9)],
    }  # fmt: skip
    connection = duckdb.connect()
    for name, columns in TABLES.items():
        connection.execute(f"create table {name} ({columns})")
        for row in rows[name]:
            connection.execute(f"insert into {name} values ({', '.join('?' * len(row))})", row)
    return connection
