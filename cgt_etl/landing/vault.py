"""The vault: raw bytes and set-aside values, encrypted; the only place that holds direct identifiers.

Holds the sealing of byte streams and nothing about what they mean. Never writes a plaintext to disk.

A sealed file is a header (8 bytes of format, 32 bytes of salt) and chunks of AES-256-GCM in the STREAM construction
(Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO
2015): the nonce of chunk i is i in 11 bytes and a last byte that is 1 for the last chunk alone, so that chunks cannot be
cut off, reordered, repeated or added to. The key of a file is HKDF-SHA256 of the vault key under the file's salt. Header
and the file's name in the vault are authenticated with every chunk, so that one sealed file cannot stand in for another.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from cgt_etl.errors import CgtError
from cgt_etl.landing import durable
from cgt_etl.private_file import private_file

FORMAT = b"CGTVLT1\n"
SALT = 32
TAG = 16
CHUNK = 1 << 20
"""Plaintext bytes of every chunk but the last; part of the format."""


class VaultError(CgtError):
    """A sealed file that is absent, altered, cut off, moved, or sealed under another key."""


@dataclass(frozen=True)
class Vault:
    """The vault of one home. `key`: 32 bytes (`Keys.vault`). Names are paths below `folder` with `/`."""

    folder: Path
    key: bytes = field(repr=False)

    def path(self, name: str) -> Path:
        return self.folder / name

    def seal(self, name: str, chunks: Iterable[bytes]) -> None:
        """Encrypt a stream of any chunking to `name`, durably, whole or not at all; replaces what stood there."""
        path = self.path(name)
        durable.make_folder(self.folder, 0o700)
        durable.make_folder(path.parent, 0o700)
        durable.replace_file(path, _sealed(self.key, name, chunks), 0o600, root=self.folder)

    def open(self, name: str) -> Iterator[bytes]:
        """The plaintext, chunk by chunk; each chunk is authentic, the whole only once the iterator has ended.

        Raises:
            VaultError: there is no such file, or it is not the one that was sealed.
        """
        if not self.path(name).is_file():
            raise VaultError(f"the vault holds no {name}", remedy="Restore the vault from its backup, or have the file sent again")
        with self.path(name).open("rb") as file:
            yield from _opened(self.key, name, file)

    @contextmanager
    def readable(self, name: str) -> Iterator[Path]:
        """A path at which this process can read the plaintext of `name`, from memory: it is gone with the process.

        Raises:
            VaultError: as `open`, before anything is given.
        """
        with private_file(self.open(name), "cgt-vault") as path:
            yield path


def printable(text: str) -> str:
    """What a partner wrote, as a terminal may show it: control characters as escapes, so that they cannot steer it."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in text)


def _sealed(key: bytes, name: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
    header = FORMAT + secrets.token_bytes(SALT)
    cipher, bound = _cipher(key, header, name)
    yield header
    index = 0
    pending = b""
    for block in _blocks(chunks):
        if pending:
            yield cipher.encrypt(_nonce(index, is_last=False), pending, bound)
            index += 1
        pending = block
    yield cipher.encrypt(_nonce(index, is_last=True), pending, bound)


def _opened(key: bytes, name: str, file: BinaryIO) -> Iterator[bytes]:
    header = file.read(len(FORMAT) + SALT)
    if len(header) != len(FORMAT) + SALT or not header.startswith(FORMAT):
        raise _altered(name)
    cipher, bound = _cipher(key, header, name)
    index = 0
    block = file.read(CHUNK + TAG)
    while True:
        following = file.read(CHUNK + TAG)
        try:
            plain = cipher.decrypt(_nonce(index, is_last=not following), block, bound)
        except (InvalidTag, ValueError):
            plain = None
        if plain is None:
            raise _altered(name)
        yield plain
        if not following:
            return
        index, block = index + 1, following


def _altered(name: str) -> VaultError:
    return VaultError(
        f"the vault's {name} is not what was sealed there, or was sealed under another master key",
        remedy="Set the master key of this home, or restore the file from the vault's backup",
    )


def _cipher(key: bytes, header: bytes, name: str) -> tuple[AESGCM, bytes]:
    file_key = HKDF(algorithm=SHA256(), length=32, salt=header[len(FORMAT) :], info=b"cgt_etl vault file").derive(key)
    return AESGCM(file_key), header + name.encode()


def _nonce(index: int, *, is_last: bool) -> bytes:
    return index.to_bytes(11, "big") + (b"\x01" if is_last else b"\x00")


def _blocks(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of CHUNK; the last may be shorter, none is empty."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= CHUNK:
            yield bytes(held[:CHUNK])
            del held[:CHUNK]
    if held:
        yield bytes(held)
