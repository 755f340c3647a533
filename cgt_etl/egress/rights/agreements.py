"""Agreements and refusals of partners, as data: the closed model of `partners/<partner>/agreements.yaml` and its reader.

A partner's folder speaks for its own rows alone: who contributes is the folder's name. Holds no decision and no policy (`policies`).
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from cgt_etl.contracts.closed import Closed, Slug
from cgt_etl.contracts.load import read_yaml, validated
from cgt_etl.contracts.model import Role
from cgt_etl.contracts.registry import Registry
from cgt_etl.egress.rights import duo
from cgt_etl.egress.rights.columns import FORMS, Catalogue, Form, Tier, is_at_least
from cgt_etl.errors import CgtError, DeclarationError
from cgt_etl.release import digest
from cgt_etl.settings import PACKAGE, Settings

NAME = "agreements.yaml"
Day = Annotated[date, Field(strict=True)]
Text = Annotated[str, Field(min_length=3)]


class ToPartner(Closed):
    partner: Slug


class ToRole(Closed):
    role: Role


To = Literal["everybody"] | ToPartner | ToRole
"""A partner, every other partner of a role, or every other partner."""


class Agreement(Closed):
    """What a partner lets others have of its own rows, for what, and until when. Days are inclusive."""

    agreement: Slug
    to: To
    purposes: Annotated[tuple[str, ...], Field(min_length=1)]
    """DUO permissions, in the form of `duo.purpose`; one of them must cover the purpose asked for."""
    conditions: tuple[str, ...] = ()
    """DUO modifiers, each of which the recipient must meet."""
    consent: Slug
    """Purpose of the sharing policy that the consents of everybody in the rows must cover (R55)."""
    tables: Annotated[tuple[Slug, ...], Field(min_length=1)]
    tier: Literal["aggregate_only", "network"]
    """The most that is given of a column that `columns` does not name; its own tier holds too."""
    columns: dict[str, Tier] = Field(default_factory=dict)
    """`table.column` -> its tier in this agreement, stricter or not than what it has by default."""
    populations: Annotated[tuple[str, ...] | None, Field(min_length=1)] = None
    """Modalities of the journeys that the rows are about; absent for all, also for rows about none."""
    first_day: Day | None = None
    """Of what happened on it or later."""
    last_day: Day | None = None
    signed: Day
    embargo_until: Day | None = None
    """The first day on which anything is given."""
    expires: Day
    """The last one."""
    in_return: Annotated[tuple[Text, ...], Field(min_length=1)]
    """What the contributor was promised."""

    @property
    def begins(self) -> date:
        """The first day on which it gives anything."""
        return max(self.signed, self.embargo_until or self.signed)

    @property
    def digest(self) -> str:
        """sha256 of what it says."""
        return digest.of_json(self.model_dump(mode="json"))

    def tier_of(self, column: str, default: Tier) -> Tier:
        """The tier of `table.column`, which has `default` where no agreement says another."""
        return self.columns.get(column, default if is_at_least(self.tier, default) else self.tier)

    @field_validator("purposes")
    @classmethod
    def _are_purposes(cls, purposes: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(duo.purpose(one) for one in purposes)
        except CgtError as error:
            raise _in_words(error) from None

    @field_validator("conditions")
    @classmethod
    def _are_conditions(cls, conditions: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return duo.conditions(conditions)
        except CgtError as error:
            raise _in_words(error) from None

    @model_validator(mode="after")
    def _can_be_used(self) -> Agreement:
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValueError("`last_day` lies before `first_day`")
        if self.expires < self.begins:
            raise ValueError("`expires` lies before the day on which it begins (`signed`, `embargo_until`)")
        return self


class Refusal(Closed):
    """What a partner never gives of its own rows, whatever an agreement says. `everybody` and a role are others; only naming oneself
    refuses oneself, for instance one's own outcomes while a trial is blinded."""

    refusal: Slug
    to: To
    what: Literal["all"] | Annotated[tuple[str, ...], Field(min_length=1)]
    """Tables, and columns as `table.column`."""
    forms: Annotated[tuple[Form, ...], Field(min_length=1)] = FORMS
    why: Text

    @property
    def digest(self) -> str:
        """sha256 of what it says."""
        return digest.of_json(self.model_dump(mode="json"))


@dataclass(frozen=True)
class Declared:
    """All that one partner agreed to and refused."""

    agreements: tuple[Agreement, ...] = ()
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True)
class Network:
    """Everything that decisions rest on: who there is, what is released, and what each contributor declared."""

    roles: Mapping[str, tuple[Role, ...]]
    """Partner -> its roles."""
    columns: Catalogue
    consents: frozenset[str]
    """Purposes of the sharing policy, by which people in rows are chosen."""
    declared: Mapping[str, Declared]
    """Contributor -> what it declared; absent where it declared nothing."""

    def each(self) -> Iterator[tuple[str, Agreement]]:
        """(contributor, agreement), in order."""
        for contributor in sorted(self.declared):
            yield from ((contributor, one) for one in self.declared[contributor].agreements)

    def includes(self, to: To, partner: str, contributor: str) -> bool:
        """Whether what a contributor addresses so is addressed to a partner."""
        if isinstance(to, ToPartner):
            return to.partner == partner
        return partner != contributor and (to == "everybody" or to.role in self.roles[partner])


def load(settings: Settings, registry: Registry, columns: Catalogue, consents: Iterable[str]) -> Network:
    """What the healthy partners of a deployment declared.

    Args:
        settings: says where partners' folders are.
        registry: the partners.
        columns: what is released.
        consents: purposes of the sharing policy.

    Raises:
        DeclarationError: a file says what it may not say; names the file, the agreement and the field.
    """
    roles = {name: tuple(partner.roles) for name, partner in sorted(registry.partners.items())}
    declared = {}
    for name in roles:
        files = [path for root in settings.partner_paths if (path := root / name / NAME).is_file()]
        if files:
            declared[name] = read(files[0])
    network = Network(roles, columns, frozenset(consents), declared)
    check(network)
    return network


def read(path: Path) -> Declared:
    """What a file declares, by itself.

    Raises:
        DeclarationError: naming the file, the agreement or refusal, the field, and what is wrong there.
    """
    document = read_yaml(path)
    entries = {kind: document.pop(kind, []) for kind in ("agreements", "refusals")}
    if document:
        raise _wrong(path, sorted(str(key) for key in document)[0], "unknown key; there are `agreements` and `refusals`")
    for kind, listed in entries.items():
        if not isinstance(listed, list):
            raise _wrong(path, kind, "this is not a list")
    found = Declared(
        tuple(validated(Agreement, one, path, _place("agreement", i, one)) for i, one in enumerate(entries["agreements"])),
        tuple(validated(Refusal, one, path, _place("refusal", i, one)) for i, one in enumerate(entries["refusals"])),
    )
    names = [*(one.agreement for one in found.agreements), *(one.refusal for one in found.refusals)]
    for name, times in Counter(names).items():
        if times > 1:
            raise _wrong(path, name, "this name is given twice in the file")
    return found


@cache
def populations() -> tuple[str, ...]:
    """Modalities that rows can be told apart by, in the words of the event vocabulary."""
    with (PACKAGE / "vocabularies" / "event_types.csv").open(encoding="utf-8", newline="") as file:
        words = {word for row in csv.DictReader(file) for word in row["modality"].split(";")}
    return tuple(sorted(words - {"all", ""}))


def check(network: Network) -> None:
    """That everything named in declarations exists, and no agreement gives more of a column than can be given.

    Raises:
        DeclarationError: naming the file, the agreement or refusal, the field, and what is wrong there.
    """
    for contributor, declared in network.declared.items():
        path = Path(contributor) / NAME
        for one in declared.agreements:
            at = f"agreement {one.agreement}"
            _check_to(network, one.to, path, at)
            if isinstance(one.to, ToPartner) and one.to.partner == contributor:
                raise _wrong(path, f"{at}.to", "a partner's own rows need no agreement")
            if one.consent not in network.consents:
                there = ", ".join(sorted(network.consents))
                raise _wrong(path, f"{at}.consent", f"the sharing policy has no such purpose; it has {there}")
            if unknown := set(one.populations or ()) - set(populations()):
                raise _wrong(path, f"{at}.populations", f"no modality: `{min(unknown)}`; there are {', '.join(populations())}")
            for table in one.tables:
                _check_name(network, table, path, f"{at}.tables")
            _check_columns(network, one, path, f"{at}.columns")
        for other in declared.refusals:
            at = f"refusal {other.refusal}"
            _check_to(network, other.to, path, at)
            for name in () if other.what == "all" else other.what:
                _check_name(network, name, path, f"{at}.what")


def _check_to(network: Network, to: To, path: Path, at: str) -> None:
    if isinstance(to, ToPartner) and to.partner not in network.roles:
        raise _wrong(path, f"{at}.to", "no healthy partner has this name; `cgt-etl registry list` names those that are not")


def _check_columns(network: Network, one: Agreement, path: Path, at: str) -> None:
    for name, tier in one.columns.items():
        table, _, column = name.partition(".")
        if table not in one.tables or not column:
            raise _wrong(path, at, f"`{name}` is no `table.column` of its `tables`")
        _check_name(network, name, path, at)
        highest = network.columns[table][column].highest
        if not is_at_least(highest, tier):
            raise _wrong(path, at, f"`{name}` is {highest} at most, since no shared view holds it")


def _check_name(network: Network, name: str, path: Path, at: str) -> None:
    table, dot, column = name.partition(".")
    if table not in network.columns or (dot and column not in network.columns[table]):
        raise _wrong(path, at, f"no release has `{name}`")


def _place(kind: str, index: int, entry: object) -> str:
    name = entry.get(kind) if isinstance(entry, dict) else None
    return f"{kind} {name}" if isinstance(name, str) else f"{kind}s.{index}"


def _in_words(error: CgtError) -> ValueError:
    return ValueError(f"{error.what}: {error.remedy}")


def _wrong(path: Path, place: str, what: str) -> DeclarationError:
    return DeclarationError(f"at `{place}`: {what}", file=f"{path.parent.name}/{path.name}", remedy="Mend the agreement")
