"""Nobody gets out of a sandbox: 500 statements and more, and each defence shown to hold alone and to be missed."""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cgt_etl.sandbox import engine, store
from tests.sandbox.escapes import BOMBS, KEY, MARK, PLACE, Attack, Outside, attacks

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


def without(*lines: str, changed: tuple[tuple[str, str], ...] = ()) -> str:
    """The worker without some of its lines."""
    text = WORKER
    for old, new in [*((line, line.split("if ")[0] + "if False:\n" if line.strip().startswith("if ") else "") for line in lines), *changed]:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


@contextmanager
def attacked(outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, worker: str = WORKER) -> Iterator[engine.Session]:
    """A session with the sandbox, in which such a worker answers."""
    place = tmp_path / "worker.py"
    place.write_text(worker)
    monkeypatch.setattr(engine, "WORKER", place)
    with engine.session(outside.own, KEY, 20.0) as session:
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


def test_no_statement_gets_out(outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    tried = attacks(outside)
    assert len(tried) >= 500, Counter(attack.family for attack in tried)
    before = everything(outside.folder)
    with attacked(outside, monkeypatch, tmp_path) as session:
        escaped = [attack for attack in tried if succeeds(session, attack)]
        assert session.ask("select count(*) from own.event").rows == ((2,),), "and it still answers questions"
    assert escaped == []
    assert everything(outside.folder) == before, "nothing outside was written, changed or removed"


def test_nor_where_statements_of_every_kind_are_run(outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The engine's own locks hold without the check of what a statement is: nothing outside is read, written or unlocked."""
    before = everything(outside.folder)
    with attacked(outside, monkeypatch, tmp_path, without(ONE_QUESTION)) as session:
        for attack in (one for one in attacks(outside) if "transaction" not in one.statement.lower()):  # a failed one ends the session
            is_answered, said = told(session, attack.statement)
            assert not (is_answered and attack.family == "read"), attack
            assert MARK not in said or MARK in attack.statement.upper(), attack
        for setting in ("enable_external_access", "threads"):
            assert session.ask(f"select current_setting('{setting}')").rows[0][0] in (False, 1)
    assert everything(outside.folder) == before


FILE_LOCKS = (EXTERNAL, FILESYSTEM, NO_FILES)
"""Each covers for the others; each alone keeps files from being read."""


@pytest.mark.parametrize(
    ("defence", "covered_by", "statement"),
    [
        pytest.param(ONE_QUESTION, (), "create temp table new as select 1 as x", id="one question"),
        pytest.param(ONE_QUESTION, (), "explain select 1", id="a question alone"),
        *(
            pytest.param(one, tuple(other for other in FILE_LOCKS if other != one), "select * from read_text('{text}')", id=name)
            for one, name in zip(FILE_LOCKS, ("external access", "file system", "no files"), strict=True)
        ),
        pytest.param(LOCK, (ONE_QUESTION,), "set threads = 64", id="configuration locked"),
        pytest.param(NO_WRITING, (*FILE_LOCKS, ONE_QUESTION), "copy (select 1) to '{folder}/new.csv'", id="nothing is written"),
        pytest.param(MEMORY, (), "select count(l) from (select list(i) as l from range(12000000) as r(i))", id="memory"),
        pytest.param(ADDRESSES, (), "select strlen(repeat(repeat('x', 1000000), 400))", id="memory that is not counted"),
        pytest.param(ROWS, (), "select i from range(3000) as r(i)", id="size of an answer"),
    ],
)
def test_each_defence_holds_alone_and_is_missed(
    outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, defence: str, covered_by: tuple[str, ...], statement: str
) -> None:
    """Without those that cover for it the attack fails; without it too, it succeeds."""
    attack = statement.format(text=outside.text, folder=outside.folder)
    smaller = {
        MEMORY: (('MEMORY = "512MB"', 'MEMORY = "128MB"'),),
        ADDRESSES: (("MOST_BYTES = 2 << 30", "MOST_BYTES = 500 << 20"),),
        ROWS: (("MOST_ROWS = 100_000", "MOST_ROWS = 1_000"),),
    }
    changed = smaller.get(defence, ())
    with attacked(outside, monkeypatch, tmp_path, without(*covered_by, changed=changed)) as session:
        assert not told(session, attack)[0]
    with attacked(outside, monkeypatch, tmp_path, without(*covered_by, defence, changed=changed)) as session:
        assert told(session, attack)[0]
    (outside.folder / "new.csv").unlink(missing_ok=True)


def test_frames_of_the_process_are_not_read(outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    holds = (("    try:\n        parsed", f"    held_frame = connection.sql(\"select '{MARK}' as x\")\n    try:\n        parsed"),)
    with attacked(outside, monkeypatch, tmp_path, without(EXTERNAL, NO_FILES, changed=holds)) as session:
        assert not told(session, "select * from held_frame")[0]
    with attacked(outside, monkeypatch, tmp_path, without(EXTERNAL, NO_FILES, NO_FRAMES, changed=holds)) as session:
        assert MARK in told(session, "select * from held_frame")[1]


def test_no_extension_is_loaded(outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Attaching an encrypted file loads httpfs, which can reach the network, from where extensions are installed."""
    with store._writing() as writer:
        writer.execute(f"set extension_directory = '{tmp_path}'")
        writer.execute(f"install '{outside.extension}'")
    loaded = "select loaded from duckdb_extensions() where extension_name = 'httpfs'"
    settings = "select current_setting('autoload_known_extensions'), current_setting('autoinstall_known_extensions')"
    with attacked(outside, monkeypatch, tmp_path, without(*FILE_LOCKS)) as session:
        assert session.ask(loaded).rows == ((False,),)
        assert session.ask(settings).rows == ((False, False),)
    with attacked(outside, monkeypatch, tmp_path, without(*FILE_LOCKS, changed=(('"/dev/null/none"', f'"{tmp_path}"'),))) as session:
        assert session.ask(loaded).rows == ((True,),)


def test_the_store_is_given_as_sealed_bytes_without_a_place(outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with store.opened_file(outside.own) as (descriptor, path), pytest.raises(PermissionError):
        assert path.read_bytes() == outside.own.read_bytes()
        os.pwrite(descriptor, b"x", 0)
    send = engine.Session._send

    def by_its_place(session: engine.Session, what: Any) -> None:
        send(session, what | {"path": str(outside.own)} if isinstance(what, dict) else what)

    monkeypatch.setattr(engine.Session, "_send", by_its_place)
    with attacked(outside, monkeypatch, tmp_path) as session:
        assert PLACE in told(session, "select path from duckdb_databases()")[1]


def test_the_process_has_no_environment_no_folder_and_no_file_but_the_store(outside: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", MARK)
    with engine.session(outside.own, KEY) as session:
        session.ask("select 1")
        assert session._process is not None
        process = Path(f"/proc/{session._process.pid}")
        assert (process / "environ").read_bytes() == b""
        assert (process / "cwd").readlink() == Path("/")
        assert PLACE.encode() not in (process / "cmdline").read_bytes()
        assert KEY.hex().encode() not in (process / "cmdline").read_bytes()
        opened = {str(one.readlink()).split(":")[0] for one in (process / "fd").iterdir()}
        assert opened <= {"pipe", "/dev/null", "/memfd", "anon_inode"}


def test_bombs_are_bounded(outside: Outside) -> None:
    with engine.session(outside.own, KEY, 0.7) as session:
        for bomb in BOMBS:
            session.ask("select 1")  # the process is there
            begun = time.monotonic()
            assert not told(session, bomb)[0], bomb
            assert time.monotonic() - begun < 10, bomb
        assert session.ask("select count(*) from own.event").rows == ((2,),), "and it still answers questions"


def test_time_is_what_ends_an_endless_question(outside: Outside) -> None:
    for longest_s in (0.5, 2.0):
        with engine.session(outside.own, KEY, longest_s) as session:
            begun = time.monotonic()
            assert not told(session, BOMBS[0])[0]
            assert time.monotonic() - begun >= longest_s
