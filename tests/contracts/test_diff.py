"""What changed between two contracts: every change is told, and whom it breaks."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from cgt_etl.cli import cgt_etl
from cgt_etl.contracts.diff import diff, next_version
from cgt_etl.contracts.load import Feed, load_feed
from cgt_etl.settings import PACKAGE

CSV = PACKAGE / "dialects" / "becs_us" / "apheresis.odcs.yaml"
NDJSON = PACKAGE / "dialects" / "ehr_fhir_r4" / "observation.odcs.yaml"
Change = Callable[[dict[str, Any]], None]


def _column(document: dict[str, Any], name: str) -> dict[str, Any]:
    return next(one for one in document["schema"][0]["properties"] if one["name"] == name)


def _ours(entry: dict[str, Any]) -> dict[str, Any]:
    return next(one["value"] for one in entry["customProperties"] if one["property"] == "cgt")


def _changed(path: Path, folder: Path, change: Change) -> Feed:
    document = copy.deepcopy(yaml.safe_load(path.read_text(encoding="utf-8")))
    change(document)
    copied = folder / path.parent.name / path.name
    copied.parent.mkdir()
    copied.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return load_feed(copied)


def _remove(name: str) -> Change:
    def change(document: dict[str, Any]) -> None:
        document["schema"][0]["properties"].remove(_column(document, name))

    return change


def _add(*, required: bool = False) -> Change:
    def change(document: dict[str, Any]) -> None:
        value = {"cast": "text", "privacy": "none", "action": "keep"}
        document["schema"][0]["properties"].append(
            {
                "name": "added",
                "logicalType": "string",
                "required": required,
                "description": "New.",
                "customProperties": [{"property": "cgt", "value": value}],
            }
        )

    return change


def _set(name: str, **ours: Any) -> Change:
    return lambda document: _ours(_column(document, name)).update(ours)


def _entry(name: str, **entry: Any) -> Change:
    return lambda document: _column(document, name).update(entry)


def _feed_option(**ours: Any) -> Change:
    return lambda document: _ours(document).update(ours)


def _more_formats(document: dict[str, Any]) -> None:
    _ours(_column(document, "proc_date"))["formats"].append("%Y%m%d")


def _formats_turned_round(document: dict[str, Any]) -> None:
    _ours(_column(document, "proc_date"))["formats"].insert(0, "%d/%m/%Y")


def _other_order(document: dict[str, Any]) -> None:
    document["schema"][0]["properties"].reverse()


@pytest.mark.parametrize(
    ("path", "change", "place", "breaks"),
    [
        (CSV, _remove("cd3_yield_e9"), "apheresis.cd3_yield_e9", "both"),
        (CSV, _add(), "apheresis.added", "files"),
        (NDJSON, _add(), "observation.added", "nobody"),
        (NDJSON, _add(required=True), "observation.added", "files"),
        (CSV, _entry("device", physicalName="MACHINE"), "apheresis.device", "files"),
        (CSV, _entry("device", required=True), "apheresis.device", "files"),
        (CSV, _entry("device", description="Another wording."), "apheresis.device", "nobody"),
        (CSV, _more_formats, "apheresis.proc_date", "nobody"),
        (CSV, _formats_turned_round, "apheresis.proc_date", "both"),
        (CSV, _set("cd3_yield_e9", missing={"ND": "not_done"}), "apheresis.cd3_yield_e9", "nobody"),
        (CSV, _set("prd_vol_g", comparators=True), "apheresis.prd_vol_g", "nobody"),
        (CSV, lambda document: document["slaProperties"][0].update(value=9), "the feed", "nobody"),
        (CSV, _feed_option(mode="snapshot"), "the feed", "both"),
        (CSV, _feed_option(file={"format": "csv", "delimiter": ";"}), "the feed", "files"),
    ],
)
def test_a_change_is_told_at_its_place_and_breaks_whom_it_breaks(
    tmp_path: Path, path: Path, change: Change, place: str, breaks: str
) -> None:
    found = diff(load_feed(path), _changed(path, tmp_path, change))
    assert [(one.place, one.breaks) for one in found] == [(place, breaks)]


def test_order_and_layout_are_no_change(tmp_path: Path) -> None:
    found = diff(load_feed(CSV), _changed(CSV, tmp_path, _other_order))
    assert found == ()


def test_the_least_version_follows_semantic_versioning(tmp_path: Path) -> None:
    old = load_feed(CSV)
    major, minor, _ = (int(part) for part in old.version.split("."))
    assert next_version(old, ()) == old.version
    assert next_version(old, diff(old, _changed(CSV, tmp_path, _more_formats))) == f"{major}.{minor + 1}.0"
    (other := tmp_path / "other").mkdir()
    assert next_version(old, diff(old, _changed(CSV, other, _remove("cd3_yield_e9")))) == f"{major + 1}.0.0"


def test_a_rule_that_comes_sets_aside_what_passed(tmp_path: Path) -> None:
    old = load_feed(CSV)
    ruled = next(column.name for column in old.objects[0].columns if column.rules)
    new = _changed(CSV, tmp_path, lambda document: _column(document, ruled).pop("quality"))
    assert {one.breaks for one in diff(old, new)} == {"readers"}
    assert {one.breaks for one in diff(new, old)} == {"files"}


def test_the_command_says_it_in_words_and_by_its_exit(tmp_path: Path) -> None:
    new = _changed(CSV, tmp_path, _remove("cd3_yield_e9"))
    said = CliRunner().invoke(cgt_etl, ["contract", "diff", str(CSV), str(new.path)])
    assert said.exit_code == 1
    assert "breaks both" in said.output
    assert "apheresis.cd3_yield_e9: the column is gone" in said.output
    same = CliRunner().invoke(cgt_etl, ["contract", "diff", str(CSV), str(CSV)])
    assert (same.exit_code, same.output) == (0, "The two contracts say the same.\n")
