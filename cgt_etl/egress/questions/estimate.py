"""What protected statistics say: differences in risk and cumulative incidences, with intervals that hold sampling and noise.

Sees no rows and no exact number: whatever it does tells nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from cgt_etl.egress.questions.catalogue import Question, Time

LEVEL = 0.95
_Z = float(norm.ppf(0.5 + LEVEL / 2))
_SURE = 3
"""Standard deviations of the noise that exposures must vary by, and a group must count, to be told from it."""
Array = np.ndarray


class Protected(NamedTuple):
    """Noisy statistics of a block, in subjects, and the standard deviation of their noise. Without noise, a pooled analysis."""

    values: Sequence[float]
    deviation: float


class Figure(NamedTuple):
    """One number of an answer. All three are None where the noise hides it."""

    says: str
    estimate: float | None = None
    low: float | None = None
    high: float | None = None


def figures(question: Question, protected: Sequence[Protected]) -> list[Figure]:
    """The figures of a question, from its protected blocks in the order of `statistics.blocks`."""
    return _incidences(question, *protected) if isinstance(question.outcome, Time) else _differences(question, *protected)


def subjects(protected: Sequence[Protected]) -> int:
    """About how many subjects an answer rests on: a model's last block says it, the counts of an incidence add up to it."""
    return max(0, round(sum(protected[-1].values)))


def _differences(question: Question, cross: Protected, own: Protected, outcome: Protected, size: Protected) -> list[Figure]:
    """Differences in the risk of the outcome, within contributors and at equal other exposures: a linear probability model.

    With S the exposures' scatter and c their products with the outcome, b = c / S. Its variance is S⁻¹ (s² S + M) S⁻¹: s² of the residuals,
    M that of the noise of c - S b, to first order.
    """
    many = len(question.exposures)
    scatter = np.zeros((many, many))
    scatter[np.triu_indices(many)] = own.values
    scatter = np.triu(scatter) + np.triu(scatter, 1).T
    says = [f"risk difference, {one.name}" for one in question.exposures]
    if np.linalg.eigvalsh(scatter)[0] <= _SURE * own.deviation:
        return [Figure(one) for one in says]
    products = np.array(cross.values)
    b = np.linalg.solve(scatter, products)
    residual = max(outcome.values[0] - b @ products, outcome.deviation, 0.0) / max(size.values[0] - many, 1.0)
    noise = (cross.deviation**2 + own.deviation**2 * (b @ b)) * np.eye(many) + own.deviation**2 * (np.outer(b, b) - np.diag(b**2))
    inverse = np.linalg.inv(scatter)
    spread = np.sqrt(np.diag(inverse @ (residual * scatter + noise) @ inverse))
    return [_figure(say, float(at), float(wide), -1.0) for say, at, wide in zip(says, b, spread, strict=True)]


def _incidences(question: Question, counts: Protected) -> list[Figure]:
    """The share of a group by the end of each band but the last, whose end is open."""
    groups = np.array(counts.values).reshape(2, -1)
    bands = [band for level in question.outcome.levels[:-2] for band in level]
    told = []
    for group, cells in zip(("against", "has"), groups, strict=True):
        total = float(cells.sum())
        is_sure = total > _SURE * counts.deviation * len(cells) ** 0.5
        for place, band in enumerate(bands):
            says = f"share by the end of {band}, {question.exposures[0].name}: {group}"
            if not is_sure:
                told.append(Figure(says))
                continue
            share = min(max(float(cells[: place + 1].sum()) / total, 0.0), 1.0)
            noise = (counts.deviation / total) ** 2 * ((place + 1) * (1 - share) ** 2 + (len(cells) - place - 1) * share**2)
            told.append(_figure(says, share, (share * (1 - share) / total + noise) ** 0.5, 0.0))
    return told


def _figure(says: str, at: float, spread: float, least: float) -> Figure:
    within = (min(max(one, least), 1.0) for one in (at, at - _Z * spread, at + _Z * spread))
    return Figure(says, *(round(one, 4) for one in within))
