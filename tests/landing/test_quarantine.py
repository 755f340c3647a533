"""What is set aside is listed without values, shown to whoever has the key, and set free by a mended contract."""

from __future__ import annotations

import csv
import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from cgt_etl.errors import CgtError
from cgt_etl.landing import deliveries, land, quarantine, suppression
from cgt_etl.landing.delivery import Delivery, delivery
from cgt_etl.landing.reland import reland_all
from cgt_etl.landing.vault import VaultError
from tests.landing.bench import GOOD, HEADER, LATER, MIXED, NOW, Bench


def put(bench: Bench, text: str = MIXED, name: str = "sample_1.csv") -> Delivery:
    landed = land.land(bench.settings, bench.registry, bench.binding, bench.deliver(text, name), NOW).delivery
    assert landed is not None
    return landed


def record(bench: Bench, night: int, *ids: str) -> None:
    bench.settings.nights.mkdir(parents=True, exist_ok=True)
    said = {"night": night, "deliveries": {one: {} for one in ids}}
    (bench.settings.nights / f"{night:04d}.json").write_text(json.dumps(said))


def test_items_have_place_rule_owner_and_age(bench: Bench) -> None:
    one = put(bench)
    record(bench, 1)
    for night in (2, 3, 4):
        record(bench, night, one.id)
    items = quarantine.items(bench.settings, bench.registry)
    assert [(i.position, i.column, i.rule, i.effect) for i in items] == [(3, None, "D03", "row"), (4, "volume_ml", "D02", "cell")]
    assert {(i.owner, i.source_name, i.first_night, i.age_nights) for i in items} == {("bench-owner", "sample_1.csv", 2, 2)}
    assert quarantine.items(bench.settings, bench.registry, partner="nobody") == []


def test_lines_hold_totals_or_items_and_no_values(bench: Bench) -> None:
    assert quarantine.lines(bench.settings, bench.registry) == ["Nothing is set aside."]
    one, refused = put(bench), put(bench, "NUM;MRN\n", "sample_2.csv")
    totals = quarantine.lines(bench.settings, bench.registry)
    assert f"{one.partner}/{one.feed}  D02 cell  sample.volume_ml  1  owner bench-owner  since this night" in totals
    items = quarantine.lines(bench.settings, bench.registry, items=True)
    assert len(items) == len(totals) == 3
    assert any(line.startswith(f"{refused.id}  {refused.source_name}  whole file") for line in items)
    assert not any(value in line for line in totals + items for value in ("rejected", "00000018", "n/a"))


def test_show_needs_the_key_and_escapes_control_signs(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    one = put(bench, HEADER + "1,00000017,12\x1b[2J,x\n")
    assert quarantine.show(bench.settings, one.id, 2) == [r"D02  sample[0].volume_ml  12\x1b[2J"]
    with pytest.raises(CgtError, match="nothing is set aside at this position"):
        quarantine.show(bench.settings, one.id, 3)
    with pytest.raises(CgtError, match="refused whole"):
        quarantine.show(bench.settings, put(bench, "NUM;MRN\n", "sample_2.csv").id, 1)
    monkeypatch.setenv("CGT_MASTER_KEY", "A" * 43 + "=")
    with pytest.raises(VaultError):
        quarantine.show(replace(bench.settings), one.id, 2)


def test_export_with_and_without_values(bench: Bench, tmp_path: Path) -> None:
    put(bench, HEADER + "1,00000017,=1+2,x\n,00000018,1,y\n")
    plain, full, exact = tmp_path / "plain.csv", tmp_path / "full.csv", tmp_path / "full.json"
    assert quarantine.export(bench.settings, bench.registry, plain, with_values=False) == 2
    assert "00000018" not in plain.read_text()
    quarantine.export(bench.settings, bench.registry, full, with_values=True)
    with full.open(newline="") as file:
        assert [row["text"] for row in csv.DictReader(file)] == ["'=1+2", ",00000018,1,y"]
    assert stat.S_IMODE(full.stat().st_mode) == 0o600
    quarantine.export(bench.settings, bench.registry, exact, with_values=True)
    assert [row["text"] for row in json.loads(exact.read_text())] == ["=1+2", ",00000018,1,y"]


def test_free_says_what_a_mended_contract_set_free(bench: Bench) -> None:
    one = put(bench)
    assert "present door already" in quarantine.free(bench.settings, bench.registry, one.id, received_at=LATER)
    bench.declare(missing='{"n/a": unknown}', remark="lenient")
    told = quarantine.free(bench.settings, bench.registry, one.id, received_at=LATER)
    assert told == f"{one.id}: set free 1 rows and 1 cells, newly set aside 0 rows and 0 cells, newly erased 0"
    assert quarantine.items(bench.settings, bench.registry) == []
    now = delivery(bench.settings, one.id)
    assert now.door16 != one.door16
    assert (now.manifest.received_at, now.manifest.admitted_at) == ("2025-11-02T23:30:00+00:00", "2025-11-03T23:30:00+00:00")
    assert delivery(bench.settings, one.id, one.door16) == one


def test_a_contract_set_back_finds_its_old_admission(bench: Bench) -> None:
    one = put(bench)
    bench.declare(missing='{"n/a": unknown}')
    (mended,) = reland_all(bench.settings, bench.registry, received_at=LATER)
    assert (mended.freed_rows, mended.freed_cells, mended.held_rows, mended.held_cells) == (0, 1, 0, 0)
    bench.declare()
    (back,) = reland_all(bench.settings, bench.registry, received_at=LATER)
    assert (back.freed_cells, back.held_cells) == (0, 1)
    assert deliveries(bench.settings) == [one]
    assert reland_all(bench.settings, bench.registry, received_at=LATER) == []


def test_reland_of_a_refused_file_and_of_one_feed(bench: Bench) -> None:
    put(bench, name="export.csv")
    bench.declare(sequence='{source: constant, value: "once"}')
    assert reland_all(bench.settings, bench.registry, feed="another", received_at=LATER) == []
    (freed,) = reland_all(bench.settings, bench.registry, feed="sample", received_at=LATER)
    assert freed.is_done
    (again,) = reland_all(bench.settings, bench.registry, delivery=freed.before.id, received_at=LATER)
    assert not again.is_done
    assert freed.line().endswith(
        "was refused, is landed now; set free 0 rows and 0 cells, newly set aside 1 rows and 1 cells, newly erased 0"
    )
    (one,) = deliveries(bench.settings)
    assert (one.status, one.sequence) == ("landed", "once")


def test_erasing_sets_nothing_free(bench: Bench) -> None:
    put(bench, HEADER + "1,00000017,n/a,x\n2,00000018,n/a,y\n")
    suppression.add(bench.settings, bench.registry, kind="mrn", issuer="northbench", value="17")
    (one,) = reland_all(bench.settings, bench.registry, received_at=LATER)
    assert (one.freed_rows, one.freed_cells, one.held_cells, one.erased) == (0, 0, 0, 1)
    assert one.after is not None
    assert one.after.manifest.counts["units"]["erased"] == 1


def test_a_delivery_whose_raw_bytes_are_gone_is_named(bench: Bench) -> None:
    lost, kept = put(bench), put(bench, GOOD, "sample_2.csv")
    (bench.settings.vault / lost.id / "raw.enc").unlink()
    bench.declare(remark="lenient")
    told = {one.before.id: one for one in reland_all(bench.settings, bench.registry, received_at=LATER)}
    assert "vault holds no" in told[lost.id].line()
    assert told[kept.id].after is not None
