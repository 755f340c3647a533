"""What the daemon looks for between two schedules: files that have arrived, and runs that a kill left unfinished.

Reads the inbox and Dagster's runs; lands nothing and never holds the lease.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import dagster as dg

from cgt_etl.contracts.registry import Registry
from cgt_etl.landing import ready
from cgt_etl.landing.inbox import digest, nights, scan
from cgt_etl.landing.lease import is_held_by_anybody
from cgt_etl.orchestration.instance import bury, left_behind
from cgt_etl.orchestration.job import night_job, request
from cgt_etl.settings import Settings

MOST_REQUESTS = 3
"""Runs asked for in one tick: each is a process, and all but one wait for the lease."""


@dg.sensor(
    job=night_job,
    name="inbox",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description=(
        "Runs the job as soon as a night's files have settled. Off by default: partners deliver hours apart, and every run is a release "
        "that analysts see. Switch it on where a release shall follow each delivery; the schedule stays, for what this one does not see."
    ),
)
def inbox_sensor(context: dg.SensorEvaluationContext) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """Ask for each night folder that holds new files. The cursor is a digest per folder; a folder that is as it was is not read again."""
    settings = Settings.from_environment()
    inbox = settings.inbox
    if inbox is None or not inbox.is_dir():
        yield dg.SkipReason("CGT_INBOX names no folder")
        return
    watch = ready.Watch(datetime.now(UTC), ready.SETTLE)
    before: dict[str, str] = json.loads(context.cursor or "{}")
    now = {night: digest(inbox, night, watch) for night in nights(inbox)}
    changed = [night for night in now if now[night] != before.get(night)]
    seen = {night: known for night, known in before.items() if night in now}
    registry = Registry.load(settings) if changed else None
    asked = 0
    for night in changed:
        if registry is None or asked == MOST_REQUESTS:
            break  # the rest stays changed, for the next tick
        new = [one for one in scan(settings, registry, inbox, night, watch) if one.is_new]
        seen[night] = now[night]
        if new:
            asked += 1
            files = hashlib.sha256(json.dumps([(one.partner, one.feed, one.path.name, one.sha256) for one in new]).encode())
            yield request(inbox, night, run_key=f"{night}-{files.hexdigest()}")
    context.update_cursor(json.dumps(seen, sort_keys=True))
    if not asked:
        yield dg.SkipReason("Nothing new has settled.")


@dg.sensor(
    name="watchdog",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Ends runs whose process was killed, so that they show as failed and are retried. On by default.",
)
def watchdog(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """End a run that two ticks in a row found unfinished while nobody held the lease.

    A run is tagged once it holds the lease; listed before the lease is found free, it has let go of it and never takes it again. The
    first tick may see a run between its last step and its end, the second cannot.
    """
    found = left_behind(context.instance)
    if not found or is_held_by_anybody(Settings.from_environment()):
        context.update_cursor("")
        return dg.SkipReason("No unfinished run, or a night is writing.")
    before = json.loads(context.cursor or "[]")
    dead = [run for run in found if run.run_id in before]
    bury(context.instance, dead)
    context.update_cursor(json.dumps(sorted(run.run_id for run in found if run not in dead)))
    return dg.SkipReason(f"Ended {len(dead)} dead runs; {len(found) - len(dead)} more looked dead for the first time.")
