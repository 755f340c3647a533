"""How much of the variation is site, device or operator, and what the best sites do differently.

The model: outcome = product + one effect of each level of each factor + rest, effects drawn from normal distributions. Their standard
deviations by restricted maximum likelihood (Patterson and Thompson 1971), the intervals by its profile, so that a factor of few levels says
how little it can know. Factors may cross (a device type at several sites) or nest (operators: name them with their site). What goes
together cannot be told apart: of two factors whose levels are one to one the later is left out and says so. What the best sites do is
compared site by site, not case by case, by permutation of sites. Holds no causal claim and no reading of tables.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import linalg, optimize, stats

from cgt_etl.handoffs.peers import FALSE_DISCOVERIES, discoveries

LEAST_LEVELS = 5
"""Of a factor; with fewer its spread is anybody's guess, and it is adjusted for like a product."""
LEAST_SITES = 8
"""Below, no order of sites is rare enough to say what goes with it."""
PERMUTATIONS = 9_999
RISE = float(stats.chi2.ppf(0.95, 1))
"""By which twice the log likelihood falls at the ends of a 95 % interval."""
MOST = 20.0
"""A factor's standard deviation over that of the rest is looked for up to here."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Split:
    """The parts of a variation, and what each level adds."""

    parts: pl.DataFrame
    """`component` (the factors, `product`, `rest`), `levels`, `spread` (standard deviation, in the unit of the outcome) with `low`, `high`
    (95 %; null of `product` and `rest`), `share` of the variance, `why_not` (null where there is a spread)."""
    effects: dict[str, dict[str, float]]
    """Factor -> level -> what it adds to the outcome, shrunk towards none (best linear unbiased prediction)."""


def split(cases: pl.DataFrame, factors: Sequence[str]) -> Split:
    """Split the variation of an outcome.

    Args:
        cases: `outcome` (a number; logarithms of durations and counts), `product` (text), one text column per factor. Rows with a null
            are left out.
        factors: names of the columns, the ones that may explain the others first (site before device before operator).

    Raises:
        ValueError: fewer cases than what is to be told apart.
    """
    known = cases.drop_nulls(["outcome", "product", *factors])
    why = _left_out(known, factors)
    drawn = [name for name in factors if name not in why]
    adjusted = [name for name in factors if why.get(name) == "too few levels"]
    fixed, _ = _dummies(known, ["product", *adjusted])
    random, levels = _dummies(known, drawn, whole=True)
    if known.height <= fixed.shape[1] + 1:
        raise ValueError("fewer cases than products and levels that are to be told apart")
    fit = _Reml(fixed, random, [len(levels[name]) for name in drawn], known["outcome"].to_numpy().astype(float))
    ratios = fit.best()
    sigma, effect, explained = fit.solved(ratios)
    spreads = {name: float(ratio * sigma) for name, ratio in zip(drawn, ratios, strict=True)}
    total = sum(spread**2 for spread in spreads.values()) + explained**2 + sigma**2
    rows: list[tuple[object, ...]] = []
    for name in factors:
        if name in why:
            rows.append((name, known[name].n_unique(), None, None, None, None, why[name]))
        else:
            low, high = fit.interval(drawn.index(name), ratios)
            rows.append((name, len(levels[name]), spreads[name], low, high, spreads[name] ** 2 / total, None))
    rows.append(("product", known["product"].n_unique(), explained, None, None, explained**2 / total, None))
    rows.append(("rest", known.height, sigma, None, None, sigma**2 / total, None))
    named = ("component", "levels", "spread", "low", "high", "share", "why_not")
    kinds = (pl.String, pl.Int64, pl.Float64, pl.Float64, pl.Float64, pl.Float64, pl.String)
    parts = pl.DataFrame(rows, schema=dict(zip(named, kinds, strict=True)), orient="row")
    ends = np.cumsum([0, *(len(levels[name]) for name in drawn)])
    added = {name: dict(zip(levels[name], effect[ends[at] : ends[at + 1]].tolist(), strict=True)) for at, name in enumerate(drawn)}
    return Split(parts, added)


def practices(effects: dict[str, float], means: pl.DataFrame, *, seed: int) -> pl.DataFrame:
    """What goes with a better outcome, site by site.

    Args:
        effects: site -> what it adds to the outcome, of `Split.effects`; the greater the better.
        means: `site`, and one column for each practice: its mean or share there; sites without one are left out of that practice.
        seed: of the permutations.

    Returns:
        One row per practice, the surest first: `practice`, `sites`, `correlation` (Spearman's), `p` (permutation), `best` and `others`
        (mean practice of the third of sites that do best, and of the rest), `is_found` (false discovery rate 5 % over all practices).
        Nulls where fewer than `LEAST_SITES` sites state it, or all the same.
    """
    rng = np.random.default_rng(seed)
    rows: list[tuple[object, ...]] = []
    for practice in sorted(set(means.columns) - {"site"}):
        stated = means.filter(pl.col("site").is_in(sorted(effects))).select("site", practice).drop_nulls().sort("site")
        value = stated[practice].to_numpy().astype(float)
        effect = np.array([effects[site] for site in stated["site"]])
        if len(value) < LEAST_SITES or np.ptp(value) == 0:
            rows.append((practice, len(value), None, None, None, None))
            continue
        ranks = [stats.rankdata(each) - (len(each) + 1) / 2 for each in (value, effect)]
        scale = math.sqrt(float((ranks[0] ** 2).sum() * (ranks[1] ** 2).sum()))
        seen = float(ranks[0] @ ranks[1]) / scale
        orders = rng.permuted(np.tile(ranks[1], (PERMUTATIONS, 1)), axis=1)
        as_far = int((np.abs(orders @ ranks[0]) / scale >= abs(seen) - 1e-12).sum())
        best = np.argsort(-effect, kind="stable")[: len(effect) // 3]
        others = np.setdiff1d(np.arange(len(effect)), best)
        rows.append((practice, len(value), seen, (1 + as_far) / (1 + PERMUTATIONS), value[best].mean(), value[others].mean()))
    kinds = (pl.String, pl.Int64, pl.Float64, pl.Float64, pl.Float64, pl.Float64)
    named = ("practice", "sites", "correlation", "p", "best", "others")
    frame = pl.DataFrame(rows, schema=dict(zip(named, kinds, strict=True)), orient="row").sort("p", "practice", nulls_last=True)
    p = frame["p"].drop_nulls().to_numpy()
    found = [*discoveries(p, FALSE_DISCOVERIES).tolist(), *[None] * (frame.height - len(p))]
    return frame.with_columns(is_found=pl.Series(found, dtype=pl.Boolean))


def _left_out(cases: pl.DataFrame, factors: Sequence[str]) -> dict[str, str]:
    """Factor -> why it has no spread of its own."""
    why: dict[str, str] = {}
    for at, name in enumerate(factors):
        many = cases[name].n_unique()
        if many == cases.height:
            why[name] = "one case a level"
            continue
        for before in factors[:at]:
            if before not in why and cases.select(name, before).n_unique() == many == cases[before].n_unique():
                why[name] = f"goes together with {before}"
        if name not in why and many < LEAST_LEVELS:
            why[name] = "too few levels"
    return why


def _dummies(cases: pl.DataFrame, names: Sequence[str], *, whole: bool = False) -> tuple[Floats, dict[str, list[str]]]:
    """Columns of 0 and 1, in the order of names and levels; unless `whole`, with one for all and without what others tell."""
    blocks, levels = [np.zeros((cases.height, 0))] if whole else [np.ones((cases.height, 1))], {}
    for name in names:
        found, place = np.unique(cases[name].to_numpy().astype(str), return_inverse=True)
        levels[name] = [str(level) for level in found]
        blocks.append(np.eye(len(found))[place][:, 0 if whole else 1 :])
    design = np.hstack(blocks)
    if not whole:
        _, upper, order = linalg.qr(design, mode="economic", pivoting=True)
        rank = int((np.abs(np.diag(upper)) > 1e-9 * abs(upper[0, 0])).sum())
        design = design[:, np.sort(order[:rank])]
    return design, levels


class _Reml:
    """The restricted likelihood of ratios: standard deviation of each factor's effects over that of the rest."""

    def __init__(self, fixed: Floats, random: Floats, sizes: list[int], outcome: Floats) -> None:
        self.of = np.repeat(np.arange(len(sizes)), sizes)
        self.factors = len(sizes)
        self.freedom = len(outcome) - fixed.shape[1]
        both = np.hstack([fixed, outcome[:, None]])
        self.zz, self.zb, self.bb = random.T @ random, random.T @ both, both.T @ both
        self.fixed = fixed

    def _reduced(self, ratios: Floats) -> tuple[Floats, Floats, Floats, float]:
        """Lower factor of I + D Z'Z D, its solution for D Z'[X y], the products [X y]'V^-1[X y], log |I + D Z'Z D|."""
        d = ratios[self.of]
        lower: Floats = linalg.cholesky(np.eye(len(d)) + d[:, None] * self.zz * d, lower=True)
        solved: Floats = linalg.solve_triangular(lower, d[:, None] * self.zb, lower=True)
        inner: Floats = self.bb - solved.T @ solved
        return lower, solved, inner, 2 * float(np.log(np.diag(lower)).sum())

    def deviance(self, ratios: Floats) -> float:
        """Minus twice the log of the restricted likelihood, but for a constant."""
        _, _, inner, size = self._reduced(ratios)
        xx, xy, yy = inner[:-1, :-1], inner[:-1, -1], inner[-1, -1]
        rest = float(yy - xy @ np.linalg.solve(xx, xy))
        whole: float = size + float(np.linalg.slogdet(xx)[1]) + self.freedom * math.log(rest / self.freedom)
        return whole

    def best(self, place: int | None = None, ratio: float = 0.0, start: Floats | None = None) -> Floats:
        """The likeliest ratios; with one of them held at `ratio`."""
        free = [each for each in range(self.factors) if each != place]
        at = np.full(self.factors, 0.3) if start is None else start.copy()
        if place is not None:
            at[place] = ratio
        if not free:
            return at

        def of(some: Floats) -> float:
            at[free] = some
            return self.deviance(at)

        begin = np.maximum(at[free], 0.01)  # the slope at zero is zero, whichever way it goes from there
        found = optimize.minimize(of, begin, method="L-BFGS-B", bounds=[(0, MOST)] * len(free), options={"ftol": 1e-8})
        at[free] = found.x
        return at.copy()

    def solved(self, ratios: Floats) -> tuple[float, Floats, float]:
        """Standard deviation of the rest, effects of all levels, standard deviation of what is fixed over the cases."""
        lower, solved, inner, _ = self._reduced(ratios)
        coefficients = np.linalg.solve(inner[:-1, :-1], inner[:-1, -1])
        rest = float(inner[-1, -1] - inner[:-1, -1] @ coefficients)
        left = solved @ np.append(-coefficients, 1.0)
        effects = ratios[self.of] * linalg.solve_triangular(lower.T, left, lower=False)
        return math.sqrt(rest / self.freedom), effects, float(np.std(self.fixed @ coefficients))

    def interval(self, place: int, best: Floats) -> tuple[float, float]:
        """95 % interval of one factor's standard deviation, by the profile of the likelihood."""
        least = self.deviance(best)
        last = best

        def above(ratio: float) -> float:
            nonlocal last
            last = self.best(place, ratio, last)
            return self.deviance(last) - least - RISE

        def spread(ratio: float) -> float:
            return ratio * self.solved(self.best(place, ratio, last))[0]

        exact = {"xtol": 1e-3, "rtol": 1e-3}
        low = 0.0 if best[place] == 0 or above(0.0) <= 0 else spread(optimize.brentq(above, 0.0, best[place], **exact))
        high = max(2 * float(best[place]), 0.1)
        while above(high) < 0 and high < MOST:
            high *= 2
        return low, spread(optimize.brentq(above, best[place], high, **exact)) if high < MOST else math.inf
