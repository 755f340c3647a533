"""How the hub reaches the PostgreSQL server, and what that server must be like before a partner's rows go there.

Nothing here changes the server: what is not as it must be is refused, with the remedy. No password is taken but by libpq's own ways (its
password file, a certificate, the operating system's word), and none is ever sent where a server has not shown who it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from cgt_etl.errors import CgtError

OLDEST = 15
"""Major version of the server from which on it is served to; what the tests run against."""
QUERIES = Path(__file__).parent / "queries"
_QUIET = ("log_min_messages", "log_min_error_statement")
"""Settings by which the server's log gets no statement and no message; both hold values."""
Connection = psycopg.Connection[tuple[Any, ...]]


def query(name: str) -> bytes:
    """The statement `queries/<name>.sql`."""
    return (QUERIES / f"{name}.sql").read_bytes()


def parameters(address: str) -> dict[str, Any]:
    """What a libpq connection string says, fit to be connected with.

    Where it names no socket and no loopback address, the server must prove by its certificate that it is the one named (`verify-full`);
    what a service file or the environment name instead is held to the same (libpq overlooks it on a socket).

    Raises:
        CgtError: it is none, holds a password, or names another machine without `sslmode=verify-full`.
    """
    try:
        said = conninfo_to_dict(address)
    except psycopg.Error:
        raise CgtError("this is no address of a PostgreSQL server", remedy="As in 'host=/run/postgresql user=postgres'") from None
    if "password" in said:
        raise CgtError("a password has no place on a command line", remedy="Put it into libpq's password file (~/.pgpass, or passfile=)")
    hosts = [host for host in str(said.get("hostaddr") or said.get("host") or "").split(",") if host]
    if hosts and all(_is_here(host) for host in hosts):
        return said
    if hosts and said.get("sslmode") != "verify-full":
        raise CgtError(
            "rows of a partner go to another machine only under TLS, to a server that shows its name",
            remedy="Add sslmode=verify-full and sslrootcert=FILE",
        )
    return said | {"sslmode": "verify-full", "gssencmode": "disable"}


@contextmanager
def connected(address: str, database: str | None = None) -> Iterator[Connection]:
    """A connection in autocommit whose statements and errors stay out of the server's log.

    Args:
        database: in place of the one that the address names.

    Raises:
        CgtError: see `parameters`; the server is not there, too old, or the user is no superuser; or it refused a statement: then only the
            kind of error is said, since its words may hold values.
    """
    said = parameters(address) | ({"dbname": database} if database else {})
    try:
        connection = psycopg.connect(**said, autocommit=True, application_name="cgt-etl")
    except psycopg.Error as error:
        why = str(error).strip().split("\n")[0]
        raise CgtError(f"the PostgreSQL server is not reached ({why})", remedy="Mend --server, or start it") from None
    with connection:
        try:
            _refuse_unfit(connection)
            for name in _QUIET:
                connection.execute(f"set {name} = panic".encode())
            yield connection
        except psycopg.Error as error:
            raise CgtError(
                f"the PostgreSQL server stopped the serving ({type(error).__name__}, {error.sqlstate or 'no state'}); "
                "nothing that a partner reads was changed by halves",
                remedy="Its words may hold values and are not shown; look at the server, then serve again",
            ) from None


def refuse_open(connection: Connection, tenant: str) -> None:
    """Refuse a server that lets the role `tenant` in otherwise than by proof, in the clear from elsewhere, or into other databases.

    Raises:
        CgtError: names the line of pg_hba.conf, or the database.
    """
    ask = psycopg.RawCursor(connection)
    lines = [str(line) for (line,) in ask.execute(query("hba"), [tenant]).fetchall()]
    if lines:
        raise CgtError(
            f"pg_hba.conf lets partners in without proof, or in the clear from elsewhere (line {', '.join(lines)})",
            remedy="For them: scram-sha-256 over `local`, loopback, or `hostssl`; name the users of every other rule",
        )
    own = [tenant, f"{tenant}_new", f"{tenant}_old"]
    others = [name for (name,) in ask.execute(query("reach"), [tenant, own]).fetchall()]
    if others:
        raise CgtError(
            f"every role may connect to {', '.join(others)}",
            remedy=f"REVOKE CONNECT, TEMPORARY ON DATABASE {', '.join(others)} FROM PUBLIC",
        )


def _is_here(host: str) -> bool:
    if host.startswith(("/", "@")) or host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _refuse_unfit(connection: Connection) -> None:
    if connection.info.server_version < OLDEST * 10_000:
        raise CgtError(f"the PostgreSQL server is older than {OLDEST}", remedy="Take a newer one")
    if connection.info.parameter_status("is_superuser") != "on":
        raise CgtError("only a superuser can lock the catalogues of a partner's database", remedy="Name one in --server (user=)")
