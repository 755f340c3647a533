"""What one subject can move: never more than the noise is made for; and that the statistics are those of the pooled analysis."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cgt_etl.egress.questions import statistics
from cgt_etl.egress.questions.catalogue import Question
from cgt_etl.errors import CgtError
from cgt_etl.simulator.question_world import Size
from tests.egress.questions.worlds import BANDS, CONTRAST, INCIDENCE, MODEL_OF_THREE, SPLITS, least_squares, played, unprotected

STEP = statistics.GRID + 1


def _people(draws: list[tuple[int, ...]]) -> pl.DataFrame:
    rows = [
        {"subject": f"s{number}", "contributor": f"p{who}", "also_known_to": [], "vein_to_vein_band": BANDS[band]}
        | {"verdict": ("within specification", "out of specification or terminated")[outcome]}
        | {split.dimension: split.categories[side] for split, side in zip(SPLITS, sides, strict=True)}
        for number, (who, outcome, band, *sides) in enumerate(draws)
    ]
    return pl.DataFrame(rows, schema_overrides={"also_known_to": pl.List(pl.String)})


SUBJECT = st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 4), *[st.integers(0, 1)] * 3)


@settings(max_examples=40, deadline=None)
@given(st.lists(SUBJECT, min_size=2, max_size=14), st.sampled_from([CONTRAST, MODEL_OF_THREE, INCIDENCE]))
@example([(0, 0, 0, 0, 0, 0)] * 400 + [(0, 1, 0, 1, 1, 1)], MODEL_OF_THREE)
@example([(0, 1, 0, 1, 1, 1)] * 400 + [(0, 0, 0, 0, 0, 0)], MODEL_OF_THREE)
def test_one_subject_moves_no_block_beyond_its_bound(draws: list[tuple[int, ...]], question: Question) -> None:
    more = statistics.used(_people(draws), question)
    with_them, without = statistics.blocks(more, question), statistics.blocks(more[:-1], question)
    for one, other in zip(with_them, without, strict=True):
        moved = sum((a - b) ** 2 for a, b in zip(one.values, other.values, strict=True))
        assert moved <= one.bound * STEP**2
    assert sum(one.share for one in with_them) == 1


def test_the_worst_subject_moves_a_block_by_nearly_its_bound() -> None:
    """A bound that nobody comes near would be noise for nothing."""
    draws = [(0, 0, 0, 0, 0, 0)] * 400 + [(0, 1, 0, 1, 1, 1)]
    of = statistics.used(_people(draws), MODEL_OF_THREE)
    for one, other in zip(statistics.blocks(of, MODEL_OF_THREE), statistics.blocks(of[:-1], MODEL_OF_THREE), strict=True):
        assert sum((a - b) ** 2 for a, b in zip(one.values, other.values, strict=True)) > 0.98 * one.bound * statistics.GRID**2


def test_without_noise_the_answer_is_that_of_least_squares_with_intercepts() -> None:
    rows = played(3, Size(subjects=600))
    for question in (CONTRAST, MODEL_OF_THREE):
        found, spread = least_squares(rows, question)
        told = unprotected(rows, question)
        assert [one.estimate for one in told] == pytest.approx(found, abs=2e-4)
        assert [(one.high - one.low) / 3.92 for one in told] == pytest.approx(spread, rel=0.02)


def test_without_noise_an_incidence_is_the_share_so_far() -> None:
    rows = played(3, Size(subjects=600))
    frozen = rows.filter(pl.col("starting_state") == "frozen")
    told = {one.says: one.estimate for one in unprotected(rows, INCIDENCE)}
    for place, band in enumerate(BANDS[:3]):
        share = frozen["vein_to_vein_band"].is_in(BANDS[: place + 1]).mean()
        assert told[f"share by the end of {band}, frozen_start: has"] == pytest.approx(share, abs=1e-4)


def test_who_is_in_no_group_is_left_out_and_nobody_counts_twice() -> None:
    rows = _people([(0, 0, 0, 0, 0, 0), (1, 1, 1, 1, 1, 1)])
    stray = rows.with_columns(starting_state=pl.Series(["not stated", "frozen"]))
    assert statistics.used(stray, CONTRAST)["subject"].to_list() == ["s1"]
    with pytest.raises(CgtError, match="two rows"):
        statistics.used(pl.concat([rows, rows]), CONTRAST)


def test_contributors_of_another_risk_do_not_confound() -> None:
    """All of one contributor are exposed more often and fail more often: pooled shares differ, the answer does not."""
    draws = [(who, int(n % 10 < 5 * who + 1), 0, int((n // 10) % 5 < 1 + 3 * who), 0, 0) for who in (0, 1) for n in range(200)]
    assert unprotected(_people(draws), CONTRAST)[0].estimate == pytest.approx(0.0, abs=1e-6)
    of = statistics.used(_people(draws), CONTRAST)
    assert abs(np.subtract(*[of.filter(pl.col("frozen_start") == side)["outcome"].mean() for side in (0, 1)])) > 0.2
