"""A network, and a few partners of it, played once for all end-to-end tests, and the ways to play them again differently.

Most of a small night is what dbt does for each model whether it has rows or not, so a test that needs no whole network takes the `few`.
Every home is built by the command line in a process of its own, as a person or a schedule would; most are forked (`forked`).
"""

from __future__ import annotations

import base64
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

from tests.conftest import once
from tests.dbt_parse import REPOSITORY, take_along
from tests.e2e.forked import Forked

KEY = base64.b64encode(bytes(range(32))).decode()


@dataclass(frozen=True)
class Home:
    """A deployment under test."""

    path: Path
    inbox: Path
    extra: tuple[tuple[str, str], ...] = ()

    @property
    def environment(self) -> dict[str, str]:
        # Two workers share the cores that dbt's threads would take from each other.
        return os.environ | {"CGT_HOME": str(self.path), "CGT_MASTER_KEY": KEY, "CGT_THREADS": "1"} | dict(self.extra)

    def python(self, program: str, *arguments: str) -> str:
        """What a program prints that runs as the command line would."""
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments], env=self.environment, cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *arguments: str) -> Forked:
        """Start `cgt-etl` and go on."""
        return Forked(arguments, self.environment)

    def cli(
        self, *arguments: str, expect: int | None = 0, stdin: str | None = None, anew: bool = False, **environment: str
    ) -> subprocess.CompletedProcess[str]:
        """Run `cgt-etl`; fail with its output unless it exits as expected (None: any). `anew`: started as a person would, not a fork."""
        all_of_it = self.environment | environment
        if anew:
            command = [sys.executable, "-m", "cgt_etl", *arguments]
            done = subprocess.run(
                command, env=all_of_it, cwd=REPOSITORY, input=stdin, capture_output=True, text=True, check=False, timeout=400
            )
        else:
            process = Forked(arguments, all_of_it, stdin)
            out, error = process.communicate(timeout=400)
            done = subprocess.CompletedProcess(arguments, process.returncode or 0, out, error)
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


FEW_PARTNERS = (
    "cell_outcomes_registry",
    "harbor_hospital",
    "lakeside_hospital",
    "marienhof_klinikum",
    "northgate_blood_centre",
    "swiftline_couriers",
)
FEW_DIALECTS = (
    "apheresis_device",
    "becs_us",
    "courier_custody",
    "courier_epcis",
    "courier_logger",
    "ehr_fhir_r4",
    "ehr_hl7v2",
    "registry_ct",
)
"""What those partners speak."""


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three nights of the network and their truth."""
    with once(tmp_path_factory, "sample") as (folder, is_first):
        if is_first:
            simulate(folder)
    return folder


@pytest.fixture(scope="session")
def inbox(sample: Path) -> Path:
    return sample / "inbox"


@pytest.fixture(scope="session")
def network(inbox: Path, parsed: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Three nights, one after the other, with two threads as where nothing is set. Other workers read it too: break a copy (`copy_of`)."""
    with once(tmp_path_factory, "played") as (folder, is_first):
        home = Home(folder / "home", inbox, (("CGT_THREADS", "2"),))
        if is_first:
            take_along(parsed, home.path)
            home.run(anew=True)
    return home


@dataclass(frozen=True)
class Few:
    """A few partners and dialects of the network."""

    folder: Path
    """Holds `partners`, `dialects`, their `inbox` of three nights, `home` (all released) and `home-1` (the first alone)."""

    @property
    def home(self) -> Home:
        return self._home(self.folder / "home", self.folder / "inbox")

    def _home(self, path: Path, inbox: Path, **more: Path) -> Home:
        named = {kind: [self.folder / kind, *filter(None, [more.get(kind)])] for kind in ("partners", "dialects")}
        return Home(path, inbox, tuple((f"CGT_{kind.upper()}", "=" + os.pathsep.join(map(str, paths))) for kind, paths in named.items()))

    def at(self, path: Path, inbox: Path, **more: Path) -> Home:
        """A new home of those partners, and of `more` folders of `partners` or `dialects`, where dbt need not parse anew."""
        take_along(self.home.path, path)
        return self._home(path, inbox, **more)

    def copy(self, path: Path, *, nights: str = "home", inbox: Path | None = None) -> Home:
        """One of the two homes, to break."""
        shutil.copytree(self.folder / nights, path, symlinks=True)
        return self.at(path, inbox or self.home.inbox)


def of_the_few(inbox: Path, to: Path) -> Path:
    """What those partners delivered."""
    for delivered in sorted(inbox.glob("*/*")):
        if delivered.name in FEW_PARTNERS:
            shutil.copytree(delivered, to / delivered.parent.name / delivered.name)
    return to


def declared(folder: Path, inbox: Path) -> Few:
    """Their declarations, and what they delivered; nothing is played yet."""
    for kind, names in (("partners", FEW_PARTNERS), ("dialects", FEW_DIALECTS)):
        (folder / kind).mkdir()
        for name in names:
            (folder / kind / name).symlink_to(REPOSITORY / "cgt_etl" / kind / name)
    of_the_few(inbox, folder / "inbox")
    return Few(folder)


@pytest.fixture(scope="session")
def few(inbox: Path, tmp_path_factory: pytest.TempPathFactory) -> Few:
    with once(tmp_path_factory, "few") as (folder, is_first):
        made = Few(folder)
        if is_first:
            declared(folder, inbox)
            made.home.run("--night", "0001", anew=True)
            shutil.copytree(made.home.path, folder / "home-1", symlinks=True)
            made.home.run()
    return made


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
