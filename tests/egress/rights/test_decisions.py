"""Rights are decided as agreements say: against an oracle without an engine, and no restriction ever gives somebody more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.egress.rights.agreements import Network, Refusal, populations
from cgt_etl.egress.rights.columns import Column
from cgt_etl.egress.rights.decisions import Request, Rights, Use, may
from cgt_etl.errors import CgtError
from tests.egress.rights import world
from tests.egress.rights.world import DAYS, ROLES, agreement, network, request


def _allowed(of: Network, asked: list[Request]) -> set[int]:
    return {n for n, one in enumerate(Rights(of).decide(asked)) if one.is_allowed}


@given(world.networks(), world.requests())
@settings(max_examples=60, deadline=None)
def test_the_engine_decides_as_plain_words_do(of: Network, drawn: list[Request]) -> None:
    asked = [*drawn, *world.fitting(of)]
    assert [one.is_allowed for one in Rights(of).decide(asked)] == [world.oracle(of, one) for one in asked]


@given(world.requests())
@settings(max_examples=20, deadline=None)
def test_without_agreements_everybody_has_own_rows_and_nothing_else(asked: list[Request]) -> None:
    for one in Rights(Network(ROLES, world.COLUMNS, world.CONSENTS, {})).decide(asked):
        assert one.is_allowed == (one.request.recipient == one.request.contributor)


@given(world.networks(least=1), world.requests(), world.refusals(9), st.data())
@settings(max_examples=60, deadline=None)
def test_a_restriction_never_gives_anybody_more(of: Network, drawn: list[Request], extra: Refusal, data: st.DataObject) -> None:
    asked = [*drawn, *world.fitting(of)]
    n = data.draw(st.sampled_from(range(len(of.declared["ash"].agreements))))
    ways = list(world.restricted(of, n, lambda listed: data.draw(st.sampled_from(listed)), extra))
    how, restricted = data.draw(st.sampled_from(ways))
    assert _allowed(restricted, asked) <= _allowed(of, asked), how


@given(world.networks(), world.requests(), st.sampled_from(world.NAMES))
@settings(max_examples=20, deadline=None)
def test_a_column_whose_default_becomes_stricter_gives_nobody_more(of: Network, asked: list[Request], name: str) -> None:
    asked = [*asked, *world.fitting(of)]
    table, column = name.split(".")
    old = of.columns[table][column]
    now = Column(world.TIERS[max(0, world.TIERS.index(old.tier) - 1)], old.is_in_shared_views, "stricter")  # type: ignore[arg-type]
    stricter = replace(of, columns={**of.columns, table: {**of.columns[table], column: now}})
    assert _allowed(stricter, asked) <= _allowed(of, asked)


@pytest.mark.parametrize(
    ("terms", "asks"),
    [
        ({"to": {"partner": "douglas"}}, {}),
        ({"to": {"role": "courier"}}, {}),
        ({"purposes": ["DUO:0000043"]}, {}),
        ({"purposes": ["DUO:0000007 MONDO:0018905"]}, {"use": Use("DS MONDO:0005062")}),
        ({"conditions": ["DUO:0000046"]}, {"use": Use("HMB", frozenset({"NPU"}))}),
        ({"consent": "quality_improvement"}, {}),
        ({}, {"consent": None}),
        ({"tables": ["outcome"]}, {}),
        ({"tier": "aggregate_only"}, {}),
        ({"columns": {"batch.batch_id": "aggregate_only"}}, {}),
        ({"columns": {"batch.batch_id": "private"}}, {"form": "aggregate"}),
        ({"populations": ["auto_cart"]}, {}),
        ({"populations": ["auto_cart"]}, {"populations": frozenset({"auto_cart", "allo"})}),
        ({"populations": list(populations())}, {}),  # rows about no journey are of none of them
        ({"first_day": DAYS[1]}, {}),
        ({"first_day": DAYS[1]}, {"first_day": DAYS[0]}),
        ({"last_day": DAYS[1]}, {"last_day": DAYS[2]}),
        ({"embargo_until": DAYS[3]}, {}),
        ({"signed": DAYS[3]}, {}),
        ({"expires": DAYS[1]}, {}),
        ({}, {"column": "lot_id"}),
        ({}, {"column": "recipe", "form": "aggregate"}),
        ({}, {"contributor": "birch"}),
    ],
)
def test_each_term_of_an_agreement_keeps_something_back(terms: dict[str, object], asks: dict[str, object]) -> None:
    assert may(Rights(network(agreement())), request()).is_allowed
    assert not may(Rights(network(agreement(**terms))), request(**asks)).is_allowed


def test_a_condition_met_in_other_words_is_met() -> None:
    both = Rights(network(agreement(conditions=["NPUNCU"])))
    assert may(both, request(use=Use("HMB", frozenset({"NPU", "NCU"})))).is_allowed
    either = Rights(network(agreement(conditions=["NPU", "NCU"])))
    assert may(either, request(use=Use("HMB", frozenset({"NPUNCU"})))).is_allowed


def test_a_refusal_wins_over_an_agreement_and_over_own_rows_where_it_names_its_partner() -> None:
    def refusing(to: object) -> Rights:
        refusal = Refusal.model_validate({"refusal": "no", "to": to, "what": ["batch.batch_id"], "why": "because"})
        return Rights(network(agreement(), refusals=(refusal,)))

    own = request(recipient="ash")
    assert may(refusing("everybody"), request()).policies == ("ash/no",)
    assert may(refusing("everybody"), own).is_allowed
    assert may(refusing({"role": "manufacturer"}), own).is_allowed
    assert may(refusing({"partner": "ash"}), own).policies == ("ash/no",)
    assert may(refusing({"partner": "ash"}), request()).policies == ("ash/of_ash/row",)


def test_nobody_speaks_for_the_rows_of_another() -> None:
    of = Rights(network(agreement("birch"), contributor="birch"))
    assert may(of, request(contributor="birch")).is_allowed
    assert not may(of, request(contributor="ash")).is_allowed


def test_what_no_shared_view_holds_goes_to_nobody_row_by_row_even_where_an_agreement_slipped_through() -> None:
    of = Rights(network(agreement(columns={"batch.recipe": "network"})))  # `check` refuses this
    assert may(of, request(column="recipe")).policies == ("no_shared_view_holds_it",)
    assert may(of, request(column="recipe", form="aggregate")).is_allowed


@pytest.mark.parametrize(
    "changes",
    [
        {"recipient": "elm"},
        {"contributor": "elm"},
        {"table": "batches"},
        {"column": "batch"},
        {"form": "rows"},
        {"use": Use("DUO:0000005")},
        {"use": Use("DS")},
        {"use": Use("HMB MONDO:0018905")},
        {"use": Use("HMB", frozenset({"HMB"}))},
        {"use": Use("POA", frozenset({"NPOA"}))},
        {"consent": "care"},
        {"populations": frozenset()},
        {"populations": frozenset({"auto"})},
        {"first_day": DAYS[1], "last_day": DAYS[0]},
    ],
)
def test_a_question_about_what_there_is_not_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(CgtError):
        may(Rights(network(agreement())), request(**changes))


def test_the_hash_of_policies_moves_with_every_term() -> None:
    said = [agreement(), agreement(tier="aggregate_only"), agreement(expires=DAYS[4]), agreement(columns={"batch.yield": "aggregate_only"})]
    assert len({Rights(network(one)).policy_hash for one in said}) == len(said)
    assert Rights(network(agreement())).policy_hash == Rights(network(agreement(in_return=["something else"]))).policy_hash
