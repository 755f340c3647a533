"""Which door admits: the digests that name contract, code, partner, key, suppression list and sequence of an admission.

Reads source files and declarations, never a row. Light: a night that looks for news may call it.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from importlib import metadata

from cgt_etl.contracts.registry import Binding, Registry
from cgt_etl.landing.delivery import Manifest
from cgt_etl.settings import PACKAGE

ENGINE = metadata.version("cgt_etl")
"""Version of this software."""
_CODE = ("extract", "door")
_SHARED_CODE = tuple(
    f"contracts/{name}.py" for name in ("accepted", "closed", "formats", "load", "model", "packing", "registry", "vocabulary")
)
"""What the door asks of the package of contracts beside the declarations: shapes, defaults, issuers and their canonical forms."""
_VOCABULARIES = ("unit_map.csv", "code_map.csv", "loinc_map.csv", "measurements.csv")


def door_of(registry: Registry, binding: Binding, suppression: str, sequence: str) -> dict[str, str]:
    """What an admission depends on beside the bytes; `suppression` is the digest of the list."""
    partner = binding.partner.partner
    return {
        "contract": binding.feed.digest,
        "code": _code_digest(),
        "partner": registry.partner_digests[partner],
        "token_key": binding.partner.token_key,
        "suppression": suppression,
        "sequence": sequence,
    }


def door16(door: dict[str, str]) -> str:
    """The first 16 hex digits of the sha256 of `door_of`'s answer: the name of an admission's folder."""
    return hashlib.sha256(json.dumps(door, sort_keys=True).encode()).hexdigest()[:16]


def is_older(registry: Registry, said: Manifest) -> bool:
    """Whether another contract, reader or partner file than the present one admitted a delivery; its own suppression list aside.

    Raises:
        DeclarationError: nobody promises its feed any more.
    """
    return door16(door_of(registry, registry.binding(said.partner, said.feed), said.door["suppression"], said.sequence)) != said.door16


@cache
def _code_digest() -> str:
    """sha256 of the reader's and the door's source and of the vocabularies they read, taken once per process."""
    digest = hashlib.sha256()
    files = [path for folder in _CODE for path in sorted((PACKAGE / folder).rglob("*.py"))]
    files += [PACKAGE / name for name in _SHARED_CODE]
    files += [path for name in _VOCABULARIES if (path := PACKAGE / "vocabularies" / name).is_file()]
    for path in files:
        digest.update(f"{path.relative_to(PACKAGE).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
