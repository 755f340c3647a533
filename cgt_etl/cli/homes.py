"""Commands that look after a home: doctor, backup, restore, erase."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from cgt_etl.cli.sandbox import follow
from cgt_etl.settings import Settings


@click.command()
def doctor() -> None:
    """Say what is wrong with this home, each thing with its remedy. Changes nothing; exits 1 where something is wrong."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.operations.doctor import LOOKS, examine

    settings = Settings.from_environment()
    found = examine(settings, Registry.load(settings))
    for one in found:
        click.echo(one.line())
    if not found:
        click.echo(f"Nothing is wrong. Looked at: {', '.join(LOOKS)}.")
    sys.exit(1 if found else 0)


@click.command()
@click.argument("to", type=click.Path(path_type=Path))
def backup(to: Path) -> None:
    """Copy this home, checksummed, into the new folder TO; waits for nobody and lets no night run meanwhile.

    Left out, because it is made again: build files (the next night is a full build), dbt's folder, Dagster's run history. Never in it: the
    master key. Keep that apart; a restored vault opens with nothing else.
    """
    from cgt_etl.operations.backup import back_up

    done = back_up(Settings.from_environment(), to)
    click.echo(f"Copied {done.files} files, {done.size_bytes} bytes, to {to}. The master key is not in it.")


@click.command()
@click.argument("origin", metavar="FROM", type=click.Path(path_type=Path, exists=True, file_okay=False))
def restore(origin: Path) -> None:
    """Make CGT_HOME, which must be absent or empty, from what `cgt-etl backup` wrote; every file is checked first."""
    from cgt_etl.operations.backup import restore as bring_back

    done = bring_back(Settings.from_environment(), origin)
    click.echo(f"Restored {done.files} files, {done.size_bytes} bytes. `cgt-etl doctor` says whether all is well.")


@click.command()
@click.option("--who", required=True, help="Who erases.")
@click.option("--why", required=True, help="On what grounds; without naming the person, since it is kept in the clear.")
@click.option("--keep-raw", is_flag=True, help="Raw files stay sealed as they came, where the law wants them kept.")
def erase(who: str, why: str, *, keep_raw: bool) -> None:
    """Erase suppressed persons from what past nights and the vault keep, under a signed tombstone: after `suppress`, `reland` and `run`.

    Earlier admissions, set-aside texts, releases built on them and stewards' decisions go; past nights can still be built, without the
    person (`release build --as-of`). Raw files are written anew without the person's records; one that cannot be is named, with the
    reason. Sandboxes are built again; exits 1 where one could not be. Backups and exports are not looked at.
    """
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.identity.decisions import Because
    from cgt_etl.operations.erasure import erase as erase_home
    from cgt_etl.operations.erasure import is_pending

    settings = Settings.from_environment()
    done = erase_home(settings, Registry.load(settings), Because(who, why, datetime.now(UTC)), is_raw_kept=keep_raw)
    click.echo(f"Erased {len(done.admissions)} admissions, {len(done.releases)} releases, {len(done.decisions)} decisions.")
    records = sum(one["records"] for one in done.rewritten.values())
    click.echo(f"Wrote {len(done.rewritten)} raw files anew, without {records} records.")
    for delivery, reason in done.left.items():
        click.echo(f"its raw file is left as it is: {delivery}: {reason}")
    for delivery in done.not_looked_at:
        click.echo(f"not landed again, and may hold the person: {delivery}")
    if is_pending(settings):
        click.echo("The current release still tells of them: `cgt-etl run`, then `cgt-etl erase` again.")
    follow(settings, who)


COMMANDS = [doctor, backup, restore, erase]
