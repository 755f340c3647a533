"""The process in which a partner's statements run. It is started by `engine`, by its path, and imports nothing of the package.

It has no environment, no folder, no key but the store's, and of the home only the store's encrypted bytes in a sealed file in memory. What
`engine` says comes on standard input, a JSON line each: first the store, then statements; each gets a JSON line back.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

import duckdb

MEMORY = "512MB"
MOST_BYTES = 2 << 30
"""Address space of this process: what DuckDB does not count as its own memory ends here."""
MOST_ROWS = 100_000
MOST_ANSWER = 64 << 20
"""Bytes of an answer."""
CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",
    "extension_directory": "/dev/null/none",  # attaching an encrypted file loads httpfs where it is installed, whatever the two above say
    "temp_directory": "",
    "memory_limit": MEMORY,
    "threads": "1",
}
_SAID = (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException)
"""Raised before any row is read: what they say comes from the statement and from names of tables and columns."""


def main() -> None:
    """Answer until standard input ends."""
    connection = locked(json.loads(sys.stdin.buffer.readline()))
    _tell({})
    for line in sys.stdin.buffer:
        _tell(answered(connection, json.loads(line)))


def _tell(what: dict[str, Any]) -> None:
    sys.stdout.buffer.write(json.dumps(what).encode() + b"\n")
    sys.stdout.buffer.flush()


def locked(store: dict[str, str]) -> duckdb.DuckDBPyConnection:
    """A connection that holds the store and can reach nothing else. `store`: `path` and `key`."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    connection = duckdb.connect(":memory:", config=CONFIG)
    connection.execute(f"attach '{store['path']}' as sandbox (read_only, encryption_key '{store['key']}')")
    connection.execute("use sandbox")
    connection.execute("select * from about.contents").fetchall()
    connection.execute("set enable_external_access = false")
    connection.execute("set disabled_filesystems = 'LocalFileSystem'")
    connection.execute("set lock_configuration = true")
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))
    return connection


def answered(connection: duckdb.DuckDBPyConnection, statement: str) -> dict[str, Any]:
    """The answer to one statement: columns, types, rows and the tables read; or what it is refused for."""
    try:
        parsed = connection.extract_statements(statement)
        if len(parsed) != 1 or parsed[0].type != duckdb.StatementType.SELECT:
            return {"refused": "a sandbox answers one question at a time: a single SELECT"}
        tables = sorted(name.replace('"', "") for name in connection.get_table_names(statement, qualified=True))
        return _rows(connection.execute(parsed[0])) | {"tables": tables}
    except _SAID as error:
        return {"refused": str(error).split("\n")[0].rstrip("!.")}
    except (duckdb.PermissionException, duckdb.InvalidInputException):
        return {"refused": "a sandbox does not allow this"}
    except (duckdb.OutOfMemoryException, MemoryError):
        return {"refused": f"it takes more memory than a question may ({MEMORY})"}
    except Exception as error:  # whatever it is, its text may hold values
        return {"refused": f"the engine stopped ({type(error).__name__}); its words may hold values and are not shown"}


def _rows(result: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    described = result.description or []
    rows: list[list[Any]] = []
    size = 0
    while some := result.fetchmany(1000):
        for row in some:
            rows.append([_plain(value) for value in row])
            size += len(json.dumps(rows[-1]))
        if len(rows) > MOST_ROWS or size > MOST_ANSWER:
            return {"refused": f"the answer is larger than {MOST_ROWS} rows or {MOST_ANSWER >> 20} MB; ask for less, or take the export"}
    return {"columns": [one[0] for one in described], "types": [str(one[1]) for one in described], "rows": rows}


def _plain(value: object) -> object:
    """As JSON has it; what JSON has no form for as text."""
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(name): _plain(one) for name, one in value.items()}
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float) and abs(value) < float("inf"):
        return value
    return str(value)


if __name__ == "__main__":
    main()
