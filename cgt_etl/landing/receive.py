"""Land what a partner tokenised: the second half of a landing, over rows that another place's door admitted.

Holds the order of its steps and what a bundle must agree in with the hub: contract, partner file, version, keys. What its rows may be is
`inspection`'s. Every table is written anew from its rows, so that nothing else of a received file stays.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

import polars as pl

from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.door.admit import Part
from cgt_etl.door.ledger import DEMOGRAPHICS, LINKS
from cgt_etl.errors import CgtError, RefusedFile
from cgt_etl.landing import bundle, durable
from cgt_etl.landing.bundle import Told, refused
from cgt_etl.landing.delivery import MANIFEST, Landed, Manifest, current, raw_folder
from cgt_etl.landing.folder import Tables, write_admission
from cgt_etl.landing.inspection import Inspection
from cgt_etl.landing.land import Door, Parcel, clean, iso, make_current, make_visible
from cgt_etl.landing.version import ENGINE, door_of
from cgt_etl.settings import Settings

_DIGEST = re.compile(r"[0-9a-f]{64}")
_AGAIN = "Give the partner this hub's version, contracts and partner files; then `cgt-etl reland` and `cgt-etl partner tokenise` there"


def receive(settings: Settings, registry: Registry, binding: Binding, path: Path, received_at: datetime) -> Landed:
    """Land the bundle at `path`. The caller holds the lease, and has seen that it is news (`bundle.is_news`).

    Args:
        received_at: with a zone; goes to manifest.json alone.

    Raises:
        RefusedFile: it is not what its partner sealed, or not what its contract and this hub's keys allow; nothing is visible then.
        CgtError: it cannot be read, or the disk not be written.
    """
    door = Door.open(settings, registry)
    with bundle.opened(path, door.keys.bundle(binding.partner.token_key)) as (told, packed):
        now = iso(received_at)
        known = current(settings, binding.partner.partner, binding.feed.name, told.sha256)
        came = known.manifest.received_at if known else now
        parcel = Parcel(binding, told.source_name, told.sha256, told.envelope_sequence, came, now)
        with clean(parcel):
            _check(door, parcel, told)
            target = raw_folder(settings, *parcel.id.split("/")) / told.door16
            if not target.is_dir():
                with durable.workplace(settings.landing, 0o700) as unpacked:
                    inspection = Inspection(binding, told, parcel.id, unpacked)
                    inspection.check_names()  # before any of them is a path
                    (unpacked / "accepted").mkdir()
                    for name in told.files:
                        bundle.unpack(packed, told, name, unpacked / name)
                    make_visible(settings, target, partial(_fill, door, parcel, inspection))
            else:  # it counts again, as a later edition
                said = replace(Manifest.read(target), edition=told.edition, admitted_at=now)
                durable.replace_file(target / MANIFEST, [said.text().encode()], root=settings.landing)
            delivery = make_current(settings, binding.feed, target)
    return Landed.of(delivery, path.name, is_new=True)


def _check(door: Door, parcel: Parcel, told: Told) -> None:
    """Raises RefusedFile: it was made for another feed, or by other declarations or keys than this hub's."""
    binding, registry = parcel.binding, door.registry
    if (told.partner, told.feed) != (binding.partner.partner, binding.feed.name):
        raise refused("it is of another partner or feed", remedy="Deliver it in the folder of its own feed")
    if told.engine != ENGINE:
        raise refused("another version of this software made it", remedy=_AGAIN)
    try:
        sequence = parcel.sequence()
    except RefusedFile:
        sequence = ""
    wanted = door_of(registry, binding, told.door.get("suppression", ""), sequence)
    if told.door.keys() != wanted.keys() or not all(_DIGEST.fullmatch(told.door[name]) for name in ("suppression", "code")):
        raise refused("it does not name the door that admitted it")
    for name, what in {"contract": "contract", "partner": "partner file", "token_key": "token key"}.items():
        if told.door[name] != wanted[name]:
            raise refused(f"another {what} than this hub's made it", remedy=_AGAIN)
    if told.sequence != told.door["sequence"] or told.sequence != sequence or (not sequence and told.status == "landed"):
        raise refused("its sequence is not the one that its name or envelope states")
    if told.forms != bundle.forms_of(registry, binding):
        raise refused("identifiers are written otherwise by the partner files it was made with: they would not link", remedy=_AGAIN)
    if told.linkage_check != door.keys.linkage_check:
        raise refused("it was made under another linkage key: nothing of it would link", remedy="Give the partner a key of this network")


def _fill(door: Door, parcel: Parcel, inspection: Inspection, folder: Path) -> Manifest:
    told = inspection.told
    manifest = replace(parcel.manifest(told.door, size=told.size), edition=told.edition)
    if told.status == "refused":
        return replace(manifest, status="refused", reason=told.reason, rule=told.rule, counts=dict(told.counts))
    tables = Tables(folder)
    for name, rows in inspection.tables():
        tables.add(Part({name: rows}, pl.DataFrame(schema=LINKS), pl.DataFrame(schema=DEMOGRAPHICS)))
    rest = inspection.rest()
    erased = rest.links.filter(pl.col("linkage_token").is_in(sorted(door.suppressed))).select("source_row").n_unique()
    if erased:
        raise refused(
            f"{erased} of its records name persons whose records are erased here",
            remedy="The partner notes them with `cgt-etl suppress` at its place, then `cgt-etl reland`, and tokenises the file again",
        )
    try:
        manifest = write_admission(folder, manifest, rest, tables)
    except CgtError:
        raise refused("its counts do not add up") from None
    return replace(manifest, raw_holds_erased=False)
