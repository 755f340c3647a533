"""A hub that never sees an identifier releases what a hub with all keys does, byte for byte; so does one that gets both kinds."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import polars as pl
import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.shares import for_hub, for_partner
from cgt_etl.door.tokens import Keys, release_token
from cgt_etl.identity.build import build
from cgt_etl.landing import deliveries
from cgt_etl.landing.inbox import land_all, scan
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.tokenise import tokenise
from cgt_etl.settings import Settings
from tests.e2e.conftest import FEW_PARTNERS, Few, Home, of_the_few, simulate
from tests.e2e.test_canaries import SIGN, haystacks, plant
from tests.landing.tokens import landing

pytestmark = pytest.mark.slow

MASTER = bytes(range(32))
NOW = datetime(2026, 2, 1, tzinfo=UTC)


def under(home: Home, key: Path) -> Home:
    return replace(home, extra=(*home.extra, ("CGT_MASTER_KEY", ""), ("CGT_MASTER_KEY_FILE", str(key))))


def delivered(inbox: Path) -> Iterator[tuple[str, str, str, list[Path]]]:
    """Night, partner, feed and files of each folder of an inbox; not what only stands beside a file."""
    for folder in sorted(path for path in inbox.glob("*/*/*") if path.is_dir()):
        files = sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.name != "envelope.json")
        files = [path for path in files if not path.name.endswith(".manifest.json")]
        night, partner, feed = folder.relative_to(inbox).parts
        yield night, partner, feed, files


@dataclass(frozen=True)
class Played:
    """A hub without keys that released what its partners tokenised, each at a place of its own."""

    hub: Home
    places: dict[str, Home]

    def tokenise(self, inbox: Path, to: Path, partners: Iterable[str]) -> None:
        exports: dict[tuple[str, str], list[Path]] = {}
        for _, partner, feed, files in delivered(inbox):
            exports.setdefault((partner, feed), []).extend(files)
        for (partner, feed), files in exports.items():
            if partner in partners:
                done = self.places[partner].cli("partner", "tokenise", partner, feed, *map(str, files), "--out", str(to / partner / feed))
                assert done.stdout.count("\n") == len(files)


@pytest.fixture(scope="module")
def played(few: Few, tmp_path_factory: pytest.TempPathFactory) -> Played:
    folder = tmp_path_factory.mktemp("tokenised")
    few.home.cli("key", "hub", str(folder / "hub.key"))
    inbox, places = folder / "inbox", {}
    for partner in FEW_PARTNERS:
        few.home.cli("key", "partner", partner, str(folder / f"{partner}.key"))
        places[partner] = under(few.at(folder / "at" / partner, inbox), folder / f"{partner}.key")
    made = Played(under(few.at(folder / "hub", inbox), folder / "hub.key"), places)
    made.tokenise(few.home.inbox, inbox / "0001", FEW_PARTNERS)
    made.hub.run()
    return made


def test_a_hub_without_keys_releases_the_same_bytes(few: Few, played: Played, tmp_path: Path) -> None:
    hub = played.hub
    assert hub.tables() == few.home.tables()
    assert hub.manifest["inputs"] == few.home.manifest["inputs"]
    assert not (hub.path / "vault").exists()
    hub.cli("handoffs", "cards", "--out", str(tmp_path / "cards"))
    assert "Nothing is wrong" in hub.cli("doctor", expect=None).stdout


def test_a_hub_without_keys_erases_whom_its_partners_erased(few: Few, played: Played, tmp_path: Path) -> None:
    """A patient who is known to more than one partner: each erases them at its place, and tokenises again."""
    hub, keys = played.hub, Keys(MASTER)
    links = pl.read_parquet(list(hub.path.glob("landing/*/*/*/*/links.parquet")), include_file_paths="path")
    mine = links.filter(kind="mrn", issuer="lakeside_hospital", person="recipient")
    one = (
        mine.group_by("linkage_token")
        .agg(pl.len(), pl.col("path").n_unique().alias("files"))
        .sort("files", "len", "linkage_token")
        .row(-1)[0]
    )
    theirs = mine.filter(linkage_token=one)
    signs = [text.encode() for text in {one, release_token(keys.release, one), *theirs["partner_token"]}]
    partners = {Path(path).relative_to(hub.path / "landing").parts[0] for path in theirs["path"]}
    assert "lakeside_hospital" in partners
    number = played.places["lakeside_hospital"].cli("partner", "resolve", one).stdout.split("  ")[0].split()[-1]
    for partner in partners:
        place = played.places[partner]
        place.cli("suppress", "--kind", "mrn", "--issuer", "lakeside_hospital", stdin=number)
        place.cli("reland")
    night = str(hub.manifest["night"])
    assert {sign for _, data in haystacks(hub.path) for sign in signs if sign in data} == set(signs)
    played.tokenise(few.home.inbox, hub.inbox / "0002", partners)
    hub.run()
    assert "0 admissions" not in hub.cli("erase", "--who", "data protection", "--why", "request 17").stdout
    assert [(name, sign) for name, data in haystacks(hub.path) for sign in signs if sign in data] == []
    hub.cli("release", "build", "--as-of", night, "--out", str(tmp_path / "as-of"))
    again = haystacks(tmp_path / "as-of")
    assert any("subject" in name for name, _ in again)
    assert [(name, sign) for name, data in again for sign in signs if sign in data] == []
    assert "Nothing is wrong" in hub.cli("doctor", expect=None).stdout


def test_every_dialect_of_the_network_lands_and_links_alike_also_where_only_some_partners_tokenise(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CGT_MASTER_KEY", raising=False)
    keys = Keys(MASTER)

    def at(name: str, text: str) -> Settings:
        (tmp_path / f"{name}.key").write_text(text)
        return Settings(home=tmp_path / name, master_key_file=tmp_path / f"{name}.key")

    raw, hub = at("raw", base64.b64encode(MASTER).decode()), at("hub", for_hub(keys))
    registry = Registry.load(hub)
    sent = tmp_path / "sent"
    for night, partner, feed, files in delivered(inbox):
        if night == "0001":
            place = at(partner, for_partner(keys, registry.partners[partner].token_key))
            tokenise(place, registry, partner, feed, files, out=sent / night / partner / feed, now=NOW)
    for home, place in ((raw, inbox), (hub, sent)):
        assert [str(one.problem) for one in land_all(home, registry, scan(home, registry, place, "0001"), NOW) if one.problem] == []
    mine, whole = landing(hub), landing(raw)
    assert len({name.split("/")[0] for name in mine}) > 10
    assert mine.keys() == whole.keys()
    assert [name for name in mine if mine[name] != whole[name]] == []
    listed = deliveries(hub)
    mixed = [one if number % 2 else other for number, (one, other) in enumerate(zip(listed, deliveries(raw), strict=True))]
    build(hub, registry, listed, keys_of(hub), tmp_path / "by-hub")
    build(raw, registry, mixed, keys, tmp_path / "by-mixed")
    tables = sorted(path.name for path in (tmp_path / "by-hub").glob("*.parquet"))
    assert tables
    assert [name for name in tables if (tmp_path / "by-hub" / name).read_bytes() != (tmp_path / "by-mixed" / name).read_bytes()] == []


def test_fifty_canaries_stay_with_their_partners(few: Few, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CGT_MASTER_KEY", raising=False)
    inbox, keys = of_the_few(simulate(tmp_path / "sample", journeys=24, nights=1), tmp_path / "inbox"), Keys(MASTER)
    canaries = plant(inbox)
    assert len(canaries) == 50
    paths = {f"{kind[:-1]}_paths": (few.folder / kind,) for kind in ("dialects", "partners")}
    (tmp_path / "hub.key").write_text(for_hub(keys))
    hub = Settings(home=tmp_path / "hub", master_key_file=tmp_path / "hub.key", **paths)
    registry = Registry.load(hub)
    for night, partner, feed, files in delivered(inbox):
        key = tmp_path / f"{partner}.key"
        key.write_text(for_partner(keys, registry.partners[partner].token_key))
        place = Settings(home=tmp_path / "at" / partner, master_key_file=key, **paths)
        tokenise(place, registry, partner, feed, files, out=tmp_path / "sent" / night / partner / feed, now=NOW)
    landed = land_all(hub, registry, scan(hub, registry, tmp_path / "sent", "0001"), NOW)
    assert all(one.delivery and not one.problem for one in landed)
    written = [*haystacks(tmp_path / "sent"), *haystacks(hub.home)]
    assert any("demographics.parquet (decoded)" in name for name, _ in written), "names became tokens"
    assert [(name, sign) for name, data in written for sign in SIGN.findall(data)] == []
    assert any(canary.encode() in path.read_bytes() for canary in canaries for path in inbox.rglob("*.*") if path.is_file())
