"""Each line of an arrival sheet, on a small warehouse made by hand; what is not told is said; nothing of another lot is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import duckdb
import pytest

from cgt_etl.errors import CgtError
from cgt_etl.handoffs.arrival import facts, words
from cgt_etl.handoffs.arrival.sheet import Arrival, Section, Verdict
from tests.handoffs.arrival_world import BARE, DOSE, OTHER, build

RELEASE = "0007-0123456789abcdef"


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with build() as connection:
        yield connection


def _sheet(warehouse: duckdb.DuckDBPyConnection, dose: str = DOSE, number: str = "") -> Arrival:
    return facts.arrival(warehouse, RELEASE, dose, number)


def _section(sheet: Arrival, title: str) -> Section:
    return next(one for one in sheet.sections if one.title.startswith(title))


def _pairs(sheet: Arrival, title: str) -> dict[str, str]:
    return dict(row.cells for row in _section(sheet, title).rows)  # type: ignore[misc]


def _verdict(sheet: Arrival, begins: str) -> Verdict:
    return next(one for one in sheet.verdicts if one.asks.startswith(begins))


def test_what_the_dose_is(warehouse: duckdb.DuckDBPyConnection) -> None:
    told = _pairs(_sheet(warehouse), "What it is")
    assert told == {
        "Lot": f"token {'10f1' * 8}: the number itself is in no release",
        "Container": "1 of 1",
        "Product": "nakcel",
        "For recipient": "key subject1",
        "Made by": "Larch Therapies",
        "Manufacture ended": "2026-03-02, in place of an earlier batch",
        "Process version": "P5",
        "Cells to give": "150.5 million, by the certificate",
        "Expiry": "last day 2026-03-30, the earliest that a record states",
        "Thaw window": "60 min from the thaw to the start of the infusion",
        "Storage": "-196 to -150 °C",
    }
    assert _pairs(_sheet(warehouse, number="lot L-17"), "What it is")["Lot"] == "lot L-17, as the maker writes it"


def test_until_when_it_may_be_given(warehouse: duckdb.DuckDBPyConnection) -> None:
    asks = "Expiry, thaw window"
    assert _verdict(_sheet(warehouse), "Expiry") == Verdict(asks, "until 2026-03-30; begin within 60 min of the thaw", "good")
    warehouse.execute("update specification set thaw_window_min = 30, storage_lower_c = null where specification_id = 's2'")
    assert _verdict(_sheet(warehouse), "Expiry").said.endswith("within 30 min of the thaw"), "the strictest of two"
    warehouse.execute("update specification set thaw_window_min = null, storage_lower_c = null")
    assert _verdict(_sheet(warehouse), "Expiry") == Verdict(asks, "until 2026-03-30; thaw window not told", "unknown")
    told = _pairs(_sheet(warehouse), "What it is")
    assert (told["Thaw window"], told["Storage"]) == (words.THAW, "at most -150 °C")
    warehouse.execute("update dose_unit set expiry_date = '2026-03-10', container_no = null, container_count = 3")
    assert _verdict(_sheet(warehouse), "Expiry") == Verdict(asks, "its last day was 2026-03-10", "look"), "the release knows 11 March"
    assert _pairs(_sheet(warehouse), "What it is")["Container"] == "the lot is in 3; no record says which this is"


def test_each_result_stands_beside_its_specification_the_worst_first(warehouse: duckdb.DuckDBPyConnection) -> None:
    sheet = _sheet(warehouse)
    section = _section(sheet, "Certificate")
    assert [(row.tone, row.cells) for row in section.rows] == [
        ("look", ("T-cell purity", "60 %", "no limit told", "fail; fail")),
        ("unknown", ("Sterility DP", "no growth (interim)", "no growth", "not judged; cannot be computed")),
        ("good", ("DP viability", "91 %", "at least 70", "pass; pass")),
    ]
    assert section.note.startswith("Specification v4.")
    assert _verdict(sheet, "Certificate") == Verdict("Certificate against specification", "1 of 3 results outside", "look")


def test_an_interim_pass_is_not_all_within(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("delete from measurement where verdict_code = 'fail' and batch_id = 'batch1'")
    warehouse.execute("update measurement set verdict_code = 'pass' where status_code = 'preliminary'")
    assert _verdict(_sheet(warehouse), "Certificate").said == "1 of 2 within; 1 not judged"
    warehouse.execute("update measurement set status_code = 'final'")
    assert _verdict(_sheet(warehouse), "Certificate") == Verdict("Certificate against specification", "all 2 results within", "good")


def test_the_trace_stands_beside_what_the_carrier_says(warehouse: duckdb.DuckDBPyConnection) -> None:
    sheet = _sheet(warehouse)
    assert _pairs(sheet, "On the way") == {
        "Dispatched": "2026-03-09 08:00 UTC",
        "Received": "2026-03-10 10:00 UTC",
        "On the way": "26.0 h; limit 240 h",
        "Shipper qualified until": "2026-03-12 00:00 UTC",
        "Outside the limits, by the carrier": "0 min",
        "Logger trace": "3 readings of 1 logger; -190 to -140 °C, lid closed",
        "Outside the limits, by the trace": "12 min, at most 20 min",
        "Lid open": "1 time; outside meanwhile: 5 min",
        "Gaps in the trace": "none",
    }
    assert _verdict(sheet, "Temperature") == Verdict("Temperature on the way", "12 min outside the limits", "look")
    warehouse.execute("update shipment set received_at_utc = timestamp '2026-03-12 01:00:00', transit_h = 250 where shipment_id = 'box1'")
    late = {row.cells[0]: row for row in _section(_sheet(warehouse), "On the way").rows if row.tone == "look"}
    assert {"On the way", "Shipper qualified until"} <= set(late)
    assert late["Shipper qualified until"].cells[1].endswith("received after it")


def test_one_reading_outside_or_a_gap_is_not_within_the_limits(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("update shipment set read_out_of_specification_min = 0 where shipment_id = 'box1'")
    sheet = _sheet(warehouse)
    assert _verdict(sheet, "Temperature") == Verdict("Temperature on the way", "a reading lies outside the limits, up to 20 min", "look")
    [row] = [row for row in _section(sheet, "On the way").rows if row.cells[0] == "Outside the limits, by the trace"]
    assert (row.cells[1], row.tone) == ("0 min, at most 20 min", "look")
    warehouse.execute("update shipment set read_out_of_specification_most_min = 0, gap_min = 45 where shipment_id = 'box1'")
    assert _verdict(_sheet(warehouse), "Temperature").said == "within the limits as far as read; gaps of 45 min"
    warehouse.execute("update shipment set gap_min = 0 where shipment_id = 'box1'")
    assert _verdict(_sheet(warehouse), "Temperature") == Verdict("Temperature on the way", "the trace stays within the limits", "good")


def test_a_shipment_without_trace_or_limits_is_not_within_them(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("update shipment set read_out_of_specification_min = null, read_out_of_specification_most_min = null")
    sheet = _sheet(warehouse)
    assert _verdict(sheet, "Temperature") == Verdict("Temperature on the way", words.NO_LIMITS, "unknown")
    assert _pairs(sheet, "On the way")["Outside the limits, by the trace"] == words.NO_LIMITS
    warehouse.execute("delete from logger_reading")
    sheet = _sheet(warehouse)
    assert _verdict(sheet, "Temperature") == Verdict("Temperature on the way", words.NO_TRACE, "unknown")
    assert _pairs(sheet, "On the way")["Logger trace"] == "no logger trace was delivered"


def test_who_held_it_when(warehouse: duckdb.DuckDBPyConnection) -> None:
    sheet = _sheet(warehouse)
    rows = _section(sheet, "Who held it when").rows
    assert [row.cells for row in rows] == [
        ("starting material", "Alder Blood Centre to Larch Therapies", "2026-03-01 06:00 UTC", "2026-03-01 09:00 UTC", "both sides agree"),
        ("packed drug product", "Larch Therapies to Juniper Couriers", "2026-03-09 06:00 UTC", "2026-03-09 08:00 UTC", "both sides agree"),
        (
            "drug product", "Juniper Couriers to Maple Hospital", "2026-03-09 08:00 UTC", "2026-03-10 11:00 UTC (first use)",
            "DIFFERS: temperature; not confirmed by both: seal, papers",
        ),
    ]  # fmt: skip
    assert [row.tone for row in rows] == ["good", "good", "look"]
    assert _verdict(sheet, "Identity").tone == "good"
    warehouse.execute("update handoff set identity_verdict = 'sender_only' where handoff_id = 'h3'")
    assert _verdict(_sheet(warehouse), "Identity").tone == "unknown"
    warehouse.execute("update handoff set identity_verdict = 'discrepant' where handoff_id = 'h3'")
    assert _verdict(_sheet(warehouse), "Identity") == Verdict("Identity", "the two sides' records differ", "look")


def test_disposition_steps_and_rules(warehouse: duckdb.DuckDBPyConnection) -> None:
    sheet = _sheet(warehouse)
    assert _verdict(sheet, "Disposition") == Verdict("Disposition", "released", "good")
    steps = _section(sheet, "Steps")
    assert [row.cells for row in steps.rows] == [
        ("filled", "2026-03-02", "Larch Therapies"),
        ("certificate reported", "2026-03-05", "Larch Therapies"),
    ]
    assert steps.note == "Not told by any record: batch released."
    assert [row.cells[:2] for row in _section(sheet, "Marked by rules").rows] == [("R60", "shipment")]
    warehouse.execute("update dose_unit set disposition_code = 'infused'")
    assert _verdict(_sheet(warehouse), "Disposition").said == "an infusion of it is on record already; of its batch: released"
    for code in ("conditional", "out_of_specification", "terminated", "rejected", "discarded"):
        warehouse.execute("update dose_unit set disposition_code = ?", [code])
        assert _verdict(_sheet(warehouse), "Disposition").tone == "look"


def test_of_a_dose_that_nobody_tells_of_every_line_says_so(warehouse: duckdb.DuckDBPyConnection) -> None:
    sheet = _sheet(warehouse, BARE)
    assert {one.tone for one in sheet.verdicts} == {"unknown"}
    assert _verdict(sheet, "Certificate").said == words.NO_CERTIFICATE
    assert _verdict(sheet, "Temperature").said == words.NO_SHIPMENT
    assert _verdict(sheet, "Disposition").said == words.NOT_TOLD
    assert "no logger trace was delivered" in _section(sheet, "On the way").note
    assert all(section.rows or section.note for section in sheet.sections)
    assert all(cell for section in sheet.sections for row in section.rows for cell in row.cells)
    assert not [text for section in sheet.sections for row in section.rows for text in row.cells if text in ("None", "nan")]


def test_nothing_of_another_lot_is_on_the_sheet(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert "strange" in str(asdict(_sheet(warehouse, OTHER))), "the canary would not be seen"
    for dose in (DOSE, BARE):
        assert "strange" not in str(asdict(_sheet(warehouse, dose)))
    sheet = str(asdict(_sheet(warehouse)))
    assert not [text for text in ("77.7", "33.3", "R62", "R41", "37 ", "lost") if text in sheet]


def test_the_sheet_leads_to_a_recall_and_refuses_what_is_no_dose(warehouse: duckdb.DuckDBPyConnection) -> None:
    assert _sheet(warehouse).recall == f"cgt-etl recall {DOSE}"
    with pytest.raises(CgtError, match="no such dose"):
        _sheet(warehouse, "0" * 32)


def test_only_the_makers_own_records_are_asked_for_a_number(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("insert into row_source values ('dose_unit', ?, 'ward/given/0123456789abcdef', 2)", [DOSE])
    found = facts.source(warehouse, DOSE)
    assert (found.maker, found.places) == ("maker", (("maker/record/0123456789abcdef", 4),))
    assert found.tokens == {"lot": "10f1" * 8, "batch": "batch1"}
    assert facts.source(warehouse, BARE).places == ()
