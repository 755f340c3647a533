"""What tests of several folders share: folders that one worker fills for all, and one parse of the whole dbt project."""

from __future__ import annotations

import fcntl
import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

gc.set_threshold(50_000)  # libraries and hypothesis make millions of objects that stay; Python would look through them after every 700

FIRST = ("e2e/test_network.py", "e2e/test_history.py", "e2e", "dbt", "release", "simulator", "identity", "orchestration")
"""Folders and files that take longest. The first two make the homes that the others share, each with a worker of its own."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first, so that two workers end together (with `--no-loadscope-reorder`)."""
    root = Path(__file__).parent

    def place(item: pytest.Item) -> int:
        name = item.path.relative_to(root).as_posix() if item.path.is_relative_to(root) else ""
        return next((rank for rank, start in enumerate(FIRST) if name == start or name.startswith(f"{start}/")), len(FIRST))

    items.sort(key=place)  # stable: otherwise as collected


@contextmanager
def once(factory: pytest.TempPathFactory, name: str) -> Iterator[tuple[Path, bool]]:
    """A folder that all workers share, and whether to fill it: a second worker waits until the first has."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder, not (folder / "done").exists()
        (folder / "done").touch()


@pytest.fixture(scope="session")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home where dbt has parsed all dialects of the repository (a quarter of a minute); `take_along` gives the parse to another."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.orchestration.warehouse import manifest
    from cgt_etl.settings import Settings

    with once(tmp_path_factory, "parsed") as (folder, is_first):
        if is_first:
            settings = Settings(home=folder)
            manifest(settings, Registry.load(settings))
    return folder
