"""Numbers that partners print: check characters and the ways a donation number is written.

Written from the standards alone, so that the pipeline's own check functions are tested against something else.
"""

from __future__ import annotations

from datetime import UTC, datetime

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
    """ISBT 128 donation identification number: facility, two-digit year, six-digit serial; 13 characters without check.

    Raises:
        ValueError: the serial does not fit.
    """
    return f"{facility}{year % 100:02d}{_fits(serial, 6):06d}"


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


def chain_of_identity(facility: str, year: int, serial: int) -> str:
    """ISBT 128 data structure 040: `CH`, facility, two-digit year, six alphanumerics; 15 characters.

    The six look drawn and are not: each serial has its own.
    """
    base = len(UNAMBIGUOUS)
    rest, characters = serial * 48_271_009 % base**6, ""
    for _ in range(6):
        rest, place = divmod(rest, base)
        characters += UNAMBIGUOUS[place]
    return f"CH{facility}{year % 100:02d}{characters}"


def gs1(digits: str) -> str:
    """The digits and their GS1 check digit: from the right, weights 3 and 1 in turn, up to the next ten."""
    total = sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits)))
    return f"{digits}{-total % 10}"


def location_number(location: int) -> str:
    """GLN of 13 digits under the fictional prefix 9999999."""
    return gs1(f"9999999{location:05d}")


def shipping_container(serial: int) -> str:
    """SSCC of 18 digits: extension digit 0, prefix 9999999, serial of nine digits, check digit.

    Raises:
        ValueError: the serial does not fit.
    """
    return gs1(f"09999999{_fits(serial, 9):09d}")


def air_waybill(airline: str, serial: int) -> str:
    """`ppp-nnnnnnnc`: airline prefix, seven-digit serial, and the serial modulo 7."""
    serial = _fits(serial, 7)
    return f"{airline}-{serial:07d}{serial % 7}"


def registration_identifier(organisation: int, serial: int) -> str:
    """GRID of 19 characters: issuing organisation (4 digits), 13 characters of registration, two check digits."""
    text = f"{organisation:04d}{serial:013d}"
    return f"{text}{check_value(text):02d}"


def _fits(serial: int, digits: int) -> int:
    if serial >= 10**digits:
        raise ValueError(f"a world this large has more numbers than {digits} digits hold; simulate fewer journeys")
    return serial


def utc(at: datetime) -> str:
    """The instant in UTC, ISO 8601 to the second, without an offset."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")


def minutes_between(first: datetime, second: datetime) -> int:
    """Elapsed whole minutes, whatever the clocks did in between."""
    return round((second.astimezone(UTC) - first.astimezone(UTC)).total_seconds() / 60)
