"""Commands for whoever brings a partner in (new, check), and for a partner that tokenises at its own place (tokenise, token, resolve)."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from cgt_etl.settings import Settings


@click.group()
def partner() -> None:
    """Bring a partner in; and at a partner's, make of its files what may leave."""


@partner.command()
@click.argument("name", metavar="PARTNER")
@click.argument("feed")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
def check(name: str, feed: str, files: tuple[Path, ...]) -> None:
    """Try FILES as deliveries of PARTNER's FEED: what is wrong, where and why, and what would land. Leaves nothing behind.

    Says positions, columns and rules, and no value. Needs no key. Exits 1 where a file would be refused or anything set aside.
    """
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.landing.rehearse import rehearse

    settings = Settings.from_environment()
    registry = Registry.load(settings)
    tried = []
    for path in files:
        tried.append(rehearse(settings, registry, name, feed, path))
        for line in tried[-1].lines:
            click.echo(line)
        click.echo("All of it would land." if tried[-1].is_clean else "Not all of it would land.")
    sys.exit(0 if all(one.is_clean for one in tried) else 1)


@partner.command("new")
@click.argument("name")
@click.option("--dialect", "dialects", multiple=True, required=True, help="A dialect that it speaks; again for more.")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), help="Folder of partners; the last of CGT_PARTNERS when absent.")
def new_partner(name: str, dialects: tuple[str, ...], into: Path | None) -> None:
    """Draft the file of partner NAME. What nobody can know is a TODO, and the partner is left out until the last one is answered."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.onboarding.write import new_partner as write

    settings = Settings.from_environment()
    path = write(into or settings.partner_paths[-1], name, Registry.load(settings), dialects)
    click.echo(f"Wrote {path}. Answer the TODOs; `cgt-etl contract check {path}` says where the next one stands.")


@partner.command()
@click.argument("name", metavar="PARTNER")
@click.argument("feed")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for what may leave.")
def tokenise(name: str, feed: str, files: tuple[Path, ...], out: Path) -> None:
    """At the partner's: take FILES of PARTNER's FEED through the door here, and write into --out what the hub may have of them.

    Typed rows, tokens, verdicts and counts; no raw byte, and no text of an identifier, a name or a remark. The files themselves and what
    was set aside stay in the vault of this CGT_HOME. CGT_MASTER_KEY_FILE names the key that was given for PARTNER.
    """
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.landing.tokenise import tokenise as make

    settings = Settings.from_environment()
    for one in make(settings, Registry.load(settings), name, feed, files, out=out, now=datetime.now(UTC)):
        click.echo(one.line())


@partner.command()
@click.option("--kind", required=True, help="Kind of identifier: mrn, din, lot, ...")
@click.option("--issuer", default="", help="The partner that issued it, for kinds that are not unique everywhere.")
def token(kind: str, issuer: str) -> None:
    """At the partner's: the token of an identifier, read from standard input, by which `cgt-etl recall` finds it at a hub without keys."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.landing.keys import keys_of
    from cgt_etl.landing.suppression import linkage_token

    settings = Settings.from_environment()
    click.echo(linkage_token(Registry.load(settings), keys_of(settings), kind, issuer, sys.stdin.readline().strip()))


@partner.command()
@click.argument("what", metavar="TOKEN|DELIVERY")
@click.option("--position", type=int, help="Of the record in that delivery.")
def resolve(what: str, position: int | None) -> None:
    """At the partner's: the identifier that a TOKEN of its deliveries stands for, or those of one record of a DELIVERY; from its vault."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.landing import resolve as resolving

    settings = Settings.from_environment()
    registry = Registry.load(settings)
    by_token = position is None
    for one in resolving.by_token(settings, registry, what) if by_token else resolving.by_place(settings, registry, what, position or 0):
        click.echo(one.line())


COMMANDS = [partner]
