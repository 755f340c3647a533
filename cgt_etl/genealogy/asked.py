"""What a person types (a donation's number, a bag's, a lot, a batch) as tokens of a release.

A number is read as the door reads it, under every issuer that may have given it. It is neither kept nor said: what is told is how it could
be read. Where a token leads is `find`'s part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from cgt_etl.contracts.registry import GLOBAL_KINDS, Registry
from cgt_etl.door.identifiers import NotCanonical, canonicalise
from cgt_etl.door.tokens import Keys, release_token, token
from cgt_etl.door.typed import canonical, issuers
from cgt_etl.errors import CgtError
from cgt_etl.genealogy import KINDS

_ID = re.compile(r"s?[0-9a-f]{32}")
_LEAST_DIN = 13
_URN = re.compile(r"urn:din:(?P<din>[^:]+):(?P<code>[^:]+)(?::(?P<division>[^:]+))?", re.IGNORECASE)
_CODE_BEHIND = re.compile(r"[\s,;/|:=<-]*(?P<code>[A-Za-z][A-Za-z0-9]{4}(?:[A-Za-z0-9]{3})?)(?:[\s,;/|:-]+(?P<division>[A-Za-z0-9]{2}))?")
_DIVIDED = re.compile(r"(?P<din>.+)-(?P<division>[A-Za-z0-9]{2})")


@dataclass(frozen=True)
class Reading:
    """One way to read what was typed. `token` is its id in released tables; the parts of a bag are kept in the clear there."""

    kind: str
    issuer: str
    token: str
    linkage_token: str = field(repr=False)
    """As records that landed name it; stays inside."""
    product_code: str | None = None
    """Product description code, 5 characters."""
    division: str | None = None

    def __str__(self) -> str:
        said = [name for name, value in (("product code", self.product_code), ("division", self.division)) if value]
        return self.kind + (f" of {self.issuer}" if self.issuer else "") + (f", by {' and '.join(said)}" if said else "")


def is_id(text: str) -> bool:
    """Whether it has the form of an id or token of a release, which needs no key to look up."""
    return _ID.fullmatch(text.strip()) is not None


def readings(
    registry: Registry, keys: Keys, text: str, *, kind: str | None = None, partner: str | None = None
) -> tuple[list[Reading], list[str]]:
    """Every way to read it, and the kinds that it cannot be. `kind` and `partner` (who issued it) narrow.

    Raises:
        CgtError: no promised feed holds such numbers of such an issuer; or the kind was named and it is no identifier of that kind.
    """
    found: list[Reading] = []
    unlike: list[str] = []
    asked_of = 0
    for one in KINDS if kind is None else (kind,):
        for issuer in _issuers(registry, one, partner):
            asked_of += 1
            if read := _read(registry, keys, one, issuer, text):
                found.append(read)
            else:
                unlike.append(one)
    if not asked_of:
        raise CgtError("no promised feed holds such identifiers of this issuer", remedy="`cgt-etl registry list` names the partners")
    if not found:
        raise NotCanonical(f"this is no identifier of the kind {kind or 'din, bag, lot or batch'}", remedy="Check it at its source")
    if any(read.kind == "bag" for read in found):
        found = [read for read in found if read.kind != "din"]  # the narrower one; its donation is followed in any case
    return found, sorted(set(unlike) - {"bag"})


def _issuers(registry: Registry, kind: str, partner: str | None) -> list[str]:
    kind = "din" if kind == "bag" else kind
    try:
        known = issuers(registry, kind)
    except CgtError:
        return []
    return known if partner is None or kind in GLOBAL_KINDS else [one for one in known if one == partner]


def _read(registry: Registry, keys: Keys, kind: str, issuer: str, text: str) -> Reading | None:
    if kind == "bag":
        return _bag(registry, keys, text)
    try:
        written = canonical(registry, kind, issuer, text)
    except NotCanonical:
        return None
    linkage_token = token(keys.linkage, kind, issuer, written)
    return Reading(kind, issuer, release_token(keys.release, linkage_token), linkage_token)


def _bag(registry: Registry, keys: Keys, text: str) -> Reading | None:
    """A donation number followed by a product code of 5 or 8 characters, a division, or both."""
    for donation, code, division in _parts(text.strip()):
        din = _read(registry, keys, "din", "", donation)
        try:
            written = canonicalise("product_code", code) if code else ""
            apart = canonicalise("division", division) if division else written[6:]
        except NotCanonical:
            continue
        if din:
            return Reading("bag", "", din.token, din.linkage_token, written[:5] or None, apart or None)
    return None


def _parts(text: str) -> Iterator[tuple[str, str, str]]:
    """Donation, code and division, where the text may be cut into them; the shortest donation first."""
    if urn := _URN.fullmatch(text):
        yield urn["din"], urn["code"], urn["division"] or ""
        return
    for at in range(_LEAST_DIN, len(text)):
        if behind := _CODE_BEHIND.fullmatch(text, at):
            yield text[:at], behind["code"], behind["division"] or ""
    if divided := _DIVIDED.fullmatch(text):
        yield divided["din"], "", divided["division"]
