"""A bare dbt and a night keep apart by the home's lease."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.landing.lease import is_held, lease
from cgt_etl.orchestration.warehouse import manifest, project
from cgt_etl.settings import Settings
from tests.dbt_parse import take_along

pytestmark = pytest.mark.slow


def bare_dbt(settings: Settings, registry: Registry, **environment: str) -> subprocess.CompletedProcess[str]:
    folder = project(settings, registry)
    (settings.home / "builds").mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-c", "from dbt.cli.main import cli; cli()", "debug", "--project-dir", folder, "--profiles-dir", folder],
        env={name: value for name, value in os.environ.items() if name != "CGT_LEASE"}
        | {"CGT_BUILD_DB": str(settings.home / "builds" / "work.duckdb")}
        | environment,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_bare_dbt_waits_its_turn(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    registry = Registry.load(settings)
    with lease(settings, "a night"):
        refused = bare_dbt(settings, registry)
    assert refused.returncode != 0
    assert "another night" in refused.stdout
    assert bare_dbt(settings, registry).returncode == 0


def test_a_child_of_the_night_is_let_in(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    with lease(settings, "a night"):
        assert bare_dbt(settings, Registry.load(settings), CGT_LEASE=os.environ["CGT_LEASE"]).returncode == 0


def test_reading_the_project_takes_no_lease(parsed: Path, tmp_path: Path) -> None:
    take_along(parsed, tmp_path)
    settings = Settings(home=tmp_path)
    assert manifest(settings, Registry.load(settings))
    assert not is_held(settings)
