"""Land one file: hash, seal the raw bytes, admit them through the door, and make the delivery visible in one rename.

Holds the order of these steps, which is what makes a killed landing harmless: the vault first, then the delivery's folder,
the pointer, and last the receipt, which can be made again. Must not hold any rule about rows, and lets no value out: what
goes wrong inside the door is reported by its place in our code.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from cgt_etl.contracts.load import Feed
from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.door.admit import Admission, admit
from cgt_etl.door.tokens import Keys
from cgt_etl.errors import CgtError, NotReady, RefusedFile, place_of
from cgt_etl.extract import Reading
from cgt_etl.landing import durable, receipt, suppression
from cgt_etl.landing.delivery import Delivery, Landed, Manifest, current, point, raw_folder, sequence_key, sequence_of
from cgt_etl.landing.folder import DEFECT, Tables, set_aside_lines, write_admission, write_manifest
from cgt_etl.landing.inbox import envelope_of
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.raw import RawFile
from cgt_etl.landing.regular import chunks_of, sha256_of
from cgt_etl.landing.vault import Vault
from cgt_etl.landing.version import door16, door_of
from cgt_etl.settings import Settings, fault_point

_TOKENISE = "Take it out of the inbox, and have its partner send what `cgt-etl partner tokenise` makes of it"


@dataclass(frozen=True)
class Parcel:
    """Bytes whose raw form lies in the vault, here or at their partner's, and how they came."""

    binding: Binding
    source_name: str
    sha256: str
    envelope: str | None
    """Sequence that the envelope beside the file stated."""
    received_at: str
    """ISO, UTC."""
    admitted_at: str

    @property
    def id(self) -> str:
        """`source_delivery` of its rows."""
        return f"{self.binding.partner.partner}/{self.binding.feed.name}/{self.sha256[:16]}"

    def sequence(self) -> str:
        """Raises RefusedFile where the name or the envelope states none."""
        return sequence_of(self.binding.sequence, self.source_name, self.envelope)

    def manifest(self, version: dict[str, str], *, size: int) -> Manifest:
        """What there is to say of its admission through the door `version` before anything is admitted. `size`: bytes."""
        feed = self.binding.feed
        return Manifest(
            partner=self.binding.partner.partner,
            feed=feed.name,
            dialect=feed.dialect,
            source_name=self.source_name,
            sha256=self.sha256,
            size=size,
            contract={"id": f"{feed.dialect}.{feed.name}", "version": feed.version},
            door16=door16(version),
            door=version,
            sequence=version["sequence"],
            envelope_sequence=self.envelope,
            received_at=self.received_at,
            admitted_at=self.admitted_at,
            status="landed",
        )

    def located(self, error: CgtError) -> CgtError:
        """The same error, saying which delivery it is about."""
        return replace(error, partner=self.binding.partner.partner, feed=self.binding.feed.name, file=self.source_name)


@dataclass(frozen=True)
class Door:
    """The present door of a home, with its keys."""

    settings: Settings
    registry: Registry
    keys: Keys
    suppressed: frozenset[str]

    @classmethod
    def open(cls, settings: Settings, registry: Registry) -> Door:
        """Raises DeclarationError or VaultError where the master key is absent, or another one than the vault was sealed under."""
        keys = keys_of(settings)
        return cls(settings, registry, keys, suppression.load(settings, keys))

    @property
    def vault(self) -> Vault:
        return Vault(self.settings.vault, self.keys.vault)

    def raw(self, parcel: Parcel) -> RawFile:
        """The bytes in the vault."""
        return RawFile(self.vault, self.keys, parcel.id)

    def version(self, parcel: Parcel) -> tuple[dict[str, str], RefusedFile | None]:
        """What an admission of these bytes depends on, and the refusal where they state no sequence (which is empty then)."""
        digest = suppression.digest(self.suppressed)
        try:
            return door_of(self.registry, parcel.binding, digest, parcel.sequence()), None
        except RefusedFile as error:
            return door_of(self.registry, parcel.binding, digest, ""), error


def land(
    settings: Settings, registry: Registry, binding: Binding, path: Path, received_at: datetime, *, looked_at: str | None = None
) -> Landed:
    """Land the file at `path` under the present door. The caller holds the lease.

    Bytes that have landed are not landed again, unless their sequence is later now: then the sender repeats what it said
    before, and the later sequence counts, whichever of the two came first.

    Args:
        received_at: with a zone; goes to manifest.json alone.
        looked_at: sha256 of the bytes that were found to be whole; others are not landed.

    Raises:
        CgtError: the file cannot be read, changed meanwhile, or the door failed on it; or the hub's key makes no tokens. Nothing is
            visible then.
    """
    sha256, now = sha256_of(path), iso(received_at)
    if looked_at not in (None, sha256):
        raise NotReady("it changed since it was looked at", remedy="Nothing to do: it is taken when it has settled")
    known = current(settings, binding.partner.partner, binding.feed.name, sha256)
    parcel = Parcel(binding, path.name, sha256, envelope_of(path), known.manifest.received_at if known else now, now)
    door = Door.open(settings, registry)
    if not door.keys.makes_tokens:
        raise parcel.located(CgtError("this hub takes tokenised deliveries alone, and has no vault for this file", remedy=_TOKENISE))
    if known is None or (known.manifest.is_tokenised and _is_later(parcel, known)):
        with clean(parcel):
            raw = _unchanged(chunks_of(path), parcel)
            door.vault.seal(door.raw(parcel).name, raw)
    elif not _is_later(parcel, known):
        receipt.write_missing(settings, known, binding.feed)
        return Landed.of(known, path.name, is_new=False)
    fault_point("vault.raw_written")
    return Landed.of(admit_parcel(door, parcel), path.name, is_new=True)


def admit_parcel(door: Door, parcel: Parcel) -> Delivery:
    """Admit bytes from the vault through the present door and make that what counts. The caller holds the lease.

    Where this door has admitted these bytes before (a killed run, a contract that was set back), that admission counts again.

    Raises:
        CgtError: as `land`.
    """
    version, refusal = door.version(parcel)
    target = raw_folder(door.settings, *parcel.id.split("/")) / door16(version)
    with clean(parcel):
        if not target.is_dir():
            make_visible(door.settings, target, lambda folder: _admit(door, parcel, version, refusal, folder))
        return make_current(door.settings, parcel.binding.feed, target)


def make_visible(settings: Settings, target: Path, fill: Callable[[Path], Manifest]) -> None:
    """Make the admission `target` whole or not at all; `fill` writes its files into an empty folder and gives its manifest.

    Raises:
        OSError: the disk is full or cannot be written; and what `fill` raises.
    """
    with durable.workplace(settings.landing) as folder:
        manifest = fill(folder)
        fault_point("landing.accepted_written")
        write_manifest(folder, manifest)
        durable.sync_tree(folder)
        durable.make_folder(target.parent)
        fault_point("landing.before_rename")
        folder.rename(target)
        durable.sync_folder(target.parent)


def make_current(settings: Settings, feed: Feed, target: Path) -> Delivery:
    """Make `target` the admission of its bytes that counts, and tell the partner."""
    fault_point("landing.after_rename")
    point(settings, target.parent, target.name)
    delivery = Delivery.at(target)
    receipt.write(settings, delivery, feed)
    return delivery


def _admit(door: Door, parcel: Parcel, version: dict[str, str], refusal: RefusedFile | None, folder: Path) -> Manifest:
    """Fill `folder` with an admission, or with nothing where the file is refused; its manifest."""
    with door.raw(parcel).reading(parcel.binding.feed, parcel.source_name) as raw:
        manifest = parcel.manifest(version, size=raw.size)
        tables = Tables(folder)
        outcome = refusal or examine(door, parcel, version["sequence"], raw.reading, tables)
        if isinstance(outcome, RefusedFile):
            tables.throw_away()
            counts = {"bytes": {"in": manifest.size, "refused": manifest.size}}
            return replace(manifest, status="refused", reason=str(parcel.located(outcome)), rule=outcome.rule, counts=counts)
        manifest = write_admission(folder, manifest, outcome, tables)
        door.vault.seal(f"{parcel.id}/{manifest.door16}/set_aside.enc", set_aside_lines(outcome))
        return manifest


def iso(moment: datetime) -> str:
    """A time with a zone as ISO text in UTC, to the second."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def examine(door: Door, parcel: Parcel, sequence: str, reading: Reading, tables: Tables) -> Admission | RefusedFile:
    """Read and judge; accepted rows go into `tables` as soon as they are through."""
    try:
        return admit(
            parcel.binding,
            reading,
            door.keys,
            door.suppressed,
            door.registry,
            source_delivery=parcel.id,
            sequence=sequence,
            hand_on=tables.add,
        )
    except RefusedFile as error:
        return error


def _unchanged(chunks: Iterable[bytes], parcel: Parcel) -> Iterator[bytes]:
    """The same chunks; fails at their end, before anything is renamed, if they are not the bytes that were hashed."""
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
        yield chunk
    if digest.hexdigest() != parcel.sha256:
        raise parcel.located(CgtError("the file changed while it was read", remedy="Run again when it has been delivered whole"))


def _is_later(parcel: Parcel, known: Delivery) -> bool:
    try:
        return sequence_key(parcel.sequence()) > sequence_key(known.sequence)
    except RefusedFile:
        return False


@contextmanager
def clean(parcel: Parcel) -> Iterator[None]:
    """Whatever goes wrong becomes one clear sentence. The message of an error that is not ours may hold a value: it is dropped."""
    try:
        yield
    except CgtError as error:
        raise parcel.located(error) from None
    except OSError as error:
        problem = f"the delivery could not be written ({os.strerror(error.errno or 0)})"
        raise parcel.located(CgtError(problem, remedy="Free space or mend the disk that holds CGT_HOME, and run again")) from None
    except Exception as error:
        problem = f"the door failed on this file ({type(error).__name__} at {place_of(error)})"
        raise parcel.located(CgtError(problem, remedy=DEFECT)) from None
