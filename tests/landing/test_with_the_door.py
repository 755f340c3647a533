"""Landing through the real reader and the real door: the two agree on counts, files and what is set aside."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import polars as pl
import pytest

from cgt_etl.door.tokens import Keys, token
from cgt_etl.landing import deliveries, quarantine, suppression
from cgt_etl.landing.delivery import Landed
from cgt_etl.landing.inbox import land_all, scan
from cgt_etl.landing.reland import reland_all
from cgt_etl.landing.vault import Vault
from cgt_etl.release import record_text
from tests.landing import bench as benches
from tests.landing.bench import HEADER, LATER, NOW, Bench, tree

ROWS = "1,17,12.5,fine\n,00000018,13,CANARY rejected\n3,00000019,CANARYCELL,tired\n4,00000020,1,x,one too many CANARY\n5,21,,\n"


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name, value in benches.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CGT_LEASE", raising=False)
    return benches.make(tmp_path)


def land_night(bench: Bench) -> list[Landed]:
    return land_all(bench.settings, bench.registry, scan(bench.settings, bench.registry, bench.root / "inbox", "0001"), NOW)


def test_a_delivery_through_the_real_door(bench: Bench) -> None:
    bench.deliver(HEADER + ROWS)
    (landed,) = land_night(bench)
    assert landed.problem is None
    one = landed.delivery
    assert one is not None
    assert landed.counts["units"] == {"in": 5, "accepted": 3, "set_aside": 2, "erased": 0}
    rows = pl.read_parquet(one.folder / "accepted/sample.parquet")
    assert rows["source_row"].to_list() == [2, 4, 6]
    assert rows["volume_ml"].to_list() == [12.5, None, None]
    assert rows["source_delivery"].unique().to_list() == [one.id]
    assert rows["sequence"].unique().to_list() == ["1"]
    links = pl.read_parquet(one.folder / "links.parquet")
    assert token(Keys(benches.MASTER).linkage, "mrn", "northbench", "00000017") in links["linkage_token"].to_list()
    told = [(item.position, item.column, item.effect) for item in quarantine.items(bench.settings, bench.registry)]
    assert told == [(3, "sample_no", "row"), (4, "volume_ml", "cell"), (5, None, "row")]
    for item in quarantine.items(bench.settings, bench.registry):
        assert "CANARY" in quarantine.show(bench.settings, one.id, item.position or 0)[0]
    out = bench.root / "export.json"
    quarantine.export(bench.settings, bench.registry, out, with_values=True)
    assert out.read_text().count('"text": "') == 3
    assert not any(b"CANARY" in content for content in tree(bench.settings.home).values())


def test_suppression_and_reland_through_the_real_door(bench: Bench) -> None:
    bench.deliver(HEADER + ROWS)
    land_night(bench)
    suppression.add(bench.settings, bench.registry, kind="mrn", issuer="northbench", value="00000017")
    bench.declare(missing='{"CANARYCELL": unknown}')
    (freed,) = reland_all(bench.settings, bench.registry, received_at=LATER)
    assert (freed.freed_rows, freed.freed_cells, freed.held_rows, freed.held_cells, freed.problem) == (0, 1, 0, 0, None)
    (one,) = deliveries(bench.settings)
    assert one.manifest.raw_holds_erased
    assert one.manifest.counts["units"] == {"in": 5, "accepted": 2, "set_aside": 2, "erased": 1}
    assert pl.read_parquet(one.folder / "accepted/sample.parquet")["source_row"].to_list() == [4, 6]


def test_a_packed_delivery_keeps_its_name_and_its_bytes_and_has_the_plain_files_sequence_and_positions(bench: Bench) -> None:
    packed = gzip.compress((HEADER + ROWS).encode(), mtime=0)
    bench.deliver(packed, "sample_7.csv.gz")
    (landed,) = land_night(bench)
    one = landed.delivery
    assert one is not None
    assert (one.source_name, one.sequence, one.sha256) == ("sample_7.csv.gz", "7", hashlib.sha256(packed).hexdigest())
    assert landed.counts["units"] == {"in": 5, "accepted": 3, "set_aside": 2, "erased": 0}
    assert b"".join(Vault(bench.settings.vault, Keys(benches.MASTER).vault).open(f"{one.id}/raw.enc")) == packed
    assert {(item.position, item.effect) for item in quarantine.items(bench.settings, bench.registry)} == {
        (3, "row"),
        (4, "cell"),
        (5, "row"),
    }
    assert record_text.lines(bench.settings, one, 3, 3) == [",00000018,13,CANARY rejected"]
    assert not any(b"CANARY" in content for content in tree(bench.settings.home).values())


def test_a_file_that_is_not_packed_as_its_name_says_is_refused(bench: Bench) -> None:
    bench.deliver(HEADER + ROWS, "sample_7.csv.gz")
    (landed,) = land_night(bench)
    assert landed.delivery is not None
    said = landed.delivery.manifest
    assert (said.status, said.rule, said.counts["bytes"]["refused"]) == ("refused", "F01", said.size)
    assert "partner northbench, feed sample, file sample_7.csv.gz" in str(said.reason)
