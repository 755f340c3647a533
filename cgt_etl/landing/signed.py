"""Statements that a home signs about itself: Ed25519, under a key from its master key. Knows nothing of what they say.

A signature and no keyed hash: whoever has the public key checks it, and cannot make one.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cgt_etl.door.tokens import Keys


def signature(keys: Keys, said: dict[str, Any]) -> str:
    """Of a JSON value, in hex."""
    return _private(keys).sign(_digest(said)).hex()


def public_key(keys: Keys) -> str:
    """In hex: what checks a signature."""
    return _private(keys).public_key().public_bytes_raw().hex()


def is_signed(keys: Keys, said: object, by: str) -> bool:
    """Whether `by`, in hex, is this home's signature of a JSON value.

    Raises:
        ValueError, TypeError: `by` is no hex.
    """
    try:
        _private(keys).public_key().verify(bytes.fromhex(by), _digest(said))
    except InvalidSignature:
        return False
    return True


def _private(keys: Keys) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(keys.tombstones)


def _digest(said: object) -> bytes:
    text = json.dumps(said, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    return hashlib.sha256(text.encode()).digest()
