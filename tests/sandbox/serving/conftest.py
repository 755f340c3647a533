"""A server, and on it the sandboxes of two tenants, each with a mark that nobody else has."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl
import pytest

from tests.sandbox.escapes import MARK
from tests.sandbox.serving import postgres
from tests.sandbox.serving.attacker import Session
from tests.sandbox.serving.attacks import Target
from tests.sandbox.serving.postgres import Server
from tests.sandbox.serving.tenants import OWN_MARK, PASSWORD, Tenant, tenant


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    programs = postgres.packaged() or postgres.debians()
    if programs is None:
        pytest.skip("there is no PostgreSQL server; `make test` installs one into .venv-oracle")
    with postgres.running(programs) as started:
        yield started


@pytest.fixture(scope="module")
def mine(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Tenant:
    """The tenant under test."""
    one = tenant(server, tmp_path_factory.mktemp("mine"), "mine")
    one.build(event=pl.DataFrame({"note": [OWN_MARK, "b"], "source_row": [1, 2]}))
    one.serve(PASSWORD)
    return one


@pytest.fixture(scope="module")
def theirs(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Tenant:
    """Another tenant of the same server, whose rows hold `MARK`."""
    other = tenant(server, tmp_path_factory.mktemp("theirs"), "theirs")
    other.build(event=pl.DataFrame({"note": [MARK] * 5, "source_row": range(5)}))
    other.serve(PASSWORD)
    return other


@pytest.fixture(scope="module")
def target(mine: Tenant, theirs: Tenant) -> Iterator[Target]:
    """What lies around the attacker, each with a mark in it; a session of the other tenant is open, named by the mark."""
    server = mine.server
    secret = server.folder / "secret.txt"
    secret.write_text(f"a secret {MARK}\n")
    with server.superuser() as admin, server.superuser(mine.name) as inside, theirs.connect(application_name=MARK) as other:
        admin.execute("create table secret as select %s as x", [MARK])
        for thing in ("database", "role"):
            admin.execute(f"comment on {thing} {theirs.name} is '{MARK}'".encode())
        admin.execute(f"alter role {theirs.name} set a.b = '{MARK}'".encode())
        other.execute(f"select '{MARK}' from own.event")
        ((large,),) = inside.execute("select lo_from_bytea(0, %s::bytea)", [MARK]).fetchall()
        ((database,),) = admin.execute("select oid from pg_database where datname = %s", [theirs.name]).fetchall()
        ((role,),) = admin.execute("select oid from pg_roles where rolname = %s", [theirs.name]).fetchall()
        yield Target(mine.name, theirs.name, database, role, large, secret, server.folder)
        admin.execute("drop table secret")


@pytest.fixture
def session(mine: Tenant) -> Iterator[Session]:
    opened = Session(mine)
    yield opened
    opened.close()
