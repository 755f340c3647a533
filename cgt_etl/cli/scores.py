"""Command that scores a release against the simulator's sealed truth."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click


@click.command()
@click.option(
    "--release",
    "tables",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="A release's folder, or a build (held-*.duckdb).",
)
@click.option(
    "--truth", type=click.Path(path_type=Path, exists=True, file_okay=False), required=True, help="The folder that simulate wrote."
)
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def score(tables: Path, truth: Path, as_json: bool) -> None:
    """How well a release, or a build that the gate held back, reconstructs what the simulator knows. Exits 1 where a target is missed.

    Measurements and product edges are not scored yet.
    """
    from cgt_etl.simulator.scoring.score import score as measure
    from cgt_etl.simulator.scoring.sources import Tables, Truth, Unscorable

    try:
        measures = measure(Tables(tables.resolve()), Truth(truth))
    except Unscorable as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        said = [{**asdict(one), "precision": one.precision, "recall": one.recall, "is_met": one.is_met} for one in measures]
        click.echo(json.dumps(said, indent=1))
    else:
        click.echo(f"{'':44} {'expected':>9} {'found':>9} {'precision':>10} {'recall':>8}")
        for one in measures:
            mark = "" if one.is_met else "   MISSED"
            click.echo(f"{one.name:44} {one.expected:>9} {one.found:>9} {one.precision:>10.4f} {one.recall:>8.4f}{mark}")
            for example in one.examples:
                click.echo(f"    {example}")
    sys.exit(0 if all(one.is_met for one in measures) else 1)


COMMANDS = [score]
