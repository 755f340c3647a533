"""Commands about rights: what partners agreed to, what one may see of a table and why, the log of decisions."""

from __future__ import annotations

import json
from datetime import datetime

import click

from cgt_etl.settings import Settings


@click.group()
def rights() -> None:
    """Who may see what of whom, by which agreement (docs/sandboxes.md)."""


@rights.command("list")
@click.option("--policies", "is_cedar", is_flag=True, help="The Cedar policies that are made from them instead.")
@click.option("--json", "is_json", is_flag=True, help="As JSON.")
def list_rights(is_cedar: bool, is_json: bool) -> None:
    """Every agreement and refusal, by contributor."""
    from cgt_etl.egress.rights.home import rights_of
    from cgt_etl.egress.rights.listed import lines, said

    found = rights_of(Settings.from_environment())
    if is_cedar:
        click.echo(found.text)
    elif is_json:
        click.echo(json.dumps(said(found), indent=1, ensure_ascii=False))
    else:
        for line in lines(found):
            click.echo(line)


@rights.command()
@click.argument("partner")
@click.argument("table")
@click.option("--purpose", default="DUO:0000006", show_default=True, help='DUO term or code; for one disease "DS MONDO:0018905".')
@click.option("--accept", "accepts", multiple=True, help="A DUO condition that the partner meets, by term or code; again for more.")
@click.option("--as-of", type=click.DateTime(["%Y-%m-%d"]), help="Day of the answer; the last of the current release when absent.")
@click.option("--keep", "is_kept", is_flag=True, help="Keep the decisions in $CGT_HOME/rights, as made about the current release.")
@click.option("--json", "is_json", is_flag=True, help="As JSON.")
def explain(
    *, partner: str, table: str, purpose: str, accepts: tuple[str, ...], as_of: datetime | None, is_kept: bool, is_json: bool
) -> None:
    """What PARTNER may see of the released TABLE, column by column, and why."""
    from cgt_etl.egress.rights.decisions import Use
    from cgt_etl.egress.rights.home import explain_table

    use, day = Use(purpose, frozenset(accepts)), as_of.date() if as_of else None
    found, head = explain_table(Settings.from_environment(), partner, table, use, day, is_kept=is_kept)
    if is_json:
        click.echo(json.dumps(found.said(), indent=1, ensure_ascii=False))
    else:
        for line in found.lines():
            click.echo(line)
    if head:
        click.echo(f"Kept; the log of decisions ends with {head}.", err=is_json)


@rights.command()
@click.option("--head", help="The mark with which the log must end, where it was written down.")
def verify(head: str | None) -> None:
    """Whether the log of decisions is what was written; exits 2 and names the record where it is not."""
    from cgt_etl.egress.rights.home import log_of

    log = log_of(Settings.from_environment())
    click.echo(f"{len(log.read(head))} records; the log of decisions ends with {log.head}.")


COMMANDS = [rights]
