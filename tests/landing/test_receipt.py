"""A partner is told of each delivery: all of it, at its positions, in its own column names, and never a value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cgt_etl.cli import cgt_etl
from cgt_etl.landing import land, receipt
from cgt_etl.landing.delivery import Delivery, delivery
from cgt_etl.landing.reland import reland_all
from tests.landing.bench import HEADER, LATER, MIXED, NOW, Bench

VALUES = ("rejected", "00000018", "n/a", "tired")


def put(bench: Bench, text: str, name: str = "sample_1.csv") -> Delivery:
    landed = land.land(bench.settings, bench.registry, bench.binding, bench.deliver(text, name), NOW).delivery
    assert landed is not None
    return landed


def written(bench: Bench, one: Delivery) -> tuple[dict[str, object], str]:
    path = receipt.path_of(bench.settings, one)
    return json.loads(path.read_text()), path.with_suffix(".html").read_text()


def test_it_says_what_arrived_what_became_of_it_where_and_why(bench: Bench) -> None:
    one = put(bench, MIXED)
    said, page = written(bench, one)
    assert (said["file"], said["sha256"], said["status"], said["refusal"]) == ("sample_1.csv", one.sha256, "landed", None)
    assert said["counts"]["units"] == {"in": 3, "accepted": 2, "set_aside": 1, "erased": 0}  # type: ignore[index]
    found = [(of["rule"], of["effect"], of["column_in_file"], of["count"], of["positions"]) for of in said["findings"]]  # type: ignore[attr-defined]
    assert found == [("D02", "cell", "VOL", 1, [4]), ("D03", "row", None, 1, [3])]
    assert all(of["title"] and of["why"] for of in said["findings"])  # type: ignore[attr-defined]
    assert "<code>VOL</code>" in page
    assert not any(value in text for value in VALUES for text in (json.dumps(said), page))


def test_a_refused_file_gets_one_with_the_reason(bench: Bench) -> None:
    said, page = written(bench, put(bench, "NUM;MRN\n"))
    assert said["status"] == "refused"
    assert said["refusal"]["reason"] == delivery(bench.settings, str(said["delivery"])).manifest.reason  # type: ignore[index]
    assert "Refused whole" in page


def test_what_a_mended_contract_set_free_leaves_the_receipt(bench: Bench) -> None:
    one = put(bench, MIXED)
    bench.declare(missing="{n/a: missing}", remark="lenient")
    reland_all(bench.settings, bench.registry, received_at=LATER)
    said, page = written(bench, one)
    assert said["findings"] == []
    assert "Nothing was set aside" in page


def test_a_file_name_is_shown_as_text(bench: Bench) -> None:
    _, page = written(bench, put(bench, MIXED, "sample_1<b>.csv"))
    assert "<b>" not in page


def test_one_that_is_missing_is_written_when_the_same_bytes_come_again(bench: Bench) -> None:
    one = put(bench, MIXED)
    path = receipt.path_of(bench.settings, one)
    before = path.read_bytes()
    path.unlink()
    put(bench, MIXED)
    assert path.read_bytes() == before


def test_positions_are_named_up_to_a_number_and_counted_beyond(bench: Bench) -> None:
    one = put(bench, HEADER + "".join(f"{number},,x,\n" for number in range(1, 81)))
    (found,) = written(bench, one)[0]["findings"]  # type: ignore[misc]
    assert found["count"] == 80
    assert found["positions"] == list(range(2, 52))


def test_the_commands_list_and_show_it(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    one = put(bench, MIXED)
    for name, value in {
        "CGT_HOME": bench.settings.home,
        "CGT_DIALECTS": f"={bench.settings.dialect_paths[0]}",
        "CGT_PARTNERS": f"={bench.settings.partner_paths[0]}",
    }.items():
        monkeypatch.setenv(name, str(value))
    listed = CliRunner().invoke(cgt_etl, ["receipt", "list"])
    assert listed.output == f"{one.id}  sample_1.csv  landed  {receipt.path_of(bench.settings, one, 'html')}\n"
    shown = CliRunner().invoke(cgt_etl, ["receipt", "show", one.id]).output
    assert "rows: 3 in = 2 accepted + 1 set aside + 0 erased" in shown
    assert "D02 cell set aside, once, column VOL" in shown
    assert not any(value in shown for value in VALUES)


def test_landing_again_writes_those_of_a_home_from_before_there_were_receipts(bench: Bench) -> None:
    one = put(bench, MIXED)
    path = receipt.path_of(bench.settings, one, "html")
    before = path.read_bytes()
    path.unlink()
    assert reland_all(bench.settings, bench.registry, received_at=LATER) == []
    assert path.read_bytes() == before
