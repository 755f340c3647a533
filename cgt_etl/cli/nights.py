"""Commands that bring data in, and what became of it: run, reland, status, simulate, score, demo."""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cgt_etl.errors import CgtError
from cgt_etl.settings import Settings

if TYPE_CHECKING:
    from cgt_etl.orchestration.night import NightReport
    from cgt_etl.simulator.engine import Level

INBOX = click.option(
    "--inbox",
    type=click.Path(file_okay=False, path_type=Path, exists=True),
    required=True,
    help="<night>/<partner>/<feed>/<file>.",
)


@click.command()
@INBOX
@click.option("--night", help="One night folder; all of them in order when absent.")
@click.option("--plain", is_flag=True, help="Without Dagster: the same steps, no run history.")
def run(inbox: Path, night: str | None, plain: bool) -> None:
    """Land what is new, build, judge and release. Does nothing, in seconds, when nothing is new.

    Exits 0 when the release stands (files may have been refused: the report says so), 3 when the gate held a build back.
    """
    held = _run(Settings.from_environment(), inbox, night, plain=plain)
    sys.exit(3 if held else 0)


def _run(settings: Settings, inbox: Path, night: str | None, *, plain: bool) -> bool:
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.orchestration.night import nights_to_run, run_night

    registry = Registry.load(settings)
    folders = nights_to_run(settings, registry, inbox, night)
    held = False
    for folder in folders:
        if plain:
            report = run_night(settings, registry, inbox, folder, received_at=datetime.now(UTC))
        else:
            from cgt_etl.orchestration.dagster_run import run_night_job

            report = run_night_job(settings, inbox, folder)
        _print(report)
        held = held or report.is_held
    if not folders:
        for problem in registry.unhealthy:
            click.echo(f"left out: {problem}")
        click.echo("Nothing new: every file was landed before, and the current release rests on all of it.")
    return held


def _print(report: NightReport) -> None:
    for line in report.lines():
        click.echo(line)


@click.command()
@click.argument("delivery", required=False)
@click.option("--feed", help="Only this feed's deliveries.")
def reland(delivery: str | None, feed: str | None) -> None:
    """Apply the present contract and reader to deliveries that were landed under an older one, from the vault.

    DELIVERY is <partner>/<feed>/<raw16>; all that are not under the present door when absent. Run `cgt-etl run` afterwards.
    """
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.landing.reland import reland_all

    settings = Settings.from_environment()
    results = reland_all(settings, Registry.load(settings), delivery=delivery, feed=feed, received_at=datetime.now(UTC))
    for result in results:
        click.echo(result.line())
    done = sum(result.is_done for result in results)
    failed = sum(result.after is None for result in results)
    if not results:
        click.echo("Every delivery is under the present door.")
    elif done or failed:
        click.echo(f"{done} relanded{f', {failed} could not be' if failed else ''}.{' `cgt-etl run` builds on it.' if done else ''}")
    sys.exit(1 if failed else 0)


@click.command()
def status() -> None:
    """What is landed, released, held back and promised, on one screen."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.orchestration.status import lines

    settings = Settings.from_environment()
    for line in lines(settings, Registry.load(settings), datetime.now(UTC)):
        click.echo(line)


@click.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Gets inbox/ and truth/.")
@click.option("--journeys", default=30, show_default=True, type=click.IntRange(1, 10_000_000), help="Intents to treat.")
@click.option("--nights", "night_count", default=3, show_default=True, type=click.IntRange(1, 400), help="Over the world's 240 days.")
@click.option("--seed", default=7, show_default=True)
@click.option("--defects", type=click.Choice(["none", "typical", "harsh"]), default="typical", show_default=True)
@click.option(
    "--world",
    type=click.Choice(["network", "wide", "linkage", "tables"]),
    default="network",
    show_default=True,
    help="The repository's partners; eight and more of each role; identifiers alone; released tables without files.",
)
@click.option("--high-volume", type=click.Choice(["on", "off"]), default="off", show_default=True, help="Minutes of wearables and loggers.")
def simulate(out: Path, *, journeys: int, night_count: int, seed: int, defects: Level, world: str, high_volume: str) -> None:
    """Write fictional deliveries of a network, with their truth beside them."""
    from cgt_etl.simulator import sample

    if (out / "inbox").exists() or (out / "truth").exists() or (out / "tables").exists():
        raise CgtError("there is a simulated run already", file=str(out), remedy="Name another folder")
    if world == "tables":
        count = sample.write_tables(out / "tables", journeys, seed)
        click.echo(f"Wrote {count} tables of {journeys} journeys to {out}/tables.")
        return
    if world == "linkage":
        sample.write_linkage(out / "linkage", journeys, seed)
        click.echo(f"Wrote mentions of {journeys} persons to {out}/linkage.")
        return
    named = sample.WIDE if world == "wide" else sample.NETWORK
    sample.simulate(out, journeys=journeys, nights=night_count, seed=seed, defects=defects, world=named, high_volume=high_volume == "on")
    click.echo(f"Wrote {night_count} nights of {journeys} journeys to {out}/inbox, and what should become of them to {out}/truth.")
    if (out / "partners").is_dir():
        click.echo(f"Partners of this run alone: export CGT_PARTNERS={out}/partners")


@click.command()
@click.option("--release", type=click.Path(path_type=Path, exists=True), required=True, help="A release's folder, or a held build's file.")
@click.option("--truth", type=click.Path(file_okay=False, path_type=Path, exists=True), required=True, help="`truth` of the simulated run.")
@click.option("--json", "is_json", is_flag=True, help="All figures, with every place that missed.")
def score(release: Path, truth: Path, *, is_json: bool) -> None:
    """Compare a release with the truth of the simulated run that it was made from. Exits 1 when a target is missed."""
    from cgt_etl.simulator.scoring import NotScorable
    from cgt_etl.simulator.scoring import score as compare

    try:
        result = compare(release, truth)
    except NotScorable as error:
        raise CgtError(str(error), remedy="Name a release, or builds/held-*.duckdb, and the truth beside its inbox") from error
    if is_json:
        click.echo(json.dumps(result.said(), indent=1))
    else:
        for line in result.lines():
            click.echo(line)
    sys.exit(1 if result.missed else 0)


@click.command()
@click.option("--dir", "folder", type=click.Path(file_okay=False, path_type=Path), required=True)
def demo(folder: Path) -> None:
    """What `make run` does: make sample deliveries and a demonstration key if there are none, then run every night."""
    from cgt_etl.cli.declarations import write_key
    from cgt_etl.simulator import simulate as write

    # Whatever deployment the environment names: fictional deliveries never go into it, nor is its key used.
    key = folder / "demo.key"
    os.environ |= {"CGT_HOME": str((folder / "home").resolve()), "CGT_MASTER_KEY_FILE": str(key.resolve())}
    os.environ.pop("CGT_MASTER_KEY", None)
    if not key.exists():
        write_key(key)
    if not (folder / "inbox").is_dir():
        write(folder)
    settings = Settings.from_environment()
    held = _run(settings, folder / "inbox", None, plain=False)
    current = settings.releases / "current"
    if current.exists():
        click.echo(f"Release: {current.resolve()}")
        click.echo("Look:    make ui   (asset graph, runs and checks in a browser)")
        click.echo(f"Query:   {current.resolve()}/warehouse.duckdb   (with any DuckDB client; README shows one)")
    sys.exit(3 if held else 0)


COMMANDS = [run, reland, status, simulate, score, demo]
