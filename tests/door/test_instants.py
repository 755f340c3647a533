"""Instants in zones all over the world, through the door, against a script that computes them by other means."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cgt_etl.contracts.model import Partner
from cgt_etl.door.admit import Admission
from tests.door.build import PARTNER, binding, csv_file, through, verdicts
from tests.extract.build import column, table

ZONES = {
    "America/New_York": "changes in spring and autumn",
    "America/St_Johns": "half an hour off",
    "America/Phoenix": "never changes its clock",
    "America/Santiago": "the south; changes at midnight, so that a day may begin at one",
    "Europe/London": "winter is UTC",
    "Europe/Dublin": "winter is the exception, by law",
    "Europe/Berlin": "changes with all of Europe",
    "Europe/Moscow": "changed its rules in 2011 and 2014",
    "Africa/Casablanca": "changes around Ramadan",
    "Asia/Kolkata": "half an hour off, never changes",
    "Asia/Kathmandu": "three quarters of an hour off, since 1986",
    "Australia/Lord_Howe": "the south; changes by half an hour",
    "Pacific/Chatham": "the south; three quarters of an hour off",
    "Pacific/Apia": "had no 30 December 2011",
    "Pacific/Kiritimati": "UTC+14",
}
AMONG_THE_FAST = ("America/Phoenix", "Europe/Dublin")
YEARS = (2011, 2014, 2024, 2025, 2026)
FIXED = ("2024-02-28T23:59", "2024-02-29T00:00", "2024-02-29T23:59", "2024-03-01T00:00", "2025-12-31T23:59", "2026-01-01T00:00")
SEEN = table(
    "seen",
    column("no", cast="integer", position=1),
    column("at", cast="instant", formats=["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]),
)


def _changes(zone: str) -> list[datetime]:
    """Local times, to the hour, at which the zone's clock is changed in the years tried."""
    clock, found = ZoneInfo(zone), []
    for year in YEARS:
        hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(366 * 24)]
        seen = [hour.astimezone(clock) for hour in hours]
        found += [now.replace(tzinfo=None) for before, now in pairwise(seen) if before.utcoffset() != now.utcoffset()]
    return found


def _texts(zone: str) -> list[str]:
    """Every seven minutes and a second around each change, and special days; a few also with offsets, most wrong for the zone."""
    near = [change + timedelta(minutes=minutes, seconds=1) for change in _changes(zone) for minutes in range(-150, 151, 7)]
    plain = [one.isoformat() for one in near] + [f"{text}:00" for text in FIXED]
    return plain + [f"{text}{offset}" for text in plain[::9] for offset in ("+00:00", "-03:30", "+05:45", "+13:45")]


def _admitted(folder: Path, zone: str, texts: list[str]) -> Admission:
    site = {**PARTNER.model_dump()["sites"][0], "zone": zone}
    partner = Partner.model_validate({**PARTNER.model_dump(exclude_none=True), "sites": [site]})
    of = replace(binding(SEEN), partner=partner, site=partner.sites[0])
    return through(of, csv_file(folder / "seen.csv", SEEN, [[str(number), text] for number, text in enumerate(texts)]))


@pytest.mark.parametrize("zone", [zone if zone in AMONG_THE_FAST else pytest.param(zone, marks=pytest.mark.slow) for zone in ZONES])
def test_instants_agree_with_an_independent_computation(zone: str, tmp_path: Path) -> None:
    texts = _texts(zone)
    script = Path(__file__).with_name("independent_instants.py")
    asked = json.dumps([[zone, text] for text in texts])
    told = subprocess.run([sys.executable, "-I", str(script)], input=asked, capture_output=True, text=True, check=True)
    admission = _admitted(tmp_path, zone, texts)
    rows = admission.tables["seen"].to_dicts()
    flags = {(row, rule, effect) for row, column_name, rule, effect in verdicts(admission)}
    seen = set()
    for number, (text, true) in enumerate(zip(texts, json.loads(told.stdout), strict=True)):
        row, place = rows[number], number + 2
        seen.add(len(true))
        if len(true) == 1:
            assert row["at_at_utc"] == datetime.fromisoformat(true[0]), text
            assert (row["at_local"], row["at_date"]) == (text[:19], date.fromisoformat(text[:10])), "its own clock's, whatever the zone"
            assert (row["at_precision"], row["at_zone_source"]) == ("second", "offset" if len(text) > 19 else "site")
        elif true:
            assert (row["at_at_utc"], row["at_local"], row["at__status"]) == (None, text, "ambiguous"), text
            assert (place, "R25", "flag") in flags
        else:
            assert (row["at_at_utc"], row["at_local"], row["at__status"]) == (None, None, "set_aside"), text
            assert (place, "R25", "cell") in flags
    assert len(flags) == sum(len(row) != 1 for row in json.loads(told.stdout))
    assert seen == ({0, 1, 2} if _changes(zone) else {1})


def test_the_script_knows_nothing_of_the_pipeline() -> None:
    assert "import cgt_etl" not in Path(__file__).with_name("independent_instants.py").read_text(encoding="utf-8")


def test_a_zone_that_the_record_states_counts_and_not_the_sites(tmp_path: Path) -> None:
    spec = table(
        "seen",
        column("no", cast="integer", position=1),
        column("airport", cast="code", code_map="airport_zone"),
        column("at", cast="instant", formats=["%Y-%m-%dT%H:%M"], zone_column="airport"),
    )
    spring, autumn = "2026-03-29T02:30", "2026-10-25T02:30"
    rows = [["1", "JFK", spring], ["2", "FRA", spring], ["3", "FRA", autumn], ["4", "", spring]]
    admission = through(binding(spec), csv_file(tmp_path / "seen.csv", spec, rows))
    found = admission.tables["seen"].to_dicts()
    assert [row["at_at_utc"] for row in found] == [datetime(2026, 3, 29, 6, 30), None, None, None]  # noqa: DTZ001
    assert [row["at_local"] for row in found] == [spring, None, autumn, spring]
    assert [row["at_zone_source"] for row in found] == ["stated", None, "stated", "none"]
    assert verdicts(admission) == [(3, "at", "R25", "cell"), (4, "at", "R25", "flag"), (5, "at", "D06", "flag")]
