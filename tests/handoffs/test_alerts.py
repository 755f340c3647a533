"""Alerts: once for each breach, again only after its end, and the same after a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from cgt_etl.errors import CgtError
from cgt_etl.handoffs import alerts
from cgt_etl.release.read import Release
from cgt_etl.settings import REPOSITORY, Settings
from tests.genealogy.released import release

FIRST = datetime(2026, 1, 1)  # noqa: DTZ001  a release holds UTC without saying so
IDENTITY, OPEN, MINOR = "R65", "R26", "R63"


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    (tmp_path / "home").mkdir()
    return Settings(tmp_path / "home")


def night(home: Settings, number: int, *findings: tuple[str, str]) -> Release:
    """A release with these findings: (rule, id)."""
    rows = [{"finding_id": id_, "rule_id": rule, "table_name": "handoff"} for rule, id_ in findings]
    return replace(release(home.home / f"r{number}", {"finding": rows}), id=f"{number:04d}-{number:016d}")


def test_a_breach_is_told_once_and_again_only_after_it_ended(home: Settings) -> None:
    one, other = (IDENTITY, "a" * 32), (IDENTITY, "b" * 32)
    said = [
        alerts.news(home, night(home, number, *standing)) for number, standing in enumerate([[one], [one], [one, other], [other], [one]])
    ]
    assert [len(news) for news in said] == [1, 0, 1, 0, 1]
    assert "a" * 32 in said[0][0]
    assert "a" * 32 not in said[2][0]
    assert "identity agrees on both sides" in said[4][0]


def test_what_is_open_too_long_is_told_and_what_is_minor_is_not(home: Settings) -> None:
    [news] = alerts.news(home, night(home, 1, (OPEN, "c" * 32), (MINOR, "d" * 32)))
    assert news.startswith(OPEN)


def test_many_of_a_rule_are_one_sentence(home: Settings) -> None:
    [news] = alerts.news(home, night(home, 1, *((IDENTITY, f"{number:032d}") for number in range(9))))
    assert news.endswith(" and 4 more")


def test_a_kill_before_anything_was_told_loses_and_doubles_nothing(home: Settings) -> None:
    made = night(home, 1, (IDENTITY, "a" * 32))
    program = (
        "import sys; from pathlib import Path; from cgt_etl.handoffs import alerts; from cgt_etl.release.read import Release\n"
        "from cgt_etl.settings import Settings\n"
        "files = {t: {'files': [f'tables/{t}/part-0000.parquet']} for t in ('transition', 'finding')}\n"
        "print(alerts.news(Settings(Path(sys.argv[1])), Release(sys.argv[2], Path(sys.argv[3]), {'tables': files})))"
    )
    killed = subprocess.run(
        [sys.executable, "-c", program, home.home, made.id, made.folder],
        env=os.environ | {"CGT_FAULT_POINT": "alerts.kept"},
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (killed.returncode, killed.stdout) == (-signal.SIGKILL, ""), killed.stderr
    again = alerts.news(home, made)
    assert len(again) == 1
    assert alerts.news(home, made) == again, "asked about the same release, the same is news"
    assert alerts.news(home, night(home, 2, (IDENTITY, "a" * 32))) == []


def test_a_damaged_file_is_said_and_a_release_without_handoffs_is_none_of_its_business(home: Settings) -> None:
    made = night(home, 1)
    assert alerts.news(home, replace(made, manifest={"tables": {}})) == []
    home.alerts.write_text("{")
    with pytest.raises(CgtError, match="damaged"):
        alerts.news(home, made)


def hours(until: float, slow: dict[int, float], *, since: float = 1e9, factor: float = 1.0) -> list[dict[str, object]]:
    """Ten hospitals begin a handoff every two days until a day; some are slower throughout, the fourth from a day on."""
    draw = np.random.default_rng(3)
    rows: list[dict[str, object]] = []
    for site in range(10):
        for number, noise in enumerate(np.exp(draw.normal(0, 0.3, 200))):
            day = 2 * number + site / 10
            if day < until:
                pace = slow.get(site, 1.0) * (factor if site == 4 and day >= since else 1.0)
                rows.append(
                    {
                        "transition_id": f"h{site}-{number}",
                        "transition_code": "H08_until_first_use",
                        "party_id": f"s{site}",
                        "entered_at_utc": FIRST + timedelta(days=day),
                        "status_code": "ended",
                        "duration_h": float(20 * pace * noise),
                    }
                )
    return rows


def told(home: Settings, number: int, rows: list[dict[str, object]]) -> list[str]:
    made = release(home.home / f"r{number}", {"transition": rows})
    return alerts.news(home, replace(made, id=f"{number:04d}-{number:016d}"))


def test_a_bottleneck_is_told_once_and_again_after_it_ended(home: Settings) -> None:
    [news] = told(home, 1, hours(200, {2: 2.0}))
    assert news.startswith("H08_until_first_use@s2: bottleneck")
    assert told(home, 2, hours(260, {2: 2.0})) == []
    assert told(home, 3, hours(260, {})) == []
    assert len(told(home, 4, hours(260, {2: 2.0}))) == 1


def test_a_chart_is_told_while_its_hours_have_risen_once(home: Settings) -> None:
    assert told(home, 1, hours(100, {})) == []
    rising = hours(130, {}, since=100, factor=3)
    assert [one for one in told(home, 2, rising) if "chart" in one] == ["H08_until_first_use@s4: control chart: hours have risen"]
    assert [one for one in told(home, 3, hours(132, {}, since=100, factor=3)) if "chart" in one] == []
    assert [one for one in told(home, 4, hours(132, {})) if "chart" in one] == []


def test_hours_that_fall_are_no_breach() -> None:
    rows = hours(130, {}, since=100, factor=0.3)
    frame = pl.DataFrame(rows).select(
        transition="transition_code", site="party_id", product=pl.lit("p"), at=pl.lit(0.0), hours="duration_h"
    )
    assert list(alerts.risen(frame)) == []
    slower = frame.with_columns(hours=1 / pl.col("hours"))
    assert [one.of for one in alerts.risen(slower)] == ["H08_until_first_use@s4"]
