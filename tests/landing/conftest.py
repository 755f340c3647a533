"""A bench per test, with the stand-in door."""

from __future__ import annotations

from pathlib import Path

import pytest

from cgt_etl.landing import land
from tests.landing import bench as benches


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> benches.Bench:
    for name, value in benches.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CGT_LEASE", raising=False)
    monkeypatch.setattr(land, "admit", benches.admit)
    return benches.make(tmp_path)
