"""Who holds which part of a network's keys: a partner that tokenises at home, and a hub that never sees an identifier.

Both parts are cut from one master key by whoever keeps it, as one line of text each. A partner's makes tokens of identifiers and none of
released tables; a hub's makes those of released tables and none of identifiers. Opens no file.
"""

from __future__ import annotations

import base64
from functools import cached_property

from cgt_etl.door.tokens import KEY_BYTES, TOKEN_BYTES, Keys, derived
from cgt_etl.errors import CgtError, DeclarationError

_HUB, _PARTNER = "cgt-hub-key-1", "cgt-partner-key-1"


class HubKeys(Keys):
    """Of a hub that takes tokenised deliveries alone."""

    makes_tokens = False

    def __init__(self, release: bytes, hub: bytes, linkage_check: str) -> None:
        super().__init__(hub)
        self._given_release, self._given_check = release, linkage_check

    def partner(self, name: str) -> bytes:  # noqa: ARG002  whichever
        raise _no_identifiers()

    @cached_property
    def linkage(self) -> bytes:
        raise _no_identifiers()

    @cached_property
    def release(self) -> bytes:
        return self._given_release

    @cached_property
    def hub(self) -> bytes:
        return self._master

    @cached_property
    def linkage_check(self) -> str:
        return self._given_check


class PartnerKeys(Keys):
    """Of one partner at its own place, whose token key is `name`."""

    def __init__(self, name: str, linkage: bytes, own: bytes, bundle: bytes, home: bytes) -> None:
        super().__init__(home)
        self._name, self._given_linkage, self._own, self._bundle = name, linkage, own, bundle

    def partner(self, name: str) -> bytes:
        self._check(name)
        return self._own

    def bundle(self, name: str) -> bytes:
        self._check(name)
        return self._bundle

    @cached_property
    def linkage(self) -> bytes:
        return self._given_linkage

    @cached_property
    def release(self) -> bytes:
        raise CgtError("a partner's key makes no tokens of released tables", remedy="Releases are made at the hub")

    @cached_property
    def hub(self) -> bytes:
        raise CgtError("a partner's key is no hub's", remedy="Set CGT_MASTER_KEY_FILE to the hub's")

    def _check(self, name: str) -> None:
        if name != self._name:
            raise CgtError("this key is another partner's", remedy="Set CGT_MASTER_KEY_FILE to the key that was given for this partner")


def for_hub(keys: Keys) -> str:
    """The part of a hub that takes tokenised deliveries alone, as text."""
    return f"{_HUB} {_text(keys.release + keys.hub + bytes.fromhex(keys.linkage_check))}"


def for_partner(keys: Keys, name: str) -> str:
    """The part of the partner whose token key is `name`, as text."""
    home = derived(keys.partner(name), "home")
    return f"{_PARTNER} {name} {_text(keys.linkage + keys.partner(name) + keys.bundle(name) + home)}"


def read(text: str) -> Keys | None:
    """The keys that a line of `for_hub` or `for_partner` gives; None where it begins like neither.

    Raises:
        DeclarationError: it begins so, and is cut off or altered.
    """
    match text.split():
        case [kind, coded] if kind == _HUB:
            release, hub, check = _parts(coded, (KEY_BYTES, KEY_BYTES, TOKEN_BYTES))
            return HubKeys(release, hub, check.hex())
        case [kind, name, coded] if kind == _PARTNER:
            return PartnerKeys(name, *_parts(coded, (KEY_BYTES,) * 4))
        case [kind, *_] if kind in (_HUB, _PARTNER):
            raise _damaged()
    return None


def _text(key: bytes) -> str:
    return base64.b64encode(key).decode("ascii")


def _parts(coded: str, sizes: tuple[int, ...]) -> list[bytes]:
    try:
        key = base64.b64decode(coded, validate=True)
    except ValueError:
        key = b""
    if len(key) != sum(sizes):
        raise _damaged()
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    return [key[start : start + size] for start, size in zip(starts, sizes, strict=True)]


def _damaged() -> DeclarationError:
    return DeclarationError("the key is cut off or altered", remedy="Ask whoever keeps the master key for it again")


def _no_identifiers() -> CgtError:
    return CgtError(
        "this hub takes tokenised deliveries and holds no key that makes a token of an identifier",
        remedy="Ask the partner whose identifier it is: `cgt-etl partner token` and `cgt-etl partner resolve` run at its place",
    )
