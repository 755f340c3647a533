"""A network of one partner that tokenises at its own place, and hubs with and without keys, each a home of its own."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from cgt_etl.door.shares import for_hub, for_partner
from cgt_etl.door.tokens import Keys
from cgt_etl.landing import bundle
from cgt_etl.landing.delivery import Landed
from cgt_etl.landing.inbox import land_all, scan
from cgt_etl.landing.tokenise import tokenise
from cgt_etl.settings import Settings
from tests.landing import bench as benches
from tests.landing.bench import LATER, NOW, Bench

KEYS = Keys(benches.MASTER)
CLOCKS = ("received_at", "admitted_at")
HERE = ("edition", "raw_holds_erased")
"""What a manifest says of where the bytes are."""


@dataclass(frozen=True)
class Network:
    """Everybody reads the same declarations; nobody's key lies in the environment."""

    bench: Bench

    def at(self, name: str, key: str) -> Settings:
        file = self.bench.root / f"{name}.key"
        file.write_text(key)
        file.chmod(0o600)
        return replace(self.bench.settings, home=self.bench.root / name, master_key_file=file)

    @property
    def raw_hub(self) -> Settings:
        """Holds the master key."""
        return self.at("raw-hub", base64.b64encode(benches.MASTER).decode())

    @property
    def hub(self) -> Settings:
        """Holds no key of identifiers."""
        return self.at("hub", for_hub(KEYS))

    @property
    def partner(self) -> Settings:
        return self.at("partner", for_partner(KEYS, "northbench-1"))

    def tokenised(self, path: Path, night: str = "0001", now: datetime = NOW, settings: Settings | None = None) -> Path:
        """Tokenise a file at the partner's, and put what comes of it into the hub's inbox."""
        out = self.bench.root / "tokenised" / night / "northbench" / "sample"
        (done,) = tokenise(settings or self.partner, self.bench.registry, "northbench", "sample", [path], out=out, now=now)
        return done.bundle

    def received(self, settings: Settings | None = None, night: str = "0001") -> list[Landed]:
        return self.landed(settings or self.hub, "tokenised", night)

    def landed(self, settings: Settings, inbox: str = "inbox", night: str = "0001") -> list[Landed]:
        registry = self.bench.registry
        return land_all(settings, registry, scan(settings, registry, self.bench.root / inbox, night), LATER)


def landing(settings: Settings) -> dict[str, Any]:
    """Every file of the landing, with its bytes; manifests without the clock, and nothing of where the bytes are."""
    found: dict[str, Any] = {}
    for path in sorted(path for path in settings.landing.rglob("*") if path.is_file() and path.name != "editions"):
        name = path.relative_to(settings.landing).as_posix()
        found[name] = path.read_bytes()
        if path.name == "manifest.json":
            found[name] = {key: value for key, value in json.loads(found[name]).items() if key not in (*CLOCKS, *HERE)}
    return found


def altered(path: Path, change: Callable[[dict[str, Any], dict[str, bytes]], None]) -> None:
    """A bundle as a partner with a key could have sealed it: `change` what it says and its files, by name."""
    with zipfile.ZipFile(path) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    told = json.loads(files.pop("bundle.json"))
    del files["seal"]
    change(told, files)
    text = json.dumps(told).encode()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("bundle.json", text)
        packed.writestr("seal", bundle._sealed(text, KEYS.bundle("northbench-1")))
        for name, content in files.items():
            packed.writestr(name, content)


def texts(root: Path) -> Iterator[bytes]:
    """All bytes below a folder or of a file, and every cell of every Parquet file, which would hide a text from a search."""
    import polars as pl

    paths = [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())
    for path in paths:
        yield path.name.encode() + b"\n" + path.read_bytes()
        if path.suffix == ".parquet":
            yield repr(pl.read_parquet(path).rows()).encode()
        if path.suffix == bundle.SUFFIX:
            with zipfile.ZipFile(path) as packed:
                for name in packed.namelist():
                    yield packed.read(name)
                    if name.endswith(".parquet"):
                        yield repr(pl.read_parquet(packed.read(name)).rows()).encode()
