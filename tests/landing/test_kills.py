"""A landing that is killed anywhere leaves nothing to see, and the next one makes the bytes that an undisturbed one makes."""

from __future__ import annotations

import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cgt_etl.landing import deliveries, land
from cgt_etl.landing.lease import lease
from tests.landing.bench import LATER, MIXED, NOW, Bench, tree

pytestmark = pytest.mark.slow

POINTS = ["vault.raw_written", "landing.accepted_written", "landing.before_rename", "landing.after_rename"]
PROGRAM = """
import os, sys
from dataclasses import replace
from pathlib import Path
from cgt_etl.landing import land
from tests.landing import bench as benches
land.admit = benches.admit
bench = benches.Bench(Path(sys.argv[1]))
registry, binding = bench.registry, bench.binding
for path in map(Path, sys.argv[2:4]):
    for point in sys.argv[4:]:
        settings = replace(bench.settings, home=bench.root / path.stem / point)
        child = os.fork()  # before polars has started a thread
        if not child:
            os.environ["CGT_FAULT_POINT"] = point
            land.land(settings, registry, binding, path, benches.NOW)
            os._exit(0)
        print(path.stem, point, os.waitpid(child, 0)[1], flush=True)
"""


def test_killed_at_every_point_and_landed_again(bench: Bench) -> None:
    paths = [bench.deliver(MIXED, "sample_1.csv"), bench.deliver("NUM,MRN\n1,2\n", "sample_2.csv")]
    command = [sys.executable, "-c", PROGRAM, str(bench.root), *map(str, paths), *POINTS]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2])
    assert done.stdout.splitlines() == [f"{path.stem} {point} {int(signal.SIGKILL)}" for path in paths for point in POINTS]
    for path in paths:
        quiet = replace(bench.settings, home=bench.root / path.stem / "undisturbed")
        whole = land.land(quiet, bench.registry, bench.binding, path, NOW).delivery
        assert whole is not None
        for point in POINTS:
            settings = replace(bench.settings, home=bench.root / path.stem / point)
            assert deliveries(settings) == []
            with lease(settings, "the next night"):
                land.land(settings, bench.registry, bench.binding, path, LATER)
                again = land.land(settings, bench.registry, bench.binding, path, LATER)
            assert not again.is_new
            assert tree(settings.landing) == tree(quiet.landing)
            (one,) = deliveries(settings)
            assert replace(one, folder=whole.folder) == whole
            assert not [left for root in (settings.landing, settings.vault) for left in (root / ".tmp").glob("*")]
