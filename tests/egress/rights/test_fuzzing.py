"""Policy fuzzing: whatever stands in a name, nobody gets more, and nothing but a CgtError comes up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.closed import Closed
from cgt_etl.egress.rights import agreements
from cgt_etl.egress.rights.agreements import Declared, Network, ToPartner
from cgt_etl.egress.rights.decisions import Request, Rights, Use
from cgt_etl.errors import CgtError
from tests.attack.families import policies
from tests.egress.rights import world
from tests.egress.rights.crafted import CRAFTED, GIVEN, NAMED, loaded, with_text
from tests.egress.rights.world import agreement, network, request

nasty = st.sampled_from(CRAFTED) | st.text(max_size=40)


@pytest.mark.parametrize("place", NAMED, ids=".".join)
def test_a_crafted_name_in_an_agreement_is_refused_or_is_only_a_name(place: tuple[str, ...], tmp_path: Path) -> None:
    """A part of the texts; `make attack` tries all."""
    assert list(policies.crafted(tmp_path, [place], CRAFTED[NAMED.index(place) % 3 :: 3])) == []


@given(st.sampled_from(NAMED), nasty)
@settings(max_examples=60, deadline=None)
def test_any_text_in_an_agreement_is_refused_or_decided_as_in_plain_words(
    tmp_path_factory: pytest.TempPathFactory, place: tuple[str, ...], text: str
) -> None:
    try:
        found = Rights(loaded(with_text(place, text), tmp_path_factory.getbasetemp()))
    except CgtError:
        return
    asked = world.fitting(found.network)
    assert [one.is_allowed for one in found.decide(asked)] == [world.oracle(found.network, one) for one in asked]


def test_free_text_reaches_no_policy(tmp_path: Path) -> None:
    plain = Rights(loaded(GIVEN, tmp_path)).policy_hash
    for text in (one for one in CRAFTED if len(one) > 3 and one.isprintable()):
        said = {kind: [dict(one) for one in listed] for kind, listed in GIVEN.items()}
        said["agreements"][0]["in_return"] = [text]
        said["refusals"][0]["why"] = text
        assert Rights(loaded(said, tmp_path)).policy_hash == plain


@given(st.sampled_from(["recipient", "contributor", "table", "column", "form", "consent", "purpose", "accepts", "populations"]), nasty)
@settings(max_examples=100, deadline=None)
def test_any_text_in_a_request_is_refused_or_asks_for_what_it_says(field: str, text: str) -> None:
    of = network(agreement(conditions=["PUB"]))
    asked = request(use=Use("HMB", frozenset({"PUB"})))
    if field == "purpose":
        asked = replace(asked, use=Use(text, asked.use.accepts))
    elif field == "accepts":
        asked = replace(asked, use=Use("HMB", frozenset({text})))
    elif field == "populations":
        asked = replace(asked, populations=frozenset({text}))
    else:
        asked = replace(asked, **{field: text})
    try:
        decision = Rights(of).decide([asked])[0]
    except CgtError:
        return
    assert field != "purpose" or text.strip() == text
    assert not decision.is_allowed or world.oracle(of, _in_terms(asked))


def _in_terms(asked: Request) -> Request:
    codes = {"PUB": "DUO:0000019", "HMB": "DUO:0000006"}
    return replace(
        asked, use=Use(codes.get(asked.use.purpose, asked.use.purpose), frozenset(codes.get(one, one) for one in asked.use.accepts))
    )


@given(st.sampled_from(["partner", "table", "agreement", "recipient"]), nasty.filter(lambda text: text and text.isprintable()))
@settings(max_examples=60, deadline=None)
def test_even_a_name_that_no_declaration_lets_through_stays_a_name(field: str, text: str) -> None:
    """The closed models refuse such names; behind them policies are made as values, so that a hole there gives nobody anything."""
    roles, columns, plain, contributor = dict(world.ROLES), dict(world.COLUMNS), agreement(), "ash"
    if field == "partner":
        contributor = text
        roles[text] = ("manufacturer",)
    elif field == "table":
        columns[text] = world.COLUMNS["batch"]
        plain = _changed(plain, tables=(text,))
    elif field == "agreement":
        plain = _changed(plain, agreement=text)
    else:
        roles[text] = ("hospital",)
        plain = _changed(plain, to=ToPartner.model_construct(partner=text))
    try:
        found = Rights(Network(roles, columns, world.CONSENTS, {contributor: Declared((plain,))}))
    except CgtError:
        return
    table = text if field == "table" else "batch"
    asked = [
        request(recipient=recipient, contributor=owner, table=name) for recipient in roles for owner in roles for name in {"batch", table}
    ]
    for one in found.decide(asked):
        given = one.request.contributor == contributor and one.request.table == table
        given = given and (field != "recipient" or one.request.recipient == text)
        assert one.is_allowed == (given or one.request.recipient == one.request.contributor)


def _changed(of: Closed, **changes: object) -> agreements.Agreement:
    return agreements.Agreement.model_construct(**({name: getattr(of, name) for name in type(of).model_fields} | changes))  # type: ignore[arg-type]
