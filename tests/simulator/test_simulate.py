"""The simulator: the same bytes from the same seed, numbers that check, resources that are FHIR, and a truth that fits the files."""

from __future__ import annotations

import csv
import hashlib
import importlib
import json
import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from stdnum.iso7064 import mod_37_2

from cgt_etl.simulator import numbers, simulate
from cgt_etl.simulator.exports import becs
from cgt_etl.simulator.world.network import NETWORK


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _truth(out: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "truth" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("run")
    simulate(out)
    return out


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("clean")
    simulate(out, defects="none")
    return out


CENTRES = {party.partner for party in NETWORK.parties if becs.DIALECT in party.dialects}
"""Those whose files `_apheresis_rows` reads."""


LATER = ("given_after_death", "released_before_final_sterility", "grade_without_fever", "phenotypes_not_a_whole")


def _apheresis_rows(out: Path) -> list[tuple[str, int, dict[str, str]]]:
    """File, position and row of every readable file of the blood centres in the United States."""
    found = []
    for file in _truth(out, "files"):
        if file["feed"] == "apheresis" and file["partner"] in CENTRES and not file["refused"]:
            lines = (out / "inbox" / file["file"]).read_text(encoding="utf-8").splitlines()
            found += [(file["file"], position, row) for position, row in enumerate(csv.DictReader(lines), start=2)]
    return found


def _bare(din: str) -> str:
    return din.replace(" ", "").lstrip("=")[:13]


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_same_seed_same_bytes_in_any_process(run: Path, tmp_path: Path, hash_seed: str) -> None:
    command = f"from pathlib import Path; from cgt_etl.simulator import simulate; simulate(Path({str(tmp_path)!r}))"
    subprocess.run([sys.executable, "-c", command], check=True, env={**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "Asia/Tokyo"})
    assert _digests(tmp_path) == _digests(run)


def test_other_seed_other_bytes(run: Path, tmp_path: Path) -> None:
    simulate(tmp_path, seed=8)
    assert _digests(tmp_path) != _digests(run)


def test_one_blood_centre_reads_its_times_off_a_clock_that_is_ahead(run: Path, clean: Path) -> None:
    ahead = json.loads((run / "truth" / "clocks.json").read_text(encoding="utf-8"))
    assert sorted(ahead.values()) == [0, 0, 660]
    assert set(json.loads((clean / "truth" / "clocks.json").read_text(encoding="utf-8")).values()) == {0}
    true = {one["din"]: datetime.fromisoformat(one["started"]) for one in _truth(run, "collections")}
    found = set()
    for file, _, row in _apheresis_rows(run):
        if _bare(row["DIN"]) in true and row["PROC_DT"][:5] != "02/30":
            month, day, year = row["PROC_DT"].split("/")
            said = datetime.fromisoformat(f"{year}-{month}-{day}T{row['PROC_START']}")
            found.add((ahead[file.split("/")[1]], (said - true[_bare(row["DIN"])].replace(tzinfo=None)).total_seconds()))
    assert found == {(0, 0), (660, 660)}


def test_number_of_nights_changes_no_journey(tmp_path: Path) -> None:
    simulate(tmp_path / "a", journeys=2, nights=1, defects="none")
    simulate(tmp_path / "b", journeys=2, nights=2, defects="none")
    assert _truth(tmp_path / "a", "journeys") == _truth(tmp_path / "b", "journeys")


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


def test_donation_numbers_are_written_in_every_form_and_check(clean: Path) -> None:
    forms = set()
    for _, _, row in _apheresis_rows(clean):
        bare = row["DIN"].replace(" ", "").lstrip("=")
        forms.add((len(row["DIN"]), row["DIN"][0] == "="))
        assert len(bare) != 14 or mod_37_2.is_valid(bare)
        assert len(bare) != 15 or int(bare[13:]) - 60 == numbers.check_value(bare[:13])
        assert bare.startswith("A999")
    assert forms == {(13, False), (14, False), (15, False), (16, True)}


def test_resources_are_fhir_unless_listed(run: Path) -> None:
    wrong = {(record["file"], record["position"]): record["defect"] for record in _truth(run, "defects")}
    count = 0
    for path in sorted(run.glob("inbox/*/*/*/*.ndjson")):
        module = importlib.import_module(f"fhir.resources.R4B.{path.stem.lower()}")
        for position, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            defect = wrong.get((path.relative_to(run / "inbox").as_posix(), position))
            if defect == "broken_json_line":
                with pytest.raises(json.JSONDecodeError):
                    json.loads(line)
            elif defect != "unknown_status":
                getattr(module, path.stem).model_validate_json(line)
                count += 1
    assert count > 500


def test_something_of_every_kind_goes_wrong(run: Path) -> None:
    found = {record["defect"] for record in _truth(run, "defects")}
    assert len(found) >= 15
    refused = [record for record in _truth(run, "defects") if record["effect"] == "refuse"]
    assert {record["rule"] for record in refused} == {"F01"}


def test_every_file_is_sealed(run: Path) -> None:
    sealed = {row["file"]: row for row in _truth(run, "files")}
    there = {path.relative_to(run / "inbox").as_posix(): path for path in run.glob("inbox/*/*/*/*") if path.name != "envelope.json"}
    assert set(sealed) == set(there)
    for name, path in there.items():
        raw = path.read_bytes()
        assert (sealed[name]["sha256"], sealed[name]["size"]) == (hashlib.sha256(raw).hexdigest(), len(raw))


def test_every_record_stands_where_the_truth_says(run: Path) -> None:
    rows = {(file, position): row for file, position, row in _apheresis_rows(run)}
    for record in _truth(run, "records"):
        if (record["file"], record["position"]) in rows and record["lands"]:
            assert _bare(rows[record["file"], record["position"]]["DIN"]) == record["key"][0]


def test_clean_run_has_no_defect(clean: Path) -> None:
    assert not (clean / "truth" / "defects.jsonl").exists()
    assert all(record["lands"] for record in _truth(clean, "records"))


def test_every_collection_known_in_time_is_delivered(clean: Path) -> None:
    delivered = {_bare(row["DIN"]) for _, _, row in _apheresis_rows(clean)}
    assert delivered == {run["din"] for run in _truth(clean, "collections") if run["blood_centre"] in CENTRES}


def test_snapshots_hold_a_row_once_and_take_it_back(tmp_path: Path) -> None:
    simulate(tmp_path, defects="harsh", journeys=60)
    files = [row for row in _truth(tmp_path, "files") if row["feed"] == "outcome" and not row["refused"]]
    last, before = (
        {row["crid"] for row in csv.DictReader((tmp_path / "inbox" / file["file"]).read_text(encoding="utf-8").splitlines())}
        for file in sorted(files, key=lambda file: file["name"], reverse=True)[:2]
    )
    assert before - last


def test_later_nights_correct_and_take_back(clean: Path) -> None:
    changes = {(record["change"], record["is_retraction"]) for record in _truth(clean, "records") if "/observation/" in record["file"]}
    assert changes == {(0, False), (1, False), (1, True)}


def test_efficiency_fits_the_figures_that_it_is_made_of(clean: Path) -> None:
    for _, _, row in _apheresis_rows(clean):
        assert float(row["CD3_YIELD_E9"]) <= 0.75 * float(row["TNC_E8"]) / 10
        if row["PRE_CD3_UL"] and row["CE2_PCT"]:
            recomputed = float(row["CD3_YIELD_E9"]) * 1e5 / (float(row["PRE_CD3_UL"]) * float(row["WB_PROC_L"]))
            assert float(row["CE2_PCT"]) == pytest.approx(recomputed, rel=0.05, abs=1)


def test_parts_of_the_blood_are_no_more_than_the_whole(clean: Path) -> None:
    found: dict[str, float] = {}
    for path in sorted(clean.glob("inbox/*/*/observation/*.ndjson")):
        for resource in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            if "valueQuantity" in resource:
                found[resource["id"]] = resource["valueQuantity"]["value"]
            for part in resource.get("component", []):
                found[resource["id"] + part["code"]["coding"][0]["code"]] = part["valueQuantity"]["value"]
    days = [name.removesuffix("8122-4").split("-tcell-") for name in found if name.endswith("8122-4")]
    assert days
    for person, day in days:
        white, neutrophils, lymphocytes = (found[f"{person}-{test}-{day}"] for test in ("wbc", "anc", "alc"))
        assert lymphocytes + neutrophils <= white + 0.06
        assert found[f"{person}-tcell-{day}8122-4"] <= 1000 * lymphocytes


def test_phenotypes_of_a_culture_are_a_whole(clean: Path) -> None:
    names = {"TN", "TCM", "TEM", "TEMRA"}
    whole: dict[int, list[float]] = {}
    for row in _truth(clean, "batches"):
        shares = [point["value"] for point in row["points"] if point["parameter"] in names]
        if row["harvested"] and shares:
            whole[row["number"]] = shares
    assert len(whole) > 5
    for shares in whole.values():
        assert len(shares) == 4
        assert sum(shares) == pytest.approx(100)


def test_what_only_a_spoiled_record_states_and_what_it_rests_on_is_in_the_truth(tmp_path: Path) -> None:
    simulate(tmp_path, defects="harsh", journeys=60, nights=1)
    of_class = {name: [row for row in _truth(tmp_path, "defects") if row["defect"] == name] for name in LATER}
    assert all(of_class.values())
    assert {tuple(row["needs"]) for row in of_class["given_after_death"]} == {("death_recorded",)}
    released = {(row["file"], row["position"]) for row in of_class["released_before_final_sterility"]}
    states = {
        (record["file"], record["position"])
        for record in _truth(tmp_path, "records")
        if "batch_released" in {event["event_type"] for event in record["events"]}
    }
    assert states == released
    died = {row["journey"]: row["died"] for row in _truth(tmp_path, "outcomes")}
    given = {(row["file"], row["position"]) for row in of_class["given_after_death"]}
    for record in _truth(tmp_path, "records"):
        if (record["file"], record["position"]) in given:
            lines = (tmp_path / "inbox" / record["file"]).read_text(encoding="utf-8").splitlines()
            assert json.loads(lines[record["position"] - 1])["effectiveDateTime"][:10] > died[record["journey"]]


def test_components_add_up_to_the_dose(clean: Path) -> None:
    given: dict[str, float] = {}
    for path in sorted(clean.glob("inbox/*/*/medication_administration/*.ndjson")):
        for resource in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
            if "contained" in resource and resource["status"] != "not-done":
                infusion = resource["id"].split("-cells-")[0]
                given[infusion] = given.get(infusion, 0) + resource["dosage"]["dose"]["value"]
    doses = {f"p-{100 + one['journey']}-inf{one['number']}": one["dose_e6"] for one in _truth(clean, "administrations")}
    assert given
    assert given == pytest.approx({infusion: doses[infusion] for infusion in given})


def test_the_oracle_is_what_the_records_join(run: Path) -> None:
    """Against a plain script: labels pushed along records until nothing changes; of a record that a swap tore, along each person's."""
    rows = []
    torn = {tuple(place) for swap in _truth(run, "swaps") if swap["leaves_contradiction"] for place in swap["places"]}
    for record in _truth(run, "records"):
        every = [one for one in record["persons"] if one["survives"]]
        whose = {one["person"] for one in every} if (record["file"], record["position"]) in torn else {None}
        for named in ([one for one in every if person in (None, one["person"])] for person in whose):
            if not record["lands"] or record["is_retraction"]:
                continue
            for role in ("recipient", "donor"):
                said = [((one["kind"], one["issuer"], one["value"], role), one["joins"]) for one in named if one["role"] in (role, "both")]
                rows.append({node for node, joins in said if joins})
                rows += [{node} for node, joins in said if not joins]
            rows += [
                {(one["kind"], one["issuer"], one["value"], role) for role in ("recipient", "donor")}
                for one in named
                if one["role"] == "both"
            ]
    label = {node: node for row in rows for node in row}
    is_changed = True
    while is_changed:
        is_changed = False
        for row in rows:
            least = min((label[node] for node in row), default=None)
            for node in row:
                if least is not None and label[node] != least:
                    label[node], is_changed = least, True
    oracle = {(row["kind"], row["issuer"], row["value"], row["role"]): row["component"] for row in _truth(run, "oracle")}
    assert set(oracle) == set(label)
    assert len({(oracle[node], label[node]) for node in label}) == len(set(oracle.values())) == len(set(label.values()))
