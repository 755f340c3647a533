"""Feedback cards of a whole night: each partner has one, nobody else is named, and its own numbers are its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.tokens import Keys, release_token, token
from cgt_etl.door.typed import canonical
from cgt_etl.errors import CgtError
from cgt_etl.handoffs.cards import own_ids
from cgt_etl.release.opened import open_release
from cgt_etl.settings import Settings
from tests.e2e.conftest import KEY, Home

pytestmark = pytest.mark.slow


@pytest.fixture
def settings(network: Home, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("CGT_MASTER_KEY", KEY)
    return Settings(home=network.path)


def test_an_own_number_is_the_one_that_the_release_has_as_a_token(settings: Settings) -> None:
    registry, keys = Registry.load(settings), Keys(settings.master_key)
    connection = open_release(settings.home).duckdb()
    try:
        rows = connection.execute(
            "select row_source.source_delivery, row_source.source_row_first, collection.din_id from row_source "
            "inner join collection on row_source.row_key = collection.collection_id and row_source.table_name = 'collection' "
            "where row_source.source_row_first = row_source.source_row_last and collection.din_id is not null "
            "and row_source.source_delivery like '%/apheresis/%'"
        ).fetchall()
    finally:
        connection.close()
    dins = {(delivery, int(row)): din for delivery, row, din in rows}
    found: dict[tuple[str, int], str] = {}
    for partner in sorted({delivery.split("/")[0] for delivery, _ in dins}):
        found |= own_ids.look_up(settings, registry, partner, [place for place in dins if place[0].startswith(f"{partner}/")])
    assert found
    for place, number in found.items():
        assert release_token(keys.release, token(keys.linkage, "din", "", canonical(registry, "din", "", number))) == dins[place]


def test_another_partners_number_is_not_looked_up(settings: Settings) -> None:
    with pytest.raises(CgtError, match="another partner"):
        own_ids.look_up(settings, Registry.load(settings), "harbor_hospital", [("northgate_blood_centre/apheresis/0123456789abcdef", 2)])


def _files(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def test_every_partner_gets_its_card_and_may_dispute_it(network: Home, copy_of: Callable[[Home], Home], tmp_path: Path) -> None:
    home = copy_of(network)
    home.cli("handoffs", "cards", "--out", str(tmp_path / "cards"))
    parties = pl.read_parquet(home.release / "tables" / "party" / "*.parquet").select("party_id", "party_name").rows()
    made = {folder.name: folder for folder in (tmp_path / "cards").iterdir()}
    assert len(made) >= 12
    sites = [(partner, one) for partner, folder in made.items() for one in folder.iterdir() if one.is_dir()]
    assert len({partner for partner, _ in sites}) < len(sites)  # who has several sites has a card of each
    for partner, folder in (*made.items(), *sites):
        assert _files(folder).keys() == {"card.html", "card.pdf", "card.csv", "card.json"}
        texts = [(folder / name).read_text(encoding="utf-8") for name in ("card.html", "card.csv", "card.json")]
        assert _files(network.path / "cards" / folder.relative_to(tmp_path / "cards")) == _files(folder)
        others = {word for id_, name in parties if id_ != partner for word in (id_, name)}
        assert not [word for word in others for text in texts if word in text]
    told = json.loads((made["northgate_blood_centre"] / "card.json").read_text())
    statement = told["statements"][0]["id"]
    said = ("--who", "collection lead", "--why", "counted twice")
    assert "no such finding" in home.cli("actions", "dispute", "s" + "0" * 12, *said, expect=2).stderr
    assert "Disputed" in home.cli("actions", "dispute", statement, *said).stdout
    assert statement in home.cli("actions", "list").stdout
