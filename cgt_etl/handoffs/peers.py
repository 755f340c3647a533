"""Bottlenecks: each site against its peers at each transition, adjusted for case mix, judged against a margin.

The model, per transition: log hours = product + site + rest. A site's excess is its effect less the mean of its peers' effects, as a
ratio. Sites differ honestly, so two questions are asked and both must be answered yes (an intersection-union test, Berger 1982):

* is the excess over the peers greater than the margin, given the chance in the cases? (t test of excess <= margin)
* is it greater than the spread of honest sites explains? (t test of the site against the distribution of sites, of spread tau)

The greater p counts. A cell is found where Benjamini and Hochberg (1995) hold the false discovery rate, and p is at most `FALSE_FINDINGS`
divided by the number of cells, so that no more are expected to be found for nothing in any snapshot. tau is one figure for all
transitions: squares cut as by Huber's proposal 2 (1964), without the cells found, together with the spread that is usual, which counts as
if so many cells had been seen before. Holds no memory of what was told (`told`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import stats

MARGIN = 0.15
"""A bottleneck is slower than its peers by at least this share, because honest sites differ (issue 7)."""
FALSE_DISCOVERIES = 0.05
LEAST_CASES = 20
"""Of a site at a transition; below, it is said to be too small."""
LEAST_PEERS = 4
"""Sites beside the one judged; below, there is nobody to compare with."""
SHORTEST_HOURS = 1 / 60
"""Recorded precision: a shorter duration, zero included, counts as this long."""
FALSE_FINDINGS = 0.2
"""Expected of a snapshot without bottlenecks, at most (issue 7)."""
USUAL_SPREAD, USUAL_CELLS = 0.10, 200
"""Standard deviation of honest sites' log pace for which the margin is made, and as how many cells it counts beside those seen."""
BELIEVED = 0.999
"""Where what was not found spreads more than so many draws from the usual spread would, what is seen counts alone."""
CUT = 1.2
"""Standardised effects beyond +- CUT count as CUT in the spread and in the peers' mean (Huber)."""
_BEYOND = float(stats.norm.sf(CUT))
CUT_SQUARES = 1 - 2 * _BEYOND - 2 * CUT * float(stats.norm.pdf(CUT)) + 2 * CUT**2 * _BEYOND
"""Mean square of a standard normal so cut."""
CONSISTENT = 1.4826
"""Median absolute deviation to standard deviation, normal distribution."""
ROUNDS, STEPS = 6, 25

JUDGED = {
    "transition": pl.String,
    "site": pl.String,
    "excess": pl.Float64,
    "excess_low": pl.Float64,
    "excess_high": pl.Float64,
    "p": pl.Float64,
    "is_found": pl.Boolean,
}
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class _Fit:
    """One transition's sites: effects on log hours, their covariance by chance in cases alone, residual degrees of freedom."""

    transition: str
    sites: list[str]
    effects: Floats
    covariance: Floats
    freedom: float


@dataclass(frozen=True)
class _Spread:
    """tau squared, the weight of every site as a peer, the degrees of freedom behind tau, the share of draws less spread than usual."""

    tau2: float
    weights: list[Floats]
    freedom: float
    surprise: float


def compare(cases: pl.DataFrame, *, margin: float = MARGIN, fdr: float = FALSE_DISCOVERIES, least: int = LEAST_CASES) -> pl.DataFrame:
    """Judge every site at every transition.

    Args:
        cases: one row per finished handoff: `transition`, `site`, `product` (text), `hours` (>= 0). Open ones are no part of it.
        margin: excess over peers from which a site is a bottleneck, as a share.
        fdr: false discovery rate over all cells judged.
        least: cases from which a cell is judged.

    Returns:
        One row per transition and site, findings first, by recoverable hours: `cases`, `hours` (sum), `excess` (share over peers) with
        `excess_low`, `excess_high` (95 %), `p`, `recoverable_hours` with `recoverable_low`, `recoverable_high` (hours above the
        peers' pace), `verdict`: `bottleneck`, `within`, `too small`, `no peers`. Cells not judged have nulls.

    Raises:
        ValueError: negative hours.
    """
    if cases.height and cases["hours"].min() < 0:  # type: ignore[operator]
        raise ValueError("hours below zero: leave impossible handoffs out before comparing sites")
    cells = cases.group_by("transition", "site").agg(cases=pl.len(), hours=pl.col("hours").sum())
    large = cases.join(cells.filter(pl.col("cases") >= least).select("transition", "site"), on=["transition", "site"])
    fits = [fit for (_, part) in sorted(large.group_by("transition"), key=lambda item: str(item[0])) if (fit := _fit(part)) is not None]
    judged = _judge(fits, margin, fdr) if fits else pl.DataFrame(schema=JUDGED)
    found = cells.join(judged, on=["transition", "site"], how="left")
    verdict = (
        pl.when(pl.col("cases") < least)
        .then(pl.lit("too small"))
        .when(pl.col("p").is_null())
        .then(pl.lit("no peers"))
        .when(pl.col("is_found"))
        .then(pl.lit("bottleneck"))
        .otherwise(pl.lit("within"))
    )
    saved = {
        "recoverable_hours": pl.col("excess"),
        "recoverable_low": pl.col("excess_low"),
        "recoverable_high": pl.col("excess_high"),
    }
    return (
        found.with_columns(verdict=verdict, **{name: pl.col("hours") * (1 - 1 / (1 + share)) for name, share in saved.items()})
        .drop("is_found")
        .sort(
            pl.col("verdict") != "bottleneck",
            -pl.col("recoverable_hours"),
            "transition",
            "site",
            nulls_last=True,
        )
    )


def compare_products(cases: pl.DataFrame, compared: pl.DataFrame) -> pl.DataFrame:
    """Judge every site at every transition for each product alone, by the same test: who is slow for one product only.

    A place that is a bottleneck as a whole (`compared`) is not told once more for one of its products.

    Args:
        cases: as in `compare`.
        compared: what `compare` returned of them.

    Returns:
        As `compare`, with `product`, and in the same order; verdict `as a whole` where the place was found there.
    """
    alone = cases.with_columns(transition=pl.struct("transition", "product").struct.json_encode())
    split = pl.col("transition").str.json_decode(pl.Struct({"transition": pl.String, "product": pl.String}))
    judged = compare(alone).with_columns(split.alias("split")).drop("transition").unnest("split")
    whole = compared.filter(pl.col("verdict") == "bottleneck").select("transition", "site", is_whole=pl.lit(value=True))
    seen = judged.join(whole, on=["transition", "site"], how="left", maintain_order="left")
    return seen.with_columns(
        verdict=pl.when(pl.col("is_whole") & (pl.col("verdict") == "bottleneck")).then(pl.lit("as a whole")).otherwise(pl.col("verdict"))
    ).select("transition", "site", "product", pl.exclude("transition", "site", "product", "is_whole"))


def _fit(part: pl.DataFrame) -> _Fit | None:
    """Least squares over the cases of one transition, by their (site, product) groups; none where too few sites share products."""
    log_hours = part.select("site", "product", y=pl.col("hours").clip(lower_bound=SHORTEST_HOURS).log())
    groups = (
        log_hours.group_by("site", "product")
        .agg(n=pl.len(), mean=pl.col("y").mean(), ss=((pl.col("y") - pl.col("y").mean()) ** 2).sum())
        .sort("site", "product")
    )
    groups = groups.filter(pl.col("site").is_in(_comparable(groups)))
    sites, products = sorted(set(groups["site"])), sorted(set(groups["product"]))
    if len(sites) <= LEAST_PEERS:
        return None
    weight = groups["n"].to_numpy().astype(float)
    mean = groups["mean"].to_numpy()
    at_site = np.equal.outer(groups["site"].to_numpy(), np.array(sites)).astype(float)
    of_product = np.equal.outer(groups["product"].to_numpy(), np.array(products[1:])).astype(float).reshape(len(groups), -1)
    design = np.hstack([at_site, of_product])
    inverse = np.linalg.inv(design.T @ (design * weight[:, None]))
    coefficients = inverse @ (design.T @ (weight * mean))
    freedom = weight.sum() - design.shape[1]
    rest = groups["ss"].sum() + (weight * (mean - design @ coefficients) ** 2).sum()
    count = len(sites)
    return _Fit(str(part["transition"][0]), sites, coefficients[:count], inverse[:count, :count] * rest / freedom, freedom)


def _comparable(groups: pl.DataFrame) -> list[str]:
    """The most sites that products in common connect: only among those are effects of site and product told apart."""
    of_site = {str(key[0]): set(part["product"]) for key, part in groups.group_by("site")}
    best: set[str] = set()
    left = sorted(of_site)
    while left:
        together, products = {left[0]}, set(of_site[left[0]])
        while more := {site for site in left if site not in together and of_site[site] & products}:
            together |= more
            products = products.union(*(of_site[site] for site in more))
        best = together if len(together) > len(best) else best
        left = [site for site in left if site not in together]
    return sorted(best)


def _judge(fits: list[_Fit], margin: float, fdr: float) -> pl.DataFrame:
    """p, effect and interval of every cell of `fits`, and whether it is found.

    First with the spread that is usual; where what is left after that spreads more than could be, again with the spread seen alone.
    """
    judged, surprise = _settled(fits, margin, fdr, USUAL_CELLS)
    return judged if surprise < BELIEVED else _settled(fits, margin, fdr, 0)[0]


def _settled(fits: list[_Fit], margin: float, fdr: float, usual_cells: int) -> tuple[pl.DataFrame, float]:
    """Test, leave the cells found out of what the others are compared with, and test again until the same are found."""
    found = [np.zeros(len(fit.sites), dtype=bool) for fit in fits]
    ends = np.cumsum([len(fit.sites) for fit in fits])[:-1]
    for _ in range(ROUNDS):
        spread = _spread(fits, found, usual_cells)
        judged = _tests(fits, spread, margin)
        p = judged["p"].to_numpy()
        now = discoveries(p, fdr) & (p <= FALSE_FINDINGS / len(p))
        if (now == np.concatenate(found)).all():
            break
        found = np.split(now, ends)
    return judged.with_columns(is_found=pl.Series(now, dtype=pl.Boolean)), spread.surprise


def _tests(fits: list[_Fit], honest: _Spread, margin: float) -> pl.DataFrame:
    """Effect, interval and p of every cell."""
    rows = []
    for fit, weight in zip(fits, honest.weights, strict=True):
        excess, chance, spread = _against_peers(fit, weight, honest.tau2)
        beyond_margin = stats.t.sf((excess - math.log1p(margin)) / chance, fit.freedom)
        beyond_spread = stats.t.sf(excess / spread, honest.freedom)
        reach = stats.t.ppf(0.975, fit.freedom) * chance
        rows.append(
            pl.DataFrame(
                {
                    "transition": [fit.transition] * len(fit.sites),
                    "site": fit.sites,
                    "excess": np.expm1(excess),
                    "excess_low": np.expm1(excess - reach),
                    "excess_high": np.expm1(excess + reach),
                    "p": np.maximum(beyond_margin, beyond_spread),
                }
            )
        )
    return pl.concat(rows)


def _against_peers(fit: _Fit, weight: Floats, tau2: float) -> tuple[Floats, Floats, Floats]:
    """Log excess of each site over its peers' weighted mean, its standard error by chance alone, and that with the spread of sites."""
    count = len(fit.sites)
    peers = np.tile(weight, (count, 1))
    np.fill_diagonal(peers, 0.0)
    contrast = np.eye(count) - peers / peers.sum(axis=1, keepdims=True)
    chance = np.einsum("ij,jk,ik->i", contrast, fit.covariance, contrast)
    return contrast @ fit.effects, np.sqrt(chance), np.sqrt(chance + tau2 * (contrast**2).sum(axis=1))


def _spread(fits: list[_Fit], found: list[Flags], usual_cells: int) -> _Spread:
    """How honest sites spread, from the cells not found and as many cells of the usual spread.

    A transition where fewer than `LEAST_PEERS` sites would be left takes all its sites as peers, the found ones too.
    """
    kept = [~flags if (~flags).sum() > LEAST_PEERS else np.ones_like(flags) for flags in found]
    free = sum(int(flags.sum()) - 1 for flags in kept)
    variances = [np.diag(fit.covariance) for fit in fits]
    chance = float(np.concatenate(variances).mean())
    apart = np.concatenate([np.abs(fit.effects - np.median(fit.effects)) for fit in fits])
    seen = max(0.0, float(np.median(apart) * CONSISTENT) ** 2 - chance)
    weights = [flags.astype(float) for flags in kept]
    for _ in range(STEPS):
        squares = 0.0
        for index, (fit, flags, variance) in enumerate(zip(fits, kept, variances, strict=True)):
            total = variance + seen
            centre = (weights[index] * fit.effects).sum() / weights[index].sum()
            apart = (fit.effects - centre) / np.sqrt(total)
            weights[index] = flags * np.minimum(1, CUT / np.maximum(np.abs(apart), CUT)) / total
            squares += float((np.clip(apart, -CUT, CUT)[flags] ** 2).sum())
        seen = max(0.0, (seen + chance) * squares / (free * CUT_SQUARES) - chance)
    surprise = float(stats.chi2.cdf(free * (seen + chance) / (USUAL_SPREAD**2 + chance), free))
    freedom = free + usual_cells
    return _Spread((seen * free + USUAL_SPREAD**2 * usual_cells) / freedom, weights, freedom, surprise)


def discoveries(p: Floats, fdr: float) -> Flags:
    """Which of the hypotheses are rejected at the false discovery rate: Benjamini and Hochberg (1995), step up.

    Args:
        p: one p-value per hypothesis, shape (n,).
        fdr: the rate, between 0 and 1.

    Returns:
        Truths, shape (n,).
    """
    ranked = np.sort(p)
    passing = np.flatnonzero(ranked <= fdr * np.arange(1, len(p) + 1) / max(1, len(p)))
    return p <= ranked[passing[-1]] if len(passing) else np.zeros(len(p), dtype=bool)
