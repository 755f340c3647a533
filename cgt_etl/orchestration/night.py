"""A night without Dagster: the steps in order, and whether there is anything to do at all.

Imports nothing heavy (`nights_to_run` must decide in seconds), and nothing of Dagster.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError
from cgt_etl.landing.delivery import deliveries
from cgt_etl.landing.inbox import nights, scan
from cgt_etl.landing.lease import lease
from cgt_etl.landing.ready import Watch
from cgt_etl.orchestration.report import NightReport
from cgt_etl.orchestration.steps import Night, open_night, silent
from cgt_etl.release import night_record, plan, read
from cgt_etl.settings import Settings

__all__ = ["NightReport", "build_as_of", "nights_to_run", "run_night"]


def nights_to_run(settings: Settings, registry: Registry, inbox: Path, only: str | None = None, watch: Watch | None = None) -> list[str]:
    """The night folders that hold a file that has not landed, in order; else the last one, if what is landed is not what is released.

    Args:
        only: look at this folder alone.
        watch: leave out files that have not settled.

    Raises:
        DeclarationError: the inbox has no such night.
    """
    folders = [only] if only else nights(inbox)
    found = [folder for folder in folders if any(one.is_new for one in scan(settings, registry, inbox, folder, watch))]
    return found or (folders[-1:] if _is_stale(settings, registry) else [])


def run_night(settings: Settings, registry: Registry, inbox: Path, night: str, *, received_at: datetime) -> NightReport:
    """Land, plan, identify, prepare, build, judge, publish, tell, build sandboxes.

    A refused file costs itself only; a closed gate holds the night.

    Args:
        received_at: with a zone; goes to manifests and nowhere else.

    Raises:
        CgtError: a step failed, or another night is writing; nothing was released and nothing that was released has changed.
    """
    with silent("night"), open_night(settings, registry, inbox, night, received_at) as steps:
        steps.land()
        if not steps.make_plan().is_nothing_new:
            steps.identify()
            steps.prepare()
            steps.transform()
            steps.require_built()
            if steps.judge().is_open:
                steps.publish()
                steps.tell_partners()
                steps.follow_sandboxes()
    return steps.report


def build_as_of(settings: Settings, registry: Registry, night: int, out: Path) -> list[str]:
    """Build in full what a recorded night knew, with today's code and contracts, into the new folder `out`.

    Releases nothing, and asks no gate: the night was judged when it was released.

    Returns:
        What was written, for the terminal.

    Raises:
        CgtError: there is no such night, `out` exists, or a step failed.
    """
    from cgt_etl.release.publish import write

    with silent("build as of"), lease(settings, owner=f"build as of night {night:04d}"):
        made = plan.as_of(settings, registry, night)
        if out.exists():
            raise CgtError(f"{out} exists", remedy="Name a new folder")
        steps = Night.of_plan(settings, registry, made)
        try:
            steps.identify()
            work_db = steps.prepare()
            steps.transform()
            steps.require_built()
            out.mkdir(parents=True)
            manifest = write(out, registry, made, work_db, verdict=None, night=night)
        finally:
            steps.remove_work()
    tables = manifest["tables"].values()
    size = f"{sum(int(table['rows']) for table in tables)} rows in {len(tables)} tables"
    return [f"Built night {night:04d} again in {out}: {size}, from {len(made.deliveries)} deliveries."]


def _is_stale(settings: Settings, registry: Registry) -> bool:
    """Whether what is landed and declared is not what is released."""
    current = read.current(settings)
    if current is not None and not night_record.tells_of(settings, current):
        return True  # killed between its release and its record
    return not plan.plan(settings, registry, plan.declared(registry, deliveries(settings))).is_nothing_new
