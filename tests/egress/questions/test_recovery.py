"""What the noise costs: planted differences are found again, and the intervals hold what they promise."""

from __future__ import annotations

import numpy as np

from cgt_etl.egress.questions.answer import answer, exact
from cgt_etl.simulator.question_world import Size
from tests.egress.questions import figures
from tests.egress.questions.worlds import CONTRAST, FROZEN, INCIDENCE, MODEL, played


def test_findings_of_the_pooled_analysis_are_recovered() -> None:
    found = [one for seed in range(8) for question in (CONTRAST, MODEL) for one in figures.findings(seed, question, figures.SIZE)]
    assert len(found) > 8
    assert np.mean([one.is_recovered for one in found]) >= 0.9


def test_intervals_hold_the_planted_difference() -> None:
    """Of sixteen worlds, under five keys each; without the noise in their width they would hold it far less often."""
    exacts = [exact(played(seed), CONTRAST) for seed in range(16)]
    told = [answer(one, "2026Q1", f"key {key}".encode()).figures[0] for one in exacts for key in range(5)]
    holds = [one.low <= FROZEN.effect <= one.high for one in told if one.low is not None]
    assert len(holds) == 80
    assert 0.88 <= np.mean(holds) <= 1.0


def test_what_the_noise_hides_is_not_told() -> None:
    """A hundred subjects: the gate withholds; past it, the estimate says nothing rather than noise."""
    of = exact(played(1, Size(subjects=100)), INCIDENCE)
    assert answer(of, "2026Q1", b"key").is_withheld
