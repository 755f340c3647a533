"""The simulator: the same bytes from the same seed, numbers that check, resources that are FHIR, and a truth that fits the files."""

from __future__ import annotations

import csv
import hashlib
import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from stdnum.iso7064 import mod_37_2

from cgt_etl.simulator import numbers, simulate

FHIR_KINDS = ("patient", "condition", "observation", "procedure", "medicationadministration")


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    simulate(out)
    return out


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clean")
    simulate(out, defects=False)
    return out


def _defects(out: Path) -> list[dict[str, Any]]:
    return _records(out / "truth" / "defects.jsonl")


def _apheresis_rows(out: Path) -> list[tuple[str, int, dict[str, str]]]:
    found = []
    for path in sorted(out.glob("inbox/*/*/apheresis/*.csv")):
        lines = path.read_text(encoding="utf-8").splitlines()
        if ";" not in lines[0]:
            found += [(path.name + path.parts[-3], position, row) for position, row in enumerate(csv.DictReader(lines), start=2)]
    return found


def test_same_seed_same_bytes(run: Path, tmp_path: Path) -> None:
    simulate(tmp_path)
    assert _digests(tmp_path) == _digests(run)


def test_other_seed_other_bytes(run: Path, tmp_path: Path) -> None:
    simulate(tmp_path, seed=8)
    assert _digests(tmp_path) != _digests(run)


def test_number_of_nights_changes_no_journey(tmp_path: Path) -> None:
    simulate(tmp_path / "a", journeys=1, nights=1, defects=False)
    simulate(tmp_path / "b", journeys=1, nights=2, defects=False)
    assert _records(tmp_path / "a/truth/journeys.jsonl") == _records(tmp_path / "b/truth/journeys.jsonl")


def test_never_over_an_earlier_run(run: Path) -> None:
    with pytest.raises(FileExistsError):
        simulate(run)


@pytest.mark.parametrize(("journeys", "nights"), [(0, 3), (12, 0)])
def test_nothing_to_do_is_an_error(tmp_path: Path, journeys: int, nights: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        simulate(tmp_path, journeys=journeys, nights=nights)


@pytest.mark.parametrize("din", ["G123417654321", "G123498654321", "G123489654321", "A999921123456", "W000022000687", "G101610840386"])
def test_check_characters_are_those_of_the_standard(din: str) -> None:
    assert mod_37_2.is_valid(numbers.with_check(din))
    assert numbers.check_character(din) == mod_37_2.calc_check_digit(din)
    assert not mod_37_2.is_valid(numbers.with_wrong_check(din))


def test_donation_numbers_check_unless_listed(run: Path) -> None:
    wrong = {(record["file"] + record["partner"], record["position"]) for record in _defects(run) if record["rule"] == "R01"}
    forms = set()
    for file, position, row in _apheresis_rows(run):
        bare = row["DIN"].replace(" ", "").lstrip("=")
        forms.add((len(row["DIN"]), row["DIN"][0] == "="))
        if len(bare) == 14:
            assert mod_37_2.is_valid(bare) == ((file, position) not in wrong)
        if len(bare) == 15:
            assert int(bare[13:]) - 60 == numbers.check_value(bare[:13])
    assert wrong
    assert forms == {(13, False), (14, False), (15, False), (16, True)}


def test_facility_numbers_are_the_demonstration_range(run: Path) -> None:
    dins = [record["value"] for record in _records(run / "truth/links.jsonl") if record["kind"] == "din"]
    assert dins
    assert all(din.startswith("A999") for din in dins)


def test_resources_are_fhir_unless_listed(run: Path) -> None:
    wrong = {(record["night"], record["partner"], record["file"], record["position"]): record["defect"] for record in _defects(run)}
    count = 0
    for path in sorted(run.glob("inbox/*/*/*/*.ndjson")):
        kind = path.stem
        module = importlib.import_module(f"fhir.resources.R4B.{kind.lower()}")
        for position, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            place = (int(path.parts[-4]), path.parts[-3], path.name, position)
            if wrong.get(place) == "broken_json_line":
                with pytest.raises(json.JSONDecodeError):
                    json.loads(line)
            elif wrong.get(place) != "unknown_status":
                getattr(module, kind).model_validate_json(line)
                count += 1
    assert count > 500


def test_one_broken_file_and_no_other(run: Path) -> None:
    refused = [record for record in _defects(run) if record["effect"] == "refuse"]
    assert [(record["defect"], record["rule"]) for record in refused] == [("wrong_delimiter", "D01")]


def test_defects_stand_where_the_truth_says(run: Path) -> None:
    for record in _defects(run):
        path = run / "inbox" / f"{record['night']:04d}" / record["partner"] / record["feed"] / record["file"]
        lines = path.read_text(encoding="utf-8").splitlines()
        assert record["position"] is None or 1 <= record["position"] <= len(lines)
    classes = {record["defect"] for record in _defects(run)}
    assert len(classes) >= 15


def test_clean_run_has_no_defect_and_one_way_of_writing(clean: Path) -> None:
    assert _defects(clean) == []
    for _, _, row in _apheresis_rows(clean):
        assert len(row["DIN"]) == 13
        assert row["AC_RATIO"] == "12:1"
        assert row["PRE_CD3_UL"]


def test_every_collection_of_the_truth_is_delivered(run: Path) -> None:
    delivered = {row["DIN"].replace(" ", "").lstrip("=")[:13] for _, _, row in _apheresis_rows(run)}
    truth = [run_of["din"] for journey in _records(run / "truth/journeys.jsonl") for run_of in journey["collections"]]
    assert delivered == set(truth)
    assert len(truth) == len(set(truth)) > 12


def test_snapshots_take_a_row_back(run: Path) -> None:
    files = sorted(run.glob("inbox/*/cell_outcomes_registry/outcome/*.csv"))
    before, last = ({row["crid"] for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())} for path in files[-2:])
    assert len(before - last) == 1


def test_later_nights_correct_and_take_back(run: Path) -> None:
    later = [
        json.loads(line) for path in run.glob("inbox/0002/*/observation/*.ndjson") for line in path.read_text(encoding="utf-8").splitlines()
    ]
    first = {
        json.loads(line)["id"]
        for path in run.glob("inbox/0001/*/observation/*.ndjson")
        for line in path.read_text(encoding="utf-8").splitlines()
        if '"nameless"' not in line and line.endswith("}") and '"id":' in line
    }
    changed = {resource["status"] for resource in later if resource["id"] in first}
    assert changed == {"corrected", "entered-in-error"}


def test_cells_of_a_product_fit_its_count(run: Path) -> None:
    for _, _, row in _apheresis_rows(run):
        if row["TNC_E8"] != "see note":
            assert float(row["CD3_YIELD_E9"]) <= 0.75 * float(row["TNC_E8"]) / 10


def test_efficiency_fits_the_figures_that_it_is_made_of(run: Path) -> None:
    for _, _, row in _apheresis_rows(run):
        if row["PRE_CD3_UL"]:
            recomputed = float(row["CD3_YIELD_E9"]) * 1e5 / (float(row["PRE_CD3_UL"]) * float(row["WB_PROC_L"]))
            assert float(row["CE2_PCT"]) == pytest.approx(recomputed, abs=1)


def test_a_correction_brings_the_truth(run: Path) -> None:
    truth = _records(run / "truth/journeys.jsonl")[3]["collections"][0]
    said = [row for _, _, row in _apheresis_rows(run) if row["DIN"].replace(" ", "").lstrip("=")[:13] == truth["din"]]
    assert [float(row["CD3_YIELD_E9"]) for row in said] == pytest.approx([truth["cd3"] * 0.9e-9, truth["cd3"] * 1e-9], abs=0.01)


def _values(out: Path) -> dict[str, float]:
    """Standing value of each simple result by its id, defects left out."""
    found = {}
    for path in sorted(out.glob("inbox/*/*/observation/*.ndjson")):
        for resource in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            if "valueQuantity" in resource:
                found[resource["id"]] = resource["valueQuantity"]["value"]
            for part in resource.get("component", []):
                found[resource["id"] + part["code"]["coding"][0]["code"]] = part["valueQuantity"]["value"]
    return found


def test_parts_of_the_blood_are_no_more_than_the_whole(clean: Path) -> None:
    values = _values(clean)
    days = [name.removesuffix("8122-4").split("-tcell-") for name in values if name.endswith("8122-4")]
    assert len(days) == 12
    for person, day in days:
        white, neutrophils, lymphocytes = (values[f"{person}-{test}-{day}"] for test in ("wbc", "anc", "alc"))
        assert lymphocytes + neutrophils <= white or lymphocytes == 0.1  # a count taken back
        assert values[f"{person}-tcell-{day}8122-4"] <= 1000 * lymphocytes or lymphocytes == 0.1


def test_components_add_up_to_the_dose(run: Path) -> None:
    given: dict[str, float] = {}
    for path in sorted(run.glob("inbox/*/*/medication_administration/*.ndjson")):
        for resource in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            if "contained" in resource:
                person = resource["subject"]["reference"].removeprefix("Patient/p-")
                given[person] = given.get(person, 0) + resource["dosage"]["dose"]["value"]
    doses = {str(100 + record["person"]): record["dose_e6"] for record in _records(run / "truth/journeys.jsonl")}
    assert given
    assert given == pytest.approx({person: doses[person] for person in given})
