"""A home answers to the master key that it began with, and to no other."""

from __future__ import annotations

import base64
from dataclasses import replace
from pathlib import Path

import pytest

from cgt_etl.errors import CgtError, DeclarationError
from cgt_etl.landing import deliveries, land, suppression
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.reland import reland_all
from cgt_etl.landing.vault import VaultError
from tests.landing.bench import GOOD, LATER, NOW, Bench

OTHER = base64.b64encode(bytes(32)).decode()


def put(bench: Bench, name: str = "sample_1.csv", text: str = GOOD) -> None:
    land.land(bench.settings, bench.registry, bench.binding, bench.deliver(text, name), NOW)


def test_another_key_lands_lands_again_and_suppresses_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    put(bench)
    before = deliveries(bench.settings)
    monkeypatch.setenv("CGT_MASTER_KEY", OTHER)
    bench.declare(missing='{"n/a": unknown}')
    with pytest.raises(VaultError, match="not the one that this home began with"):
        keys_of(bench.settings)
    with pytest.raises(VaultError, match="not the one"):
        put(bench, "sample_2.csv", GOOD + "\n")
    with pytest.raises(VaultError, match="not the one"):
        reland_all(bench.settings, bench.registry, received_at=LATER)
    with pytest.raises(VaultError, match="not the one"):
        suppression.add(bench.settings, bench.registry, kind="mrn", issuer="northbench", value="17")
    assert deliveries(bench.settings) == before
    assert not (bench.settings.vault / suppression.NAME).exists()


def test_a_new_home_takes_any_key(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGT_MASTER_KEY", OTHER)
    keys_of(bench.settings)


def test_a_key_file_that_cannot_be_read_is_told_apart_from_none(bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CGT_MASTER_KEY")
    with pytest.raises(DeclarationError, match="no master key"):
        keys_of(replace(bench.settings, master_key_file=None))
    with pytest.raises(DeclarationError, match="cannot be read"):
        keys_of(replace(bench.settings, master_key_file=tmp_path / "absent.key"))
    (tmp_path / "odd.key").write_bytes(b"\xff\xfe")
    with pytest.raises(DeclarationError, match="not base64"):
        keys_of(replace(bench.settings, master_key_file=tmp_path / "odd.key"))


@pytest.mark.parametrize(
    ("kind", "issuer", "told"),
    [
        ("nrm", "", "no promised feed holds identifiers of this kind. Name one of: mrn"),
        ("mrn", "", "mrn identifiers are unique per issuer alone. Name one with --issuer: northbench"),
        ("mrn", "southbench", "no promised feed holds mrn identifiers of this issuer. Name one with --issuer: northbench"),
    ],
)
def test_a_suppression_that_would_erase_nobody_is_refused(bench: Bench, kind: str, issuer: str, told: str) -> None:
    with pytest.raises(CgtError) as caught:
        suppression.add(bench.settings, bench.registry, kind=kind, issuer=issuer, value="17")
    assert str(caught.value).startswith(told)
    assert not (bench.settings.vault / suppression.NAME).exists()
