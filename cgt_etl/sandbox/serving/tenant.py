"""The database and the role of one partner: made aside, locked, put in place of the one before in one transaction, dropped.

    NAME       what the partner reads; the role has the same name
    NAME_new   being loaded; nobody but superusers gets in
    NAME_old   the one before, from when it was replaced until it is dropped; nobody but superusers gets in

What a killed run leaves under the last two names the next run drops. The name is a token: it tells nobody whose it is. Knows no table.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors
from psycopg.sql import SQL, Identifier, Literal

from cgt_etl.errors import CgtError
from cgt_etl.sandbox.serving.server import Connection, query
from cgt_etl.settings import fault_point

MOST_CONNECTIONS = 8
SETTINGS = {
    # limits that a session cannot lift
    "temp_file_limit": "1GB",
    "log_min_messages": "fatal",  # neither statements nor what is wrong with them: both hold values
    "log_min_error_statement": "panic",  # nor the statement that is ended with its session
    # what a session begins with, and may change for itself
    "default_transaction_read_only": "on",
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "1min",
    "idle_session_timeout": "1h",
    "work_mem": "32MB",
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
}
"""Of every session of a partner."""
_TRIES = 5


@contextmanager
def held(admin: Connection, name: str) -> Iterator[None]:
    """Nobody else serves this partner meanwhile.

    Raises:
        CgtError: somebody does.
    """
    ((is_ours,),) = admin.execute("select pg_try_advisory_lock(hashtextextended(%s, 0))", [name]).fetchall()
    if not is_ours:
        raise CgtError("somebody else is serving this partner on this server", remedy="Wait for it")
    yield  # the lock ends with the connection


def role(admin: Connection, name: str) -> None:
    """Make the role, or make it again what it was made as: it may log in, is a member of nothing, and nobody of it."""
    if not admin.execute("select 1 from pg_catalog.pg_roles where rolname = %s", [name]).fetchall():
        admin.execute(SQL("create role {}").format(Identifier(name)))
    with admin.transaction():
        admin.execute(
            SQL("alter role {} login nosuperuser nocreatedb nocreaterole noinherit noreplication nobypassrls connection limit {}").format(
                Identifier(name), Literal(MOST_CONNECTIONS)
            )
        )
        above = "select roleid::regrole::text, member::regrole::text from pg_catalog.pg_auth_members where %s::regrole in (roleid, member)"
        for given, to in admin.execute(above, [f'"{name}"']).fetchall():
            admin.execute(SQL("revoke {} from {} cascade").format(SQL(given), SQL(to)))
        admin.execute(SQL("alter role {} reset all").format(Identifier(name)))
        for setting, value in SETTINGS.items():
            admin.execute(SQL("alter role {} set {} = {}").format(Identifier(name), Identifier(setting), Literal(value)))


def has_password(admin: Connection, name: str) -> bool:
    """Whether the role is there and can log in by a password."""
    return bool(admin.execute("select 1 from pg_catalog.pg_authid where rolname = %s and rolpassword is not null", [name]).fetchall())


def make(admin: Connection, name: str) -> str:
    """Make the empty database `NAME_new`, and drop what an earlier run left; gives its name."""
    for left in (f"{name}_new", f"{name}_old"):
        _drop(admin, left)
    fresh = Identifier(f"{name}_new")
    # texts in the order of their bytes, as in a sandbox; what template1 may hold is not taken over; the limit does not bind superusers
    admin.execute(SQL("create database {} template template0 encoding 'UTF8' locale 'C' connection limit 0").format(fresh))
    admin.execute(SQL("revoke all on database {} from public").format(fresh))
    return f"{name}_new"


def lock(fresh: Connection) -> None:
    """Take away, in the database that `fresh` is connected to, what tells of others or leaves something behind (`queries/lock.sql`)."""
    fresh.execute(query("lock"))


def replace(admin: Connection, name: str, password: str | None) -> None:
    """Put `NAME_new` in place of NAME in one transaction, and drop what was there. Sessions with the one before end.

    Args:
        password: of the role from now on; None leaves it. It goes to the server as its SCRAM verifier.

    Raises:
        CgtError: sessions come back faster than they are ended; NAME is then unchanged.
    """
    old, is_replaced = f"{name}_old", _is_there(admin, name)
    verifier = admin.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode() if password else None
    for _ in range(_TRIES):
        try:
            with admin.transaction():
                if is_replaced:
                    _end_sessions(admin, name)
                    admin.execute(SQL("alter database {} rename to {}").format(Identifier(name), Identifier(old)))
                    admin.execute(SQL("revoke all on database {} from {}").format(Identifier(old), Identifier(name)))
                admin.execute(SQL("alter database {} rename to {}").format(Identifier(f"{name}_new"), Identifier(name)))
                admin.execute(SQL("alter database {} connection limit {}").format(Identifier(name), Literal(MOST_CONNECTIONS)))
                admin.execute(SQL("grant connect on database {} to {}").format(Identifier(name), Identifier(name)))
                if verifier:
                    admin.execute(SQL("alter role {} password {}").format(Identifier(name), Literal(verifier)))
        except errors.ObjectInUse:
            continue
        fault_point("sandbox replaced")
        _drop(admin, old)
        return
    raise CgtError("sessions with the partner's database come back faster than they are ended", remedy="Serve again")


def drop(admin: Connection, name: str) -> bool:
    """Drop the databases and the role, ending their sessions. Gives whether there was anything."""
    was = False
    for one in (f"{name}_new", f"{name}_old", name):
        was |= _drop(admin, one)
    if admin.execute("select 1 from pg_catalog.pg_roles where rolname = %s", [name]).fetchall():
        admin.execute(SQL("drop role {}").format(Identifier(name)))
        was = True
    return was


def drop_unfinished(admin: Connection, name: str) -> None:
    """Drop `NAME_new`, where it is still there."""
    _drop(admin, f"{name}_new")


def _is_there(admin: Connection, database: str) -> bool:
    return bool(admin.execute("select 1 from pg_catalog.pg_database where datname = %s", [database]).fetchall())


def _drop(admin: Connection, database: str) -> bool:
    was = _is_there(admin, database)
    if was:
        admin.execute(SQL("drop database {} with (force)").format(Identifier(database)))
    return was


def _end_sessions(admin: Connection, database: str) -> None:
    admin.execute("select pg_terminate_backend(pid) from pg_catalog.pg_stat_activity where datname = %s", [database])
