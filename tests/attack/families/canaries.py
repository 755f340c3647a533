"""Canaries of each tenant, searched in all bytes that another can reach: its sandbox opened, the copy, the page, the trail, answers and
refusals; cards; shared views; what is released to everybody of collective tables and questions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import duckdb
import polars as pl

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.tokens import Keys
from cgt_etl.egress.questions.answer import answer, exact
from cgt_etl.egress.questions.ledger import Entry, Ledger
from cgt_etl.handoffs.cards import figures
from cgt_etl.reports.sandbox_page import write_page
from cgt_etl.reports.write import files
from cgt_etl.sandbox import engine, home, store
from cgt_etl.sandbox.view import Agreement
from cgt_etl.settings import Settings
from tests.attack.history import Figure, Found
from tests.egress import world as release_world
from tests.egress.questions.worlds import CONTRAST, KEY, played
from tests.handoffs import card_world
from tests.reports.drawn import text as text_of
from tests.sandbox import world

AT = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
ASKED = ("from own.measurement", "select value::date from own.measurement", "select * from nothing", "select 1/'a'")
"""Questions of which some are refused: what a refusal says is reached, too."""
PLANTED = re.compile(r"CANARY|harbor|20(?:24|25|26)-\d\d|datetime", re.IGNORECASE)
"""In a shared view: texts that were planted, the partner that delivered, a date."""


def foreign(where: str, what: str) -> Found:
    return Found(Figure.FOREIGN, f"{what} is in {where}")


def reached(made: Settings, registry: Registry, tenant: str, folder: Path) -> dict[str, str]:
    """All that a tenant can reach of a home in which its sandbox was built, as text, by what it is. Copy and page go into `folder`."""
    of, told = home.box(made, registry, tenant), []
    agreement = Agreement("A-1", "somebody", ("own.measurement",), "network")
    exported = home.export(of, folder / tenant, "ann", AT)
    page = write_page(made, tenant, folder / "pages", who="ann", at=AT, agreements=[agreement])
    with home.questions(of) as session:
        for question in ASKED:
            try:
                told.append(repr(home.ask(of, session, question, "ann", AT)))
                told.append(session.ask(question).text("json"))
            except engine.RefusedQuestion as refused:
                told.append(str(refused))
    return {
        "store": world.texts(of.file, of.key),
        "bundle": world.texts(exported.folder / store.FILE, bytes.fromhex(exported.key)),
        "files": "".join(path.read_bytes().decode("latin-1") for path in exported.folder.iterdir()),
        "page": page.read_text(),
        "trail": (of.folder / "trail.jsonl").read_text(),
        "answers": "".join(told),
    }


def sandbox(made: Settings, registry: Registry, tenant: str, of: Mapping[str, str]) -> Iterator[Found]:
    """Canaries, tokens and the token key of the other tenant, and tokens of landing, the tenant's own among them."""
    (other,) = (one for one in world.TENANTS if one != tenant)
    said = world.canaries(other)
    signs = {str(said["number"]), str(said["text"]), str(said["day"]), repr(said["day"]), other}
    signs.add(Keys(world.MASTER).partner(registry.partners[other].token_key).hex())
    for path in made.landing.glob("*/*/*/*/accepted/*.parquet"):
        signs |= set(pl.read_parquet(path, columns=["donor_no", "record_key"]).unpivot()["value"])
    yield from _found(of, signs)


def sandboxes(made: Settings, folder: Path) -> Iterator[Found]:
    """What each tenant of a home can reach; its sandboxes are built, copies and pages go into `folder`."""
    registry = Registry.load(made)
    for tenant in world.TENANTS:
        home.build(made, registry, tenant, who="ann", at=AT)
    for tenant in world.TENANTS:
        yield from sandbox(made, registry, tenant, reached(made, registry, tenant, folder))


def opened(made: Settings, tenant: str) -> Iterator[Found]:
    """The store of one tenant alone."""
    registry = Registry.load(made)
    home.build(made, registry, tenant, who="ann", at=AT)
    of = home.box(made, registry, tenant)
    yield from sandbox(made, registry, tenant, {"store": world.texts(of.file, of.key)})


def cards(warehouse: duckdb.DuckDBPyConnection, made: Mapping[str, Mapping[str, bytes]]) -> Iterator[Found]:
    """Words of other partners, and ids and tokens of anything, in the files of cards (partner -> name -> bytes)."""
    words = {partner: partner.split("_")[0] for partner in card_world.PARTIES}  # in all its ids, names, files and tokens
    tokens = {
        str(value).lower()
        for table, columns in card_world.TABLES.items()
        for column in (one.split()[0] for one in columns.split(", "))
        if column.endswith("_id") and column not in ("party_id", "delivery_id", "rule_id", "site_id")
        for (value,) in warehouse.execute(f"select distinct {column} from {table} where {column} is not null").fetchall()
    }
    for partner, own in made.items():
        for name, content in own.items():
            text = text_of(name, content).lower()
            others = [word for of, word in words.items() if of != partner and re.search(rf"(?<![a-z]){word}", text)]
            told = (tokens - set(words)) & set(re.findall(r"[a-z0-9_.]+", text))
            for what in (*others, *sorted(told)):
                yield foreign(f"{partner}'s {name}", what)
            if words[partner] not in text:
                yield foreign(f"{partner}'s {name}", "nothing of its own: the search would find nothing")


def every_card() -> Iterator[Found]:
    """The cards of a collector, a courier, a manufacturer and a hospital of a small network."""
    with card_world.build(journeys=30) as warehouse:
        net = figures.network(warehouse, "0007-0123456789abcdef")
        partners = (card_world.COLLECTORS[1], card_world.COURIER, card_world.MANUFACTURER, card_world.HOSPITALS[0])
        yield from cards(warehouse, {partner: files(figures.card(net, partner)) for partner in partners})


def shares(folder: Path) -> Iterator[Found]:
    """Of a shared view over rows in which everything that is not to be shared was planted."""
    release = release_world.release(folder / "release", release_world.planted())
    told = release_world.written(release_world.made(release, folder / "shared").folder)
    yield from (foreign("a shared view", what) for what in sorted(set(PLANTED.findall(told))))


def collective(made: Settings, rows: pl.DataFrame, questions: Path) -> Iterator[Found]:
    """Contributors, subjects and who asked, in what everybody gets of the tables that `made` cut from `rows`, and of an answer."""
    of, asked = played(0), f"{world.TENANTS[0]} asks"
    told = answer(exact(of, CONTRAST), "2026Q1", KEY)
    entry = Entry(str(CONTRAST), "batch", "2026Q1", "1", Fraction(1, 125), told, asked, "0001-" + "a" * 16)
    Ledger(questions, KEY).append(entry)
    signs = {asked, entry.release_id, *_names(rows), *_names(of)}
    for place in (made.collective, questions):
        yield from _found({path.name: path.read_text() for path in (place / "released").iterdir()}, signs)
        if not any(sign in path.read_text() for path in (place / "hub").iterdir() for sign in signs):
            yield foreign(place.name, "nothing at the hub: the search would find nothing")


def _names(rows: pl.DataFrame) -> set[str]:
    return {*rows["contributor"], *rows["subject"]}


def _found(texts: Mapping[str, str], signs: Iterable[str]) -> Iterator[Found]:
    yield from (foreign(where, sign) for where, text in texts.items() for sign in sorted(signs) if sign in text)
