"""Commands about what was set aside: list, trend, show, export, free."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import click

from cgt_etl.settings import Settings


@click.group()
def quarantine() -> None:
    """Rows and cells that were set aside, with their age and owner."""


@quarantine.command("list")
@click.option("--partner")
@click.option("--feed")
@click.option("--items", is_flag=True, help="One line each, instead of totals.")
def list_items(partner: str | None, feed: str | None, items: bool) -> None:
    """What is set aside, by partner, feed and rule; no values."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.landing import quarantine as held

    settings = Settings.from_environment()
    for line in held.lines(settings, Registry.load(settings), partner=partner, feed=feed, items=items):
        click.echo(line)


@quarantine.command()
@click.option("--partner")
@click.option("--feed")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def trend(partner: str | None, feed: str | None, as_json: bool) -> None:
    """What each feed delivered and how much of it was set aside, night by night, by rule; which feed got worse."""
    from cgt_etl.landing import trends

    found = trends.trends(Settings.from_environment(), partner=partner, feed=feed)
    for line in [json.dumps(trends.said(found), indent=1)] if as_json else trends.lines(found):
        click.echo(line)


@quarantine.command()
@click.argument("delivery")
@click.argument("position", type=int)
def show(delivery: str, position: int) -> None:
    """The set-aside text of one position of a delivery, from the vault; needs the key."""
    from cgt_etl.landing import quarantine as held

    for line in held.show(Settings.from_environment(), delivery, position):
        click.echo(line)


@quarantine.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--with-values", is_flag=True, help="Include the text from the vault; needs the key.")
def export(out: Path, with_values: bool) -> None:
    """Everything set aside, as CSV."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.landing import quarantine as held

    settings = Settings.from_environment()
    count = held.export(settings, Registry.load(settings), out, with_values=with_values)
    click.echo(f"Wrote {count} items to {out}.")


@quarantine.command()
@click.argument("delivery")
def free(delivery: str) -> None:
    """Land a delivery again under the present contract and reader, and say what that set free."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.landing import quarantine as held

    settings = Settings.from_environment()
    click.echo(held.free(settings, Registry.load(settings), delivery, received_at=datetime.now(UTC)))


COMMANDS = [quarantine]
