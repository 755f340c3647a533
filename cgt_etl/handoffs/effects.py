"""What something upstream (hold, transit, temperature) does to something downstream (viability, expansion), with honest intervals.

Cases of one site are alike in ways that nobody recorded, and few sites are few, whatever the number of cases. So the slope is estimated
within each site, where what is common to the site cannot confound it, adjusted for products, and the sites' slopes are pooled as drawn from
a distribution of slopes: the two-stage form of a mixed model with random intercepts and slopes. tau squared by Paule and Mandel (1982); the
interval by Hartung and Knapp (2001) and Sidik and Jonkman (2002), a t with one degree of freedom fewer than sites, which keeps its coverage
with few clusters. An outcome of 0 and 1 gives a difference of risk. The crude slope and that between sites' means stand beside it: where
they differ from the slope within, sites confound. Holds no causal claim: what varies within a site together with the exposure still
confounds.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

LEAST_SITES = 5
LEAST_CASES = 10
"""Of a site; with fewer, or with no more than one value of the exposure, it has no slope of its own and is left out."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Effect:
    """Change of the outcome per unit of the exposure."""

    estimate: float
    low: float
    high: float
    """95 % interval."""
    p: float
    sites: int
    cases: int
    spread: float
    """Standard deviation of slopes between sites (tau)."""
    crude: float
    """Slope over all cases as if there were no sites and products."""
    between: float
    """Slope of sites' mean outcomes over their mean exposures."""


def estimate(cases: pl.DataFrame) -> Effect | None:
    """The effect of an exposure on an outcome.

    Args:
        cases: `site`, `product` (text), `exposure`, `outcome` (numbers in their units); rows with nulls are left out.

    Returns:
        None where fewer than `LEAST_SITES` sites have a slope of their own.
    """
    known = cases.drop_nulls(["exposure", "outcome"])
    fit = known.group_by("site").agg(n=pl.len(), values=pl.col("exposure").n_unique())
    kept = fit.filter((pl.col("n") >= LEAST_CASES) & (pl.col("values") > 1))["site"].sort().to_list()
    if len(kept) < LEAST_SITES:
        return None
    known = known.filter(pl.col("site").is_in(kept))
    exposure, outcome = known["exposure"].to_numpy().astype(float), known["outcome"].to_numpy().astype(float)
    index = np.searchsorted(np.array(kept), known["site"].to_numpy().astype(str))
    product = np.unique(known["product"].to_numpy().astype(str), return_inverse=True)[1]
    slopes, unscaled, variance = site_slopes(index, product, exposure, outcome)
    return _effect(slopes, unscaled * variance, index, exposure, outcome)


def site_slopes(site: NDArray[np.int_], product: NDArray[np.int_], exposure: Floats, outcome: Floats) -> tuple[Floats, Floats, float]:
    """Least squares of outcome = site + slope of the site × exposure + product.

    Args:
        site: 0 to k - 1, shape (n,).
        product: 0 to m - 1, shape (n,).
        exposure: shape (n,).
        outcome: shape (n,).

    Returns:
        Slopes, shape (k,); their covariance over the residual variance, shape (k, k); the residual variance.
    """
    count = int(site.max()) + 1
    at_site = np.eye(count)[site]
    sizes = at_site.sum(axis=0)
    design = np.hstack([at_site * exposure[:, None], np.eye(int(product.max()) + 1)[product][:, 1:]])
    design = design - (at_site.T @ design / sizes[:, None])[site]
    centred = outcome - (np.bincount(site, outcome) / sizes)[site]
    inverse = np.linalg.pinv(design.T @ design, hermitian=True)
    coefficients = inverse @ (design.T @ centred)
    freedom = len(site) - count - np.linalg.matrix_rank(design)
    variance = float(((centred - design @ coefficients) ** 2).sum() / freedom)
    return coefficients[:count], inverse[:count, :count], variance


def pooled(slopes: Floats, covariance: Floats) -> tuple[float, float, float]:
    """The mean of a distribution of slopes, its standard error after Hartung and Knapp, and the distribution's standard deviation.

    Args:
        slopes: one a site, shape (k,).
        covariance: of their chance, shape (k, k).
    """
    count = len(slopes)

    def at(tau2: float) -> tuple[float, float, float]:
        weight = np.linalg.inv(covariance + tau2 * np.eye(count))
        total = weight.sum()
        mean = float((weight @ slopes).sum() / total)
        apart = slopes - mean
        return mean, float(apart @ weight @ apart), float(total)

    low, high = 0.0, float(np.var(slopes) * 4 + np.finfo(float).tiny)
    if at(0.0)[1] <= count - 1:
        high = 0.0
    else:
        for _ in range(40):
            middle = (low + high) / 2
            low, high = (middle, high) if at(middle)[1] > count - 1 else (low, middle)
    mean, squares, total = at(high)
    return mean, math.sqrt(squares / (count - 1) / total), math.sqrt(high)


def _effect(slopes: Floats, covariance: Floats, site: NDArray[np.int_], exposure: Floats, outcome: Floats) -> Effect:
    count = len(slopes)
    mean, error, spread = pooled(slopes, covariance)
    reach = float(stats.t.ppf(0.975, count - 1)) * error
    sizes = np.bincount(site)
    means = [np.bincount(site, value) / sizes for value in (exposure, outcome)]
    return Effect(
        estimate=mean,
        low=mean - reach,
        high=mean + reach,
        p=float(2 * stats.t.sf(abs(mean) / error, count - 1)),
        sites=count,
        cases=len(site),
        spread=spread,
        crude=_slope(exposure, outcome),
        between=_slope(means[0], means[1]),
    )


def _slope(x: Floats, y: Floats) -> float:
    apart = x - x.mean()
    squares = float((apart**2).sum())
    return float((apart * y).sum()) / squares if squares > 0 else math.nan
