"""Whatever kills a night, the next one releases the same bytes; two nights at once make one.

`make test` runs a few kills; CGT_ALL_KILLS=1 runs every named point and whole nights (25 in all).
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.e2e.conftest import Few, Home, killed

pytestmark = pytest.mark.slow

POINTS = [
    "vault.raw_written",
    "landing.accepted_written",
    "landing.before_rename",
    "landing.after_rename",
    "workspace.copied",
    "workspace.prepared",
    "dbt.before",
    "dbt.after",
    "publish.tables_written",
    "publish.before_rename",
    "publish.after_rename",
    "publish.before_current",
    "publish.after_current",
    "publish.before_build_kept",
    "publish.after_build_kept",
    "alerts.kept",
    "night.recorded",
]
FEW = ["landing.before_rename", "publish.after_rename"]
ALL = bool(os.environ.get("CGT_ALL_KILLS"))


@pytest.fixture(scope="module")
def two_nights(few: Few, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first two nights of the inbox."""
    two = tmp_path_factory.mktemp("two")
    for night in ("0001", "0002"):
        shutil.copytree(few.home.inbox / night, two / night)
    return two


@pytest.fixture
def home(few: Few, two_nights: Path, tmp_path: Path) -> Home:
    """The first released, the second delivered; built by two threads, which a kill finds in the middle of something."""
    made = few.copy(tmp_path / "home", nights="home-1", inbox=two_nights)
    return replace(made, extra=(*made.extra, ("CGT_THREADS", "2")))


@pytest.fixture(scope="module")
def calm(few: Few) -> dict[str, bytes]:
    """What the second night released when nobody interfered."""
    return few.home.tables(next(few.home.path.glob("releases/0002-*")))


@pytest.mark.parametrize("point", POINTS if ALL else FEW)
def test_a_night_killed_at_a_named_point(point: str, calm: dict[str, bytes], home: Home) -> None:
    assert killed(home.run(expect=None, CGT_FAULT_POINT=point)), "the point was not passed"
    home.run()
    assert home.tables() == calm
    assert not [p for p in (home.path / "releases").iterdir() if p.name.startswith(".")], "a killed night left a release behind"


@pytest.mark.parametrize("which", range(9 if ALL else 1))
def test_a_whole_night_killed_at_any_moment(which: int, calm: dict[str, bytes], home: Home) -> None:
    night = home.start("run", "--inbox", str(home.inbox), "--plain")
    time.sleep(random.Random(which).uniform(1, 12))
    night.send_signal(signal.SIGKILL)
    night.communicate()
    home.run()
    assert home.tables() == calm


def test_two_nights_at_once_make_one(calm: dict[str, bytes], home: Home) -> None:
    both = [home.start("run", "--inbox", str(home.inbox), "--plain") for _ in range(2)]
    ends = [(process.communicate(timeout=300), process.returncode) for process in both]
    codes = sorted(code for _, code in ends)
    assert codes in ([0, 0], [0, 2]), ends
    assert home.tables() == calm
    assert len(list((home.path / "nights").glob("*.json"))) == 2
    if codes == [0, 2]:
        assert any("another night" in out[1] for out, _ in ends)
