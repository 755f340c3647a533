"""Commands for whoever teaches the pipeline a new dialect: draft its contracts from samples, then its staging models."""

from __future__ import annotations

from pathlib import Path

import click

from cgt_etl.settings import Settings


@click.group()
def dialect() -> None:
    """Teach the pipeline one system's way of exporting."""


@dialect.command("new")
@click.argument("name")
@click.option(
    "--from",
    "samples",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    required=True,
    help="A sample file; again for more feeds.",
)
@click.option("--feed", help="Name of the feed; after the file when absent.")
@click.option("--sheet", help="Of a workbook; the fullest when absent.")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), help="Folder of dialects; the last of CGT_DIALECTS when absent.")
def new_dialect(name: str, samples: tuple[Path, ...], feed: str | None, sheet: str | None, into: Path | None) -> None:
    """Draft the folder of dialect NAME. What a sample cannot show is a TODO, and the folder is left out until the last one is answered."""
    from cgt_etl.onboarding.write import new_dialect as write

    settings = Settings.from_environment()
    written = write(into or settings.dialect_paths[-1], name, samples, feed=feed, sheet=sheet)
    for path in written:
        click.echo(f"Wrote {path}.")
    contracts = " ".join(str(path) for path in written if path.name.endswith(".odcs.yaml"))
    click.echo(
        f"Answer the TODOs; `cgt-etl contract check {contracts}` says where the next one stands. Then `cgt-etl dialect stage {name}`."
    )


@dialect.command()
@click.argument("name")
@click.option("--feed", help="Only this feed.")
@click.option("--entity", "entities", multiple=True, help="Begin the model of what it feeds, e.g. collection; again for more.")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), help="Folder of dialects; the last of CGT_DIALECTS when absent.")
def stage(name: str, feed: str | None, entities: tuple[str, ...], into: Path | None) -> None:
    """Write the staging models of dialect NAME's finished contracts; dbt_project/macros/entities.sql lists the entities."""
    from cgt_etl.onboarding.write import stage_dialect

    settings = Settings.from_environment()
    for path in stage_dialect((into or settings.dialect_paths[-1]) / name, entities, feed):
        click.echo(f"Wrote {path}.")


COMMANDS = [dialect]
