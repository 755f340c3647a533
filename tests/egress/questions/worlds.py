"""Questions of the published catalogue and worlds for them, and what a pooled analysis without any protection would say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from cgt_etl.egress.questions import estimate, statistics
from cgt_etl.egress.questions.catalogue import Catalogue, Question, load
from cgt_etl.simulator.question_world import Size, Split, world

CATALOGUE: Catalogue = load()
KEY = bytes(range(32))
OUTCOME = Split("verdict", ("within specification", "out of specification or terminated"), 0)
FROZEN = Split("starting_state", ("fresh", "frozen"), 0.08)
HELD = Split("hold_band", ("below 24 h", "48 h and more"), 0.06)
DOSE = Split("dose_band", ("up to 200 x 10^6", "above 200 x 10^6"), -0.06)
SPLITS = (FROZEN, HELD, DOSE)
CONTRAST = CATALOGUE.question("contrast", "out_of_specification", ("frozen_start",))
MODEL = CATALOGUE.question("model", "out_of_specification", ("frozen_start", "hold_48_h_or_more"))
MODEL_OF_THREE = CATALOGUE.question("model", "out_of_specification", ("frozen_start", "hold_48_h_or_more", "dose_above_200"))
INCIDENCE = CATALOGUE.question("incidence", "vein_to_vein", ("frozen_start",))
BANDS = ("below 21 d", "21 to 28 d", "28 to 42 d", "42 d and more", "not infused")


def played(seed: int, size: Size | None = None, splits: Sequence[Split] = SPLITS) -> pl.DataFrame:
    """A world with every dimension of the questions above; times are later, and more never infused, where the start was frozen."""
    of = world(seed, OUTCOME, splits, size)
    rng = np.random.default_rng([seed, 25])
    fresh, frozen = (0.25, 0.35, 0.2, 0.1, 0.1), (0.15, 0.3, 0.28, 0.12, 0.15)
    drawn = [rng.choice(5, p=frozen if state == "frozen" else fresh) for state in of["starting_state"]]
    return of.with_columns(pl.Series("vein_to_vein_band", [BANDS[one] for one in drawn]))


def unprotected(rows: pl.DataFrame, question: Question) -> list[estimate.Figure]:
    """What `estimate` says of exact statistics."""
    exact = statistics.blocks(statistics.used(rows, question), question)
    return estimate.figures(question, [estimate.Protected([value / statistics.GRID for value in one.values], 0.0) for one in exact])


def least_squares(rows: pl.DataFrame, question: Question) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients of the exposures and their standard errors, by ordinary least squares with a column for each contributor."""
    of = statistics.used(rows, question)
    exposures = of.select(one.name for one in question.exposures).to_numpy().astype(float)
    names = of["contributor"].unique().sort().to_list()
    intercepts = np.array([[who == name for name in names] for who in of["contributor"]], float)
    design, y = np.hstack([exposures, intercepts]), of["outcome"].to_numpy().astype(float)
    found, *_ = np.linalg.lstsq(design, y, rcond=None)
    residual = y - design @ found
    spread = residual @ residual / (len(y) - design.shape[1]) * np.linalg.pinv(design.T @ design)
    many = exposures.shape[1]
    return found[:many], np.sqrt(np.diag(spread))[:many]
