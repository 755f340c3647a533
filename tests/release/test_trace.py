"""From a released row to the record it came from."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import duckdb
import pytest

from cgt_etl.errors import CgtError
from cgt_etl.landing.delivery import Manifest
from cgt_etl.landing.vault import printable
from cgt_etl.release.record_text import _whole
from cgt_etl.release.trace import Record, trace, walk
from tests.release import sample

pytestmark = pytest.mark.slow


@pytest.fixture
def traced(home: Path) -> Path:
    """A release whose first dose unit leads over its batch to line 3 of a landed file."""
    one = sample.delivered("one", home)
    source = [{**row, "source_delivery": one.id} if row["row_source_id"] == "r1" else row for row in sample.FIRST["row_source"]]
    measured = [{"measurement_id": "m0", "measurement": "cd3", "source_delivery": one.id, "source_row": 7}]
    circle = [
        {"row_source_id": f"c{i}", "table_name": "batch", "row_key": f"b{i}", "parent_table": "batch", "parent_key": f"b{3 - i}"}
        for i in (1, 2)
    ]
    sample.released(home, 1, {**sample.FIRST, "row_source": [*source, *circle], "measurement": measured}, "one")
    one.folder.mkdir(parents=True)
    (one.folder.parent / "current").write_text(one.door16)
    manifest = Manifest(
        partner=one.partner,
        feed=one.feed,
        dialect=one.dialect,
        source_name=one.source_name,
        sha256=one.sha256,
        size=1,
        contract={"id": "mes.lots", "version": "1.0.0"},
        door16=one.door16,
        door={},
        sequence=one.sequence,
        envelope_sequence=None,
        received_at="2025-01-01T00:00:00+00:00",
        admitted_at="2025-01-01T00:00:00+00:00",
        status="landed",
    )
    (one.folder / "manifest.json").write_text(json.dumps(asdict(manifest)))
    with duckdb.connect() as connection:
        connection.execute(
            "copy (select 'lots' as object, 3::bigint as source_row, 0::bigint as source_item, 'exp' as \"column\", 'R25' as rule, "
            f"'cell' as effect) to '{one.folder / 'verdicts.parquet'}' (format parquet)"
        )
    return home


def test_a_derived_row_leads_over_its_parents_to_a_position(traced: Path) -> None:
    told = trace(sample.settings(traced), "dose_unit", "d0")
    assert told[1:] == [
        "dose_unit d0",
        "  batch b0",
        f"    position 3 of lots_one.csv, sent by north as lots, sequence one, delivery {sample.delivered('one', traced).id}",
        "      position 3: R25 cell in lots.exp",
    ]


def test_a_row_of_one_record_names_it(traced: Path) -> None:
    release = sample.planned(traced, "one").previous
    assert release is not None
    assert walk(release, "measurement", "m0").records == [Record(sample.delivered("one", traced).id, 7, 7)]


def test_a_circle_and_an_origin_that_is_not_there_are_said(traced: Path) -> None:
    assert [line.strip() for line in trace(sample.settings(traced), "batch", "b1")][1:] == [
        "batch b1",
        "batch b2",
        "batch b1: was met before on this way",
    ]
    assert trace(sample.settings(traced), "batch", "b4")[-1] == "batch b4: states no origin"


def test_an_origin_itself_can_be_traced(traced: Path) -> None:
    settings = sample.settings(traced)
    assert trace(settings, "row_source", "r1")[2].strip().startswith("position 3")
    assert "batch b2" in trace(settings, "row_source", "c1")[2]


def test_no_such_row_or_table(traced: Path) -> None:
    with pytest.raises(CgtError, match="no such row in `batch`"):
        trace(sample.settings(traced), "batch", "unknown")
    with pytest.raises(CgtError, match="no table of this name"):
        trace(sample.settings(traced), "bach", "b1")


def test_the_text_of_a_record_ends_where_its_quotes_do() -> None:
    lines = ['a,"one\n', 'two",b\n', "c\n"]
    assert list(_whole(iter(lines), 1, '"')) == lines[:2]
    assert list(_whole(iter(lines), 1, "")) == lines[:1]
    assert printable("a\x1b[31m") == "a\\x1b[31m"
