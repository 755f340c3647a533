"""A deployment of one partner, one dialect and three models, whose door, identity, gate, publication and cards are stand-ins.

The stand-ins keep these tests about order, reporting and Dagster; the real steps are played in tests/e2e.
"""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.landing.delivery import Landed
from cgt_etl.landing.inbox import Found
from cgt_etl.orchestration import steps, warehouse
from cgt_etl.release.read import Release
from cgt_etl.reports.nightly import Told
from cgt_etl.settings import PACKAGE, Settings
from tests.dbt_parse import take_along

CANARY = "Zebulon-QX77-Canary"
"""A value that no log, record or artefact may hold."""

SOURCES = """
version: 2
sources:
  - {name: control, schema: control, tables: [{name: partner, description: "One row per organisation."}]}
  - {name: identity, schema: identity, tables: [{name: record, description: "One row per record."}]}
"""
MODELS = {
    "models/intermediate/_sources.yml": SOURCES,
    "models/intermediate/int_record.sql": "select component_id from {{ source('identity', 'record') }}",
    "models/marts/party.sql": "select party_id from {{ source('control', 'partner') }}",
    "models/marts/journey.sql": (
        "select r.component_id, count(o.source_row) as outcomes from {{ ref('int_record') }} r "
        "left join {{ source('registry_ct', 'outcome__outcome') }} o on true group by 1"
    ),
    "models/marts/marts.yml": """
version: 2
models:
  - {name: party, description: One row is an organisation., config: {meta: {owner: network data office}}}
  - name: journey
    description: One row is a journey.
    columns: [{name: component_id, description: Component., data_tests: [not_null]}]
""",
    "macros/schema_name.sql": "{% macro generate_schema_name(name, node) %}{{ name or 'main' }}{% endmacro %}",
    "dbt_project.yml": (
        "{name: cgt_etl, version: 1.0.0, profile: cgt_etl, model-paths: [models, sources], seed-paths: [seeds], macro-paths: [macros], "
        "flags: {send_anonymous_usage_stats: false}, models: {cgt_etl: {+materialized: table, marts: {+schema: marts}}}, "
        "seeds: {cgt_etl: {+enabled: false}}}"
    ),
    "profiles.yml": "{cgt_etl: {target: build, outputs: {build: {type: duckdb, path: \"{{ env_var('CGT_BUILD_DB') }}\", threads: 1}}}}",
}


@dataclass
class Stage:
    """A small deployment, and what its stand-ins answer."""

    settings: Settings
    inbox: Path
    project: Path
    closing: list[str] = field(default_factory=list)
    """Sentences of the gate that stop the release."""
    broken: dict[str, str] = field(default_factory=dict)
    """Step -> text of the exception that it fails with."""
    is_nothing_new: bool = False
    told: Told = field(default_factory=lambda: Told(("cell_outcomes_registry",), statements=7))
    """What its cards are found to be."""

    @property
    def registry(self) -> Registry:
        return Registry.load(self.settings)

    def model(self, name: str, sql: str) -> None:
        (self.project / "models" / f"{name}.sql").write_text(sql)

    def fail(self, step: str) -> None:
        if step in self.broken:
            raise ValueError(self.broken[step])

    def written(self) -> Iterator[tuple[str, bytes]]:
        """Every file of the home but the build files (they hold rows) and the links to the project, with its bytes."""
        for path in sorted(self.settings.home.rglob("*")):
            if path.is_file() and not path.is_symlink() and "builds" not in path.parts:
                yield str(path), path.read_bytes()


def _declared(folder: Path) -> tuple[Path, Settings]:
    """dbt's project, and a home with one dialect and one partner."""
    project = folder / "project"
    for name, text in MODELS.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    (folder / "dialects" / "registry_ct").mkdir(parents=True)
    shutil.copy(PACKAGE / "dialects" / "registry_ct" / "outcome.odcs.yaml", folder / "dialects" / "registry_ct")
    shutil.copytree(PACKAGE / "partners" / "cell_outcomes_registry", folder / "partners" / "cell_outcomes_registry")
    paths = {"dialect_paths": (folder / "dialects",), "partner_paths": (folder / "partners",), "inbox": folder / "inbox"}
    return project, Settings(home=folder / "home", **paths)


@pytest.fixture(scope="session")
def parsed_stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where dbt has parsed the small project: dbt's own thousand macros are most of what each of these tests would parse."""
    folder = tmp_path_factory.mktemp("stage")
    project, settings = _declared(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warehouse, "SOURCE", project)
        warehouse.manifest(settings, Registry.load(settings))
    return settings.home


@pytest.fixture
def stage(parsed_stage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """One partner with a file of one night, ready to run."""
    project, settings = _declared(tmp_path)
    take_along(parsed_stage, settings.home, project / "profiles.yml")
    inbox = tmp_path / "inbox"
    for partner, name in (("cell_outcomes_registry", "reg_20260101.csv"), ("cell_outcomes_registry", "reg_bad.csv"), ("nobody", "x.csv")):
        folder = inbox / "0001" / partner / "outcome"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{CANARY},{name}\n")
    made = Stage(settings, inbox, project)
    monkeypatch.setenv("CGT_MASTER_KEY", base64.b64encode(bytes(32)).decode())
    monkeypatch.setattr(warehouse, "SOURCE", project)
    _stand_in(made, monkeypatch)
    return made


def _stand_in(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    made: Any = SimpleNamespace(
        base=None, previous=None, deliveries=(), changed=[], removed=[], inputs={"deliveries": {}, "decisions": {}}, inputs_hash="ab" * 32
    )

    def plan(*_: object) -> Any:
        stage.fail("plan")
        made.is_nothing_new = stage.is_nothing_new
        return made

    def land_all(_settings: Settings, _registry: Registry, found: list[Found], _at: object) -> list[Landed]:
        return [_landed(one) for one in found]

    def build(*_: object, **__: object) -> Any:
        stage.fail("identify")
        return SimpleNamespace(rows={"record": 3}, problem=None)

    def prepare(settings: Settings, *_: object) -> Path:
        work = settings.builds / "work.duckdb"
        work.parent.mkdir(parents=True, exist_ok=True)
        work.unlink(missing_ok=True)
        with duckdb.connect(str(work)) as connection:
            for statement in (
                "create schema landed",
                "create schema control",
                "create schema identity",
                f"create view landed.registry_ct__outcome__outcome as select 1 as source_row, '{CANARY}' as note",
                "create table control.partner as select 'cell_outcomes_registry' as party_id",
                "create table identity.record as select 'c' || range as component_id from range(3)",
            ):
                connection.execute(statement)
        return work

    def judge(*_: object) -> Any:
        stage.fail("judge")
        closing = [SimpleNamespace(suite="keys", sentence=lambda text=text: text) for text in stage.closing]
        return SimpleNamespace(is_open=not closing, results=(), closing=tuple(closing), warnings=())

    def publish(*_: object) -> Release:
        tables = {"journey": {"rows": 3}, "party": {"rows": 1}}
        return Release("0001-abababababababab", stage.settings.releases / "0001-abababababababab", {"tables": tables, "night": 1})

    def tell(*_: object) -> Told:
        stage.fail("tell")
        return stage.told

    monkeypatch.setattr("cgt_etl.reports.nightly.tell", tell)
    monkeypatch.setattr(steps, "land_all", land_all)
    monkeypatch.setattr(steps.planning, "plan", plan)
    monkeypatch.setattr("cgt_etl.identity.build.build", build)
    monkeypatch.setattr("cgt_etl.release.workspace.prepare", prepare)
    monkeypatch.setattr("cgt_etl.quality.gate.judge", judge)
    monkeypatch.setattr("cgt_etl.release.publish.publish", publish)


def _landed(found: Found) -> Landed:
    if found.problem is not None:
        return Landed(found.partner, found.feed, found.path.name, delivery=None, is_new=False, problem=found.problem)
    is_bad = "bad" in found.path.name
    counts = {} if is_bad else {"units": {"in": 10, "accepted": 8, "set_aside": 1, "erased": 1}, "cells": {"in": 100, "accepted": 80}}
    reason = f"partner {found.partner}, feed {found.feed}, file {found.path.name}: missing column" if is_bad else None
    delivery: Any = SimpleNamespace(id=f"{found.partner}/{found.feed}/{found.sha256[:16]}", status="refused" if is_bad else "landed")
    return Landed(found.partner, found.feed, found.path.name, delivery, is_new=True, counts=counts, reason=reason)
