"""Journeys against their allowed path: what it allows is no deviation, and each planted one is found with kind and step."""

from __future__ import annotations

import csv
import json
import random
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from cgt_etl.cli import cgt_etl
from cgt_etl.handoffs import conformance
from cgt_etl.settings import PACKAGE, REPOSITORY
from tests.genealogy.released import release

ORACLE = REPOSITORY / ".venv-oracle" / "bin" / "python"
START = datetime(2026, 3, 1, 8, tzinfo=UTC).replace(tzinfo=None)
Rows = dict[str, list[dict[str, Any]]]


class World:
    """Journeys, and what happened in each, hours after the start."""

    def __init__(self) -> None:
        self.rows: Rows = {"journey": [], "journey_event": [], "event": []}

    def journey(self, name: str, modality: str | None, *steps: tuple[str, float, str]) -> World:
        """Steps: kind, hour, and the object (`batch b1`)."""
        self.rows["journey"].append(
            {
                "journey_id": name,
                "modality_code": modality,
                "product_name_code": modality,
                "therapy_order_id": f"order of {name}" if modality in ("auto_cart", "ghsc") else None,
            }
        )
        for step, hour, thing in steps:
            self.step(name, step, hour, thing)
        return self

    def step(self, journey: str, step: str, hour: float, thing: str = "") -> World:
        at = START + timedelta(hours=hour)
        event: dict[str, Any] = {"event_id": f"{journey} {step} {hour} {thing}", "event_type": step}
        event |= {"occurred_at_utc": at, "occurred_date": at.date()}
        if thing:
            kind, key = thing.split(" ")
            event[f"{kind}_id"] = key
        self.rows["event"].append(event)
        self.rows["journey_event"].append({"journey_id": journey, "event_id": event["event_id"]})
        return self

    def without(self, journey: str, step: str) -> World:
        gone = {row["event_id"] for row in self.rows["event"] if row["event_id"].startswith(f"{journey} {step} ")}
        assert gone
        for table in ("event", "journey_event"):
            self.rows[table] = [row for row in self.rows[table] if row["event_id"] not in gone]
        return self

    def moved(self, journey: str, step: str, hours: float) -> World:
        for row in self.rows["event"]:
            if row["event_id"].startswith(f"{journey} {step} "):
                row["occurred_at_utc"] += timedelta(hours=hours)
                row["occurred_date"] = row["occurred_at_utc"].date()
        return self

    def found(self, folder: Path) -> list[tuple[str, str, str, str | None, str]]:
        """Journey, kind, step, against, object."""
        named = conformance.deviations(release(folder, self.rows))
        return [tuple(row) for row in named.select("journey_id", "deviation", "step", "against", "object_id").rows()]  # type: ignore[misc]


def run(name: str, at: float) -> list[tuple[str, float, str]]:
    return [("apheresis_started", at, f"collection {name}"), ("apheresis_completed", at + 4, f"collection {name}")]


def made(name: str, at: float, *, terminated: bool = False) -> list[tuple[str, float, str]]:
    begun = [("selection_completed", at, f"batch {name}"), ("transduction_or_editing", at + 24, f"batch {name}")]
    if terminated:
        return [*begun, ("batch_terminated", at + 100, f"batch {name}")]
    return [*begun, ("harvest_completed", at + 190, f"batch {name}"), ("drug_product_filled", at + 195, f"batch {name}")]


def given(name: str, at: float) -> list[tuple[str, float, str]]:
    return [("infusion_started", at, f"administration {name}"), ("infusion_completed", at + 1, f"administration {name}")]


def sent(name: str, at: float) -> list[tuple[str, float, str]]:
    return [(f"shipment_{what}", at + place, f"shipment {name}") for place, what in enumerate(("packed", "dispatched", "received"))]


def network() -> World:
    """What paths allow: two days, a second attempt, two doses, cycles and a backup, a graft, and journeys that have got only so far."""
    world = World()
    world.journey("plain", "auto_cart", *run("c1", 0), *sent("s1", 5), *made("b1", 30), *sent("s2", 300), *given("a1", 400))
    world.journey(
        "again", "auto_cart", *run("c2", 0), *run("c3", 24), *made("b2", 60, terminated=True), *made("b3", 200), *given("a2", 500)
    )
    world.journey("twice", "auto_cart", *run("c4", 0), *made("b4", 30), *given("a3", 400), *given("a4", 900))
    world.journey("open", "auto_cart", *run("c5", 0), ("selection_completed", 30, "batch b5"))
    world.journey("on the way", "auto_cart", *run("c6", 0), *sent("s3", 6)[:2])
    cycles = [*run("c7", 0), *run("c8", 24), *run("c9", 600), *run("c10", 624)]
    edited = [*made("b6", 700), ("in_process_check", 730, "batch b6"), ("conditioning_started", 1500, "")]
    world.journey("edited", "ghsc", *cycles, *edited, *given("a5", 1700), *given("backup", 2600))
    world.journey("graft", "hsct", ("donor_screened", -300, ""), *run("c11", 0), *sent("s4", 6), *given("a6", 40))
    return world.journey("nobody knows", None, *given("a7", 0), ("harvest_completed", 5, "batch b9"))


PLANTED: dict[str, tuple[Callable[[World], World], tuple[str, str, str, str | None, str]]] = {
    "no collection": (
        lambda world: world.without("plain", "apheresis_started").without("plain", "apheresis_completed"),
        ("plain", "step_missing", "apheresis_completed", "harvest_completed", "plain"),
    ),
    "a fill without harvest": (
        lambda world: world.without("again", "harvest_completed"),
        ("again", "step_missing", "harvest_completed", "drug_product_filled", "b3"),
    ),
    "an infusion that ended and never began": (
        lambda world: world.without("plain", "infusion_started"),
        ("plain", "step_missing", "infusion_started", "infusion_completed", "a1"),
    ),
    "received and never sent": (
        lambda world: (
            world.without("graft", "shipment_packed").without("graft", "shipment_dispatched").journey("h", "hsct", *sent("s9", 1))
        ),
        ("graft", "step_missing", "shipment_packed or shipment_dispatched", "shipment_received", "s4"),
    ),
    "infused before the harvest": (
        lambda world: world.moved("plain", "infusion_started", -200),
        ("plain", "out_of_order", "infusion_started", "harvest_completed", "plain"),
    ),
    "received before it was sent": (
        lambda world: world.moved("graft", "shipment_received", -5),
        ("graft", "out_of_order", "shipment_received", "shipment_packed or shipment_dispatched", "s4"),
    ),
    "a graft that was made": (
        lambda world: world.step("graft", "transduction_or_editing", 20, "batch b8"),
        ("graft", "not_allowed", "transduction_or_editing", None, "graft"),
    ),
    "filled after its end": (
        lambda world: world.step("again", "harvest_completed", 150, "batch b2").step("again", "drug_product_filled", 170, "batch b2"),
        ("again", "not_allowed", "drug_product_filled", "batch_terminated", "b2"),
    ),
    "harvested twice": (
        lambda world: world.step("twice", "harvest_completed", 300, "batch b4"),
        ("twice", "repeated", "harvest_completed", None, "b4"),
    ),
}


def test_what_the_path_allows_and_what_has_not_happened_yet_is_no_deviation(tmp_path: Path) -> None:
    assert network().found(tmp_path) == []


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_deviation_is_found_with_its_kind_and_step(name: str, tmp_path: Path) -> None:
    plant, expected = PLANTED[name]
    found = plant(network()).found(tmp_path)
    assert expected in found
    assert {row[0] for row in found} == {expected[0]}


def test_one_planted_deviation_is_one_finding(tmp_path: Path) -> None:
    for name in ("an infusion that ended and never began", "received before it was sent", "harvested twice"):
        plant, expected = PLANTED[name]
        assert plant(network()).found(tmp_path / name.replace(" ", "_")) == [expected]


def test_a_step_that_no_journey_of_the_product_has_is_missing_in_none(tmp_path: Path) -> None:
    """Its member does not take part, or its feed does not say so."""
    world = World().journey("a", "auto_cart", *run("c1", 0), *given("a1", 400)).journey("b", "auto_cart", *made("b1", 0), *given("a2", 400))
    assert world.found(tmp_path / "one") == [
        ("a", "step_missing", "harvest_completed", "infusion_started", "a"),
        ("b", "step_missing", "apheresis_completed", "harvest_completed", "b"),
    ]
    world.rows["journey"][1]["product_name_code"] = "another"
    assert world.found(tmp_path / "two") == []


def test_who_is_known_by_an_infusion_alone_is_not_judged(tmp_path: Path) -> None:
    """A registry's patient whom nobody linked: the steps before are in another journey."""
    world = network().journey("registry", "auto_cart", *given("a9", 500))
    assert [row[0] for row in world.found(tmp_path / "ordered")] == ["registry"]
    world.rows["journey"][-1]["therapy_order_id"] = None
    assert world.found(tmp_path / "alone") == []


def test_on_the_same_day_a_date_alone_is_in_order_and_the_next_day_is_not(tmp_path: Path) -> None:
    world = World().journey("a", "auto_cart", *run("c1", 0), *made("b1", 4), *given("a1", 199))
    for row in world.rows["event"]:
        row["occurred_at_utc"] = None
    assert world.found(tmp_path / "same") == []
    late = next(row for row in world.rows["event"] if row["event_type"] == "drug_product_filled")
    late["occurred_date"] = (START + timedelta(days=1)).date()
    assert world.found(tmp_path / "other") == [("a", "out_of_order", "drug_product_filled", "harvest_completed", "b1")]


def test_an_event_of_several_journeys_is_judged_in_each(tmp_path: Path) -> None:
    world = World().journey("a", "hsct", *run("c1", 0)).journey("b", "hsct").without("a", "apheresis_started")
    world.journey("told", "hsct", *run("c2", 0))
    world.rows["journey_event"].append({"journey_id": "b", "event_id": "a apheresis_completed 4 collection c1"})
    assert [row[0] for row in world.found(tmp_path)] == ["a", "b"]


def _random(modality: str) -> tuple[dict[str, list[str]], dict[str, list[tuple[str, str]]]]:
    """Journeys with steps left out, twice and in any order, and the relations within a journey."""
    relations, _ = conformance.allowed()
    mine = relations.filter((pl.col("modality") == modality) & (pl.col("per") == "journey") & (pl.col("relation") != "once"))
    by: dict[str, list[tuple[str, str]]] = {kind: [] for kind in ("needs", "orders", "ends")}
    for kind, [earlier], later in mine.select("relation", "earlier", "later").iter_rows():
        by[kind].append((earlier, later))
    steps = sorted({step for pairs in by.values() for pair in pairs for step in pair})
    chance = random.Random(f"conformance/{modality}")
    traces = {f"{modality} all": steps}  # so that every step is told of by somebody
    for number in range(80):
        kept = [step for step in steps if chance.random() < 0.7] or steps
        traces[f"{modality} {number:02d}"] = chance.sample([*kept, chance.choice(kept)], len(kept) + 1)
    return traces, by


def _once(trace: list[str], enders: set[str]) -> list[str]:
    """The first of what ends, the last of all else. pm4py 2.7.23 calls it no nonsuccession where a step stands before the end as well."""
    return [step for place, step in enumerate(trace) if step not in (trace[:place] if step in enders else trace[place + 1 :])]


def test_random_journeys_deviate_where_pm4py_says_so(tmp_path: Path) -> None:
    """`needs` is DECLARE's precedence, `ends` its nonsuccession, `orders` precedence where both are on record."""
    if not ORACLE.exists():
        pytest.skip("there is no .venv-oracle; `make test` makes it")
    asked, world, needed = [], World(), set()
    for modality in ("auto_cart", "ghsc", "hsct"):
        traces, by = _random(modality)
        needed |= set(by["needs"])
        for case, trace in traces.items():
            world.journey(case, modality, *((step, hour, "") for hour, step in enumerate(trace)))
        asked.append({"traces": traces, "constraints": {"precedence": by["needs"] + by["orders"]}})
        enders = {earlier for earlier, _ in by["ends"]}
        once = {case: _once(trace, enders) for case, trace in traces.items()}
        asked.append({"traces": once, "constraints": {"nonsuccession": by["ends"]}})
    found = {(case, kind, step, against) for case, kind, step, against, _ in world.found(tmp_path)}
    script = REPOSITORY / "tests" / "oracles" / "conformance.py"
    done = subprocess.run([ORACLE, script], input=json.dumps(asked), capture_output=True, text=True, check=True)
    expected = set()
    for question, said in zip(asked, json.loads(done.stdout.splitlines()[-1]), strict=True):
        for case, broken in said.items():
            for template, earlier, later in broken:
                if template == "nonsuccession":
                    expected.add((case, "not_allowed", later, earlier))
                elif earlier in question["traces"][case]:
                    expected.add((case, "out_of_order", later, earlier))
                elif (earlier, later) in needed:
                    expected.add((case, "step_missing", earlier, later))
    assert len(expected) > 150
    assert found == expected


def test_the_path_names_steps_of_the_vocabulary_and_its_sources() -> None:
    with (PACKAGE / "vocabularies" / "event_types.csv").open(encoding="utf-8", newline="") as file:
        known = {row["event_type"] for row in csv.DictReader(file)}
    with (PACKAGE / "vocabularies" / "allowed_paths.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert {row["later"], *filter(None, row["earlier"].split(";"))} <= known
        assert row["per"] in conformance.OBJECTS
        assert row["relation"] in {"needs", "orders", "ends", "once"}
        assert bool(row["earlier"]) == (row["relation"] != "once")
        assert set(row["modality"].split(";")) <= {"all", *conformance.MODALITIES}
        assert row["source"]


def test_the_command_says_how_many_journeys_were_judged_and_where_they_left_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant, expected = PLANTED["harvested twice"]
    made_of = release(tmp_path, plant(network()).rows)
    monkeypatch.setenv("CGT_HOME", str(tmp_path))
    monkeypatch.setattr("cgt_etl.release.read.find", lambda settings, said: made_of)
    done = CliRunner().invoke(cgt_etl, ["handoffs", "conformance", "--json"])
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert said["journeys"] == {"auto_cart": 5, "ghsc": 1, "hsct": 1, "not judged": 1}
    assert [(one["journey_id"], one["deviation"], one["step"]) for one in said["deviations"]] == [(expected[0], *expected[1:3])]
    plain = CliRunner().invoke(cgt_etl, ["handoffs", "conformance"]).output
    assert "auto_cart: 4 of 5 journeys kept to the path" in plain
    assert "1 journeys are of no known modality or order and were not judged" in plain
    assert "repeated  harvest_completed: 1" in plain
