"""The scorer against real releases: what is right is said to be right, and each kind of harm misses its target."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from tests.e2e.conftest import Home

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def truth(inbox: Path) -> Path:
    return inbox.parent / "truth"


def figures(home: Home, release: Path, truth: Path, *, expect: int) -> dict[str, dict[str, object]]:
    said = home.cli("score", "--release", str(release), "--truth", str(truth), "--json", expect=expect).stdout
    return {one["name"].strip(): one for one in json.loads(said)}


def test_with_typical_defects_every_target_is_reached_and_a_build_scores_as_its_release(network: Home, truth: Path) -> None:
    released = figures(network, network.release, truth, expect=0)
    assert {one["is_met"] for one in released.values()} == {True}
    assert all(one["expected"] for one in released.values()), "nothing was compared with nothing"
    build = network.path / "builds" / f"{network.release.name}.duckdb"
    assert figures(network, build, truth, expect=0) == released


HARM = {
    "subject_identifier": ("select * replace (min(subject_id) over () as subject_id)", "links of persons, by pair"),
    "finding": ("select * replace (source_row + 1 as source_row)", "defects at the door"),
    "delivery": ("select * replace (unit_count + 1 as unit_count)", "conservation, by file"),
}


@pytest.mark.parametrize("table", HARM)
def test_harm_to_a_table_misses_its_target(network: Home, truth: Path, tmp_path: Path, table: str) -> None:
    spoiled, measure = HARM[table]
    copy = tmp_path / "release"
    shutil.copytree(network.release, copy)
    files = sorted((copy / "tables" / table).glob("*.parquet"))
    with duckdb.connect() as engine:
        engine.sql(f"{spoiled} from read_parquet({[str(file) for file in files]})").write_parquet(str(tmp_path / "harmed.parquet"))
    for file in files:
        file.unlink()
    (tmp_path / "harmed.parquet").replace(files[0])
    found = figures(network, copy, truth, expect=1)
    assert not found[measure]["is_met"]


def test_what_is_no_truth_or_no_release_is_said_in_a_sentence(network: Home, truth: Path, tmp_path: Path) -> None:
    for release, folder in ((network.release, tmp_path), (tmp_path, truth)):
        done = network.cli("score", "--release", str(release), "--truth", str(folder), expect=1)
        assert done.stderr.startswith("Error: ")
        assert len(done.stderr.splitlines()) == 1
