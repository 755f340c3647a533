"""The tables that the models of handoffs read, with those of their columns that they read: what `fault_world` fills. Holds no rows."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

PAPERS = {
    "packed": ("waybill", "custody_form", "invoice", "xray_notice"),
    "picked_up": ("waybill", "custody_form", "invoice", "xray_notice"),
    "delivered": ("custody_form", "proof_of_delivery", "logger_file", "product_papers"),
    "received": ("custody_form", "proof_of_delivery", "logger_file", "product_papers"),
}
"""Station of a custody record -> the papers that it lists."""
_EVENT = (
    "event_statement_id text, event_id text, event_type text, status text, party_id text, from_party_id text, to_party_id text, "
    "sscc_id text, awb_id text, logger_id text, din_id text, lot_id text, batch_id text, coi_id text, administration_id text, "
    "collection_id text, "
    "occurred_at_utc timestamp, occurred_date date, from_gln text, to_gln text, source_delivery text, source_row bigint, component_id text"
)
_CUSTODY = (
    "custody_record_statement_id text, sscc_id text, packed_at_utc timestamp, received_at_utc timestamp, qualified_hold_h double, "
    "lower_limit_c double, upper_limit_c double, out_of_specification_min double, lid_open_min double, packed_seal_id text, "
    "picked_up_seal_id text, received_seal_id text, is_seal_whole_at_pickup boolean, is_seal_whole_at_receipt boolean, "
    + ", ".join(f"has_{station}_{paper} boolean" for station, papers in PAPERS.items() for paper in papers)
    + ", source_delivery text, source_row bigint"
)
TABLES = {
    "intermediate.int_event__resolved": _EVENT,
    "intermediate.int_custody_record__resolved": _CUSTODY,
    "intermediate.int_logger_reading__resolved": (
        "logger_id text, read_at_utc timestamp, probe text, temperature_c double, value_status text, event_code text, "
        "source_delivery text, source_row bigint, component_id text"
    ),
    "intermediate.int_measurement__resolved": (
        "measurement text, din_id text, party_id text, sample_id text, measurement_statement_id text, occurred_at_utc timestamp, "
        "comparator text, value double, status text"
    ),
    "intermediate.int_product_edge__resolved": "edge_type text, parent_din_id text, child_batch_id text",
    "marts.administration": "administration_id text, therapy_order_id text, subject_id text, journey_id text",
    "marts.batch": "batch_id text, parent_batch_id text, therapy_order_id text, recipient_subject_id text",
    "marts.clock_skew": "party_id text, skew_low_s bigint, skew_high_s bigint, status_code text",
    "marts.collection": (
        "collection_id text, din_id text, is_autologous boolean, therapy_order_id text, recipient_subject_id text, tnc_yield_10_9 double"
    ),
    "marts.dose_unit": "lot_id text, batch_id text",
    "marts.event": "event_id text, event_type text, occurred_at_utc timestamp, status_code text",
    "marts.journey": "journey_id text, therapy_order_id text",
    "marts.journey_event": "journey_id text, event_id text",
    "marts.product": "din_id text, state_code text",
    "marts.site": "site_id text, party_id text, gln text",
    "marts.therapy_order": "therapy_order_id text, status_code text",
}
"""Table that the models of handoffs read -> those of its columns that they read."""


_TYPES: dict[str, pl.DataType | type[pl.DataType]] = {
    "text": pl.String,
    "timestamp": pl.Datetime("us"),
    "date": pl.Date,
    "double": pl.Float64,
    "bigint": pl.Int64,
    "boolean": pl.Boolean,
}


def columns(table: str) -> Iterator[tuple[str, str]]:
    """Name and type of each column."""
    for one in TABLES[table].split(", "):
        name, kind = one.split(" ")
        yield name, kind


def names(table: str) -> list[str]:
    """Of its columns, in order."""
    return [name for name, _ in columns(table)]


def frame(table: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    """Rows of a table, every column of its type."""
    return pl.DataFrame(rows, schema={column: _TYPES[kind] for column, kind in columns(table)})
