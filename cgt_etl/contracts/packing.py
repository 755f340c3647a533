"""How a delivered file may be packed, as its name says: the ending behind the name that the contract speaks of.

Reads no file; `cgt_etl.extract.packed` does. Imports nothing heavy.
"""

from __future__ import annotations

from typing import Literal

Packing = Literal["gzip", "zip"]
ENDINGS: dict[str, Packing] = {".gz": "gzip", ".zip": "zip"}
"""In small letters; a name may have them in any."""


def packing_of(name: str) -> Packing | None:
    """What the name of a delivered file says of its packing; None where it is plain."""
    return next((packing for ending, packing in ENDINGS.items() if name.lower().endswith(ending)), None)


def plain_name(name: str) -> str:
    """The name that patterns of contracts see (sequence, sheet, columns in the name): as delivered, without `.gz` or `.zip`.

    What an entry of a zip is called is seen by none of them.
    """
    return name.rpartition(".")[0] if packing_of(name) else name
