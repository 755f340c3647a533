"""The rule catalogue of a release: every rule with its home, effect, severity, owner and reason, and what it found.

Generated from `vocabularies/rules.csv`, the gate's suites and the counts of one build. Holds numbers of findings and no finding: where and
of whom is in the table `finding`. What a rule asks is said in its home, not here.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import duckdb

from cgt_etl.quality import suites
from cgt_etl.quality.verdict import Verdict
from cgt_etl.release.marts import SCHEMA
from cgt_etl.release.page import page
from cgt_etl.release.read import Release
from cgt_etl.settings import PACKAGE

RULES = PACKAGE / "vocabularies" / "rules.csv"
NAME = "rules.csv"
IN_FORCE, PLANNED = "in force", "planned"
GATE, PRIVACY = "gate", "privacy"
_SHOWN = ("rule_id", "title", "home", "effect", "severity", "owner", "reason", "status", "at_the_gate", "findings", "findings_before")
_SAID = """
What each rule found in this release, and in the one before. A finding marks, it never deletes; the table `finding` says where.
Effects: refuse the file; set aside the row, or the cell alone; flag; block the release.
""".strip()


def catalogue() -> list[dict[str, str]]:
    """Every rule: rule_id, title, home, effect, severity, owner, reason, status, at_the_gate (what the suites ask of it).

    Those that live in the suites alone come last, with the home `gate`.

    Raises:
        DeclarationError: a suite is wrong.
    """
    with RULES.open(encoding="utf-8", newline="") as file:
        rules = list(csv.DictReader(file))
    known = {rule["rule_id"] for rule in rules}
    asked: dict[str, list[dict[str, str]]] = {}
    for one in suites.catalogue():
        asked.setdefault(one["rule_id"], []).append(one)
    of_the_gate = {"home": GATE, "owner": "data engineering", "status": IN_FORCE}
    severity = {"block": "critical", "warn": "minor"}
    own = [{**one, **of_the_gate, "severity": severity[one["effect"]]} for id_ in sorted(asked.keys() - known) for one in asked[id_]]
    for rule in rules:
        rule["at_the_gate"] = "; ".join(f"{one['effect']}: {one['title']}" for one in asked.get(rule["rule_id"], ()))
    return [*rules, *({**one, "at_the_gate": ""} for one in own)]


def counted(connection: duckdb.DuckDBPyConnection) -> Counter[str]:
    """Rule -> its findings in the open build, and the deliveries that it refused."""
    counts: Counter[str] = Counter()
    for table in ("finding", "delivery"):
        query = f"select rule_id, count(*) from {SCHEMA}.{table} where rule_id is not null group by rule_id"  # noqa: S608  names of our own
        for rule, count in connection.execute(query).fetchall():
            counts[rule] += count
    return counts


def write(folder: Path, counts: Mapping[str, int], verdict: Verdict | None, previous: Release | None) -> None:
    """Write `rules.csv` and `rules.html` into the existing `folder`.

    `findings` is how many the release holds, of a rule of the gate how many aggregates were not as expected; empty where nobody looked
    (a planned rule, one for shares alone, a build that was not judged). `findings_before` is that number in the release before.

    Raises:
        DeclarationError: a suite is wrong.
    """
    before = _before(previous) if previous else {}
    failing = Counter({one.rule_id: 0 for one in verdict.results}) if verdict else Counter()
    for result in verdict.results if verdict else ():
        failing[result.rule_id] += result.failing
    rows = []
    for rule in catalogue():
        id_ = rule["rule_id"]
        found = failing.get(id_) if rule["home"] == GATE else counts.get(id_, 0) if _looks_here(rule) else None
        told = {**rule, "findings": "" if found is None else str(found), "findings_before": before.get(id_, "")}
        rows.append({name: told[name] for name in _SHOWN})
    with (folder / NAME).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, _SHOWN, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    (folder / NAME).with_suffix(".html").write_text(page("Rule catalogue", _SAID, rows), encoding="utf-8")


def _looks_here(rule: dict[str, str]) -> bool:
    return rule["status"] == IN_FORCE and rule["home"] != PRIVACY


def _before(previous: Release) -> dict[str, str]:
    try:
        with (previous.folder / "dictionary" / NAME).open(encoding="utf-8", newline="") as file:
            return {row["rule_id"]: row.get("findings") or "" for row in csv.DictReader(file)}
    except OSError:  # damaged by hand; its numbers are not worth a night
        return {}
