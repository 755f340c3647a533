"""Minutes of devices: the right number, the same bytes, clock changes survived, legible to their own dialect."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cgt_etl.simulator.exports import wearable
from cgt_etl.simulator.parties import Site

HOSPITAL_ZONE = ZoneInfo("America/New_York")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def party() -> wearable.Party:
    return wearable.Party("lakeside_hospital", "Lakeside", "Lakeside", "hospital", "US", (Site("main", "Lakeside", HOSPITAL_ZONE),))


def _write(path: Path, first: date, seed: int = 5) -> int:
    steps, is_worn = (4000.0,) * wearable.DAYS, tuple(day != 3 for day in range(wearable.DAYS))
    return wearable.write(wearable.Worn("U-000001", "LX0001", first, HOSPITAL_ZONE, seed, steps, is_worn), path)


def test_every_minute_stands_once_over_a_clock_change(tmp_path: Path) -> None:
    units = _write(tmp_path / "a.csv", date(2025, 10, 20))
    rows = _rows(tmp_path / "a.csv")
    assert units == len(rows) == wearable.DAYS * 24 * 60
    instants = [datetime.fromisoformat(row["MINUTE"]) for row in rows]
    assert {(late - early).total_seconds() for early, late in pairwise(instants)} == {60.0}
    assert {row["MINUTE"][-6:] for row in rows} == {"-04:00", "-05:00"}


def test_a_day_not_worn_has_no_heart_rate_and_says_so(tmp_path: Path) -> None:
    _write(tmp_path / "a.csv", date(2025, 9, 1))
    off = [row for row in _rows(tmp_path / "a.csv") if row["WORN"] == "0"]
    assert len(off) == 24 * 60
    assert {(row["STEPS"], row["HEART_RATE"]) for row in off} == {("0", "")}


def test_a_seed_gives_its_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("b", 5), ("c", 6)):
        _write(tmp_path / f"{name}.csv", date(2025, 9, 1), seed)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes() != (tmp_path / "c.csv").read_bytes()


def test_each_hospital_has_a_programme_of_its_own(party: wearable.Party) -> None:
    other = replace(party, partner="summit_hospital")
    network = wearable.Network((), (party, other), (), (), (), (), ())
    files = wearable.partners(network)
    assert list(files) == ["stride_wearables_2"], "the first is the repository's"
    assert "summit_hospital" in files["stride_wearables_2"]
    assert "lakeside_hospital" not in files["stride_wearables_2"]
