"""A recall drill on the network: every donation, bag, lot, batch and vector's lot of the truth is typed as a label has it.

What comes back is what the surviving records of the truth join, both ways.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.identifiers import mod_37_2
from cgt_etl.door.tokens import Keys, release_token, token
from cgt_etl.genealogy.recall import Recall, recall
from cgt_etl.release.read import find
from cgt_etl.settings import Settings
from tests.e2e.conftest import KEY, Home

pytestmark = pytest.mark.slow

Thing = tuple[str, str]
"""Kind and number, as the truth has them: din, batch, lot, material_lot."""
MAKER = "orchard_cell_therapies"
INFUSED = ("medication_administration",)
COLLECTED = ("apheresis", "procedure", "unit")
"""Feeds that state infusions and collections."""


@dataclass(frozen=True)
class Truth:
    """What happened, and which of it a record that landed still says."""

    folder: Path

    def rows(self, name: str) -> list[dict[str, Any]]:
        path = self.folder / f"{name}.jsonl"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    @cached_property
    def records(self) -> list[tuple[str, set[Thing]]]:
        """Feed and things of each record that landed and says something."""
        without = {(row["file"], row["position"]) for row in self.rows("defects") if row["defect"] == "starting_material_left_out"}
        told = [
            {**row, "objects": [one for one in row["objects"] if one[0] != "din" or (row["file"], row["position"]) not in without]}
            for row in self.rows("records")
            if row["lands"] and not row["is_retraction"]
        ]
        return [(row["file"].split("/")[2], {(kind, value) for kind, _, value in row["objects"]}) for row in told]

    def joined(self, one: Thing, other: Thing) -> bool:
        return any({one, other} <= things for _, things in self.records)

    @cached_property
    def steps(self) -> set[tuple[Thing, Thing]]:
        """Donation to pool, donation or material's lot to batch, batch to lot, where a record joins them."""
        happened: set[tuple[Thing, Thing]] = set()
        for batch in self.rows("batches"):
            made = ("batch", batch["number"])
            happened |= {(("din", bag["din"]), made) for bag in batch["inputs"]}
            happened |= {(("material_lot", one["lot"]), made) for one in batch["materials"]}
            happened |= {(made, ("lot", unit["lot"])) for unit in batch["dose_units"]}
        for bag in self.rows("bags"):  # a pool has a donation number of its own
            happened |= {(("din", parent.split(":")[0]), ("din", bag["din"])) for parent in bag["made_from"]}
        return {(one, other) for one, other in happened if one != other and self.joined(one, other)}

    @cached_property
    def unstated(self) -> set[Thing]:
        """Donations that others name, but whose collection no record states."""
        stated = {thing for feed, things in self.records if feed in COLLECTED for thing in things}
        return {("din", din) for din in self.things("din")} - stated

    @cached_property
    def made_again(self) -> set[tuple[Thing, Thing]]:
        return {(("batch", one["replaces"]), ("batch", one["number"])) for one in self.rows("batches") if one["replaces"]}

    def infused(self, lots: Iterable[Thing]) -> set[tuple[str, str]]:
        """Day and hospital of each infusion of these lots that a hospital's record still says."""
        said = {
            (row["journey"], value)
            for row in self.rows("records")
            if row["lands"] and not row["is_retraction"] and row["file"].split("/")[2] in INFUSED
            for kind, _, value in row["objects"]
            if kind == "lot"
        }
        hospital = {row["number"]: row["hospital"] for row in self.rows("journeys")}
        return {
            (one["started"][:10], hospital[one["journey"]])
            for one in self.rows("administrations")
            if any((one["journey"], lot) in said and ("lot", lot) in set(lots) for lot in one["lots"])
        }

    def things(self, kind: str) -> list[str]:
        """Numbers of a kind that some record still says."""
        return sorted({value for _, things in self.records for of, value in things if of == kind})


def reach(start: Thing, steps: set[tuple[Thing, Thing]]) -> set[Thing]:
    found = {start}
    while more := {child for parent, child in steps if parent in found} - found:
        found |= more
    return found - {start}


@dataclass(frozen=True)
class Drill:
    settings: Settings
    truth: Truth

    @cached_property
    def registry(self) -> Registry:
        return Registry.load(self.settings)

    @cached_property
    def names(self) -> dict[tuple[str, str], Thing]:
        """(released table, token in it) -> the thing of the truth."""
        keys = Keys(self.settings.master_key)
        tables = [("din", "collection"), ("din", "product"), ("batch", "batch"), ("lot", "dose_unit"), ("material_lot", "material_lot")]
        found = {}
        for kind, table in tables:
            for value in self.truth.things(kind):
                for issuer in [""] if kind == "din" else [MAKER, "rowan_cell_works", "hawthorn_cell_sciences"]:
                    found[table, release_token(keys.release, token(keys.linkage, kind, issuer, value))] = (kind, value)
        return found

    def ask(self, typed: str) -> Recall:
        return recall(self.settings, find(self.settings, None), self.registry, typed)

    def told(self, answer: Recall, *relations: str) -> set[Thing]:
        """Things of the truth among these relations; donations, by collection or bag, and lots are known by their own tokens."""
        import duckdb

        release = find(self.settings, None)
        tokens: dict[tuple[str, str], str] = {}
        with duckdb.connect() as connection:
            for table, column in (("collection", "din_id"), ("product", "din_id"), ("dose_unit", "lot_id")):
                rows = connection.execute(f"select {table}_id, {column} from read_parquet(?)", [[str(p) for p in release.parquet(table)]])
                tokens |= {(table, key): value for key, value in rows.fetchall()}
        found = set()
        for node, reached in answer.lineage.reached.items():
            if reached.relation in relations:
                found.add(self.names.get((node.table, tokens.get(node, node.key))))
        return {thing for thing in found if thing}


@pytest.fixture
def drill(network: Home, inbox: Path, monkeypatch: pytest.MonkeyPatch) -> Drill:
    monkeypatch.setenv("CGT_MASTER_KEY", KEY)
    return Drill(Settings(network.path), Truth(inbox.parent / "truth"))


def printed(din: str) -> str:
    """As it stands on a bag: in groups, with flags and K."""
    return f"{din[:5]} {din[5:7]} {din[7:]} 00 {mod_37_2(din)}"


def check(drill: Drill, answer: Recall, thing: Thing) -> None:
    """Everything that the surviving records join is there, and nothing that did not happen."""
    truth = drill.truth
    back = {(other, one) for one, other in truth.steps}
    down, up = reach(thing, truth.steps), reach(thing, back)
    again = truth.steps | truth.made_again
    if thing in truth.unstated:  # no row bears it: it is followed from what records name beside it, with the other sources of that
        assert answer.named_in or answer.is_found
        assert down <= drill.told(answer, "asked", "downstream") - {thing} <= reach(thing, again)
    else:
        assert answer.is_found
        assert down <= drill.told(answer, "downstream") - {thing} <= reach(thing, again)
        found_up = drill.told(answer, "upstream") - {thing}
        assert up - truth.unstated <= found_up <= reach(thing, {(other, one) for one, other in again})
        batches = {gap.nodes[0].table for gap in answer.not_followed if gap.nodes}
        assert up & truth.unstated <= found_up or "batch" in batches, "a source without a row is told as one that could not be followed"
    lots = {one for one in {thing, *down} if one[0] == "lot"}
    assert truth.infused(lots) <= {
        (str(one.day), one.site.party_id) for node, one in answer.things.items() if node.table == "administration" and one.site
    }


@pytest.mark.parametrize("kind", ["din", "lot", "batch", "material_lot"])
def test_every_number_of_the_truth_leads_to_all_that_its_records_join(kind: str, drill: Drill) -> None:
    numbers = drill.truth.things(kind)
    joined = {one for step in drill.truth.steps for one in step}
    asked = [number for number in numbers if kind != "material_lot" or ("material_lot", number) in joined]
    assert len(asked) >= 4
    for number in asked:
        check(drill, drill.ask(printed(number) if kind == "din" else number.lower()), (kind, number))


def test_a_bag_leads_to_its_donation_and_to_every_batch_that_it_may_be_in(drill: Drill) -> None:
    known = set(drill.truth.things("din"))
    bags = [bag for bag in drill.truth.rows("bags") if bag["din"] in known]
    assert len(bags) >= 6
    for bag in bags:
        answer = drill.ask(f"={bag['din']}00=<{bag['product_code']}")
        donation = ("din", bag["din"])
        around = drill.told(answer, "asked", "downstream", "upstream", "same_source")
        assert reach(donation, drill.truth.steps) <= around
        assert donation in around or answer.named_in


def test_the_command_finds_by_number_and_by_id_says_no_number_and_exits_by_what_it_found(network: Home, drill: Drill) -> None:
    [din, *_] = (step[0][1] for step in sorted(drill.truth.steps) if step[0][0] == "din")
    text = network.cli("recall", "-", stdin=f"{printed(din)}\n").stdout
    assert "found as din" in text
    assert din not in text.replace(" ", "")
    whole = json.loads(network.cli("recall", din, "--json").stdout)
    [batch, *_] = (thing["id"] for thing in whole["things"] if thing["table"] == "batch")
    keyless = network.cli("recall", batch, "--csv", CGT_MASTER_KEY="", CGT_MASTER_KEY_FILE="").stdout
    assert f",batch,{batch}," in keyless
    drawn = network.path.parent / "drawn.svg"
    assert batch in network.cli("genealogy", batch, "--svg", str(drawn)).stdout
    assert "<svg" in drawn.read_text(encoding="utf-8")
    missing = network.cli("recall", "LOT-OF-NOBODY", expect=1)
    assert "no proof" in missing.stdout
    assert "NOBODY" not in missing.stdout + missing.stderr
    wrong = network.cli("recall", f"{din}{'0' if mod_37_2(din) != '0' else '1'}", "--kind", "din", expect=2)
    assert din not in wrong.stdout + wrong.stderr
