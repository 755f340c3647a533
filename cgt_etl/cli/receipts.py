"""Commands about receipts: what each partner is told of its deliveries."""

from __future__ import annotations

import json

import click

from cgt_etl.settings import Settings


@click.group()
def receipt() -> None:
    """What a partner is told of each delivery: what arrived, what was accepted, what was set aside, where and why; no values."""


@receipt.command("list")
@click.option("--partner")
@click.option("--feed")
def list_receipts(partner: str | None, feed: str | None) -> None:
    """One line per delivery: its id, its file, where its receipt lies."""
    from cgt_etl.landing.delivery import deliveries
    from cgt_etl.landing.receipt import path_of

    settings = Settings.from_environment()
    for one in deliveries(settings):
        if (partner is None or one.partner == partner) and (feed is None or one.feed == feed):
            path = path_of(settings, one, "html")
            click.echo(f"{one.id}  {one.source_name}  {one.status}  {path if path.is_file() else 'no receipt yet'}")


@receipt.command()
@click.argument("delivery")
@click.option("--json", "as_json", is_flag=True, help="As written for machines.")
def show(delivery: str, as_json: bool) -> None:
    """The receipt of one delivery, <partner>/<feed>/<raw16>, made from what counts now."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.landing.delivery import delivery as by_id
    from cgt_etl.landing.receipt import lines
    from cgt_etl.landing.receipt import receipt as of

    settings = Settings.from_environment()
    one = by_id(settings, delivery)
    said = of(one, Registry.load(settings).binding(one.partner, one.feed).feed)
    for line in [json.dumps(said, indent=1, ensure_ascii=False)] if as_json else lines(said):
        click.echo(line)


COMMANDS = [receipt]
