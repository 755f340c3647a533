"""Declarations are read strictly, an error names the place, and those of the repository hold together."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.egress import policy
from cgt_etl.egress.rights import agreements, columns, duo
from cgt_etl.egress.rights.agreements import Network
from cgt_etl.errors import DeclarationError
from cgt_etl.release import marts
from cgt_etl.settings import Settings
from tests.egress.rights import world

ONE = """
agreements:
  - agreement: one
    to: {partner: cedar}
    purposes: [HMB]
    consent: research
    tables: [batch]
    tier: network
    columns: {batch.lot_id: aggregate_only}
    populations: [auto_cart]
    signed: 2026-01-01
    expires: 2026-12-31
    in_return: [thanks]
refusals:
  - {refusal: two, to: everybody, what: [outcome, batch.recipe], why: because}
"""


def _read(folder: Path, text: str) -> Network:
    path = folder / "ash" / agreements.NAME
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    found = Network(world.ROLES, world.COLUMNS, world.CONSENTS, {"ash": agreements.read(path)})
    agreements.check(found)
    return found


def test_a_declaration_says_what_it_says(tmp_path: Path) -> None:
    ((contributor, one),) = _read(tmp_path, ONE).each()
    assert (contributor, one.purposes, one.begins, one.expires) == ("ash", ("DUO:0000006",), date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tier: network", "tier: private", "agreement one.tier"),
        ("tier: network", "teir: network", "agreement one.teir`: unknown key"),
        ("tier: network", "tier: network\n    tier: network", "given twice"),
        ("    in_return: [thanks]\n", "", "agreement one.in_return"),
        ("    expires: 2026-12-31\n", "", "agreement one.expires"),
        ("expires: 2026-12-31", "expires: 20261231", "agreement one.expires"),
        ("expires: 2026-12-31", "expires: 2025-12-31", "`expires` lies before"),
        ("expires: 2026-12-31", "expires: 2026-13-31", "not YAML"),
        ("expires: 2026-12-31", "expires: 2026-12-31\n    embargo_until: 2027-01-01", "`expires` lies before"),
        ("expires: 2026-12-31", "expires: 2026-12-31\n    first_day: 2026-02-01\n    last_day: 2026-01-31", "`last_day` lies before"),
        ("partner: cedar", "partner: elm", "agreement one.to`: no healthy partner"),
        ("partner: cedar", "partner: ash", "own rows need no agreement"),
        ("{partner: cedar}", "{role: wizard}", "agreement one.to"),
        ("[HMB]", "[DS]", "agreement one.purposes"),
        ("[HMB]", "[NPU]", "no purpose that can be asked for"),
        ("[HMB]", "[]", "agreement one.purposes"),
        ("consent: research", "consent: any", "agreement one.consent"),
        ("tables: [batch]", "tables: [batches]", "agreement one.tables`: no release has `batches`"),
        ("tables: [batch]", "tables: all", "agreement one.tables"),
        ("batch.lot_id: aggregate", "batch.lot: aggregate", "agreement one.columns`: no release has `batch.lot`"),
        ("batch.lot_id: aggregate", "outcome.grade: aggregate", "no `table.column` of its `tables`"),
        ("batch.lot_id: aggregate_only", "batch.lot_id: network", "is aggregate_only at most"),
        ("[auto_cart]", "[cart]", "agreement one.populations"),
        ("[auto_cart]", "[]", "agreement one.populations"),
        ("refusal: two", "refusal: one", "`one`: this name is given twice"),
        ("batch.recipe]", "batch.receipt]", "refusal two.what`: no release has `batch.receipt`"),
        ("refusals:", "refusal:", "`refusal`: unknown key"),
        ("  - {refusal: two, ", "  {refusal: two, ", "refusals`: this is not a list"),
    ],
)
def test_what_is_wrong_is_named_with_file_agreement_and_field(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in ONE
    with pytest.raises(DeclarationError, match=re.escape(said)) as error:
        _read(tmp_path, ONE.replace(old, new))
    assert "ash/agreements.yaml" in str(error.value)
    assert error.value.remedy


@pytest.fixture(scope="module")
def network() -> Network:
    """That of the repository."""
    settings = Settings(home=Path("/nowhere"))
    sharing = policy.load()
    return agreements.load(settings, Registry.load(settings), columns.catalogue(marts.load(), sharing), sharing.purposes)


def test_the_agreements_of_the_repository_hold_together(network: Network) -> None:
    assert len(network.declared) == len(network.roles) - 1  # one partner agreed to nothing
    assert {one.to == "everybody" for _, one in network.each()} == {True, False}
    assert all(one.in_return for _, one in network.each())


def test_know_how_is_private_and_nothing_is_on_offer_that_no_shared_view_holds(network: Network) -> None:
    for table in ("process_series", "material_lot"):
        assert {one.tier for one in network.columns[table].values()} == {"private"}, table
    assert {network.columns["batch"][name].tier for name in ("culture_days", "process_version")} == {"private"}
    assert network.columns["subject"]["birth_year"].tier == "private"
    assert network.columns["subject"]["birth_year"].highest == "aggregate_only"
    assert network.columns["outcome"]["grade"].tier == "network"
    for table, named in network.columns.items():
        for name, column in named.items():
            assert column.tier != "network" or column.is_in_shared_views, f"{table}.{name}"


def test_a_released_column_that_the_sharing_policy_does_not_name_is_private() -> None:
    sharing = policy.load()
    unnamed = sharing.model_copy(update={"tables": {name: table for name, table in sharing.tables.items() if name != "outcome"}})
    assert {one.tier for one in columns.catalogue(marts.load(), unnamed)["outcome"].values()} == {"private"}


def test_every_condition_that_the_sharing_policy_knows_can_be_asked_for() -> None:
    asked = {term for purpose in policy.load().purposes.values() for term in purpose.restrictions}
    assert asked == {*duo.vocabulary().conditions, "DUO:0000043"}


def test_purposes_and_diseases_are_within_known_ones() -> None:
    known = duo.covers()
    assert all(set(wider) <= set(known) for wider in known.values())
    for text in known:
        if text != duo.DISEASE_SPECIFIC:
            assert duo.purpose(text) == text
