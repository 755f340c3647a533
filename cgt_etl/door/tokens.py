"""Keys and tokens: one master key, a key of its own per purpose and partner, and keyed hashes in the place of identifiers.

HKDF-SHA256 (RFC 5869) derives the keys, HMAC-SHA256 (RFC 2104) makes the tokens. Never logs, stores or shows a key.
"""

from __future__ import annotations

import hmac
from functools import cached_property

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
TOKEN_BYTES = 16
_DIVIDER = "\x1f"
_CHECK = b"cgt_etl/v1/which linkage key"


class Keys:
    """Every key of a deployment, derived from its 32-byte master key when asked for. `shares` has those who hold a part of them."""

    makes_tokens = True
    """Whether identifiers can be tokenised with them; a hub that takes tokenised deliveries alone cannot."""

    def __init__(self, master: bytes) -> None:
        self._master = master
        self._partners: dict[str, bytes] = {}

    def __repr__(self) -> str:
        return "Keys(...)"

    def partner(self, name: str) -> bytes:
        """The key named `name` in a partner file: a new name is a new key."""
        if name not in self._partners:
            self._partners[name] = self._derive(f"partner/{name}")
        return self._partners[name]

    @cached_property
    def linkage(self) -> bytes:
        """Links one identifier across partners; its tokens never leave landing."""
        return self._derive("linkage")

    @cached_property
    def release(self) -> bytes:
        """Makes the ids of released tables."""
        return self._derive("release")

    def share(self, name: str, release_id: str) -> bytes:
        """Makes the tokens of one shared view: those of another name or release cannot be joined with them."""
        return self._derive(f"share/{name}/{release_id}")

    def collective(self, use: str) -> bytes:
        """Of the collective tables: `offsets` draws what they are rounded by, `ledger` marks the counts behind them.

        Of collective questions: `questions` draws the noise, `answers` marks what is not told to everybody.
        """
        return self._derive(f"collective/{use}")

    def sandbox(self, partner: str, use: str) -> bytes:
        """Of a partner's sandbox: `store` opens it, `tokens` makes its tokens, `trail` marks its trail, `bundle/<release>` opens a copy,
        `serve` names its database."""
        return self._derive(f"sandbox/{partner}/{use}")

    @cached_property
    def rights(self) -> bytes:
        """Marks the log of decisions about who may have what."""
        return self._derive("rights/log")

    @cached_property
    def tombstones(self) -> bytes:
        """Signs what says that somebody was erased."""
        return self._derive("tombstones")

    @cached_property
    def vault(self) -> bytes:
        """Seals raw files and what was set aside."""
        return self._derive("vault")

    @cached_property
    def hub(self) -> bytes:
        """What a hub without the master key derives its own keys from."""
        return self._derive("hub")

    def bundle(self, name: str) -> bytes:
        """Seals what the partner whose token key is `name` tokenised: it and the hub hold it, no other partner does."""
        return derived(self.hub, f"bundle/{name}")

    @cached_property
    def linkage_check(self) -> str:
        """32 hex digits that tell one linkage key from another, and nothing else of it."""
        return hmac.digest(self.linkage, _CHECK, "sha256")[:TOKEN_BYTES].hex()

    def _derive(self, purpose: str) -> bytes:
        return derived(self._master, purpose)


def derived(root: bytes, purpose: str) -> bytes:
    """The 32-byte key of a purpose below a root key: HKDF-SHA256 without salt."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"cgt_etl/v1/{purpose}".encode()).derive(root)


def token(key: bytes, kind: str, issuer: str, canonical: str) -> str:
    """32 hex digits that stand for one identifier under one key: the first 16 bytes of an HMAC-SHA256."""
    text = _DIVIDER.join((kind, issuer, canonical))
    return hmac.digest(key, text.encode(), "sha256")[:TOKEN_BYTES].hex()


def release_token(key: bytes, linkage_token: str) -> str:
    """The id of one identifier in released tables, from its linkage token: no partner's token leads to it, nor it to one."""
    return hmac.digest(key, linkage_token.encode("ascii"), "sha256")[:TOKEN_BYTES].hex()
