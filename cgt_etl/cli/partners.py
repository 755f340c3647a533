"""Commands for whoever brings a partner in: draft its file, check a delivery before it counts."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cgt_etl.settings import Settings


@click.group()
def partner() -> None:
    """Bring a partner in."""


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


COMMANDS = [partner]
