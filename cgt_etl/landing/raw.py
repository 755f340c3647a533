"""The raw file of a delivery as it stands in the vault: as it came, or written without some records under a signed statement.

    vault/<partner>/<feed>/<raw16>/raw.enc          sealed
    vault/<partner>/<feed>/<raw16>/rewritten.json   only where records were erased from it: hashes, positions, tombstone; names nobody

A delivery keeps its id, the hash of the bytes that came, so that these are known when they are sent again. The statement is written before
the bytes: the records it lists are passed over whichever of the two a killed erasure left. Decides on nobody's erasure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from cgt_etl.contracts.load import Feed
from cgt_etl.door.tokens import Keys
from cgt_etl.extract import Reading, open_delivery
from cgt_etl.landing import durable, signed
from cgt_etl.landing.vault import Vault, VaultError
from cgt_etl.settings import fault_point

NAME, STATEMENT = "raw.enc", "rewritten.json"
STUB = b"Every record of this file was erased; rewritten.json beside it says under which tombstone.\n"
"""What is sealed in the place of a file of which no record is left."""


@dataclass(frozen=True)
class Rewritten:
    """What a home says of a raw file that it wrote anew."""

    delivery: str
    sha256: str
    """Of the bytes that came."""
    size: int
    """Of these, in bytes."""
    before: str
    """sha256 of what stood there until this rewriting: the bytes that came, or what an earlier one left."""
    after: str
    """sha256 of what stands there now."""
    positions: tuple[int, ...]
    """Of all records that were ever erased from it; they are passed over."""
    is_whole: bool
    """No record is left: in place of the file lies `STUB`."""
    tombstone: int
    """Number of the one under which it was written."""


@dataclass(frozen=True)
class Opened:
    """A raw file that can be read."""

    reading: Reading
    size: int
    """Of the bytes that came."""


@dataclass(frozen=True)
class RawFile:
    """The raw file of one delivery. `keys` open the vault and check the statement."""

    vault: Vault
    keys: Keys
    delivery: str

    @property
    def name(self) -> str:
        """In the vault."""
        return f"{self.delivery}/{NAME}"

    def rewritten(self) -> Rewritten | None:
        """What was said when it was written anew; None where it is as it came.

        Raises:
            VaultError: the statement is not what this home signed, or is about another file.
        """
        path = self.vault.path(f"{self.delivery}/{STATEMENT}")
        if not path.exists():
            return None
        try:
            written = json.loads(path.read_bytes())
            said = written["rewritten"]
            if signed.is_signed(self.keys, said, written["signature"]) and said["delivery"] == self.delivery:
                return Rewritten(**{**said, "positions": tuple(said["positions"])})
        except (ValueError, TypeError, KeyError):
            pass
        raise VaultError(f"the vault's {self.delivery}/{STATEMENT} is not what was signed", remedy="Restore it from the vault's backup")

    @contextmanager
    def reading(self, feed: Feed, source_name: str) -> Iterator[Opened]:
        """Opened for the records that are left in it, at the positions where they came.

        Raises:
            VaultError: it is not there, was altered, or the key is another.
            RefusedFile: while it is iterated.
        """
        said = self.rewritten()
        if said is not None and said.is_whole:
            yield Opened(Reading(lambda _: iter(())), said.size)
            return
        with self.vault.readable(self.name) as path:
            reading = open_delivery(feed, path, source_name, frozenset(said.positions if said else ()))
            yield Opened(reading, said.size if said else path.stat().st_size)

    def replace(self, said: Rewritten, chunks: Iterable[bytes]) -> None:
        """Say it, then seal the chunks in the place of what is there.

        Raises:
            VaultError: they are not what is said; what was sealed is still there.
        """
        told = json.loads(json.dumps(asdict(said)))
        text = json.dumps({"rewritten": told, "signature": signed.signature(self.keys, told)}, indent=1, sort_keys=True) + "\n"
        path = self.vault.path(f"{self.delivery}/{STATEMENT}")
        durable.replace_file(path, [text.encode()], 0o600, root=self.vault.folder)
        fault_point("erase.raw_said")
        self.vault.seal(self.name, self._held_to(said.after, chunks))
        fault_point("erase.raw_sealed")

    def _held_to(self, sha256: str, chunks: Iterable[bytes]) -> Iterator[bytes]:
        found = hashlib.sha256()
        for chunk in chunks:
            found.update(chunk)
            yield chunk
        if found.hexdigest() != sha256:
            raise VaultError(f"{self.name} is not written twice alike", remedy="Ask the maintainers; what was sealed is still there")
