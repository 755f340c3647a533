"""What collective questions lose, and let out: `python -m tests.egress.questions.figures loss SEEDS [SUBJECTS]` or `... membership TRIES`.

`loss`: over seeded worlds of ten contributors with planted differences in risk of 0, 0.05 and 0.1 either way, the findings of the pooled
analysis without protection (an interval of 95 % that leaves out zero) that the answers recover: same sign, intervals overlap. A withheld
answer, or one hidden by the noise, recovers nothing. SEEDS is how many, or the first and the last: `100-199`. `membership`: the area under
the attacker's curve, and the end of its one-sided 95 % interval.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from cgt_etl.egress.questions.answer import answer, exact
from cgt_etl.egress.questions.catalogue import Question
from cgt_etl.egress.questions.estimate import Figure
from cgt_etl.simulator.question_world import Size
from tests.attack.families import membership as attacks
from tests.egress.questions.worlds import SPLITS, played, unprotected

SIZE = Size(baseline=0.25)


class Finding(NamedTuple):
    """A finding of the pooled analysis, and what became of it."""

    is_recovered: bool
    is_told: bool
    ratio: float
    """Width of the protected interval over that of the pooled one; NaN where nothing is told."""


def findings(seed: int, question: Question, size: Size) -> Iterator[Finding]:
    rng = np.random.default_rng([seed, 26])
    splits = [one._replace(effect=float(rng.choice([-0.1, -0.05, 0.0, 0.05, 0.1]))) for one in SPLITS]
    rows = played(seed, size, splits)
    told = answer(exact(rows, question), "2026Q1", f"key {seed}".encode()).figures
    pooled = _differences(question, unprotected(rows, question))
    protected = _differences(question, told) if told else [(np.nan, np.nan)] * len(pooled)
    for (at, half), (told_at, told_half) in zip(pooled, protected, strict=True):
        if abs(at) > half:
            overlap = abs(at - told_at) <= half + told_half
            yield Finding(bool(at * told_at > 0 and overlap), not np.isnan(told_at), told_half / half)


def _differences(question: Question, figures: Sequence[Figure]) -> list[tuple[float, float]]:
    """Each difference and half the width of its interval; of incidences, between the two groups by the end of each band."""
    known = [(np.nan, np.nan) if one.estimate is None else (one.estimate, ((one.high or 0.0) - (one.low or 0.0)) / 2) for one in figures]
    if question.kind != "incidence":
        return known
    half = len(known) // 2
    return [(b - a, float(np.hypot(wide, wider))) for (a, wide), (b, wider) in zip(known[:half], known[half:], strict=True)]


def loss(seeds: range, size: Size) -> None:
    print(f"seeds {seeds.start} to {seeds[-1]}, {size}")
    every: list[Finding] = []
    for name, question in attacks.QUESTIONS.items():
        found = [one for seed in seeds for one in findings(seed, question, size)]
        every += found
        _print(name, found)
    _print("pooled", every)


def _print(name: str, found: list[Finding]) -> None:
    recovered, told, ratio = (np.array(one, float) for one in zip(*found, strict=True))
    print(
        f"{name}: {len(found)} findings, {recovered.mean():.1%} recovered, {told.mean():.1%} told, "
        f"interval {np.nanmedian(ratio):.2f} times as wide (median)"
    )


def attack(tries: int) -> None:
    for name, curve in attacks.curves("hub", attacks.Sizes(tries // 4, tries, tries)).items():
        print(f"{name}: area {curve.area:.4f}, at most {curve.upper:.4f}")


if __name__ == "__main__":
    what, (*first, many) = sys.argv[1], [int(one) for one in sys.argv[2].split("-")]
    if what == "loss":
        loss(range(first[0], many + 1) if first else range(many), SIZE._replace(subjects=int(sys.argv[3])) if len(sys.argv) > 3 else SIZE)
    else:
        attack(many)
