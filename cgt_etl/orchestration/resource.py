"""The open night as a Dagster resource: one lease, one state, one report per run.

A run that the UI or the schedule starts opens its night here; `run_night_job` opens it before Dagster starts and hands it over.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
from pydantic import Field

from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import DeclarationError, LeaseHeld
from cgt_etl.landing import ready
from cgt_etl.landing.inbox import nights
from cgt_etl.orchestration.instance import LEASE_TAG, bury, left_behind
from cgt_etl.orchestration.night import nights_to_run
from cgt_etl.orchestration.steps import Night, open_night, silent
from cgt_etl.settings import Settings

HANDED_OVER: ContextVar[Night | None] = ContextVar("handed_over", default=None)
"""The night that this process has opened already."""
WAIT = timedelta(minutes=30)
"""How long a run of the UI or the schedule waits for the lease; less than the patience of `left_behind`."""
POLL_SECONDS = 2.0


class NightResource(dg.ConfigurableResource[Night]):
    """Which night to run. The lease of the home is held from the first step to the last."""

    inbox: str = Field(default="", description="Folder of <night>/<partner>/<feed>/<file>; CGT_INBOX when empty.")
    night: str = Field(default="", description="Name of one night's folder; the first with something new when empty, else the last.")

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Night]:
        """Give the steps their night."""
        handed_over = HANDED_OVER.get()
        if handed_over is not None:
            yield handed_over
            return
        settings = Settings.from_environment()
        registry = Registry.load(settings)
        inbox = Path(self.inbox) if self.inbox else settings.inbox
        if inbox is None or not inbox.is_dir():
            raise DeclarationError("there is no inbox", remedy="Set CGT_INBOX, or `inbox` in the run's config, to its folder")
        name = self.night or _next(settings, registry, inbox)
        with silent("night"), ExitStack() as stack:
            night = _opened(stack, lambda: open_night(settings, registry, inbox, name, datetime.now(UTC), settle=ready.SETTLE))
            if context.instance and context.run:
                context.instance.add_run_tags(context.run.run_id, {LEASE_TAG: context.run.run_id})
                bury(context.instance, left_behind(context.instance, alive=context.run.run_id))
            yield night


def _opened(stack: ExitStack, attempt: Callable[[], AbstractContextManager[Night]]) -> Night:
    """Open a night, waiting for the lease while the command line holds it: a run that fails colours every asset red."""
    give_up = time.monotonic() + WAIT.total_seconds()
    while True:
        try:
            return stack.enter_context(attempt())
        except LeaseHeld:
            if time.monotonic() > give_up:
                raise
        time.sleep(POLL_SECONDS)


def _next(settings: Settings, registry: Registry, inbox: Path) -> str:
    folders = nights(inbox)
    if not folders:
        raise DeclarationError("the inbox has no night", remedy="Deliver into <inbox>/<night>/<partner>/<feed>/")
    return next(iter(nights_to_run(settings, registry, inbox, watch=ready.Watch(datetime.now(UTC), settle=ready.SETTLE))), folders[-1])
