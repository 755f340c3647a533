"""The files of a card: nobody else's names and numbers in any byte, the same bytes every time, one page to read, whole in themselves."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace

import duckdb
import pytest

from cgt_etl.handoffs.cards import figures
from cgt_etl.handoffs.cards.card import Card
from cgt_etl.reports.write import files
from tests.attack.families import canaries
from tests.handoffs import card_world
from tests.handoffs.card_world import COLLECTORS, COURIER, HOSPITALS, MANUFACTURER
from tests.reports.drawn import pdf_text

CHOSEN = (COLLECTORS[1], COURIER, MANUFACTURER, HOSPITALS[0])


@pytest.fixture(scope="module")
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    with card_world.build(journeys=30, slow=COLLECTORS[1]) as connection:
        yield connection


@pytest.fixture(scope="module")
def cards(warehouse: duckdb.DuckDBPyConnection) -> dict[str, Card]:
    net = figures.network(warehouse, "0007-0123456789abcdef")
    return {partner: figures.card(net, partner) for partner in CHOSEN}


@pytest.fixture(scope="module")
def made(cards: dict[str, Card]) -> dict[str, dict[str, bytes]]:
    return {partner: files(card) for partner, card in cards.items()}


def test_no_byte_tells_of_another_partner(made: dict[str, dict[str, bytes]], warehouse: duckdb.DuckDBPyConnection) -> None:
    assert list(canaries.cards(warehouse, made)) == []


def test_another_partners_card_would_be_seen(made: dict[str, dict[str, bytes]], warehouse: duckdb.DuckDBPyConnection) -> None:
    assert list(canaries.cards(warehouse, {COURIER: made[MANUFACTURER]}))


def test_the_same_card_gives_the_same_bytes(cards: dict[str, Card], made: dict[str, dict[str, bytes]]) -> None:
    assert files(cards[COURIER]) == made[COURIER]


def test_a_page_is_whole_in_itself_and_its_links_lead_somewhere(cards: dict[str, Card], made: dict[str, dict[str, bytes]]) -> None:
    for partner, card in cards.items():
        page = made[partner]["card.html"].decode()
        assert not re.search(r"(?:src|href)\s*=\s*[\"'](?!#)|@import|url\(|<script", page)
        ids = set(re.findall(r'\sid="([^"]+)"', page))
        leads = set(re.findall(r'href="#([^"]+)"', page))
        assert leads <= ids
        for one in card.statements:
            assert f"of-{one.id}" in ids and f"query-{one.query}" in ids


def test_statements_stand_alike_in_page_pdf_csv_and_json(cards: dict[str, Card], made: dict[str, dict[str, bytes]]) -> None:
    for partner, card in cards.items():
        own = made[partner]
        said = json.loads(own["card.json"])
        rows = list(csv.DictReader(io.StringIO(own["card.csv"].decode())))
        assert [row["id"] for row in rows] == [one["id"] for one in said["statements"]] == [one.id for one in card.statements]
        assert {row["release"] for row in rows} == {card.release}
        drawn = pdf_text(own["card.pdf"])
        page = own["card.html"].decode()
        for one in card.statements:
            assert one.id in drawn and one.id in page


def test_a_full_card_is_read_on_one_page(cards: dict[str, Card], made: dict[str, dict[str, bytes]]) -> None:
    crowded = cards[COURIER]
    crowded = replace(crowded, kinds=crowded.kinds * 6, feeds=crowded.feeds * 12, looks=crowded.looks * 3)
    content = files(crowded)["card.pdf"]
    first = pdf_text(content).index("Behind each statement")
    pages = len(re.findall(rb"/Type /Page\b", content))
    assert pages == len(re.findall(rb"/Type /Page\b", made[COURIER]["card.pdf"]))
    assert "Promised and delivered" in pdf_text(content)[:first]


def test_a_name_is_text_and_nothing_else(cards: dict[str, Card]) -> None:
    made = files(replace(cards[COURIER], partner_name="<b>Łódź & Co</b> µ"))
    assert "&lt;b&gt;Łódź &amp; Co&lt;/b&gt; µ" in made["card.html"].decode()
    assert "<b>?ódz & Co</b>" in pdf_text(made["card.pdf"]).replace("\\363", "ó")
    assert json.loads(made["card.json"])["partner_name"] == "<b>Łódź & Co</b> µ"


def test_a_partner_that_only_delivers_has_a_card_too(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("begin")
    try:
        warehouse.execute("insert into party values ('quince_registry', 'Quince Registry', 'Quince', 'registry')")
        warehouse.execute("insert into delivery values ('quince_registry/r/1', 'quince_registry', 'r', '1', 'landed', 3, 3, 0)")
        net = figures.network(warehouse, "0007-0123456789abcdef")
        assert "quince_registry" in figures.partners(net)
        made = files(figures.card(net, "quince_registry"))
    finally:
        warehouse.execute("rollback")
    assert b"no handoff on record" in made["card.html"]
