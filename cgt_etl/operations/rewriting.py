"""Raw files of the vault without the records that the present door erases: planned and proved first, then put in their place.

A file is replaced only where the present door gives the same of what is written as it gave of what came, nothing erased, and where none of
the erased identifiers stands in what is left of it beside the records that stay. Else it stays as it is, and the reason is told. Must not
hold whom to erase (the door's), nor how a format is written (`extract.without`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from cgt_etl.contracts.load import Feed
from cgt_etl.contracts.registry import Registry
from cgt_etl.door.admit import UNMAPPED
from cgt_etl.door.erased import Erased, erased
from cgt_etl.door.suppress import Suppression
from cgt_etl.errors import CgtError, RefusedFile, place_of
from cgt_etl.extract import Reading, open_delivery
from cgt_etl.extract.without import CannotEmpty, contents, without
from cgt_etl.extract.without.naming import naming
from cgt_etl.landing import durable
from cgt_etl.landing.delivery import MANIFEST, Delivery, Manifest
from cgt_etl.landing.folder import VERDICT_FILE, Tables, set_aside_lines, write_admission
from cgt_etl.landing.land import Door, Parcel, examine
from cgt_etl.landing.raw import STUB, RawFile, Rewritten
from cgt_etl.landing.version import door16
from cgt_etl.private_file import private_file
from cgt_etl.settings import Settings

_OTHER_TYPE = "resourceType:"


class Left(Exception):
    """Why a raw file stays as it is, in words without a value."""


@dataclass(frozen=True)
class Planned:
    """A raw file that can be written anew."""

    delivery: Delivery
    said: Rewritten
    records: int
    """That are erased from it now."""
    texts: frozenset[str]
    """Identifiers in these."""
    is_done: bool
    """A killed erasure had written it."""


class Rewriting:
    """The raw files of one home under its present door."""

    def __init__(self, settings: Settings, registry: Registry, tombstone: int) -> None:
        self._settings, self._tombstone = settings, tombstone
        self._door = Door.open(settings, registry)

    def plan(self, delivery: Delivery) -> Planned:
        """What would stand in place of a raw file of which the present door erased something; proved.

        Raises:
            Left: it has to stay as it is.
        """
        with _told():
            parcel = self._parcel(delivery)
            raw = self._door.raw(parcel)
            before = raw.rewritten()
            with raw.vault.readable(raw.name) as path:
                sha256, size = _sha256(path), path.stat().st_size
                done = before if before is not None and before.after == sha256 else None
                gone = frozenset(before.positions if before is not None else ())
                reading = open_delivery(parcel.binding.feed, path, delivery.source_name, gone if done else frozenset())
                found = Erased() if done and done.is_whole else self._erased(parcel, reading)
                if done and not found.positions:
                    return Planned(delivery, done, 0, frozenset(), is_done=True)
                if not found.positions:
                    raise Left("no record of it is found again that the door erased")
                found.kept -= gone
                others = any(name.startswith(_OTHER_TYPE) for name in reading.unmapped)
                said = Rewritten(
                    delivery.id,
                    delivery.sha256,
                    before.size if before is not None else size,
                    sha256,
                    "",
                    tuple(sorted(gone | found.positions)),
                    is_whole=not (found.kept or others),
                    tombstone=self._tombstone,
                )
                planned = Planned(delivery, said, len(found.positions), frozenset(found.texts), is_done=False)
                after = self._proved(parcel, planned, found, path)
                return replace(planned, said=replace(said, after=after))

    def carry_out(self, planned: Planned) -> None:
        """Put it in its place, and have the delivery's manifest say that its raw bytes hold nobody who was erased."""
        raw = RawFile(self._door.vault, self._door.keys, planned.delivery.id)
        if not planned.is_done:
            feed = self._door.registry.binding(planned.delivery.partner, planned.delivery.feed).feed
            with raw.vault.readable(raw.name) as path:
                raw.replace(planned.said, _written(feed, path, planned))
        said = replace(planned.delivery.manifest, raw_holds_erased=False)
        durable.replace_file(planned.delivery.folder / MANIFEST, [said.text().encode()], root=self._settings.landing)

    def names_somebody(self, delivery: Delivery) -> bool:
        """Whether a refused file, which nobody could take apart, names a suppressed person as one of its words.

        Raises:
            Left: it cannot be looked into.
        """
        with _told():
            parcel = self._parcel(delivery)
            raw, door = self._door.raw(parcel), self._door
            suppression = Suppression(parcel.binding, door.registry, door.keys, door.suppressed)
            with raw.vault.readable(raw.name) as path:
                parts = contents(parcel.binding.feed, path, delivery.source_name)
                return any(suppression.names(text) for part in parts for text in _texts(part))

    def _parcel(self, delivery: Delivery) -> Parcel:
        said = delivery.manifest
        binding = self._door.registry.binding(delivery.partner, delivery.feed)
        return Parcel(binding, delivery.source_name, delivery.sha256, said.envelope_sequence, said.received_at, said.admitted_at)

    def _erased(self, parcel: Parcel, reading: Reading) -> Erased:
        door = self._door
        return erased(parcel.binding, reading, door.registry, door.keys, door.suppressed, sequence=parcel.sequence())

    def _proved(self, parcel: Parcel, planned: Planned, found: Erased, path: Path) -> str:
        """sha256 of what is written, after the present door has read it."""
        feed, name, positions = parcel.binding.feed, planned.delivery.source_name, frozenset(planned.said.positions)
        version, _ = self._door.version(parcel)
        if door16(version) != planned.delivery.door16:
            raise Left("an earlier door admitted it: `cgt-etl reland`, then again")
        with private_file(_written(feed, path, planned), "cgt-rewritten") as written:
            reading = Reading(lambda _: iter(())) if planned.said.is_whole else open_delivery(feed, written, name, positions)
            self._check_same(parcel, planned.delivery, reading, version["sequence"])
            if not planned.said.is_whole:
                if self._erased(parcel, open_delivery(feed, written, name)).positions:
                    raise Left("a record would be left in it that the door erases")
                every = replace(planned.said, positions=tuple(sorted(positions | found.kept)))
                self._check_gone(feed, written, name, replace(planned, said=every))
            return _sha256(written)

    def _check_same(self, parcel: Parcel, delivery: Delivery, reading: Reading, sequence: str) -> None:
        """The present door gives of the reading what it gave of the delivery, and erases nothing."""
        said = delivery.manifest
        with durable.workplace(self._settings.landing, 0o700) as folder:
            tables = Tables(folder)
            admission = examine(self._door, parcel, sequence, reading, tables)
            if isinstance(admission, RefusedFile):
                raise Left("the door would refuse what is written")
            aside = b"".join(set_aside_lines(admission))
            again = write_admission(folder, said, admission, tables)
            is_same = (
                (again.objects, again.links, again.demographics) == (said.objects, said.links, said.demographics)
                and _verdicts(folder).equals(_verdicts(delivery.folder))
                and aside == b"".join(self._door.vault.open(f"{delivery.id}/{delivery.door16}/set_aside.enc"))
                and _left_of(again) == _left_of(said)
                and not again.raw_holds_erased
            )
        if not is_same:
            raise Left("the door would make something else of the other records")

    def _check_gone(self, feed: Feed, written: Path, name: str, emptied: Planned) -> None:
        """Beside the records that stay, nothing names an erased one. `emptied`: of every record of the file."""
        is_named = naming(emptied.texts)
        with private_file(_written(feed, written, emptied), "cgt-layout") as layout:
            if any(is_named(text) for part in contents(feed, layout, name) for text in _texts(part)):
                raise Left("an identifier of an erased record stands in it outside of its records")


@contextmanager
def _told() -> Iterator[None]:
    """Whatever goes wrong with a file leaves it as it is. The message of an error that is not ours may hold a value: it is dropped."""
    try:
        yield
    except Left:
        raise
    except CannotEmpty as error:
        raise Left(error.why) from None
    except CgtError as error:
        raise Left(error.what) from None
    except OSError:
        raise
    except Exception as error:
        raise Left(f"writing it failed ({type(error).__name__} at {place_of(error)})") from None


def _written(feed: Feed, path: Path, planned: Planned) -> Iterable[bytes]:
    if planned.said.is_whole:
        return [STUB]
    return without(feed, path, planned.delivery.source_name, frozenset(planned.said.positions), planned.texts)


def _left_of(said: Manifest) -> object:
    """What the counts say of records that were not erased."""
    return [
        {name: of[name] for name in ("accepted", "set_aside")} | {"left": of["in"] - of["erased"]}
        for of in (said.counts["units"], *(rows for _, rows in sorted(said.counts["rows"].items())))
    ]


def _verdicts(folder: Path) -> pl.DataFrame:
    """Without those about elements outside the contract, which are told of the first record that has one, be it erased or not."""
    return pl.read_parquet(folder / VERDICT_FILE).filter(pl.col("rule") != UNMAPPED)


def _texts(part: bytes) -> Iterator[str]:
    """A part of a file as the texts that it may be."""
    yield part.decode("utf-8", "replace")
    if b"\0" in part:
        yield part.decode("utf-16", "replace")
    elif not part.isascii():
        yield part.decode("latin-1")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
