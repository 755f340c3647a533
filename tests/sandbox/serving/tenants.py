"""A partner with a sandbox, and its database on a server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl
import psycopg

from cgt_etl.door.tokens import Keys
from cgt_etl.sandbox import home, store
from cgt_etl.sandbox.own import Table
from tests.sandbox import world
from tests.sandbox.serving.postgres import Server

AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
OWN_MARK = "OWNQX76ZJ"
PASSWORD = "of-one-partner"


@dataclass(frozen=True)
class Tenant:
    """A partner with a sandbox and a database."""

    box: home.Box
    server: Server

    @property
    def name(self) -> str:
        return self.box.served_as

    def connect(self, database: str | None = None, user: str | None = None, **more: Any) -> psycopg.Connection[Any]:
        """A session of this tenant's; `database` and `user` may be another's."""
        where = {"host": str(self.server.folder), "port": self.server.port, "dbname": database or self.name}
        return psycopg.connect(**(where | {"user": user or self.name, "password": PASSWORD} | more), autocommit=True)

    def build(self, **tables: pl.DataFrame) -> None:
        """Make the sandbox anew, with these tables of its own; `release` is how many rows the first of them has."""
        self.box.folder.mkdir(parents=True, exist_ok=True)
        release = str(next(iter(tables.values())).height)
        own = [Table("own", name, f"{name} of the test", frame, {frame.columns[0]: "what was said"}) for name, frame in tables.items()]
        learned = Table("collective", "learned", "by all", pl.DataFrame({"quarter": ["2026Q1"], "subjects": [22]}))
        store.write(self.box.file, self.box.key, [*own, learned], {"partner": self.box.partner, "release": release})

    def serve(self, password: str | None = None) -> int:
        return home.serve(self.box, self.server.address, "ann", AT, password)


def tenant(server: Server, folder: Path, partner: str) -> Tenant:
    return Tenant(home.Box(partner, folder / partner, Keys(world.MASTER)), server)
