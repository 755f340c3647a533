"""A locked sandbox under attack: what lies around it, what counts as getting out, and the sandbox without one of its locks.

Statements are `escapes`'s. Each lock is taken away from outside, by another text of the process that answers.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from unittest.mock import patch

import duckdb
import duckdb_extension_httpfs
import polars as pl

from cgt_etl.sandbox import engine, store
from cgt_etl.sandbox.own import Table
from tests.sandbox.escapes import KEY, MARK, OTHER_KEY, PLACE, Attack, Outside

WORKER = engine.WORKER.read_text()

ONE_QUESTION = "        if len(parsed) != 1 or parsed[0].type != duckdb.StatementType.SELECT:\n"
EXTERNAL = '    connection.execute("set enable_external_access = false")\n'
FILESYSTEM = "    connection.execute(\"set disabled_filesystems = 'LocalFileSystem'\")\n"
LOCK = '    connection.execute("set lock_configuration = true")\n'
NO_FILES = "    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))\n"
NO_WRITING = "    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))\n"
NO_FRAMES = '    "python_enable_replacements": "false",\n'
MEMORY = '    "memory_limit": MEMORY,\n'
ADDRESSES = "    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))\n"
ROWS = "        if len(rows) > MOST_ROWS or size > MOST_ANSWER:\n"
FILE_LOCKS = (EXTERNAL, FILESYSTEM, NO_FILES)
"""Each covers for the others; each alone keeps files from being read."""


class Lock(NamedTuple):
    """A defence, those that would cover for it, and a statement that succeeds once all are gone.

    `otherwise`: other lines of the worker, as smaller limits, by which it soon does.
    """

    name: str
    line: str
    covered_by: tuple[str, ...]
    statement: str
    otherwise: tuple[tuple[str, str], ...] = ()

    def attack(self, outside: Outside) -> str:
        return self.statement.format(text=outside.text, folder=outside.folder)

    @property
    def held(self) -> str:
        """The worker in which it stands alone."""
        return without(*self.covered_by, changed=self.otherwise)

    @property
    def deleted(self) -> str:
        return without(*self.covered_by, self.line, changed=self.otherwise)


_HELD_FRAME = ("    try:\n        parsed", f"    held_frame = connection.sql(\"select '{MARK}' as x\")\n    try:\n        parsed")
_MUCH = "select count(l) from (select list(i) as l from range(12000000) as r(i))"
LOCKS = (
    Lock("one question", ONE_QUESTION, (), "create temp table new as select 1 as x"),
    Lock("a question alone", ONE_QUESTION, (), "explain select 1"),
    *(
        Lock(name, one, tuple(other for other in FILE_LOCKS if other != one), "select * from read_text('{text}')")
        for one, name in zip(FILE_LOCKS, ("external access", "file system", "no files"), strict=True)
    ),
    Lock("configuration locked", LOCK, (ONE_QUESTION,), "set threads = 64"),
    Lock("nothing is written", NO_WRITING, (*FILE_LOCKS, ONE_QUESTION), "copy (select 1) to '{folder}/new.csv'"),
    Lock("frames of the process", NO_FRAMES, (EXTERNAL, NO_FILES), "select * from held_frame", (_HELD_FRAME,)),
    Lock("memory", MEMORY, (), _MUCH, (('MEMORY = "512MB"', 'MEMORY = "128MB"'),)),
    Lock(
        "memory that is not counted",
        ADDRESSES,
        (),
        "select strlen(repeat(repeat('x', 1000000), 400))",
        (("MOST_BYTES = 2 << 30", "MOST_BYTES = 500 << 20"),),
    ),
    Lock("size of an answer", ROWS, (), "select i from range(3000) as r(i)", (("MOST_ROWS = 100_000", "MOST_ROWS = 1_000"),)),
)


def without(*lines: str, changed: tuple[tuple[str, str], ...] = ()) -> str:
    """The worker without some of its lines."""
    text = WORKER
    for old, new in [*((line, line.split("if ")[0] + "if False:\n" if line.strip().startswith("if ") else "") for line in lines), *changed]:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def around(folder: Path) -> Outside:
    """Two sandboxes and, beside them, files that hold a mark; `folder` is there and has `PLACE` in its name."""
    assert PLACE in folder.name
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
    store.write(out.own, KEY, [_table("own", "event", note=["a", "b"])], {"partner": "one"})
    store.write(out.other, OTHER_KEY, [_table("own", "event", note=[MARK])], {"partner": "two"})
    return out


def _table(schema: str, name: str, **columns: object) -> Table:
    return Table(schema, name, f"{name} of the test", pl.DataFrame(columns), {})


@contextmanager
def attacked(outside: Outside, worker: str = WORKER, longest_s: float = 120.0) -> Iterator[engine.Session]:
    """A session with the sandbox, in which such a worker answers. `longest_s`: what an attack takes on a busy machine ends nothing."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "worker.py"
        place.write_text(worker)
        with patch.object(engine, "WORKER", place), engine.session(outside.own, KEY, longest_s) as session:
            yield session


def told(session: engine.Session, statement: str) -> tuple[bool, str]:
    """Whether a statement is answered, and all that it is told."""
    try:
        answer = session.ask(statement)
    except engine.RefusedQuestion as refused:
        return False, str(refused)
    return True, answer.text("json") + answer.text("csv") + repr(answer)


def succeeds(session: engine.Session, attack: Attack) -> bool:
    is_answered, said = told(session, attack.statement)
    own_words = attack.statement.upper()
    is_marked = any(mark in said and mark.upper() not in own_words for mark in (MARK, PLACE, KEY.hex(), str(Path.home() / ".duckdb")))
    return is_marked or (attack.wrong == "answered" and is_answered)


def everything(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
