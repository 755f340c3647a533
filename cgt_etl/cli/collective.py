"""Commands about the collective tables: what is counted, cut a quarter, attack everything released; and about questions (`questions`)."""

from __future__ import annotations

import sys
from datetime import datetime

import click

from cgt_etl.cli import questions
from cgt_etl.cli.sandbox import follow
from cgt_etl.settings import Settings


@click.group()
def collective() -> None:
    """What all partners learn of all: a fixed list of tables, cut quarterly (docs/sandboxes.md)."""


@collective.command("list")
def list_tables() -> None:
    """The fixed list: what is counted, and in which categories."""
    from cgt_etl.egress.collective.home import listed

    plan = listed()
    click.echo(f"List {plan.version}, of people whose consents cover the purpose {plan.purpose}.")
    for table in plan.tables:
        click.echo(f"{table.name}: {table.counts}")
        for name in table.dimensions:
            dimension = plan.dimension(name)
            click.echo(f"  {name}: {dimension.means}: {'; '.join(dimension.categories)}")


@collective.command()
@click.option("--quarter", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day of the quarter, as 2026-01-01.")
@click.option("--release", "release_id", help="The release to cut from; the current one when absent.")
def cut(quarter: datetime, release_id: str | None) -> None:
    """Cut the tables of a quarter, attack them together with everything released before, and release them into $CGT_HOME/collective.

    Sandboxes are built again with them; exits 1 where one could not be."""
    from cgt_etl.egress.collective.home import cut_release, listed
    from cgt_etl.egress.peer_places import LEAST_CONTRIBUTORS
    from cgt_etl.egress.rights.home import deciding

    settings = Settings.from_environment()
    decide = deciding(settings, listed().use, release_id, f"collective cut of the quarter from {quarter.date()} on")
    done = cut_release(settings, release_id, quarter.date(), decide)
    plan = done.cut.plan
    click.echo(f"Cut {done.cut.quarter} from release {done.release_id}.")
    for table in plan.tables:
        click.echo(f"{table.name}: {table.counts}")
        if table.population in done.agreed.rows.too_few:
            click.echo(f"  too few contributors: fewer than {LEAST_CONTRIBUTORS}")
            continue
        for cell in plan.cells(table):
            value = done.cut.cells[cell].value
            click.echo(f"  {', '.join(cell.categories)}: {'withheld' if value is None else value}")
    for population, refusals in done.agreed.refused.items():
        for one in refusals:
            click.echo(f"left out  {population}  {one.legal_entity}  {one.column} for {one.recipient}: {one.why}")
    for population, count in done.agreed.rows.left_out.items():
        if count:
            click.echo(f"left out  {population}  {count}  no consent covers the purpose")
    click.echo(f"Released; the ledger ends with {done.head}.")
    follow(settings, f"cut of {done.cut.quarter}")


@collective.command()
def audit() -> None:
    """Attack every cut of the ledger again, with all before it; exits 1 where something would be told."""
    from cgt_etl.egress.collective.home import audit_ledger

    found = audit_ledger(Settings.from_environment())
    for conflict in found.conflicts:
        click.echo(str(conflict))
    click.echo(f"Attacked {found.cuts} cuts; the ledger ends with {found.head}.")
    click.echo("The ledger tells too much." if found.conflicts else "Nothing is told.")
    sys.exit(1 if found.conflicts else 0)


for command in questions.COMMANDS:
    collective.add_command(command)

COMMANDS = [collective]
