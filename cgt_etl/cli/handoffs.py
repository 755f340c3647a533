"""Commands about handoffs: the partners' feedback cards, a release as process-mining tools read it, and how well the statistics do."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import click

from cgt_etl.errors import CgtError
from cgt_etl.settings import Settings

if TYPE_CHECKING:
    from cgt_etl.handoffs.evaluation.figures import Map
    from cgt_etl.handoffs.mining import Format

PARTS = ("bottlenecks", "losses", "charts", "actions", "effects", "infusions", "dwell", "faults")


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
    from cgt_etl.simulator import fault_world, handoff_world

    figures, chosen = [], range(first, first + seeds)
    with _each(jobs) as each:
        for part in parts or PARTS:
            if part == "faults":
                figures += evaluation.PARTS[part](fault_world.faults, chosen, each, models=_models())
            else:
                figures += evaluation.PARTS[part](getattr(handoff_world, part), chosen, each)
    if as_json:
        click.echo(json.dumps([asdict(figure) for figure in figures], indent=1))
    else:
        for figure in figures:
            mark = "met   " if figure.is_met else "missed"
            line = f"{mark}  {figure.part:22} {figure.what:38} {figure.target:>14}  {figure.reached:8.3f}  {figure.baseline}"
            click.echo(line.rstrip())
    sys.exit(0 if all(figure.is_met for figure in figures) else 1)


@handoffs.command()
@click.option("--release", "release_id", help="A release by its id or night; the current one when absent.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def bottlenecks(release_id: str | None, *, as_json: bool) -> None:
    """Say where time and products could be recovered: sites slower than their peers, for all products or one, and sites that lose more."""
    from cgt_etl.handoffs import ranking
    from cgt_etl.release import read

    found = ranking.ranked(read.find(Settings.from_environment(), release_id)).to_dicts()
    if as_json:
        click.echo(json.dumps(found, indent=1))
        return
    for row in found:
        click.echo(f"{row['transition']}@{row['site']}{' ' + row['product'] if row['product'] else ''}: {row['verdict']}")
        if row["verdict"].startswith("slow"):
            hours = "  {recoverable_hours:.0f} hours ({recoverable_low:.0f} to {recoverable_high:.0f}) of {cases} cases"
            click.echo(hours.format(**row))
        if row["recoverable_products"] is not None:
            products = "  {recoverable_products:.1f} products ({recoverable_products_low:.1f} to {recoverable_products_high:.1f})"
            click.echo((products + " of {lost} lost in {doses}").format(**row))
    if not found:
        click.echo("No place is found to be slower or to lose more than its peers.")


@handoffs.command()
@click.option("--format", "format_", type=click.Choice(["ocel", "xes"]), required=True, help="OCEL 2.0 in JSON, or XES 1.0.")
@click.option("--release", "release_id", help="A release by its id or night; the current one when absent.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="A new file.")
def export(format_: Format, release_id: str | None, out: Path) -> None:
    """Write the events of a release as a log for process-mining tools.

    OCEL: events with their journeys, collections, products, batches, dose units, infusions, shipments and handoffs. XES: a case is a
    journey. It holds released keys, sites and true times, as the release does: what is said of sharing a release holds of it too.
    """
    from cgt_etl.handoffs.mining import write_log
    from cgt_etl.release.read import find

    done = write_log(find(Settings.from_environment(), release_id), format_, out)
    things = "cases" if format_ == "xes" else "objects"
    click.echo(f"Wrote {out}: {done.events} events, {done.things} {things}. Left out: {done.left_out} events whose instant nobody knows.")


@handoffs.command()
@click.option("--release", "release_id", help="A release by its id or night; the current one when absent.")
@click.option("--json", "as_json", is_flag=True, help="For machines: each deviation with its journey, object and event.")
def conformance(release_id: str | None, *, as_json: bool) -> None:
    """Say which journeys left the path that their modality allows: steps missing, out of order, not allowed or repeated."""
    from cgt_etl.handoffs import conformance as judge
    from cgt_etl.release import read

    release = read.find(Settings.from_environment(), release_id)
    journeys = {row["modality"] or "not judged": row["journeys"] for row in judge.judged(release).to_dicts()}
    found = judge.deviations(release).to_dicts()
    if as_json:
        click.echo(json.dumps({"journeys": journeys, "deviations": found}, indent=1))
        return
    left = {(one["modality"], one["journey_id"]) for one in found}
    for modality, many in journeys.items():
        if modality == "not judged":
            click.echo(f"{many} journeys are of no known modality or order and were not judged.")
        else:
            kept = many - sum(one == modality for one, _ in left)
            click.echo(f"{modality}: {kept} of {many} journeys kept to the path.")
    for (kind, step, against), many in sorted(Counter((one["deviation"], one["step"], one["against"] or "") for one in found).items()):
        click.echo(f"{kind}  {step}{f' (against {against})' if against else ''}: {many}")


@handoffs.command()
@click.option("--release", "release_id", help="Its id, or how it begins; the current one when absent.")
@click.option("--partner", "chosen", multiple=True, help="Only this one; may be repeated.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Gets a folder per partner.")
@click.option("--own-ids", "with_ids", is_flag=True, help="Also the partner's own numbers, from the vault, for a person with the key.")
def cards(release_id: str | None, chosen: tuple[str, ...], out: Path, *, with_ids: bool) -> None:
    """Write the feedback cards of a release: HTML, PDF, CSV and JSON for each partner (docs/cards.md)."""
    from cgt_etl.reports.nightly import INDISCREET, write_cards

    withheld = []
    for one in write_cards(Settings.from_environment(), release_id, chosen, out, with_ids=with_ids):
        if one.folder is None:
            withheld.append(one.name)
        else:
            click.echo(f"Wrote {one.folder}.")
    if withheld:
        raise CgtError(
            f"the card of {', '.join(withheld)} was withheld: {INDISCREET}",
            remedy="Look where a text of the release holds it, and mend that; the other cards were written",
        )


@handoffs.command()
@click.argument("what", metavar="LOT|BATCH|ID|-")
@click.option("--release", "release_id", help="Its id, or how it begins; the current one when absent.")
@click.option("--partner", help="Who issued the number; every issuer is tried when absent.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Gets a folder per dose.")
@click.option("--own-ids", "with_ids", is_flag=True, help="Also the lot's number, from the vault, for a person with the key.")
def arrival(what: str, release_id: str | None, partner: str | None, out: Path, *, with_ids: bool) -> None:
    """Write what is known of a dose that arrives, for the pharmacist who receives it: HTML and PDF (docs/arrival.md).

    `-` reads the number from standard input, so that it stays out of the shell's history. A number needs the master key, an id does not.
    For information: it decides nothing about a product or a patient.
    """
    from cgt_etl.reports.arrivals import write_arrivals

    text = sys.stdin.readline().strip() if what == "-" else what
    for folder in write_arrivals(Settings.from_environment(), text, release_id, out, partner=partner, with_ids=with_ids):
        click.echo(f"Wrote {folder}.")


def _models() -> dict[str, str]:
    """The models that judge handoffs, compiled in a home of their own that is gone afterwards."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.handoffs.evaluation.faults import MODELS
    from cgt_etl.orchestration.warehouse import compiled

    with TemporaryDirectory() as home:
        settings = Settings(home=Path(home))
        return compiled(settings, Registry.load(settings), MODELS)


@contextmanager
def _each(jobs: int) -> Iterator[Map]:
    if jobs == 1:
        yield map
    else:
        with ProcessPoolExecutor(jobs) as pool:
            yield pool.map


COMMANDS = [handoffs]
