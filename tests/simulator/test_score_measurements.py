"""The scorer of measurements: what a pipeline can get wrong of one misses its own target; what says the same does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from cgt_etl.simulator.scoring import score

LOCAL, UTC = "2026-01-01T09:00", "2026-01-01T14:00:00"
TOLD = """
insert into marts.measurement values
  ('m1', 'pb_hgb', 's1', '2026-01-01', null, 13.1, 'g/dL', null, null, 'b/apheresis/1', 2),
  ('m2', 'pb_hgb', 's1', '2026-01-01', null, 11.9, 'g/dL', null, null, 'b/apheresis/1', 2),
  ('m3', 'endotoxin', null, '2026-01-01T10:00:00', '2026-01-01 15:00:00', 0.25, '[IU]/mL', null, '<', 'b/apheresis/1', 3),
  ('m4', 'sterility_dp', null, '2026-01-01T10:00:00', '2026-01-01 15:00:00', null, null, 'no_growth', null, 'b/apheresis/1', 3);
insert into marts.journey values ('j1', 's1'), ('j2', 's2');
insert into marts.timeline values ('j1', 'measurement', 'm1', null, null), ('j1', 'measurement', 'm2', null, null),
  ('j2', 'measurement', 'm3', null, null);
"""
"""Haemoglobin before and after the first collection; of the second a bound and a result in words, which name nobody."""


def _said(name: str, object_: str, person: int | None, value: float | None, unit: str, **more: Any) -> dict[str, Any]:
    said = {"measurement": name, "object": object_, "person": person, "value": value, "unit": unit, "text": "", "comparator": ""}
    return {**said, "local": "2026-01-01", "utc": None, **more}


@pytest.fixture
def told(build: Path, truth: Path) -> tuple[Path, Path]:
    """Build and truth of a run without defects, with measurements."""
    (truth / "world.json").write_text('{"defects": "none"}', encoding="utf-8")
    for name in ("batches", "administrations", "bags", "shipments"):
        (truth / f"{name}.jsonl").write_text("", encoding="utf-8")
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    at = {"local": "2026-01-01T10:00", "utc": "2026-01-01T15:00:00"}
    records[1]["measurements"] = [_said("pb_hgb", "din1/pre", 1, 13.1, "g/dL"), _said("pb_hgb", "din1/post", 1, 11.9, "g/dL")]
    records[3]["measurements"] = [
        _said("endotoxin", "din2/e", None, 0.25, "[IU]/mL", comparator="<", **at),
        _said("sterility_dp", "din2/s", None, None, "", text="no_growth", **at),
    ]
    (truth / "records.jsonl").write_text("".join(json.dumps(row) + "\n" for row in records), encoding="utf-8")
    with duckdb.connect(str(build)) as connection:
        connection.execute(TOLD)
    return build, truth


def _missed(told: tuple[Path, Path]) -> set[str]:
    return {one.name for one in score(*told).missed if one.part == "measurements"}


def test_measurements_that_are_as_they_were_stated_meet_every_target(told: tuple[Path, Path]) -> None:
    figures = {one.name: (one.right, one.total) for one in score(*told).figures if one.part == "measurements"}
    assert _missed(told) == set()
    assert figures["found"] == figures["value and unit"] == (4, 4)
    assert figures["of things and donors, in a journey"] == (1, 2)


@pytest.mark.parametrize(
    ("tampering", "missed"),
    [
        ("delete from marts.measurement where measurement_id = 'm2'", {"found"}),
        ("update marts.measurement set measurement = 'pb_hct' where measurement_id = 'm1'", {"found", "nothing else"}),
        ("insert into marts.measurement select 'm5', * exclude measurement_id from marts.measurement where measurement_id = 'm1'",
         {"nothing else"}),
        ("update marts.measurement set value = 131 where measurement_id = 'm1'", {"value and unit"}),
        ("update marts.measurement set unit = 'g/L' where measurement_id = 'm1'", {"value and unit"}),
        ("update marts.measurement set comparator = null where measurement_id = 'm3'", {"value and unit"}),
        ("update marts.measurement set value_code = 'no_growth_to_date' where measurement_id = 'm4'", {"value and unit"}),
        ("update marts.measurement set value = 0 where measurement_id = 'm4'", {"value and unit"}),
        ("update marts.measurement set subject_id = 's2' where measurement_id = 'm1'", {"subject"}),
        ("update marts.measurement set subject_id = 's2' where measurement_id = 'm3'", {"subject"}),
        ("update marts.measurement set occurred_at_utc = '2026-01-01 00:00:00' where measurement_id = 'm1'", {"instant"}),
        ("update marts.timeline set journey_id = 'j2' where source_key = 'm1'", {"journey"}),
        ("delete from marts.timeline where source_key = 'm1'", {"journey"}),
        ("update marts.timeline set journey_id = 'j1' where source_key = 'm3'", {"journey"}),
    ],
)  # fmt: skip
def test_each_error_misses_its_own_target(told: tuple[Path, Path], tampering: str, missed: set[str]) -> None:
    with duckdb.connect(str(told[0])) as connection:
        connection.execute(tampering)
    assert missed <= _missed(told)


def test_a_measurement_that_two_records_state_is_found_once_with_the_finer_time(told: tuple[Path, Path]) -> None:
    build, truth = told
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    again = {**records[3], "position": 5, "key": ["again"], "events": [], "edges": []}
    again["measurements"] = [{**one, "local": "", "utc": None} for one in records[3]["measurements"]]
    (truth / "records.jsonl").write_text("".join(json.dumps(row) + "\n" for row in [*records, again]), encoding="utf-8")
    assert _missed(told) == set()
    with duckdb.connect(str(build)) as connection:
        connection.execute(
            "insert into marts.measurement select 'm5', measurement, subject_id, null, null, value, unit, value_code, comparator,"
            " source_delivery, 5 from marts.measurement where measurement_id = 'm3'"
        )
    assert _missed(told) == {"found once", "instant"}


def test_two_records_of_one_thing_that_say_two_values_state_two_measurements(told: tuple[Path, Path]) -> None:
    place = told[1] / "records.jsonl"
    records = [json.loads(line) for line in place.read_text(encoding="utf-8").splitlines()]
    slip = {**records[1]["measurements"][0], "value": 0.131}
    records[0]["measurements"] = [slip]
    place.write_text("".join(json.dumps(row) + "\n" for row in records), encoding="utf-8")
    assert _missed(told) == {"found"}
    with duckdb.connect(str(told[0])) as connection:
        connection.execute(
            "insert into marts.measurement values ('m5', 'pb_hgb', 's1', '2026-01-01', null, 0.131, 'g/dL', null, null, 'h/patient/1', 1);"
            " insert into marts.timeline values ('j1', 'measurement', 'm5', null, null)"
        )
    assert _missed(told) == set()
