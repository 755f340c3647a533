"""Worlds of contributors who learn from one another without showing their rows: what the collective tables are tried on, and attacked in.

One row per subject and no files. Sizes of contributors differ much; subjects join each quarter, and some withdraw. Holds no protection and
no attack.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray


class Size(NamedTuple):
    """How large a world is."""

    contributors: int = 10
    """Legal entities in each compared role."""
    at_first: int = 1500
    """Subjects of each population at the first cut."""
    each_quarter: int = 100
    """That join between two cuts."""
    quarters: int = 20
    knowing: int = 0
    """Further legal entities that know rows of the first population, each row known to one of them; none: only contributors know."""
    withdrawing: float = 0.002
    """Share of subjects that withdraws in a quarter."""
    effect: float = 0.0
    """How strongly categories of all dimensions hang on one hidden trait of a subject (log odds a standard deviation): none by default."""


def world(seed: int, populations: Mapping[str, Mapping[str, Sequence[str]]], size: Size | None = None) -> pl.DataFrame:
    """Subjects of all populations.

    Args:
        seed: of everything drawn.
        populations: population -> dimension -> its categories.
        size: see `Size`.

    Returns:
        Columns `population`, `subject`, `contributor`, `also_known_to`, one for each dimension, and `joins` and `leaves`: the numbers of
        the first cut in which the subject is, and of the first in which it is no more. The first cut has number 0.
    """
    size = size or Size()
    rng = np.random.default_rng([seed, 8])
    return pl.concat(
        [_population(rng, name, dimensions, size, is_first=not place) for place, (name, dimensions) in enumerate(populations.items())],
        how="diagonal",
    )


def at(world: pl.DataFrame, cut: int) -> pl.DataFrame:
    """The rows that are there at a cut."""
    return world.filter((pl.col("joins") <= cut) & (pl.col("leaves") > cut)).drop("joins", "leaves")


def _population(
    rng: np.random.Generator, name: str, dimensions: Mapping[str, Sequence[str]], size: Size, *, is_first: bool
) -> pl.DataFrame:
    many = size.at_first + size.each_quarter * (size.quarters - 1)
    share = rng.dirichlet(np.full(size.contributors, 4.0))
    joins = np.concatenate([np.zeros(size.at_first, int), np.repeat(np.arange(1, size.quarters), size.each_quarter)])
    columns: dict[str, object] = {
        "population": np.full(many, name),
        "subject": [f"{name}-{number:06d}" for number in range(many)],
        "contributor": [f"{name}_maker_{number:02d}" for number in rng.choice(size.contributors, many, p=share)],
    }
    if is_first and size.knowing:
        columns["also_known_to"] = [[f"site_{number:02d}"] for number in rng.choice(size.knowing, many)]
    else:
        columns["also_known_to"] = pl.Series([[]] * many, dtype=pl.List(pl.String))
    trait = rng.normal(size=many) if size.effect else None
    for dimension, categories in dimensions.items():
        columns[dimension] = np.array(categories)[_categories(rng, len(categories), many, size.effect, trait)]
    leaves = joins + rng.geometric(size.withdrawing, many) if size.withdrawing else np.full(many, size.quarters + 1)
    return pl.DataFrame(columns | {"joins": joins, "leaves": leaves})


def _categories(
    rng: np.random.Generator, categories: int, many: int, effect: float, trait: NDArray[np.float64] | None
) -> NDArray[np.int64]:
    """A category for each subject; with a trait, its log odds shift by the category's share in it (drawn as Gumbel noise draws a logit)."""
    share = rng.dirichlet(np.full(categories, 5.0))
    if trait is None:
        return rng.choice(categories, many, p=share)
    shift = effect * np.outer(trait, rng.normal(size=categories))
    drawn: NDArray[np.int64] = np.argmax(np.log(share) + shift + rng.gumbel(size=(many, categories)), axis=1)
    return drawn
