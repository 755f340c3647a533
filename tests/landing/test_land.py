"""Landing one file: whole, once, counted, without a value outside the vault, and refused in one sentence where it must be."""

from __future__ import annotations

import errno
import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cgt_etl.door.tokens import Keys, token
from cgt_etl.errors import CgtError
from cgt_etl.landing import deliveries, land, suppression
from cgt_etl.landing.delivery import Landed, delivery, sequence_key
from cgt_etl.landing.vault import Vault
from tests.landing import bench as benches
from tests.landing.bench import GOOD, HEADER, LATER, MIXED, NOW, Bench, tree


def put(bench: Bench, text: str | bytes = GOOD, name: str = "sample_1.csv", night: str = "0001") -> Landed:
    return land.land(bench.settings, bench.registry, bench.binding, bench.deliver(text, name, night), NOW)


def vault(bench: Bench) -> Vault:
    return Vault(bench.settings.vault, Keys(benches.MASTER).vault)


def test_a_delivery_has_its_place_files_and_manifest(bench: Bench) -> None:
    landed = put(bench, MIXED)
    sha256 = hashlib.sha256(MIXED.encode()).hexdigest()
    (one,) = deliveries(bench.settings)
    assert landed.is_new
    assert landed.delivery == one
    assert one.id == f"northbench/sample/{sha256[:16]}"
    assert one.folder == bench.settings.landing / one.id / one.door16
    assert (one.dialect, one.sequence, one.status, one.source_name) == ("bench", "1", "landed", "sample_1.csv")
    said = one.manifest
    assert said.counts["units"] == {"in": 3, "accepted": 2, "set_aside": 1, "erased": 0} == landed.counts["units"]
    assert said.verdicts == {"D02": {"cell": 1}, "D03": {"row": 1}}
    assert (said.size, said.received_at, said.contract) == (
        len(MIXED),
        "2025-11-02T23:30:00+00:00",
        {"id": "bench.sample", "version": "1.0.0"},
    )
    assert not said.raw_holds_erased
    assert {path.relative_to(one.folder).as_posix() for path in one.folder.rglob("*.*")} == {
        "accepted/sample.parquet",
        "links.parquet",
        "manifest.json",
        "verdicts.parquet",
    }
    for file in [*said.objects.values(), said.links, said.verdict_file]:
        assert file is not None
        assert hashlib.sha256((one.folder / file.file).read_bytes()).hexdigest() == file.sha256
        assert pl.read_parquet(one.folder / file.file).height == file.rows
    assert b"".join(vault(bench).open(f"{one.id}/raw.enc")).decode() == MIXED
    assert b"rejected row" in b"".join(vault(bench).open(f"{one.id}/{one.door16}/set_aside.enc"))


def test_the_same_bytes_are_a_no_op(bench: Bench) -> None:
    first = put(bench)
    before = {path: path.stat().st_mtime_ns for path in bench.settings.home.rglob("*") if path.is_file()}
    again = put(bench, name="sample_1.csv", night="0002")
    assert not again.is_new
    assert again.delivery == first.delivery
    assert before == {path: path.stat().st_mtime_ns for path in bench.settings.home.rglob("*") if path.is_file()}


@pytest.mark.parametrize("order", [("sample_9.csv", "sample_10.csv"), ("sample_10.csv", "sample_9.csv")])
def test_bytes_that_come_again_count_under_their_latest_sequence(bench: Bench, order: tuple[str, str]) -> None:
    for night, name in enumerate(order):
        put(bench, name=name, night=f"{night:04d}")
    (one,) = deliveries(bench.settings)
    assert one.sequence == "10"
    assert set(pl.read_parquet(one.folder / "accepted/sample.parquet")["sequence"]) == {"10"}


def test_order_of_sequences() -> None:
    assert sorted(["week10", "week9", "week09", ""], key=sequence_key) == ["", "week09", "week9", "week10"]


def test_two_homes_hold_the_same_bytes(bench: Bench, tmp_path: Path) -> None:
    put(bench, MIXED)
    other = replace(bench.settings, home=tmp_path / "other")
    land.land(other, bench.registry, bench.binding, tmp_path / "inbox/0001/northbench/sample/sample_1.csv", LATER)
    assert tree(bench.settings.landing) == tree(other.landing)


def test_an_erased_row_is_counted_and_kept_nowhere_but_in_the_raw_bytes(bench: Bench) -> None:
    listed = suppression.add(bench.settings, bench.registry, kind="mrn", issuer="northbench", value=" 18 ")
    assert listed == {token(Keys(benches.MASTER).linkage, "mrn", "northbench", "00000018")}
    one = put(bench).delivery
    assert one is not None
    assert one.manifest.counts["units"] == {"in": 3, "accepted": 2, "set_aside": 0, "erased": 1}
    assert one.manifest.raw_holds_erased
    assert b"00000018" not in b"".join(vault(bench).open(f"{one.id}/{one.door16}/set_aside.enc"))


def test_suppression_list_is_sealed_and_has_a_digest(bench: Bench) -> None:
    assert suppression.load(bench.settings, Keys(benches.MASTER)) == frozenset()
    one = suppression.add(bench.settings, bench.registry, kind="mrn", issuer="northbench", value="17")
    two = suppression.add(bench.settings, bench.registry, kind="mrn", issuer="northbench", value="18")
    assert one < two == suppression.load(bench.settings, Keys(benches.MASTER))
    assert suppression.digest(frozenset(sorted(two, reverse=True))) == suppression.digest(two) != suppression.digest(one)
    assert not any(entry.encode() in (bench.settings.vault / "suppression.enc").read_bytes() for entry in two)
    with pytest.raises(CgtError) as caught:
        suppression.add(bench.settings, bench.registry, kind="din", issuer="", value="W0000 22 123456X CANARY")
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("", "sample_1.csv", "empty"),
        ("NUM,MRN,VOL\n1,2,3\n", "sample_1.csv", "REMARK"),
        (GOOD, "export.csv", "states no sequence"),
        (HEADER.encode() + b"1,\xff\xfe,3,CANARY\n", "sample_1.csv", "utf-8"),
    ],
)
def test_a_refused_file_lands_as_refused(bench: Bench, text: str | bytes, name: str, reason: str) -> None:
    landed = put(bench, text, name)
    (one,) = deliveries(bench.settings)
    said = one.manifest
    assert landed.is_new
    assert one.status == "refused"
    assert said.reason is not None
    assert reason.lower() in said.reason.lower()
    assert "CANARY" not in said.reason
    for part in ("partner northbench", "feed sample", f"file {name}"):
        assert part in said.reason
    assert landed.reason == said.reason
    raw = text if isinstance(text, bytes) else text.encode()
    assert said.counts == {"bytes": {"in": len(raw), "refused": len(raw)}}
    assert [path.name for path in one.folder.iterdir()] == ["manifest.json"]
    assert b"".join(vault(bench).open(f"{one.id}/raw.enc")) == raw
    assert not put(bench, text, name).is_new


def test_a_file_refused_for_its_name_lands_under_a_good_one(bench: Bench) -> None:
    put(bench, name="export.csv")
    assert put(bench, name="sample_3.csv").is_new
    (one,) = deliveries(bench.settings)
    assert (one.status, one.sequence) == ("landed", "3")


def test_a_planted_value_is_found_nowhere_outside_the_vault(bench: Bench, capfd: pytest.CaptureFixture[str]) -> None:
    rows = [f"{n},{71000000 + n},{n}.5,CANARY{n:03d}" for n in range(25)] + [f",{72000000 + n},CANARYCELL,CANARY{n:03d}" for n in range(25)]
    put(bench, HEADER + "\n".join(rows) + "\n")
    for path in bench.settings.home.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            for planted in (b"CANARY", *(str(72000000 + n).encode() for n in range(25)), *(str(71000000 + n).encode() for n in range(25))):
                assert planted not in content, path.name
    assert "CANARY" not in "".join(capfd.readouterr())


def test_a_defect_of_the_door_is_told_by_its_place_alone(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise ValueError("could not convert CANARY to float")

    monkeypatch.setattr(land, "admit", broken)
    with pytest.raises(CgtError) as caught:
        put(bench)
    assert "CANARY" not in str(caught.value)
    assert "ValueError at landing/land.py line" in str(caught.value)
    assert "partner northbench, feed sample, file sample_1.csv" in str(caught.value)
    assert deliveries(bench.settings) == []


@pytest.mark.parametrize("where", ["units", "cells", "rows", "table"])
def test_counts_that_do_not_add_up_land_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    def miscounting(*arguments: Any, **named: Any) -> benches.FakeAdmission:
        admission = benches.admit(*arguments, **named)
        if where == "table":
            admission.tables["sample"] = admission.tables["sample"].head(1)
        else:
            counted = admission.counts[where] if where != "rows" else admission.counts["rows"]["sample"]
            counted["accepted"] += 1
        return admission

    monkeypatch.setattr(land, "admit", miscounting)
    with pytest.raises(CgtError, match="do not add up"):
        put(bench)
    assert deliveries(bench.settings) == []


def test_a_full_disk_leaves_nothing_to_see(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/somewhere")

    with monkeypatch.context() as patched, pytest.raises(CgtError, match="No space left on device"):
        patched.setattr("pyarrow.parquet.ParquetWriter.write_table", full)
        put(bench)
    assert deliveries(bench.settings) == []
    assert not any(path.is_file() for path in bench.settings.landing.rglob("*"))
    assert put(bench).is_new


def test_a_file_that_changes_while_it_is_read_lands_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(land, "sha256_of", lambda path: "0" * 64)
    with pytest.raises(CgtError, match="changed while it was read"):
        put(bench)
    assert deliveries(bench.settings) == []
    assert not list(bench.settings.vault.rglob("raw.enc"))


@pytest.mark.parametrize("name", ["../../etc/passwd", "northbench/sample/..", "northbench/sample/0123456789abcdef", ""])
def test_ids_that_climb_or_do_not_exist(bench: Bench, name: str) -> None:
    with pytest.raises(CgtError, match="no such delivery"):
        delivery(bench.settings, name)
    with pytest.raises(CgtError, match="no such delivery"):
        delivery(bench.settings, name, "../../..")


def test_a_past_door_is_found_again(bench: Bench) -> None:
    one = put(bench).delivery
    assert one is not None
    assert delivery(bench.settings, one.id, one.door16) == one == delivery(bench.settings, one.id)
    with pytest.raises(CgtError, match="under that door"):
        delivery(bench.settings, one.id, "0" * 16)


def test_a_damaged_manifest_is_named(bench: Bench) -> None:
    one = put(bench).delivery
    assert one is not None
    (one.folder / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(CgtError, match="no readable manifest"):
        deliveries(bench.settings)
