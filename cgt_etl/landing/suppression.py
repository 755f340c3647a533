"""The suppression list: linkage tokens of persons whose rows the door erases. Keyed and sealed; it holds no identifier.

It lies in the vault and changes by being written anew. `reland` applies it to what landed before.
"""

from __future__ import annotations

import hashlib

from cgt_etl.contracts.registry import GLOBAL_KINDS, Registry
from cgt_etl.door.tokens import Keys, token
from cgt_etl.door.typed import canonical, issuers
from cgt_etl.errors import CgtError
from cgt_etl.landing.keys import keys_of
from cgt_etl.landing.lease import lease
from cgt_etl.landing.vault import Vault
from cgt_etl.settings import Settings

NAME = "suppression.enc"


def load(settings: Settings, keys: Keys) -> frozenset[str]:
    """The linkage tokens on the list; empty where there is no list.

    Raises:
        VaultError: the list was altered or sealed under another key; nothing may be landed then.
    """
    vault = Vault(settings.vault, keys.vault)
    if not vault.path(NAME).exists():
        return frozenset()
    return frozenset(b"".join(vault.open(NAME)).decode("ascii").split())


def digest(suppressed: frozenset[str]) -> str:
    """sha256, hex, of the list, whatever the order it was made in."""
    return hashlib.sha256("\n".join(sorted(suppressed)).encode("ascii")).hexdigest()


def add(settings: Settings, registry: Registry, kind: str, issuer: str, value: str) -> frozenset[str]:
    """Put one identifier on the list, whichever way it is written, and return the list. Takes the lease.

    Args:
        issuer: who issued it; empty, or ignored, for kinds that are unique everywhere.

    Raises:
        CgtError: no contract has such identifiers of such an issuer, so that nobody would be erased; or the value is no identifier of
            that kind; the message does not repeat it.
        VaultError: the master key is not that of this home.
        LeaseHeld: a night is writing.
    """
    keys = keys_of(settings)
    entry = linkage_token(registry, keys, kind, issuer, value)
    with lease(settings, "cgt-etl suppress"):
        suppressed = load(settings, keys) | {entry}
        Vault(settings.vault, keys.vault).seal(NAME, ["\n".join(sorted(suppressed)).encode("ascii")])
    return suppressed


def linkage_token(registry: Registry, keys: Keys, kind: str, issuer: str, value: str) -> str:
    """What stands for an identifier among the partners of a network; arguments and errors as `add`."""
    issuer = _checked_issuer(registry, kind, issuer)
    return token(keys.linkage, kind, issuer, canonical(registry, kind, issuer, value))


def _checked_issuer(registry: Registry, kind: str, issuer: str) -> str:
    """The issuer as tokens name it: empty for kinds that are unique everywhere.

    Raises:
        CgtError: no promised feed holds identifiers of this kind, or of this issuer.
    """
    known = issuers(registry, kind)
    issuer = "" if kind in GLOBAL_KINDS else issuer
    if issuer not in known:
        raise CgtError(
            f"no promised feed holds {kind} identifiers of this issuer" if issuer else f"{kind} identifiers are unique per issuer alone",
            remedy=f"Name one with --issuer: {', '.join(known)}",
        )
    return issuer
