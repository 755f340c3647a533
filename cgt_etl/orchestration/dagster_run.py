"""Runs the `night` job inside this process, on the home's own Dagster instance: what `cgt-etl run` does.

The night is opened before Dagster is: a lease that is held, or an inbox without that night, is one sentence and no run.
"""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run
from dagster._core.storage.tags import MAX_RETRIES_TAG
from dagster._core.utils import make_new_run_id

from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError
from cgt_etl.orchestration.graph import build
from cgt_etl.orchestration.instance import LEASE_TAG, bury, job_origin, left_behind, open_instance
from cgt_etl.orchestration.job import NIGHT, NIGHT_TAG
from cgt_etl.orchestration.report import NightReport
from cgt_etl.orchestration.resource import HANDED_OVER
from cgt_etl.orchestration.steps import open_night, silent
from cgt_etl.settings import Settings


def run_night_job(settings: Settings, inbox: Path, night: str) -> NightReport:
    """One night through Dagster, with its run, assets and checks kept in `$CGT_HOME/dagster`.

    Raises:
        CgtError: a step failed, or another night is writing; the run says the same.
    """
    registry = Registry.load(settings)
    with silent(NIGHT), open_night(settings, registry, inbox, night, datetime.now(UTC)) as steps, open_instance(settings) as instance:
        bury(instance, left_behind(instance))
        run_id = make_new_run_id()
        job = build(settings, registry).resolve_job_def(NIGHT)
        run = instance.create_run_for_job(
            job_def=job,
            run_id=run_id,
            run_config={
                "resources": {NIGHT: {"config": {"inbox": str(inbox), "night": night}}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},  # the report is what the terminal shows
            },
            # Whoever typed the command sees it fail and runs it again: no daemon does.
            tags={**job.run_tags, LEASE_TAG: run_id, NIGHT_TAG: night, MAX_RETRIES_TAG: "0"},
            remote_job_origin=job_origin(NIGHT),
        )
        token = HANDED_OVER.set(steps)
        try:
            execute_run(InMemoryJob(job), run, instance)
        finally:
            HANDED_OVER.reset(token)
        ended = instance.get_run_by_id(run.run_id)
        if steps.error is not None:
            raise steps.error
        if not steps.report.is_held and (ended is None or ended.status is not dg.DagsterRunStatus.SUCCESS):
            raise CgtError(f"the Dagster run {run.run_id} did not end well", remedy="`make ui` shows where")
    return steps.report
