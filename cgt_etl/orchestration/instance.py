"""The Dagster instance of a home, and the end of runs that were killed.

A run whose process dies by SIGKILL stays STARTED for ever (dagster #4319). Every run carries the tag `cgt/lease` from the moment it holds
the lease; the lease dies with its process; so whoever holds it next knows that every other unfinished run with that tag is dead.
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


def bury_dead_runs(instance: dg.DagsterInstance, alive: str | None, now: datetime | None = None) -> list[str]:
    """Mark killed runs as failed. The caller holds the lease.

    Args:
        alive: id of the caller's own run, if it has one.
        now: with a zone; our clock where absent.

    Returns:
        The ids of the runs that were marked.
    """
    buried = []
    for record in instance.get_run_records(dg.RunsFilter(statuses=_UNFINISHED)):
        run = record.dagster_run
        is_old = (now or datetime.now(UTC)) - record.update_timestamp.astimezone(UTC) > PATIENCE
        if run.run_id != alive and (LEASE_TAG in run.tags or is_old):
            instance.report_run_failed(run, message="The process of this run died; the night after it found it unfinished.")
            buried.append(run.run_id)
    return buried
