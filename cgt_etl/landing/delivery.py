"""What has landed: the list of deliveries, their manifests and the pointer to the door that counts now.

Imports nothing heavy: a night with nothing new is decided with this module alone. It holds no values of any row and
opens no vault.

    landing/<partner>/<feed>/<raw16>/current            text: the door16 that counts
    landing/<partner>/<feed>/<raw16>/<door16>/...       one admission, immutable
    landing/<partner>/<feed>/<raw16>/editions           at a partner's that tokenises: the door16 of each edition that it sent
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from cgt_etl.contracts.model import Sequence
from cgt_etl.contracts.packing import plain_name
from cgt_etl.errors import CgtError, RefusedFile
from cgt_etl.landing import durable
from cgt_etl.settings import Settings

Status = Literal["landed", "refused"]
MANIFEST = "manifest.json"
CURRENT = "current"
_ID = re.compile(r"[a-z][a-z0-9_]*/[a-z][a-z0-9_]*/[0-9a-f]{16}")
_RUNS = re.compile(r"(\d+)")
_HEX16 = re.compile(r"[0-9a-f]{16}")


@dataclass(frozen=True)
class ObjectFile:
    """One Parquet file of a delivery: path below the delivery's folder, rows, sha256 of its bytes."""

    file: str
    rows: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """Everything that may be said of a delivery in the clear: positions, counts and hashes, no values.

    `received_at` and `admitted_at` (ISO, UTC) are the only things in a delivery's folder that our clock decides.
    """

    partner: str
    feed: str
    dialect: str
    source_name: str
    sha256: str
    """Of the bytes that came, whatever was erased from them since."""
    size: int
    """Of these, in bytes."""
    contract: dict[str, str]
    """`id` and `version`."""
    door16: str
    door: dict[str, str]
    """What `door16` was made of: digests of contract, code, partner, suppression; name of the token key; the sequence."""
    sequence: str
    """Empty only where a refused file's name or envelope did not give one."""
    envelope_sequence: str | None
    received_at: str
    """When the bytes came, first."""
    admitted_at: str
    """When this door saw them; later than `received_at` where they were landed again."""
    status: Status
    reason: str | None = None
    """Why the file was refused: one sentence without values."""
    rule: str | None = None
    """Rule of the refusal, where it has one."""
    counts: dict[str, Any] = field(default_factory=dict)
    """units, rows by object, cells: in = accepted + set_aside + erased; `unmapped`: element outside the contract -> how many.

    Of a refused file: `bytes`, in and refused.
    """
    verdicts: dict[str, dict[str, int]] = field(default_factory=dict)
    """Rule -> effect (row, cell, flag) -> how many."""
    objects: dict[str, ObjectFile] = field(default_factory=dict)
    links: ObjectFile | None = None
    demographics: ObjectFile | None = None
    """Absent where no row says anything of a person but by identifiers."""
    verdict_file: ObjectFile | None = None
    edition: int = 0
    """Of a delivery that its partner tokenised: the how manyth time it did (`bundle`). 0 where the bytes themselves came here."""
    raw_holds_erased: bool = False
    """Rows of suppressed subjects were erased here, and the raw bytes in the vault still hold them. The one thing of a manifest that
    changes: `cgt-etl erase` sets it back when it has written the raw file anew without them (`landing.raw`)."""

    @property
    def id(self) -> str:
        return f"{self.partner}/{self.feed}/{self.sha256[:16]}"

    @property
    def is_tokenised(self) -> bool:
        """Its partner tokenised it: neither its bytes nor what was set aside of it ever came here."""
        return self.edition > 0

    @property
    def has_erased(self) -> bool:
        """The door that admitted it, here or at its partner's, erased records of it."""
        return self.status == "landed" and self.counts["units"]["erased"] > 0

    def raw_is_elsewhere(self) -> CgtError:
        """What is said to whoever asks for its text where it `is_tokenised`."""
        return CgtError(
            "the partner tokenised this delivery: its text, and what was set aside of it, never came here",
            remedy=f"The partner looks it up at its place, as {self.id}: `cgt-etl partner resolve`, `cgt-etl quarantine show`",
        )

    def text(self) -> str:
        """As JSON with sorted keys."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"

    @classmethod
    def read(cls, folder: Path) -> Manifest:
        """The manifest in a delivery's folder.

        Raises:
            CgtError: it is absent or is no manifest, which only a hand can bring about.
        """
        try:
            said = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
            said["objects"] = {name: ObjectFile(**of) for name, of in said["objects"].items()}
            for one in ("links", "demographics", "verdict_file"):
                said[one] = ObjectFile(**said[one]) if said.get(one) else None  # landed before there were demographics
            return cls(**said)
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            pass
        raise CgtError(
            f"the landed folder {'/'.join(folder.parts[-4:])} has no readable manifest",
            remedy="It was changed by hand; restore it from a backup, or remove the folder of these bytes and land the file again",
        )


@dataclass(frozen=True)
class Delivery:
    """A delivery as the door that counts has admitted or refused it. `folder` holds its Parquet files and manifest."""

    id: str
    partner: str
    feed: str
    dialect: str
    raw16: str
    door16: str
    sha256: str
    sequence: str
    status: Status
    folder: Path
    source_name: str

    @classmethod
    def at(cls, folder: Path) -> Delivery:
        """The delivery in `.../<raw16>/<door16>/`."""
        said = Manifest.read(folder)
        return cls(
            id=said.id,
            partner=said.partner,
            feed=said.feed,
            dialect=said.dialect,
            raw16=said.sha256[:16],
            door16=said.door16,
            sha256=said.sha256,
            sequence=said.sequence,
            status=said.status,
            folder=folder,
            source_name=said.source_name,
        )

    @property
    def manifest(self) -> Manifest:
        """Read anew from the folder."""
        return Manifest.read(self.folder)


@dataclass(frozen=True)
class Landed:
    """What became of one file: a delivery (landed or refused), or a problem and no delivery."""

    partner: str
    feed: str
    source_name: str
    delivery: Delivery | None
    is_new: bool
    """False when the same bytes had landed before: nothing was done."""
    reason: str | None = None
    """Why the file was refused."""
    counts: dict[str, Any] = field(default_factory=dict)
    problem: CgtError | None = None

    @classmethod
    def of(cls, delivery: Delivery, source_name: str, *, is_new: bool) -> Landed:
        """What a delivery's manifest says; `source_name` is the name that the bytes came under this time."""
        said = delivery.manifest
        return cls(said.partner, said.feed, source_name, delivery, is_new, reason=said.reason, counts=said.counts)


def raw_folder(settings: Settings, partner: str, feed: str, raw16: str) -> Path:
    """Where the admissions of these bytes lie."""
    return settings.landing / partner / feed / raw16


def current(settings: Settings, partner: str, feed: str, sha256: str) -> Delivery | None:
    """The delivery of these bytes as it counts now, or None when they have not landed.

    Raises:
        CgtError: other bytes with the same first 16 hex digits have landed.
    """
    folder = raw_folder(settings, partner, feed, sha256[:16])
    if not (folder / CURRENT).is_file():
        return None
    known = Delivery.at(folder / _pointer(folder))
    if known.sha256 != sha256:
        raise CgtError("other bytes with the same short hash have landed", remedy="Ask the maintainers", partner=partner, feed=feed)
    return known


def deliveries(settings: Settings) -> list[Delivery]:
    """Every delivery that has landed, refused ones included, as its current door left it; sorted by id."""
    found = [Delivery.at(folder / _pointer(folder)) for folder in _raw_folders(settings)]
    return sorted(found, key=lambda delivery: delivery.id)


def delivery(settings: Settings, delivery_id: str, door16: str | None = None) -> Delivery:
    """One delivery by its id, under the current door or under the one that a past night used.

    Raises:
        CgtError: there is no such delivery, or not under that door.
    """
    # The id may come from a command line: only its own grammar is ever joined to a path.
    if _ID.fullmatch(delivery_id):
        folder = settings.landing / delivery_id
        if (folder / CURRENT).is_file():
            if door16 is None:
                return Delivery.at(folder / _pointer(folder))
            if _HEX16.fullmatch(door16) and (folder / door16 / MANIFEST).is_file():
                return Delivery.at(folder / door16)
    raise CgtError("there is no such delivery" + (" under that door" if door16 else ""), remedy="`cgt-etl status` lists the deliveries")


def superseded(settings: Settings) -> list[Path]:
    """Folders of admissions that no longer count because another door does, sorted; only past nights name them."""
    found = []
    for folder in _raw_folders(settings):
        counts = _pointer(folder)
        found += [path for path in folder.iterdir() if path.is_dir() and _HEX16.fullmatch(path.name) and path.name != counts]
    return sorted(found)


def point(settings: Settings, folder: Path, door16: str) -> None:
    """Make `door16` the admission of the bytes in `folder` that counts, in one step."""
    durable.replace_file(folder / CURRENT, [f"{door16}\n".encode()], root=settings.landing)


def sequence_of(sequence: Sequence, source_name: str, envelope: str | None) -> str:
    """The delivery's place among the others of its feed, as the sender states it; compared by `sequence_key`.

    A name's pattern is of the plain file: `.gz` or `.zip` behind it is not seen.

    Raises:
        RefusedFile: the name does not match the pattern, or there is no envelope.
    """
    if sequence.source == "constant":
        return str(sequence.value)
    if sequence.source == "name":
        match = re.fullmatch(str(sequence.pattern), plain_name(source_name))
        if match is None or not match.group("sequence"):
            raise RefusedFile("the file's name states no sequence", remedy=f"Name it as the contract says: {sequence.pattern}", rule="F03")
        return match.group("sequence")
    if not envelope:
        raise RefusedFile(
            "no envelope states its sequence", remedy='Put envelope.json with {"sequence": "..."} beside the file', rule="F03"
        )
    return envelope


def sequence_key(sequence: str) -> tuple[tuple[str | int, ...], str]:
    """Order of sequences: runs of digits count as numbers, so week 9 comes before week 10; equal numbers by their text."""
    return tuple(int(part) if place % 2 else part for place, part in enumerate(_RUNS.split(sequence))), sequence


def _raw_folders(settings: Settings) -> Iterator[Path]:
    for pointer in settings.landing.glob(f"*/*/*/{CURRENT}"):
        if not pointer.relative_to(settings.landing).parts[0].startswith("."):
            yield pointer.parent


def _pointer(folder: Path) -> str:
    text = (folder / CURRENT).read_text(encoding="ascii", errors="replace").strip()
    if not _HEX16.fullmatch(text):
        raise CgtError(
            f"the pointer in {'/'.join(folder.parts[-3:])} names no admission",
            remedy="It was changed by hand; write the name of one of the folders beside it into it",
        )
    return text
