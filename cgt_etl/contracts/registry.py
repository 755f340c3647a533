"""The folder walk that is the registry: every dialect and partner found under the settings' paths, and how they bind.

An unhealthy folder is left out and named in `unhealthy`; it never stops the healthy ones. No list to edit elsewhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from cgt_etl.contracts.formats import JsonFormat, NdjsonFormat
from cgt_etl.contracts.load import TODO, ColumnSpec, Feed, ObjectSpec, load_feed, load_partner
from cgt_etl.contracts.model import CanonicalForm, Partner, Promise, Sequence, Site, Speaks
from cgt_etl.errors import DeclarationError
from cgt_etl.settings import Settings

T = TypeVar("T")

GLOBAL_KINDS = frozenset({"din", "grid", "coi", "sscc", "gtin", "gln", "awb", "crid"})
"""Kinds of identifier that are unique without an issuer."""


@dataclass(frozen=True)
class Dialect:
    """One source system's way of exporting: a folder of contracts."""

    name: str
    path: Path
    feeds: tuple[Feed, ...]


@dataclass(frozen=True)
class Binding:
    """One partner's feed: what it promised, in which dialect, from which site."""

    partner: Partner
    speaks: Speaks
    feed: Feed
    """As this partner sends it: its file format is the partner's own where the partner file says so."""
    site: Site

    @property
    def sequence(self) -> Sequence:
        return self.speaks.sequence or self.feed.extension.sequence

    @property
    def promise(self) -> Promise:
        """The contract's, each part of it as the partner file overrides it."""
        own, general = self.speaks, self.feed.promise
        return Promise(
            every_days=general.every_days if own.every_days is None else own.every_days,
            delay_days=general.delay_days if own.delay_days is None else own.delay_days,
        )

    @property
    def site_id(self) -> str:
        return f"{self.partner.partner}.{self.site.site}"

    def patterns_of(self, column: ColumnSpec) -> tuple[str, ...]:
        """Forms that this partner says its identifiers of the column's kind have beside those that the contract allows."""
        return tuple(self.speaks.patterns.get(column.extension.identifier or "", ()))

    def issuer_of(self, column: ColumnSpec) -> str:
        """Who issued this column's identifiers; empty for kinds that are unique everywhere."""
        kind = column.extension.identifier or ""
        if kind in GLOBAL_KINDS:
            return ""
        return column.extension.issuer or self.speaks.issuers.get(kind) or self.partner.partner


@dataclass(frozen=True)
class Registry:
    """Everything declared, as found on disk."""

    dialects: dict[str, Dialect]
    partners: dict[str, Partner]
    partner_digests: dict[str, str]
    """sha256 of each partner file."""
    unhealthy: list[DeclarationError]

    @classmethod
    def load(cls, settings: Settings) -> Registry:
        unhealthy: list[DeclarationError] = []
        dialects = {d.name: d for d in _healthy(settings.dialect_paths, "*.odcs.yaml", _dialect, unhealthy)}
        partners: dict[str, Partner] = {}
        digests: dict[str, str] = {}
        for path, partner in _healthy(settings.partner_paths, "partner.yaml", _partner_in(dialects), unhealthy):
            partners[partner.partner] = partner
            digests[partner.partner] = hashlib.sha256(path.read_bytes()).hexdigest()
        return cls(dialects, partners, digests, unhealthy)

    @cached_property
    def feeds(self) -> list[Feed]:
        return [feed for name in sorted(self.dialects) for feed in self.dialects[name].feeds]

    @cached_property
    def tables(self) -> list[tuple[str, Feed, ObjectSpec, str | None]]:
        """Every accepted table: (`<dialect>__<feed>__<object>`, feed, object, split column or None), in order."""
        found: list[tuple[str, Feed, ObjectSpec, str | None]] = []
        for feed in self.feeds:
            for spec in feed.objects:
                name = f"{feed.dialect}__{feed.name}__{spec.name}"
                found.append((name, feed, spec, None))
                found += [(f"{name}__{c.name}", feed, spec, c.name) for c in spec.columns if c.extension.split]
        return found

    @cached_property
    def bindings(self) -> list[Binding]:
        """One per partner and feed that it promised, sorted by partner and feed."""
        return [binding for name in sorted(self.partners) for binding in _bindings(self.partners[name], self.dialects)]

    def binding(self, partner: str, feed: str) -> Binding:
        """The promise that a delivery falls under.

        Raises:
            DeclarationError: no such partner, or it promised no such feed.
        """
        if partner not in self.partners:
            raise DeclarationError(
                "unknown partner",
                partner=partner,
                rule="F04",
                remedy="Add partners/<partner>/partner.yaml, or mend the folder that does not load",
            )
        for binding in self.bindings:
            if binding.partner.partner == partner and binding.feed.name == feed:
                return binding
        known = ", ".join(b.feed.name for b in self.bindings if b.partner.partner == partner) or "none"
        raise DeclarationError("this partner promised no such feed", partner=partner, feed=feed, rule="F04", remedy=f"It promised: {known}")

    def canonical_form(self, kind: str, issuer: str) -> CanonicalForm:
        """How `issuer` writes its numbers of this kind; the plain form where it says nothing."""
        for issue in self.partners[issuer].issues if issuer in self.partners else []:
            if issue.kind == kind:
                return issue.canonical
        return CanonicalForm()


def _healthy(paths: Iterable[Path], marker: str, read: Callable[[Path], T], unhealthy: list[DeclarationError]) -> Iterator[T]:
    seen: dict[str, Path] = {}
    for folder in (
        f for root in paths if root.is_dir() for f in sorted(root.iterdir()) if f.is_dir() and not f.name.startswith(("_", "."))
    ):
        if folder.name in seen:
            unhealthy.append(DeclarationError("this name is taken", file=str(folder), remedy=f"{seen[folder.name]} has it; rename one"))
            continue
        seen[folder.name] = folder
        if not any(folder.glob(marker)):
            unhealthy.append(DeclarationError(f"the folder holds no {marker}", file=str(folder), remedy="Write it, or remove the folder"))
            continue
        try:
            yield read(folder)
        except DeclarationError as error:
            unhealthy.append(error)


def _dialect(folder: Path) -> Dialect:
    for path in sorted(path for path in folder.iterdir() if path.suffix in (".sql", ".yml", ".md")):
        for position, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
            if TODO in line:
                raise DeclarationError("still to be written", file=f"{folder.name}/{path.name}", position=position, remedy="See its TODO")
    return Dialect(folder.name, folder, tuple(load_feed(path) for path in sorted(folder.glob("*.odcs.yaml"))))


def _partner_in(dialects: dict[str, Dialect]) -> Callable[[Path], tuple[Path, Partner]]:
    def read(folder: Path) -> tuple[Path, Partner]:
        path = folder / "partner.yaml"
        partner = load_partner(path)
        promised: set[str] = set()
        for spoken in partner.speaks:
            if spoken.dialect not in dialects:
                raise DeclarationError(
                    f"speaks the dialect `{spoken.dialect}`, which does not exist or does not load",
                    partner=partner.partner,
                    file=f"{folder.name}/partner.yaml",
                    remedy=f"Known dialects: {', '.join(sorted(dialects)) or 'none'}",
                )
            known = {feed.name for feed in dialects[spoken.dialect].feeds}
            names = set(spoken.feeds) or known
            if names - known:
                raise DeclarationError(
                    f"promises feeds that {spoken.dialect} does not have: {', '.join(sorted(names - known))}",
                    partner=partner.partner,
                    file=f"{folder.name}/partner.yaml",
                    remedy=f"It has: {', '.join(sorted(known))}",
                )
            if promised & names:
                raise DeclarationError(
                    f"promises a feed twice: {', '.join(sorted(promised & names))}",
                    partner=partner.partner,
                    file=f"{folder.name}/partner.yaml",
                    remedy="Feeds of one partner have different names",
                )
            promised |= names
            others = [f.name for f in dialects[spoken.dialect].feeds if f.name in names and not isinstance(f.extension.file, NdjsonFormat)]
            if spoken.document is not None and others:
                raise DeclarationError(
                    f"sends JSON documents where {spoken.dialect} has no JSON lines: {', '.join(others)}",
                    partner=partner.partner,
                    file=f"{folder.name}/partner.yaml",
                    remedy="Take `document` away",
                )
        return path, partner

    return read


def _bindings(partner: Partner, dialects: dict[str, Dialect]) -> list[Binding]:
    sites = {site.site: site for site in partner.sites}
    found = [
        Binding(partner, spoken, _as_sent(feed, spoken), sites[spoken.site])
        for spoken in partner.speaks
        for feed in dialects[spoken.dialect].feeds
        if not spoken.feeds or feed.name in spoken.feeds
    ]
    return sorted(found, key=lambda binding: binding.feed.name)


def _as_sent(feed: Feed, spoken: Speaks) -> Feed:
    """The feed in the format in which this partner sends it."""
    file = feed.extension.file
    if spoken.document is None or not isinstance(file, NdjsonFormat):
        return feed
    document = JsonFormat(format="json", resource_type=file.resource_type, **spoken.document.model_dump())
    return replace(feed, extension=feed.extension.model_copy(update={"file": document, "unit": "record"}))
