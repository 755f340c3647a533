"""A release as an analyst opens it: its tables as Arrow, polars, pandas or DuckDB, with the types that were published.

Nothing is converted on the way: whole numbers with gaps stay whole, dates stay dates, and what is described in the dictionary is told with
the tables. Reads one release; knows nothing of how it was made.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cgt_etl.errors import CgtError
from cgt_etl.release import dictionary, read, warehouse
from cgt_etl.release.read import Release
from cgt_etl.release.tables import SETTINGS
from cgt_etl.settings import Settings

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import polars as pl
    import pyarrow as pa


@dataclass(frozen=True)
class OpenRelease:
    """The tables of one release. Every method that names a table raises CgtError where there is no such table."""

    release: Release

    @property
    def tables(self) -> list[str]:
        """Names of the tables, in order."""
        return sorted(self.release.tables)

    @property
    def schema_version(self) -> str:
        """Of the released columns; `docs/migrations.md` says what changed from one to the next."""
        return str(self.release.inputs["schema_version"])

    def arrow(self, table: str) -> pa.Table:
        """One table as Arrow. Each field's metadata has `comment`: meaning, unit, privacy class. `*_at_utc` are microseconds in UTC."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        read_ = pq.read_table([str(file) for file in self.release.parquet(table)])
        comments = dictionary.meanings(self.release.folder / "dictionary")
        fields = [field.with_metadata({"comment": comments.get((table, field.name), "")}) for field in read_.schema]
        return read_.cast(pa.schema(fields, {"comment": comments.get((table, ""), "")}))

    def polars(self, table: str) -> pl.DataFrame:
        """One table as polars: String, Int64, Float64, Boolean, Date, Datetime in microseconds (UTC in `*_at_utc`)."""
        import polars as pl

        return pl.read_parquet(self.release.parquet(table))

    def pandas(self, table: str) -> pd.DataFrame:
        """One table as pandas, in Arrow's types: a whole number that is not known does not make its column one of fractions."""
        import pandas as pd

        frame: pd.DataFrame = self.arrow(table).to_pandas(types_mapper=pd.ArrowDtype)
        return frame

    def duckdb(self) -> duckdb.DuckDBPyConnection:
        """A connection in memory with a commented view per table, wherever the release lies now; the caller closes it."""
        import duckdb

        connection = duckdb.connect(config=SETTINGS)
        warehouse.fill(connection, self.release, "view")
        return connection


def open_release(where: Path | str | None = None, release: str | None = None) -> OpenRelease:
    """Open a release to read it.

    Args:
        where: a home, or the folder of one release (an exported copy too); None means `$CGT_HOME`.
        release: id of a release of the home, or the start of one; None means the current one.

    Raises:
        CgtError: there is no such release, or `where` is one and `release` is named too.
        DeclarationError: neither `where` nor `CGT_HOME` says where.
    """
    folder = Settings.from_environment().home if where is None else Path(where).resolve()
    if not (folder / read.MANIFEST).is_file():
        return OpenRelease(read.find(Settings(folder), release))
    if release is not None:
        raise CgtError("the folder is one release, and another is named", remedy="Name the home, or leave out `release`")
    return OpenRelease(read.load(folder))
