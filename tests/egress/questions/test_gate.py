"""The gate: it judges the promise of the collective tables, and one subject hardly moves it."""

from __future__ import annotations

from itertools import combinations

import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cgt_etl.egress.questions import gate
from cgt_etl.egress.questions.noise import Stream
from tests.egress.questions.worlds import CONTRAST, KEY

NAMES = ("p0", "p1", "p2", "p3", "p4", "p5")
SUBJECT = st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from((*NAMES, "site")), max_size=2), st.integers(0, 1))


def _rows(draws: list[tuple[str, list[str], int]]) -> pl.DataFrame:
    kept = {"contributor": pl.String, "also_known_to": pl.List(pl.String), "frozen_start": pl.Int64}
    return pl.DataFrame(draws, schema=kept, orient="row")


def _holds(draws: list[tuple[str, list[str], int]]) -> bool:
    """The promise, as docs/sandboxes.md words it."""
    names = sorted({name for who, others, _ in draws for name in (who, *others)})
    for view in [(), *combinations(names, 1), *combinations(names, 2)]:
        for side in (0, 1):
            left = [who for who, others, group in draws if group == side and not {who, *others} & set(view)]
            most = max((left.count(name) for name in set(left)), default=0)
            if len(left) < 11 or len(set(left)) < 3 or 5 * most > 3 * len(left):
                return False
    return True


@settings(max_examples=40, deadline=None)
@given(st.lists(SUBJECT, max_size=12), st.integers(0, 14))
@example([], 4)
@example([(name, [], side) for name in NAMES[:4] for side in (0, 1) for _ in range(30)], 0)
@example([("p5", [], side) for side in (0, 1) for _ in range(90)], 14)
@example([(name, [other], side) for name in NAMES for other in ("p0", "p1", "p2", "p3") for side in (0, 1) for _ in range(9)], 0)
@example([(name, ["site"], 1) for name in NAMES for _ in range(90)], 2)
def test_slack_tells_whether_the_promise_is_kept(few: list[tuple[str, list[str], int]], each: int) -> None:
    draws = few + [(name, [], side) for name in NAMES for side in (0, 1) for _ in range(each)]
    assert (gate.slack(_rows(draws), CONTRAST) >= 0) == _holds(draws)


@settings(max_examples=40, deadline=None)
@given(st.lists(SUBJECT, min_size=1, max_size=40))
def test_one_subject_moves_the_slack_by_five_fifths_at_most(draws: list[tuple[str, list[str], int]]) -> None:
    assert abs(gate.slack(_rows(draws), CONTRAST) - gate.slack(_rows(draws[:-1]), CONTRAST)) <= 5


def test_a_promise_just_kept_is_not_answered_and_an_ample_one_is() -> None:
    just, ample = ([(name, [], side) for name in NAMES for side in (0, 1) for _ in range(each)] for each in (6, 150))
    close, far = (gate.slack(_rows(one), CONTRAST) for one in (just, ample))
    assert close >= 0
    assert not any(gate.opens(Stream(KEY, number), close) for number in range(200))
    assert all(gate.opens(Stream(KEY, number), far) for number in range(200))
