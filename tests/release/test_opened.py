"""A release opened by an analyst: the same rows and types in every library, described, from wherever it lies."""

from __future__ import annotations

import shutil
from datetime import date, datetime
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

import cgt_etl
from cgt_etl.errors import CgtError, DeclarationError
from cgt_etl.release.opened import OpenRelease
from cgt_etl.release.plan import SCHEMA_VERSION
from cgt_etl.release.read import Release
from tests.release import sample

pytestmark = pytest.mark.slow

AT = datetime(2025, 11, 2, 8, 30)  # noqa: DTZ001  released instants are in UTC by their name
ROWS: sample.Rows = {
    "collection": [
        {"collection_id": "c1", "started_at_utc": AT, "started_date": date(2025, 11, 2), "is_autologous": True, "product_volume_ml": 61.5},
        {"collection_id": "c2"},
    ],
    "journey": [{"journey_id": "j1", "attempt_count": 2}, {"journey_id": "j2"}],
}


@pytest.fixture
def opened(home: Path) -> OpenRelease:
    sample.released(home, 1, ROWS, "one")
    return cgt_etl.open_release(home)


def test_every_library_has_the_published_types(opened: OpenRelease) -> None:
    wanted = {"collection_id": "string", "started_at_utc": "timestamp[us]", "started_date": "date32[day]", "is_autologous": "bool"}
    wanted |= {"product_volume_ml": "double"}
    arrow = opened.arrow("collection")
    assert {name: str(arrow.schema.field(name).type) for name in wanted} == wanted
    polars = opened.polars("collection").schema
    assert [polars[name] for name in wanted] == [pl.String, pl.Datetime("us"), pl.Date, pl.Boolean, pl.Float64]
    pandas = opened.pandas("collection")
    assert {name: str(pandas[name].dtype.pyarrow_dtype) for name in wanted} == wanted
    assert str(opened.pandas("journey")["attempt_count"].dtype) == "int64[pyarrow]", "and not a fraction because one is unknown"
    with opened.duckdb() as connection:
        found = dict(connection.execute("select column_name, data_type from duckdb_columns() where table_name = 'collection'").fetchall())
    types = {"string": "VARCHAR", "timestamp[us]": "TIMESTAMP", "date32[day]": "DATE", "bool": "BOOLEAN", "double": "DOUBLE"}
    assert {name: found[name] for name in wanted} == {name: types[type_] for name, type_ in wanted.items()}


def test_every_library_has_the_same_rows(opened: OpenRelease) -> None:
    rows = opened.arrow("collection").to_pylist()
    assert [row["collection_id"] for row in rows] == ["c1", "c2"]
    assert (rows[0]["started_at_utc"], rows[0]["started_date"], rows[1]["started_date"]) == (AT, date(2025, 11, 2), None)
    assert opened.polars("collection").to_dicts() == rows
    assert pa.Table.from_pandas(opened.pandas("collection"), preserve_index=False).to_pylist() == rows
    with opened.duckdb() as connection:
        assert connection.table("collection").to_arrow_table().to_pylist() == rows


def test_what_is_described_is_told_with_the_table(opened: OpenRelease) -> None:
    schema = opened.arrow("collection").schema
    assert schema.metadata[b"comment"].startswith(b"One row is one collection")
    assert schema.field("product_volume_ml").metadata[b"comment"].endswith(b" Unit: mL. Privacy: none.")
    assert opened.schema_version == SCHEMA_VERSION
    with pytest.raises(CgtError, match="has no table of this name"):
        opened.polars("secret")


def test_a_release_is_opened_by_home_folder_id_or_environment(
    first: Release, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = sample.released(home, 2, sample.SECOND, "one", "two")
    shutil.copytree(first.folder, tmp_path / "copy")
    assert cgt_etl.open_release(str(home)).release == second
    assert cgt_etl.open_release(home, "0001").release == first
    moved = cgt_etl.open_release(tmp_path / "copy")
    shutil.rmtree(first.folder)
    assert moved.polars("batch").height == 5
    with moved.duckdb() as connection:
        assert connection.execute("select count(*) from batch").fetchone() == (5,)
    with pytest.raises(CgtError, match="another is named"):
        cgt_etl.open_release(tmp_path / "copy", "0001")
    monkeypatch.setenv("CGT_HOME", str(home))
    assert cgt_etl.open_release().release == second
    monkeypatch.delenv("CGT_HOME")
    with pytest.raises(DeclarationError, match="CGT_HOME is not set"):
        cgt_etl.open_release()
