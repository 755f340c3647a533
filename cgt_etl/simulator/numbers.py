"""Numbers that partners print: check characters and the ways a donation number is written.

Written from the standards alone, so that the pipeline's own check functions are tested against something else.
"""

from __future__ import annotations

import random

MOD_37_2 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
UNAMBIGUOUS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"


def check_value(text: str) -> int:
    """ISO/IEC 7064 Mod 37-2 check value, 0 to 36: weights are powers of two rising from the right, starting at 2."""
    total = sum(MOD_37_2.index(character) << power for power, character in enumerate(reversed(text), start=1))
    return (38 - total % 37) % 37


def check_character(text: str) -> str:
    """The keyboard check character K of a 13-character donation number."""
    return MOD_37_2[check_value(text)]


def donation_number(facility: str, year: int, serial: int) -> str:
    """ISBT 128 donation identification number: facility, two-digit year, six-digit serial; 13 characters without check."""
    return f"{facility}{year % 100:02d}{serial:06d}"


def with_check(din: str) -> str:
    """14 characters: the number and its K, as typed from a label."""
    return din + check_character(din)


def with_flags(din: str) -> str:
    """16 characters: `=`, the number and the flags 60 + check value, as scanned from a bar code."""
    return f"={din}{60 + check_value(din)}"


def as_printed(din: str) -> str:
    """The number with the spaces of the eye-readable label."""
    return f"{din[:5]} {din[5:7]} {din[7:]}"


def with_wrong_check(din: str) -> str:
    """14 characters whose last is not the check character."""
    return din + MOD_37_2[(check_value(din) + 1) % 36]


def chain_of_identity(facility: str, year: int, draw: random.Random) -> str:
    """ISBT 128 data structure 040: `CH`, facility, two-digit year, six alphanumerics; 15 characters."""
    return f"CH{facility}{year % 100:02d}" + "".join(draw.choice(UNAMBIGUOUS) for _ in range(6))
