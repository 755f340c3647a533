"""Writes builds anew, so that nothing of a deleted row is left in them.

A night changes a copy of the build before. DuckDB marks the blocks of deleted rows as free and leaves their bytes where they are, so a
build that tells of somebody no more still holds them. Knows nothing of whom.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from cgt_etl.landing import durable
from cgt_etl.release.tables import SETTINGS, literal
from cgt_etl.settings import Settings

_NAME = "work"
"""By which the views of a build name it (`release.workspace`)."""


def builds(settings: Settings) -> None:
    """Write each kept build anew, whole or not at all: the same schemas, tables, views and rows, in the same order.

    The caller holds the lease.
    """
    for path in sorted(settings.builds.glob("*.duckdb")):
        with durable.workplace(settings.builds, 0o700) as workplace:
            anew = workplace / path.name
            _copy(path, anew)
            durable.sync_tree(workplace)
            anew.replace(path)
        durable.sync_folder(settings.builds)


def _copy(path: Path, anew: Path) -> None:
    with duckdb.connect(config=SETTINGS) as connection:
        connection.execute("set temp_directory = ''")
        connection.execute(f"attach {literal(path)} as {_NAME} (read_only)")
        connection.execute(f"attach {literal(anew)} as anew")
        connection.execute(f"copy from database {_NAME} to anew")
        connection.execute("detach anew")
