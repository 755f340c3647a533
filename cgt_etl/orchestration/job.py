"""The job of a night and its schedule. One process per night: a process per step would import everything again for each."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
from dagster._core.storage.tags import RETRY_STRATEGY_TAG

from cgt_etl.contracts.registry import Registry
from cgt_etl.landing import ready
from cgt_etl.orchestration.night import nights_to_run
from cgt_etl.settings import Settings

NIGHT = "night"
NIGHT_TAG = "cgt/night"
CRON = "0 3 * * *"
"""UTC; after the partners' own nightly exports."""

night_job = dg.define_asset_job(
    NIGHT,
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    run_tags={RETRY_STRATEGY_TAG: "ALL_STEPS"},  # a step by itself has nothing to work on
    description="One night: land what came, build what it touches, judge, release. Runs again at any time.",
)


@dg.schedule(
    job=night_job,
    cron_schedule=CRON,
    execution_timezone="UTC",
    name="nightly",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Runs the job for every folder of CGT_INBOX that holds something new, oldest first. On by default: nights are unattended.",
)
def nightly() -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for the nights that have something new. They wait for each other's lease, not in a queue: a killed run would block that."""
    settings = Settings.from_environment()
    inbox = settings.inbox
    if inbox is None or not inbox.is_dir():
        yield dg.SkipReason("CGT_INBOX names no folder")
        return
    registry = Registry.load(settings)
    wanted = nights_to_run(settings, registry, inbox, watch=ready.Watch(datetime.now(UTC), ready.SETTLE))
    if not wanted:
        yield dg.SkipReason("Nothing new: every file was landed before, and the current release rests on all of it.")
    for folder in wanted:
        yield request(inbox, folder)


def request(inbox: Path, night: str, run_key: str | None = None) -> dg.RunRequest:
    """A run of one night's folder; never twice under the same `run_key`."""
    config = {"resources": {NIGHT: {"config": {"inbox": str(inbox), "night": night}}}}
    return dg.RunRequest(run_key=run_key, run_config=config, tags={NIGHT_TAG: night})
