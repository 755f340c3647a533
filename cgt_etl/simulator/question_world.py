"""Worlds of contributors with planted effects: what collective questions are tried on.

One row per subject and no files. Contributors differ in size, in how often a subject is exposed, and in the risk of everybody there: an
analysis without intercepts of their own would be confounded. Holds no protection and no analysis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl


class Split(NamedTuple):
    """A dimension of two categories and what the second does to the risk: a difference in probability."""

    dimension: str
    categories: tuple[str, str]
    effect: float


class Size(NamedTuple):
    """How large a world is."""

    contributors: int = 10
    subjects: int = 1500
    baseline: float = 0.12
    """Risk of a subject that is exposed to nothing, over contributors."""


def world(seed: int, outcome: Split, exposures: Sequence[Split], size: Size | None = None) -> pl.DataFrame:
    """Subjects with their exposures and outcomes.

    Args:
        seed: of everything drawn.
        outcome: its effect is not used.
        exposures: each independent of the others, given the contributor.
        size: see `Size`.

    Returns:
        Columns `subject`, `contributor`, `also_known_to`, and one for each dimension.
    """
    size = size or Size()
    rng = np.random.default_rng([seed, 24])
    at = rng.choice(size.contributors, size.subjects, p=rng.dirichlet(np.full(size.contributors, 8.0)))
    risk = np.clip(rng.normal(size.baseline, size.baseline / 4, size.contributors), 0.01, None)[at]
    columns: dict[str, object] = {
        "subject": [f"s{number:06d}" for number in range(size.subjects)],
        "contributor": [f"maker_{number:02d}" for number in at],
        "also_known_to": pl.Series([[]] * size.subjects, dtype=pl.List(pl.String)),
    }
    for one in exposures:
        is_exposed = rng.random(size.subjects) < rng.uniform(0.3, 0.7, size.contributors)[at]
        risk = risk + one.effect * is_exposed
        columns[one.dimension] = np.where(is_exposed, *reversed(one.categories))
    columns[outcome.dimension] = np.where(rng.random(size.subjects) < np.clip(risk, 0, 1), *reversed(outcome.categories))
    return pl.DataFrame(columns)
