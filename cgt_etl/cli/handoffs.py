"""Commands about handoffs: how well their statistics do."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from cgt_etl.handoffs.evaluation.figures import Map

PARTS = ("bottlenecks", "charts", "actions", "effects", "dwell")


@click.group()
def handoffs() -> None:
    """Where handoffs are slow, why, and whether it got better."""


@handoffs.command()
@click.option("--seeds", type=click.IntRange(min=1), default=200, show_default=True, help="How many worlds of each kind.")
@click.option("--first", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the first.")
@click.option("--part", "parts", type=click.Choice(PARTS), multiple=True, help="Only this one; may be repeated.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, show_default=True, help="Processes.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def evaluate(seeds: int, first: int, parts: tuple[str, ...], jobs: int, *, as_json: bool) -> None:
    """Try the statistics on worlds whose truth is known: figures, targets, and what simpler ways reach.

    Nothing of a home is read. Exits 1 where a target is missed.
    """
    from cgt_etl.handoffs import evaluation
    from cgt_etl.simulator import handoff_world

    figures = []
    with _each(jobs) as each:
        for part in parts or PARTS:
            figures += evaluation.PARTS[part](getattr(handoff_world, part), range(first, first + seeds), each)
    if as_json:
        click.echo(json.dumps([asdict(figure) for figure in figures], indent=1))
    else:
        for figure in figures:
            mark = "met   " if figure.is_met else "missed"
            line = f"{mark}  {figure.part:22} {figure.what:38} {figure.target:>14}  {figure.reached:8.3f}  {figure.baseline}"
            click.echo(line.rstrip())
    sys.exit(0 if all(figure.is_met for figure in figures) else 1)


@contextmanager
def _each(jobs: int) -> Iterator[Map]:
    if jobs == 1:
        yield map
    else:
        with ProcessPoolExecutor(jobs) as pool:
            yield pool.map


COMMANDS = [handoffs]
