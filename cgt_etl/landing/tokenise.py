"""At a partner's: take exports through the door at home, and write what may leave as bundles for the hub.

A partner's home is a home like any other, under the partner's part of the keys: raw bytes and what was set aside lie in its own vault, and
its receipts, quarantine and relanding work there. Must not hold a second way to land.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError
from cgt_etl.landing import bundle, durable
from cgt_etl.landing.delivery import Delivery
from cgt_etl.landing.delivery import delivery as delivery_by_id
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.land import land
from cgt_etl.landing.lease import lease
from cgt_etl.landing.reland import reland_all
from cgt_etl.settings import Settings


@dataclass(frozen=True)
class Tokenised:
    """One export as it may leave."""

    delivery: Delivery
    bundle: Path

    def line(self) -> str:
        """One sentence without values."""
        said = self.delivery.manifest
        if said.status == "refused":
            return f"{said.source_name}: refused, and {self.bundle} says so: {said.reason}"
        units = said.counts["units"]
        kept = f"{units['accepted']} of {units['in']} accepted, {units['set_aside']} set aside, {units['erased']} erased"
        return f"{said.source_name}: {kept}; send {self.bundle}"


def tokenise(
    settings: Settings, registry: Registry, partner: str, feed: str, paths: Iterable[Path], *, out: Path, now: datetime
) -> list[Tokenised]:
    """Land files in this home, and write each as a bundle into the folder `out`, which is made. Takes the lease.

    The name of a file and the envelope beside it count, as in an inbox. What landed here before is made
    ready again, under the present door.

    Args:
        now: with a zone; goes to the manifests of this home alone.

    Raises:
        CgtError: no such partner or feed, the key is not this partner's, a file cannot be read, or `out` cannot be written.
        LeaseHeld: somebody else writes in this home.
    """
    binding, keys = registry.binding(partner, feed), keys_of(settings)
    if not keys.makes_tokens:
        raise CgtError(
            "this is a hub's key, which makes no tokens", remedy="Set CGT_MASTER_KEY_FILE to the key that was given for the partner"
        )
    key, forms = keys.bundle(binding.partner.token_key), bundle.forms_of(registry, binding)
    done = []
    with lease(settings, "cgt-etl partner tokenise"):
        for path in paths:
            delivery = _landed(settings, registry, land(settings, registry, binding, path, now).delivery, now)
            to = out / bundle.name_of(delivery.manifest)
            try:
                out.mkdir(parents=True, exist_ok=True)
                bundle.write(to, delivery, edition=_edition(settings, delivery), forms=forms, linkage_check=keys.linkage_check, key=key)
            except OSError as error:
                why = os.strerror(error.errno or 0)
                raise CgtError(f"{to} cannot be written ({why})", remedy="Name a folder that can be written, with room") from None
            done.append(Tokenised(delivery, to))
    return done


def _landed(settings: Settings, registry: Registry, delivery: Delivery | None, now: datetime) -> Delivery:
    """The delivery under the present door."""
    if delivery is None:
        raise CgtError("the file did not land", remedy="Ask the maintainers")
    for done in reland_all(settings, registry, delivery=delivery.id, received_at=now):
        if done.problem:
            raise done.problem
    return delivery_by_id(settings, delivery.id)


def _edition(settings: Settings, delivery: Delivery) -> int:
    """The how manyth admission of its bytes is sent: admissions may be pruned or erased, or count again, so what was told is noted."""
    noted = delivery.folder.parent / "editions"
    told = noted.read_text(encoding="ascii").split() if noted.exists() else []
    if not told or told[-1] != delivery.door16:
        told.append(delivery.door16)
        durable.replace_file(noted, ["\n".join(told).encode("ascii")], root=settings.landing)
    return len(told)
