"""Erases suppressed persons from what past nights keep: earlier admissions, releases built on them, stewards' decisions about them.

    $CGT_HOME/tombstones/<NNNN>.json    what was erased, by whom and why, signed; each names the one before by its hash; names nobody

Before it come `cgt-etl suppress`, `reland` and `run`: the door knows whom to erase, and this looks for nobody in any row. Past nights are
repointed to the present door's admissions of the same bytes, so that `release build --as-of` still builds them, without the erased. Raw
files of the vault are written anew without the records that the door erases (`rewriting`), but where the law wants them kept.

Of deliveries that a partner tokenised, `suppress` and `reland` are the partner's, and a later edition does what `reland` does here.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.tokens import Keys, release_token
from cgt_etl.errors import CgtError
from cgt_etl.identity import decisions
from cgt_etl.identity.decisions import Because, Decided
from cgt_etl.landing import durable, signed, suppression
from cgt_etl.landing.delivery import Delivery, deliveries, superseded
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.lease import lease
from cgt_etl.operations import compact, editions
from cgt_etl.operations.rewriting import Left, Planned, Rewriting
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
    partners_suppression: tuple[str, ...] = ()
    """`<partner> <sha256>` of the list by which a partner erased last at its place, of those that tokenise there."""
    admissions: tuple[str, ...] = ()
    """`<delivery>/<door16>`, whose accepted rows and set-aside texts are gone."""
    releases: tuple[str, ...] = ()
    nights: tuple[int, ...] = ()
    """Whose records name other admissions, or fewer decisions, than they did."""
    decisions: tuple[str, ...] = ()
    rewritten: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Delivery -> sha256 of its raw file `before` and `after`, and how many `records` were erased from it."""
    left: dict[str, str] = field(default_factory=dict)
    """Delivery whose raw file still holds the person -> why."""
    not_looked_at: tuple[str, ...] = ()
    """Deliveries that have not been landed, or tokenised, again since the last suppression, or could not be: they may hold the person."""
    previous: str = _FIRST
    """sha256 of the file before."""

    @property
    def is_empty(self) -> bool:
        return not (self.admissions or self.releases or self.nights or self.decisions or self.rewritten)


def erase(settings: Settings, registry: Registry, because: Because, *, is_raw_kept: bool = False) -> Tombstone:
    """Erase from past nights and raw files whom the present door erases, under a signed tombstone. Takes the lease.

    The tombstone is written first, so that nothing goes without one; after a kill the next call erases the rest under another. Decisions
    about suppressed identifiers go at once; where the current release rests on one, the rest waits for the next night and call.

    Args:
        is_raw_kept: raw files stay sealed as they came, for traceability that the law requires.

    Returns:
        What was erased; of an empty one nothing is written.

    Raises:
        CgtError: it is not said who erases and why, nobody is suppressed here or at a partner's, or nothing was landed again since.
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
        work = _Work(settings, listed, keys, suppressed)
        rewriting = Rewriting(settings, registry, len(_files(settings)) + 1)
        if not is_raw_kept:
            work.plan_raw(rewriting, listed)
        said = Tombstone(
            who,
            why,
            because.at.isoformat(timespec="seconds"),
            suppression.digest(suppressed),
            tuple(f"{partner} {said}" for partner, said in editions.lists(listed).items()),
            tuple(path.relative_to(settings.landing).as_posix() for path in work.admissions),
            tuple(release.id for release in work.releases),
            tuple(record.night for record in work.records),
            tuple(one.id for one in work.decisions),
            {one.said.delivery: {"before": one.said.before, "after": one.said.after, "records": one.records} for one in work.planned},
            work.left,
            not_looked_at,
            _head(settings),
        )
        if not said.is_empty:
            _sign(settings, keys, said)
            work.carry_out(rewriting)
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
    for number, path in enumerate(_files(settings), start=1):
        try:
            written = json.loads(path.read_bytes())
            said = written["tombstone"]
            is_whole = signed.is_signed(keys, said, written["signature"]) and said["previous"] == before and path.stem == f"{number:04d}"
        except (OSError, ValueError, TypeError, KeyError):
            is_whole = False
        if not is_whole:
            found.append(f"tombstones/{path.name} is not what was signed, or one before it is missing")
        before = digest.of_file(path)
    return found


class _Work:
    """What there is to erase, and the erasing. Asks and keeps no identifier but tokens."""

    def __init__(self, settings: Settings, listed: list[Delivery], keys: Keys, suppressed: frozenset[str]) -> None:
        self._settings = settings
        self._present = {one.id: one for one in _erasing(listed)}
        past = [path for path in superseded(settings) if _delivery_id(path) in self._present]
        self._tokens = {release_token(keys.release, one) for one in suppressed | editions.no_longer_named(past, listed)}
        self.decisions: list[Decided] = [one for one in decisions.load(settings) if self._tokens & set(one.pair)]
        self._stale = {path.relative_to(settings.landing).as_posix() for path in past}
        now = read.current(settings)
        # What the current release rests on, and all past it, stays until a night has released without it.
        self._rests = rests = now is not None and self._tells(now)
        self.admissions: list[Path] = [] if rests else past
        self.releases = [] if rests else [one for one in read.every(settings) if self._tells(one)]
        recorded = [night_record.load(settings, night) for night in night_record.nights(settings)]
        changed = ((one, self._without(one, is_repointed=not rests)) for one in recorded)
        self.records = [after for before, after in changed if after != before]
        self.planned: list[Planned] = []
        self.left: dict[str, str] = {}
        """Delivery whose raw file stays as it is -> why."""

    def plan_raw(self, rewriting: Rewriting, listed: list[Delivery]) -> None:
        """Raw files that can be written anew, once the current release rests on nobody in them, and those that cannot, with the reason."""
        for one in (one for one in listed if one.manifest.raw_holds_erased and not self._rests):
            try:
                self.planned.append(rewriting.plan(one))
            except Left as why:
                self.left[one.id] = str(why)
        for one in (one for one in listed if one.status == "refused" and not one.manifest.is_tokenised):
            try:
                if rewriting.names_somebody(one):
                    self.left[one.id] = "it was refused, so nobody could take it apart, and it names somebody who is suppressed"
            except Left as why:
                self.left[one.id] = f"it was refused, and cannot be looked into: {why}"

    def carry_out(self, rewriting: Rewriting) -> None:
        """Past nights first, so that none ever names what is gone; raw files last, since their manifests say who is to be erased."""
        for record in self.records:
            night_record.write(self._settings, record)
        for one in self.decisions:
            self._remove(self._settings.decisions / f"{one.id}.json", self._settings.decisions)
        for release in self.releases:
            for path in (build_file(self._settings, release.id), identity_folder(self._settings, release.id), release.folder):
                self._remove(path, self._settings.builds)
        if self.admissions:
            compact.builds(self._settings)
        for folder in self.admissions:
            self._remove(self._settings.vault / folder.relative_to(self._settings.landing), self._settings.vault)
            self._remove(folder, self._settings.landing)
        for planned in self.planned:
            rewriting.carry_out(planned)

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
    """Ids of deliveries that the door has not seen with the present list, or their partner's with its own."""
    is_erased_elsewhere = any(one.manifest.is_tokenised for one in _erasing(listed))
    if not suppressed and not is_erased_elsewhere:
        raise CgtError(
            "nobody is suppressed",
            remedy="`cgt-etl suppress` notes an identifier; then `cgt-etl reland`, `cgt-etl run`. "
            "Of what a partner tokenises, both run at its place; then it tokenises again, and the hub runs",
        )
    wanted = suppression.digest(suppressed)
    found = [one.id for one in listed if not one.manifest.is_tokenised and one.manifest.door["suppression"] != wanted]
    found += editions.to_be_tokenised_again(suppressed, listed)
    if len(found) == len(listed):
        raise CgtError("nothing was landed again since the last suppression", remedy="`cgt-etl reland`")
    return tuple(sorted(found))


def _erasing(listed: list[Delivery]) -> list[Delivery]:
    """Deliveries of which the present door erased something, or their partner's own."""
    return [one for one in listed if one.manifest.raw_holds_erased or (one.manifest.is_tokenised and one.manifest.has_erased)]


def _delivery_id(admission: Path) -> str:
    return "/".join(admission.parts[-4:-1])


def _files(settings: Settings) -> list[Path]:
    return sorted(settings.tombstones.glob("*.json"))


def _head(settings: Settings) -> str:
    files = _files(settings)
    return digest.of_file(files[-1]) if files else _FIRST


def _sign(settings: Settings, keys: Keys, said: Tombstone) -> None:
    durable.make_folder(settings.tombstones)
    # As JSON reads it back, so that what is signed is what is checked.
    told = json.loads(digest.json_text(asdict(said)))
    written: dict[str, Any] = {"tombstone": told, "signature": signed.signature(keys, told), "public_key": signed.public_key(keys)}
    name = f"{len(_files(settings)) + 1:04d}.json"
    durable.replace_file(settings.tombstones / name, [digest.json_text(written).encode()], root=settings.tombstones)
