"""Commands about collective questions, of the group `collective`: what can be asked, ask, what was answered."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from cgt_etl.settings import Settings

if TYPE_CHECKING:
    from cgt_etl.egress.questions.ledger import Entry


@click.command("questions")
def list_questions() -> None:
    """What can be asked: outcomes, times and exposures."""
    from cgt_etl.egress.questions.catalogue import KINDS, load

    catalogue = load()
    click.echo(f"Catalogue {catalogue.version}, of people whose consents cover the purpose {catalogue.purpose}.")
    click.echo(f"kinds: {', '.join(KINDS)}")
    for title, of in (("outcomes", catalogue.outcomes), ("times", catalogue.times), ("exposures", catalogue.exposures)):
        click.echo(f"{title}:")
        for one in of:
            click.echo(f"  {one.name}: {one.means}")


@click.command()
@click.argument("kind")
@click.argument("outcome")
@click.argument("exposures", nargs=-1, required=True)
@click.option("--by", required=True, help="The partner that asks.")
@click.option("--quarter", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day of the quarter, as 2026-01-01.")
@click.option("--release", "release_id", help="The release to ask; the current one when absent.")
def ask(release_id: str | None, quarter: datetime, **words: Any) -> None:
    """Ask all partners' rows a question of the catalogue; the answer, under noise, goes to everybody."""
    from cgt_etl.egress.questions.catalogue import load
    from cgt_etl.egress.questions.home import Asked
    from cgt_etl.egress.questions.home import ask as ask_home
    from cgt_etl.egress.rights.home import deciding

    settings = Settings.from_environment()
    asked = Asked(**words, begin=quarter.date())
    what = f"collective ask {' '.join((asked.kind, asked.outcome, *asked.exposures))} by {asked.by}"
    done = ask_home(settings, asked, deciding(settings, load().use, release_id, what), release_id)
    _tell(done.entry)
    for refusal in done.entry.refused:
        click.echo(f"left out  {refusal.legal_entity}  {refusal.column} for {refusal.recipient}: {refusal.why}")
    click.echo(f"{'Answered' if done.is_new else 'Answered before'}; the answers end with {done.head}.")


@click.command()
def answers() -> None:
    """Every answer, and what they cost together."""
    from cgt_etl.egress.questions.home import answers as of_home
    from cgt_etl.egress.questions.ledger import LIFETIME_RHO, QUARTER_RHO, spent
    from cgt_etl.egress.questions.noise import epsilon

    entries, head = of_home(Settings.from_environment())
    for entry in entries:
        _tell(entry)
    for population in dict.fromkeys(entry.population for entry in entries):
        for quarter in dict.fromkeys(entry.quarter for entry in entries):
            click.echo(f"{population}, {quarter}: spent {float(spent(entries, population, quarter)):.4f} of {float(QUARTER_RHO):g} rho")
        ever = float(spent(entries, population))
        click.echo(f"{population}, ever: spent {ever:.4f} of {float(LIFETIME_RHO):g} rho; epsilon {epsilon(ever, 1e-6):.2f} at delta 1e-6")
    click.echo(f"{len(entries)} answers; they end with {head}.")


def _tell(entry: Entry) -> None:
    click.echo(f"{entry.question}, {entry.quarter}")
    if entry.answer.is_withheld:
        click.echo("  withheld: too few subjects or contributors")
        return
    click.echo(f"  about {entry.answer.subjects} subjects")
    for figure in entry.answer.figures:
        told = "hidden by the noise" if figure.estimate is None else f"{figure.estimate:.4f} ({figure.low:.4f} to {figure.high:.4f})"
        click.echo(f"  {figure.says}: {told}")


COMMANDS = [list_questions, ask, answers]
