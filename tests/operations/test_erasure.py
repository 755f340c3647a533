"""Erasing suppressed persons from past nights: nothing of them is left but sealed raw bytes, and every night can still be built."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import polars as pl
import pytest
from click.testing import CliRunner

from cgt_etl.cli import cgt_etl
from cgt_etl.contracts.registry import Registry
from cgt_etl.door.tokens import Keys, release_token, token
from cgt_etl.errors import CgtError
from cgt_etl.identity import decisions
from cgt_etl.identity.decisions import Because
from cgt_etl.landing import deliveries, suppression
from cgt_etl.landing.inbox import land_all, scan
from cgt_etl.landing.reland import reland_all
from cgt_etl.landing.vault import Vault
from cgt_etl.operations import doctor, erasure
from cgt_etl.release import digest, night_record, plan, read
from cgt_etl.release.night_record import NightRecord
from cgt_etl.settings import Settings
from tests.landing import bench as benches
from tests.landing.bench import GOOD, HEADER, LATER, NOW, Bench

KEYS = Keys(benches.MASTER)
BECAUSE = Because("data protection", "request 17", LATER)
OTHERS = HEADER + "7,00000027,12.5,fine\n8,00000028,13,\n"
NAMED = HEADER + "9,00000017,broken,CANARY\n10,00000029,4,\n"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Night 1: one delivery with the person, one without, one with a cell of theirs set aside; a steward decided about them and others."""
    for name, value in benches.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CGT_LEASE", raising=False)
    made = benches.make(tmp_path)
    for number, text in enumerate((GOOD, OTHERS, NAMED), start=1):
        made.deliver(text, f"sample_{number}.csv")
    land_all(made.settings, made.registry, scan(made.settings, made.registry, made.root / "inbox", "0001"), NOW)
    for numbers in (("00000017", "00000018"), ("00000027", "00000028")):
        decisions.decide(made.settings, "same", tuple(release_token(KEYS.release, _token(one)) for one in numbers), BECAUSE)
    _night(made, 1)
    return made


def _token(mrn: str) -> str:
    return token(KEYS.linkage, "mrn", "northbench", mrn)


def night(settings: Settings, registry: Registry, number: int) -> None:
    """A release of what counts now, and its night's record, as `cgt-etl run` leaves them."""
    made = plan.plan(settings, registry, deliveries(settings))
    id_ = f"{number:04d}-{made.inputs_hash[:16]}"
    folder = settings.releases / id_
    folder.mkdir(parents=True)
    said = {"release_id": id_, "night": number, "inputs": made.inputs, "inputs_hash": made.inputs_hash, "tables": {}, "files": {}}
    (folder / "manifest.json").write_text(digest.json_text(said))
    settings.builds.mkdir(exist_ok=True)
    duckdb.connect(plan.build_file(settings, id_)).close()
    pointer = settings.releases / "current"
    pointer.unlink(missing_ok=True)
    pointer.symlink_to(id_)
    inputs = made.inputs
    record = NightRecord(number, "released", id_, made.inputs_hash, inputs["deliveries"], "", decisions=inputs["decisions"])
    night_record.write(settings, record)


def _night(bench: Bench, number: int) -> None:
    night(bench.settings, bench.registry, number)


def _forget(bench: Bench) -> None:
    suppression.add(bench.settings, bench.registry, kind="mrn", issuer="northbench", value="00000017")
    reland_all(bench.settings, bench.registry, received_at=LATER)


def rows(settings: Settings, registry: Registry, number: int) -> pl.DataFrame:
    """What a night is built from again."""
    of = plan.as_of(settings, registry, number).deliveries
    frames = [pl.read_parquet(one.folder / "accepted/sample.parquet") for one in of]
    return pl.concat(frames).sort("source_delivery", "source_row")


def _rows(bench: Bench, number: int) -> pl.DataFrame:
    return rows(bench.settings, bench.registry, number)


def test_nothing_of_the_person_is_left_and_the_past_can_be_built_without_them(bench: Bench) -> None:
    before = _rows(bench, 1)
    decided = night_record.load(bench.settings, 1).decisions
    _forget(bench)
    _night(bench, 2)
    erasure.erase(bench.settings, bench.registry, BECAUSE)
    _night(bench, 3)
    erasure.erase(bench.settings, bench.registry, BECAUSE)
    theirs = token(KEYS.partner("northbench-1"), "mrn", "northbench", "00000017")
    mine = before.filter(pl.col("mrn") == theirs)
    assert mine.height == 2
    assert _rows(bench, 1).equals(before.filter(pl.col("mrn") != theirs))
    traces = [theirs, _token("00000017"), release_token(KEYS.release, _token("00000017"))]
    files = [path for path in bench.settings.home.rglob("*") if path.is_file()]
    assert [path for path in files for one in traces if one.encode() in path.read_bytes()] == []
    vault = Vault(bench.settings.vault, KEYS.vault)
    aside = [path.relative_to(vault.folder).as_posix() for path in vault.folder.glob("*/*/*/*/set_aside.enc")]
    assert not any(b"broken" in b"".join(vault.open(name)) for name in aside)
    assert len(list(bench.settings.vault.glob("*/*/*/raw.enc"))) == 3
    assert [one.night for one in read.every(bench.settings)] == [3]
    assert len(night_record.load(bench.settings, 1).decisions) == len(decided) - 1 == 1
    assert len(decisions.load(bench.settings)) == 1
    assert decisions.problems(bench.settings) == []


def test_what_the_current_release_rests_on_waits_for_the_next_night(bench: Bench) -> None:
    _forget(bench)
    first = erasure.erase(bench.settings, bench.registry, BECAUSE)
    assert (len(first.decisions), first.admissions, first.releases) == (1, (), ())
    assert erasure.is_pending(bench.settings)
    _night(bench, 2)
    second = erasure.erase(bench.settings, bench.registry, BECAUSE)
    assert (len(second.admissions), len(second.releases), second.nights) == (2, 1, (1,))
    assert not erasure.is_pending(bench.settings)
    assert erasure.erase(bench.settings, bench.registry, BECAUSE).is_empty
    assert len(list(bench.settings.tombstones.glob("*.json"))) == 2


def test_a_build_is_begun_anew_where_somebody_is_erased_for_a_build_that_is_grown_keeps_freed_pages(bench: Bench) -> None:
    now = read.current(bench.settings)
    assert now is not None
    plan.identity_folder(bench.settings, now.id).mkdir()

    def base() -> read.Release | None:
        return plan.plan(bench.settings, bench.registry, deliveries(bench.settings)).base

    suppression.add(bench.settings, bench.registry, kind="mrn", issuer="northbench", value="00000099")
    reland_all(bench.settings, bench.registry, received_at=LATER)
    assert base() == now
    _forget(bench)
    assert base() is None


def test_who_was_never_named_keeps_everything(bench: Bench) -> None:
    """The delivery without the person keeps its past door: nothing but what has to go goes."""
    _forget(bench)
    _night(bench, 2)
    erasure.erase(bench.settings, bench.registry, BECAUSE)
    _night(bench, 3)
    erasure.erase(bench.settings, bench.registry, BECAUSE)
    doors = {path.name: len(list(path.glob("*/manifest.json"))) for path in bench.settings.landing.glob("*/*/*")}
    ids = {one.source_name: one.raw16 for one in deliveries(bench.settings)}
    assert {name: doors[raw16] for name, raw16 in ids.items()} == {"sample_1.csv": 1, "sample_2.csv": 2, "sample_3.csv": 1}


def test_a_tombstone_names_nobody_and_a_change_of_it_shows(bench: Bench) -> None:
    _forget(bench)
    _night(bench, 2)
    erasure.erase(bench.settings, bench.registry, BECAUSE)
    _night(bench, 3)
    erasure.erase(bench.settings, bench.registry, BECAUSE)
    assert erasure.problems(bench.settings, KEYS) == []
    path = bench.settings.tombstones / "0001.json"
    written = json.loads(path.read_text())
    assert "00000017" not in path.read_text()
    assert len(erasure.problems(bench.settings, Keys(bytes(32)))) == 2
    written["tombstone"]["why"] = "another"
    path.write_text(digest.json_text(written))
    assert len(erasure.problems(bench.settings, KEYS)) == 2
    assert [one.about for one in doctor.examine(bench.settings, bench.registry) if "signed" in one.what] == ["tombstones"] * 2
    path.unlink()
    assert len(erasure.problems(bench.settings, KEYS)) == 1


def test_a_kill_before_the_removal_leaves_the_rest_to_the_next_call(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    _forget(bench)
    _night(bench, 2)
    erasure.erase(bench.settings, bench.registry, BECAUSE)
    _night(bench, 3)
    whole = erasure._Work._remove
    calls: list[Path] = []

    def killed(path: Path, root: Path) -> None:
        calls.append(path)
        if len(calls) == 3:
            raise KeyboardInterrupt
        whole(path, root)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(erasure._Work, "_remove", staticmethod(killed))
        erasure.erase(bench.settings, bench.registry, BECAUSE)
    assert _rows(bench, 1).height
    assert erasure.erase(bench.settings, bench.registry, BECAUSE).admissions
    assert erasure.erase(bench.settings, bench.registry, BECAUSE).is_empty


def test_what_could_not_be_landed_again_is_named(bench: Bench) -> None:
    suppression.add(bench.settings, bench.registry, kind="mrn", issuer="northbench", value="00000017")
    one, *others = deliveries(bench.settings)
    for other in others:
        reland_all(bench.settings, bench.registry, delivery=other.id, received_at=LATER)
    assert erasure.erase(bench.settings, bench.registry, BECAUSE).not_looked_at == (one.id,)
    assert one.folder.is_dir()


@pytest.mark.parametrize("skipped", ["suppress", "reland"])
def test_it_asks_for_the_steps_before_it(bench: Bench, skipped: str) -> None:
    if skipped == "reland":
        suppression.add(bench.settings, bench.registry, kind="mrn", issuer="northbench", value="00000017")
    with pytest.raises(CgtError, match=skipped):
        erasure.erase(bench.settings, bench.registry, BECAUSE)
    assert not bench.settings.tombstones.exists()


def test_the_command_says_what_went_and_what_is_left_to_do(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGT_HOME", str(bench.settings.home))
    _forget(bench)
    said = CliRunner().invoke(cgt_etl, ["erase", "--who", "data protection", "--why", "request 17"])
    assert (said.exit_code, said.exception) == (0, None)
    assert "Erased 0 admissions, 0 releases, 1 decisions." in said.output
    assert "`cgt-etl run`, then `cgt-etl erase` again" in said.output
