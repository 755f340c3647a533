"""Words agree with the engine: what they say is given is given, and where something is missing it is not."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.egress.rights.agreements import Network, Refusal
from cgt_etl.egress.rights.decisions import Rights, Use
from cgt_etl.egress.rights.explain import Explanation, explain
from tests.egress.rights import world
from tests.egress.rights.world import DAYS, agreement, network


def _of(found: Explanation, column: str, form: str, contributor: str = "ash") -> tuple[bool, str]:
    (one,) = [one for one in found.columns if one.column == column]
    (answer,) = [answer for answer in one.others if (answer.form, answer.contributor) == (form, contributor)]
    return answer.is_allowed, " ".join([*answer.missing, *(f"{by.agreement} {by.until} {by.within}" for by in answer.given)])


@given(world.networks(), st.sampled_from(list(world.ROLES)), st.sampled_from(list(world.COLUMNS)), st.sampled_from(list(world.PURPOSES)))
@settings(max_examples=25, deadline=None)
def test_something_is_given_or_something_is_named_as_missing(of: Network, recipient: str, table: str, purpose: str) -> None:
    found = explain(Rights(of), recipient, table, Use(purpose, frozenset({"PUB"})), DAYS[2])
    allowed = {(one.request.contributor, one.request.column, one.request.form) for one in found.decisions if one.is_allowed}
    for one in found.columns:
        assert bool(one.refused) != ((recipient, one.column, "row") in allowed)
        for answer in one.others:
            assert answer.is_allowed == ((answer.contributor, one.column, answer.form) in allowed)
            assert answer.is_allowed != bool(answer.missing)
            assert all(missing.partition(": ")[2] or missing.startswith("no agreement") for missing in answer.missing)


def test_each_missing_term_is_named() -> None:
    terms = {
        "purposes": ["DS MONDO:0018905"],
        "conditions": ["IRB"],
        "embargo_until": DAYS[4],
        "columns": {"batch.batch_id": "aggregate_only"},
    }
    said = _of(explain(Rights(network(agreement(**terms))), "cedar", "batch", Use("HMB"), DAYS[2]), "batch_id", "row")[1]
    for part in ("the column is aggregate_only in it", "diffuse large B-cell lymphoma", "DUO:0000021 (IRB", f"embargo until {DAYS[4]}"):
        assert part in said
    late = explain(Rights(network(agreement(expires=DAYS[1]))), "cedar", "batch", Use("HMB"), DAYS[2])
    assert f"it expired on {DAYS[1]}" in _of(late, "batch_id", "row")[1]


def test_what_is_given_says_by_what_until_when_and_of_which_rows() -> None:
    terms = {"populations": ["auto_cart"], "first_day": DAYS[0], "last_day": DAYS[3]}
    found = explain(Rights(network(agreement(**terms))), "cedar", "batch", Use("HMB"), DAYS[2])
    is_allowed, said = _of(found, "batch_id", "row")
    assert is_allowed
    for part in ("ash/of_ash", str(DAYS[5]), "research", "auto_cart", str(DAYS[0]), str(DAYS[3])):
        assert part in said
    assert any("yes  ash: by ash/of_ash until" in line for line in found.lines())


def test_a_refusal_is_named_with_its_reason_also_of_own_rows() -> None:
    refusal = Refusal.model_validate({"refusal": "blind", "to": {"partner": "ash"}, "what": ["outcome"], "why": "the trial is blinded"})
    found = explain(Rights(network(agreement(), refusals=(refusal,))), "ash", "outcome", Use("HMB"), DAYS[2])
    assert {one.refused for one in found.columns} == {("refused by ash/blind: the trial is blinded",)}
    assert any("own rows   no: refused by ash/blind" in line for line in found.lines())
    other = Refusal.model_validate({"refusal": "never", "to": "everybody", "what": "all", "why": "we compete"})
    said = _of(explain(Rights(network(refusals=(other,))), "cedar", "batch", Use("HMB"), DAYS[2]), "batch_id", "row")[1]
    assert "no agreement with it about the table" in said
    assert "refused by ash/never: we compete" in said
