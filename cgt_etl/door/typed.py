"""An identifier that a person types, read as the door reads a delivered one: whose it may be, and its one way of writing.

Never says the value.
"""

from __future__ import annotations

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.identifiers import canonicalise
from cgt_etl.door.rules import patterns_of
from cgt_etl.errors import CgtError


def issuers(registry: Registry, kind: str) -> list[str]:
    """Issuers of the identifiers of this kind that promised feeds hold; [""] for kinds that are unique everywhere.

    Raises:
        CgtError: no promised feed holds such.
    """
    known: dict[str, set[str]] = {}
    for binding in registry.bindings:
        for column in (column for spec in binding.feed.objects for column in spec.columns):
            if column.extension.identifier:
                known.setdefault(column.extension.identifier, set()).add(binding.issuer_of(column))
    if kind not in known:
        raise CgtError("no promised feed holds identifiers of this kind", remedy=f"Name one of: {', '.join(sorted(known)) or 'none'}")
    return sorted(known[kind])


def canonical(registry: Registry, kind: str, issuer: str, text: str) -> str:
    """The one way of writing it, in its issuer's form or in any other that a contract or partner allows the kind.

    Raises:
        NotCanonical: it is no identifier of that kind.
    """
    columns = (column for feed in registry.feeds for spec in feed.objects for column in spec.columns)
    of_contracts = {pattern for column in columns if column.extension.identifier == kind for pattern in patterns_of(column)}
    patterns = of_contracts.union(*(spoken.patterns.get(kind, ()) for one in registry.partners.values() for spoken in one.speaks))
    return canonicalise(kind, text, registry.canonical_form(kind, issuer), sorted(patterns))
