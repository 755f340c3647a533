"""Every agreement and refusal of a network, in lines for people and as JSON. Decides nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cgt_etl.egress.rights import duo
from cgt_etl.egress.rights.agreements import Agreement, Refusal, To, ToPartner
from cgt_etl.egress.rights.decisions import Rights


def lines(rights: Rights) -> Iterator[str]:
    """For a terminal; ends with partners that let nobody else see anything, and with the hash of all policies."""
    for contributor, declared in sorted(rights.network.declared.items()):
        for one in declared.agreements:
            yield f"{contributor}/{one.agreement}  to {_addressed(one.to)}, {one.begins} to {one.expires}"
            yield from (f"  {line}" for line in _terms(one))
        for other in declared.refusals:
            yield f"{contributor}/{other.refusal}  refuses {_addressed(other.to)}: {_what(other)}"
            yield f"  because    {other.why}"
    silent = [name for name in rights.network.roles if not any(name == contributor for contributor, _ in rights.network.each())]
    if silent:
        yield f"No agreement of: {', '.join(silent)}."
    yield f"Policies: {rights.policy_hash}."


def said(rights: Rights) -> dict[str, Any]:
    """As JSON: what was declared, with the hash of each entry."""
    found = {}
    for contributor, declared in sorted(rights.network.declared.items()):
        found[contributor] = {
            "agreements": [one.model_dump(mode="json") | {"sha256": one.digest} for one in declared.agreements],
            "refusals": [one.model_dump(mode="json") | {"sha256": one.digest} for one in declared.refusals],
        }
    return {"policy_hash": rights.policy_hash, "contributors": found}


def _terms(one: Agreement) -> Iterator[str]:
    yield f"for        {', '.join(duo.said(purpose) for purpose in one.purposes)}"
    if one.conditions:
        yield f"where      {', '.join(duo.said(condition) for condition in one.conditions)}"
    named = "".join(f"; {name} {tier}" for name, tier in sorted(one.columns.items()))
    yield f"gives      {one.tier} of {', '.join(one.tables)}{named}"
    alone = f"; {', '.join(one.populations)} alone" if one.populations else ""
    yield f"of         people whose consents cover {one.consent}{alone}"
    if one.first_day or one.last_day:
        yield f"days       {one.first_day or 'the first'} to {one.last_day or 'the last'}"
    yield f"in return  {'; '.join(one.in_return)}"


def _what(one: Refusal) -> str:
    what = "all" if one.what == "all" else ", ".join(one.what)
    return f"{what}, {' and '.join(one.forms)}"


def _addressed(to: To) -> str:
    if isinstance(to, ToPartner):
        return to.partner
    return "every other partner" if to == "everybody" else f"every other {to.role}"
