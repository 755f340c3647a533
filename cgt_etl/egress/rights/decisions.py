"""The decision: may this recipient have that column of that contributor, in this form, for this purpose, on this day?

Cedar decides, over policies made from what partners declared. Pure: no clock, no file, no data. Says why in names of policies; `explain`
says it in words.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from importlib import metadata

import cedarpy

from cgt_etl.egress.rights import duo
from cgt_etl.egress.rights.agreements import Network, populations
from cgt_etl.egress.rights.columns import FORMS, Form
from cgt_etl.egress.rights.policies import SCHEMA, Json, entities, policies, uid
from cgt_etl.errors import CgtError
from cgt_etl.release import digest

ENGINE = f"cedarpy {metadata.version('cedarpy')}"
_NO_CONSENT, _NO_MODALITY = "", ""


@dataclass(frozen=True)
class Use:
    """What somebody wants data for: a purpose, and the conditions that the recipient meets, in DUO's terms or codes."""

    purpose: str
    accepts: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Request:
    """A question of rights. What is not narrowed asks for everything.

    `consent` is the purpose of the sharing policy by which the people in the rows were chosen. Days are inclusive, of what the rows tell
    of; `as_of` is the day on which the answer has to hold.
    """

    recipient: str
    contributor: str
    table: str
    column: str
    form: Form
    use: Use
    as_of: date
    consent: str | None = None
    """None: nobody's consent was asked for, which is enough for own rows alone."""
    populations: frozenset[str] | None = None
    """Modalities of the rows; None for all rows, also those about no journey."""
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True)
class Decision:
    """The answer. `policies` are the names of those that decided: all that permit, or all that forbid; none where nothing permits."""

    request: Request
    is_allowed: bool
    policies: tuple[str, ...]


class Rights:
    """What partners declared, as policies that Cedar has checked against their schema."""

    def __init__(self, network: Network) -> None:
        """Raises CgtError: Cedar finds something wrong in the policies (which is a defect here, never in a declaration)."""
        self.network = network
        self._policies, self._entities, self._schema = policies(network), entities(network), SCHEMA.read_text(encoding="utf-8")
        made = json.dumps({"staticPolicies": self._policies, "templates": {}, "templateLinks": []})
        try:
            self._text = cedarpy.policies_from_json_str(made)
            checked = cedarpy.validate_policies(self._text, self._schema)
            self._set = cedarpy.PolicySet.from_json_str(made)
            self._typed = cedarpy.Schema.from_str(self._schema)
            self._graph = cedarpy.Entities.from_json_str(json.dumps(self._entities), self._typed)
        except ValueError:
            raise _defect("cannot be read") from None
        if not checked.validation_passed:
            raise _defect(f"do not fit their schema: {checked.errors[0].error}")

    @cached_property
    def policy_hash(self) -> str:
        """sha256 of policies, entities and schema: everything but the request that a decision depends on."""
        return digest.of_json({"policies": self._policies, "entities": self._entities, "schema": self._schema})

    @property
    def text(self) -> str:
        """The policies in Cedar's own words."""
        return self._text

    def decide(self, requests: Sequence[Request]) -> list[Decision]:
        """Each request by itself, in order.

        Raises:
            CgtError: a request names a partner, table, column, form, consent, purpose, condition or population that there is not, asks
                for no population or an empty span of days, or the engine says that it could not decide.
        """
        asked = [self._asked(request) for request in requests]
        found = []
        for request, answer in zip(requests, cedarpy.is_authorized_batch(asked, self._set, self._graph, self._typed), strict=True):
            if answer.diagnostics.errors or answer.decision is cedarpy.Decision.NoDecision:
                raise _defect("could not be applied to a request")
            found.append(Decision(request, answer.allowed, tuple(sorted(answer.diagnostics.reasons))))
        return found

    def _asked(self, request: Request) -> Json:
        for partner in (request.recipient, request.contributor):
            if partner not in self.network.roles:
                raise CgtError("no healthy partner has this name", remedy="`cgt-etl registry list` names the partners")
        if request.table not in self.network.columns:
            raise CgtError("no release has this table", remedy=f"There are {', '.join(sorted(self.network.columns))}")
        if request.column not in self.network.columns[request.table]:
            there = ", ".join(self.network.columns[request.table])
            raise CgtError(f"the table {request.table} has no such column", remedy=f"It has {there}")
        if request.form not in FORMS:
            raise CgtError("rights are asked for in no such form", remedy=f"There are {', '.join(FORMS)}")
        if request.consent is not None and request.consent not in self.network.consents:
            raise CgtError("the sharing policy knows no such purpose", remedy=f"It has {', '.join(sorted(self.network.consents))}")
        purpose = duo.purpose(request.use.purpose)
        first, last = request.first_day or date.min, request.last_day or date.max
        if first > last:
            raise CgtError("the last day asked for lies before the first", remedy="Ask for one day at least")
        return {
            "principal": uid("Partner", request.recipient),
            "action": uid("Action", request.form),
            "resource": uid("Column", f"{request.table}.{request.column}"),
            "context": {
                "contributor": uid("Partner", request.contributor),
                "purpose": uid("Purpose", purpose),
                "met": sorted(duo.met(request.use.accepts, purpose)),
                "consent": request.consent or _NO_CONSENT,
                "populations": _populations(request.populations),
                "first_day": first.isoformat(),
                "last_day": last.isoformat(),
                "as_of": request.as_of.isoformat(),
            },
        }


def may(rights: Rights, request: Request) -> Decision:
    """Whether the request's recipient may have what it asks for.

    Raises:
        CgtError: as `Rights.decide`.
    """
    return rights.decide([request])[0]


def _populations(asked: Iterable[str] | None) -> list[str]:
    """Where nothing is narrowed also rows about no journey are asked for, which no list of modalities holds."""
    if asked is None:
        return [*populations(), _NO_MODALITY]
    named = sorted(set(asked))
    if not named or not set(named) <= set(populations()):
        raise CgtError("no population that can be asked for", remedy=f"There are {', '.join(populations())}; for all, name none")
    return named


def _defect(what: str) -> CgtError:
    return CgtError(f"the policies made from agreements {what}", remedy="Nothing was decided; report it with the agreements")
