"""The Dagster instance of a home, and the end of runs that were killed.

A run whose process dies by SIGKILL stays STARTED for ever (dagster #4319). Every run carries its own id in the tag `cgt/lease` from the
moment it holds the lease (a retry inherits its parent's tags, so the name alone says nothing); the lease dies with its process; so whoever
holds it next, or finds it free, knows that every other unfinished run with that tag is dead.
"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteJobOrigin, RemoteRepositoryOrigin
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

from cgt_etl.settings import Settings

LEASE_TAG = "cgt/lease"
LOCATION = "cgt_etl"
"""Name of the code location, as workspace.yaml gives it."""
MODULE = "cgt_etl.definitions"
TEMPLATE = Path(__file__).with_name("dagster.yaml")
PATIENCE = timedelta(hours=1)
"""A run that has neither taken the lease nor ended after this time died while it was starting."""

_UNFINISHED = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.CANCELING]


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """The instance whose storage is `$CGT_HOME/dagster`; made on first use. Close it after use (it is a context manager)."""
    folder = settings.home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    text = TEMPLATE.read_text(encoding="utf-8").replace("base_dir: EVENTS", f"base_dir: {json.dumps(str(folder / 'history' / 'runs'))}")
    written = folder / "dagster.yaml"
    if not written.is_file() or written.read_text(encoding="utf-8") != text:
        written.write_text(text, encoding="utf-8")
    os.environ["DAGSTER_DISABLE_TELEMETRY"] = "1"
    return dg.DagsterInstance.from_config(str(folder))


def job_origin(job_name: str) -> RemoteJobOrigin:
    """Where the UI finds this job's definition, so that a run made on the command line links to it."""
    target = LoadableTargetOrigin(executable_path=sys.executable, module_name=MODULE, working_directory=None, attribute=None)
    location = ManagedGrpcPythonEnvCodeLocationOrigin(loadable_target_origin=target, location_name=LOCATION)
    return RemoteRepositoryOrigin(location, "__repository__").get_job_origin(job_name)


def left_behind(instance: dg.DagsterInstance, alive: str | None = None, now: datetime | None = None) -> list[dg.DagsterRun]:
    """Unfinished runs that held the lease once, or never came to it: dead where the caller holds it.

    Args:
        alive: id of the caller's own run, if it has one.
        now: with a zone; our clock where absent.
    """
    found = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_UNFINISHED)):
        run = record.dagster_run
        is_old = (now or datetime.now(UTC)) - record.update_timestamp.astimezone(UTC) > PATIENCE
        if run.run_id != alive and (run.tags.get(LEASE_TAG) == run.run_id or is_old):
            found.append(run)
    return found


def bury(instance: dg.DagsterInstance, dead: list[dg.DagsterRun]) -> None:
    """Mark killed runs as failed; the daemon then runs again those that may be retried."""
    for run in dead:
        instance.report_run_failed(run, message="The process of this run died; it was found unfinished.")
