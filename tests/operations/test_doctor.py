"""The doctor finds what harms a home, says what to do, and has nothing to say of a healthy one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cgt_etl.door.tokens import Keys
from cgt_etl.identity import decisions
from cgt_etl.landing import land
from cgt_etl.landing.delivery import deliveries
from cgt_etl.landing.vault import Vault
from cgt_etl.operations.doctor import examine
from cgt_etl.settings import Settings
from tests.landing import bench as benches
from tests.landing.bench import HEADER, MIXED, NOW, Bench


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    for name, value in benches.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(land, "admit", benches.admit)
    made = benches.make(tmp_path)
    land.land(made.settings, made.registry, made.binding, made.deliver(MIXED), NOW)
    return made


def test_a_healthy_home_has_no_complaint(bench: Bench) -> None:
    assert examine(bench.settings, bench.registry) == []


def _open_vault(home: Path) -> None:
    next((home / "vault").rglob("raw.enc")).chmod(0o644)


def _other_bytes(home: Path) -> None:
    next((home / "landing").rglob("verdicts.parquet")).write_bytes(b"nothing of the kind")


def _no_parquet(home: Path) -> None:
    next((home / "landing").rglob("sample.parquet")).unlink()


def _no_raw(home: Path) -> None:
    next((home / "vault").rglob("raw.enc")).unlink()


def _last_byte_of_a_set_aside_text(home: Path) -> None:
    path = next((home / "vault").rglob("set_aside.enc"))
    path.write_bytes(path.read_bytes()[:-1] + bytes([path.read_bytes()[-1] ^ 1]))


def _no_receipt(home: Path) -> None:
    next((home / "receipts").rglob("*.html")).unlink()


def _dangling(home: Path) -> None:
    (home / "releases").mkdir()
    (home / "releases" / "current").symlink_to("0009-0123456789abcdef")


def _decision_changed_by_hand(home: Path) -> None:
    made = decisions.decide(Settings(home=home), "same", ("a" * 32, "b" * 32), decisions.Because("a steward", "a transfer", NOW))
    file = home / "decisions" / f"{made.id}.json"
    file.write_text(file.read_text().replace('"same"', '"apart"'))


def _no_manifest(home: Path) -> None:
    next((home / "landing").rglob("manifest.json")).unlink()


@pytest.mark.parametrize(
    ("harm", "about"),
    [
        (_open_vault, {"permissions"}),
        (_other_bytes, {"landing"}),
        (_no_parquet, {"landing"}),
        (_no_raw, {"vault"}),
        (_last_byte_of_a_set_aside_text, {"vault"}),
        (_no_receipt, {"receipts"}),
        (_dangling, {"releases"}),
        (_decision_changed_by_hand, {"decisions"}),
        (_no_manifest, {"landing", "vault", "receipts"}),
    ],
)
def test_each_harm_is_told_where_it_is_with_a_remedy(bench: Bench, harm: Callable[[Path], None], about: set[str]) -> None:
    harm(bench.settings.home)
    found = examine(bench.settings, bench.registry)
    assert {one.about for one in found} == about
    assert all(one.what and one.remedy for one in found)


def test_another_key_is_noticed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CGT_MASTER_KEY", "A" * 43 + "=")
    assert [one.about for one in examine(bench.settings, bench.registry)] == ["keys"]
    monkeypatch.delenv("CGT_MASTER_KEY")
    assert [one.about for one in examine(bench.settings, bench.registry)] == ["keys"]


def test_a_folder_that_does_not_load_is_named(bench: Bench) -> None:
    from cgt_etl.contracts.registry import Registry

    (bench.root / "partners/northbench/partner.yaml").write_text("partner: [", encoding="utf-8")
    found = examine(bench.settings, Registry.load(bench.settings))
    assert [one.about for one in found] == ["declarations"]
    assert "northbench" in found[0].what


def test_an_altered_raw_file_is_told_from_a_wrong_key(bench: Bench) -> None:
    """Whichever of two it is, so also the one that is looked at first; and behind the first chunk."""
    rows = "".join(f"{number},00000017,12.5,fine\n" for number in range(50_000))
    large = land.land(bench.settings, bench.registry, bench.binding, bench.deliver(HEADER + rows, "sample_2.csv"), NOW).delivery
    assert large is not None
    for path in sorted((bench.settings.home / "vault").rglob("raw.enc")):
        kept = path.read_bytes()
        path.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
        (said,) = examine(bench.settings, bench.registry)
        assert said.about == "vault"
        assert path.parent.name in said.what
        path.write_bytes(kept)
    assert examine(bench.settings, bench.registry) == []


def test_a_sealed_file_with_other_bytes_than_were_landed_is_noticed(bench: Bench) -> None:
    (one,) = deliveries(bench.settings)
    Vault(bench.settings.vault, Keys(benches.MASTER).vault).seal(f"{one.id}/raw.enc", [b"other bytes"])
    (said,) = examine(bench.settings, bench.registry)
    assert (said.about, "other bytes" in said.what) == ("vault", True)
