"""The order of a night without Dagster: what stops it, what does not, and what it says."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from cgt_etl.errors import CgtError, LeaseHeld
from cgt_etl.landing.lease import lease
from cgt_etl.orchestration import steps, warehouse
from cgt_etl.orchestration.night import run_night
from cgt_etl.orchestration.report import NightReport
from cgt_etl.orchestration.steps import silent
from cgt_etl.release import night_record
from cgt_etl.release.read import Release
from cgt_etl.reports.nightly import Told
from cgt_etl.sandbox.follow import Followed
from tests.orchestration.conftest import CANARY, Stage

NOW = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


@pytest.fixture(autouse=True)
def without_dbt(monkeypatch: pytest.MonkeyPatch) -> None:
    """test_warehouse builds with it; here it would only cost its start."""
    monkeypatch.setattr(warehouse, "dbt_build", lambda *_: warehouse.Built(()))


def play(stage: Stage) -> NightReport:
    return run_night(stage.settings, stage.registry, stage.inbox, "0001", received_at=NOW)


def test_a_refused_file_and_an_unknown_partner_are_named_and_stop_nothing(stage: Stage) -> None:
    report = play(stage)
    assert report.status == "released"
    assert report.counts()["units"] == {"in": 10, "accepted": 8, "set_aside": 1, "erased": 1}
    assert report.counts()["files"] == {"landed": 1, "known": 0, "waiting": 0, "refused": 1, "problem": 1}
    text = "\n".join(report.lines())
    assert "missing column" in text
    assert "unknown partner" in text
    assert "released 0001-abababababababab (a full build; 4 rows in 2 tables)" in text
    record = night_record.load(stage.settings, 1)
    assert (record.status, record.release_id) == ("released", "0001-abababababababab")
    assert len(record.problems) == 2


def test_a_closed_gate_holds_the_night(stage: Stage) -> None:
    stage.closing = ["G02 no two rows share a primary key: does not hold for journey (block)"]
    report = play(stage)
    assert report.is_held
    assert report.release_id is None
    assert any("gate CLOSED: G02" in line for line in report.lines())
    assert night_record.load(stage.settings, 1).status == "held"
    again = play(stage)
    assert again.number == 1, "the same inputs do not make another night"


def test_an_unhealthy_partner_folder_is_named_and_left_out(stage: Stage) -> None:
    folder = stage.settings.partner_paths[0] / "broken"
    folder.mkdir()
    (folder / "partner.yaml").write_text("partner: broken\nnonsense: true\n")
    report = play(stage)
    assert report.status == "released"
    assert any("left out" in line and "broken/partner.yaml" in line for line in report.lines())


def test_a_failing_step_is_one_sentence_without_the_value(stage: Stage) -> None:
    stage.broken["identify"] = f"could not cast {CANARY}"
    with pytest.raises(CgtError) as caught:
        play(stage)
    assert CANARY not in str(caught.value)
    assert "`identify` failed (ValueError at" in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert night_record.load(stage.settings, 1).status == "failed"


def test_without_its_key_a_night_with_new_files_is_an_error_and_not_nothing_new(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CGT_MASTER_KEY")
    stage.is_nothing_new = True
    with pytest.raises(CgtError, match="no master key"):
        play(stage)


def test_feeds_that_delivered_and_are_no_longer_declared_are_named(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = SimpleNamespace(id="gone/outcome/0", partner="gone", feed="outcome", dialect="registry_ct")
    monkeypatch.setattr(steps, "deliveries", lambda _: [gone])
    report = play(stage)
    assert report.status == "released"
    assert any("left out: all deliveries of gone/outcome" in line for line in report.lines())


def test_a_night_is_not_started_beside_another(stage: Stage) -> None:
    import threading

    caught: list[BaseException] = []

    def second() -> None:
        try:
            play(stage)
        except LeaseHeld as error:
            caught.append(error)

    with lease(stage.settings, "night 0009"):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert "night 0009" in str(caught[0])


def test_nothing_new_ends_before_identity(stage: Stage) -> None:
    stage.is_nothing_new = True
    stage.broken["identify"] = "must not be called"
    assert play(stage).lines()[-1] == "  nothing new; there is no release yet"


def test_silent_lets_our_own_errors_through() -> None:
    with pytest.raises(CgtError, match="ours"), silent("step"):
        raise CgtError("ours")


def test_alerts_are_recorded_with_the_night_and_those_that_a_kill_took_with_the_next(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Release("0001-cdcdcdcdcdcdcdcd", stage.settings.releases / "0001-cdcdcdcdcdcdcdcd", {"night": 1})
    plan = steps.planning.plan

    def after(*said: object) -> object:
        made: Any = plan(*said)  # type: ignore[arg-type]
        made.previous = before  # current, and no record tells of it
        return made

    monkeypatch.setattr(steps.planning, "plan", after)
    monkeypatch.setattr("cgt_etl.handoffs.alerts.news", lambda _, release: [f"new in {release.id}"])
    report = play(stage)
    assert report.alerts == ["new in 0001-cdcdcdcdcdcdcdcd", "new in 0001-abababababababab"]
    assert [f"ALERT: {sentence}" for sentence in report.alerts] == night_record.load(stage.settings, 1).problems[-2:]


def test_a_failing_look_for_alerts_stops_no_release_and_tells_no_value(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> list[str]:
        raise ValueError(CANARY)

    monkeypatch.setattr("cgt_etl.handoffs.alerts.news", broken)
    report = play(stage)
    assert report.status == "released"
    [told] = [line for line in report.lines() if "handoffs could not be looked at" in line]
    assert CANARY not in told


def test_failing_cards_stop_no_release_and_tell_no_value(stage: Stage) -> None:
    stage.broken["tell"] = CANARY
    report = play(stage)
    assert report.status == "released"
    [told] = [line for line in report.lines() if "feedback cards" in line]
    assert "not all could be written" in told
    assert CANARY not in told
    assert night_record.load(stage.settings, 1).problems[-1] in told


def test_a_missing_or_indiscreet_card_is_said_by_the_night(stage: Stage) -> None:
    stage.told = Told(("alder", "birch"), 9, without=("cedar",), indiscreet=("birch",))
    said = [line for line in play(stage).lines() if "feedback cards" in line]
    assert len(said) == 2
    assert "no card of this release for cedar" in said[0]
    assert "card of birch was withheld" in said[1]
    assert len([one for one in night_record.load(stage.settings, 1).problems if one.startswith("feedback cards")]) == 2


def test_no_cards_where_nothing_is_released(stage: Stage) -> None:
    stage.broken["tell"] = "must not be called"
    stage.closing = ["G02 no two rows share a primary key: does not hold for journey (block)"]
    assert play(stage).cards == []
    stage.is_nothing_new = True
    assert play(stage).cards == []


def test_a_sandbox_that_fails_is_named_in_the_record_and_the_release_stands(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def follow(_: object, __: object, *, who: str, **___: object) -> Followed:
        asked.append(who)
        return Followed(["alder"], {"birch": CgtError("its build is gone", remedy="Build it again")})

    monkeypatch.setattr("cgt_etl.sandbox.follow.follow", follow)
    report = play(stage)
    assert report.status == "released"
    [told] = [line for line in report.lines() if "sandbox" in line]
    assert "the sandbox of birch could not be built and is the one before: its build is gone" in told
    assert night_record.load(stage.settings, 1).problems[-1] in told
    assert asked == ["night 0001"]
    stage.closing = ["G02 no two rows share a primary key: does not hold for journey (block)"]
    play(stage)
    assert asked == ["night 0001"], "a held night changes no sandbox"


def test_cards_that_a_kill_took_with_the_record_are_written_by_the_next_night(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Release("0001-cdcdcdcdcdcdcdcd", stage.settings.releases / "0001-cdcdcdcdcdcdcdcd", {"night": 1})
    plan = steps.planning.plan
    asked = []

    def after(*said: object) -> object:
        made: Any = plan(*said)  # type: ignore[arg-type]
        made.previous = before
        return made

    def tell(_: object, release: str) -> Told:
        asked.append(release)
        return stage.told

    stage.is_nothing_new = True
    monkeypatch.setattr(steps.planning, "plan", after)
    monkeypatch.setattr("cgt_etl.reports.nightly.tell", tell)
    assert play(stage).status == "nothing_new"
    assert play(stage).status == "nothing_new"
    assert asked == [before.id]
