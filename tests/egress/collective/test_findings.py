"""A finding is recovered where its four figures are shown and agree, and not where one of them never is."""

from __future__ import annotations

from cgt_etl.egress.collective.plan import Cell
from tests.egress.collective.findings import recovered
from tests.egress.collective.worlds import drawn_cut, plan

CELLS = [Cell("ab", (a, b)) for a in ("a1", "a2") for b in ("b1", "b2")]


def _cut(*figures: int | None):
    return drawn_cut(plan("ab"), dict(zip(CELLS, zip((200, 100, 100, 200), figures, strict=True), strict=True)))


def test_a_finding_with_four_figures_is_recovered() -> None:
    assert recovered([_cut(198, 99, 110, 198)]) == {"recovered": 1}


def test_a_withheld_figure_loses_it_until_it_is_shown() -> None:
    assert recovered([_cut(198, None, 110, 198)]) == {"withheld": 1}
    assert recovered([_cut(198, 99, 110, 198), _cut(198, None, 110, 198)]) == {"recovered": 1}


def test_figures_of_another_sign_contradict_it() -> None:
    assert recovered([_cut(99, 198, 198, 110)]) == {"contradicted": 1}


def test_what_is_not_significant_is_no_finding() -> None:
    even = drawn_cut(plan("ab"), dict.fromkeys(CELLS, (100, 99)))
    assert not recovered([even])
