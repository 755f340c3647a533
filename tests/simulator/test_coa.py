"""Certificates of the simulator: the door reads clean ones whole, finds each defect where it was put, and the bytes hold no clock."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import datetime
from itertools import islice, pairwise
from pathlib import Path

import polars as pl
import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.admit import Admission, admit
from cgt_etl.door.tokens import Keys
from cgt_etl.extract import open_reader
from cgt_etl.settings import PACKAGE, Settings
from cgt_etl.simulator.draws import Draws
from cgt_etl.simulator.exports import coa
from cgt_etl.simulator.facts import DefectClass, Fact, Own, Record
from cgt_etl.simulator.world.journeys import journeys
from cgt_etl.simulator.world.network import network
from tests.dialects import coa_samples

REGISTRY = Registry.load(Settings(home=Path("/nowhere"), partner_paths=(PACKAGE / "partners",)))
DEFECTS = coa.DEFECTS["certificate"]


def certificates(seed: int = 7, count: int = 40) -> Iterator[Fact]:
    parties = network("network", seed)
    for journey in journeys(parties, count, seed):
        yield from coa.facts(journey, parties, Draws.seeded(seed, journey.number, "coa"))


FACTS = list(certificates())


def admitted(record: Record, path: Path) -> Admission:
    layout = coa.FEEDS["certificate"]
    assert isinstance(layout, Own)
    layout.write(record, path)
    binding = REGISTRY.binding("beacon_qc_laboratory", "certificate")
    extension = binding.feed.extension
    reading = open_reader(extension.file, path, binding.feed.objects, ignored_elements=extension.ignored_elements)
    return admit(binding, reading, Keys(bytes(32)), frozenset(), REGISTRY, source_delivery="sample", sequence="1")


def found(admission: Admission) -> set[tuple[str, str, str | None]]:
    return set(admission.verdicts.select("rule", "effect", "column").rows())


def test_clean_certificates_come_through_whole(tmp_path: Path) -> None:
    assert len(FACTS) > 25
    for fact in FACTS:
        admission = admitted(fact.record, tmp_path / "c.xlsx")
        assert admission.verdicts.is_empty()
        [said] = admission.tables["certificate"].rows(named=True)
        [reported] = [stated for stated in fact.events if stated.event_type == "qc_result_reported"]
        assert (said["source_row"], said["issued_local"]) == (coa.POSITION, reported.local)
        assert said["issued_at_utc"].isoformat() == reported.utc
        lines = admission.tables["line"]
        assert lines["source_item"].to_list() == list(range(coa.HEADER_ROW + 1, coa.HEADER_ROW + 1 + lines.height))
        assert lines["test"].to_list() == [line["Test"] for line in fact.record["lines"]]
        assert lines["result"].null_count() == lines.filter(pl.col("result__status") != "ok").height == sum_of_words(fact)
        assert {"nd", "no_growth", "no_growth_to_date", "below_quantification_limit", "ok"} >= set(lines["result__status"])


def sum_of_words(fact: Fact) -> int:
    return sum(str(line["Result"]).split(" d")[0] in coa.RESULTS_IN_WORDS.values() for line in fact.record["lines"])


def test_the_reader_gives_back_every_cell(tmp_path: Path) -> None:
    feed = REGISTRY.binding("beacon_qc_laboratory", "certificate").feed
    columns = {column.physical_name: column.name for spec in feed.objects for column in spec.columns}
    for fact in FACTS:
        coa.write(fact.record, tmp_path / "c.xlsx")
        certificate, lines = open_reader(feed.extension.file, tmp_path / "c.xlsx", feed.objects)
        for label, value in fact.record["labels"].items():
            assert certificate.columns[columns[label]] == [value.isoformat() if isinstance(value, datetime) else value]
        for name in coa.COLUMNS:
            written = [line[name] for line in fact.record["lines"]]
            assert lines.columns[columns[name]] == [value if isinstance(value, str) else f"{value:g}" for value in written]


@pytest.mark.parametrize("defect", DEFECTS, ids=[defect.name for defect in DEFECTS])
def test_a_defect_is_found_where_it_was_put(defect: DefectClass, tmp_path: Path) -> None:
    spoiled = (defect.apply(fact.record, Draws.seeded(number)) for number, fact in enumerate(FACTS))
    tried = list(islice((record for record in spoiled if record is not None), 6))
    assert tried
    for record in tried:
        expected = {(defect.rule, defect.effect, defect.column)} if defect.at_door else set()
        assert found(admitted(record, tmp_path / "c.xlsx")) == expected


def test_an_error_of_the_spreadsheet_lies_in_quarantine_as_it_was_shown(tmp_path: Path) -> None:
    [defect] = [one for one in DEFECTS if one.name == "error_in_result"]
    record = defect.apply(FACTS[0].record, Draws.seeded(3))
    assert record is not None
    [aside] = admitted(record, tmp_path / "c.xlsx").set_aside
    assert (aside.object, aside.position, aside.column, aside.text) == ("line", coa.POSITION, "result", "#N/A")


def test_the_samples_of_the_dialect_are_what_their_script_writes(tmp_path: Path) -> None:
    coa_samples.write_all(tmp_path)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert written == {path.name: path.read_bytes() for path in coa_samples.FOLDER.glob("*.xlsx")}


def test_a_defect_leaves_the_clean_record_as_it_is() -> None:
    before = [repr(fact.record) for fact in FACTS]
    for defect in DEFECTS:
        for fact in FACTS:
            defect.apply(fact.record, Draws.seeded(1))
    assert [repr(fact.record) for fact in FACTS] == before


def test_same_record_same_bytes_and_no_clock_in_them(tmp_path: Path) -> None:
    for name in ("a.xlsx", "b.xlsx"):
        coa.write(FACTS[0].record, tmp_path / name)
    assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {1980}
        assert archive.read("docProps/core.xml").count(b"2025-01-01T00:00:00Z") == 2


def test_a_correction_has_the_key_of_what_it_corrects_and_a_later_name() -> None:
    corrected = [(one, other) for seed in (1, 2, 3) for one, other in _pairs(seed)]
    assert corrected
    for first, second in corrected:
        assert (first.key, first.change, second.change) == (second.key, 0, 1)
        assert first.record != second.record
        assert (first.file or "") < (second.file or "")


def _pairs(seed: int) -> Iterator[tuple[Fact, Fact]]:
    facts = list(certificates(seed))
    yield from ((one, other) for one, other in pairwise(facts) if one.key == other.key)


def test_certificates_are_in_order_and_their_batch_is_out_of_specification_where_a_test_failed() -> None:
    for fact in FACTS:
        failed = any(line["P/F"] == "F" for line in fact.record["lines"])
        assert failed == ("batch_oos" in {stated.event_type for stated in fact.events})
    assert any(fact.events[1:] for fact in FACTS)
    by_journey: dict[int, list[str]] = {}
    for fact in FACTS:
        by_journey.setdefault(fact.journey, []).append(fact.known.isoformat())
    assert all(days == sorted(days) for days in by_journey.values())
