"""A dbt-duckdb plugin that takes the home's lease before dbt opens a build file, however dbt was started.

Inside a night the lease is held already and nothing happens; a bare `dbt build` on a home's build file holds it until its process ends.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin

from cgt_etl.landing.lease import is_held, lease
from cgt_etl.settings import Settings


class Plugin(BasePlugin):
    """Looked up by this name, through `plugins:` in profiles.yml."""

    _lease: AbstractContextManager[Any] | None = None

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take the lease of the home that the build file lies in (`<home>/builds/<file>`).

        Raises:
            LeaseHeld: a night is writing there.
        """
        del plugin_config
        if self.creds is None:
            return  # nothing is opened
        settings = Settings(home=Path(self.creds.path).resolve().parent.parent)
        if not is_held(settings):
            self._lease = lease(settings, "dbt")
            self._lease.__enter__()  # never left: the lock ends with the process
