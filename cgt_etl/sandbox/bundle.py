"""A copy of a sandbox that the partner opens on its own machine: an encrypted DuckDB file, a dictionary, a manifest and how to open it.

    sandbox.duckdb   under a key of this partner and release alone; the key is never in the folder
    dictionary.csv   every table and column, type and meaning
    manifest.json    what it was made from, rows and sha256 of every table and file, the head of the audit trail
    README.md        how to open it

Of one sandbox every file is the same each time but `sandbox.duckdb`, in which DuckDB draws salts and nonces anew, and what the manifest
says of its bytes; `tables` there says by hash that the rows are the same. Reads a store and nothing else.
"""

from __future__ import annotations

import csv
import io
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from cgt_etl.errors import CgtError
from cgt_etl.landing import durable
from cgt_etl.release import digest
from cgt_etl.sandbox import store

SCHEMA_VERSION = "1.0.0"
MANIFEST, DICTIONARY, README = "manifest.json", "dictionary.csv", "README.md"


def write(path: Path, key: bytes, out: Path, new_key: bytes, said: dict[str, str]) -> dict[str, Any]:
    """Write the bundle of the store `path` as the new folder `out`, whole or not at all; gives its manifest.

    Args:
        said: partner and head of the audit trail, for the manifest.

    Raises:
        CgtError: `out` exists, or the store does not open.
    """
    if out.exists():
        raise CgtError("the folder to export into exists", remedy="Name a new one")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".bundle-", dir=out.parent) as workplace:
        made = Path(workplace) / out.name
        made.mkdir(mode=0o700)
        store.copy(path, key, made / store.FILE, new_key)
        (made / durable.WORKPLACE).rmdir()
        with store.reading(made / store.FILE, new_key) as connection:
            (made / DICTIONARY).write_text(_dictionary(connection), encoding="utf-8")
            manifest = {"schema_version": SCHEMA_VERSION, **said, **_contents(connection)}
        (made / README).write_text(_README, encoding="utf-8")
        files = sorted(file for file in made.iterdir())
        manifest["files"] = {file.name: {"sha256": digest.of_file(file), "bytes": file.stat().st_size} for file in files}
        (made / MANIFEST).write_text(digest.json_text(manifest), encoding="utf-8")
        durable.sync_tree(made)
        made.rename(out)
    return manifest


def _contents(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    made = dict(connection.execute("select name, value from about.made_from order by name").fetchall())
    listed = connection.execute("select schema_name, table_name, rows, sha256 from about.contents order by all").fetchall()
    return {
        "made_from": made,
        "tables": {f"{schema}.{table}": {"rows": rows, "sha256_of_rows": sha256} for schema, table, rows, sha256 in listed},
    }


def _dictionary(connection: duckdb.DuckDBPyConnection) -> str:
    """A row per column; `column` is empty in the row of a table as a whole."""
    rows = connection.execute(
        f"""
        select schema_name, table_name, '' as column_name, '' as data_type, coalesce(comment, '') as meaning, -1 as place
        from duckdb_tables() where database_name = '{store.STORE}'
        union all
        select schema_name, table_name, column_name, data_type, coalesce(comment, ''), column_index
        from duckdb_columns() where database_name = '{store.STORE}' and not internal
        order by schema_name, table_name, place
        """  # noqa: S608  a constant
    ).fetchall()
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(("schema", "table", "column", "type", "meaning"))
    writer.writerows(row[:5] for row in rows)
    return text.getvalue()


_README = """# Your sandbox

`sandbox.duckdb` is a DuckDB database, encrypted with AES-256 in GCM mode. You have its key apart from this folder. In DuckDB (1.5 or
later), from this folder, with the key in place of KEY:

```sql
ATTACH 'sandbox.duckdb' AS sandbox (ENCRYPTION_KEY 'KEY', READ_ONLY);
USE sandbox;
SELECT * FROM about.contents;
```

| schema | holds |
|---|---|
| `delivered` | what you delivered, as the door accepted it, and in `verdict` what it said of your rows |
| `own` | the same records in the network's terms, codes and units |
| `collective` | the tables that all partners learn, of every quarterly cut; an empty `subjects` is withheld |
| `network` | the bands in which quartiles of the network lie, from the last cut |
| `about` | what this was made from, and the rows and hash of each table |

`dictionary.csv` says what columns mean. Names and numbers of people are not in it; a token stands for one, is the same in all tables
here, and can be joined with nothing outside.

`manifest.json` has the sha256 of each file and, of the rows of each table as JSON lines, of each table.
"""
