"""The promise of the collective tables for each compared group: enough subjects and contributors, nobody with most, whoever looks.

Judged under noise: whether a question is answered would otherwise tell of a single subject who tips it over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction

import polars as pl
from scipy.stats import norm

from cgt_etl.egress.collective import guards
from cgt_etl.egress.collective.counting import Group, entities, foreign
from cgt_etl.egress.questions import noise
from cgt_etl.egress.questions.catalogue import Question

RHO = Fraction(2, 1000)
"""What the judgement costs."""
WRONGLY = 1e-6
"""How likely an answer goes out though the promise is just broken."""
_FAR = float(norm.isf(WRONGLY))
_UNIT = 5
"""Slack is in fifths of a subject, so that three fifths are whole."""
_SHARE = Fraction(guards.LARGEST_SHARE).limit_denominator(_UNIT)


def opens(stream: noise.Stream, slack: int) -> bool:
    """Whether a question with that slack may be answered."""
    spread = noise.variance(Fraction(_UNIT**2), RHO)
    return bool(slack + stream.gaussian(spread) >= _FAR * float(spread) ** 0.5)


def slack(of: pl.DataFrame, question: Question) -> int:
    """By how many fifths of a subject the promise is kept: the least over groups and lookers; below 0, broken.

    One subject more or fewer moves it by at most five: each of the three terms moves by no more, and the least of such terms does not.

    Args:
        of: the rows that are counted (`statistics.used`).
        question: by whose exposures they are compared.
    """
    exposures = [one.name for one in question.exposures]
    groups = [of.filter(pl.col(name) == side) for name in exposures for side in (0, 1)]
    return min((one for group in groups for one in _slacks(group)), default=0)


def _slacks(of: pl.DataFrame) -> Iterator[int]:
    seen = Counter(
        Group(contributor, tuple(sorted({contributor, *(others or ())})))
        for contributor, others in of.select("contributor", "also_known_to").iter_rows()
    )
    for view in guards.lookers(entities(seen)):
        left = sorted(foreign(seen, view).values(), reverse=True)
        total = sum(left)
        # There are enough contributors when somebody is left beyond the largest of one fewer: each subject moves that by one at most.
        beyond = sum(left[guards.CONTRIBUTORS - 1 :])
        yield _UNIT * (total - guards.LEAST)
        yield int(_UNIT * (_SHARE * total - max(left, default=0)))
        yield _UNIT * (beyond - 1)
