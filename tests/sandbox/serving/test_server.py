"""Which server a sandbox is served to, how it is reached, and what its log and its errors tell."""

from __future__ import annotations

import threading
from pathlib import Path

import polars as pl
import psycopg
import pytest

from cgt_etl.errors import CgtError
from cgt_etl.sandbox import home
from cgt_etl.sandbox.serving import server as servers
from tests.sandbox.escapes import MARK
from tests.sandbox.serving.postgres import RULES, SUPERUSER, Server
from tests.sandbox.serving.tenants import AT, OWN_MARK, PASSWORD, Tenant, tenant


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("host=db.example user=hub", "verify-full"),
        ("host=db.example user=hub sslmode=require", "verify-full"),
        ("postgresql://hub@10.0.0.7/postgres?sslmode=prefer", "verify-full"),
        ("host=localhost hostaddr=192.0.2.1 user=hub", "verify-full"),
        ("host=localhost,db.example user=hub", "verify-full"),
        ("host=localhost user=hub password=x", "command line"),
        ("postgresql://hub:x@localhost/postgres", "command line"),
        ("no address", "no address"),
    ],
)
def test_no_row_and_no_password_goes_to_a_server_that_does_not_show_its_name(address: str, why: str) -> None:
    with pytest.raises(CgtError, match=why) as refused:
        servers.parameters(address)
    assert "x@" not in str(refused.value)


def test_what_a_service_file_or_the_environment_names_is_held_to_the_same() -> None:
    for address in ("service=elsewhere", "user=hub", "host=db.example sslmode=verify-full"):
        assert servers.parameters(address)["sslmode"] == "verify-full"
    for address in ("host=/run/postgresql", "host=127.0.0.1", "host=::1", "host=localhost"):
        assert "sslmode" not in servers.parameters(address)


TLS_TOO = "hostssl all all 0.0.0.0/0 scram-sha-256\nhostssl all all ::/0 cert\nhost all all 127.0.0.1/32 scram-sha-256\n"
OTHERS = "host all all 0.0.0.0/0 reject\nhost all staff 0.0.0.0/0 ldap ldapserver=x\nhost staff all all trust\n"


@pytest.mark.parametrize(
    ("rules", "is_fit"),
    [
        pytest.param("", True, id="the least"),
        pytest.param(TLS_TOO, True, id="TLS, certificates, loopback"),
        pytest.param(OTHERS, True, id="of other users and databases"),
        pytest.param("local all all trust\n", False, id="trust"),
        pytest.param("local all +staff password\n", False, id="a group's password"),
        pytest.param("host all all 0.0.0.0/0 scram-sha-256\n", False, id="in the clear"),
        pytest.param("hostnossl all all samenet scram-sha-256\n", False, id="never TLS"),
        pytest.param("host sameuser all 127.0.0.0/0 scram-sha-256\n", False, id="loopback and all the rest"),
        pytest.param("local all all md5\n", False, id="md5"),
        pytest.param('local all "/^sandbox_.*$" trust\n', False, id="a pattern of users"),
    ],
)
def test_a_server_that_lets_partners_in_without_proof_gets_nothing(mine: Tenant, rules: str, is_fit: bool) -> None:
    with mine.server.rules(rules + RULES), mine.server.superuser() as admin:
        if is_fit:
            servers.refuse_open(admin, mine.name)
        else:
            with pytest.raises(CgtError, match=r"pg_hba.conf .*\(line 1\)"):
                servers.refuse_open(admin, mine.name)


def test_a_server_whose_other_databases_are_open_gets_nothing(server: Server, tmp_path: Path) -> None:
    one = tenant(server, tmp_path, "reach")
    one.build(event=pl.DataFrame({"n": [0]}))
    with server.superuser() as admin:
        admin.execute("create database shop")
        try:
            with pytest.raises(CgtError, match="REVOKE CONNECT, TEMPORARY ON DATABASE shop FROM PUBLIC"):
                one.serve(PASSWORD)
        finally:
            admin.execute("drop database shop")
        assert admin.execute("select 1 from pg_roles where rolname = %s", [one.name]).fetchall() == [], "nothing was made"


def test_only_a_superuser_serves(server: Server, tmp_path: Path) -> None:
    one = tenant(server, tmp_path, "plain")
    one.build(event=pl.DataFrame({"n": [0]}))
    one.serve(PASSWORD)
    address = server.address.replace(f"user={SUPERUSER}", f"user={one.name}").replace("dbname=postgres", f"dbname={one.name}")
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:*:{PASSWORD}\n")
    file.chmod(0o600)
    with pytest.raises(CgtError, match="superuser"):
        home.serve(one.box, f"{address} passfile={file}", "ann", AT)
    with pytest.raises(CgtError, match="not reached"):
        home.serve(one.box, f"{server.address} port=1", "ann", AT)


def test_what_the_server_says_of_values_is_not_passed_on(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CgtError, match="22P02") as stopped, servers.connected(server.address) as connection:
        connection.execute(f"select '{OWN_MARK}'::int")
    assert OWN_MARK not in str(stopped.value)
    monkeypatch.setattr(servers, "OLDEST", 99)
    with pytest.raises(CgtError, match="older than 99"), servers.connected(server.address):
        pass


def test_the_log_of_the_server_has_no_value(mine: Tenant, theirs: Tenant) -> None:
    with mine.connect() as session, pytest.raises(psycopg.DataError):
        session.execute(f"select '{OWN_MARK}'::int from own.event")
    session = mine.connect()
    with mine.server.superuser() as admin:
        session.pgconn.send_query(f"select count(*), '{OWN_MARK}' from generate_series(1, 1000000000)".encode())
        asked = "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = %s and state = 'active'"
        while not admin.execute(asked, [mine.name]).fetchall():
            threading.Event().wait(0.01)
    session.close()
    assert "terminating connection" in mine.server.log
    with theirs.server.superuser() as session, pytest.raises(psycopg.DataError):
        session.execute("set log_min_messages = warning; set log_min_error_statement = error")
        session.execute("select 'LOGGEDQX12ZJ'::int")
    assert mine.server.log.count("LOGGEDQX12ZJ") >= 2, "of others it tells the statement and the error"
    assert not [mark for mark in (MARK, OWN_MARK, PASSWORD) if mark in mine.server.log]
