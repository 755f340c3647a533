"""Commands that ask a release what came from what: recall, genealogy."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cgt_etl.genealogy import KINDS
from cgt_etl.settings import Settings

KIND = click.option("--kind", type=click.Choice(KINDS), help="What it is; every reading is tried when absent.")
PARTNER = click.option("--partner", help="Who issued the number; every issuer is tried when absent.")
RELEASE = click.option("--release", "release_id", help="A release by its id or night; the current one when absent.")


@click.command()
@click.argument("what", metavar="DIN|LOT|BAG")
@KIND
@PARTNER
@click.option("--json", "as_json", is_flag=True, help="For machines, whole.")
@click.option("--csv", "as_csv", is_flag=True, help="One line for each thing.")
@RELEASE
def recall(what: str, kind: str | None, partner: str | None, release_id: str | None, *, as_json: bool, as_csv: bool) -> None:
    """Everything downstream of a donation, lot or bag, every source upstream, and what could not be followed.

    Also a batch, a vector's or other material's lot, or an id of the release. `-` reads it from standard input, so that it stays out of
    the shell's history. A number needs the master key, an id does not. Exits 1 where the release holds nothing of the kind.
    """
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.genealogy import report
    from cgt_etl.genealogy.recall import recall as answer
    from cgt_etl.release.read import find

    if as_json and as_csv:
        raise click.UsageError("--json and --csv exclude each other")
    settings = Settings.from_environment()
    found = answer(settings, find(settings, release_id), Registry.load(settings), _typed(what), kind=kind, partner=partner)
    if as_json:
        click.echo(report.as_json(found))
    elif as_csv:
        click.echo(report.as_csv(found), nl=False)
    else:
        for line in report.text(found):
            click.echo(line)
    sys.exit(0 if found.is_found else 1)


@click.command()
@click.argument("what", metavar="PRODUCT|JOURNEY")
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Also draw it into this file.")
@KIND
@PARTNER
@RELEASE
def genealogy(what: str, svg: Path | None, kind: str | None, partner: str | None, release_id: str | None) -> None:
    """What came from what around a product or in a journey, as a tree of lines, and drawn.

    Takes what `cgt-etl recall` takes, and the id of a journey; `-` reads it from standard input. Exits 1 where the release holds nothing
    of the kind.
    """
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.genealogy import svg as drawing
    from cgt_etl.genealogy import tree
    from cgt_etl.genealogy.recall import recall as answer
    from cgt_etl.release.read import find

    settings = Settings.from_environment()
    found = answer(settings, find(settings, release_id), Registry.load(settings), _typed(what), kind=kind, partner=partner)
    if not found.is_found:
        click.echo(f"Nothing in this release bears it. Tried as: {'; '.join(found.tried)}.")
        sys.exit(1)
    for line in tree.text(found):
        click.echo(line)
    if svg:
        svg.write_text(drawing.draw(found), encoding="utf-8", newline="\n")
        click.echo(f"Wrote {svg}.")


def _typed(what: str) -> str:
    return sys.stdin.readline().strip() if what == "-" else what


COMMANDS = [recall, genealogy]
