"""A partner's session on a shared server reaches its own tables and nothing else, and nobody's rows are told to anybody."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product

import psycopg
import pytest

from cgt_etl.sandbox.serving import server as servers
from cgt_etl.sandbox.serving import tenant as tenants
from tests.sandbox.serving.attacker import OUTSIDE, Session, state, succeeds
from tests.sandbox.serving.attacks import Target, attacks, bombs
from tests.sandbox.serving.tenants import OWN_MARK, Tenant

REVOKE = "    execute 'revoke all"
FUNCTIONS = """
select p.oid::regprocedure::text, p.oid::regproc::text, array(select a.oid::regtype::text from unnest(p.proargtypes) as a (oid))
from pg_proc as p
where
    p.pronamespace in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace) and p.provolatile <> 'i' and p.prokind = 'f'
    and p.pronargs <= 2 and has_function_privilege(p.oid, 'execute')
order by 1
"""
RELATIONS = """
select oid::regclass::text from pg_class
where relkind in ('r', 'v') and has_table_privilege(oid, 'select') or oid in ('pg_roles'::regclass, 'pg_database'::regclass)
order by 1
"""


def test_no_statement_gets_out(session: Session, target: Target) -> None:
    tried = attacks(target)
    assert len(tried) >= 500, Counter(attack.family for attack in tried)
    before = state(session.of, target.folder)
    escaped = [attack for attack in tried if succeeds(session, attack)]
    assert escaped == []
    assert session.told("select count(*) from own.event") == (True, "2"), "and it still answers questions"
    after = state(session.of, target.folder)
    assert {name: after[name] for name in after if after[name] != before[name]} == {}


def test_in_a_database_that_is_not_locked_they_would(session: Session, target: Target) -> None:
    """The same reads, by the same role, in a database as PostgreSQL makes it."""
    with session.of.server.superuser() as admin:
        admin.execute("create database unlocked template template0")
    try:
        open_session = Session(session.of, "unlocked", ("set default_transaction_read_only = off", "set statement_timeout = '200ms'"))
        tried = [attack for attack in attacks(target) if attack.family == "read" and attack.statement.startswith("select * from")]
        done = [attack for attack in tried if succeeds(open_session, attack)]
        open_session.close()
        assert len(done) > 60
        said = " ".join(attack.statement for attack in done)
        for one in (
            "pg_stat_activity",
            "pg_stat_get_db_tuples_inserted",
            "pg_tablespace_size",
            "pg_advisory_lock",
            "lo_create",
            "pg_locks",
        ):
            assert one in said
    finally:
        with session.of.server.superuser() as admin:
            admin.execute("drop database unlocked with (force)")


def test_no_function_that_is_left_tells_of_others(session: Session, target: Target) -> None:
    """Every one that can look at more than its arguments, called with what a session may know of the other tenant."""
    with session.of.connect() as connection:
        left = connection.execute(FUNCTIONS).fetchall()
    assert len(left) > 100
    before = state(session.of, target.folder)
    named = (f"'{target.theirs}'", f"'{target.file}'", "'pg_authid'", "'data_directory'")
    numbers = (str(target.their_database), str(target.their_role))
    candidates = {"oid": numbers, "name": named[:1], "text": named, "regclass": ("1260", "2964"), "regproc": ("1255",), "integer": ("1",)}
    called = 0
    for signature, name, types in left:
        for arguments in product(*(candidates.get(type_, ("null",)) for type_ in types)):
            _, said = session.told(f"select * from {name}({', '.join(arguments)})")
            called += 1
            assert not [mark for mark in OUTSIDE if mark in said], signature
    assert called > 150
    assert state(session.of, target.folder) == before


def test_no_catalogue_that_is_left_tells_of_others(session: Session, target: Target) -> None:
    with session.of.connect() as connection:
        left = [name for (name,) in connection.execute(RELATIONS).fetchall()]
    assert len(left) > 80
    told = {name: session.told(f"select t::text from {name} as t") for name in left}
    told |= {"names": session.told("select oid, rolname from pg_roles union all select 0, datname from pg_database")}
    assert [(name, mark) for name, (_, said) in told.items() for mark in OUTSIDE if mark in said] == []
    assert target.theirs in told["names"][1], "a name that tells nobody whose it is"
    assert OWN_MARK in told["own.event"][1], "the search would find one"
    assert sum(is_answered for is_answered, _ in told.values()) > 70


@pytest.mark.parametrize("database", ["theirs", "postgres", "template1"])
def test_no_other_database_lets_a_partner_in(mine: Tenant, theirs: Tenant, database: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        mine.connect(theirs.name if database == "theirs" else database)


@pytest.fixture
def aside(mine: Tenant, target: Target) -> Iterator[Callable[[str], Session]]:
    """Makes a database of nobody's for the attacker to enter, with the locks that are given; anew each time it is asked."""
    entered: list[Session] = []

    def made(locks: str) -> Session:
        with mine.server.superuser() as admin:
            tenants.make(admin, "aside")
            admin.execute(f"grant connect on database aside_new to {target.mine}".encode())
            admin.execute("alter database aside_new connection limit -1")
        with mine.server.superuser("aside_new") as connection:
            connection.execute(locks.encode())
        entered.append(Session(mine, "aside_new"))
        return entered[-1]

    yield made
    with mine.server.superuser() as admin:
        tenants.drop_unfinished(admin, "aside")
    for one in entered:
        one.close()


@pytest.mark.parametrize(
    ("line", "statement"),
    [
        pytest.param(
            "    execute 'revoke all on routine ' || taken || ' from public';", "select pg_stat_get_db_tuples_inserted(1)", id="functions"
        ),
        pytest.param("    execute 'revoke all on ' || taken || ' from public';", "select * from pg_db_role_setting", id="catalogues"),
        pytest.param("drop extension plpgsql;", "do $$ begin perform 1; end $$", id="blocks"),
    ],
)
def test_each_lock_is_missed(aside: Callable[[str], Session], line: str, statement: str) -> None:
    locks = servers.query("lock").decode()
    assert locks.count(line) == 1
    assert not aside(locks).told(statement)[0]
    assert aside(locks.replace(line, "")).told(statement)[0]


def test_rights_that_are_public_elsewhere_are_missed(aside: Callable[[str], Session], mine: Tenant, theirs: Tenant) -> None:
    making, session = "create temporary table new as select 1 as x", aside(servers.query("lock").decode())
    assert not session.told(making)[0]
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        theirs.connect("aside_new")
    with mine.server.superuser() as admin:
        admin.execute("grant connect, temporary on database aside_new to public")
    theirs.connect("aside_new").close()
    assert session.told(making)[0]


def test_bombs_are_bounded(mine: Tenant) -> None:
    """Time and disk; a session may lift the bound of time, and then that of disk still holds."""
    with mine.connect() as session:
        begins_with = session.execute("select current_setting('statement_timeout'), current_setting('temp_file_limit')").fetchall()
    assert begins_with == [("30s", "1GB")]
    with mine.server.superuser() as admin:
        admin.execute(f"alter role {mine.name} set temp_file_limit = '2MB'".encode())
    try:
        short = Session(mine, before=("set statement_timeout = '300ms'",))
        for bomb in bombs():
            begun = time.monotonic()
            assert not short.told(bomb)[0], bomb
            assert time.monotonic() - begun < 10, bomb
        endless = Session(mine, before=("set statement_timeout = 0", "set work_mem = '64kB'"))
        for bomb in bombs()[1:2] + bombs()[4:6]:
            assert "temporary file size exceeds" in endless.told(bomb)[1], bomb
    finally:
        with mine.server.superuser() as admin:
            admin.execute(f"alter role {mine.name} set temp_file_limit = '1GB'".encode())


def test_sessions_are_counted(mine: Tenant) -> None:
    with mine.server.superuser() as admin:  # those of other tests end a moment after they are closed
        admin.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s", [mine.name])
    opened = [mine.connect() for _ in range(tenants.MOST_CONNECTIONS)]
    with pytest.raises(psycopg.OperationalError, match="too many connections"):
        mine.connect()
    for one in opened:
        one.close()


def test_serving_again_makes_the_role_what_it_was(mine: Tenant, theirs: Tenant) -> None:
    """What a session has changed for itself, and what somebody has given the role, or given to others with it."""
    with mine.connect() as session:
        session.execute("set default_transaction_read_only = off")
        session.execute(f"alter role {mine.name} set statement_timeout = 0".encode())
    with mine.server.superuser() as admin:
        admin.execute(f"grant pg_read_all_stats, {theirs.name} to {mine.name}".encode())
        admin.execute(f"alter role {mine.name} createdb inherit".encode())
        mine.serve()
        assert admin.execute("select 1 from pg_auth_members where member = %s::regrole", [mine.name]).fetchall() == []
        admin.execute(f"grant {mine.name} to {theirs.name}".encode())
        mine.serve()
        assert admin.execute("select 1 from pg_auth_members where roleid = %s::regrole", [mine.name]).fetchall() == []
        asked = "select rolcreatedb, rolinherit, rolcanlogin, rolconnlimit from pg_roles where rolname = %s"
        assert admin.execute(asked, [mine.name]).fetchall() == [(False, False, True, tenants.MOST_CONNECTIONS)]
    with mine.connect() as session:
        assert session.execute("show statement_timeout").fetchall() == [("30s",)]
