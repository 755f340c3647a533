"""An encrypted DuckDB file (AES-256-GCM): written from tables, copied under another key, given to be read.

Plaintext is in memory alone: a connection that writes has no folder for temporary files. DuckDB draws salts and nonces anew, so the
bytes of two files with the same tables differ; `about.contents` says by hash that the tables are the same. Knows nothing of their meaning.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import duckdb
import duckdb_extension_httpfs
import polars as pl

from cgt_etl.errors import CgtError
from cgt_etl.landing import durable
from cgt_etl.release.tables import SETTINGS, literal, quoted
from cgt_etl.sandbox.own import Table

FILE = "sandbox.duckdb"
STORE = "sandbox"
"""Name under which the file is attached, and by which a question may name it."""
CONTENTS = "contents"
_CONTENTS = {"schema_name": "", "table_name": "", "rows": "how many", "sha256": "of the rows as JSON lines in the order of the table"}
_COLUMNS = {"schema_name": pl.String, "table_name": pl.String, "rows": pl.Int64, "sha256": pl.String}


def write(path: Path, key: bytes, tables: Iterable[Table], facts: Mapping[str, str], *, root: Path | None = None) -> pl.DataFrame:
    """Write the new file `path`, whole or not at all, readable by its owner alone. Its folder must exist.

    Args:
        key: 32 bytes.
        facts: what the file was made from, for `about.made_from`.
        root: folder above, on the same file system, in whose workplace the unfinished file lies; that of `path` when None.

    Returns:
        What lies in it: schema_name, table_name, rows, sha256, in order of name.
    """
    listed = []
    with durable.workplace(root or path.parent, 0o700) as unfinished:
        with _writing() as connection:
            _attach(connection, unfinished / FILE, STORE, key)
            connection.begin()  # a thousand comments are one commit
            for table in tables:
                _put(connection, table)
                listed.append((table.schema, table.name, table.frame.height, content_digest(table.frame)))
            contents = pl.DataFrame(sorted(listed), schema=_COLUMNS, orient="row")
            made = pl.DataFrame({"name": list(facts), "value": list(facts.values())}, schema={"name": pl.String, "value": pl.String})
            _put(connection, Table("about", CONTENTS, "the tables of this sandbox", contents, _CONTENTS))
            _put(connection, Table("about", "made_from", "what this sandbox was made from", made))
            connection.commit()
            connection.execute(f"detach {STORE}")
        _keep(unfinished / FILE, path)
    return contents


def copy(path: Path, key: bytes, to: Path, new_key: bytes) -> None:
    """Write the tables of a store, with what is said of them, into the new file `to` under another key.

    Raises:
        CgtError: there is no store, or the key does not open it.
    """
    with durable.workplace(to.parent, 0o700) as unfinished:
        with _writing() as connection, opened_file(path) as (_, source):
            try:
                _attach(connection, source, STORE, key, "read_only, ")
            except duckdb.Error:
                raise unreadable() from None
            _attach(connection, unfinished / FILE, "copy", new_key)
            connection.execute(f"copy from database {STORE} to copy")
            connection.execute("detach copy")
        _keep(unfinished / FILE, to)


@contextmanager
def reading(path: Path, key: bytes) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection for the hub's own use, with the store attached as `STORE` and used, read only. A partner's statement never runs here.

    Raises:
        CgtError: there is no store, or the key does not open it.
    """
    with duckdb.connect(config=SETTINGS) as connection, opened_file(path) as (_, source):
        connection.execute("set temp_directory = ''")
        try:
            _attach(connection, source, STORE, key, "read_only, ")
        except duckdb.Error:
            raise unreadable() from None
        connection.execute(f"use {STORE}")
        yield connection


@contextmanager
def opened_file(path: Path) -> Iterator[tuple[int, Path]]:
    """The bytes of a store, still encrypted, in a sealed file in memory: its descriptor and a path that tells nothing of the home.

    Whoever reads by that path can neither change the store nor learn where it lies.

    Raises:
        CgtError: there is no store.
    """
    if not path.is_file():
        raise CgtError("this partner has no sandbox yet", remedy="`cgt-etl sandbox build PARTNER` makes it")
    with os.fdopen(os.memfd_create("sandbox", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING), "w+b") as memory, path.open("rb") as file:
        while chunk := file.read(1 << 20):
            memory.write(chunk)
        memory.flush()
        fcntl.fcntl(memory.fileno(), fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
        yield memory.fileno(), Path(f"/proc/{os.getpid()}/fd/{memory.fileno()}")


def content_digest(frame: pl.DataFrame) -> str:
    """sha256 of the rows as JSON lines, in their order."""
    return hashlib.sha256(frame.write_ndjson().encode()).hexdigest()


def unreadable() -> CgtError:
    """What is said where a store and its key do not fit."""
    return CgtError(
        "the sandbox does not open: its file was changed, or another key made it", remedy="`cgt-etl sandbox build` makes it anew"
    )


@contextmanager
def _writing() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that can write encrypted files: the OpenSSL that it takes is in DuckDB's extension for HTTP, which is used for nothing
    else."""
    (extension,) = Path(duckdb_extension_httpfs.__file__).parent.glob(f"extensions/v{duckdb.__version__}/httpfs.duckdb_extension")
    with duckdb.connect(config=SETTINGS) as connection:
        connection.execute("set temp_directory = ''")
        connection.execute(f"load {literal(extension)}")
        yield connection


def _attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str, key: bytes, how: str = "encryption_cipher 'GCM', ") -> None:
    connection.execute(f"attach {literal(path)} as {name} ({how}encryption_key {literal(key.hex())})")


def _put(connection: duckdb.DuckDBPyConnection, table: Table) -> None:
    place = f"{STORE}.{quoted(table.schema)}.{quoted(table.name)}"
    connection.execute(f"create schema if not exists {STORE}.{quoted(table.schema)}")
    connection.register("given", table.frame.to_arrow())
    connection.execute(f"create table {place} as select * from given")  # noqa: S608  quoted
    connection.unregister("given")
    connection.execute(f"comment on table {place} is {literal(table.means)}")
    for name in table.frame.columns:
        if table.columns.get(name):
            connection.execute(f"comment on column {place}.{quoted(name)} is {literal(table.columns[name])}")


def _keep(unfinished: Path, path: Path) -> None:
    unfinished.chmod(0o600)
    descriptor = os.open(unfinished, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    unfinished.replace(path)
    durable.sync_folder(path.parent)
