"""A person is forgotten by all of their numbers: a past night is built again as it was released but for them, and no byte holds them.

Whose rows they are is told by the past release itself: what leads to the person's subject, journeys, and things of theirs alone.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.tokens import Keys, release_token, token
from cgt_etl.extract.without.naming import naming
from cgt_etl.landing import deliveries, suppression
from cgt_etl.landing.resolve import Resolved, by_token
from cgt_etl.landing.vault import Vault
from cgt_etl.settings import Settings
from tests.e2e.conftest import Few, Home
from tests.e2e.test_canaries import haystacks

pytestmark = pytest.mark.slow

KEYS = Keys(bytes(range(32)))
SHARED = ("party_id", "site_id", "delivery_id")
"""Ends of names of columns that say where something was, and lead to everybody who was there."""
COUNTS = {"clock_skew", "delivery"}
"""Tables with a row per pair of places, or per file, and counts in it."""
Rows = dict[str, Counter[str]]


@dataclass(frozen=True)
class Forgotten:
    """The released first night and the same built again after one person was erased."""

    home: Home
    before: dict[str, pl.DataFrame]
    after: dict[str, pl.DataFrame]
    subject: str
    numbers: list[Resolved]
    statements: list[dict[str, Any]]
    """Of the raw files that were written anew."""


def tables_of(root: Path) -> dict[str, pl.DataFrame]:
    return {
        folder.name: pl.concat([pl.read_parquet(file) for file in sorted(folder.glob("*.parquet"))]) for folder in sorted(root.iterdir())
    }


def numbers_of(home: Home, subject: str, identifiers: pl.DataFrame) -> list[Resolved]:
    """Every identifier of the subject as delivered, in one way of writing."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in home.environment.items():
            patched.setenv(name, value)
        settings = Settings.from_environment()
        registry = Registry.load(settings)
        released = set(identifiers.filter(pl.col("subject_id") == subject)["identifier_id"])
        landed = [one.folder / "links.parquet" for one in deliveries(settings) if one.status == "landed"]
        linkage = pl.concat([pl.read_parquet(path, columns=["linkage_token"]) for path in landed])["linkage_token"].unique()
        theirs = [one for one in linkage if release_token(KEYS.release, one) in released]
        return [found for one in theirs for found in by_token(settings, registry, one)[:1]]


@pytest.fixture(scope="module")
def forgotten(few: Few, tmp_path_factory: pytest.TempPathFactory) -> Forgotten:
    folder = tmp_path_factory.mktemp("forgotten")
    shutil.copytree(few.home.inbox / "0001", folder / "inbox" / "0001")
    home = few.copy(folder / "home", nights="home-1", inbox=folder / "inbox")
    before = tables_of(home.release / "tables")
    persons = before["subject_identifier"].group_by("subject_id").agg(pl.col("identifier_kind").n_unique().alias("kinds"))
    treated = before["journey"].filter(pl.col("infusion_count") > 0)["subject_id"]
    subject = persons.filter(pl.col("subject_id").is_in(treated.implode())).sort("kinds", "subject_id")["subject_id"][-1]
    numbers = numbers_of(home, subject, before["subject_identifier"])
    for one in numbers:
        issuer = ["--issuer", one.issuer] if one.issuer else []
        home.cli("suppress", "--kind", one.kind, *issuer, stdin=f"{one.text}\n")
    home.cli("reland")
    home.run()
    assert "left as it is" not in home.cli("erase", "--who", "data protection", "--why", "request 17").stdout
    home.cli("release", "build", "--as-of", "1", "--out", str(folder / "again"))
    statements = [json.loads(path.read_text())["rewritten"] for path in sorted((home.path / "vault").rglob("rewritten.json"))]
    return Forgotten(home, before, tables_of(folder / "again" / "tables"), subject, numbers, statements)


def rows_of(tables: dict[str, pl.DataFrame]) -> Rows:
    return {name: Counter(json.dumps(row, default=str, sort_keys=True) for row in table.rows(named=True)) for name, table in tables.items()}


def theirs(tables: dict[str, pl.DataFrame], subject: str) -> set[str]:
    """Ids of the person and of everything that leads to them and to no place."""
    found, was = {subject}, 0
    while len(found) > was:
        was = len(found)
        for name, table in tables.items():
            columns = [of for of in table.columns if (of.endswith(("_id", "_key"))) and not of.endswith(SHARED)]
            if name not in COUNTS and columns:
                ids = table.select(pl.col(columns).cast(pl.String))
                found |= {one for row in ids.filter(pl.any_horizontal(pl.all().is_in(sorted(found)))).rows() for one in row if one}
    return found


def is_theirs(row: dict[str, Any], ids: set[str], erased: set[tuple[str, int]]) -> bool:
    """A row that names one of the ids, alone or as a part of a key, or is told of a record that was erased."""
    named = {part for value in row.values() if isinstance(value, str) for part in value.split("|")}
    return bool(ids & named) or (row.get("source_delivery"), row.get("source_row")) in erased


def test_a_past_night_built_again_differs_by_the_person_alone(forgotten: Forgotten) -> None:
    before, after = rows_of(forgotten.before), rows_of(forgotten.after)
    assert before.keys() == after.keys()
    ids = theirs(forgotten.before, forgotten.subject)
    assert not ids & set(forgotten.before["subject"]["subject_id"]) - {forgotten.subject}, "and nobody else is among them"
    erased = {(one["delivery"], position) for one in forgotten.statements for position in one["positions"]}
    gone, made = ({name: list((of[name] - other[name]).elements()) for name in before} for of, other in ((before, after), (after, before)))
    changed = [(name, json.loads(row)) for rows in (gone, made) for name, listed in rows.items() for row in listed]
    assert [(name, row) for name, row in changed if name not in COUNTS and not is_theirs(row, ids, erased)] == []
    files = {row["delivery_id"]: row for row in map(json.loads, gone["delivery"])}
    assert files.keys() == {one["delivery"] for one in forgotten.statements}
    for row in map(json.loads, made["delivery"]):
        was = files[row["delivery_id"]]
        assert {name for name in row if row[name] != was[name]} <= {f"{what}_unit_count" for what in ("accepted", "set_aside", "erased")}
        assert sum(row[f"{what}_unit_count"] for what in ("accepted", "set_aside", "erased")) == was["unit_count"]
    assert forgotten.after["subject"].filter(pl.col("subject_id") == forgotten.subject).is_empty()
    assert sum(map(len, gone.values())) > 100
    assert sum(1 for name in before if not gone[name] and not made[name]) >= 8


def test_no_byte_of_the_home_holds_them_with_or_without_the_key(forgotten: Forgotten) -> None:
    """Their numbers, and what stood for these: in files as they lie, in what these hold, and in the opened vault."""
    vault = Vault(forgotten.home.path / "vault", KEYS.vault)
    names = [path.relative_to(vault.folder).as_posix() for path in sorted(vault.folder.rglob("*.enc"))]
    opened = [(name, b"".join(vault.open(name))) for name in names if name != suppression.NAME]
    linkage = [token(KEYS.linkage, one.kind, one.issuer, one.text) for one in forgotten.numbers]
    tokens = [*linkage, *(release_token(KEYS.release, one) for one in linkage), forgotten.subject]
    assert len(forgotten.numbers) >= 4
    is_named = naming([*tokens, *(one.text for one in forgotten.numbers)])
    searched = [*haystacks(forgotten.home.path), *opened]
    assert len(searched) > 300
    assert [name for name, data in searched if is_named(data.decode("latin-1"))] == []
    done = forgotten.home.cli("doctor")
    assert "Nothing is wrong" in done.stdout
