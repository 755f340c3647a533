"""Homes of the release tests."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cgt_etl.release import read
from cgt_etl.release.read import Release
from tests.release import sample


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture(scope="session")
def first_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with night 1 of the sample, published; to copy."""
    home = tmp_path_factory.mktemp("first") / "home"
    sample.released(home, 1, sample.FIRST, "one")
    return home


@pytest.fixture
def first(first_home: Path, home: Path) -> Release:
    """Night 1 of the sample, published."""
    shutil.copytree(first_home, home, symlinks=True)
    released = read.current(sample.settings(home))
    assert released is not None
    return released
