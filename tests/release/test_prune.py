"""What is removed is what nobody needs, and never what counts."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from cgt_etl.cli import cgt_etl
from cgt_etl.errors import CgtError
from cgt_etl.landing import durable
from cgt_etl.landing.lease import lease
from cgt_etl.release import night_record, read
from cgt_etl.release.night_record import NightRecord
from cgt_etl.release.prune import prune
from cgt_etl.release.read import Release
from tests.release import sample

pytestmark = pytest.mark.slow
PAST, COUNTS = "a" * 16, "b" * 16


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of three releases; `north/lots/<c...>` came through a past door, which night 2 used, and counts through another."""
    home = tmp_path_factory.mktemp("template") / "home"
    made = [
        sample.released(home, 1, sample.FIRST, "one"),
        sample.released(home, 2, sample.SECOND, "one", "two"),
        sample.released(home, 3, sample.SECOND, "one", "two", "three"),
    ]
    folder = home / "landing/north/lots" / ("c" * 16)
    for door16 in (PAST, COUNTS):
        durable.make_folder(folder / door16)
        (folder / door16 / "links.parquet").write_bytes(b"12345")
    (folder / "current").write_text(f"{COUNTS}\n")
    for release in made:
        used = {f"north/lots/{'c' * 16}": {"door16": PAST}} if release.night == 2 else {}
        night_record.write(sample.settings(home), NightRecord(release.night, "released", release.id, release.inputs_hash, used, ""))
    return home


@pytest.fixture
def releases(template: Path, home: Path) -> list[Release]:
    """Those three, oldest first, in a home to remove from."""
    shutil.copytree(template, home, symlinks=True)
    return read.every(sample.settings(home))


def paths(home: Path) -> set[str]:
    return {path.relative_to(home).as_posix() for path in home.rglob("*") if path.name not in (".tmp", "lease")}


def test_old_releases_go_with_what_only_they_needed(releases: list[Release], home: Path) -> None:
    (home / "builds/.tmp/torn").mkdir(parents=True)
    before = paths(home)
    promised = prune(sample.settings(home), 1, is_dry_run=True)
    assert paths(home) == before
    assert prune(sample.settings(home), 1, is_dry_run=False) == promised
    gone = {
        *(f"releases/{release.id}" for release in releases[:2]),
        # The builds of all but the last two went when the third was published.
        *(f"builds/{releases[1].id}.{kind}" for kind in ("duckdb", "identity")),
        f"landing/north/lots/{'c' * 16}/{PAST}",
        "builds/.tmp/torn",
    }
    assert {one.path for one in promised} == gone
    assert paths(home) == {path for path in before if not any(path == one or path.startswith(f"{one}/") for one in gone)}
    assert read.current(sample.settings(home)) == releases[2]
    assert read.problems(releases[2]) == []
    assert prune(sample.settings(home), 1, is_dry_run=False) == []


@pytest.mark.parametrize("renamed", [1, 2, 3, 4])
def test_a_kill_between_two_removals_leaves_a_whole_home_and_the_next_one_ends_it(
    releases: list[Release], home: Path, monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    whole = durable.sync_folder
    left = [renamed]

    def killed(folder: Path) -> None:
        if folder.name in ("releases", "builds", "c" * 16):
            left[0] -= 1
            if not left[0]:
                raise KeyboardInterrupt
        whole(folder)

    with monkeypatch.context() as during:
        during.setattr(durable, "sync_folder", killed)
        with pytest.raises(KeyboardInterrupt):
            prune(sample.settings(home), 1, is_dry_run=False)
    assert read.current(sample.settings(home)) == releases[2]
    assert all(read.problems(release) == [] for release in read.every(sample.settings(home)))
    prune(sample.settings(home), 1, is_dry_run=False)
    assert read.every(sample.settings(home)) == [releases[2]]
    assert not any(path.name in (f"{releases[1].id}.duckdb", PAST) for path in home.rglob("*"))


def test_an_admission_that_a_kept_night_recorded_stays(releases: list[Release], home: Path) -> None:
    assert [one.path for one in prune(sample.settings(home), 2, is_dry_run=False)] == [f"releases/{releases[0].id}"]
    assert (home / "landing/north/lots" / ("c" * 16) / PAST).is_dir()


def test_the_current_release_stays_however_old(releases: list[Release], home: Path) -> None:
    pointer = home / "releases/current"
    pointer.unlink()
    pointer.symlink_to(releases[0].id)
    removed = {one.path for one in prune(sample.settings(home), 1, is_dry_run=False)}
    assert f"releases/{releases[1].id}" in removed
    assert not removed & {f"releases/{releases[0].id}", f"releases/{releases[2].id}"}
    assert json.loads((releases[0].folder / "manifest.json").read_text())["night"] == 1


@pytest.mark.usefixtures("releases")
def test_nothing_is_removed_where_no_release_is_current(home: Path) -> None:
    (home / "releases/current").unlink()
    before = paths(home)
    with pytest.raises(CgtError, match="none is current"):
        prune(sample.settings(home), 1, is_dry_run=False)
    assert paths(home) == before


@pytest.mark.usefixtures("releases")
def test_what_a_night_has_under_way_is_left_to_it(home: Path) -> None:
    with lease(sample.settings(home), "night 0004"):
        (home / "landing/.tmp/under way").mkdir(parents=True)
        assert "leftover" not in {one.kind for one in prune(sample.settings(home), 1, is_dry_run=True)}
    assert "leftover" in {one.kind for one in prune(sample.settings(home), 1, is_dry_run=True)}


@pytest.mark.usefixtures("releases")
def test_the_command_says_what_goes(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGT_HOME", str(home))
    promised = CliRunner().invoke(cgt_etl, ["prune", "--keep-releases", "2", "--dry-run"])
    done = CliRunner().invoke(cgt_etl, ["prune", "--keep-releases", "2"])
    assert done.exit_code == 0
    assert done.output.startswith("removed release  releases/0001-")
    assert promised.output == done.output.replace("removed", "would remove")
    assert CliRunner().invoke(cgt_etl, ["prune", "--keep-releases", "2"]).output == "There is nothing to remove.\n"
