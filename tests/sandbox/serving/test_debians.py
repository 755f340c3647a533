"""The same on Debian's server, which is older and speaks TLS: nobody gets out, and rows go to a server that shows its name."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from cgt_etl.errors import CgtError
from cgt_etl.sandbox import home
from cgt_etl.sandbox.serving import server as servers
from tests.sandbox.serving import postgres
from tests.sandbox.serving.attacker import Session, state, succeeds
from tests.sandbox.serving.attacks import Target, attacks
from tests.sandbox.serving.postgres import RULES, SUPERUSER, Server
from tests.sandbox.serving.tenants import AT, PASSWORD, Tenant


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    programs = postgres.debians()
    if programs is None:
        pytest.skip("Debian's PostgreSQL is not installed (apt-get install postgresql)")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with postgres.running(programs, port, "127.0.0.1") as started:
        yield started


def test_no_statement_gets_out(session: Session, target: Target) -> None:
    before = state(session.of, target.folder)
    assert [attack for attack in attacks(target) if succeeds(session, attack)] == []
    assert session.told("select count(*) from own.event") == (True, "2"), "and it still answers questions"
    assert state(session.of, target.folder) == before


def test_a_server_that_shows_its_name_is_served_to_over_tls(mine: Tenant, tmp_path: Path) -> None:
    server = mine.server
    owner = server.data.stat()
    certificate, key = signed()
    for file, text in ((server.data / "server.crt", certificate), (server.data / "server.key", key)):
        file.write_bytes(text)
        file.chmod(0o600)
        os.chown(file, owner.st_uid, owner.st_gid)
    trusted, other, secrets = tmp_path / "ca.crt", tmp_path / "other.crt", tmp_path / "pgpass"
    trusted.write_bytes(certificate)
    other.write_bytes(signed()[0])
    secrets.write_text(f"*:*:*:{SUPERUSER}:{postgres.PASSWORD}\n")
    secrets.chmod(0o600)
    with server.rules(f"{RULES}hostssl all all 127.0.0.1/32 scram-sha-256\n"), server.superuser() as admin:
        admin.execute("alter system set ssl = on")
        admin.execute("select pg_reload_conf()")
        address = f"host=localhost port={server.port} user={SUPERUSER} dbname=postgres sslmode=verify-full passfile={secrets}"
        with servers.connected(f"{address} sslrootcert={trusted}") as connection:
            assert connection.pgconn.ssl_in_use
        home.serve(mine.box, f"{address} sslrootcert={trusted}", "ann", AT)
        with mine.connect(host="localhost", sslmode="verify-full", sslrootcert=str(trusted)) as session:
            assert session.execute("select count(*) from own.event").fetchall() == [(2,)]
        with pytest.raises(CgtError, match="not reached"):
            home.serve(mine.box, f"{address} sslrootcert={other}", "ann", AT)
    assert PASSWORD not in server.log


def signed() -> tuple[bytes, bytes]:
    """A certificate of `localhost` that signs itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return made.public_bytes(pem), key.private_bytes(pem, form, serialization.NoEncryption())
