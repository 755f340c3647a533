"""The sandboxes of a home: built, asked, exported, served, and what happened to them. Everything done to one goes into its trail here.

    $CGT_HOME/sandboxes/<partner>/sandbox.duckdb   encrypted; readable by its owner alone
    $CGT_HOME/sandboxes/<partner>/trail.jsonl

Holds no protection: `own` and `network` say what is in a sandbox, `engine` how it is asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import polars as pl

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.tokens import Keys
from cgt_etl.egress.collective.ledger import Ledger
from cgt_etl.errors import CgtError, DeclarationError
from cgt_etl.landing import durable
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.lease import lease
from cgt_etl.release import read
from cgt_etl.sandbox import bundle, engine, network, own, store
from cgt_etl.sandbox.trail import Trail, of_statement
from cgt_etl.settings import Settings, fault_point


@dataclass(frozen=True)
class Box:
    """The sandbox of one partner of a home."""

    partner: str
    folder: Path
    keys: Keys

    @property
    def file(self) -> Path:
        return self.folder / store.FILE

    @property
    def key(self) -> bytes:
        return self.keys.sandbox(self.partner, "store")

    @property
    def trail(self) -> Trail:
        return Trail(self.folder, self.keys.sandbox(self.partner, "trail"))

    @property
    def served_as(self) -> str:
        """Name of its database and role on a PostgreSQL server: a token, since other partners may read the names of roles."""
        return f"sandbox_{self.keys.sandbox(self.partner, 'serve').hex()[:16]}"


@dataclass(frozen=True)
class Exported:
    """A bundle as it was written. `key` opens it: for the partner, by another way than the folder."""

    folder: Path
    key: str
    manifest: dict[str, Any]


def box(settings: Settings, registry: Registry, partner: str) -> Box:
    """The sandbox of a partner, built or not.

    Raises:
        DeclarationError: no such partner is declared, or there is no master key.
    """
    if partner not in registry.partners:
        raise DeclarationError("unknown partner", partner=partner, remedy="partners/<partner>/partner.yaml declares one")
    return Box(partner, settings.sandboxes / partner, keys_of(settings))


def build(settings: Settings, registry: Registry, partner: str, release_id: str | None = None, *, who: str, at: datetime) -> pl.DataFrame:
    """Make the sandbox of a partner from a release (the current one when None) and the ledger, in place of the one before.

    Returns:
        What lies in it: schema_name, table_name, rows, sha256.

    Raises:
        CgtError: no such release, it is not what was published, or what it rests on is gone; nothing was changed then.
        TamperedLedger: the ledger of collective tables was changed.
        DeclarationError: no such partner, or no master key.
        LeaseHeld: a night is writing.
    """
    made = box(settings, registry, partner)
    release = read.find(settings, release_id)
    if read.problems(release):
        raise CgtError(f"release {release.id} is not what was published", remedy="`cgt-etl release verify` says what is wrong")
    ledger = Ledger(settings.collective, made.keys.collective("ledger"))
    cuts = ledger.read()
    tables = own.tables(settings, registry, release, partner, made.keys.sandbox(partner, "tokens"))
    facts = {"partner": partner, "release": release.id, "last_cut": str(cuts[-1].quarter) if cuts else "none", "ledger": ledger.head}
    durable.make_folder(settings.sandboxes, 0o700)
    durable.make_folder(made.folder, 0o700)
    with lease(settings, "cgt-etl sandbox build"):
        contents = store.write(made.file, made.key, chain(tables, network.tables(cuts)), facts, root=settings.sandboxes)
        made.trail.append(at, who, "build", {name: said for name, said in facts.items() if name != "partner"})
    return contents


@contextmanager
def questions(made: Box) -> Iterator[engine.Session]:
    """A session with the sandbox; `ask` asks and writes it into the trail."""
    with engine.session(made.file, made.key) as opened:
        yield opened


def ask(made: Box, opened: engine.Session, statement: str, who: str, at: datetime) -> engine.Answer:
    """The answer to one statement, which is in the trail before the answer is given.

    Raises:
        RefusedQuestion: see `engine`; that is in the trail too.
        CgtError: nobody is named.
    """
    said = {"statement_sha256": of_statement(statement)}
    try:
        answer = opened.ask(statement)
    except engine.RefusedQuestion:
        made.trail.append(at, who, "refused question", said)
        raise
    made.trail.append(at, who, "question", said | {"tables": ", ".join(answer.tables), "rows": str(len(answer.rows))})
    return answer


def export(made: Box, out: Path, who: str, at: datetime) -> Exported:
    """Write the sandbox as a bundle into the new folder `out`.

    Raises:
        CgtError: `out` exists, nobody is named, or there is no sandbox.
    """
    with store.reading(made.file, made.key) as connection:
        (release,) = connection.execute("select value from about.made_from where name = 'release'").fetchone() or ("",)
    key = made.keys.sandbox(made.partner, f"bundle/{release}")
    if out.exists():
        raise CgtError("the folder to export into exists", remedy="Name a new one")
    entry = made.trail.append(at, who, "export", {"release": release})
    manifest = bundle.write(made.file, made.key, out, key, {"partner": made.partner, "trail_head": entry.mark})
    return Exported(out, key.hex(), manifest)


def serve(made: Box, server: str, who: str, at: datetime, password: str | None = None) -> int:
    """Put the sandbox onto a PostgreSQL server, as a database that its partner alone reads, in place of the one before; gives its tables.

    Args:
        server: libpq connection string of a superuser, without a password.
        password: what the partner logs in with from now on; None leaves it as it is.

    Raises:
        CgtError: there is no sandbox, the server is not fit (`serving.server`), a table cannot be held there (`serving.tables`), or the
            partner has no password yet; what it read before then still stands.
    """
    _needs_psycopg()
    from cgt_etl.sandbox.serving import server as servers
    from cgt_etl.sandbox.serving import tables, tenant

    name = made.served_as
    with store.reading(made.file, made.key) as source, servers.connected(server) as admin, tenant.held(admin, name):
        if password is None and not tenant.has_password(admin, name):
            raise CgtError("this partner has no password on this server yet", remedy="Give --password-file")
        with admin.transaction():
            tenant.role(admin, name)
            servers.refuse_open(admin, name)
        (release,) = source.execute("select value from about.made_from where name = 'release'").fetchone() or ("",)
        try:
            with servers.connected(server, tenant.make(admin, name)) as fresh:
                tenant.lock(fresh)
                count = tables.load(source, fresh, name)
            fault_point("sandbox loaded")
            made.trail.append(at, who, "serve", {"release": release, "database": name})
            tenant.replace(admin, name, password)
        finally:
            tenant.drop_unfinished(admin, name)
    return count


def unserve(made: Box, server: str, who: str, at: datetime) -> None:
    """Drop the database and the role of the partner from a PostgreSQL server, and end their sessions.

    Raises:
        CgtError: there is neither, or see `serving.server.connected`.
    """
    _needs_psycopg()
    from cgt_etl.sandbox.serving import server as servers
    from cgt_etl.sandbox.serving import tenant

    with servers.connected(server) as admin, tenant.held(admin, made.served_as):
        if not tenant.drop(admin, made.served_as):
            raise CgtError("this partner is not served there", remedy="Name the server in --server")
        made.trail.append(at, who, "unserve", {"database": made.served_as})


def _needs_psycopg() -> None:
    try:
        import psycopg  # noqa: F401
    except ImportError:
        raise CgtError(
            "serving needs psycopg, which is not installed", remedy="pip install --require-hashes -r requirements/postgres.lock"
        ) from None
