"""A file can be tried before it counts: the same verdicts as if it were delivered, no key, and nothing left behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from click.testing import CliRunner

from cgt_etl.cli import cgt_etl
from cgt_etl.errors import CgtError
from cgt_etl.landing import receipt
from cgt_etl.landing.land import land
from cgt_etl.landing.rehearse import rehearse
from tests.landing.bench import GOOD, MIXED, NOW, Bench


def test_it_says_what_a_receipt_would_and_what_would_land(bench: Bench) -> None:
    path = bench.deliver(MIXED)
    tried = rehearse(bench.settings, bench.registry, "northbench", "sample", path)
    assert not tried.is_clean
    assert not bench.settings.home.exists()
    landed = land(bench.settings, bench.registry, bench.binding, path, NOW).delivery
    assert landed is not None
    told = receipt.lines(receipt.receipt(landed, bench.binding.feed))
    assert tried.lines[1 : len(told)] == told[1:], "the first line says when it was received"
    assert tried.lines[len(told) :] == [
        "Would land: 2 rows of sample",
        "  NUM: 2 of 2",
        "  MRN: 2 of 2, as a token",
        "  VOL: 1 of 2",
        "  REMARK: dropped, names people",
    ]
    assert not any(value in line for line in tried.lines for value in ("rejected", "00000018", "n/a"))


def test_a_good_file_is_clean_and_a_refused_one_is_not(bench: Bench) -> None:
    assert rehearse(bench.settings, bench.registry, "northbench", "sample", bench.deliver(GOOD)).is_clean
    assert not rehearse(bench.settings, bench.registry, "northbench", "sample", bench.deliver("NUM;MRN\n")).is_clean
    with pytest.raises(CgtError, match="unknown partner"):
        rehearse(bench.settings, bench.registry, "nobody", "sample", bench.deliver(GOOD))


def test_nothing_is_left_and_no_key_is_needed(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    private = tmp_path / "private"
    private.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(private))
    monkeypatch.delenv("CGT_MASTER_KEY")
    rehearse(bench.settings, bench.registry, "northbench", "sample", bench.deliver(GOOD))
    assert list(private.iterdir()) == []


def test_the_command_tells_by_its_exit(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "CGT_HOME": bench.settings.home,
        "CGT_DIALECTS": f"={bench.settings.dialect_paths[0]}",
        "CGT_PARTNERS": f"={bench.settings.partner_paths[0]}",
    }.items():
        monkeypatch.setenv(name, str(value))
    good, mixed = bench.deliver(GOOD, "sample_2.csv"), bench.deliver(MIXED)
    clean = CliRunner().invoke(cgt_etl, ["partner", "check", "northbench", "sample", str(good)])
    assert (clean.exit_code, clean.output.splitlines()[-1]) == (0, "All of it would land.")
    both = CliRunner().invoke(cgt_etl, ["partner", "check", "northbench", "sample", str(good), str(mixed)])
    assert (both.exit_code, both.output.splitlines()[-1]) == (1, "Not all of it would land.")
