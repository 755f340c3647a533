"""Commands of the loop: what was done about a finding, what is disputed, and whether an action worked."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from cgt_etl.cli.identity import WHO, WHY
from cgt_etl.errors import CgtError
from cgt_etl.settings import Settings

if TYPE_CHECKING:
    from cgt_etl.handoffs.journal import Ruling

FINDING = click.argument("finding", metavar="FINDING")
STATEMENT = re.compile("s[0-9a-f]{12}")
"""Form of a statement's id: only then are the cards of the release made, to see whether one says it."""
RELEASE = click.option("--release", "release_id", help="A release by its id or night; the current one when absent.")


@click.group()
def actions() -> None:
    """What was done about findings of handoffs, and whether it helped. Nothing here changes a release."""


@actions.command()
@FINDING
@click.option("--place", metavar="TRANSITION@SITE", help="Whose hours it is to change; a bottleneck's own when absent.")
@click.option("--owner", required=True, help="Who sees to it.")
@click.option("--done", required=True, help="What was done; no identifiers.")
@click.option("--expected", type=float, required=True, help="Change of hours hoped for, as a share: -0.4 for forty per cent fewer.")
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), required=True, help="Day (UTC) from which it holds.")
@click.option("--window", "window_days", type=int, default=180, show_default=True, help="Days from the start whose cases are judged.")
@WHO
@WHY
def add(
    finding: str,
    *,
    place: str | None,
    owner: str,
    done: str,
    expected: float,
    start: datetime,
    window_days: int,
    who: str,
    why: str,
) -> None:
    """Write down an action about FINDING."""
    from cgt_etl.handoffs import journal

    settings = _known(finding)
    transition, is_place, site = (place or finding).partition("@")
    if not is_place:
        raise CgtError("an action says whose hours it is to change", remedy="Give --place, such as H08_until_first_use@harbor_hospital")
    made = journal.act(
        settings,
        journal.Because(who, why, datetime.now(UTC)),
        finding=finding,
        transition=transition,
        site=site,
        owner=owner,
        done=done,
        expected=expected,
        start=start.date(),
        window_days=window_days,
    )
    click.echo(f"Written down: {made.id}. `cgt-etl actions verdict {made.id}` judges it.")


@actions.command("list")
@click.option("--all", "has_all", is_flag=True, help="Also findings about which nobody has said anything.")
@RELEASE
def list_actions(release_id: str | None, *, has_all: bool) -> None:
    """Findings of handoffs with their actions, disputes and answers beside them."""
    from cgt_etl.handoffs import journal, loop
    from cgt_etl.release.read import find

    settings = Settings.from_environment()
    for line in loop.lines(find(settings, release_id), journal.load(settings), has_all=has_all):
        click.echo(line)


@actions.command()
@FINDING
@WHO
@WHY
def dispute(finding: str, who: str, why: str) -> None:
    """Say that FINDING, or a statement of a feedback card, is wrong. It stays, with the dispute beside it, until somebody answers."""
    from cgt_etl.handoffs import journal
    from cgt_etl.reports.nightly import statement_ids

    settings = Settings.from_environment()
    try:
        _known(finding)
    except CgtError:
        if not STATEMENT.fullmatch(finding) or finding not in statement_ids(settings):
            raise
    made = journal.dispute(settings, journal.Because(who, why, datetime.now(UTC)), finding)
    click.echo(f"Disputed: {made.id}. `cgt-etl actions answer {made.id}` answers it.")


@actions.command()
@click.argument("dispute_id", metavar="DISPUTE")
@click.argument("ruling", type=click.Choice(["upheld", "dismissed"]))
@WHO
@WHY
def answer(dispute_id: str, ruling: Ruling, who: str, why: str) -> None:
    """Answer a dispute: it is upheld (the finding was wrong) or dismissed."""
    from cgt_etl.handoffs import journal

    made = journal.answer(Settings.from_environment(), journal.Because(who, why, datetime.now(UTC)), dispute_id, ruling)
    click.echo(f"Answered: {dispute_id} is {ruling} ({made.id}).")


@actions.command()
@click.argument("action", metavar="ACTION", required=False)
@RELEASE
def verdict(action: str | None, release_id: str | None) -> None:
    """Whether ACTION, or every action, worked: against sites that did not act, and against their own bad spells (docs/handoffs.md)."""
    from cgt_etl.handoffs import journal, loop
    from cgt_etl.release.read import find

    settings = Settings.from_environment()
    for one in loop.verdicts(find(settings, release_id), journal.load(settings), action):
        click.echo(one.line())


def _known(finding: str) -> Settings:
    from cgt_etl.handoffs import journal, loop
    from cgt_etl.release.read import find

    settings = Settings.from_environment()
    loop.known(find(settings, None), journal.load(settings), finding)
    return settings


COMMANDS = [actions]
