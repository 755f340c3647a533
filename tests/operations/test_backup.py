"""A backup is whole or none, and what is restored is what there was."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from cgt_etl.errors import CgtError, LeaseHeld
from cgt_etl.identity import decisions
from cgt_etl.landing import land
from cgt_etl.operations.backup import LIST, back_up, restore
from cgt_etl.settings import Settings
from tests.landing import bench as benches
from tests.landing.bench import MIXED, NOW, Bench
from tests.landing.test_lease import holder


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name, value in benches.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(land, "admit", benches.admit)
    made = benches.make(tmp_path)
    land.land(made.settings, made.registry, made.binding, made.deliver(MIXED), NOW)
    home = made.settings.home
    (home / "builds").mkdir()
    (home / "builds" / "work.duckdb").write_bytes(b"made again")
    (home / "releases" / "one").mkdir(parents=True)
    (home / "releases" / "two").mkdir()
    (home / "releases" / "one" / "part.parquet").write_bytes(b"unchanged table")
    os.link(home / "releases" / "one" / "part.parquet", home / "releases" / "two" / "part.parquet")
    (home / "releases" / "current").symlink_to("two")
    decisions.decide(made.settings, "apart", ("a" * 32, "b" * 32), decisions.Because("a steward", "twins", NOW))
    return made


def everything(root: Path) -> dict[str, tuple[int, bytes | str]]:
    """Path -> (mode, content or where a link leads), without what a backup leaves out."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_dir() or name.split("/")[0] in ("builds", "lease") or ".tmp" in name:
            continue
        mode = stat.S_IMODE(path.lstat().st_mode)
        found[name] = (mode, str(path.readlink()) if path.is_symlink() else path.read_bytes())
    return found


def elsewhere(bench: Bench) -> Settings:
    return replace(bench.settings, home=bench.root / "other")


def test_what_comes_back_is_what_there_was(bench: Bench) -> None:
    copy = bench.root / "copy"
    back_up(bench.settings, copy)
    restore(elsewhere(bench), copy)
    home = elsewhere(bench).home
    assert everything(home) == everything(bench.settings.home)
    assert stat.S_IMODE((home / "vault").stat().st_mode) == 0o700
    assert not (home / "builds").exists()
    assert decisions.inputs(elsewhere(bench)) == decisions.inputs(bench.settings) != {}
    same = [home / "releases" / name / "part.parquet" for name in ("one", "two")]
    assert same[0].stat().st_ino == same[1].stat().st_ino, "an unchanged table must not take its room twice"


def test_the_same_bytes_are_known_in_the_restored_home(bench: Bench) -> None:
    back_up(bench.settings, bench.root / "copy")
    restore(elsewhere(bench), bench.root / "copy")
    again = land.land(elsewhere(bench), bench.registry, bench.binding, bench.deliver(MIXED), NOW)
    assert not again.is_new


def test_the_key_is_never_in_it(bench: Bench) -> None:
    key = bench.settings.home / "keys" / "master.key"
    key.parent.mkdir()
    key.write_text("secret")
    back_up(replace(bench.settings, master_key_file=key), bench.root / "copy")
    assert not [path for path in (bench.root / "copy").rglob("*") if path.is_file() and path.read_bytes() == b"secret"]


def test_no_copy_is_taken_while_a_night_writes(bench: Bench) -> None:
    with holder(bench):
        with pytest.raises(LeaseHeld):
            back_up(bench.settings, bench.root / "copy")
        assert not (bench.root / "copy").exists()


def _cut(copy: Path) -> None:
    (copy / LIST).unlink()


def _changed(copy: Path) -> None:
    (copy / "home" / "releases" / "one" / "part.parquet").write_bytes(b"something else!")


def _added(copy: Path) -> None:
    (copy / "home" / "stray").write_bytes(b"")


def _lost(copy: Path) -> None:
    (copy / "home" / "releases" / "current").unlink()


@pytest.mark.parametrize("harm", [_cut, _changed, _added, _lost])
def test_a_harmed_backup_restores_nothing(bench: Bench, harm: object) -> None:
    copy = bench.root / "copy"
    back_up(bench.settings, copy)
    harm(copy)  # type: ignore[operator]
    with pytest.raises(CgtError):
        restore(elsewhere(bench), copy)
    assert not elsewhere(bench).home.exists()


def test_neither_overwrites_anything(bench: Bench) -> None:
    copy = bench.root / "copy"
    back_up(bench.settings, copy)
    with pytest.raises(CgtError, match="exists"):
        back_up(bench.settings, copy)
    with pytest.raises(CgtError, match="not empty"):
        restore(bench.settings, copy)
    with pytest.raises(CgtError, match="inside the home"):
        back_up(bench.settings, bench.settings.home / "copy")
