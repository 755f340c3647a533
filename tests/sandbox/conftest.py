"""A small sandbox written by hand, and what lies around it."""

from __future__ import annotations

from pathlib import Path

import duckdb
import duckdb_extension_httpfs
import polars as pl
import pytest

from cgt_etl.sandbox import store
from cgt_etl.sandbox.own import Table
from tests.sandbox.escapes import KEY, MARK, OTHER_KEY, PLACE, Outside


def table(schema: str, name: str, **columns: object) -> Table:
    return Table(schema, name, f"{name} of the test", pl.DataFrame(columns), {})


@pytest.fixture(scope="session")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Outside:
    """Two sandboxes and, beside them, files that hold a mark."""
    folder = tmp_path_factory.mktemp(f"home-{PLACE}")
    (folder / "one").mkdir()
    (folder / "two").mkdir()
    (extension,) = Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension")
    out = Outside(
        *(folder, folder / "secret.txt", folder / "secret.csv", folder / "secret.json", folder / "secret.parquet"),
        *(folder / "plain.duckdb", folder / "one" / store.FILE, folder / "two" / store.FILE, extension),
    )
    out.text.write_text(f"a secret {MARK}\n")
    out.csv.write_text(f"x,y\n1,{MARK}\n")
    out.json.write_text(f'{{"x": "{MARK}"}}\n')
    pl.DataFrame({"x": [MARK]}).write_parquet(out.parquet)
    with duckdb.connect(out.database) as connection:
        connection.execute(f"create table secret as select '{MARK}' as x")
    store.write(out.own, KEY, [table("own", "event", note=["a", "b"])], {"partner": "one"})
    store.write(out.other, OTHER_KEY, [table("own", "event", note=[MARK])], {"partner": "two"})
    return out
