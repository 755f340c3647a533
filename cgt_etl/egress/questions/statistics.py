"""Sufficient statistics of a question over all contributors, and by how much one subject can move them.

A model's: sums of squares and products of what differs within contributors, so that contributors have intercepts of their own, added up
over contributors. A cumulative incidence's: counts by group and band. Exact; protects nothing.

One subject, added or taken away, moves a contributor's scatter by n/(n + 1) d d', where d is the difference between its values and the
mean of the contributor's others (Welford's update). Values are 0 or 1, so no entry of d d' is beyond 1 from 0: that is where the bounds
come from, and why a subject has one row.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import polars as pl

from cgt_etl.egress.questions import noise
from cgt_etl.egress.questions.catalogue import Comparison, Question, Time
from cgt_etl.errors import CgtError

GRID = 1024
"""Statistics are whole numbers of 1/GRID: noise is drawn in whole numbers."""
_STEP = GRID + 1
"""By how much one subject moves an entry at most, in 1/GRID: 1, and half a step for the rounding of either."""


class Block(NamedTuple):
    """Statistics that share a variance. `share` is the part of the question's budget that they cost."""

    names: tuple[str, ...]
    values: tuple[int, ...]
    """In 1/GRID."""
    bound: int
    """Square of the Euclidean distance by which one subject moves the values at most, in units of one subject."""
    share: Fraction

    def variance(self, rho: Fraction) -> Fraction:
        """Of the noise, in 1/GRID squared."""
        return noise.variance(Fraction(self.bound * _STEP**2), rho * self.share)


def used(rows: pl.DataFrame, question: Question) -> pl.DataFrame:
    """The rows that a question counts: `subject`, `contributor`, `also_known_to`, a column of 0 and 1 per exposure, and `outcome`.

    `outcome` is 0 or 1, or the number of the band, with the number of bands for never. Subjects who are in neither group of an exposure,
    or without an outcome, are left out.

    Raises:
        CgtError: a subject has two rows: their part in an answer would be bounded by nothing.
    """
    if rows["subject"].n_unique() < rows.height:
        raise CgtError("a subject has two rows", column="subject", remedy="Give one row per subject")
    columns = {one.name: _placed(one) for one in question.exposures} | {"outcome": _placed(question.outcome)}
    made = rows.select("subject", "contributor", "also_known_to", **columns)
    return made.drop_nulls(list(columns))


def blocks(of: pl.DataFrame, question: Question) -> tuple[Block, ...]:
    """The statistics of a question over its rows (`used`)."""
    return _counts(of, question) if question.kind == "incidence" else _scatter(of, question)


def _placed(one: Comparison | Time) -> pl.Expr:
    number = {category: place for place, level in enumerate(one.levels) for category in level}
    return pl.col(one.dimension).replace_strict(number, default=None, return_dtype=pl.Int64)


def _scatter(of: pl.DataFrame, question: Question) -> tuple[Block, ...]:
    """Exposures come before the outcome; entries of the upper triangle, row by row."""
    names = [one.name for one in question.exposures]
    total = np.zeros((len(names) + 1,) * 2, dtype=object)
    for own in _by_contributor(of, names):
        sums, products = own.sum(axis=0), own.T @ own
        for (row, column), product in np.ndenumerate(products):
            total[row, column] += Fraction(int(product)) - Fraction(int(sums[row]) * int(sums[column]), len(own))
    last = len(names)
    pairs = [(row, column) for row in range(last) for column in range(row, last)]
    return (
        Block(tuple(f"{name} outcome" for name in names), _whole(total[row, last] for row in range(last)), last, Fraction(65, 100)),
        Block(tuple(f"{names[a]} {names[b]}" for a, b in pairs), _whole(total[pair] for pair in pairs), len(pairs), Fraction(20, 100)),
        Block(("outcome outcome",), _whole([total[last, last]]), 1, Fraction(10, 100)),
        Block(("subjects",), (of.height * GRID,), 1, Fraction(5, 100)),
    )


def _by_contributor(of: pl.DataFrame, names: list[str]) -> Iterator[np.ndarray]:
    for _, own in sorted(of.group_by("contributor"), key=lambda pair: str(pair[0])):
        yield own.select(*names, "outcome").to_numpy()


def _counts(of: pl.DataFrame, question: Question) -> tuple[Block, ...]:
    """By group of the one exposure, then by band; a subject is in one cell, so moves the counts by 1."""
    exposure = question.exposures[0].name
    cells = [(group, band) for group in (0, 1) for band in range(len(question.outcome.levels))]
    found = dict.fromkeys(cells, 0) | {(group, band): many for group, band, many in of.group_by(exposure, "outcome").len().iter_rows()}
    return (Block(tuple(f"{group} {band}" for group, band in cells), tuple(found[cell] * GRID for cell in cells), 1, Fraction(1)),)


def _whole(values: Iterator[Fraction] | list[Fraction]) -> tuple[int, ...]:
    return tuple(round(Fraction(one) * GRID) for one in values)
