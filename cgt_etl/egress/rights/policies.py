"""Cedar policies and entities, made from what partners declared.

Policies are made as JSON values and never as text, so that nothing in a name can be read as Cedar's syntax. Holds the rules of the network
itself (`OWN`, `NOT_SHARED`). Decides nothing (`decisions`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any

from cgt_etl.egress.rights import duo
from cgt_etl.egress.rights.agreements import Agreement, Network, Refusal, To, ToPartner
from cgt_etl.egress.rights.columns import FORMS, NEEDED, TIERS, Form, is_at_least

SCHEMA = Path(__file__).with_name("rights.cedarschema")
OWN = "own_rows"
"""Permits a partner everything of its own."""
NOT_SHARED = "no_shared_view_holds_it"
"""Forbids others the rows of a column that no shared view holds."""
Json = dict[str, Any]


def policies(network: Network) -> dict[str, Json]:
    """Name -> policy in Cedar's JSON: the network's two, `contributor/agreement/form` for what is given, `contributor/refusal`."""
    own = _op("==", _var("principal"), _asked("contributor"))
    shared = _attribute(_var("resource"), "is_in_shared_views")
    found = {
        OWN: _policy("permit", _ALL, FORMS, own),
        NOT_SHARED: _policy("forbid", _ALL, ("row",), _all([_not(own), _not(shared)])),
    }
    for contributor, agreement in network.each():
        for form in FORMS:
            tier = _tier(agreement, form)
            if tier is not None:
                conditions = [_of(contributor), *_terms(agreement), tier]
                name = f"{contributor}/{agreement.agreement}/{form}"
                found[name] = _policy("permit", _scope(agreement.to), (form,), _all(conditions))
    for contributor, declared in sorted(network.declared.items()):
        for refusal in declared.refusals:
            found[f"{contributor}/{refusal.refusal}"] = _policy(
                "forbid", _scope(refusal.to), refusal.forms, _all(_refused(contributor, refusal))
            )
    return found


def entities(network: Network) -> list[Json]:
    """Partners in their roles, columns in their tables, purposes in those that cover them."""
    found = [_entity("Role", role) for role in sorted({role for roles in network.roles.values() for role in roles})]
    found += [_entity("Partner", name, [("Role", role) for role in sorted(set(roles))]) for name, roles in sorted(network.roles.items())]
    for table, columns in sorted(network.columns.items()):
        found.append(_entity("Table", table))
        for name, column in sorted(columns.items()):
            said = {"tier": TIERS.index(column.tier), "is_in_shared_views": column.is_in_shared_views}
            found.append(_entity("Column", f"{table}.{name}", [("Table", table)], said))
    found += [_entity("Purpose", name, [("Purpose", one) for one in wider]) for name, wider in sorted(duo.covers().items())]
    return found


def uid(kind: str, name: str) -> Json:
    """An entity's name as Cedar's JSON has it."""
    return {"type": kind, "id": name}


def _terms(agreement: Agreement) -> Iterator[Json]:
    """What must hold besides who, whose and which tier."""
    yield _op("in", _var("resource"), _set(_named("Table", table) for table in sorted(set(agreement.tables))))
    yield _op("in", _asked("purpose"), _set(_named("Purpose", purpose) for purpose in sorted(set(agreement.purposes))))
    yield _op("==", _asked("consent"), _value(agreement.consent))
    yield _op(">=", _asked("as_of"), _day(agreement.begins))
    yield _op("<=", _asked("as_of"), _day(agreement.expires))
    if agreement.conditions:
        yield _op("containsAll", _asked("met"), _set(_value(one) for one in agreement.conditions))
    if agreement.populations:
        yield _op("containsAll", _set(_value(one) for one in sorted(agreement.populations)), _asked("populations"))
    if agreement.first_day:
        yield _op(">=", _asked("first_day"), _day(agreement.first_day))
    if agreement.last_day:
        yield _op("<=", _asked("last_day"), _day(agreement.last_day))


def _tier(agreement: Agreement, form: Form) -> Json | None:
    """That the column's tier in the agreement is high enough; None where none is."""
    needed = NEEDED[form]
    enough = [name for name, tier in sorted(agreement.columns.items()) if is_at_least(tier, needed)]
    stricter = [name for name in sorted(agreement.columns) if name not in enough]
    any_of = [_op("contains", _set(_named("Column", name) for name in enough), _var("resource"))] if enough else []
    if is_at_least(agreement.tier, needed):
        any_of.append(_op(">=", _attribute(_var("resource"), "tier"), _value(TIERS.index(needed))))
    if not any_of:
        return None
    if not stricter:
        return _any(any_of)
    return _all([_not(_op("contains", _set(_named("Column", name) for name in stricter), _var("resource"))), _any(any_of)])


def _refused(contributor: str, refusal: Refusal) -> Iterator[Json]:
    yield _of(contributor)
    if not isinstance(refusal.to, ToPartner):
        yield _op("!=", _var("principal"), _named("Partner", contributor))
    if refusal.what != "all":
        named = {"Table": [one for one in refusal.what if "." not in one], "Column": [one for one in refusal.what if "." in one]}
        yield _any(
            _op("in", _var("resource"), _set(_named(kind, name) for name in sorted(set(names)))) for kind, names in named.items() if names
        )


def _of(contributor: str) -> Json:
    return _op("==", _asked("contributor"), _named("Partner", contributor))


_ALL: Json = {"op": "All"}


def _scope(to: To) -> Json:
    if isinstance(to, ToPartner):
        return {"op": "==", "entity": uid("Partner", to.partner)}
    return _ALL if to == "everybody" else {"op": "in", "entity": uid("Role", to.role)}


def _policy(effect: str, principal: Json, forms: Iterable[str], condition: Json) -> Json:
    return {
        "effect": effect,
        "principal": principal,
        "action": {"op": "in", "entities": [uid("Action", form) for form in sorted(set(forms))]},
        "resource": _ALL,
        "conditions": [{"kind": "when", "body": condition}],
    }


def _entity(kind: str, name: str, parents: Iterable[tuple[str, str]] = (), attributes: Json | None = None) -> Json:
    return {"uid": uid(kind, name), "attrs": attributes or {}, "parents": [uid(*one) for one in parents]}


def _var(name: str) -> Json:
    return {"Var": name}


def _attribute(of: Json, name: str) -> Json:
    return {".": {"left": of, "attr": name}}


def _asked(name: str) -> Json:
    return _attribute(_var("context"), name)


def _value(value: str | int) -> Json:
    return {"Value": value}


def _day(day: date) -> Json:
    return {"datetime": [_value(day.isoformat())]}


def _named(kind: str, name: str) -> Json:
    return {"Value": {"__entity": uid(kind, name)}}


def _set(values: Iterable[Json]) -> Json:
    return {"Set": list(values)}


def _op(operator: str, left: Json, right: Json) -> Json:
    return {operator: {"left": left, "right": right}}


def _not(what: Json) -> Json:
    return {"!": {"arg": what}}


def _all(conditions: Iterable[Json]) -> Json:
    return reduce(lambda left, right: _op("&&", left, right), conditions)


def _any(conditions: Iterable[Json]) -> Json:
    return reduce(lambda left, right: _op("||", left, right), conditions)
