"""Nobody gets out of a sandbox: some of the statements and bombs that `make attack` plays all, and each defence shown to hold alone."""

from __future__ import annotations

import os
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from cgt_etl.sandbox import engine, store
from tests.attack.families import escaping
from tests.sandbox.escapes import BOMBS, KEY, MARK, PLACE, Outside, attacks
from tests.sandbox.locked import FILE_LOCKS, LOCKS, ONE_QUESTION, Lock, attacked, everything, told, without


def test_no_statement_gets_out(outside: Outside) -> None:
    tried = attacks(outside)
    assert len(tried) >= 500, Counter(attack.family for attack in tried)
    assert list(escaping.statements(outside, tried[::9])) == []


def test_what_gets_out_is_seen(outside: Outside) -> None:
    """The player without the locks that cover for one another."""
    reading = [one for one in attacks(outside) if one.statement.startswith("select * from read_text('" + str(outside.text))]
    assert len(list(escaping.statements(outside, reading, without(*FILE_LOCKS)))) == len(reading) > 0


def test_nor_where_statements_of_every_kind_are_run(outside: Outside) -> None:
    """The engine's own locks hold without the check of what a statement is: nothing outside is read, written or unlocked."""
    before = everything(outside.folder)
    with attacked(outside, without(ONE_QUESTION)) as session:
        for attack in (one for one in attacks(outside) if "transaction" not in one.statement.lower()):  # a failed one ends the session
            is_answered, said = told(session, attack.statement)
            assert not (is_answered and attack.family == "read"), attack
            assert MARK not in said or MARK in attack.statement.upper(), attack
        for setting in ("enable_external_access", "threads"):
            assert session.ask(f"select current_setting('{setting}')").rows[0][0] in (False, 1)
    assert everything(outside.folder) == before


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_each_defence_holds_alone(outside: Outside, lock: Lock) -> None:
    """Without those that cover for it the attack fails; `make attack` shows that without it too, it succeeds."""
    with attacked(outside, lock.held) as session:
        assert not told(session, lock.attack(outside))[0]


def test_no_extension_is_loaded(outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Attaching an encrypted file loads httpfs, which can reach the network, from where extensions are installed."""
    with store._writing() as writer:
        writer.execute(f"set extension_directory = '{tmp_path}'")
        writer.execute(f"install '{outside.extension}'")
    loaded = "select loaded from duckdb_extensions() where extension_name = 'httpfs'"
    settings = "select current_setting('autoload_known_extensions'), current_setting('autoinstall_known_extensions')"
    with attacked(outside, without(*FILE_LOCKS)) as session:
        assert session.ask(loaded).rows == ((False,),)
        assert session.ask(settings).rows == ((False, False),)
    with attacked(outside, without(*FILE_LOCKS, changed=(('"/dev/null/none"', f'"{tmp_path}"'),))) as session:
        assert session.ask(loaded).rows == ((True,),)


def test_the_store_is_given_as_sealed_bytes_without_a_place(outside: Outside, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with store.opened_file(outside.own) as (descriptor, path), pytest.raises(PermissionError):
        assert path.read_bytes() == outside.own.read_bytes()
        os.pwrite(descriptor, b"x", 0)
    send = engine.Session._send

    def by_its_place(session: engine.Session, what: Any) -> None:
        send(session, what | {"path": str(outside.own)} if isinstance(what, dict) else what)

    monkeypatch.setattr(engine.Session, "_send", by_its_place)
    with attacked(outside) as session:
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
    assert list(escaping.bombs(outside, BOMBS[::6])) == []


def test_a_bomb_that_is_answered_is_seen(outside: Outside) -> None:
    assert len(list(escaping.bombs(outside, ["select i from range(2) as r(i)"]))) == 1


def test_time_is_what_ends_an_endless_question(outside: Outside) -> None:
    for longest_s in (0.5, 2.0):
        with engine.session(outside.own, KEY, longest_s) as session:
            begun = time.monotonic()
            assert not told(session, BOMBS[0])[0]
            assert time.monotonic() - begun >= longest_s
