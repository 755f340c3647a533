"""The whole dbt project, built once on a network without a single delivery: its manifest, its compiled SQL and its run.

Every test of this folder reads what that one run wrote. It runs as a process of its own, the unit tests of dbt included.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from cgt_etl.cli import LOOK_FOR_CYCLES
from cgt_etl.contracts.registry import Registry
from cgt_etl.door.tokens import Keys
from cgt_etl.identity.build import build
from cgt_etl.orchestration.warehouse import project
from cgt_etl.release.plan import plan
from cgt_etl.release.workspace import prepare
from cgt_etl.settings import Settings
from tests.conftest import once
from tests.dbt_parse import take_along

GIVEN = """
select schema_name || '.' || table_name, list(column_name order by column_index)
from duckdb_columns() where schema_name in ('landed', 'control', 'identity') group by all
"""

DBT = f"import gc; gc.set_threshold({LOOK_FOR_CYCLES}); from dbt.cli.main import cli; cli()"


@dataclass(frozen=True)
class Built:
    """What dbt wrote: `target/manifest.json` (with compiled SQL in it) and `target/run_results.json`."""

    registry: Registry
    manifest: dict[str, Any]
    results: list[dict[str, Any]]
    given: dict[str, list[str]]
    """`schema.table` -> columns, of what was there before dbt ran."""

    @cached_property
    def models(self) -> dict[str, dict[str, Any]]:
        return {node["name"]: node for node in self.manifest["nodes"].values() if node["resource_type"] == "model"}

    @cached_property
    def marts(self) -> dict[str, dict[str, Any]]:
        """Released tables: what lies under models/marts and is neither a step nor a finding's own query."""
        return {
            name: node for name, node in self.models.items() if "marts" in node["fqn"] and node["config"]["materialized"] != "ephemeral"
        }

    @cached_property
    def trees(self) -> dict[str, exp.Expr]:
        """Parsed compiled SQL of every model."""
        return {name: sqlglot.parse_one(node["compiled_code"], dialect="duckdb") for name, node in self.models.items()}


@pytest.fixture(scope="session")
def built(parsed: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    with once(tmp_path_factory, "built") as (home, is_first):
        if is_first:
            take_along(parsed, home)
            dbt(home, "build", "--exclude-resource-type", "exposure")
    return _read(home)


def dbt(home: Path, *command: str) -> Built:
    """Run one command of dbt on all of the project in a new home."""
    settings = Settings(home=home)
    registry = Registry.load(settings)
    assert not registry.unhealthy
    identity = home / "identity"
    build(settings, registry, [], Keys(bytes(32)), identity)
    work = prepare(settings, registry, plan(settings, registry, []), identity, None)
    with duckdb.connect(str(work), read_only=True) as connection:
        (home / "given.json").write_text(json.dumps(dict(connection.execute(GIVEN).fetchall())), encoding="utf-8")
    folder, target = project(settings, registry), home / "dbt" / "target"
    places = ["--project-dir", folder, "--profiles-dir", folder, "--target-path", target, "--log-path", home / "logs"]
    done = subprocess.run(
        [sys.executable, "-c", DBT, "--quiet", *command, *map(str, places)],
        env=os.environ | {"CGT_BUILD_DB": str(work), "CGT_THREADS": "1", "DO_NOT_TRACK": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    return _read(home)


def _read(home: Path) -> Built:
    target, registry = home / "dbt" / "target", Registry.load(Settings(home=home))
    return Built(registry, _json(target / "manifest.json"), _json(target / "run_results.json")["results"], _json(home / "given.json"))


def _json(path: Path) -> Any:
    return json.loads(path.read_bytes())
