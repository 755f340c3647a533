"""Nobody can tell from an answer who was in it. `make attack` plays all questions, and shows that each defence is missed."""

from __future__ import annotations

from cgt_etl.egress.questions.answer import answer, exact
from tests.attack.families import membership as attacks
from tests.attack.families.membership import MOST
from tests.egress.questions import membership
from tests.egress.questions.worlds import CONTRAST, KEY, played


def test_a_member_is_not_told_from_a_stranger_by_the_figures() -> None:
    """Fewer answers than `make attack` plays, of one question."""
    assert membership.shadows(membership.natural(CONTRAST), 200, 1_200).upper <= MOST


def test_a_person_of_many_rows_would_be_told() -> None:
    """What `statistics.used` refuses: a bound on nobody's part is no bound."""
    assert list(attacks.told(membership.worst(membership.contrived(CONTRAST, copies=20), 200)))


def test_what_defences_keep_back_is_not_told() -> None:
    assert not [*attacks.few_contributors(), *attacks.two_answers()]


def test_an_area_that_is_not_known_well_enough_counts_as_found() -> None:
    assert list(attacks.attack({"few": membership.Curve(0.5, 0.05)}))
    assert not list(attacks.attack({"many": membership.pooled([membership.Curve(0.5, 0.05)] * 10)}))


def test_the_same_question_of_the_same_rows_has_the_same_answer() -> None:
    rows = played(2)
    first = answer(exact(rows, CONTRAST), "2026Q1", KEY)
    assert first == answer(exact(rows.sample(fraction=1, shuffle=True, seed=3), CONTRAST), "2026Q1", KEY)
    assert first != answer(exact(rows, CONTRAST), "2026Q1", bytes(32))
