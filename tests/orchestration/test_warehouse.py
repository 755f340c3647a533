"""dbt inside this process: what it builds, and that no value leaves it when it fails."""

from __future__ import annotations

import shutil
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from cgt_etl.errors import CgtError, DeclarationError
from cgt_etl.orchestration import warehouse
from cgt_etl.release import workspace
from tests.dbt_parse import REPOSITORY
from tests.orchestration.conftest import CANARY, Stage

FULL: Any = SimpleNamespace(base=None)
INCREMENT: Any = SimpleNamespace(base="the release before")

pytestmark = pytest.mark.slow


@pytest.fixture
def built(stage: Stage) -> warehouse.Built:
    stage.model("leak", f"select cast(note as integer) as n, '{CANARY[:3]}' as x from {{{{ source('registry_ct', 'outcome__outcome') }}}}")
    stage.model("after", "select * from {{ ref('leak') }}")
    work = workspace.prepare(stage.settings, stage.registry, FULL, stage.settings.home, None)
    return warehouse.dbt_build(stage.settings, stage.registry, FULL, work)


def test_a_failed_cast_is_named_by_node_and_kind_alone(built: warehouse.Built, stage: Stage, capfd: pytest.CaptureFixture[str]) -> None:
    [failed] = built.failed
    assert (failed.name, failed.status, failed.kind) == ("leak", "error", "Conversion Error")
    with pytest.raises(CgtError, match=r"leak \(Conversion Error\)") as caught:
        built.raise_if_failed()
    assert CANARY not in repr(built) + str(caught.value)
    said = capfd.readouterr()
    assert CANARY not in said.out + said.err
    assert [name for name, data in stage.written() if CANARY.encode() in data] == []


def test_what_does_not_depend_on_the_failure_is_built_and_the_file_is_let_go(built: warehouse.Built, stage: Stage) -> None:
    status = {node.name: node.status for node in built.nodes}
    assert (status["journey"], status["after"]) == ("success", "skipped")
    assert warehouse.rows(stage.settings.builds / "work.duckdb")["marts.journey"] == 3
    with duckdb.connect(str(stage.settings.builds / "work.duckdb")) as connection:
        assert connection.sql("select count(*) from marts.party").fetchall() == [(1,)]


def test_the_manifest_is_parsed_once_and_again_after_a_change(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    first = warehouse.manifest(stage.settings, stage.registry)
    assert "model.cgt_etl.journey" in first["nodes"]
    stage.model("later", "select 1 as one")
    assert "model.cgt_etl.later" in warehouse.manifest(stage.settings, stage.registry)["nodes"]
    monkeypatch.setattr(warehouse, "_invoke", None)
    assert "model.cgt_etl.later" in warehouse.manifest(stage.settings, stage.registry)["nodes"]


def test_a_project_that_does_not_parse_says_where(stage: Stage) -> None:
    stage.model("wrong", "select * from {{ ref('nowhere') }}")
    with pytest.raises(DeclarationError, match=r"wrong.*nowhere"):
        warehouse.manifest(stage.settings, stage.registry)


def test_an_increment_adds_rows_by_name_and_stops_where_columns_differ(stage: Stage) -> None:
    shutil.copy(REPOSITORY / "dbt_project" / "macros" / "materializations.sql", stage.project / "macros")
    work = workspace.prepare(stage.settings, stage.registry, FULL, stage.settings.home, None)

    def grown(plan: Any, columns: str) -> list[tuple[str, str | None]]:
        stage.model("grown", f"{{{{ config(materialized='incremental', on_schema_change='fail') }}}} select {columns}")
        return [(node.name, node.kind) for node in warehouse.dbt_build(stage.settings, stage.registry, plan, work).failed]

    assert grown(FULL, "1 as one, 'a' as two") == []
    assert grown(INCREMENT, "'b' as two, 2 as one") == []
    assert grown(INCREMENT, "3 as one") == [("grown", "Binder Error")]
    assert grown(INCREMENT, "4 as one, 'd' as two, true as more") == [("grown", "Binder Error")]
    with duckdb.connect(str(work)) as connection:
        assert connection.sql("from main.grown order by one").fetchall() == [(1, "a"), (2, "b")]
