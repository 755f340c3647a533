"""Reading releases back: whole, changed, compared, exported."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import duckdb
import pytest

from cgt_etl.errors import CgtError
from cgt_etl.release import compare, read
from cgt_etl.release.read import Release
from tests.release import sample

pytestmark = pytest.mark.slow


def test_verify_finds_a_flipped_byte(first: Release, home: Path) -> None:
    assert read.verify(sample.settings(home), None) == []
    victim = first.parquet("batch")[0]
    data = bytearray(victim.read_bytes())
    data[len(data) // 2] ^= 1
    victim.write_bytes(data)
    assert read.verify(sample.settings(home), None) == ["tables/batch/part-0000.parquet has other bytes than were published"]
    assert read.is_whole(first), "the shallow look reads no table"


def test_verify_finds_what_is_missing_shorter_or_new(first: Release) -> None:
    first.parquet("batch")[0].unlink()
    first.parquet("journey")[0].write_bytes(b"")
    (first.folder / "tables" / "batch" / "part-0001.parquet").write_bytes(b"x")
    assert read.problems(first) == [
        "tables/batch/part-0000.parquet is missing",
        "tables/journey/part-0000.parquet has another size than was published",
        "tables/batch/part-0001.parquet was not published",
    ]
    assert not read.is_whole(first)


def test_verify_finds_a_manifest_that_was_changed(first: Release) -> None:
    path = first.folder / "manifest.json"
    said = json.loads(path.read_text())
    said["inputs"]["deliveries"] = {}
    path.write_text(json.dumps(said))
    assert read.problems(read.load(first.folder)) == ["manifest.json does not agree with the release's id about its inputs"]


def test_releases_are_listed_and_found(first: Release, home: Path) -> None:
    second = sample.released(home, 2, sample.SECOND, "one", "two")
    settings = sample.settings(home)
    assert [line[:2] for line in read.releases(settings)] == ["  ", "* "]
    assert read.find(settings, None) == second
    assert read.find(settings, "current") == second
    assert read.find(settings, "0001") == first
    for name in ("", "0", "0009"):
        with pytest.raises(CgtError, match=r"there is no such release|several releases"):
            read.find(settings, name)


def test_a_current_release_that_was_deleted_is_named_with_the_way_out(first: Release, home: Path) -> None:
    second = sample.released(home, 2, sample.SECOND, "one", "two")
    shutil.rmtree(second.folder)
    settings = sample.settings(home)
    assert [line[:6] for line in read.releases(settings)] == ["  0001"]
    with pytest.raises(CgtError, match="remove the link releases/current"):
        read.current(settings)
    (settings.releases / "current").unlink()
    assert read.current(settings) is None
    assert read.find(settings, "0001") == first


def test_before_the_first_release(home: Path) -> None:
    settings = sample.settings(home)
    assert read.releases(settings) == []
    assert read.current(settings) is None
    with pytest.raises(CgtError, match="no such release"):
        read.verify(settings, None)


def test_diff_counts_rows_by_key_and_names_inputs(first: Release, home: Path) -> None:
    second = sample.released(home, 2, sample.SECOND, "one", "two")
    found = compare.releases(first, second)
    by_table = {change.table: (change.added, change.removed, change.changed) for change in found.tables}
    assert by_table == {"batch": (1, 1, 1), "dose_unit": (1, 1, 0), "row_source": (0, 2, 0)}
    assert found.inputs == [f"delivery {sample.delivered('two', home).id} added"]
    assert read.diff(sample.settings(home), "0001", None) == found.lines()
    assert compare.releases(second, second).lines() == [f"{second.id} and {second.id} hold the same."]


def test_an_export_stands_alone(first: Release, home: Path, tmp_path: Path) -> None:
    out = read.export(sample.settings(home), None, tmp_path / "copies" / "out")
    shutil.rmtree(home)
    assert read.problems(read.load(out)) == []
    with duckdb.connect(out / "warehouse.duckdb", read_only=True) as connection:
        assert connection.sql("select count(*) from dose_unit").fetchall() == [(5,)]
        [(comment,)] = connection.sql("select comment from duckdb_tables() where table_name = 'dose_unit'").fetchall()
    assert comment


def test_nothing_is_exported_over_something_or_from_a_damaged_release(first: Release, home: Path, tmp_path: Path) -> None:
    with pytest.raises(CgtError, match="exists"):
        read.export(sample.settings(home), None, tmp_path)
    first.parquet("batch")[0].write_bytes(b"")
    with pytest.raises(CgtError, match="not what was published"):
        read.export(sample.settings(home), None, tmp_path / "out")
    assert not (tmp_path / "out").exists()
