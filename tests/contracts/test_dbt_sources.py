"""What `cgt-etl registry sync` writes for dbt: links, source descriptions, the registry macro; only when something changed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import yaml

from cgt_etl.contracts.dbt_sources import SEEDS, registry_macro, sources_yaml, sync
from cgt_etl.contracts.registry import Registry
from cgt_etl.settings import Settings

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


@pytest.fixture
def registry(settings: Settings) -> Registry:
    return Registry.load(settings)


def _times(project: Path) -> dict[str, int]:
    return {str(path.relative_to(project)): path.lstat().st_mtime_ns for path in project.rglob("*") if not path.is_dir()}


def test_links_every_staging_file_and_every_seed(settings: Settings, registry: Registry, tmp_path: Path) -> None:
    sync(registry, tmp_path)
    for dialect in registry.dialects.values():
        linked = {path.name for path in (tmp_path / "sources" / dialect.name).iterdir()}
        assert linked == {path.name for path in dialect.path.iterdir() if path.suffix in {".sql", ".yml"}}
    assert {path.name for path in (tmp_path / "seeds" / "vocabularies").iterdir()} == set(SEEDS)


def test_a_second_sync_touches_nothing(settings: Settings, registry: Registry, tmp_path: Path) -> None:
    sync(registry, tmp_path)
    before = _times(tmp_path)
    sync(registry, tmp_path)
    assert _times(tmp_path) == before


def test_a_dialect_that_is_gone_leaves_nothing_behind(settings: Settings, registry: Registry, tmp_path: Path) -> None:
    sync(registry, tmp_path)
    fewer = dataclasses.replace(registry, dialects={n: d for n, d in registry.dialects.items() if n != "uci_bmt"})
    sync(fewer, tmp_path)
    assert not (tmp_path / "sources" / "uci_bmt").exists()
    assert "uci_bmt" not in (tmp_path / "macros" / "_generated" / "registry.sql").read_text(encoding="utf-8")


def test_every_table_and_column_is_described(registry: Registry) -> None:
    tables = [table for source in yaml.safe_load(sources_yaml(registry))["sources"] for table in source["tables"]]
    assert {table["identifier"] for table in tables} == {name for name, *_ in registry.tables}
    assert not [(t["name"], c["name"]) for t in tables for c in t["columns"] if not c["description"]]


def test_measurement_columns_carry_unit_and_method(registry: Registry) -> None:
    macro = registry_macro(registry)
    assert "{'column': 'prd_vol_g'" in macro
    assert "'measurement': 'product_volume'" in macro
    assert "'stg_becs_us__apheresis__collection'" in macro


def test_lists_inside_records_are_no_entities(registry: Registry) -> None:
    macro = registry_macro(registry)
    assert "'lotno'" not in macro
    assert "'component'" not in macro
