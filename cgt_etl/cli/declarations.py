"""Commands about what is declared: registry, contracts, keys, suppression."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path

import click

from cgt_etl.settings import REPOSITORY, Settings


@click.group()
def registry() -> None:
    """The folder walk: dialects and partners."""


@registry.command("list")
def list_registry() -> None:
    """Every partner, what it promised, and every folder that does not load."""
    from cgt_etl.contracts.registry import Registry

    found = Registry.load(Settings.from_environment())
    for binding in found.bindings:
        click.echo(f"{binding.partner.partner:28} {binding.feed.dialect}.{binding.feed.name} v{binding.feed.version} at {binding.site_id}")
    for problem in found.unhealthy:
        click.echo(f"left out: {problem}")
    sys.exit(1 if found.unhealthy else 0)


@registry.command()
def sync() -> None:
    """Tell dbt of what the walk finds: links, sources and macros that git ignores."""
    from cgt_etl.contracts.dbt_sources import sync as write
    from cgt_etl.contracts.registry import Registry

    settings = Settings.from_environment()
    write(Registry.load(settings), REPOSITORY / "dbt_project")
    click.echo("dbt_project/ knows the present dialects.")


@click.group()
def contract() -> None:
    """Contracts of feeds."""


@contract.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False), required=True)
def check(paths: tuple[Path, ...]) -> None:
    """Check contract files (*.odcs.yaml) or partner files (partner.yaml), strictly."""
    from cgt_etl.contracts.load import load_feed, load_partner
    from cgt_etl.errors import DeclarationError

    wrong = 0
    for path in paths:
        try:
            if path.name == "partner.yaml":
                load_partner(path)
            else:
                load_feed(path)
            click.echo(f"{path}: good")
        except DeclarationError as error:
            wrong += 1
            click.echo(f"{path}: {error}")
    sys.exit(1 if wrong else 0)


@contract.command("diff")
@click.argument("old", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.argument("new", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def diff_contracts(old: Path, new: Path) -> None:
    """Say what changed from the contract file OLD to NEW, and whom each change breaks. Exits 1 where it breaks anybody.

    Both files bear the feed's name (`<feed>.odcs.yaml`): put an older version in a folder of its own.
    """
    from cgt_etl.contracts.diff import diff, next_version
    from cgt_etl.contracts.load import load_feed

    before, after = load_feed(old), load_feed(new)
    differences = diff(before, after)
    for one in differences:
        who = {"files": "breaks files  ", "readers": "breaks readers", "both": "breaks both   ", "nobody": "compatible    "}[one.breaks]
        click.echo(f"{who}  {one.place}: {one.what}")
    least = next_version(before, differences)
    if not differences:
        click.echo("The two contracts say the same.")
    else:
        click.echo(f"Least version for this change: {least} (the old contract is {before.version}, the new one says {after.version}).")
    sys.exit(1 if any(one.is_breaking for one in differences) else 0)


@click.group()
def key() -> None:
    """The master key of a deployment, and the parts of it that a hub and partners hold."""


@key.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def new(file: Path) -> None:
    """Make a master key, readable by its owner alone. Keep it apart from CGT_HOME and back it up: the vault opens with nothing else."""
    write_key(file)
    click.echo(f"Wrote {file}. Set CGT_MASTER_KEY_FILE to it.")


@key.command("hub")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def hub_key(file: Path) -> None:
    """From the master key, the part of a hub that takes tokenised deliveries alone: it makes no token of an identifier and has no vault."""
    from cgt_etl.door.shares import for_hub
    from cgt_etl.landing.keys import named_keys

    _write(file, for_hub(named_keys(Settings.from_environment())))
    click.echo(f"Wrote {file}. The hub sets CGT_MASTER_KEY_FILE to it; the master key must not lie there.")


@key.command("partner")
@click.argument("name", metavar="PARTNER")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def partner_key(name: str, file: Path) -> None:
    """From the master key, the part of a PARTNER that tokenises at its own place. Whoever has it can try out identifiers of everybody."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.door.shares import for_partner
    from cgt_etl.errors import DeclarationError
    from cgt_etl.landing.keys import named_keys

    settings = Settings.from_environment()
    registry = Registry.load(settings)
    if name not in registry.partners:
        raise DeclarationError("unknown partner", partner=name, remedy="`cgt-etl registry list` names the partners")
    _write(file, for_partner(named_keys(settings), registry.partners[name].token_key))
    click.echo(f"Wrote {file}. {name} sets CGT_MASTER_KEY_FILE to it at its place; no other partner gets it.")


def write_key(file: Path) -> None:
    """32 random bytes as base64 in a file of mode 0600.

    Raises:
        click.ClickException: the file exists; a key is never overwritten.
    """
    _write(file, base64.b64encode(os.urandom(32)).decode("ascii"))


def _write(file: Path, text: str) -> None:
    from cgt_etl.landing import durable

    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        durable.write_file(file, [f"{text}\n".encode("ascii")], 0o600)
    except FileExistsError as error:
        raise click.ClickException(f"{file} exists; a key is never overwritten") from error
    durable.sync_folder(file.parent)


@click.command()
@click.option("--kind", required=True, help="Kind of identifier: mrn, grid, crid, coi, ...")
@click.option("--issuer", default="", help="The partner that issued it, for kinds that are not unique everywhere.")
def suppress(kind: str, issuer: str) -> None:
    """Erase every record that names this identifier, at the door, from now on.

    Reads it from standard input, so that it stays out of the shell's history. Records that name the person by another identifier alone
    are not found by this one: name each that the person is known by.
    """
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.landing.suppression import add

    settings = Settings.from_environment()
    add(settings, Registry.load(settings), kind=kind, issuer=issuer, value=sys.stdin.readline().strip())
    click.echo("Noted, for this identifier alone. `cgt-etl reland` applies it to what was landed before, `cgt-etl run` then releases that.")


COMMANDS = [registry, contract, key, suppress]
