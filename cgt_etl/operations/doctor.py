"""What is wrong with a home, each thing with its remedy. Reads, and changes nothing.

Looks at keys, permissions, declarations, landed bytes, the vault, receipts, releases, nights, decisions, actions, tombstones,
sandboxes, the log of rights and room.
Reads every landed, sealed and released file in full. What the vault holds is authenticated chunk by chunk and let go: no plaintext is
kept, no value of any row is said.
"""

from __future__ import annotations

import hashlib
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cgt_etl.contracts.registry import Registry
from cgt_etl.egress.rights.log import log
from cgt_etl.errors import CgtError
from cgt_etl.handoffs import journal
from cgt_etl.identity import decisions
from cgt_etl.landing import raw, receipt
from cgt_etl.landing.chain import TamperedChain
from cgt_etl.landing.delivery import Delivery, deliveries
from cgt_etl.landing.keys import named_keys
from cgt_etl.landing.raw import RawFile
from cgt_etl.landing.vault import Vault, VaultError
from cgt_etl.operations import erasure
from cgt_etl.release import digest, night_record, read
from cgt_etl.sandbox import follow, home
from cgt_etl.settings import Settings

RAW, SET_ASIDE = "*/*/*/raw.enc", "*/*/*/*/set_aside.enc"
"""Sealed files below the vault's folder."""
ROOM = 3
"""A night may need a copy of the last build, the growing build and a release at once: so many times the last build's size."""


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong, as a person can act on it."""

    about: str
    """keys, permissions, declarations, landing, vault, receipts, releases, nights, decisions, actions, tombstones, sandboxes,
    rights, room."""
    what: str
    remedy: str

    def line(self) -> str:
        return f"{self.about}: {self.what}. {self.remedy}."


def examine(settings: Settings, registry: Registry) -> list[Complaint]:
    """Every complaint, in the order of the looks below; empty for a healthy home. One look that fails does not keep the others away."""
    found: list[Complaint] = []
    for about, look in LOOKS.items():
        try:
            found += [Complaint(about, what, remedy) for what, remedy in look(settings, registry)]
        except CgtError as error:
            found.append(Complaint(about, error.what, error.remedy or "Mend it, then ask again"))
    return found


Look = Callable[[Settings, Registry], Iterator[tuple[str, str]]]


def _keys(settings: Settings, _registry: Registry) -> Iterator[tuple[str, str]]:
    vault = Vault(settings.vault, named_keys(settings).vault)
    if any(settings.vault.glob(RAW)) and not _is_its_key(vault):
        yield (
            "the master key opens no file of the vault: it is not the one that this home began with, or every file was altered",
            "Set the master key of this home",
        )
    file = settings.master_key_file
    if file and file.is_file() and stat.S_IMODE(file.stat().st_mode) & 0o077:
        yield "the master key's file can be read by others than its owner", "chmod 600 it, and consider the key known to them"
    if file and file.is_relative_to(settings.home):
        yield "the master key lies inside CGT_HOME, beside what it locks", "Move it elsewhere and set CGT_MASTER_KEY_FILE"


def _permissions(settings: Settings, _registry: Registry) -> Iterator[tuple[str, str]]:
    if settings.vault.is_dir():
        wide = [path for path in (settings.vault, *settings.vault.rglob("*")) if stat.S_IMODE(path.stat().st_mode) & 0o077]
        if wide:
            yield f"{len(wide)} files or folders of the vault are open to others than their owner", "chmod -R go= the folder vault"


def _declarations(_settings: Settings, registry: Registry) -> Iterator[tuple[str, str]]:
    for problem in registry.unhealthy:
        yield f"left out of the walk: {str(problem).rstrip('.')}", "`cgt-etl contract check` says more"


def _landing(settings: Settings, _registry: Registry) -> Iterator[tuple[str, str]]:
    for one in deliveries(settings):
        said = one.manifest
        for of in [*said.objects.values(), *(of for of in (said.links, said.demographics, said.verdict_file) if of)]:
            if not (one.folder / of.file).is_file():
                yield f"{one.id}: {of.file} is missing", "Restore it from a backup, or `cgt-etl reland` the delivery"
            elif digest.of_file(one.folder / of.file) != of.sha256:
                yield f"{one.id}: {of.file} has other bytes than were landed", "Restore it from a backup"


def _vault(settings: Settings, _registry: Registry) -> Iterator[tuple[str, str]]:
    landed = {f"{one.id}/{raw.NAME}": one.sha256 for one in deliveries(settings) if not one.manifest.is_tokenised}
    for name in landed:
        if not (settings.vault / name).is_file():
            yield f"{name}: the raw bytes are not in the vault, so they cannot be landed again", "Restore the vault from its backup"
    try:
        vault = Vault(settings.vault, named_keys(settings).vault)
    except CgtError:
        return  # `keys` says so
    if not _is_its_key(vault):
        return  # `keys` says so, once, instead of every file
    for path in sorted([*settings.vault.glob(RAW), *settings.vault.glob(SET_ASIDE)]):
        name = path.relative_to(settings.vault).as_posix()
        sha256 = _plain_sha256(vault, name)
        if sha256 is None:
            yield f"{name} was altered, cut off or moved: the key opens others, not this", "Restore the file from the vault's backup"
        elif name in landed:
            yield from _raw(settings, RawFile(vault, named_keys(settings), name.removesuffix(f"/{raw.NAME}")), landed[name], sha256)


def _raw(settings: Settings, file: RawFile, landed: str, sha256: str) -> Iterator[tuple[str, str]]:
    """Whether a raw file of this hash is what landed, or what was signed when records were erased from it."""
    try:
        said = file.rewritten()
    except VaultError as error:
        yield error.what, error.remedy
        return
    if said is not None and (said.sha256 != landed or not (settings.tombstones / f"{said.tombstone:04d}.json").is_file()):
        yield f"{file.name} was written anew under a tombstone that is not there, or of other bytes", "Restore tombstones/ from a backup"
    elif said is not None and sha256 == said.before:
        yield f"{file.name} still holds records that were to be erased: the erasure was broken off", "`cgt-etl erase` ends it"
    elif sha256 != (said.after if said else landed):
        yield f"{file.name} opens to other bytes than were landed", "Restore the file from the vault's backup"


def _is_its_key(vault: Vault) -> bool:
    """One authentic first chunk shows it, whatever became of the other files."""
    for path in sorted(vault.folder.glob(RAW)):
        try:
            next(vault.open(path.relative_to(vault.folder).as_posix()), None)
        except VaultError:
            continue
        return True
    return False


def _plain_sha256(vault: Vault, name: str) -> str | None:
    """Of the whole plaintext; None where a chunk is not authentic."""
    found = hashlib.sha256()
    try:
        for chunk in vault.open(name):
            found.update(chunk)
    except VaultError:
        return None
    return found.hexdigest()


def _receipts(settings: Settings, _registry: Registry) -> Iterator[tuple[str, str]]:
    without = sum(1 for one in deliveries(settings) if not _has_receipt(settings, one))
    if without:
        yield f"{without} deliveries have no receipt", "`cgt-etl reland` writes them"


def _has_receipt(settings: Settings, one: Delivery) -> bool:
    return receipt.path_of(settings, one).is_file() and receipt.path_of(settings, one, "html").is_file()


def _releases(settings: Settings, _registry: Registry) -> Iterator[tuple[str, str]]:
    now = read.current(settings)
    for release in read.every(settings):
        wrong = read.problems(release)
        if wrong:
            more = f", and {len(wrong) - 1} more" if len(wrong) > 1 else ""
            mark = " (the current one)" if now and now.id == release.id else ""
            yield f"{release.id}{mark}: {wrong[0]}{more}", "Restore it from a backup; `cgt-etl release verify` lists all"


def _nights(settings: Settings, _registry: Registry) -> Iterator[tuple[str, str]]:
    recorded = [night_record.load(settings, night) for night in night_record.nights(settings)]
    if recorded and recorded[-1].status != "released":
        yield f"night {recorded[-1].night:04d} ended `{recorded[-1].status}`", "`cgt-etl status` says why"


def _decisions(settings: Settings, _registry: Registry) -> Iterator[tuple[str, str]]:
    for problem in decisions.problems(settings):
        yield problem, "Restore decisions/ from a backup, or undo one of the two; no night is built on a damaged decision"


def _actions(settings: Settings, _registry: Registry) -> Iterator[tuple[str, str]]:
    for problem in journal.problems(settings):
        yield problem, "Restore actions/ from a backup"


def _tombstones(settings: Settings, _registry: Registry) -> Iterator[tuple[str, str]]:
    if settings.has_master_key:
        for problem in erasure.problems(settings, named_keys(settings)):
            yield problem, "Restore tombstones/ from a backup"


def _sandboxes(settings: Settings, registry: Registry) -> Iterator[tuple[str, str]]:
    for partner, made in follow.older(settings).items():
        yield f"the sandbox of {partner} is older than the current release or the last cut: {made}", f"`cgt-etl sandbox build {partner}`"
    for partner, made in follow.served_before(settings).items():
        yield f"the database of {partner} on a server is older than its sandbox: {made}", f"`cgt-etl sandbox serve {partner}`, or `unserve`"
    if settings.has_master_key:
        for partner in follow.built(settings):
            try:
                home.box(settings, registry, partner).trail.read()
            except CgtError as error:
                yield f"sandbox of {partner}: {error.what}", error.remedy


def _rights(settings: Settings, _registry: Registry) -> Iterator[tuple[str, str]]:
    if settings.has_master_key:
        try:
            log(settings.rights, named_keys(settings).rights).read()
        except TamperedChain as error:
            yield error.what, error.remedy


def _room(settings: Settings, _registry: Registry) -> Iterator[tuple[str, str]]:
    builds = [path for path in settings.builds.glob("*.duckdb") if read.is_id(path.stem)]
    if builds:
        wanted = ROOM * max(path.stat().st_size for path in builds)
        if shutil.disk_usage(settings.home).free < wanted:
            yield f"less than {wanted // 1_000_000} MB are free for the next night", "Free space on the disk that holds CGT_HOME"


LOOKS: dict[str, Look] = {
    "keys": _keys,
    "permissions": _permissions,
    "declarations": _declarations,
    "landing": _landing,
    "vault": _vault,
    "receipts": _receipts,
    "releases": _releases,
    "nights": _nights,
    "decisions": _decisions,
    "actions": _actions,
    "tombstones": _tombstones,
    "sandboxes": _sandboxes,
    "rights": _rights,
    "room": _room,
}
