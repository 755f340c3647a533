"""The loop: findings, what was done and disputed, and verdicts on a release's own hours."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from click.testing import CliRunner, Result

from cgt_etl.cli import cgt_etl
from cgt_etl.errors import CgtError
from cgt_etl.handoffs import cases, journal, loop
from cgt_etl.handoffs.journal import Because, Dispute, Reply
from cgt_etl.release.read import Release
from cgt_etl.settings import Settings
from tests.genealogy.released import release

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
DAY = date(2026, 4, 11)
FIRST = datetime(2026, 1, 1)  # noqa: DTZ001  a release holds UTC without saying so
R63 = "f" * 32


def because(why: str = "seen on the ward", minutes: int = 0) -> Because:
    return Because("r. owner", why, NOW + timedelta(minutes=minutes))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Release:
    """Twenty-five hospitals that begin 60 handoffs each over 200 days; the first is slow, and twice as fast from day 100 on."""
    draw = np.random.default_rng(1)
    rows = []
    for site in range(25):
        pace = 30 * np.exp(draw.normal(0, 0.05))
        for number, day in enumerate(draw.uniform(0, 200, 60)):
            slow = (0.8 if day >= 100 else 2.0) if site == 0 else 1
            hours = float(pace * slow * np.exp(draw.normal(0, 0.3)))
            rows.append(
                {
                    "transition_id": f"h{site}-{number}",
                    "transition_code": "H08_until_first_use",
                    "product_name_code": "duocel" if number % 2 else None,
                    "party_id": f"s{site:02d}",
                    "entered_at_utc": FIRST + timedelta(days=float(day)),
                    "status_code": "ended",
                    "duration_h": hours,
                }
            )
    rows += [{**rows[0], "transition_id": status, "status_code": status, "duration_h": None} for status in ("impossible", "open")]
    folder = tmp_path_factory.mktemp("loop") / "release"
    finding = [{"finding_id": R63, "rule_id": "R63", "table_name": "handoff", "effect": "flag"}, {"finding_id": "e", "rule_id": "R12"}]
    found = release(folder, {"transition": rows, "finding": finding})
    (folder / "manifest.json").write_text(json.dumps({**found.manifest, "night": 1}))
    return found


@pytest.fixture
def home(made: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    releases = tmp_path / "home" / "releases"
    releases.mkdir(parents=True)
    (releases / made.id).symlink_to(made.folder)
    (releases / "current").symlink_to(made.id)
    monkeypatch.setenv("CGT_HOME", str(tmp_path / "home"))
    return Settings(tmp_path / "home")


@pytest.fixture
def run(home: Settings) -> Callable[..., Result]:
    def typed(*arguments: str) -> Result:
        return CliRunner().invoke(cgt_etl, ["actions", *arguments])

    return typed


def acted(home: Settings, site: str = "s00", start: date = DAY, expected: float = -0.4, window_days: int = 100) -> journal.Action:
    return journal.act(
        home,
        because(),
        finding=f"H08_until_first_use@{site}",
        transition="H08_until_first_use",
        site=site,
        owner="head nurse",
        done="a second pair of hands at receipt",
        expected=expected,
        start=start,
        window_days=window_days,
    )


def test_hours_are_those_of_finished_spans(made: Release) -> None:
    found = cases.finished(made)
    assert found.columns == ["transition", "site", "product", "at", "hours"]
    assert (set(found["transition"]), found.height, found["site"].n_unique()) == ({"H08_until_first_use"}, 1500, 25)
    assert set(found["product"]) == {"duocel", "unknown"}
    days = (FIRST.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days
    assert found["at"].is_between(days, days + 200).all()


def test_an_action_that_worked_worked_and_one_that_did_not_did_not(made: Release, home: Settings) -> None:
    real, sham = acted(home), acted(home, "s07")
    first, second = loop.verdicts(made, journal.load(home))
    by_id = {one.action.id: one.judged for one in (first, second)}
    assert by_id[real.id].verdict == "worked"
    change = by_id[real.id].change
    assert change is not None
    assert -0.6 < change < -0.15, "beyond the end of a bad spell, not the whole fall from it"
    assert by_id[sham.id].verdict != "worked"
    assert [one.judged for one in loop.verdicts(made, journal.load(home), real.id)] == [by_id[real.id]]


def test_cases_outside_the_window_and_beyond_the_site_s_other_actions_do_not_count(made: Release, home: Settings) -> None:
    finished = cases.finished(made)
    whole = acted(home)
    assert loop.verdict(finished, replace(whole, window_days=20), [whole]).verdict == "not enough data"
    later = replace(whole, start="2026-05-01")
    earlier = replace(whole, start="2026-03-20")
    site = finished.filter(pl.col("site") == "s00")
    days = [(date.fromisoformat(one.start) - date(1970, 1, 1)).days for one in (earlier, whole, later)]
    judged = loop.verdict(finished, whole, [whole, later, earlier])
    assert judged.cases_before == site.filter(pl.col("at").is_between(days[0], days[1], closed="left")).height < 25
    assert judged.cases_after == site.filter(pl.col("at").is_between(days[1], days[2], closed="left")).height < 25


def test_an_entry_is_a_file_named_by_what_it_says_and_one_changed_by_hand_is_refused(home: Settings) -> None:
    made = acted(home)
    [file] = home.actions.glob("*.json")
    assert file.stem == made.id
    assert home.actions.stat().st_mode & 0o077 == 0
    assert journal.load(home) == [made]
    with pytest.raises(CgtError, match="written already"):
        acted(home)
    file.write_text(file.read_text().replace("-0.4", "-0.1"))
    with pytest.raises(CgtError, match="changed by hand"):
        journal.load(home)
    assert len(journal.problems(home)) == 1


@pytest.mark.parametrize("said", [Because("", "why", NOW), Because("who", "  ", NOW)])
def test_nothing_is_written_without_who_and_why(home: Settings, said: Because) -> None:
    with pytest.raises(CgtError, match="who made it and why"):
        journal.dispute(home, said, R63)
    assert not home.actions.exists()


@pytest.mark.parametrize("expected", [0.0, 0.4, -1.0])
def test_an_action_that_hopes_for_no_fewer_hours_is_refused(home: Settings, expected: float) -> None:
    with pytest.raises(CgtError, match="fewer hours"):
        acted(home, expected=expected)


def test_a_dispute_is_answered_once_and_deletes_nothing(made: Release, home: Settings) -> None:
    before = list(loop.lines(made, [], has_all=True))
    disputed = journal.dispute(home, because("counted again, it was all there"), R63)
    with pytest.raises(CgtError, match="no such dispute"):
        journal.answer(home, because(), R63, "upheld")
    reply = journal.answer(home, because("the box was opened twice", 1), disputed.id, "dismissed")
    with pytest.raises(CgtError, match="answered already"):
        journal.answer(home, because(), disputed.id, "upheld")
    again = journal.dispute(home, because("here is a photograph", 2), R63)
    heading, *beside = list(loop.lines(made, journal.load(home), has_all=False))[:4]
    assert heading in before, "the finding stands as it stood"
    assert [line.split()[0] for line in beside] == [disputed.id, reply.id, again.id]
    assert "dismissed, by r. owner: the box was opened twice" in beside[1]


def test_an_answer_whose_dispute_is_lost_is_told(home: Settings) -> None:
    disputed = journal.dispute(home, because(), R63)
    reply = journal.answer(home, because(), disputed.id, "upheld")
    (home.actions / f"{disputed.id}.json").unlink()
    assert journal.problems(home) == [f"{reply.id} answers {disputed.id}, which is missing"]


def test_what_people_said_does_not_depend_on_the_order_of_files() -> None:
    at = NOW.isoformat()
    disputed = Dispute(R63, "a", "b", at)
    reply = Reply(R63, "c", "d", at, disputed.id, "upheld")
    assert journal.of_finding([reply, disputed]) == journal.of_finding([disputed, reply]) == {R63: [disputed, reply]}


ADD = ("--owner", "head nurse", "--done", "a second pair of hands", "--expected", "-0.4", "--start", "2026-04-11", "--window", "100")
SAID = ("--who", "r. owner", "--why", "asked for")


def test_the_commands_from_finding_to_verdict(run: Callable[..., Result]) -> None:
    listed = run("list", "--all").output
    assert f"{R63}  R63 in handoff: counts agree" in listed
    added = run("add", R63, "--place", "H08_until_first_use@s00", *ADD, *SAID)
    assert added.exit_code == 0, added.output
    action = added.output.split()[2].rstrip(".")
    disputed = run("dispute", R63, *SAID).output.split()[1].rstrip(".")
    assert run("answer", disputed, "upheld", *SAID).exit_code == 0
    lines = run("list").output.splitlines()
    assert lines[0].startswith(R63)
    assert {line.split()[0] for line in lines[1:4]} >= {action, disputed}
    judged = run("verdict").output
    assert judged.startswith(f"{action}  worked")
    assert "25 cases before, 25 after, 24 comparators" in judged


@pytest.mark.parametrize("arguments", [("dispute", "e"), ("add", "nowhere", *ADD), ("add", R63, *ADD), ("verdict", "a0")])
def test_what_nobody_can_mean_is_refused(run: Callable[..., Result], home: Settings, arguments: tuple[str, ...]) -> None:
    done = run(*arguments, *(() if arguments[0] == "verdict" else SAID))
    assert isinstance(done.exception, CgtError)
    assert not home.actions.exists()
