"""Commands about what was released: list, verify, diff, export, share, scan, build as of a night; trace; prune."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cgt_etl.settings import Settings

RELEASE = click.argument("release_id", required=False)


@click.group()
def release() -> None:
    """The released dataset."""


@release.command("list")
def list_releases() -> None:
    """Every release with its night, rows and deliveries; `*` marks the current one."""
    from cgt_etl.release.read import releases

    for line in releases(Settings.from_environment()):
        click.echo(line)


@release.command()
@RELEASE
def verify(release_id: str | None) -> None:
    """Check every file of a release (the current one) against the checksums in its manifest."""
    from cgt_etl.release.read import verify as check

    problems = check(Settings.from_environment(), release_id)
    for problem in problems:
        click.echo(problem)
    click.echo("The release is not what was published." if problems else "The release is good.")
    sys.exit(1 if problems else 0)


@release.command()
@click.argument("older")
@click.argument("newer", required=False)
def diff(older: str, newer: str | None) -> None:
    """What changed between two releases (OLDER and the current one): deliveries, and rows by table."""
    from cgt_etl.release.read import diff as compare

    for line in compare(Settings.from_environment(), older, newer):
        click.echo(line)


@release.command()
@RELEASE
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
def export(release_id: str | None, out: Path) -> None:
    """Copy a release into a folder that stands alone, with the data inside warehouse.duckdb."""
    from cgt_etl.release.read import export as write

    click.echo(f"Wrote {write(Settings.from_environment(), release_id, out)}.")


@release.command()
@RELEASE
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder.")
@click.option("--name", required=True, help="Name of this share: another name, or release, has other tokens.")
@click.option("--to", required=True, metavar="PARTNER", help="Who gets it; `everybody` for every partner of the network.")
@click.option("--purpose", required=True, help="What the data will be used for; consents must cover it (docs/sharing.md).")
@click.option("--use", default="", metavar="DUO TERM", help="What agreements are asked for, where it is narrower than the purpose.")
@click.option("--accept", "accepts", multiple=True, metavar="DUO TERM", help="A condition that the recipient meets; again for more.")
@click.option("--minimum-cell", type=click.IntRange(min=2), help="Fewest people in a cell that is shown; 11 when absent.")
@click.option("--by-week", "is_by_week", is_flag=True, help="Day 0 is a Monday, so that days of the week stay.")
@click.option("--words", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Texts that must not be in it, one a line.")
def share(
    release_id: str | None,
    *,
    out: Path,
    name: str,
    to: str,
    purpose: str,
    use: str,
    accepts: tuple[str, ...],
    minimum_cell: int | None,
    words: Path | None,
    is_by_week: bool,
) -> None:
    """Write the shared view of a release (the current one) for a partner: what consents and agreements permit, day offsets, no identifiers,
    scanned. Whole or not at all; the decisions go into the log (`cgt-etl rights verify`)."""
    from cgt_etl.egress.share import MINIMUM_CELL, Asked, share_release

    asked = Asked(name, purpose, to, use, accepts, minimum_cell or MINIMUM_CELL, is_by_week, _lines(words))
    done = share_release(Settings.from_environment(), release_id, asked, out)
    click.echo(f"Wrote {done.folder}: {done.people} people.")
    for what, count in done.left_out.items():
        if count:
            click.echo(f"left out  {what}  {count}")
    for one in done.not_permitted:
        columns = "every column" if one.is_whole else ", ".join(one.columns)
        click.echo(f"not permitted  {one.table}  {one.partner or 'nobody known'}  {one.rows} rows: {columns}")
    for what in done.unspoken:
        click.echo(f"not shared  {what}  has no action in the sharing policy")


@release.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--release", "release_id", help="Whose tokens and names must not be in it; the current one when absent.")
@click.option("--words", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Texts that must not be in it, one a line.")
def scan(folder: Path, release_id: str | None, words: Path | None) -> None:
    """Look through FOLDER (tables and pages) for what identifies somebody; exits 1 where something does, and never says what."""
    from cgt_etl.egress.share import scan_folder

    hits = scan_folder(Settings.from_environment(), release_id, folder, _lines(words))
    for hit in hits:
        click.echo(str(hit))
    click.echo("Something here must not be shared." if hits else "Nothing was found.")
    sys.exit(1 if hits else 0)


@release.command()
@click.option("--as-of", "night", type=int, required=True, help="Number of a recorded night.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="A new folder; gets tables/ and manifest.json.")
def build(night: int, out: Path) -> None:
    """Build again, in full, what that night knew, beside the releases."""
    from cgt_etl.contracts.registry import Registry
    from cgt_etl.orchestration.night import build_as_of

    settings = Settings.from_environment()
    for line in build_as_of(settings, Registry.load(settings), night, out):
        click.echo(line)


@click.command()
@click.argument("table")
@click.argument("key")
@click.option("--show", is_flag=True, help="Also show the delivered record, for a person who holds the key and may see it.")
def trace(table: str, key: str, show: bool) -> None:
    """From a row of the current release to the record in the delivered file that it came from."""
    from cgt_etl.release.trace import trace as walk

    for line in walk(Settings.from_environment(), table, key, show=show):
        click.echo(line)


@click.command()
@click.option("--keep-releases", type=click.IntRange(min=1), required=True, help="The newest ones; the current one stays in any case.")
@click.option("--dry-run", "is_dry_run", is_flag=True, help="Say what would be removed, and remove nothing.")
def prune(keep_releases: int, *, is_dry_run: bool) -> None:
    """Remove old releases, admissions through doors that no longer count, and what killed writers left.

    The vault and what counts now stay. Nights before the oldest kept release can no longer be built again (`release build --as-of`).
    """
    from cgt_etl.release.prune import prune as remove

    removed = remove(Settings.from_environment(), keep_releases, is_dry_run=is_dry_run)
    for one in removed:
        click.echo(f"{'would remove' if is_dry_run else 'removed'} {one.kind}  {one.path}  {one.size_bytes} bytes")
    if not removed:
        click.echo("There is nothing to remove.")


def _lines(file: Path | None) -> tuple[str, ...]:
    return tuple(file.read_text(encoding="utf-8").splitlines()) if file else ()


COMMANDS = [release, trace, prune]
