"""Sandboxes of a whole network: what one tenant alone delivered is in no other's, and own rows do not depend on what others deliver."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from cgt_etl.door.tokens import Keys
from cgt_etl.sandbox import store
from tests.attack.families.tools import WORD, words_of_rows
from tests.e2e.conftest import FEW_PARTNERS, Few, Home

pytestmark = pytest.mark.slow


def signs(home: Path, tenants: list[str]) -> dict[str, set[str]]:
    """Of each tenant the words of its accepted rows and links that no other tenant has in its own."""
    found = {tenant: words_of_rows(home, tenant) for tenant in tenants}
    return {one: words.difference(*(theirs for other, theirs in found.items() if other != one)) for one, words in found.items()}


def told(file: Path, key: bytes) -> set[str]:
    """The words of every value and comment of a sandbox that can say anything of anybody's rows."""
    with store.reading(file, key) as connection:
        named = connection.execute("select schema_name, table_name from duckdb_tables() where database_name = 'sandbox'").fetchall()
        rows = [connection.execute(f'from "{schema}"."{name}"').pl() for schema, name in named]
    return {
        word for frame in rows for column in frame.columns for word in WORD.findall(" ".join(map(str, frame[column].unique().to_list())))
    }


def foreign(home: Path, keys: Keys, tenants: list[str]) -> list[tuple[str, str, int]]:
    """(whose sandbox, whose signs, how many are in it), where any is: what is said of a tenant never names a value."""
    own, found = signs(home, tenants), []
    assert all(len(words) > 5 for words in own.values()), "there is something to find of each"
    for tenant in tenants:
        words = told(home / "sandboxes" / tenant / store.FILE, keys.sandbox(tenant, "store"))
        found += [(tenant, other, len(words & own[other])) for other in tenants if other != tenant and words & own[other]]
    return found


def contents(home: Home, tenant: str) -> list[dict[str, str]]:
    question = "from about.contents where schema_name in ('own', 'delivered') order by all"
    answer = home.cli("sandbox", "query", tenant, question, "--format", "json", "--who", "ann").stdout
    return json.loads(answer)  # type: ignore[no-any-return]


def test_nothing_of_one_tenant_is_in_anothers_sandbox(few: Few, tmp_path: Path) -> None:
    home = few.copy(tmp_path / "home")
    for tenant in FEW_PARTNERS:
        home.cli("sandbox", "build", tenant, "--who", "ann")
    assert foreign(home.path, Keys(bytes(range(32))), list(FEW_PARTNERS)) == []


def test_ones_own_rows_are_the_same_where_nobody_else_delivers(few: Few, tmp_path: Path) -> None:
    inbox, tenant = tmp_path / "inbox", "lakeside_hospital"
    for delivered in sorted(few.home.inbox.glob(f"*/{tenant}")):
        shutil.copytree(delivered, inbox / delivered.parent.name / tenant)
    alone, together = few.at(tmp_path / "alone", inbox), few.copy(tmp_path / "together")
    alone.run()
    for home in (alone, together):
        home.cli("sandbox", "build", tenant, "--who", "ann")
    assert contents(alone, tenant) == contents(together, tenant)
    assert len(contents(alone, tenant)) > 10


def test_who_withdrew_is_gone_from_a_sandbox_with_the_next_night(few: Few, tmp_path: Path) -> None:
    home, tenant = few.copy(tmp_path / "home"), "northgate_blood_centre"
    home.cli("sandbox", "build", tenant, "--who", "ann")
    given = next(few.home.inbox.glob(f"*/{tenant}/apheresis/*.csv")).read_text(encoding="utf-8")
    donor = next(csv.DictReader(io.StringIO(given)))["DNR_NO"]
    home.cli("suppress", "--kind", "donor_id", "--issuer", tenant, stdin=f"{donor}\n")
    home.cli("reland")
    before = {one["table_name"]: int(one["rows"]) for one in contents(home, tenant)}
    home.run()
    after = {one["table_name"]: int(one["rows"]) for one in contents(home, tenant)}
    assert after["apheresis__apheresis"] < before["apheresis__apheresis"]
    assert after["collection"] < before["collection"]
    assert after["subject_identifier"] < before["subject_identifier"]
    assert "Sandboxes:  1, none older" in home.cli("status").stdout
