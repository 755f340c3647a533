"""Dagster's SQLite event log with its connections kept open, because Dagster opens and prepares a new one for each of a night's 600 events.

Named by dagster.yaml. Nothing else differs: same files, same schema, so the plain storage can read what this one wrote.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.sqlite import create_db_conn_string
from dagster._serdes import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event

KEPT = 2
"""The index and the run that is being written."""
BUSY_SECONDS = 60


class KeptSqliteEventLogStorage(SqliteEventLogStorage):
    """One engine per shard. A power cut may cost the last events of a run, which the night after reports as dead; never a release."""

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> "KeptSqliteEventLogStorage":
        """Dagster's own makes its own class, whichever dagster.yaml names."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine(shard)
            with engine.begin() as connection:
                yield connection

    def _engine(self, shard: str) -> Engine:
        engines: dict[str, Engine] = self.__dict__.setdefault("_engines", {})
        if shard not in engines:
            for other in [name for name in engines if name != "index"][: max(0, len(engines) + 1 - KEPT)]:
                engines.pop(other).dispose()
            engine = create_engine(create_db_conn_string(self._base_dir, shard), connect_args={"timeout": BUSY_SECONDS}, pool_size=1)
            event.listen(engine, "connect", _without_waiting_for_the_disk)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            engines[shard] = engine
        return engines[shard]

    def dispose(self) -> None:
        for engine in self.__dict__.pop("_engines", {}).values():
            engine.dispose()
        super().dispose()


def _without_waiting_for_the_disk(connection: object, _: object) -> None:
    connection.execute("pragma synchronous = normal")  # type: ignore[attr-defined]  # sqlite3.Connection; safe with the write-ahead log
