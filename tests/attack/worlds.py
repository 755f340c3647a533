"""The worlds in which attacks are played, by seed: eight contributors in each compared role. Attacks nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl

from cgt_etl.egress.collective.engine import Quarter
from cgt_etl.egress.collective.ledger import Ledger
from cgt_etl.egress.collective.publish import publish
from cgt_etl.egress.share import Asked
from cgt_etl.simulator.collective_world import Size, at, world
from tests.attack.history import History, history, play
from tests.egress import world as release_world
from tests.egress.collective.worlds import DIMENSIONS, evenly, people, plan
from tests.sandbox.escapes import PLACE, Outside
from tests.sandbox.locked import around

PLAN = plan("ab", "bc")
CONTRIBUTORS = 8
CUTS = 24


def quarters(many: int, first: int = 0) -> list[Quarter]:
    """So many quarters in a row; number 0 is the first of 2026."""
    return [Quarter(2026 + number // 4, number % 4 + 1) for number in range(first, first + many)]


def key(seed: int) -> bytes:
    return f"the hub's {seed}".encode()


def frames(seed: int, size: Size) -> list[pl.DataFrame]:
    """A world of small changes and withdrawals, in which one contributor adds and takes off own rows to probe."""
    of, rng = world(seed, {"batch": DIMENSIONS}, size), np.random.default_rng(seed)
    probe = at(of, 0)[0].with_columns(contributor=pl.lit("batch_maker_00"))
    made = []
    for number in range(size.quarters):
        probes = [probe.with_columns(subject=pl.lit(f"probe {place}")) for place in range(rng.integers(0, 60))]
        made.append(pl.concat([at(of, number), *probes]))
    return made


def small_changes(seed: int) -> History:
    """24 cuts, 12 subjects a quarter more; what the engine lets out before any audit."""
    size = Size(contributors=CONTRIBUTORS, at_first=500, each_quarter=12, quarters=CUTS)
    return play(PLAN, frames(seed, size), quarters(CUTS), key(seed))


def audited(seed: int, folder: Path, cuts: int) -> History:
    """So many cuts as they were published, from the third quarter of a year on: three are over the turn of the year."""
    rows = frames(seed, Size(contributors=CONTRIBUTORS, at_first=400, each_quarter=60, quarters=cuts))
    ledger = Ledger(folder, b"mark")
    return history([publish(ledger, PLAN, one, quarter, key(seed)) for one, quarter in zip(rows, quarters(cuts, 2), strict=True)], rows)


def twins(seed: int, folder: Path) -> tuple[Path, Path]:
    """Two ledgers of two quarters whose worlds differ in a withheld cell alone."""
    rng = np.random.default_rng(seed)
    many = [evenly("a1 b1 c1", each, CONTRIBUTORS) for each in (12, 15)]
    places = []
    for few in (int(rng.integers(1, 6)), int(rng.integers(6, 11))):
        ledger = Ledger(folder / str(few), f"mark {seed}".encode())
        rows = [people(one | {("p1", "a2 b2 c2"): few}) for one in many]
        for cut in play(PLAN, rows, quarters(2), key(seed)).cuts:
            ledger.append(cut)
        places.append(folder / str(few))
    return places[0], places[1]


def outside(folder: Path) -> Outside:
    """A locked sandbox, and what lies around it, in a new folder below."""
    place = folder / f"home-{PLACE}"
    place.mkdir()
    return around(place)


def twin_shares(folder: Path, asked: Asked = release_world.ASKED) -> tuple[Path, Path]:
    """Shared views of two releases that differ in a rare code, which is suppressed, and in a column that is dropped."""
    made = []
    for name, modality, process in (("one", "tcr_t", "PV-1"), ("other", "car_nk", "PV-22222")):
        rows = release_world.rows()
        rows["journey"][0]["modality_code"] = modality
        rows["batch"][0]["process_version"] = process
        release = release_world.release(folder / f"release of {name}", rows)
        made.append(release_world.made(release, folder / name, asked).folder)
    return made[0], made[1]
