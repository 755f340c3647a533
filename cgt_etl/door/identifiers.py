"""One canonical form per identifier, checked by its own check rule: what is hashed must first be written one way.

Pure functions of text; structures and vectors from the domain's `identifiers.md` (ISBT 128 ST-001, GS1 General Specifications,
IATA). No keys, no tables of products or facilities.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import partial
from urllib.parse import unquote

from cgt_etl.contracts.model import CanonicalForm
from cgt_etl.errors import CgtError

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"
_PLAIN = CanonicalForm()
_SPACES = re.compile(r"[\s\u00a0\u2007\u202f]+")

_DIN = re.compile(r"[A-NP-Z1-9][A-NP-Z0-9]{2}[0-9]{10}")
_DIN_URN = re.compile(r"urn:din:([^:]+)(?::[A-Z][A-Z0-9]{4}(?::[A-Za-z0-9]{2})?)?", re.IGNORECASE)
_DIN_DIVISION = re.compile(r"(.+)-[A-Za-z0-9]{2}")
_GRID = re.compile(r"[1-9][0-9]{3}[A-Z0-9]{13}[0-9]{2}")
_COI = re.compile(r"CH[A-NP-Z1-9][A-NP-Z0-9]{2}[0-9]{4}[A-Z0-9]{6}")
_AIR_WAYBILL = re.compile(r"([0-9]{3})-?([0-9]{7})([0-9])")
_PRODUCT_CODE = re.compile(r"[A-Z][A-Z0-9]{4}([A-Z0-9][A-Za-z0-9]{2})?")
_DIVISION = re.compile(r"[A-Za-z0-9]{2}")
_EPC = re.compile(r"urn:epc:id:(sscc|sgtin|sgln|pgln):([0-9]+)\.([0-9]*)(?:\..*)?", re.IGNORECASE)
_EPC_OF_THING = re.compile(
    r"urn:epc:(?:id|class|idpat):(sscc|sgtin|lgtin|grai|giai|sgln|pgln):([0-9]+)\.(?:([0-9]*)\.)?(.+)", re.IGNORECASE
)
_DIGITAL_LINK = re.compile(
    r"https?://[^/?#]+(?:/[^/?#]+)*?/(00|01|253|255|401|402|414|417|8003|8004|8006|8010|8013|8017|8018)/([^?#]+)", re.IGNORECASE
)
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")
_LOT_CLASS = re.compile(r"urn:epc:class:lgtin:[0-9]+\.[0-9]*\.(.+)", re.IGNORECASE)
_ASSET = re.compile(r"urn:epc:id:giai:[0-9]+\.(.+)", re.IGNORECASE)
_EPC_SCHEMES = {"sscc": {"sscc"}, "gtin": {"sgtin"}, "gln": {"sgln", "pgln"}}
_LINKED = {"sscc": ("00",), "gtin": ("01",), "gln": ("417", "414")}
"""Application identifiers of the keys in a GS1 Digital Link."""


class NotCanonical(CgtError):
    """A text that is no identifier of its kind; does not say which text."""


def canonicalise(kind: str, text: str, form: CanonicalForm = _PLAIN, patterns: Iterable[str] = ()) -> str:
    """The one way of writing `text`, an identifier of `kind`.

    `form` is its issuer's (kinds with a structure of their own do not ask it); `patterns` are regular expressions of other forms that
    the kind may have by contract, a sponsor's chain-of-identity ids for instance. Idempotent (but for a `strip_prefix` given twice).

    Raises:
        NotCanonical: wrong structure or check character.
    """
    canonical = _STRUCTURED[kind](text) if kind in _STRUCTURED else _by_form(text, form)
    if canonical is None and patterns:
        plain = _by_form(text, form)
        canonical = plain if plain and any(re.fullmatch(pattern, plain) for pattern in patterns) else None
    if not canonical:
        raise NotCanonical(f"this is no identifier of the kind {kind}", remedy="Check its structure and its check character at the source")
    return canonical


def is_structured(kind: str) -> bool:
    """Whether the kind has a structure or check character of its own."""
    return kind in _STRUCTURED


def mod_37_2(text: str) -> str:
    """ISO/IEC 7064 Mod 37-2 check character: K of a DIN. Weights 2^n at the left to 2^1 at the right, (38 - S mod 37) mod 37."""
    total = 0
    for character in text:
        total = (total + _ALPHABET.index(character)) * 2 % 37
    return _ALPHABET[(38 - total) % 37]


def mod_10(digits: str) -> str:
    """GS1 check digit of the digits before it: weights 3, 1, 3, ... from the right."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _din(text: str) -> str | None:
    """13 characters; K (checked), flags (checked where they carry K: 60 to 96), `=`, spaces and a bag's division are not part of it.

    Of `urn:din:<DIN>:<product description code>:<division>` only the donation is read.
    """
    bare = _SPACES.sub("", text)
    if urn := _DIN_URN.fullmatch(bare):
        bare = urn[1]
    if divided := _DIN_DIVISION.fullmatch(bare):
        bare = divided[1]
    bare = bare.upper().removeprefix("=")
    din, rest = bare[:13], bare[13:]
    if not _DIN.fullmatch(din) or not rest.isascii():
        return None
    check = mod_37_2(din)
    flags, key = (rest[:2], rest[2:]) if len(rest) >= 2 else ("", rest)
    if key not in ("", check) or not (flags == "" or flags.isalnum()):
        return None
    carries_check = flags.isdigit() and 60 <= int(flags) <= 96
    return None if carries_check and int(flags) - 60 != _ALPHABET.index(check) else din


def _grid(text: str) -> str | None:
    """19 characters: issuing organisation, registry's donor id, and a Mod 37-2 checksum of two digits (it is not mod 97)."""
    bare = _SPACES.sub("", text).replace("-", "").upper()
    if not _GRID.fullmatch(bare):
        return None
    return bare if _ALPHABET.index(mod_37_2(bare[:17])) == int(bare[17:]) else None


def _coi(text: str) -> str | None:
    """ISBT 128 DS040: CH, facility, year and 6 characters."""
    bare = _SPACES.sub("", text).upper()
    return bare if _COI.fullmatch(bare) else None


def _digital_link(text: str) -> dict[str, str]:
    """Application identifiers of a GS1 Digital Link, whatever its domain, with their values; empty where the text is none."""
    link = _DIGITAL_LINK.fullmatch(text.strip().partition("?")[0].partition("#")[0].rstrip("/"))
    if link is None:
        return {}
    parts = [link[1], *(unquote(part) for part in link[2].split("/"))]
    return dict(zip(parts[::2], parts[1::2], strict=False))


def _epc(text: str) -> str | None:
    """A thing of any kind by the address that names it: EPC URI and GS1 Digital Link of one thing are one; any other URI is itself."""
    bare = text.strip()
    if linked := _digital_link(bare):
        return "".join(f"({ai}){value}" for ai, value in linked.items() if (ai, value) != ("254", "0"))
    if epc := _EPC_OF_THING.fullmatch(bare):
        return _element_string(epc[1].lower(), epc[2], epc[3], unquote(epc[4])) or bare
    return bare if _URI.fullmatch(bare) else None


def _element_string(scheme: str, prefix: str, number: str | None, serial: str) -> str | None:
    """The parts of an EPC URI by application identifiers, check digits put in; None where a part is missing. `*` is every serial number."""
    if scheme == "giai":
        return f"(8004){prefix}{'' if number is None else f'{number}.'}{serial}"
    if number is None:
        digits = {"sscc": f"{serial[:1]}{prefix}{serial[1:]}", "pgln": f"{prefix}{serial}"}.get(scheme)
        return digits and f"({'00' if scheme == 'sscc' else '417'}){_with_check(digits)}"
    item = f"(01){_with_check(f'{number[:1]}{prefix}{number[1:]}')}"
    every = serial == "*"
    named = {
        "sgtin": f"{item}{'' if every else f'(21){serial}'}",
        "lgtin": f"{item}{'' if every else f'(10){serial}'}",
        "grai": f"(8003)0{_with_check(f'{prefix}{number}')}{'' if every else serial}",
        "sgln": f"(414){_with_check(f'{prefix}{number}')}{'' if serial == '0' else f'(254){serial}'}",
    }
    return named.get(scheme)


def _with_check(digits: str) -> str:
    return digits + mod_10(digits) if digits.isascii() and digits.isdigit() else digits


def _gs1(kind: str, length: int, text: str) -> str | None:
    """GS1 key with its check digit; an EPC URI has none and gets it. A GS1 Digital Link names its key by an application identifier."""
    bare = _SPACES.sub("", text)
    if linked := _digital_link(bare):
        bare = next((linked[ai] for ai in _LINKED[kind] if ai in linked), "")
    if epc := _EPC.fullmatch(bare):
        body = epc[2] + epc[3]
        if epc[1].lower() not in _EPC_SCHEMES[kind] or len(body) != length - 1:
            return None
        if kind != "gln":  # the serial's first digit is the extension or indicator digit: it goes before the company prefix
            body = epc[3][:1] + epc[2] + epc[3][1:]
        return body + mod_10(body)
    if kind == "sscc":
        bare = bare.removeprefix("(00)")
    if kind == "gtin" and len(bare) in (8, 12, 13):
        bare = bare.rjust(length, "0")
    if len(bare) != length or not (bare.isascii() and bare.isdigit()):
        return None
    return bare if mod_10(bare[:-1]) == bare[-1] else None


def _air_waybill(text: str) -> str | None:
    """`PPP-SSSSSSSC`: C is the 7-digit serial mod 7."""
    match = _AIR_WAYBILL.fullmatch(_SPACES.sub("", text))
    if match is None or int(match[2]) % 7 != int(match[3]):
        return None
    return f"{match[1]}-{match[2]}{match[3]}"


def _product_code(text: str) -> str | None:
    """5 characters of product description, or 8 with collection type and division, whose case counts."""
    bare = _SPACES.sub("", text).removeprefix("=<")
    bare = bare[:6].upper() + bare[6:]
    return bare if _PRODUCT_CODE.fullmatch(bare) else None


def _division(text: str) -> str | None:
    bare = text.strip()
    return bare if bare.isascii() and _DIVISION.fullmatch(bare) else None


def _by_form(text: str, form: CanonicalForm) -> str | None:
    """An issuer's number in the issuer's form; None where nothing is left of it.

    Of an EPC class of a lot the lot alone is read, of the EPC of an asset (a logger) its serial number; of a GS1 Digital Link the lot, or
    the whole asset identifier, whose company prefix the issuer's `strip_prefix` takes away.
    """
    linked = _digital_link(text)
    if at := next((linked[ai] for ai in ("10", "8004") if ai in linked), None):
        text = at
    if named := _LOT_CLASS.fullmatch(text.strip()) or _ASSET.fullmatch(text.strip()):
        text = unquote(named[1])
    bare = text.strip().removeprefix(form.strip_prefix)
    bare, without = (bare.upper(), form.strip.upper()) if form.upper else (bare, form.strip)
    bare = bare.translate(dict.fromkeys(map(ord, without))).strip()
    if not bare:
        return None
    return bare if form.zero_pad is None else bare.lstrip("0").rjust(form.zero_pad, "0")


_STRUCTURED: dict[str, Callable[[str], str | None]] = {
    "din": _din,
    "epc": _epc,
    "grid": _grid,
    "coi": _coi,
    "sscc": partial(_gs1, "sscc", 18),
    "gtin": partial(_gs1, "gtin", 14),
    "gln": partial(_gs1, "gln", 13),
    "awb": _air_waybill,
    "product_code": _product_code,
    "division": _division,
}
