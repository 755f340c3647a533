"""The asset graph of the repository's own dialects and partners: complete, connected, and as the snapshot says."""

from __future__ import annotations

import difflib
from pathlib import Path

import dagster as dg
import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.definitions import build
from cgt_etl.orchestration.warehouse import manifest
from cgt_etl.release import marts
from cgt_etl.settings import Settings
from tests.dbt_parse import take_along
from tests.orchestration import graph
from tests.orchestration.conftest import Stage

SNAPSHOT = Path(__file__).with_name("graph.txt")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(parsed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("graph")
    take_along(parsed, home)
    return home


@pytest.fixture(scope="module")
def definitions(home: Path) -> dg.Definitions:
    return graph.definitions(home)


def test_the_graph_is_as_the_snapshot_says(definitions: dg.Definitions) -> None:
    now, before = graph.text(definitions), SNAPSHOT.read_text(encoding="utf-8")
    changes = "\n".join(difflib.unified_diff(before.splitlines(), now.splitlines(), "graph.txt", "now", lineterm="", n=0))
    assert now == before, f"{changes}\nIf that is wanted: python -m tests.orchestration.graph > tests/orchestration/graph.txt"


def test_the_definitions_are_valid(definitions: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(definitions)


def test_every_partner_and_every_feed_leads_to_the_release(definitions: dg.Definitions, home: Path) -> None:
    assets = definitions.resolve_asset_graph()
    release = dg.AssetKey("release")
    upstream = assets.get_ancestor_asset_keys(release)
    registry = Registry.load(Settings(home=home))
    for binding in registry.bindings:
        partner, feed = binding.partner.partner, binding.feed.name
        assert {dg.AssetKey(["partner", partner]), dg.AssetKey(["landing", partner, feed])} <= upstream
    promised = {f"{binding.feed.dialect}/{binding.feed.name}" for binding in registry.bindings}
    read = {f"{key.path[1]}/{key.path[2].split('__')[0]}" for key in upstream if key.path[0] == "landed" and len(key.path) == 3}
    assert promised <= read, "what a partner promised is read by a model that is released"


def test_the_gate_waits_for_every_released_table(definitions: dg.Definitions) -> None:
    parents = definitions.resolve_asset_graph().get(dg.AssetKey("gate")).parent_keys
    assert {key.path[-1] for key in parents} == {mart.name for mart in marts.load()}


def test_every_relation_that_dbt_reads_is_made_by_a_step_before_it(definitions: dg.Definitions, home: Path) -> None:
    settings = Settings(home=home)
    sources = manifest(settings, Registry.load(settings))["sources"].values()
    assets = definitions.resolve_asset_graph()
    made = [key for key in assets.materializable_asset_keys if key.path[0] in ("landed", "identity", "control")]
    assert len(made) == len(sources)


def test_every_asset_is_described_and_has_an_owner_where_somebody_is_named(definitions: dg.Definitions) -> None:
    assets = definitions.resolve_asset_graph()
    assert [key for key in assets.materializable_asset_keys if not assets.get(key).description] == []
    owned = [key for key in assets.get_all_asset_keys() if key.path[0] in ("partner", "landing")]
    assert all(assets.get(key).owners for key in owned)


def test_an_unhealthy_partner_folder_is_named_and_left_out(stage: Stage) -> None:
    folder = stage.settings.partner_paths[0] / "broken"
    folder.mkdir()
    (folder / "partner.yaml").write_text("partner: broken\nroles: [alchemist]\n")
    registry = stage.registry
    keys = build(stage.settings, registry).resolve_asset_graph().get_all_asset_keys()
    assert dg.AssetKey(["partner", "cell_outcomes_registry"]) in keys
    assert dg.AssetKey(["partner", "broken"]) not in keys
    assert [str(problem) for problem in registry.unhealthy if "broken/partner.yaml" in str(problem)]
