"""A small sandbox written by hand, and what lies around it."""

from __future__ import annotations

import pytest

from tests.sandbox.escapes import PLACE, Outside
from tests.sandbox.locked import around


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    return around(tmp_path_factory.mktemp(f"home-{PLACE}"))
