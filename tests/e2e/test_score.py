"""The scorer against a release that the whole path made: every target is reached, by its build too, and a harmed build misses."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from cgt_etl.simulator.scoring import score
from tests.e2e.conftest import Home

pytestmark = pytest.mark.slow


def test_the_pipeline_meets_every_target_and_a_harmed_build_does_not(network: Home, inbox: Path, tmp_path: Path) -> None:
    truth = inbox.parent / "truth"
    assert score(network.release, truth).missed == []
    held = tmp_path / "held.duckdb"
    shutil.copyfile(network.path / "builds" / f"{network.release.name}.duckdb", held)
    assert score(held, truth).said() == score(network.release, truth).said()
    with duckdb.connect(str(held)) as connection:
        connection.execute("update marts.subject_identifier set subject_id = (select min(subject_id) from marts.subject_identifier)")
    assert "precision of pairs" in {one.name for one in score(held, truth).missed}


def test_the_command_says_by_its_exit_whether_a_target_was_missed(network: Home, inbox: Path) -> None:
    truth = ("--truth", str(inbox.parent / "truth"))
    assert "Targets missed: 0" in network.cli("score", "--release", str(network.release), *truth).stdout
    night = min(network.path.glob("releases/0001-*"))
    network.cli("score", "--release", str(night), *truth, expect=1)
