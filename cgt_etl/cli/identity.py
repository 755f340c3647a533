"""Commands of the steward: what waits, accept, reject, what was decided, undo."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

import click

from cgt_etl.settings import Settings

WHO = click.option("--who", required=True, help="Who decides: a name or an account.")
WHY = click.option("--why", required=True, help="Why, for whoever asks later; no identifiers.")
NEXT = "It counts from the next night on: `cgt-etl run`."


@click.group()
def identity() -> None:
    """Who is who: questions that the data cannot answer, and what was decided. No value is ever shown here."""


@identity.command()
@click.option("--most", type=click.IntRange(min=1), default=20, show_default=True, help="How many to show.")
def review(most: int) -> None:
    """What waits for a decision: contradictions, then pairs whose demographics agree, with the evidence of both sides."""
    from cgt_etl.identity import queue

    settings = Settings.from_environment()
    for line in queue.lines(settings, queue.load(settings), datetime.now(UTC), most):
        click.echo(line)


@identity.command()
@click.argument("item", metavar="ID")
@WHO
@WHY
def accept(item: str, who: str, why: str) -> None:
    """The two of ID are one person."""
    _decide(item, "same", who, why)


@identity.command()
@click.argument("item", metavar="ID")
@WHO
@WHY
def reject(item: str, who: str, why: str) -> None:
    """The two of ID are two persons; they are not proposed again, and nothing may join them."""
    _decide(item, "apart", who, why)


@identity.command()
@click.argument("decision", metavar="DECISION")
@WHO
@WHY
def undo(decision: str, who: str, why: str) -> None:
    """Take a decision back, as if it had never been made; the question comes again."""
    from cgt_etl.identity import decisions

    made = decisions.undo(Settings.from_environment(), decision, decisions.Because(who, why, datetime.now(UTC)))
    click.echo(f"Undone: {decision}, by {made.id}. {NEXT}")


@identity.command("decisions")
@click.option("--all", "has_all", is_flag=True, help="Also those that were undone or replaced.")
def list_decisions(has_all: bool) -> None:
    """What was decided, by whom and why."""
    from cgt_etl.identity import decisions

    made = decisions.load(Settings.from_environment())
    for one in sorted(made if has_all else decisions.in_force(made), key=lambda one: (one.at, one.id)):
        click.echo(one.line() + (f"; in the place of {', '.join(one.instead_of)}" if one.instead_of else ""))


def _decide(item: str, says: Literal["same", "apart"], who: str, why: str) -> None:
    from cgt_etl.identity import decisions, queue

    settings = Settings.from_environment()
    found = queue.load(settings).item(item)
    made = decisions.decide(settings, says, found.pair, decisions.Because(who, why, datetime.now(UTC)), found.said())
    click.echo(f"Decided: {'one person' if says == 'same' else 'two persons'} ({made.id}). {NEXT}")


COMMANDS = [identity]
