"""Every rule in force has a test that turns it on, at the home that the catalogue names; a rule without one fails here.

Read from the files alone: dbt's unit tests of finding models, the verdicts that samples expect, and tests marked with
`pytest.mark.rule(...)`, which says that the test sees the rule find something.
"""

from __future__ import annotations

import ast
import csv
import html
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
import yaml

from cgt_etl.quality import suites
from cgt_etl.release import rules_catalogue
from cgt_etl.release.read import Release
from cgt_etl.settings import PACKAGE, REPOSITORY
from tests.release import sample

HOMES = {
    "reader": {"tests/extract", "tests/landing"},
    "door": {"sample", "tests/door"},
    "identity": {"tests/identity"},
    "house": {"unit test", "tests/dbt"},
    "handoff": {"unit test"},
    "gate": {"tests/quality"},
    "privacy": {"tests/egress", "tests/door"},
}
"""Home of a rule -> where a test that turns it on may stand."""
EFFECTS = {"refuse", "row", "cell", "flag", "block", "warn"}


def _unit_tests() -> Iterator[tuple[str, str]]:
    for path in sorted((REPOSITORY / "dbt_project" / "models").rglob("*.yml")):
        for test in yaml.safe_load(path.read_text(encoding="utf-8")).get("unit_tests", ()):
            of = re.match(r"find_([rd]\d\d)_", test["model"])
            if of and test["expect"]["rows"]:
                yield of[1].upper(), "unit test"


def _samples() -> Iterator[tuple[str, str]]:
    for path in sorted((PACKAGE / "dialects").glob("*/samples/expected.yaml")):
        for said in yaml.safe_load(path.read_text(encoding="utf-8")):
            for row in said.get("rows", {}).values():
                if isinstance(row, dict):
                    found = [row.get("aside"), *row.get("cells", {}).values(), *row.get("flags", {}).values()]
                    yield from ((rule, "sample") for rule in found if rule)


def _marked() -> Iterator[tuple[str, str]]:
    for path in sorted((REPOSITORY / "tests").glob("*/test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for mark in node.decorator_list:
                    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.rule":
                        yield from ((ast.literal_eval(rule), f"tests/{path.parent.name}") for rule in mark.args)


def _proven() -> dict[str, set[str]]:
    """Rule -> where a test turns it on."""
    found: dict[str, set[str]] = defaultdict(set)
    for rule, place in (*_unit_tests(), *_samples(), *_marked()):
        found[rule].add(place)
    return found


def _lacking(rules: list[dict[str, str]], proven: Mapping[str, set[str]]) -> list[str]:
    return [
        f"{rule['rule_id']}: no test turns it on at its home `{home}`, where one is {' or '.join(sorted(HOMES[home]))}"
        for rule in rules
        if rule["status"] == rules_catalogue.IN_FORCE
        for home in rule["home"].split(";")
        if not proven.get(rule["rule_id"], set()) & HOMES[home]
    ]


def test_a_rule_without_a_test_that_turns_it_on_fails_the_build() -> None:
    assert not (lacking := _lacking(rules_catalogue.catalogue(), _proven())), "\n".join(lacking)


def test_such_a_rule_is_seen() -> None:
    rule = {"rule_id": "R99", "home": "house;gate", "status": rules_catalogue.IN_FORCE}
    assert len(_lacking([rule], {})) == 2
    assert [one.split("`")[1] for one in _lacking([rule], {"R99": {"unit test", "sample"}})] == ["gate"]
    assert _lacking([rule], {"R99": {"unit test", "tests/quality"}}) == []
    assert _lacking([{**rule, "status": rules_catalogue.PLANNED}], {}) == []


def test_a_rule_that_finds_something_is_in_the_catalogue_and_in_force() -> None:
    status = {rule["rule_id"]: rule["status"] for rule in rules_catalogue.catalogue()}
    assert {rule: status.get(rule) for rule in _proven()} == dict.fromkeys(_proven(), rules_catalogue.IN_FORCE)


def test_every_rule_is_said_in_full_and_once() -> None:
    rules = rules_catalogue.catalogue()
    assert len({rule["rule_id"] for rule in rules}) == len(rules)
    wrong = [
        rule["rule_id"]
        for rule in rules
        if not all(rule[name] for name in ("title", "severity", "owner"))
        or len(rule["reason"]) < 15
        or not set(rule["home"].split(";")) <= set(HOMES)
        or not {part.strip() for part in rule["effect"].split(";")} <= EFFECTS
        or rule["status"] not in (rules_catalogue.IN_FORCE, rules_catalogue.PLANNED)
    ]
    assert not wrong
    assert {rule["rule_id"] for rule in rules} >= {one["rule_id"] for one in suites.catalogue()}


@pytest.mark.slow
def test_the_catalogue_counts_what_the_release_holds_and_what_the_one_before_held(tmp_path: Path) -> None:
    def finding(key: int, rule: str) -> dict[str, object]:
        return {"finding_id": f"f{key}", "rule_id": rule, "effect": "flag", "table_name": "batch", "row_key": f"b{key}"}

    refused = {"delivery_id": "d1", "status_code": "refused", "rule_id": "F01"}
    one = sample.released(tmp_path, 1, {**sample.FIRST, "finding": [finding(1, "R40")], "delivery": [refused]}, "one")
    two = sample.released(tmp_path, 2, {**sample.FIRST, "finding": [finding(1, "R40"), finding(2, "R40")]}, "one", "two")
    assert {id_: _counts(one)[id_] for id_ in ("R40", "F01", "R41", "G01")} == {
        "R40": ("1", ""), "F01": ("1", ""), "R41": ("0", ""), "G01": ("0", ""),
    }  # fmt: skip
    assert {id_: _counts(two)[id_] for id_ in ("R40", "F01", "R50", "R66")} == {
        "R40": ("2", "1"), "F01": ("0", "1"), "R50": ("", ""), "R66": ("0", "0"),
    }  # fmt: skip
    page = (two.folder / "dictionary" / "rules.html").read_text(encoding="utf-8")
    for rule in rules_catalogue.catalogue():
        assert all(html.escape(rule[name]) in page for name in ("rule_id", "title"))
    assert 'type="search"' in page
    assert not re.search(r"https?://", page)


def _counts(release: Release) -> dict[str, tuple[str, str]]:
    with (release.folder / "dictionary" / "rules.csv").open(encoding="utf-8", newline="") as file:
        return {row["rule_id"]: (row["findings"], row["findings_before"]) for row in csv.DictReader(file)}
