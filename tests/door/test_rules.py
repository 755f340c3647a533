"""The door does what the rule catalogue says it does, and its vocabularies can be used."""

from __future__ import annotations

import csv
import re

import pytest

from cgt_etl.contracts import vocabulary
from cgt_etl.door.rules import effect_of

CATALOGUE = vocabulary.FOLDER / "rules.csv"


def _door_rules() -> list[tuple[str, set[str]]]:
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        return [
            (row["rule_id"], {part.strip() for part in row["effect"].split(";")}) for row in csv.DictReader(file) if row["home"] == "door"
        ]


@pytest.mark.parametrize(("rule", "effects"), _door_rules())
def test_effects_are_those_of_the_catalogue(rule: str, effects: set[str]) -> None:
    assert effect_of(rule, is_key=False) in effects


def test_every_rule_that_the_code_names_is_in_the_catalogue() -> None:
    """Rules of files, of the door, of identities and of plausibility, wherever a module, a model or a contract names one."""
    package, project = vocabulary.FOLDER.parent, vocabulary.FOLDER.parents[1] / "dbt_project" / "models"
    files = [
        *(path for path in package.rglob("*.py") if "simulator" not in path.parts),
        *package.glob("dialects/*/*.odcs.yaml"),
        *project.rglob("find_*.sql"),
    ]
    named = {rule: path.name for path in files for rule in re.findall(r"""(?:["']|id: )([RDIF]\d\d)\b""", path.read_text(encoding="utf-8"))}
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        known = {row["rule_id"] for row in csv.DictReader(file)}
    assert len(named) > 40
    assert {rule: where for rule, where in named.items() if rule not in known} == {}


def test_key_cells_take_their_row_along() -> None:
    for rule in ("D02", "D03", "D04", "D10", "R03", "R25"):
        assert effect_of(rule, is_key=True) == "row"
    for rule in ("D06", "D07", "D08", "D09"):
        assert effect_of(rule, is_key=True) == "flag"


def test_vocabularies_agree_with_each_other() -> None:
    units, known = vocabulary.unit_map(), vocabulary.measurements()
    assert {entry.measurement for entries in vocabulary.loinc_map().values() for entry in entries} <= set(known)
    assert units[("pb_hgb", "g/L")].factor == 0.1
    assert "female" in vocabulary.code_map()["sex"]
    for limits in known.values():
        assert limits.low is None or limits.high is None or limits.low < limits.high
