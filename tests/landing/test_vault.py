"""The vault gives back what was sealed, or says that it cannot; nothing else."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.landing import vault as module
from cgt_etl.landing.vault import FORMAT, SALT, TAG, Vault, VaultError

KEY = bytes(range(32))
HEADER = len(FORMAT) + SALT
SMALL = 16
"""Chunk size in these tests, so that few bytes make several chunks."""


@contextmanager
def small_chunks() -> Iterator[None]:
    with patch.object(module, "CHUNK", SMALL), patch("cgt_etl.landing.durable.os.fsync"):
        yield


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return Vault(tmp_path_factory.mktemp("home") / "vault", KEY)


@given(st.lists(st.binary(max_size=40), max_size=6))
@settings(max_examples=60, deadline=None)
def test_round_trip_of_any_chunking(shared: Vault, chunks: list[bytes]) -> None:
    with small_chunks():
        shared.seal("a/b/raw.enc", chunks)
        assert b"".join(shared.open("a/b/raw.enc")) == b"".join(chunks)
        with shared.readable("a/b/raw.enc") as path:
            assert path.read_bytes() == path.read_bytes() == b"".join(chunks)


@given(st.binary(max_size=70), st.data())
@settings(max_examples=120, deadline=None)
def test_any_change_is_noticed(shared: Vault, plain: bytes, data: st.DataObject) -> None:
    with small_chunks():
        shared.seal("x/raw.enc", [plain])
        path = shared.path("x/raw.enc")
        sealed = path.read_bytes()
        kind = data.draw(st.sampled_from(["flip", "cut", "append"]))
        if kind == "flip":
            place = data.draw(st.integers(0, len(sealed) - 1))
            changed = sealed[:place] + bytes([sealed[place] ^ data.draw(st.integers(1, 255))]) + sealed[place + 1 :]
        elif kind == "cut":
            changed = sealed[: data.draw(st.integers(0, len(sealed) - 1))]
        else:
            changed = sealed + data.draw(st.binary(min_size=1, max_size=40))
        path.write_bytes(changed)
        with pytest.raises(VaultError):
            list(shared.open("x/raw.enc"))


def blocks_of(sealed: bytes) -> list[bytes]:
    body, size = sealed[HEADER:], SMALL + TAG
    return [body[place : place + size] for place in range(0, len(body), size)]


@pytest.mark.parametrize("order", [[1, 0, 2], [0, 2], [0, 1], [0], [0, 0, 1, 2], [0, 1, 2, 2], [2], []])
def test_chunks_cannot_be_reordered_dropped_or_repeated(shared: Vault, order: list[int]) -> None:
    with small_chunks():
        shared.seal("y/raw.enc", [b"a" * SMALL, b"b" * SMALL, b"c" * SMALL])
        path = shared.path("y/raw.enc")
        sealed = path.read_bytes()
        blocks = blocks_of(sealed)
        path.write_bytes(sealed[:HEADER] + b"".join(blocks[index] for index in order))
        with pytest.raises(VaultError):
            list(shared.open("y/raw.enc"))


def test_one_file_cannot_stand_in_for_another(shared: Vault) -> None:
    shared.seal("p/one.enc", [b"one"])
    shared.path("p/two.enc").write_bytes(shared.path("p/one.enc").read_bytes())
    with pytest.raises(VaultError):
        list(shared.open("p/two.enc"))


def test_another_key_opens_nothing_and_the_message_holds_no_plaintext(shared: Vault) -> None:
    shared.seal("p/one.enc", [b"secret text"])
    with pytest.raises(VaultError) as caught:
        list(Vault(shared.folder, bytes(32)).open("p/one.enc"))
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(shared)
    assert KEY.hex() not in repr(shared)


def test_absent_file_is_named(shared: Vault) -> None:
    with pytest.raises(VaultError, match=r"holds no p/nothing\.enc"):
        list(shared.open("p/nothing.enc"))


def test_modes_and_no_plaintext_on_disk(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault", KEY)
    vault.seal("a/b/raw.enc", [b"CANARY" * 1000])
    for path in [vault.folder, *vault.folder.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)
        if path.is_file():
            assert b"CANARY" not in path.read_bytes()
    with vault.readable("a/b/raw.enc") as plain:
        assert plain.read_bytes() == b"CANARY" * 1000
        assert not any(b"CANARY" in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_a_failed_sealing_leaves_the_old_file(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "vault", KEY)
    vault.seal("raw.enc", [b"old"])

    def broken() -> Iterator[bytes]:
        yield b"new"
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        vault.seal("raw.enc", broken())
    assert b"".join(vault.open("raw.enc")) == b"old"
    assert [path.name for path in vault.folder.rglob("*") if path.is_file()] == ["raw.enc"]
