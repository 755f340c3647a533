"""Defects that the house finds: asked for only where their record stands, and a finding is wrong only where nothing went wrong."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from cgt_etl.simulator.scoring import score
from tests.simulator.test_score import APHERESIS, build, truth

__all__ = ["build", "truth"]
FIND = "insert into marts.finding (source_delivery, source_row, column_name, rule_id, effect, table_name, row_key) values "
OF_THE_HOUSE = {"file": APHERESIS, "column": "product_code", "defect": "other_code", "rule": "D11", "effect": "flag", "at_door": False}


def _inject(folder: Path, *positions: int) -> None:
    with (folder / "defects.jsonl").open("a", encoding="utf-8") as lines:
        lines.writelines(json.dumps({**OF_THE_HOUSE, "position": position}) + "\n" for position in positions)


def _figures(release: Path, folder: Path) -> dict[str, tuple[int, int]]:
    return {one.name: (one.right, one.total) for one in score(release, folder).figures if one.part == "house defects"}


def _find(release: Path, *rows: str) -> None:
    with duckdb.connect(str(release)) as connection:
        connection.execute(FIND + ", ".join(rows))


def test_a_finding_counts_by_any_record_of_its_row(build: Path, truth: Path) -> None:
    _inject(truth, 2)
    assert _figures(build, truth) == {"D11 other_code, recall": (0, 1), "D11, precision": (0, 0)}
    _find(build, "(null, null, 'x', 'D11', 'flag', 'event', 'e1')")
    assert _figures(build, truth) == {"D11 other_code, recall": (1, 1), "D11, precision": (1, 1)}


def test_of_a_record_that_does_not_stand_nothing_is_asked(build: Path, truth: Path) -> None:
    _inject(truth, 2, 4)  # the record at 4 did not land
    assert _figures(build, truth)["D11 other_code, recall"] == (0, 1)


def test_a_finding_where_nothing_went_wrong_is_wrong_and_one_beside_another_defect_is_not(build: Path, truth: Path) -> None:
    _inject(truth, 2)
    beside = "(null, null, 'x', 'D11', 'flag', 'event', 'e2')"  # of the record at 3, whose device is unknown
    patient = "('h/patient/1', 1, 'x', 'D11', 'flag', 'subject', 's1')"
    _find(build, beside, patient)
    assert _figures(build, truth)["D11, precision"] == (1, 2)
    records = [json.loads(line) for line in (truth / "records.jsonl").read_text(encoding="utf-8").splitlines()]
    for record in records:
        record["objects"] = [["batch", "maker", "7"]] if record["position"] in (1, 4) else []
    (truth / "records.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    assert _figures(build, truth)["D11, precision"] == (2, 2), "the record at 4 names the same batch, and was lost"
