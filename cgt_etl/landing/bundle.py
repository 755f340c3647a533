"""The file in which a partner sends a delivery that it tokenised: `<source name>.<raw16>.tokenised`.

A zip without compression: `bundle.json` (everything that a manifest says but our clock), `seal` (HMAC-SHA256 of `bundle.json` under a key
that the partner and the hub hold), then the delivery's Parquet files. The same admission gives the same bytes. Holds the form of the file
and whether it is whole and its sender's; what its rows may be is `inspect`'s.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError

from cgt_etl.contracts.closed import Closed, Slug
from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.errors import RefusedFile
from cgt_etl.landing.delivery import Delivery, Manifest, ObjectFile, Status, current, sequence_key
from cgt_etl.landing.regular import open_regular
from cgt_etl.landing.version import ENGINE, door16
from cgt_etl.settings import Settings

SUFFIX = ".tokenised"
RULE = "F06"
_TOLD, _SEAL = "bundle.json", "seal"
_MOST_TOLD = 1 << 24
_DAY = (1980, 1, 1, 0, 0, 0)
"""Of every entry: a zip cannot leave it out."""
_READ = 1 << 20

Hex64 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Hex32 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[^/\x00-\x1f]{1,255}$")]
Count = Annotated[int, Field(ge=0, strict=True)]


class File(Closed):
    """One Parquet file of the delivery."""

    rows: Count
    sha256: Hex64


class Told(Closed):
    """What `bundle.json` says: as `Manifest`, where it is not said otherwise."""

    bundle: Literal[1]
    engine: str
    """Version of this software that tokenised it."""
    edition: Annotated[int, Field(ge=1, strict=True)]
    """The how manyth admission of these bytes at the partner; a later one takes the place of an earlier."""
    forms: Hex64
    """See `forms_of`."""
    linkage_check: Hex32
    """Tells one linkage key from another."""
    partner: Slug
    feed: Slug
    source_name: Name
    sha256: Hex64
    """Of the raw bytes, which stay where they are."""
    size: Count
    contract: dict[str, str]
    door: dict[str, str]
    sequence: str
    envelope_sequence: str | None
    status: Status
    reason: str | None
    rule: str | None
    counts: dict[str, dict[str, Count] | dict[str, dict[str, Count]]]
    files: dict[str, File]
    """Path below the delivery's folder -> what is there; nothing of a file that was refused."""

    @property
    def door16(self) -> str:
        return door16(self.door)


def name_of(said: Manifest) -> str:
    """Of the file."""
    return f"{said.source_name}.{said.sha256[:16]}{SUFFIX}"


def is_bundle(path: Path) -> bool:
    return path.name.endswith(SUFFIX)


def forms_of(registry: Registry, binding: Binding) -> str:
    """sha256 of how each identifier of a feed is written before it is tokenised: other issuers' partner files decide it, too, and where a
    partner has older ones than the hub, its tokens would link to nobody's."""
    forms = []
    for spec in binding.feed.objects:
        for column in (column for column in spec.columns if column.extension.identifier):
            kind, issuer = column.extension.identifier or "", binding.issuer_of(column)
            form = registry.canonical_form(kind, issuer).model_dump()
            forms.append([spec.name, column.name, kind, issuer, form, list(binding.patterns_of(column))])
    return hashlib.sha256(json.dumps(forms, sort_keys=True).encode()).hexdigest()


def write(path: Path, delivery: Delivery, *, edition: int, forms: str, linkage_check: str, key: bytes) -> None:
    """Write an admission as a bundle, sealed with `key`, whole or not at all; replaces what stood there.

    Raises:
        OSError: the disk is full or cannot be written.
    """
    said = delivery.manifest
    files = {of.file: {"rows": of.rows, "sha256": of.sha256} for of in _files(said)}
    copied = ("partner", "feed", "source_name", "sha256", "size", "contract", "door", "sequence", "envelope_sequence", "status", "reason")
    told = {name: getattr(said, name) for name in (*copied, "rule", "counts")} | {
        "bundle": 1,
        "engine": ENGINE,
        "edition": edition,
        "forms": forms,
        "linkage_check": linkage_check,
        "files": files,
    }
    text = (json.dumps(told, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
    part = path.with_name(f".{path.name}.part")
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr(_entry(_TOLD), text)
        packed.writestr(_entry(_SEAL), _sealed(text, key))
        for name in sorted(files):
            with packed.open(_entry(name), "w", force_zip64=True) as entry, (delivery.folder / name).open("rb") as file:
                while chunk := file.read(_READ):
                    entry.write(chunk)
    part.replace(path)


def told_by(path: Path) -> Told:
    """What a bundle says of itself; nothing of it is sure before `opened`.

    Raises:
        RefusedFile: it is no bundle.
    """
    with _zip(path) as packed:
        return _told(_small(packed, _TOLD))


@contextmanager
def opened(path: Path, key: bytes) -> Iterator[tuple[Told, zipfile.ZipFile]]:
    """What it says, once the seal is found to be the sender's, and the zip to `unpack` from.

    Raises:
        RefusedFile: it is no bundle, holds what it does not name, or was sealed with another key than `key`, or changed since.
    """
    with _zip(path) as packed:
        text = _small(packed, _TOLD)
        if not hmac.compare_digest(_small(packed, _SEAL), _sealed(text, key)):
            raise refused("its seal is not that of this partner's key: it was altered, or another partner's key made it")
        told = _told(text)
        if sorted(packed.namelist()) != sorted([_TOLD, _SEAL, *told.files]):
            raise refused("it holds other files than it names")
        yield told, packed


def unpack(packed: zipfile.ZipFile, told: Told, name: str, to: Path) -> None:
    """Write one of its files to `to`.

    Raises:
        RefusedFile: the bytes are not those that it names.
    """
    digest = hashlib.sha256()
    try:
        with packed.open(name) as entry, to.open("xb") as file:
            while chunk := entry.read(_READ):
                digest.update(chunk)
                file.write(chunk)
    except (zipfile.BadZipFile, EOFError):
        raise refused("a file in it is cut off or altered") from None
    if digest.hexdigest() != told.files[name].sha256:
        raise refused("a file in it is not the one that was sealed")


def is_news(settings: Settings, told: Told) -> bool:
    """Whether it says what has not landed yet: other bytes, a later sequence of the same, or a later edition through another door.

    Which of two stands is decided by what their partner says in them, never by which came first.
    """
    known = current(settings, told.partner, told.feed, told.sha256)
    if known is None:
        return True
    rank = sequence_key(known.sequence), known.manifest.edition
    return told.door16 != known.door16 and (sequence_key(told.sequence), told.edition) > rank


def refused(why: str, remedy: str = "Have the partner tokenise the file again and send what comes of it, unchanged") -> RefusedFile:
    """A bundle that cannot be taken; nothing of it lands."""
    return RefusedFile(f"the tokenised delivery is not taken: {why}", remedy=remedy, rule=RULE)


def _files(said: Manifest) -> list[ObjectFile]:
    return [*said.objects.values(), *(of for of in (said.links, said.demographics, said.verdict_file) if of)]


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _DAY)
    entry.external_attr = 0o644 << 16
    return entry


def _sealed(text: bytes, key: bytes) -> bytes:
    return hmac.digest(key, text, "sha256").hex().encode("ascii")


@contextmanager
def _zip(path: Path) -> Iterator[zipfile.ZipFile]:
    with os.fdopen(open_regular(path), "rb") as file:
        try:
            packed = zipfile.ZipFile(file)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            packed = None
        if packed is None:
            raise refused("it is no zip, or is cut off")
        with packed:
            listed = packed.infolist()
            if any(entry.compress_type != zipfile.ZIP_STORED or entry.flag_bits & 0x1 for entry in listed):
                raise refused("a file in it is compressed or encrypted")
            if len({entry.filename for entry in listed}) != len(listed):
                raise refused("it holds two files of one name")
            yield packed


def _small(packed: zipfile.ZipFile, name: str) -> bytes:
    try:
        entry = packed.getinfo(name)
        if entry.file_size <= _MOST_TOLD:
            return packed.read(entry)
    except (KeyError, zipfile.BadZipFile, EOFError):
        pass
    raise refused(f"it has no readable {name}")


def _told(text: bytes) -> Told:
    try:
        said: Any = json.loads(text)
        return Told.model_validate(said)
    except (ValueError, RecursionError, ValidationError):
        pass
    raise refused("its bundle.json does not say what one says")
