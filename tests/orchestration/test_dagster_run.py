"""A night through Dagster: the run, its events and checks, what failure and death leave behind, and that no value gets there."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from cgt_etl.definitions import build
from cgt_etl.errors import CgtError, LeaseHeld
from cgt_etl.landing import ready
from cgt_etl.orchestration import dagster_run, job, resource
from cgt_etl.orchestration.dagster_run import run_night_job
from cgt_etl.orchestration.event_log import KeptSqliteEventLogStorage
from cgt_etl.orchestration.instance import LEASE_TAG, PATIENCE, job_origin, left_behind, open_instance
from cgt_etl.orchestration.job import nightly
from cgt_etl.orchestration.report import NightReport
from cgt_etl.orchestration.steps import Night, open_night
from cgt_etl.release import night_record
from cgt_etl.sandbox.follow import Followed
from tests.orchestration.conftest import CANARY, Stage

pytestmark = pytest.mark.slow


def play(stage: Stage) -> NightReport:
    return run_night_job(stage.settings, stage.inbox, "0001")


def last_run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    return instance.get_run_records(limit=1)[0].dagster_run


def checks(instance: dg.DagsterInstance) -> dict[str, bool]:
    """`asset check` -> passed, of the last run."""
    evaluations = [
        record.dagster_event.asset_check_evaluation_data
        for record in instance.all_logs(last_run(instance).run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        if record.dagster_event
    ]
    return {f"{one.asset_key.to_user_string()} {one.check_name}": one.passed for one in evaluations}


def test_a_night_is_a_run_with_counts_and_checks(stage: Stage) -> None:
    report = play(stage)
    assert report.status == "released"
    with open_instance(stage.settings) as instance:
        assert isinstance(instance.event_log_storage, KeptSqliteEventLogStorage), "the log that dagster.yaml names is not the one used"
        run = last_run(instance)
        assert run.status is dg.DagsterRunStatus.SUCCESS
        assert run.remote_job_origin is not None
        feed = instance.get_latest_materialization_event(dg.AssetKey(["landing", "cell_outcomes_registry", "outcome"]))
        assert feed is not None
        assert feed.asset_materialization is not None
        said = {name: value.value for name, value in feed.asset_materialization.metadata.items()}
        assert (said["in"], said["accepted"], said["set_aside"], said["erased"], said["night"]) == (10, 8, 1, 1, "0001")
        [partner] = instance.fetch_observations(dg.AssetKey(["partner", "cell_outcomes_registry"]), limit=2).records
        assert partner.asset_observation is not None
        state = {name: value.value for name, value in partner.asset_observation.metadata.items()}
        assert (state["feeds promised"], state["files tonight"], state["files tonight left out"]) == (1, 2, 1)
        assert "| outcome | 0 | never |" in str(state["feeds"])
        gate = instance.get_latest_materialization_event(dg.AssetKey("gate"))
        assert gate is not None
        assert gate.asset_materialization is not None
        assert state["Data Docs"] == gate.asset_materialization.metadata["Data Docs"].value
        assert instance.get_latest_materialization_event(dg.AssetKey("release")) is not None
        assert instance.get_latest_materialization_event(dg.AssetKey("int_record")) is not None
        assert checks(instance) == {
            "landing/cell_outcomes_registry/outcome came_as_promised": False,  # the stand-in leaves nothing in the landing
            "landing/cell_outcomes_registry/outcome every_file_admitted": False,
            "landing/cell_outcomes_registry/outcome few_units_set_aside": False,
            "journey not_null_component_id": True,
            **{f"gate {suite}": True for suite in ("growth", "keys", "links", "medians", "rates")},
            "feedback_cards every_partner_has_its_card": True,
            "feedback_cards no_card_names_another": True,
            "sandboxes every_sandbox_is_of_this_release": True,
        }
        cards = instance.get_latest_materialization_event(dg.AssetKey("feedback_cards"))
        assert cards is not None
        assert cards.asset_materialization is not None
        said = {name: value.value for name, value in cards.asset_materialization.metadata.items()}
        assert (said["cards"], said["statements"], said["partners without a card"]) == (1, 7, 0)


def test_failing_cards_leave_a_release_a_run_that_ended_well_and_a_warning(stage: Stage) -> None:
    stage.broken["tell"] = f"could not cast {CANARY}"
    report = play(stage)
    assert report.status == "released"
    assert any("feedback cards: not all could be written" in line for line in report.lines())
    with open_instance(stage.settings) as instance:
        assert last_run(instance).status is dg.DagsterRunStatus.SUCCESS
        assert checks(instance)["feedback_cards every_partner_has_its_card"] is False
        assert instance.get_latest_materialization_event(dg.AssetKey("release")) is not None
        assert instance.get_latest_materialization_event(dg.AssetKey("feedback_cards")) is None
    assert [name for name, data in stage.written() if CANARY.encode() in data] == []


def test_a_sandbox_that_fails_leaves_a_release_a_run_that_ended_well_and_a_check_that_names_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = Followed(["alder"], {"birch": CgtError("its build is gone", remedy="Build it again")})
    monkeypatch.setattr("cgt_etl.sandbox.follow.follow", lambda *_, **__: followed)
    assert any("sandbox of birch" in line for line in play(stage).lines())
    with open_instance(stage.settings) as instance:
        assert last_run(instance).status is dg.DagsterRunStatus.SUCCESS
        assert checks(instance)["sandboxes every_sandbox_is_of_this_release"] is False
        event = instance.get_latest_materialization_event(dg.AssetKey("sandboxes"))
        assert event is not None
        assert event.asset_materialization is not None
        said = {name: value.value for name, value in event.asset_materialization.metadata.items()}
        assert (said["built"], said["failed"]) == (1, "birch")


def test_a_closed_gate_makes_no_release_and_says_so(stage: Stage) -> None:
    stage.closing = ["G02 no two rows share a primary key: does not hold for journey (block)"]
    assert play(stage).is_held
    with open_instance(stage.settings) as instance:
        assert last_run(instance).status is dg.DagsterRunStatus.FAILURE
        assert checks(instance)["gate keys"] is False
        assert checks(instance)["gate links"] is True
        assert instance.get_latest_materialization_event(dg.AssetKey("release")) is None


def test_a_failing_step_leaves_its_sentence_and_no_value(stage: Stage) -> None:
    stage.broken["judge"] = f"could not cast {CANARY}"
    stage.model("leak", "select cast(note as integer) as n from {{ source('registry_ct', 'outcome__outcome') }}")
    with pytest.raises(CgtError, match=r"leak \(Conversion Error\)"):
        play(stage)
    (stage.project / "models" / "leak.sql").unlink()
    with pytest.raises(CgtError, match="`judge` failed"):
        play(stage)
    with open_instance(stage.settings) as instance:
        assert last_run(instance).status is dg.DagsterRunStatus.FAILURE
        [failure] = instance.all_logs(last_run(instance).run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        assert "`judge` failed (ValueError at" in str(failure.dagster_event)
    assert [name for name, data in stage.written() if CANARY.encode() in data] == []
    assert any("history" in name for name, _ in stage.written())


def test_nothing_new_skips_everything_below_the_plan(stage: Stage) -> None:
    stage.is_nothing_new = True
    stage.broken["identify"] = "must not be called"
    assert play(stage).status == "nothing_new"
    with open_instance(stage.settings) as instance:
        assert last_run(instance).status is dg.DagsterRunStatus.SUCCESS
        assert instance.get_latest_materialization_event(dg.AssetKey("journey")) is None


def test_a_night_finds_the_runs_of_killed_ones_and_ends_them(stage: Stage) -> None:
    @dg.job
    def night() -> None: ...

    with open_instance(stage.settings) as instance:
        killed = instance.create_run_for_job(night, status=dg.DagsterRunStatus.STARTED)
        instance.add_run_tags(killed.run_id, {LEASE_TAG: killed.run_id})
        starting = instance.create_run_for_job(night, status=dg.DagsterRunStatus.STARTED, tags={LEASE_TAG: killed.run_id})
        queued = instance.create_run_for_job(night, status=dg.DagsterRunStatus.QUEUED, remote_job_origin=job_origin("night"))
    play(stage)
    with open_instance(stage.settings) as instance:
        status = {run.run_id: run.status for run in (instance.get_run_by_id(one.run_id) for one in (killed, starting, queued)) if run}
        assert status[killed.run_id] is dg.DagsterRunStatus.FAILURE
        assert status[starting.run_id] is dg.DagsterRunStatus.STARTED, "a retry, with the tags of its parent, may be waiting for the lease"
        assert status[queued.run_id] is dg.DagsterRunStatus.QUEUED
        assert [run.run_id for run in left_behind(instance, now=datetime.now(UTC) + 2 * PATIENCE)] == [starting.run_id]


def test_several_nights_in_one_process(stage: Stage) -> None:
    for _ in range(2):
        assert play(stage).status == "released"
    assert dagster_run.HANDED_OVER.get() is None


@pytest.fixture
def deployed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """The same deployment, named by the environment, as the UI and the daemon find it."""
    monkeypatch.setattr(ready, "SETTLE", timedelta(0))
    monkeypatch.setenv("CGT_HOME", str(stage.settings.home))
    monkeypatch.setenv("CGT_INBOX", str(stage.inbox))
    monkeypatch.setenv("CGT_DIALECTS", f"={stage.settings.dialect_paths[0]}")
    monkeypatch.setenv("CGT_PARTNERS", f"={stage.settings.partner_paths[0]}")
    return stage


def test_a_run_of_the_ui_opens_its_own_night_and_waits_for_the_lease(deployed: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def busy(*arguments: object, **settle: object) -> AbstractContextManager[Night]:
        asked.append(arguments)
        if len(asked) == 1:
            raise LeaseHeld("another night is writing")
        return open_night(*arguments, **settle)  # type: ignore[arg-type]

    monkeypatch.setattr(resource, "open_night", busy)
    monkeypatch.setattr(resource, "POLL_SECONDS", 0.01)
    night_job = build(deployed.settings, deployed.registry).resolve_job_def("night")
    with open_instance(deployed.settings) as instance:
        assert night_job.execute_in_process(instance=instance).success
        assert last_run(instance).tags[LEASE_TAG] == last_run(instance).run_id
    assert len(asked) == 2
    assert night_record.load(deployed.settings, 1).status == "released"


def test_a_failed_run_of_the_ui_is_recorded(deployed: Stage) -> None:
    deployed.broken["judge"] = CANARY
    night_job = build(deployed.settings, deployed.registry).resolve_job_def("night")
    with open_instance(deployed.settings) as instance:
        assert not night_job.execute_in_process(instance=instance, raise_on_error=False).success
    assert night_record.load(deployed.settings, 1).status == "failed"


def test_the_schedule_asks_for_nights_with_something_new(deployed: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    tick = nightly.evaluate_tick(dg.build_schedule_context())
    assert [request.tags["cgt/night"] for request in tick.run_requests or []] == ["0001"]
    monkeypatch.setattr(job, "nights_to_run", lambda *_, **__: [])
    assert "Nothing new" in (nightly.evaluate_tick(dg.build_schedule_context()).skip_message or "")
    monkeypatch.delenv("CGT_INBOX")
    assert nightly.evaluate_tick(dg.build_schedule_context()).skip_message == "CGT_INBOX names no folder"
