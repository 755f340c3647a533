"""What a night says of its cards: whose is missing, whose tells of another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from cgt_etl.handoffs.cards import figures
from cgt_etl.handoffs.cards.card import Card
from cgt_etl.reports import nightly
from cgt_etl.reports.nightly import Told, Written, look
from cgt_etl.reports.write import files, write
from cgt_etl.settings import Settings
from tests.handoffs import card_world
from tests.handoffs.card_world import COLLECTORS, COURIER, HOSPITALS, MANUFACTURER

RELEASE = "0007-0123456789abcdef"
ALDER = COLLECTORS[0]


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with card_world.build(collectors=1, journeys=6) as connection:
        yield connection


@pytest.fixture(scope="module")
def cards(warehouse: duckdb.DuckDBPyConnection) -> dict[str, Card]:
    net = figures.network(warehouse, RELEASE)
    return {partner: figures.card(net, partner) for partner in figures.partners(net)}


@pytest.fixture(scope="module")
def done(cards: dict[str, Card], tmp_path_factory: pytest.TempPathFactory) -> list[Written]:
    into = tmp_path_factory.mktemp("cards")
    return [Written(partner, write(files(card), into / partner)) for partner, card in cards.items()]


def _look(warehouse: duckdb.DuckDBPyConnection, done: list[Written], release: str = RELEASE) -> Told:
    opened: Any = SimpleNamespace(duckdb=warehouse.cursor, release=SimpleNamespace(id=release))
    return look(opened, done)


def test_all_are_there(warehouse: duckdb.DuckDBPyConnection, done: list[Written]) -> None:
    told = _look(warehouse, done)
    assert told.cards == tuple(sorted((ALDER, COURIER, MANUFACTURER, *HOSPITALS)))
    assert told.statements > 20
    assert told.problems == []


def test_who_takes_part_and_has_no_card_of_this_release_is_named(warehouse: duckdb.DuckDBPyConnection, done: list[Written]) -> None:
    assert _look(warehouse, [one for one in done if one.name != COURIER]).without == (COURIER,)
    assert _look(warehouse, [one for one in done if one.name != HOSPITALS[0]]).without == ()  # it gives and receives nothing here
    assert _look(warehouse, done, "0008-fedcba9876543210").without == (ALDER, COURIER, MANUFACTURER)


@pytest.mark.parametrize("planted", [MANUFACTURER, "Larch Therapies", f"{MANUFACTURER}.main", "5f" * 16])
def test_a_card_with_a_name_or_key_of_another_is_not_written(
    warehouse: duckdb.DuckDBPyConnection, cards: dict[str, Card], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, planted: str
) -> None:
    said = cards[ALDER].statements
    spoilt = [
        replace(cards[ALDER], roles=f"blood centre of {planted}"),
        replace(cards[ALDER], statements=(replace(said[0], text=f"{said[0].text} ({planted})"), *said[1:])),
        replace(cards[ALDER], statements=(*said[:-1], replace(said[-1], where=f"sender = '{planted}'"))),
    ]
    opened: Any = SimpleNamespace(duckdb=warehouse.cursor, release=SimpleNamespace(id=RELEASE))
    monkeypatch.setattr(nightly, "open_release", lambda *_: opened)
    for number, one in enumerate(spoilt):
        given = [one, cards[COURIER]]
        monkeypatch.setattr(nightly, "_cards", lambda *_, given=given: iter(given))
        out = tmp_path / str(number)
        told = nightly.look(opened, list(nightly.write_cards(Settings(home=tmp_path), None, (), out)))
        assert [path.name for path in out.iterdir()] == [COURIER], number
        assert told.indiscreet == (ALDER,) and ALDER not in told.without
        assert ALDER in told.problems[-1] and "withheld" in told.problems[-1]
