"""What a partner may see of a table and why, in words: column by column, own rows and those of each other contributor.

Asks the engine for every answer and finds words for it; decides nothing itself. Touches no data.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from cgt_etl.egress.rights import duo
from cgt_etl.egress.rights.agreements import Agreement, Declared, Network
from cgt_etl.egress.rights.columns import FORMS, NEEDED, Form, is_at_least
from cgt_etl.egress.rights.decisions import Decision, Request, Rights, Use
from cgt_etl.errors import CgtError

_NO_AGREEMENT = "no agreement with it about the table"
_NONE: tuple[None] = (None,)
_FORM = {"row": "row by row, in the form of a shared view", "aggregate": "counted over many contributors"}


@dataclass(frozen=True)
class Given:
    """An agreement that gives something, until when, and of which rows."""

    agreement: str
    until: str
    within: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """Of one contributor in one form: by which agreements it is given, or what is missing, agreement by agreement."""

    contributor: str
    form: Form
    given: tuple[Given, ...]
    missing: tuple[str, ...]

    @property
    def is_allowed(self) -> bool:
        return bool(self.given)


@dataclass(frozen=True)
class Explained:
    """One column. `refused` are refusals of its own that keep a partner from own rows."""

    column: str
    tier: str
    because: str
    refused: tuple[str, ...]
    others: tuple[Answer, ...]


@dataclass(frozen=True)
class Explanation:
    """What `recipient` may see of a table for a purpose on a day."""

    recipient: str
    table: str
    purpose: str
    as_of: date
    columns: tuple[Explained, ...]
    decisions: tuple[Decision, ...]
    """What the engine answered: everything above rests on these."""

    def said(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "recipient": self.recipient,
            "table": self.table,
            "purpose": self.purpose,
            "as_of": self.as_of.isoformat(),
            "columns": [
                {
                    "column": one.column,
                    "tier": one.tier,
                    "because": one.because,
                    "own": {"is_allowed": not one.refused, "refused_by": list(one.refused)},
                    "others": [
                        {
                            "contributor": answer.contributor,
                            "form": answer.form,
                            "is_allowed": answer.is_allowed,
                            "given": [{"agreement": by.agreement, "until": by.until, "within": list(by.within)} for by in answer.given],
                            "missing": list(answer.missing),
                        }
                        for answer in one.others
                    ],
                }
                for one in self.columns
            ],
        }

    def lines(self) -> Iterator[str]:
        """For a terminal: columns with the same answers together."""
        yield f"{self.recipient}, table {self.table}, for {duo.said(self.purpose)}, on {self.as_of}."

        def answers(one: Explained) -> tuple[object, ...]:
            return one.tier, one.because, one.refused, one.others

        groups: dict[object, list[Explained]] = {}
        for one in self.columns:
            groups.setdefault(answers(one), []).append(one)
        for columns in groups.values():
            first = columns[0]
            yield ""
            yield ", ".join(one.column for one in columns)
            yield f"  tier       {first.tier}: {first.because}"
            yield f"  own rows   {'no: ' + '; '.join(first.refused) if first.refused else 'in full'}"
            for form in FORMS:
                yield from _of_others(form, [answer for answer in first.others if answer.form == form])
        yield ""
        yield "Row by row a shared view holds what everybody who told the row permits: of a row that several told, all of them."


def explain(rights: Rights, recipient: str, table: str, use: Use, as_of: date) -> Explanation:
    """What a partner may see of a table, and why.

    Each agreement is asked about in its own bounds: its consents, populations and days, which the answer names.

    Raises:
        CgtError: there is no such partner, table, purpose or condition.
    """
    network = rights.network
    if recipient not in network.roles:
        raise CgtError("no healthy partner has this name", remedy="`cgt-etl registry list` names the partners")
    if table not in network.columns:
        raise CgtError("no release has this table", remedy=f"There are {', '.join(sorted(network.columns))}")
    use = Use(duo.purpose(use.purpose), use.accepts)
    met = duo.met(use.accepts, use.purpose)
    offers = {
        contributor: [one for one in _declared(network, contributor).agreements if _is_offer(network, one, recipient, contributor, table)]
        for contributor in network.roles
        if contributor != recipient
    }
    own = [Request(recipient, recipient, table, column, "row", use, as_of) for column in network.columns[table]]
    requests = [
        _within_bounds(Request(recipient, contributor, table, column, form, use, as_of), one)
        for column in network.columns[table]
        for form in FORMS
        for contributor, agreements in offers.items()
        for one in agreements or _NONE
    ]
    decided = rights.decide([*own, *requests])
    answers = iter(decided[len(own) :])
    found = []
    for (name, column), of_own in zip(network.columns[table].items(), decided, strict=False):
        others = [
            _answer(network, form, contributor, [(one, next(answers)) for one in agreements or _NONE], met)
            for form in FORMS
            for contributor, agreements in offers.items()
        ]
        found.append(Explained(name, column.tier, column.because, tuple(_refusals(network, of_own)), tuple(others)))
    return Explanation(recipient, table, use.purpose, as_of, tuple(found), tuple(decided))


def _is_offer(network: Network, agreement: Agreement, recipient: str, contributor: str, table: str) -> bool:
    return table in agreement.tables and network.includes(agreement.to, recipient, contributor)


def _within_bounds(request: Request, agreement: Agreement | None) -> Request:
    """The request for no other people, populations and days than an agreement is about."""
    if agreement is None:
        return request
    populations = None if agreement.populations is None else frozenset(agreement.populations)
    first, last = agreement.first_day, agreement.last_day
    return replace(request, consent=agreement.consent, populations=populations, first_day=first, last_day=last)


def _unmet(network: Network, agreement: Agreement, request: Request, met: frozenset[str]) -> Iterator[str]:
    """Which terms of an agreement about the table a request within its bounds does not meet, in words."""
    tier = agreement.tier_of(f"{request.table}.{request.column}", network.columns[request.table][request.column].tier)
    if not is_at_least(tier, NEEDED[request.form]):
        yield f"the column is {tier} in it"
    if not any(duo.is_covered(request.use.purpose, purpose) for purpose in agreement.purposes):
        yield f"it is for {', '.join(duo.said(purpose) for purpose in agreement.purposes)}"
    if lacking := [duo.said(one) for one in agreement.conditions if one not in met]:
        yield f"its conditions are not accepted: {', '.join(lacking)}"
    if request.as_of < agreement.begins:
        yield f"{'embargo until' if agreement.begins == agreement.embargo_until else 'not signed before'} {agreement.begins}"
    if request.as_of > agreement.expires:
        yield f"it expired on {agreement.expires}"


def _answer(
    network: Network, form: Form, contributor: str, asked: Iterable[tuple[Agreement | None, Decision]], met: frozenset[str]
) -> Answer:
    given, missing = [], []
    for agreement, decision in asked:
        refused = tuple(_refusals(network, decision))
        if agreement is None:
            missing += [_NO_AGREEMENT, *refused]
            continue
        name = f"{contributor}/{agreement.agreement}"
        if decision.is_allowed and f"{name}/{form}" in decision.policies:
            given.append(Given(name, agreement.expires.isoformat(), tuple(_within(agreement))))
        else:
            missing.append(f"{name}: {'; '.join([*refused, *_unmet(network, agreement, decision.request, met)])}")
    return Answer(contributor, form, tuple(given), () if given else tuple(missing))


def _within(agreement: Agreement) -> Iterator[str]:
    """The bounds of an agreement, for the rows of others that it gives."""
    yield f"of people whose consents cover {agreement.consent}"
    if agreement.populations is not None:
        yield f"of {', '.join(agreement.populations)} alone"
    if agreement.first_day:
        yield f"from {agreement.first_day} on"
    if agreement.last_day:
        yield f"up to {agreement.last_day}"


def _refusals(network: Network, decision: Decision) -> Iterator[str]:
    """The refusals that forbid what was asked for, with their reasons."""
    contributor = decision.request.contributor
    for one in () if decision.is_allowed else _declared(network, contributor).refusals:
        if f"{contributor}/{one.refusal}" in decision.policies:
            yield f"refused by {contributor}/{one.refusal}: {one.why}"


def _declared(network: Network, contributor: str) -> Declared:
    return network.declared.get(contributor, Declared())


def _of_others(form: Form, answers: Iterable[Answer]) -> Iterator[str]:
    yield f"  {form:<9}  {_FORM[form]}"
    listed = sorted(answers, key=lambda one: not one.is_allowed)
    for one in listed:
        if one.is_allowed:
            by = "; or ".join(f"by {by.agreement} until {by.until}, {', '.join(by.within)}" for by in one.given)
            yield f"    yes  {one.contributor}: {by}"
        elif one.missing != (_NO_AGREEMENT,):
            yield f"    no   {one.contributor}: {'; '.join(one.missing)}"
    if silent := [one.contributor for one in listed if one.missing == (_NO_AGREEMENT,)]:
        yield f"    no   {', '.join(silent)}: {_NO_AGREEMENT}"
