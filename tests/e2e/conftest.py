"""One small network, played once for all end-to-end tests, and the ways to play it again differently.

Every home is built by the command line in a process of its own, as a person or a schedule would.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.parse import REPOSITORY, take_along

KEY = base64.b64encode(bytes(range(32))).decode()


@dataclass(frozen=True)
class Home:
    """A deployment under test."""

    path: Path
    inbox: Path
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"CGT_HOME": str(self.path), "CGT_MASTER_KEY": KEY} | dict(self.extra)

    def python(self, program: str, *arguments: str) -> str:
        """What a program prints that runs as the command line would."""
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments], env=self.environment, cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start `cgt-etl` and go on."""
        return subprocess.Popen(
            [sys.executable, "-m", "cgt_etl", *arguments],
            env=self.environment,
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def cli(
        self, *arguments: str, expect: int | None = 0, stdin: str | None = None, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `cgt-etl`; fail with its output unless it exits as expected (None: any)."""
        done = subprocess.run(
            [sys.executable, "-m", "cgt_etl", *arguments],
            env=self.environment | environment,
            cwd=REPOSITORY,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=400,
        )
        if expect is not None:
            assert done.returncode == expect, f"{arguments} exited {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def run(self, *arguments: str, **keywords: object) -> subprocess.CompletedProcess[str]:
        return self.cli("run", "--inbox", str(self.inbox), "--plain", *arguments, **keywords)  # type: ignore[arg-type]

    @property
    def release(self) -> Path:
        return (self.path / "releases" / "current").resolve()

    @property
    def manifest(self) -> dict[str, object]:
        return json.loads((self.release / "manifest.json").read_text())  # type: ignore[no-any-return]

    def tables(self, release: Path | None = None) -> dict[str, bytes]:
        """Every file under `tables/` of a release, with its bytes."""
        root = (release or self.release) / "tables"
        return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}


def simulate(out: Path, *, journeys: int = 6, nights: int = 3, seed: int = 7) -> Path:
    from cgt_etl.simulator import simulate as write

    write(out, journeys=journeys, nights=nights, seed=seed, defects="typical")
    return out / "inbox"


@pytest.fixture(scope="session")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`sample` (three nights and their truth), `home-1` (after the first), `home` (after all): the same for all workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "played"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a second worker waits until the first has played
        if not (folder / "done").exists():
            home = Home(folder / "home", simulate(folder / "sample"))
            home.run("--night", "0001")
            shutil.copytree(home.path, folder / "home-1", symlinks=True)
            home.run()
            (folder / "done").touch()
    return folder


@pytest.fixture(scope="session")
def inbox(played: Path) -> Path:
    return played / "sample" / "inbox"


@pytest.fixture(scope="session")
def network(played: Path, inbox: Path) -> Home:
    """Three nights, one after the other. Other workers read it too: break a copy (`copy_of`)."""
    return Home(played / "home", inbox)


@pytest.fixture
def copy_of(tmp_path: Path) -> Callable[[Home], Home]:
    """A home of its own to break."""

    def copy(home: Home) -> Home:
        shutil.copytree(home.path, tmp_path / "home", symlinks=True)
        take_along(tmp_path / "home", tmp_path / "home")
        return Home(tmp_path / "home", home.inbox, home.extra)

    return copy


def killed(done: subprocess.CompletedProcess[str]) -> bool:
    return done.returncode == -signal.SIGKILL
