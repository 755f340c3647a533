"""Every factor of the unit map is held to ucumvert and pint, or to a table written by hand where units of two kinds meet."""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Any

import pytest
from ucumvert import PintUcumRegistry

from cgt_etl.contracts.registry import Registry
from cgt_etl.settings import PACKAGE, Settings

AS_PRINTED = {
    "K/uL": "10*3/uL",
    "x10E3/uL": "10*3/uL",
    "x10E3": "10*3/uL",
    "x10*4/uL": "10*4/uL",
    "G/L": "10*9/L",
    "giga.l-1": "10*9/L",
    "/cumm": "/uL",
    "cells/mm3": "/uL",
    "Cel/min": "K/min",  # a difference of temperatures has no offset
    "cells/cumm": "/uL",
    "cells/uL": "/uL",
    "cells/mL": "/mL",
    "10*6 cells": "10*6",
    "{cells}": "1",
    "{ratio}": "1",
    "{score}": "1",
    "{grade}": "1",
    "fraction": "1",
    "IU/L": "U/L",
    "mcg/L": "ug/L",
    "mcg": "ug",
    "mcg/kg": "ug/kg",
    "lb": "[lb_av]",
    "in": "[in_i]",
    "degF": "[degF]",
    "CEL": "Cel",
    "FAH": "[degF]",
    "KEL": "K",
    "x10^8": "10*8",
    "x10^6/kg": "10*6/kg",
    "EU/mL": "[IU]/mL",
    "TU/cell": "{TU}/{cell}",
    "1e6/mL": "10*6/mL",
    "x": "1",
    "1e6": "10*6",
    "1e9": "10*9",
    "c/cell": "{copies}/{cell}",
    "sec": "s",
    "bpm": "/min",
    "beats/min": "/min",
    "count/min": "/min",
    "degC": "Cel",
    "ft": "[ft_i]",
}
"""What people print -> UCUM. Read as UCUM, K/uL would be kelvin and G/L gauss."""
OF_TWO_KINDS = {
    ("pb_hgb", "mmol/L"): 1.611,  # haemoglobin monomer, 16114 g/mol
    ("creatinine", "umol/L"): 1 / 88.4,  # 113.12 g/mol
    ("bilirubin_total", "umol/L"): 1 / 17.1,  # 584.66 g/mol
    ("product_volume", "g"): 1 / 1.058,  # g/mL, apheresis product
    ("ionised_calcium", "mg/dL"): 10 / 40.078,  # 40.078 g/mol
}
TRAPS = [
    ("product_tnc", "10*8", 48.8, 4.88),
    ("product_tnc", "10*10", 0.48, 4.8),
    ("product_cd3_total", "10*8", 21.2, 2.12),
    ("crp", "mg/dL", 4.1, 41.0),
    ("pb_hgb", "g/L", 112.0, 11.2),
    ("pb_hgb", "mmol/L", 8.6, 13.85),
    ("pb_plt", "K/uL", 98.0, 98.0),
    ("pb_plt", "x10*4/uL", 9.8, 98.0),
    ("pb_wbc", "x10E3/uL", 5.2, 5.2),
    ("product_wbc_conc", "K/uL", 26.1, 26.1),
    ("pb_cd3_abs", "10*9/L", 0.512, 512.0),
    ("whole_blood_processed", "L", 9.4, 9400.0),
    ("dose_infused_abs", "10*8", 0.91, 91.0),
    ("body_temp", "[degF]", 102.2, 39.0),
    ("time_in_bed", "ms", 3780000.0, 63.0),
    ("sleep_duration", "h", 7.5, 450.0),
    ("cfu_gm", "10*4/kg", 25.0, 2.5),
    ("harvest_total_viable", "10*6", 850.0, 0.85),
    ("ionised_calcium", "mg/dL", 4.8, 1.198),
    ("logger_temp", "[degF]", -238.0, -150.0),  # read as Celsius it would be colder than nitrogen
    ("logger_temp", "FAH", -320.8, -196.0),
    ("endotoxin", "EU/mL", 0.25, 0.25),
    ("albumin", "g/L", 38.0, 3.8),
    ("fibrinogen", "g/L", 2.1, 210.0),
    ("igg", "g/L", 6.5, 650.0),
    ("pb_hct", "L/L", 0.38, 38.0),
    ("pb_hct", "fraction", 0.38, 38.0),
    ("creatinine", "umol/L", 88.4, 1.0),
    ("ldh", "ukat/L", 4.0, 240.0),
]
"""measurement, unit, value as written, value in the canonical unit; each of these has been got wrong somewhere."""


LIES = [
    ("endotoxin", "[EU]/mL"),  # UCUM's [EU] is the Ehrlich unit
    ("endotoxin", "EU/kg/h"),
    ("pb_hgb", "g/mL"),
    ("pb_plt", "10*4"),  # of a volume that is not said
    ("pb_plt", "K/L"),
    ("vcn", "copies/ug"),
    ("dose_infused_abs", "10*6/kg"),
    ("product_cd34_total", "10*6/kg"),
    ("hrv_sdnn", "rMSSD"),
    ("crp", "g/L"),
]
"""measurement, unit: it looks like a unit of it and is one of something else, or of a size that nobody means. It has no factor."""


NOT_CONVERTED = {
    "pb_mono_abs": {"%"},  # of the white cells, whose number another row has
    "pb_cd19_abs": {"%"},
    "ldh": {"xULN"},  # of the laboratory's own upper limit
    "ferritin": {"pmol/L"},  # a protein without one mass
    "ecog": {"KPS"},  # another scale
    "days_since_bendamustine": {"mo"},  # months are of no one length
    "os_days": {"mo"},
    "whole_blood_processed": {"xTBV"},  # times a volume of the same run
    "ac_ratio": {"12:1 text"},  # the cast `ratio` reads it
    "run_time": {"hh:mm"},
    "product_cd3_total": {"10*6/kg"},  # another measurement: for each kilogram, of whose weight is not said
    "product_cd34_total": {"10*6/kg"},
    "dp_car_pos_viable_total": {"10*6/kg"},
    "product_plt": {"10*6/mL"},  # a concentration
    "vcn": {"copies/ug", "copies/50ng"},  # by mass of DNA, not by cell
    "car_transgene": {"copies/50ng"},
    "viable_cell_density": {"E6"},  # of a volume that is not said
    "endotoxin": {"EU/kg/h"},  # a dose
    "potency_ifng": {"fg/cell", "pg/1e6"},  # by cell
    "car_t_flow_peak": {"% of T"},
    "mrd": {"10*-4..10*-6"},
    "steps_daily": {"count"},  # of a stretch, not of a day
    "hrv_sdnn": {"rMSSD"},  # another statistic
    "ln2_level": {"%"},  # of a tank whose height is not said
    "smoking_status": {"pack-years"},
}
"""Units that `measurements.csv` has seen and that no factor brings to the canonical one."""


def _rows(name: str = "unit_map") -> list[dict[str, str]]:
    with (PACKAGE / "vocabularies" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ROWS = {(row["measurement"], row["unit"]): row for row in _rows()}


@pytest.fixture(scope="module")
def units() -> PintUcumRegistry:
    return PintUcumRegistry()


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: f"{row['measurement']}-{row['unit']}")
def test_factor_is_that_of_the_units(row: dict[str, str], units: PintUcumRegistry) -> None:
    by_hand = OF_TWO_KINDS.get((row["measurement"], row["unit"]))
    if by_hand:
        assert float(row["factor"]) == pytest.approx(by_hand, rel=1e-6)
        return

    if row["unit"] == row["canonical_unit"]:
        assert (float(row["factor"]), float(row["unit_offset"])) == (1, 0)
        return

    def quantity(value: float, unit: str) -> Any:
        parsed = units.from_ucum(AS_PRINTED.get(unit, unit))
        scale = getattr(parsed, "magnitude", parsed)
        return units.Quantity(value * scale, getattr(parsed, "units", "dimensionless"))

    target = quantity(1, row["canonical_unit"])
    for value in (0.0, 1.0, 250.0):
        expected = quantity(value, row["unit"]).to(target.units).magnitude / target.magnitude
        assert value * float(row["factor"]) + float(row["unit_offset"]) == pytest.approx(expected, rel=1e-8, abs=1e-8)


@pytest.mark.parametrize(("measurement", "unit", "written", "canonical"), TRAPS)
def test_traps(measurement: str, unit: str, written: float, canonical: float) -> None:
    row = ROWS[measurement, unit]
    assert written * float(row["factor"]) + float(row["unit_offset"]) == pytest.approx(canonical, rel=1e-3)


@pytest.mark.parametrize(("measurement", "unit"), LIES)
def test_what_is_no_unit_of_the_measurement_has_no_factor(measurement: str, unit: str) -> None:
    assert (measurement, unit) not in ROWS


def test_one_canonical_unit_per_measurement_and_each_its_own() -> None:
    canonical = {(row["measurement"], row["canonical_unit"]) for row in ROWS.values()}
    assert len(canonical) == len({measurement for measurement, _ in canonical})
    for measurement, unit in canonical:
        assert float(ROWS[measurement, unit]["factor"]) == 1
    assert len(ROWS) == len(_rows())


def _is_ucum(units: PintUcumRegistry, unit: str) -> bool:
    """Whether a unit is UCUM and means what UCUM means by it: K/uL is well formed, and would be kelvin."""
    if unit in AS_PRINTED and not unit.startswith("{"):
        return False
    try:
        units.from_ucum(unit)
    except Exception:  # whatever the parser stumbles over, it is no unit
        return False
    return True


def test_canonical_units_are_ucum(units: PintUcumRegistry) -> None:
    canonical = {row["ucum_unit"] for row in _rows("measurements") if row["ucum_unit"]} | {row["canonical_unit"] for row in _rows()}
    assert len(canonical) > 30
    assert [unit for unit in sorted(canonical) if not _is_ucum(units, unit)] == []


def test_a_unit_of_the_map_is_ucum_or_told_in_it(units: PintUcumRegistry) -> None:
    assert [unit for _, unit in ROWS if unit not in AS_PRINTED and not _is_ucum(units, unit)] == []
    assert [unit for unit in AS_PRINTED.values() if not _is_ucum(units, unit)] == []


def test_the_units_that_contracts_state_are_ucum(units: PintUcumRegistry) -> None:
    stated = {
        (feed.dialect, column.physical_name, column.extension.measurement.unit)
        for feed in Registry.load(Settings(home=Path("/nowhere"))).feeds
        for spec in feed.objects
        for column in spec.columns
        if column.extension.measurement and column.extension.measurement.unit
    }
    assert len(stated) > 50
    assert [one for one in sorted(stated) if not _is_ucum(units, one[2])] == []


def test_a_unit_that_was_seen_is_converted_or_named_with_a_reason() -> None:
    for row in _rows("measurements"):
        seen = {re.sub(r" \(.*\)", "", unit) for unit in row["other_units_seen"].split(";") if unit}
        known = {unit for measurement, unit in ROWS if measurement == row["measurement"]}
        assert seen - known == NOT_CONVERTED.get(row["measurement"], set()), row["measurement"]
