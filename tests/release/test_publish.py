"""A release exists whole or not at all, is the same bytes whatever happened on the way, and is never written twice."""

from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import duckdb
import jsonschema_rs
import pytest
import yaml

from cgt_etl.contracts.load import _odcs_validator
from cgt_etl.errors import CgtError, GateClosed
from cgt_etl.release import marts, read, tables
from cgt_etl.release.read import Release
from cgt_etl.settings import REPOSITORY
from tests.release import sample

pytestmark = pytest.mark.slow

POINTS = [
    "publish.tables_written",
    "publish.before_rename",
    "publish.after_rename",
    "publish.before_build_kept",
    "publish.after_build_kept",
    "publish.before_current",
    "publish.after_current",
]
SECOND_NIGHT = """
import sys
from pathlib import Path
from tests.release import sample
sample.released(Path(sys.argv[1]), 2, sample.SECOND, "one", "two")
"""


def test_a_release_holds_what_its_manifest_says(first: Release, home: Path) -> None:
    assert read.problems(first) == []
    assert first.id == f"0001-{first.inputs_hash[:16]}"
    assert read.current(sample.settings(home)) == first
    assert first.rows["dose_unit"] == 5
    assert set(first.tables) == {mart.name for mart in marts.load()}
    assert first.manifest["quality"] == sample.OPEN.said()
    [file] = first.parquet("batch")
    with duckdb.connect() as connection:
        relation = connection.sql(f"select * from '{file}'")
        assert "component_id" not in relation.columns
        assert [row[0] for row in relation.fetchall()] == [f"b{i}" for i in range(5)]


def test_the_build_is_kept_and_older_ones_go(first: Release, home: Path) -> None:
    second = sample.released(home, 2, sample.SECOND, "one", "two")
    third = sample.released(home, 3, sample.SECOND, "one", "two", "three")
    kept = {path.name for path in (home / "builds").iterdir() if not path.name.startswith(".")}
    assert kept == {f"{release.id}.{kind}" for release in (second, third) for kind in ("duckdb", "identity")}
    assert [release.id for release in read.every(sample.settings(home))] == [first.id, second.id, third.id]
    assert (home / "releases" / "current").readlink() == Path(third.id)


def test_unchanged_files_are_linked_to_the_release_before(first: Release, home: Path) -> None:
    second = sample.released(home, 2, sample.SECOND, "one", "two")
    assert second.parquet("journey")[0].samefile(first.parquet("journey")[0])
    assert (second.folder / "dictionary/tables.csv").samefile(first.folder / "dictionary/tables.csv")
    assert not second.parquet("batch")[0].samefile(first.parquet("batch")[0])


def test_a_damaged_file_is_not_linked_to(first: Release, home: Path) -> None:
    victim = first.parquet("journey")[0]
    data = victim.read_bytes()
    victim.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    second = sample.released(home, 2, sample.FIRST, "one", "two")
    assert read.problems(first)
    assert read.problems(second) == []


def test_rows_in_any_order_on_any_threads_are_the_same_bytes(tmp_path: Path) -> None:
    seen = set()
    for threads in (1, 2, 4):
        work, _ = sample.build(tmp_path / str(threads), {})
        out = tmp_path / f"out{threads}"
        out.mkdir()
        with duckdb.connect(work, config={**tables.SETTINGS, "threads": threads}) as connection:
            # Enough rows for several row groups, which are what threads share out.
            connection.execute(
                "insert into marts.measurement (measurement_id, value, unit, source_row) "
                "select md5(cast(i as varchar)), i / 7, 'text ' || i % 97, i from range(300000) as r(i) order by hash(i + ?)",
                [threads],
            )
            exported = tables.export(connection, marts.load(), out)["measurement"]
        assert exported.rows == 300_000
        seen.add((out / exported.files[0]).read_bytes())
    assert len(seen) == 1


def test_two_homes_publish_the_same_bytes(tmp_path: Path) -> None:
    one, other = (sample.released(tmp_path / name, 1, sample.FIRST, "one") for name in ("a", "b"))
    assert sample.contents(one) == sample.contents(other)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What the second night releases where nobody interferes."""
    calm = tmp_path_factory.mktemp("calm")
    sample.released(calm, 1, sample.FIRST, "one")
    return sample.contents(sample.released(calm, 2, sample.SECOND, "one", "two"))


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_any_point_leaves_the_old_release_or_the_new_one(
    point: str, first: Release, expected: dict[str, bytes], home: Path
) -> None:
    killed = subprocess.run(
        [sys.executable, "-c", SECOND_NIGHT, str(home)], env=os.environ | {"CGT_FAULT_POINT": point}, cwd=REPOSITORY, check=False
    )
    assert killed.returncode == -signal.SIGKILL
    now = read.current(sample.settings(home))
    assert now is not None
    assert read.problems(now) == []
    assert now.id == first.id or point == "publish.after_current"
    if not sample.planned(home, "one", "two").is_nothing_new:
        sample.released(home, 2, sample.SECOND, "one", "two")
    second = read.current(sample.settings(home))
    assert second is not None
    assert sample.contents(second) == expected
    assert read.is_whole(second)
    assert not [path for path in (home / "releases").iterdir() if path.name.startswith(".")]
    # Whatever was killed, the next night can grow the build.
    after = sample.planned(home, "one", "two", "three")
    assert after.base is not None
    assert after.base.id == second.id


def test_a_release_that_exists_is_not_written_again(first: Release, home: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")}
    assert sample.released(home, 1, sample.FIRST, "one") == first
    assert {path: path.stat().st_mtime_ns for path in first.folder.rglob("*")} == before


def test_a_closed_gate_publishes_nothing(home: Path) -> None:
    with pytest.raises(GateClosed, match="G01"):
        sample.released(home, 1, sample.FIRST, "one", verdict=sample.closed())
    assert read.current(sample.settings(home)) is None


def test_a_missing_table_stops_the_release(home: Path) -> None:
    work, identity = sample.build(home, sample.FIRST, without="timeline")
    with pytest.raises(CgtError, match="`timeline` is not in the build"):
        sample.publish(sample.settings(home), sample.registry(home), sample.planned(home, "one"), work, identity, sample.OPEN, 1)
    assert read.every(sample.settings(home)) == []


def test_the_dictionary_says_what_every_column_means(first: Release) -> None:
    with (first.folder / "dictionary/data_dictionary.csv").open(encoding="utf-8", newline="") as file:
        words = list(csv.DictReader(file))
    assert {(row["table"], row["column"]) for row in words} == {
        (name, column["name"]) for name, table in first.tables.items() for column in table["columns"]
    }
    assert not [row for row in words if row["column"] == "component_id" or not (row["meaning"] and row["privacy"] and row["lineage"])]
    said = {(row["table"], row["column"]): row for row in words}
    assert said["collection", "product_volume_ml"]["unit"] == "mL"
    assert said["process_series", "value"]["privacy"] == "proprietary"
    assert said["collection", "device_model_code"]["made_of"] == "collection.device_model_code"
    rules = (first.folder / "dictionary/rules.csv").read_text(encoding="utf-8")
    assert "\nR13," in rules
    assert "\nG02," in rules
    assert "<th scope" in (first.folder / "dictionary/rules.html").read_text(encoding="utf-8")


def test_the_pages_of_the_dictionary_need_nothing_from_elsewhere(first: Release) -> None:
    pages = list((first.folder / "dictionary").glob("*.html"))
    assert {"data_dictionary", "tables", "sources", "lineage"} <= {page.stem for page in pages}
    for page in pages:
        assert re.findall(r"(?:src|href)\s*=|https?://|@import|url\(", page.read_text(encoding="utf-8")) == [], page.name


def test_a_column_that_nobody_declared_stops_the_release(home: Path) -> None:
    work, identity = sample.build(home, sample.FIRST)
    with duckdb.connect(work) as connection:
        connection.execute("alter table marts.batch add column secret varchar")
    with pytest.raises(CgtError, match="`batch` and its declaration differ in secret"):
        sample.publish(sample.settings(home), sample.registry(home), sample.planned(home, "one"), work, identity, sample.OPEN, 1)


def test_the_release_has_a_valid_contract(first: Release) -> None:
    contract = yaml.safe_load((first.folder / "dictionary/release.odcs.yaml").read_text(encoding="utf-8"))
    try:
        _odcs_validator().validate(contract)
    except jsonschema_rs.ValidationError as error:
        pytest.fail(error.message[:300])
    batch = next(table for table in contract["schema"] if table["name"] == "batch")
    assert [column["name"] for column in batch["properties"] if column.get("primaryKey")] == ["batch_id"]


def test_the_warehouse_opens_from_anywhere_and_explains_itself(first: Release) -> None:
    with duckdb.connect(first.folder / "warehouse.duckdb", read_only=True) as connection:
        assert connection.sql("select count(*) from dose_unit").fetchall() == [(5,)]
        [(comment,)] = connection.sql("select comment from duckdb_views() where view_name = 'dose_unit'").fetchall()
        [(column,)] = connection.sql(
            "select comment from duckdb_columns() where table_name = 'dose_unit' and column_name = 'dose_unit_id'"
        ).fetchall()
    assert comment.startswith("One row is")
    assert column.startswith("Key: md5")
    assert column.endswith(" Privacy: quasi.")
