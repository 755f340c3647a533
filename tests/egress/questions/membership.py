"""Membership inference: was this person among the rows of a released answer? Written from what the strongest attacker has.

The attacker knows the algorithm, all rows but the target's, and the target's; only the hub's key is missing. Two ways:
`shadows` sees the released figures, runs the algorithm under keys of its own with and without the target, and scores by the likelihood
ratio of what it learned (Carlini and others, IEEE S&P 2022; Gaussian, the covariance shared); `worst` is given the noisy statistics
themselves and their exact means, so that no attacker on the figures can do better.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple

import numpy as np
import polars as pl
from scipy.stats import norm, rankdata

from cgt_etl.egress.questions import noise
from cgt_etl.egress.questions.answer import STATISTICS_RHO, Exact, answer, exact, protected
from cgt_etl.egress.questions.catalogue import Question
from cgt_etl.simulator.question_world import Size, Split
from tests.egress.questions.worlds import OUTCOME, SPLITS, played

TARGET = "target"
ONE_SIDED = float(norm.ppf(0.95))


class Curve(NamedTuple):
    """Area under the attacker's curve, and its standard error."""

    area: float
    error: float

    @property
    def lower(self) -> float:
        """The end of a one-sided 95 % interval; `upper` is that of the other."""
        return self.area - ONE_SIDED * self.error

    @property
    def upper(self) -> float:
        return self.area + ONE_SIDED * self.error


class Pair(NamedTuple):
    """A world without the target and with it."""

    out: Exact
    within: Exact


def natural(question: Question, seed: int = 0, size: Size | None = None) -> Pair:
    """A world of the simulator, and of all that could join it the person who would move it most."""
    rows = played(seed, size)
    out = exact(rows, question)
    contributors = rows["contributor"].unique().sort()
    every = product(contributors, (0, 1), *[(0, 1)] * len(SPLITS))
    pairs = [Pair(out, exact(joined(rows, who, outcome, sides), question)) for who, outcome, *sides in list(every)[::3]]
    return max(pairs, key=lambda pair: float(np.sum(_shift(pair) ** 2)))


def contrived(question: Question, copies: int = 1) -> Pair:
    """The person with everything among a contributor's four hundred with nothing: moves the statistics as far as anybody can."""
    plain = played(0).with_columns(contributor=pl.col("contributor").replace("maker_00", "maker_01"))
    nothing = pl.concat([joined(plain.clear(), "maker_00", 0, (0,) * len(SPLITS))] * 400)
    nothing = nothing.with_columns(subject=pl.format("n{}", pl.int_range(pl.len())))
    rows = pl.concat([plain, nothing])
    within = rows
    for number in range(copies):
        within = joined(within, "maker_00", 1, (1,) * len(SPLITS), f"{TARGET}{number}")
    return Pair(exact(rows, question), exact(within, question))


def joined(rows: pl.DataFrame, who: str, outcome: int, sides: tuple[int, ...] | list[int], name: str = TARGET) -> pl.DataFrame:
    """The rows with one more person."""
    split: tuple[Split, ...] = (OUTCOME, *SPLITS)
    person = {one.dimension: one.categories[side] for one, side in zip(split, (outcome, *sides), strict=True)}
    person |= {"subject": name, "contributor": who, "vein_to_vein_band": "not infused" if outcome else "below 21 d"}
    return pl.concat([rows, pl.DataFrame([person | {"also_known_to": []}], schema=rows.schema)])


def shadows(pair: Pair, known: int, tried: int) -> Curve:
    """The attacker on released figures, who learns from `known` answers with the target, and as many without; `tried` likewise."""
    return attacked(pair, learned(pair, known), tried)


def learned(pair: Pair, many: int) -> np.ndarray:
    """How the attacker on released figures weighs each, from so many answers of its own."""
    training = [_figures(one, [f"shadow {number}" for number in range(many)]) for one in pair]
    spread = sum(np.cov(one, rowvar=False).reshape(one.shape[1], -1) for one in training) / 2
    return np.linalg.pinv(spread + 1e-12 * np.eye(len(spread))) @ (training[1].mean(axis=0) - training[0].mean(axis=0))


def attacked(pair: Pair, weight: np.ndarray, tried: int, key: str = "hub") -> Curve:
    """The attacker on released figures, once it has learned; `key` begins the name of each key of the hub."""
    return _curve(*(_figures(one, [f"{key} {number}" for number in range(tried)]) @ weight for one in pair))


def worst(pair: Pair, tried: int, key: str = "hub") -> Curve:
    """The attacker on the noisy statistics; `key` as in `attacked`."""
    shift, deviation = _shift(pair), _deviations(pair.out)
    scores = []
    for one in pair:
        streams = (noise.Stream(f"{key} {number}".encode(), [block.values for block in one.blocks]) for number in range(tried))
        scores.append(np.array([[value for told in protected(stream, one.blocks) for value in told.values] for stream in streams]))
    return _curve(*((score / deviation) @ shift for score in scores))


def _figures(of: Exact, keys: list[str]) -> np.ndarray:
    found = []
    for key in keys:
        told = answer(of, "2026Q1", key.encode())
        figures = [number for figure in told.figures for number in (figure.estimate or 0.0, figure.low or 0.0, figure.high or 0.0)]
        found.append([told.subjects or 0, *figures] if figures else [0.0])
    width = max(map(len, found))
    return np.array([one + [0.0] * (width - len(one)) for one in found], float)


def _shift(pair: Pair) -> np.ndarray:
    """How far the target moves each statistic, in standard deviations of its noise."""
    values = [np.array([value for block in one.blocks for value in block.values], float) for one in pair]
    return (values[1] - values[0]) / 1024 / _deviations(pair.out)


def _deviations(of: Exact) -> np.ndarray:
    return np.array([float(block.variance(STATISTICS_RHO)) ** 0.5 / 1024 for block in of.blocks for _ in block.values])


def _curve(out: np.ndarray, within: np.ndarray) -> Curve:
    """Area and error after DeLong, DeLong and Clarke-Pearson, Biometrics 44 (1988)."""
    ranks = rankdata(np.concatenate([within, out]))
    many, few = len(within), len(out)
    above = (ranks[:many] - rankdata(within)) / few
    below = 1 - (ranks[many:] - rankdata(out)) / many
    return Curve(float(above.mean()), float(np.sqrt(above.var(ddof=1) / many + below.var(ddof=1) / few)))


def pooled(curves: Sequence[Curve]) -> Curve:
    """The mean of curves of independent answers, of as many each."""
    areas, errors = zip(*curves, strict=True)
    return Curve(float(np.mean(areas)), float(np.sqrt(np.sum(np.square(errors)))) / len(curves))
