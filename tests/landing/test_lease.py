"""The lease keeps writers apart, dies with its holder and sweeps up after the killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from cgt_etl.errors import LeaseHeld
from cgt_etl.landing.lease import is_held, lease
from tests.landing.bench import Bench

HOLD = """
import sys
from pathlib import Path
from cgt_etl.landing.lease import lease
from cgt_etl.settings import Settings
with lease(Settings(home=Path(sys.argv[1])), "night 0007"):
    print("held", flush=True)
    sys.stdin.readline()
"""
TRY = """
import sys
from pathlib import Path
from cgt_etl.errors import LeaseHeld
from cgt_etl.landing.lease import is_held, lease
from cgt_etl.settings import Settings
settings = Settings(home=Path(sys.argv[1]))
try:
    with lease(settings, "child"):
        print("in", is_held(settings))
except LeaseHeld:
    print("out", is_held(settings))
"""


@contextmanager
def holder(bench: Bench) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(bench.settings.home)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def attempt(bench: Bench, **environment: str) -> str:
    command = [sys.executable, "-c", TRY, str(bench.settings.home)]
    return subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | environment).stdout.strip()


def test_the_second_process_is_told_who_holds_it(bench: Bench) -> None:
    with holder(bench) as process:
        with pytest.raises(LeaseHeld, match=rf"night 0007, process {process.pid}, since 20"), lease(bench.settings, "mine"):
            pass
        assert not is_held(bench.settings)


def test_a_killed_holder_frees_it_and_its_leftovers_are_swept(bench: Bench) -> None:
    with holder(bench) as process:
        for root in (bench.settings.landing, bench.settings.vault):
            (root / ".tmp/half").mkdir(parents=True)
            (root / ".tmp/half/sample.parquet").write_bytes(b"half")
        process.send_signal(signal.SIGKILL)
        process.wait()
    with lease(bench.settings, "mine"):
        assert not list(bench.settings.home.rglob("half"))


def test_a_child_works_under_its_parents_lease(bench: Bench) -> None:
    with lease(bench.settings, "parent"):
        assert attempt(bench) == "in True"
        assert attempt(bench, CGT_LEASE="somebody-elses") == "out False"
    assert "CGT_LEASE" not in os.environ


def test_an_old_secret_opens_nothing(bench: Bench) -> None:
    with lease(bench.settings, "parent"):
        old = os.environ["CGT_LEASE"]
    with holder(bench):
        assert attempt(bench, CGT_LEASE=old) == "out False"


def test_again_in_one_thread_and_not_in_another(bench: Bench) -> None:
    told: list[str] = []

    def other() -> None:
        assert is_held(bench.settings)
        try:
            with lease(bench.settings, "other night"):
                told.append("in")
        except LeaseHeld as error:
            told.append(str(error))

    with lease(bench.settings, "first night"):
        with lease(bench.settings, "a step of it"):
            assert is_held(bench.settings)
        assert is_held(bench.settings)
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
    assert len(told) == 1
    assert "first night" in told[0]
    assert not is_held(bench.settings)
