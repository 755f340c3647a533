"""A sandbox on a PostgreSQL server: every value as it was, the old or the new and nothing between, and gone when it is taken away."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import duckdb_extension_postgres_scanner
import polars as pl
import psycopg
import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.cli import cgt_etl
from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError
from cgt_etl.sandbox import home, store
from cgt_etl.sandbox.serving import server as servers
from cgt_etl.sandbox.serving import tables
from cgt_etl.settings import REPOSITORY
from tests.sandbox import world
from tests.sandbox.serving.postgres import SUPERUSER, Server
from tests.sandbox.serving.tenants import AT, OWN_MARK, PASSWORD, Tenant, tenant

(SCANNER,) = Path(duckdb_extension_postgres_scanner.__file__).parent.rglob("postgres_scanner.duckdb_extension")
RELEASE = "select value from about.made_from where name = 'release'"


def in_postgres(one: Tenant) -> dict[str, pl.DataFrame]:
    """Every table of a tenant's database, as DuckDB's own reader of PostgreSQL reads it, as that tenant."""
    with duckdb.connect() as connection:
        connection.execute(f"load '{SCANNER}'")
        connection.execute("set timezone = 'UTC'")
        where = f"host={one.server.folder} port={one.server.port} dbname={one.name} user={one.name} password={PASSWORD}"
        connection.execute(f"attach '{where}' as served (type postgres, read_only)")
        return frames(connection, "served")


def in_sandbox(box: home.Box) -> dict[str, pl.DataFrame]:
    with store.reading(box.file, box.key) as connection:
        return frames(connection, store.STORE)


def frames(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, pl.DataFrame]:
    asked = "select schema_name, table_name from duckdb_tables() where database_name = ? and schema_name not in (?, ?) order by all"
    named = connection.execute(asked, [database, "pg_catalog", "information_schema"])
    return {f"{schema}.{name}": connection.execute(f'from {database}."{schema}"."{name}"').pl() for schema, name in named.fetchall()}


ZONED = pl.Datetime("us", "UTC")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=12) | st.sampled_from(
    ["", "\\N", "\\.", "a\nb\t\r\\", '"', "NULL", "{}", "𝄞é"]
)
INSTANTS = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30))  # noqa: DTZ001  without a zone, as the tables have them
VALUES: dict[str, tuple[Any, st.SearchStrategy[Any]]] = {
    "text": (pl.String, TEXTS),
    "flag": (pl.Boolean, st.booleans()),
    "int8": (pl.Int8, st.integers(-(2**7), 2**7 - 1)),
    "uint8": (pl.UInt8, st.integers(0, 2**8 - 1)),
    "int16": (pl.Int16, st.integers(-(2**15), 2**15 - 1)),
    "uint16": (pl.UInt16, st.integers(0, 2**16 - 1)),
    "int32": (pl.Int32, st.integers(-(2**31), 2**31 - 1)),
    "uint32": (pl.UInt32, st.integers(0, 2**32 - 1)),
    "int64": (pl.Int64, st.integers(-(2**63), 2**63 - 1)),
    "uint64": (pl.UInt64, st.integers(0, 2**64 - 1)),
    "single": (pl.Float32, st.floats(width=32)),
    "double": (pl.Float64, st.floats()),
    "decimal": (pl.Decimal(18, 3), st.decimals(-(10**14), 10**14, places=3)),
    "bytes": (pl.Binary, st.binary(max_size=8)),
    "day": (pl.Date, st.dates(date(1, 1, 1), date(9999, 12, 31))),
    "instant": (pl.Datetime("us"), INSTANTS),
    "zoned": (ZONED, INSTANTS.map(lambda at: at.replace(tzinfo=UTC))),
    "texts": (pl.List(pl.String), st.lists(st.none() | TEXTS, max_size=3)),
    "numbers": (pl.List(pl.Int64), st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), max_size=3)),
    "decimals": (pl.List(pl.Decimal(18, 3)), st.lists(st.none() | st.decimals(-(10**14), 10**14, places=3), max_size=3)),
}
ROWS = st.lists(st.fixed_dictionaries({name: st.none() | values for name, (_, values) in VALUES.items()}), max_size=12)


@pytest.fixture(scope="module")
def exact(server: Server) -> Iterator[Server]:
    with server.superuser() as admin:
        admin.execute("create database exact template template0")
        admin.execute("revoke connect, temporary on database exact from public")
        yield server
        admin.execute("drop database exact with (force)")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rows=ROWS)
def test_every_value_of_every_type_is_as_it_was(exact: Server, rows: list[dict[str, Any]]) -> None:
    """Read back by two readers that share nothing with the writer's own: DuckDB's, and PostgreSQL's texts."""
    frame = pl.DataFrame(rows, schema={name: type_ for name, (type_, _) in VALUES.items()})
    with duckdb.connect() as source:
        source.execute(f"attach ':memory:' as {store.STORE}; use {store.STORE}; create schema about; create schema own")
        source.execute("create table about.contents (schema_name varchar, table_name varchar, rows bigint, sha256 varchar)")
        source.register("given", frame.to_arrow())
        source.execute("create table own.everything as from given; create table own.nothing as from given limit 0")
        source.execute("insert into about.contents values ('own', 'everything', ?, ''), ('own', 'nothing', 0, '')", [frame.height])
        with servers.connected(exact.address, "exact") as to:
            to.execute("drop schema if exists own, about cascade")
            assert tables.load(source, to, SUPERUSER) == 3
            as_text = to.execute("select uint64::text, double::text, decimal::text, instant::text from own.everything").fetchall()
            assert to.execute("select * from own.nothing").fetchall() == []
        with duckdb.connect() as reader:
            reader.execute(f"load '{SCANNER}'; set timezone = 'UTC'; attach '{exact.address} dbname=exact' as pg (type postgres)")
            read = reader.execute("from pg.own.everything").pl()
    assert read.columns == frame.columns
    for name in frame.columns:
        if name != "uint64":  # which this reader has as a double; as text, NaN is equal to itself and -0.0 is not 0.0
            assert repr(read[name].cast(frame.schema[name]).to_list()) == repr(frame[name].to_list())
    for (whole, double, decimal, instant), row in zip(as_text, frame.iter_rows(named=True), strict=True):
        assert (whole is None and row["uint64"] is None) or int(whole) == row["uint64"]
        assert double is None or repr(float(double)) == repr(row["double"])
        assert decimal is None or Decimal(decimal) == row["decimal"]
        assert instant is None or instant[:19] == row["instant"].isoformat(sep=" ")[:19]


def test_all_of_a_sandbox_is_served_and_read_by_its_partner(mine: Tenant) -> None:
    kept, served = in_sandbox(mine.box), in_postgres(mine)
    assert {name.split(".")[0] for name in served} == {"own", "collective", "about"}
    assert kept.keys() == served.keys()
    assert all(served[name].equals(frame) for name, frame in kept.items())
    with mine.connect() as session:
        said = "select obj_description('own.event'::regclass), col_description('own.event'::regclass, 1)"
        assert session.execute(said).fetchall() == [("event of the test", "what was said")]
        listed = "select column_name, data_type from information_schema.columns where table_schema = 'own' order by ordinal_position"
        assert session.execute(listed).fetchall() == [("note", "text"), ("source_row", "bigint")]


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        pytest.param(pl.DataFrame({"note": ["a\x00b"]}), "NUL", id="a text that is cut"),
        pytest.param(pl.DataFrame({"x" * 64: [1]}), "63 bytes", id="a name that is cut"),
        pytest.param(pl.DataFrame({"at": pl.Series([1], dtype=pl.Datetime("ns"))}), "TIMESTAMP_NS", id="a time that is rounded"),
        pytest.param(pl.DataFrame({"wide": pl.Series([[[1]]])}), r"BIGINT\[\]\[\]", id="a list that is not square"),
        pytest.param(pl.DataFrame({"pair": [{"a": 1}]}), "STRUCT", id="a type that it does not have"),
    ],
)
def test_what_postgres_would_change_is_refused_and_the_one_before_stands(mine: Tenant, frame: pl.DataFrame, why: str) -> None:
    kept = mine.box.file.read_bytes()
    mine.build(event=pl.DataFrame({"note": ["new"]}), odd=frame)
    try:
        with pytest.raises(CgtError, match=why) as refused:
            mine.serve()
        assert "a\x00b" not in str(refused.value)
    finally:
        mine.box.file.write_bytes(kept)
    with mine.connect() as session:
        assert session.execute("select note from own.event order by note").fetchall() == [(OWN_MARK,), ("b",)]
    assert databases(mine) == [mine.name]


def databases(one: Tenant) -> list[str]:
    with one.server.superuser() as connection:
        found = connection.execute("select datname from pg_database where starts_with(datname, %s) order by 1", [one.name])
        return [name for (name,) in found.fetchall()]


def test_a_reader_sees_the_old_or_the_new_and_nothing_between(server: Server, tmp_path: Path) -> None:
    one = tenant(server, tmp_path, "swapped")
    one.build(event=pl.DataFrame({"n": [0]}))
    one.serve(PASSWORD)
    seen: list[tuple[str, int]] = []
    named: set[int] = set()
    other: list[BaseException] = []
    is_over = threading.Event()

    def watch() -> None:
        with server.superuser() as admin:
            while not is_over.is_set():
                named.add(len(admin.execute("select 1 from pg_database where datname = %s", [one.name]).fetchall()))

    def read() -> None:
        while not is_over.is_set():
            try:
                with one.connect() as session:
                    for _ in range(20):
                        (release,), (rows,) = session.execute(f"({RELEASE}) union all (select count(*)::text from own.event)").fetchall()
                        seen.append((release, int(rows)))
            except psycopg.OperationalError:  # its session was ended
                continue
            except BaseException as error:
                other.append(error)
                raise

    reader, watcher = threading.Thread(target=read), threading.Thread(target=watch)
    reader.start()
    watcher.start()
    idle = one.connect()
    try:
        for rows in range(2, 6):
            one.build(event=pl.DataFrame({"n": range(rows)}))
            one.serve()
            before = len(seen)
            while len(seen) < before + 3 and reader.is_alive():
                threading.Event().wait(0.01)
    finally:
        is_over.set()
        reader.join()
        watcher.join()
    assert other == []
    with pytest.raises(psycopg.OperationalError):
        idle.execute(RELEASE)
    assert named == {1}, "at every moment there is one database of the name"
    assert all(int(release) == rows for release, rows in seen)
    assert sorted(seen) == seen, "never the old after the new"
    assert {rows for _, rows in seen} == {1, 2, 3, 4, 5}


@pytest.mark.parametrize("place", ["sandbox loaded", "sandbox replaced"])
def test_a_killed_serving_leaves_nothing_by_halves(server: Server, tmp_path: Path, place: str) -> None:
    one = tenant(server, tmp_path, place.replace(" ", "_"))
    one.build(event=pl.DataFrame({"n": [0]}))
    one.serve(PASSWORD)
    one.build(event=pl.DataFrame({"n": [0, 1]}))
    program = (
        "from pathlib import Path; from tests.sandbox.serving.tenants import tenant; from tests.sandbox.serving.postgres import Server\n"
        f"tenant(Server(Path({str(server.folder)!r}), {server.port}), Path({str(tmp_path)!r}), {one.box.partner!r}).serve()"
    )
    killed = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, env=os.environ | {"CGT_FAULT_POINT": place}, check=False)
    assert killed.returncode == -9
    with one.connect() as session:
        assert session.execute(RELEASE).fetchone() == (("1",) if place == "sandbox loaded" else ("2",))
    left = f"{one.name}_new" if place == "sandbox loaded" else f"{one.name}_old"
    assert databases(one) == [one.name, left]
    with pytest.raises(psycopg.OperationalError, match=r"permission denied|too many connections"):
        one.connect(left)
    one.serve()
    assert databases(one) == [one.name]
    assert in_postgres(one)["own.event"].height == 2


def test_what_was_withdrawn_is_gone_from_the_server_with_the_next_serving(server: Server, tmp_path: Path) -> None:
    one, withdrawn = tenant(server, tmp_path, "withdrawn"), "WITHDRAWNQX41ZJ"
    one.build(event=pl.DataFrame({"note": ["a", withdrawn]}))
    one.serve(PASSWORD)
    assert on_disk(server, withdrawn)
    one.build(event=pl.DataFrame({"note": ["a"]}))
    one.serve()
    assert on_disk(server, "event of the test"), "the search would find one"
    assert not on_disk(server, withdrawn)
    home.unserve(one.box, server.address, "ann", AT)
    assert databases(one) == []
    with server.superuser() as connection:
        assert connection.execute("select 1 from pg_roles where rolname = %s", [one.name]).fetchall() == []
    with pytest.raises(CgtError, match="not served there"):
        home.unserve(one.box, server.address, "ann", AT)
    assert [entry.act for entry in one.box.trail.read()] == ["serve", "serve", "unserve"]
    assert one.box.trail.read()[1].said == {"release": "1", "database": one.name}


def on_disk(server: Server, text: str) -> bool:
    """Whether a text is in any table file of the server. Its log of changes (WAL) has it until it is recycled."""
    with server.superuser() as connection:
        connection.execute("checkpoint")
    return any(text.encode() in file.read_bytes() for file in (server.data / "base").rglob("*") if file.is_file())


def test_a_password_is_kept_as_its_scram_verifier_and_lasts_until_a_new_one(server: Server, tmp_path: Path) -> None:
    one = tenant(server, tmp_path, "password")
    one.build(event=pl.DataFrame({"n": [0]}))
    with pytest.raises(CgtError, match="no password"):
        one.serve()
    assert databases(one) == []
    one.serve(PASSWORD)
    one.serve()
    one.connect().close()
    with server.superuser() as connection:
        ((kept,),) = connection.execute("select rolpassword from pg_authid where rolname = %s", [one.name]).fetchall()
    assert kept.startswith("SCRAM-SHA-256$")
    one.serve("another")
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        one.connect()
    for secret in (PASSWORD, "another", kept):
        assert secret not in server.log


def test_two_do_not_serve_a_partner_at_once(mine: Tenant) -> None:
    with mine.server.superuser() as other:
        other.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [mine.name])
        with pytest.raises(CgtError, match="somebody else"):
            mine.serve()
    mine.serve()


def test_a_table_with_other_rows_than_the_sandbox_says_is_not_served(exact: Server) -> None:
    with duckdb.connect() as source, servers.connected(exact.address, "exact") as to:
        source.execute(f"attach ':memory:' as {store.STORE}; use {store.STORE}; create schema about; create schema own")
        source.execute("create table about.contents as select 'own' as schema_name, 'event' as table_name, 2 as rows")
        source.execute("create table own.event as select 1 as n")
        to.execute("drop schema if exists own, about cascade")
        with pytest.raises(CgtError, match=r"own\.event has other rows"):
            tables.load(source, to, SUPERUSER)
        assert to.execute("select 1 from pg_namespace where nspname = 'own'").fetchall() == [], "all or nothing"


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home with a sandbox of the first tenant that is declared."""
    made = world.settings(tmp_path / "home")
    monkeypatch.setenv("CGT_HOME", str(made.home))
    monkeypatch.setenv("CGT_MASTER_KEY_FILE", str(tmp_path / "master.key"))
    box = home.box(made, Registry.load(made), world.TENANTS[0])
    Tenant(box, None).build(event=pl.DataFrame({"n": [0]}))  # type: ignore[arg-type]  # not served yet
    yield tmp_path


def test_served_and_taken_away_by_command(command: Path, server: Server) -> None:
    def run(*words: str) -> Any:
        return CliRunner().invoke(cgt_etl, ["sandbox", words[0], "--server", server.address, "--who", "ann", *words[1:]])

    file, mine = command / "pgpass", world.TENANTS[0]
    first = run("serve", mine)
    assert isinstance(first.exception, CgtError), "a password is needed"
    done = run("serve", mine, "--password-file", str(file))
    assert done.exit_code == 0, done.output
    assert mine in done.output
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    name = file.read_text().split(":")[2]
    assert name in done.output
    assert mine not in name
    with psycopg.connect(f"host={server.folder} port={server.port} dbname={name} user={name} passfile={file}") as session:
        assert session.execute("select count(*) from own.event").fetchone() == (1,)
    again = run("serve", mine, "--password-file", str(file))
    assert isinstance(again.exception, CgtError), "a password is not overwritten"
    assert run("serve", mine).exit_code == 0
    with pytest.MonkeyPatch.context() as without:
        without.setitem(sys.modules, "psycopg", None)
        assert "requirements/postgres.lock" in str(run("serve", mine).exception)
    assert run("unserve", mine).exit_code == 0
    failed = run("serve", mine, "--password-file", str(command / "other"), "--server", "host=/nowhere")
    assert isinstance(failed.exception, CgtError)
    assert not (command / "other").exists(), "no password that is none"
