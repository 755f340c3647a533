"""What a night says of its cards: whose is missing, whose tells of another."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import pytest

from cgt_etl.handoffs.cards import figures
from cgt_etl.reports.nightly import Told, look
from cgt_etl.reports.write import write
from tests.handoffs import card_world
from tests.handoffs.card_world import COLLECTORS, COURIER, HOSPITALS, MANUFACTURER

RELEASE = "0007-0123456789abcdef"
ALDER = COLLECTORS[0]


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with card_world.build(collectors=1, journeys=6) as connection:
        yield connection


@pytest.fixture(scope="module")
def folders(warehouse: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    net = figures.network(warehouse, RELEASE)
    into = tmp_path_factory.mktemp("cards")
    return [write(figures.card(net, partner), into) for partner in figures.partners(net)]


def _look(warehouse: duckdb.DuckDBPyConnection, folders: list[Path], release: str = RELEASE) -> Told:
    opened: Any = SimpleNamespace(duckdb=warehouse.cursor, release=SimpleNamespace(id=release))
    return look(opened, folders)


def test_all_are_there_and_none_tells_of_another(warehouse: duckdb.DuckDBPyConnection, folders: list[Path]) -> None:
    told = _look(warehouse, folders)
    assert told.cards == tuple(sorted((ALDER, COURIER, MANUFACTURER, *HOSPITALS)))
    assert told.statements > 20
    assert told.problems == []


def test_who_takes_part_and_has_no_card_of_this_release_is_named(warehouse: duckdb.DuckDBPyConnection, folders: list[Path]) -> None:
    assert _look(warehouse, [one for one in folders if one.name != COURIER]).without == (COURIER,)
    assert _look(warehouse, [one for one in folders if one.name != HOSPITALS[0]]).without == ()  # it gives and receives nothing here
    assert _look(warehouse, folders, "0008-fedcba9876543210").without == (ALDER, COURIER, MANUFACTURER)


@pytest.mark.parametrize("planted", [MANUFACTURER, "Larch Therapies", f"{MANUFACTURER}.main", "5f" * 16])
def test_a_name_or_key_on_anothers_card_is_seen(
    warehouse: duckdb.DuckDBPyConnection, folders: list[Path], tmp_path: Path, planted: str
) -> None:
    own = next(one for one in folders if one.name == ALDER)
    for name, before, after in (
        ("card.html", "</body>", f"<p>{planted}</p></body>"),
        ("card.csv", "partner,", f"partner {planted},"),
        ("card.json", '"partner_name": "', f'"partner_name": "{planted} '),
    ):
        copy = shutil.copytree(own, tmp_path / name / ALDER)
        text = (copy / name).read_text()
        assert before in text
        (copy / name).write_text(text.replace(before, after, 1))
        told = _look(warehouse, [copy])
        assert told.indiscreet == (ALDER,), name
        assert ALDER in told.problems[-1]
