"""What the truth says of measurements: values by hand in the vocabulary's units; a cell that went wrong states none."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cgt_etl.simulator.exports import coa, mes_b2mml
from cgt_etl.simulator.facts import Fact, Named, Stated
from cgt_etl.simulator.measured import Measured, measurements
from cgt_etl.simulator.measured.shapes import number, units

ZONES = {"p": ZoneInfo("America/New_York")}
RUN = {
    "PRE_CD3_UL": "", "POST_CD3_UL": "350",
    "HGB_PRE": "11.2", "HGB_POST": "10.9", "PLT_PRE": "98", "PLT_POST": "71", "TBV_ML": "4459", "INLET_VOL_ML": "10240",
    "WB_PROC_L": "9.41", "ACDA_USED_ML": "780", "RUN_MIN": "225", "PRD_VOL_G": "192", "PRD_WBC_K_UL": "26.1", "TNC_E8": "48.8",
    "CD3_YIELD_E9": "2.12", "CE2_PCT": "41.5", "VIAB": "98.2", "AC_RATIO": "12:01:00",
}  # fmt: skip


def stated(dialect: str, feed: str, record: Any, **more: Any) -> dict[str, Measured]:
    fact = Fact("p", feed, date(2025, 11, 3), record, more.pop("key", ("1",)), 1, **more)
    return {one.object.split("/", 1)[-1]: one for one in measurements(dialect, fact, ZONES)}


def run(**cells: str) -> dict[str, Measured]:
    events = tuple(
        Stated(f"apheresis_{what}", 7, f"2025-11-02T{hour}:00", f"2025-11-02T{hour + 5}:00:00", "D1")
        for what, hour in (("started", 10), ("completed", 13))
    )
    return stated("becs_us", "apheresis", {**RUN, **cells}, events=events, objects=(("din", "", "D1"),))


def test_figures_of_a_run_are_of_its_end_and_blood_samples_of_its_day() -> None:
    said = run()
    values = {column: one.value for column, one in said.items()}
    assert values["WB_PROC_L"] == pytest.approx(9410)
    assert values["PRD_VOL_G"] == pytest.approx(181.47, abs=0.01)
    assert values["TNC_E8"] == pytest.approx(4.88)
    assert values["AC_RATIO"] == 12
    assert "PRE_CD3_UL" not in said
    assert (said["POST_CD3_UL"].measurement, said["POST_CD3_UL"].value) == ("pb_cd3_abs", 350)
    assert said["HGB_PRE"].at == ("2025-11-02", None)
    assert said["TNC_E8"].at == ("2025-11-02T13:00", "2025-11-02T18:00:00")
    assert {one.person for one in said.values()} == {7}
    assert {one.unit for one in said.values()} <= set(units().values())


def test_a_cell_that_went_wrong_states_nothing() -> None:
    assert set(run()) - set(run(TNC_E8="see note")) == {"TNC_E8"}
    assert [number(text) for text in ("1.5", "3.80E+05", "1,5", "about 3", "", "1_000")] == [1.5, 380000, None, None, None, None]
    assert number("1,5", comma=True) == 1.5
    assert number("1.5", comma=True) is None


def test_a_message_in_other_units_and_a_result_that_it_takes_away() -> None:
    lines = (
        "OBR|1|||VITALS|||202511021930",
        "OBX|1|NM|8310-5^Body temperature^LN||102.2|degF|||||F",
        "OBX|2|NM|29463-7^Body weight^LN||154.3|lb|||||F",
        "OBX|3|NM|LYAB^LYMPHOCYTES ABS^99LAB||0.7|x10E3/uL|||||W",
        "OBX|4|SN|FERR^FERRITIN^99LAB||>^40000|ng/mL|||||F",
        "OBX|5|NM|HGB^HEMOGLOBIN^99LAB||10.4|furlongs|||||F",
        "OBX|6|CWE|BPSUP^HYPOTENSION SUPPORT^99LAB||VP2^^99LAB||||||F",
        "OBX|7|NM|ICE^ICE SCORE^99LAB||5|{score}|||||F",
    )
    said = stated("ehr_hl7v2", "result", {"after": lines}, persons=(Named("mrn", "mrn", "p", "m", "recipient", 7),))
    assert {test: one.value for test, one in said.items()} == {
        "temperature": pytest.approx(39.0), "weight": pytest.approx(69.99, abs=0.01), "ferritin": 40000, "BPSUP": None, "ICE": 5,
    }  # fmt: skip
    assert said["BPSUP"].text == "multiple_vasopressors"
    assert said["ferritin"].comparator == ">"
    assert said["weight"].at == ("2025-11-02T19:30", "2025-11-03T00:30:00")


def test_a_certificate_keeps_bounds_and_words_and_says_a_number_and_its_text_alike() -> None:
    lines = [
        {"Test": "Endotoxin", "Method": "kinetic LAL", "Spec": "<0.5 EU/mL", "Result": "< 0.25"},
        {"Test": "Total Dose", "Method": "calc", "Spec": "0.6-6 x10^8", "Result": 3.8},
        {"Test": "Sterility", "Method": "USP <71>", "Spec": "No growth", "Result": "NGTD d5"},
        {"Test": "VCN", "Method": "ddPCR, copies/transduced", "Spec": "<=5", "Result": coa.ERROR},
        {"Test": "Appearance", "Method": "-", "Spec": "", "Result": "clear"},
    ]
    told = (Stated("qc_result_reported", 7, "2025-11-20T09:30:00", "2025-11-20T14:30:00", "B1"),)
    of = {"events": told, "objects": (("batch", "m", "B1"),)}

    def certificate(lines: list[dict[str, Any]]) -> list[Measured]:
        return list(stated("qc_coa", "certificate", {"labels": {"Issued:": datetime(2025, 11, 20)}, "lines": lines}, **of).values())  # noqa: DTZ001

    said = {one.measurement: one for one in certificate(lines)}
    assert set(said) == {"endotoxin", "dp_car_pos_viable_total", "sterility_dp"}
    assert (said["endotoxin"].value, said["endotoxin"].comparator, said["endotoxin"].unit) == (0.25, "<", "[IU]/mL")
    assert said["dp_car_pos_viable_total"].value == pytest.approx(380)
    assert (said["sterility_dp"].value, said["sterility_dp"].text, said["sterility_dp"].unit) == (None, "no_growth_to_date", "")
    written = [{**lines[1], "Result": "3.8"}]
    assert [one.object for one in certificate(written)] == [said["dp_car_pos_viable_total"].object]


def test_batch_records_and_loggers_in_the_units_of_the_trade() -> None:
    event = {"at": "2025-11-06T13:05:00Z", "kind": mes_b2mml.PROCESS_DATA, "operation": "EXP", "values": [("D4_VCD", "0.41", "1e6/mL")]}
    strange = {**event, "values": [("D4_VIAB", "91", "see SOP")]}
    consumed = {**event, "kind": mes_b2mml.CONSUME, "values": [("MEDIA_LOT", "7", "")]}
    [said] = stated("mes_b2mml", "record", {"batch": "B1", "events": [event, strange, consumed]}).values()
    assert (said.measurement, said.value, said.at[1], said.person) == ("viable_cell_density", 0.41, "2025-11-06T13:05:00", None)
    sensed = {"sensorElementList": [{"sensorReport": [{"minValue": -320.8, "maxValue": -238, "uom": "FAH"}]}]}
    way = stated("courier_epcis", "epcis", sensed, objects=(("sscc", "", "S"),))
    assert {part: one.value for part, one in way.items()} == {"minValue": pytest.approx(-196), "maxValue": pytest.approx(-150)}


def test_a_feed_without_measurements_states_none() -> None:
    assert stated("becs_us", "modification", {}) == {}
