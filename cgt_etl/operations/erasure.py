"""Erases suppressed persons from what past nights keep: earlier admissions, releases built on them, stewards' decisions about them.

    $CGT_HOME/tombstones/<NNNN>.json    what was erased, by whom and why, signed; each names the one before by its hash; names nobody

Before it come `cgt-etl suppress`, `reland` and `run`: the door knows whom to erase, and this looks for nobody in any row. Past nights are
repointed to the present door's admissions of the same bytes, so that `release build --as-of` still builds them, without the erased. The
raw bytes stay sealed in the vault: traceability that the law requires rests on them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from cgt_etl.door.tokens import Keys, release_token
from cgt_etl.errors import CgtError
from cgt_etl.identity import decisions
from cgt_etl.identity.decisions import Because, Decided
from cgt_etl.landing import durable, suppression
from cgt_etl.landing.delivery import Delivery, deliveries, superseded
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.lease import lease
from cgt_etl.release import digest, night_record, read
from cgt_etl.release.night_record import NightRecord
from cgt_etl.release.plan import build_file, identity_folder
from cgt_etl.settings import Settings

_FIRST = "0" * 64


@dataclass(frozen=True)
class Tombstone:
    """What was erased at one time. Holds ids and hashes; whoever reads it learns of nobody."""

    who: str
    why: str
    at: str
    """ISO, UTC."""
    suppression: str
    """sha256 of the list by which the door erased (`suppression.digest`)."""
    admissions: tuple[str, ...] = ()
    """`<delivery>/<door16>`, whose accepted rows and set-aside texts are gone."""
    releases: tuple[str, ...] = ()
    nights: tuple[int, ...] = ()
    """Whose records name other admissions, or fewer decisions, than they did."""
    decisions: tuple[str, ...] = ()
    not_looked_at: tuple[str, ...] = ()
    """Deliveries that have not been landed again since the last suppression, or could not be: they may hold the person."""
    previous: str = _FIRST
    """sha256 of the file before."""

    @property
    def is_empty(self) -> bool:
        return not (self.admissions or self.releases or self.nights or self.decisions)


def erase(settings: Settings, because: Because) -> Tombstone:
    """Erase from past nights whom the present door erases, under a signed tombstone. Takes the lease.

    The tombstone is written first, so that nothing goes without one; after a kill the next call erases the rest under another. Decisions
    about suppressed identifiers go at once; where the current release rests on one, the rest waits for the next night and call.

    Returns:
        What was erased; of an empty one nothing is written.

    Raises:
        CgtError: it is not said who erases and why, nobody is suppressed, or nothing was landed again since.
        LeaseHeld: a night is writing.
    """
    keys = keys_of(settings)
    who, why = because.who.strip(), because.why.strip()
    if not who or not why:
        raise CgtError("an erasure says who erases and why", remedy="Give --who and --why, without naming the person")
    with lease(settings, "cgt-etl erase"):
        suppressed = suppression.load(settings, keys)
        listed = deliveries(settings)
        not_looked_at = _not_relanded(suppressed, listed)
        work = _Work(settings, listed, {release_token(keys.release, one) for one in suppressed})
        said = Tombstone(
            who,
            why,
            because.at.isoformat(timespec="seconds"),
            suppression.digest(suppressed),
            tuple(path.relative_to(settings.landing).as_posix() for path in work.admissions),
            tuple(release.id for release in work.releases),
            tuple(record.night for record in work.records),
            tuple(one.id for one in work.decisions),
            not_looked_at,
            _head(settings),
        )
        if not said.is_empty:
            _sign(settings, keys, said)
            work.carry_out()
    return said


def is_pending(settings: Settings) -> bool:
    """Whether the current release still tells of somebody whom the present door erases: the next night ends that."""
    now = read.current(settings)
    return now is not None and any(
        now.inputs["deliveries"].get(one.id, {}).get("door16") != one.door16 for one in _erasing(deliveries(settings))
    )


def problems(settings: Settings, keys: Keys) -> list[str]:
    """What is wrong with the tombstones, one sentence each: a changed or foreign one, and one that is missing between others."""
    found, before = [], _FIRST
    public = _private(keys).public_key()
    for number, path in enumerate(_files(settings), start=1):
        try:
            written = json.loads(path.read_bytes())
            said = written["tombstone"]
            is_whole = _is_signed(public, said, written["signature"]) and said["previous"] == before and path.stem == f"{number:04d}"
        except (OSError, ValueError, TypeError, KeyError):
            is_whole = False
        if not is_whole:
            found.append(f"tombstones/{path.name} is not what was signed, or one before it is missing")
        before = digest.of_file(path)
    return found


class _Work:
    """What there is to erase, and the erasing. Asks and keeps no identifier but tokens."""

    def __init__(self, settings: Settings, listed: list[Delivery], tokens: set[str]) -> None:
        self._settings, self._tokens = settings, tokens
        self._present = {one.id: one for one in _erasing(listed)}
        self.decisions: list[Decided] = [one for one in decisions.load(settings) if tokens & set(one.pair)]
        past = [path for path in superseded(settings) if _delivery_id(path) in self._present]
        self._stale = {path.relative_to(settings.landing).as_posix() for path in past}
        now = read.current(settings)
        # What the current release rests on, and all past it, stays until a night has released without it.
        rests = now is not None and self._tells(now)
        self.admissions: list[Path] = [] if rests else past
        self.releases = [] if rests else [one for one in read.every(settings) if self._tells(one)]
        recorded = [night_record.load(settings, night) for night in night_record.nights(settings)]
        changed = ((one, self._without(one, is_repointed=not rests)) for one in recorded)
        self.records = [after for before, after in changed if after != before]

    def carry_out(self) -> None:
        """Past nights first, so that none ever names what is gone."""
        for record in self.records:
            night_record.write(self._settings, record)
        for one in self.decisions:
            self._remove(self._settings.decisions / f"{one.id}.json", self._settings.decisions)
        for release in self.releases:
            for path in (build_file(self._settings, release.id), identity_folder(self._settings, release.id), release.folder):
                self._remove(path, self._settings.builds)
        for folder in self.admissions:
            self._remove(self._settings.vault / folder.relative_to(self._settings.landing), self._settings.vault)
            self._remove(folder, self._settings.landing)

    @staticmethod
    def _remove(path: Path, root: Path) -> None:
        if path.exists():
            with durable.workplace(root, 0o700) as workplace:
                path.rename(workplace / path.name)
                durable.sync_folder(path.parent)

    def _tells(self, release: read.Release) -> bool:
        named = {f"{id_}/{said['door16']}" for id_, said in release.inputs["deliveries"].items()}
        return bool(named & self._stale or self._about(release.inputs["decisions"]))

    def _about(self, decided: dict[str, dict[str, str]]) -> set[str]:
        """Those of a night's decisions that are about somebody who is suppressed."""
        return {id_ for id_, said in decided.items() if self._tokens & {said["one"], said["other"]}}

    def _without(self, record: NightRecord, *, is_repointed: bool) -> NightRecord:
        named = dict(record.deliveries)
        for id_ in named.keys() & self._present.keys() if is_repointed else ():
            named[id_] = {**named[id_], "door16": self._present[id_].door16, "status": self._present[id_].status}
        gone = self._about(record.decisions)
        return replace(record, deliveries=named, decisions={id_: said for id_, said in record.decisions.items() if id_ not in gone})


def _not_relanded(suppressed: frozenset[str], listed: list[Delivery]) -> tuple[str, ...]:
    """Ids of deliveries that the door has not seen with the present list."""
    if not suppressed:
        raise CgtError("nobody is suppressed", remedy="`cgt-etl suppress` notes an identifier; then `cgt-etl reland`, `cgt-etl run`")
    wanted = suppression.digest(suppressed)
    found = tuple(one.id for one in listed if one.manifest.door["suppression"] != wanted)
    if len(found) == len(listed):
        raise CgtError("nothing was landed again since the last suppression", remedy="`cgt-etl reland`")
    return found


def _erasing(listed: list[Delivery]) -> list[Delivery]:
    """Deliveries of which the present door erased something."""
    return [one for one in listed if one.manifest.raw_holds_erased]


def _delivery_id(admission: Path) -> str:
    return "/".join(admission.parts[-4:-1])


def _files(settings: Settings) -> list[Path]:
    return sorted(settings.tombstones.glob("*.json"))


def _head(settings: Settings) -> str:
    files = _files(settings)
    return digest.of_file(files[-1]) if files else _FIRST


def _sign(settings: Settings, keys: Keys, said: Tombstone) -> None:
    durable.make_folder(settings.tombstones)
    private = _private(keys)
    # As JSON reads it back, so that what is signed is what is checked.
    told = json.loads(digest.json_text(asdict(said)))
    written: dict[str, Any] = {
        "tombstone": told,
        "signature": private.sign(_signed(told)).hex(),
        "public_key": private.public_key().public_bytes_raw().hex(),
    }
    name = f"{len(_files(settings)) + 1:04d}.json"
    durable.replace_file(settings.tombstones / name, [digest.json_text(written).encode()], root=settings.tombstones)


def _private(keys: Keys) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keys.tombstones)


def _is_signed(public: Ed25519PublicKey, said: object, signature: str) -> bool:
    try:
        public.verify(bytes.fromhex(signature), _signed(said))
    except InvalidSignature:
        return False
    return True


def _signed(said: object) -> bytes:
    return hashlib.sha256(digest.json_text(said).encode()).digest()
