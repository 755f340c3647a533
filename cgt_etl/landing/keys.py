"""The keys of a home, handed out only while the master key is the one that the home began with.

Another key would make other tokens and seal under another vault key: what came before and after would never link, and nothing would
say so. What lies in the vault already tells the two apart. Holds no key.
"""

from __future__ import annotations

from cgt_etl.door import shares
from cgt_etl.door.tokens import Keys
from cgt_etl.landing.vault import Vault, VaultError
from cgt_etl.settings import Settings


def named_keys(settings: Settings) -> Keys:
    """The keys that the settings name: all of them, a hub's or a partner's. Whether this home began with them is not looked at.

    Raises:
        DeclarationError: there is no key, or it is none.
    """
    return shares.read(settings.key_text) or Keys(settings.master_key)


def keys_of(settings: Settings) -> Keys:
    """The keys of this home.

    Raises:
        DeclarationError: there is no master key, or it is none.
        VaultError: the vault holds a file that this key does not open.
    """
    keys = named_keys(settings)
    sealed = next(settings.vault.glob("*/*/*/raw.enc"), None)
    if sealed is not None and not _opens(Vault(settings.vault, keys.vault), sealed.relative_to(settings.vault).as_posix()):
        raise VaultError(
            "the master key is not the one that this home began with, or its vault was altered; nothing was done",
            remedy="Set the master key of this home",
        )
    return keys


def _opens(vault: Vault, name: str) -> bool:
    """Whether the first chunk is authentic, which is all that tells one key from another."""
    try:
        return next(vault.open(name), None) is not None
    except VaultError:
        return False
