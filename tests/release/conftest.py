"""Homes of the release tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from cgt_etl.release.read import Release
from tests.release import sample


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def first(home: Path) -> Release:
    """Night 1 of the sample, published."""
    return sample.released(home, 1, sample.FIRST, "one")
