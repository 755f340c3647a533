"""Batch records of the simulator: the door reads clean ones whole, finds each defect where it was put; reworks are batches of their own."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.admit import Admission, admit
from cgt_etl.door.tokens import Keys
from cgt_etl.extract import open_reader
from cgt_etl.settings import PACKAGE, Settings
from cgt_etl.simulator.delivery import csv_line
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports import mes
from cgt_etl.simulator.facts import DefectClass, Fact, Record
from cgt_etl.simulator.world.journeys import journeys
from cgt_etl.simulator.world.network import network

REGISTRY = Registry.load(Settings(home=Path("/nowhere"), partner_paths=(PACKAGE / "partners",)))
DEFECTS = mes.DEFECTS["parameter"]


def batch_records(seed: int = 7, count: int = 60) -> Iterator[Fact]:
    parties = network("network", seed)
    for journey in journeys(parties, count, seed):
        yield from mes.facts(journey, parties, Draws.seeded(seed, journey.number, "mes"))


FACTS = list(batch_records())


def admitted(records: Iterable[Record], path: Path) -> Admission:
    lines = [mes.COLUMNS, *([record[column] for column in mes.COLUMNS] for record in records)]
    path.write_text("".join(csv_line(list(line), ",") + "\n" for line in lines), encoding="utf-8", newline="")
    binding = REGISTRY.binding("orchard_cell_therapies", "parameter")
    reading = open_reader(binding.feed.extension.file, path, binding.feed.objects)
    return admit(binding, reading, Keys(bytes(32)), frozenset(), REGISTRY, source_delivery="sample", sequence="1")


def test_clean_batch_records_come_through_whole(tmp_path: Path) -> None:
    admission = admitted((fact.record for fact in FACTS), tmp_path / "batch_params_20251204.csv")
    assert admission.verdicts.is_empty()
    rows = admission.tables["parameter"].sort("source_row")
    assert [at.isoformat() for at in rows["seen_at_utc"]] == [fact.events[0].utc for fact in FACTS]
    named = sum(len(fact.record["RM_IN"].split(";")) for fact in FACTS if fact.record["RM_IN"])
    assert admission.tables["parameter__din"].height == named


@pytest.mark.parametrize("defect", DEFECTS, ids=[defect.name for defect in DEFECTS])
def test_a_defect_is_found_where_it_was_put(defect: DefectClass, tmp_path: Path) -> None:
    spoiled = (defect.apply(fact.record, Draws.seeded(number)) for number, fact in enumerate(FACTS))
    tried = list(islice((record for record in spoiled if record is not None), 6))
    assert tried
    for record in tried:
        verdicts = admitted([record], tmp_path / "batch_params_20251204.csv").verdicts
        found = {
            (rule, effect, None if effect == "row" else column)
            for rule, effect, column in verdicts.select("rule", "effect", "column").rows()
        }
        assert found == ({(defect.rule, defect.effect, defect.column)} if defect.at_door else set())


def test_a_batch_given_up_and_its_rework_are_two_batches_of_one_recipient() -> None:
    of: defaultdict[str, list[Record]] = defaultdict(list)
    for fact in FACTS:
        of[fact.record["LOT"]].append(fact.record)
    given_up = {lot for lot, records in of.items() if any(record["STATUS"] for record in records)}
    reworks = {records[0]["REWORK_OF"]: records for records in of.values() if records[0]["REWORK_OF"]}
    assert given_up & set(reworks)
    for lot, records in reworks.items():
        assert records[0]["LOT"] != lot
        assert {record["PATIENT_CODE"] for record in records} == {of[lot][0]["PATIENT_CODE"]}
    for lot in given_up:
        assert [bool(record["STATUS"]) for record in of[lot]] == [False] * (len(of[lot]) - 1) + [True]


def test_starting_material_is_named_on_the_first_row_with_divisions_and_without() -> None:
    named = [fact.record["RM_IN"] for fact in FACTS if fact.record["RM_IN"]]
    assert len(named) == len({fact.record["LOT"] for fact in FACTS})
    assert {"-" in cell for cell in named} == {True, False}


def test_the_plant_is_read_as_it_stands_in_the_rows(tmp_path: Path) -> None:
    """Version of the process, equipment, and the last day of the vector beside its lot alone; a batch stays on one line."""
    rows = admitted((fact.record for fact in FACTS), tmp_path / "batch_params_20251204.csv").tables["parameter"].sort("source_row")
    said = rows.select("process_version", "equipment", "vector_expiry_date").rows()
    assert [(version, on, day.isoformat() if day else "") for version, on, day in said] == [
        (fact.record["PROC_VER"], fact.record["EQUIP"], fact.record["VEC_EXP"]) for fact in FACTS
    ]
    assert all(bool(fact.record["VEC_EXP"]) == bool(fact.record["VEC_LOT"]) for fact in FACTS)
    lines: defaultdict[str, set[str]] = defaultdict(set)
    for fact in FACTS:
        lines[fact.record["LOT"]].add(fact.record["EQUIP"][-2:])
    assert {len(found) for found in lines.values()} == {1}
    assert len({line for found in lines.values() for line in found}) > 1
    assert len({fact.record["PROC_VER"] for fact in FACTS}) > 1
