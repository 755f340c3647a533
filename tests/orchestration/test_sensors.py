"""The daemon's sensors: when a night is asked for, what is not read again, and which unfinished runs are ended."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from cgt_etl.landing import ready
from cgt_etl.landing.lease import is_held_by_anybody, lease
from cgt_etl.orchestration import sensors
from cgt_etl.orchestration.instance import LEASE_TAG, open_instance
from tests.orchestration.conftest import Stage
from tests.orchestration.test_dagster_run import deployed

__all__ = ["deployed"]

pytestmark = pytest.mark.slow


@dg.job
def night() -> None: ...


@pytest.fixture
def instance(deployed: Stage) -> Iterator[dg.DagsterInstance]:
    with open_instance(deployed.settings) as opened:
        yield opened


def tick(sensor: dg.SensorDefinition, instance: dg.DagsterInstance, cursor: str | None = None) -> tuple[list[str], str | None]:
    """Run keys that are asked for, and the cursor that is left."""
    said = sensor.evaluate_tick(dg.build_sensor_context(instance=instance, cursor=cursor))
    return [request.run_key or "" for request in said.run_requests or []], said.cursor


def killed(instance: dg.DagsterInstance) -> str:
    run = instance.create_run_for_job(night, status=dg.DagsterRunStatus.STARTED)
    instance.add_run_tags(run.run_id, {LEASE_TAG: run.run_id})
    return run.run_id


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def deliver(stage: Stage, folder: str, name: str) -> Path:
    path = stage.inbox / folder / "cell_outcomes_registry" / "outcome" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{folder} {name}\n")
    return path


def test_an_unchanged_inbox_is_asked_for_once_and_read_once(
    deployed: Stage, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    [first], cursor = tick(sensors.inbox_sensor, instance)
    assert first.startswith("0001-")
    with monkeypatch.context() as patch:
        patch.setattr(sensors, "scan", lambda *_: pytest.fail("read again"))
        assert tick(sensors.inbox_sensor, instance, cursor) == ([], cursor)
    deliver(deployed, "0001", "reg_20260102.csv")
    [second], _ = tick(sensors.inbox_sensor, instance, cursor)
    assert second.startswith("0001-")
    assert second != first, "more files are another request, which Dagster does not take for the first"


def test_a_growing_file_is_asked_for_when_it_has_settled(
    deployed: Stage, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled = False
    monkeypatch.setattr(ready.Watch, "has_settled", lambda *_: settled)
    keys, cursor = tick(sensors.inbox_sensor, instance)
    assert keys == []
    settled = True
    keys, _ = tick(sensors.inbox_sensor, instance, cursor)
    assert len(keys) == 1


def test_more_nights_than_one_tick_asks_for_are_left_to_the_next(deployed: Stage, instance: dg.DagsterInstance) -> None:
    for folder in ("0002", "0003", "0004", "0005"):
        deliver(deployed, folder, f"reg_{folder}.csv")
    first, cursor = tick(sensors.inbox_sensor, instance)
    second, _ = tick(sensors.inbox_sensor, instance, cursor)
    assert [[key.split("-")[0] for key in keys] for keys in (first, second)] == [["0001", "0002", "0003"], ["0004", "0005"]]


def test_a_killed_run_is_ended_on_the_second_tick(deployed: Stage, instance: dg.DagsterInstance) -> None:
    dead = killed(instance)
    _, cursor = tick(sensors.watchdog, instance)
    assert status(instance, dead) is dg.DagsterRunStatus.STARTED, "it may be about to end by itself"
    tick(sensors.watchdog, instance, cursor)
    assert status(instance, dead) is dg.DagsterRunStatus.FAILURE
    assert (instance.get_run_by_id(dead) or pytest.fail()).tags["dagster/will_retry"] == "true"


def test_while_a_night_is_writing_no_run_is_ended(deployed: Stage, instance: dg.DagsterInstance) -> None:
    run_id = killed(instance)
    _, cursor = tick(sensors.watchdog, instance)
    with lease(deployed.settings, "a night"):
        _, cursor = tick(sensors.watchdog, instance, cursor)
    tick(sensors.watchdog, instance, cursor)
    assert status(instance, run_id) is dg.DagsterRunStatus.STARTED, "two ticks in a row"


def test_looking_at_the_lease_makes_no_night_fail(deployed: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    deployed.settings.home.mkdir(exist_ok=True)
    with (deployed.settings.home / "lease").open("w") as looking:
        fcntl.flock(looking, fcntl.LOCK_SH)  # as `is_held_by_anybody` does, for an instant
        monkeypatch.setattr(time, "sleep", lambda _: fcntl.flock(looking, fcntl.LOCK_UN))
        with lease(deployed.settings, "a night"):
            assert is_held_by_anybody(deployed.settings)
