"""A build written anew is the same to whoever asks it, and holds nothing of rows that were deleted."""

from __future__ import annotations

from pathlib import Path

import duckdb

from cgt_etl.operations import compact
from cgt_etl.release.tables import SETTINGS
from cgt_etl.settings import Settings

GONE = b"QXGONEZJ"
SAYS = (
    "select schema_name, table_name, sql, comment from duckdb_tables() where database_name = 'work' order by all",
    "select schema_name, view_name, sql, comment from duckdb_views() where database_name = 'work' order by all",
    "select schema_name from duckdb_schemas() where database_name = 'work' order by all",
    "select table_name, constraint_text from duckdb_constraints() where database_name = 'work' order by all",
    "select number, code from marts.batch",
    "from marts.shown",
)


def _asked(path: Path) -> list[object]:
    with duckdb.connect() as connection:
        connection.execute(f"attach '{path}' as work (read_only)")
        connection.execute("use work")
        return [connection.execute(question).fetchall() for question in SAYS]


def test_what_was_deleted_is_in_no_byte_and_what_stands_is_as_it_was(tmp_path: Path) -> None:
    settings = Settings(tmp_path)
    settings.builds.mkdir()
    work = settings.builds / "work.duckdb"
    with duckdb.connect(work, config=SETTINGS) as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.batch(number integer not null, code varchar, size decimal(9, 2))")
        connection.execute("create view marts.shown as select code from work.marts.batch where number < 50")
        connection.execute("comment on table marts.batch is 'one row is one batch'")
        code = f"case when i % 7 = 0 then '{GONE.decode()}' || i else 'kept ' || hash(i) end"
        connection.execute(f"insert into marts.batch select hash(i) % 1000, {code}, i / 8 from range(30000) as r(i)")
        connection.execute("checkpoint")
        connection.execute(f"delete from marts.batch where code like '{GONE.decode()}%'")
    build = work.rename(settings.builds / "0001-0123456789abcdef.duckdb")
    before = _asked(build)
    assert GONE in build.read_bytes()
    compact.builds(settings)
    assert GONE not in build.read_bytes()
    assert _asked(build) == before
    assert [path.name for path in settings.builds.iterdir() if path.is_file()] == [build.name]
