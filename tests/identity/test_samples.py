"""The dialects' own samples through the real door: what it writes is what `contracts.accepted` says and the build reads."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from cgt_etl.contracts.accepted import accepted_tables
from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.door.tokens import Keys
from cgt_etl.identity.build import build
from cgt_etl.landing.delivery import Delivery, deliveries
from cgt_etl.landing.land import land
from cgt_etl.release.plan import plan
from cgt_etl.release.workspace import prepare
from cgt_etl.settings import Settings

pytestmark = pytest.mark.slow

MASTER_KEY = "A" * 43 + "="
FEED_OF = {
    "becs_us": lambda _: "apheresis",
    "registry_ct": lambda _: "outcome",
    "uci_bmt": lambda _: "transplant",
    "ehr_fhir_r4": lambda path: "".join(f"_{c.lower()}" if c.isupper() else c for c in path.stem).lstrip("_"),
}


@pytest.fixture(scope="module")
def landed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Registry, list[Delivery]]:
    """Every sample of every dialect, landed as the first partner that speaks it."""
    home = tmp_path_factory.mktemp("home")
    key_file = home / "key"
    key_file.write_text(MASTER_KEY, encoding="ascii")
    settings = Settings(home=home / "cgt", master_key_file=key_file)
    registry = Registry.load(settings)
    for dialect in registry.dialects.values():
        speaks: dict[str, Binding] = {one.feed.name: one for one in reversed(registry.bindings) if one.feed.dialect == dialect.name}
        for sample in sorted((dialect.path / "samples").iterdir()):
            feed = FEED_OF.get(dialect.name, lambda _: "")(sample)
            if feed in speaks and sample.suffix in {".csv", ".ndjson", ".arff"}:
                folder = home / "inbox" / dialect.name / feed
                folder.mkdir(parents=True, exist_ok=True)
                (folder / "envelope.json").write_text('{"sequence": "1"}', encoding="ascii")
                land(settings, registry, speaks[feed], Path(shutil.copy(sample, folder)), datetime(2025, 11, 2, tzinfo=UTC))
    return settings, registry, deliveries(settings)


def test_the_door_writes_what_is_declared(landed: tuple[Settings, Registry, list[Delivery]]) -> None:
    _, registry, listed = landed
    checked = set()
    for delivery in (one for one in listed if one.status == "landed"):
        declared = {
            name: schema
            for spec in registry.binding(delivery.partner, delivery.feed).feed.objects
            for name, schema in accepted_tables(spec).items()
        }
        said = delivery.manifest.objects
        assert set(said) == set(declared)
        for name, schema in declared.items():
            assert pq.read_schema(delivery.folder / said[name].file).remove_metadata() == schema
            checked.add((delivery.dialect, delivery.feed, name))
    assert len({dialect for dialect, _, _ in checked}) >= 3


def test_identity_and_workspace_read_what_the_door_writes(landed: tuple[Settings, Registry, list[Delivery]]) -> None:
    settings, registry, listed = landed
    identity = build(settings, registry, listed, Keys(settings.master_key), settings.home / "identity")
    assert identity.left_out == ()
    accepted = sum(file.rows for one in listed for file in one.manifest.objects.values())
    assert identity.rows["record"] == accepted > 0
    assert identity.rows["subject"] > 0
    work = prepare(settings, registry, plan(settings, registry, listed), identity.folder, None)
    with duckdb.connect(str(work), read_only=True) as con:
        for name, *_ in registry.tables:
            con.execute(f'from landed."{name}"').fetchall()
        resolved = "select count(*), count(distinct partner_token), count(subject_id) + count(object_id) from identity.identifier"
        rows, tokens, named = con.execute(resolved).fetchone() or (0, 0, 0)
        assert rows == tokens == named == identity.rows["identifier"]
        verdicts = con.execute("select count(*) from landed.verdict").fetchone()
        assert verdicts == (sum(one.manifest.verdict_file.rows for one in listed if one.manifest.verdict_file),)
