"""Commands about the sandboxes of partners: build one, ask it, hand out a copy, write its page, serve it."""

from __future__ import annotations

import os
import secrets
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cgt_etl.cli.identity import WHO
from cgt_etl.settings import Settings

if TYPE_CHECKING:
    from cgt_etl.sandbox.engine import Form
    from cgt_etl.sandbox.home import Box

PARTNER = click.argument("partner", metavar="PARTNER")
SERVER = click.option(
    "--server", required=True, help="Of a superuser, as libpq says it, without a password: 'host=/run/postgresql user=postgres'."
)


@click.group()
def sandbox() -> None:
    """A partner's own rows beside what all learn, in an encrypted store of its own (docs/sandboxes.md)."""


@sandbox.command()
@PARTNER
@click.option("--release", "release_id", help="A release by its id or night; the current one when absent.")
@WHO
def build(partner: str, release_id: str | None, who: str) -> None:
    """Make the sandbox of PARTNER from a release and the collective tables, in place of the one before."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.sandbox import home

    settings = Settings.from_environment()
    contents = home.build(settings, Registry.load(settings), partner, release_id, who=who, at=datetime.now(UTC))
    for schema, table, rows, _ in contents.iter_rows():
        click.echo(f"{schema}.{table}  {rows}")
    click.echo(f"Built the sandbox of {partner}: {contents.height} tables.")


@sandbox.command()
@PARTNER
@click.argument("statement", metavar="SELECT|-")
@click.option("--format", "form", type=click.Choice(["table", "csv", "json"]), default="table", show_default=True, help="Of the answer.")
@WHO
def query(partner: str, statement: str, form: Form, who: str) -> None:
    """Ask the sandbox of PARTNER one question, in DuckDB's SQL; `-` reads it from standard input.

    It runs in a process that reaches nothing but this sandbox, and goes into its audit trail.
    """
    from cgt_etl.sandbox import home

    made = _box(partner)
    with home.questions(made) as opened:
        text = sys.stdin.read() if statement == "-" else statement
        click.echo(home.ask(made, opened, text, who, datetime.now(UTC)).text(form), nl=False)


@sandbox.command()
@PARTNER
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="A new folder.")
@click.option(
    "--key-file", type=click.Path(path_type=Path, dir_okay=False), required=True, help="A new file, which gets the key of the copy."
)
@WHO
def export(partner: str, out: Path, key_file: Path, who: str) -> None:
    """Write a copy that PARTNER opens on its own machine with DuckDB. Hand over the key by another way than the folder."""
    from cgt_etl.errors import CgtError
    from cgt_etl.sandbox import home

    made = _box(partner)
    if key_file.exists():
        raise CgtError("the file for the key exists", remedy="Name a new one")
    done = home.export(made, out, who, datetime.now(UTC))
    _write_secret(key_file, done.key)
    click.echo(f"Wrote {done.folder} ({len(done.manifest['tables'])} tables), and its key into {key_file}.")


@sandbox.command()
@PARTNER
@SERVER
@click.option(
    "--password-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A new file, which gets a new password of the partner as a line of libpq's password file. Needed the first time.",
)
@WHO
def serve(partner: str, server: str, password_file: Path | None, who: str) -> None:
    """Put the sandbox of PARTNER onto a PostgreSQL server, as a database that it alone reads, in place of the one before."""
    from cgt_etl.errors import CgtError
    from cgt_etl.sandbox import home

    made, password = _box(partner), None
    if password_file:
        if password_file.exists():
            raise CgtError("the file for the password exists", remedy="Name a new one")
        password = secrets.token_urlsafe(32)
        _write_secret(password_file, f"*:*:{made.served_as}:{made.served_as}:{password}")
    try:
        count = home.serve(made, server, who, datetime.now(UTC), password)
    except BaseException:
        if password_file:  # what it holds may never have become the password
            password_file.unlink()
        raise
    click.echo(f"Served {partner}: {count} tables in the database {made.served_as}, role {made.served_as}.")


@sandbox.command()
@PARTNER
@SERVER
@WHO
def unserve(partner: str, server: str, who: str) -> None:
    """Drop the database and the role of PARTNER from a PostgreSQL server."""
    from cgt_etl.sandbox import home

    made = _box(partner)
    home.unserve(made, server, who, datetime.now(UTC))
    click.echo(f"Dropped the database and the role {made.served_as}.")


@sandbox.command()
@PARTNER
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Gets a folder of the partner's name.")
@WHO
def page(partner: str, out: Path, who: str) -> None:
    """Write the page of the sandbox: what PARTNER contributed and promised, what it learned, what left its hands, the audit trail."""
    from cgt_etl.egress.rights.home import rights_of
    from cgt_etl.reports.sandbox_page import write_page
    from cgt_etl.sandbox.view import in_force

    settings, now = Settings.from_environment(), datetime.now(UTC)
    agreements = in_force(rights_of(settings).network, partner, now.date())
    click.echo(f"Wrote {write_page(settings, partner, out, who=who, at=now, agreements=agreements)}.")


def follow(settings: Settings, who: str) -> None:
    """Build the sandboxes that there are again after what changed what they hold; exits 1 where one stays as it was."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.sandbox import follow as sandboxes

    done = sandboxes.follow(settings, Registry.load(settings), who=who, at=datetime.now(UTC))
    if done.built:
        click.echo(f"Built the sandboxes of {', '.join(done.built)} again.")
    for sentence in done.sentences:
        click.echo(sentence, err=True)
    if done.failed:
        sys.exit(1)


def _write_secret(file: Path, line: str) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as written:
        written.write(f"{line}\n")


def _box(partner: str) -> Box:
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.sandbox import home

    settings = Settings.from_environment()
    return home.box(settings, Registry.load(settings), partner)


COMMANDS = [sandbox]
