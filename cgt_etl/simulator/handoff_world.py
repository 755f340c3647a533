"""Worlds of handoffs as tables, and nothing else: what the statistics of handoffs are tried on, over hundreds of seeds, without files.

Each function draws one world from its seed and returns the table that an analysis may see beside what is true. Figures are those of the
evaluation (docs/handoffs.md): honest sites differ by 10 %, durations have a coefficient of variation of 0.5. Holds no statistics.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

JOURNEYS, SITES = 1200, 12
SITE_SPREAD = 0.10
"""Standard deviation of honest sites' pace, on the log scale."""
VARIATION = 0.5
"""Coefficient of variation of a duration, given site and product."""
SIGMA = math.sqrt(math.log1p(VARIATION**2))
"""The same as the standard deviation of its logarithm."""
LEAST = 50
"""Cases of the smallest site."""
LEAST_OF_PRODUCT = 20
"""Cases of a product at a site from which on a delay of it alone is injected."""
MEDIAN_HOURS = {"H04": 168.0, "H05": 8.0, "H08": 30.0, "H09": 48.0, "H11": 190.0, "H14": 60.0}
"""Transitions, by their handoff, and their usual hours; the slowest is no bottleneck."""
PRODUCTS = ("product_a", "product_b", "product_c", "product_d")
MIX = 1.5
"""Dirichlet weight of each product at a site: sites differ much in what they make."""
PRODUCT_SPREAD = 0.4
"""Standard deviation of products' pace at a transition, on the log scale."""


class Bottlenecks(NamedTuple):
    """Handoffs of a year."""

    cases: pl.DataFrame
    """`transition`, `site`, `product`, `hours`, `day` (0 to 364)."""
    injected: frozenset[tuple[str, ...]]
    """Transition and site of each bottleneck, and the product where it is of one alone."""


def bottlenecks(
    seed: int, *, delay: float = 0.8, injected: int = 6, spread: float = SITE_SPREAD, of_one_product: bool = False
) -> Bottlenecks:
    """A year of journeys, each by one site through every transition; at `injected` places hours are longer by the share `delay`.

    `of_one_product`: only for one product each, of those of which the site has at least `LEAST_OF_PRODUCT` cases.
    """
    journeys, sites = JOURNEYS, SITES
    rng = np.random.default_rng([seed, 1])
    names = np.array([f"site_{number:02d}" for number in range(1, sites + 1)])
    sizes = LEAST + rng.multinomial(journeys - LEAST * sites, rng.dirichlet(np.full(sites, 3.0)))
    site = np.repeat(np.arange(sites), sizes)
    mix = rng.dirichlet(np.full(len(PRODUCTS), MIX), size=sites).cumsum(axis=1)
    product = np.minimum((rng.random(journeys)[:, None] > mix[site]).sum(axis=1), len(PRODUCTS) - 1)
    day = rng.integers(0, 365, journeys)
    kinds = list(MEDIAN_HOURS)
    slower = np.zeros((len(kinds), sites, len(PRODUCTS)))
    named: list[tuple[str, ...]]
    if of_one_product:
        large = np.bincount(site * len(PRODUCTS) + product, minlength=sites * len(PRODUCTS)) >= LEAST_OF_PRODUCT
        able = np.flatnonzero(np.tile(large, len(kinds)))
        slower.flat[rng.choice(able, injected, replace=False)] = math.log1p(delay)
        named = [(kinds[kind], str(names[at]), PRODUCTS[what]) for kind, at, what in np.argwhere(slower)]
    else:
        places = rng.choice(len(kinds) * sites, injected, replace=False)
        slower.reshape(-1, len(PRODUCTS))[places] = math.log1p(delay)
        named = [(kinds[place // sites], str(names[place % sites])) for place in places]
    site_effect = rng.normal(0, spread, (len(kinds), sites))
    product_effect = rng.normal(0, PRODUCT_SPREAD, (len(kinds), len(PRODUCTS)))
    rest = rng.normal(0, SIGMA, (len(kinds), journeys))
    median = np.log(list(MEDIAN_HOURS.values()))[:, None]
    hours = np.exp(median + site_effect[:, site] + slower[:, site, product] + product_effect[:, product] + rest)
    cases = pl.DataFrame(
        {
            "transition": np.repeat(kinds, journeys),
            "site": np.tile(names[site], len(kinds)),
            "product": np.tile(np.array(PRODUCTS)[product], len(kinds)),
            "hours": hours.ravel(),
            "day": np.tile(day, len(kinds)),
        }
    )
    return Bottlenecks(cases, frozenset(named))


class Losses(NamedTuple):
    """What became of a year's doses."""

    cases: pl.DataFrame
    """`transition`, `site`, `product`, `is_lost`."""
    recoverable: dict[str, float]
    """Site -> doses that it would lose fewer at its peers' rates, in expectation."""


def losses(seed: int, *, spread: float = 0.2) -> Losses:
    """A year of doses at one transition: products differ in how often they are lost, out of specification say, and so do sites.

    Two of the sites lose twice as many.
    """
    rng = np.random.default_rng([seed, 7])
    sizes = LEAST + rng.multinomial(JOURNEYS - LEAST * SITES, rng.dirichlet(np.full(SITES, 3.0)))
    site = np.repeat(np.arange(SITES), sizes)
    mix = rng.dirichlet(np.full(len(PRODUCTS), MIX), size=SITES).cumsum(axis=1)
    product = np.minimum((rng.random(JOURNEYS)[:, None] > mix[site]).sum(axis=1), len(PRODUCTS) - 1)
    factor = np.exp(rng.normal(0, spread, SITES))
    factor[rng.choice(SITES, 2, replace=False)] *= 2
    rate = np.minimum(0.9, np.array([0.04, 0.08, 0.12, 0.2])[None, :] * factor[:, None])
    lost = rng.random(JOURNEYS) < rate[site, product]
    count = np.zeros((SITES, len(PRODUCTS)))
    np.add.at(count, (site, product), 1)
    others = count.sum(axis=0) - count
    peers = ((count * rate).sum(axis=0) - count * rate) / np.maximum(others, 1)
    names = [f"site_{number + 1:02d}" for number in range(SITES)]
    cases = pl.DataFrame(
        {
            "transition": ["H14"] * JOURNEYS,
            "site": np.array(names)[site],
            "product": np.array(PRODUCTS)[product],
            "is_lost": lost,
        }
    )
    return Losses(cases, dict(zip(names, (count * (rate - peers)).sum(axis=1).tolist(), strict=True)))


def charts(seed: int, *, baseline: int, shift: float, points: int = 60, many: int = 100) -> NDArray[np.float64]:
    """Log hours of `many` sites' cases in order, shape (many, baseline + points); after the baseline `shift` standard deviations longer."""
    rng = np.random.default_rng([seed, 2])
    series = rng.normal(0, SITE_SPREAD, (many, 1)) + rng.normal(math.log(30), SIGMA, (many, baseline + points))
    series[:, baseline:] += shift * SIGMA
    return series


class Actions(NamedTuple):
    """Handoffs of one transition at forty sites over six quarters, and what was done."""

    cases: pl.DataFrame
    """`site`, `product`, `at` (day), `hours`."""
    begun: dict[str, float]
    """Site -> day on which an action began."""
    real: frozenset[str]
    """Sites whose action works from its first day on."""
    sham: frozenset[str]
    """Sites whose action does nothing."""


def actions(seed: int, *, staggered: bool = False, effect: float = -0.4, cases: int = 25) -> Actions:
    """Ten real actions, ten shams and twenty sites that never act, or, `staggered`, act in the last quarter, when the others have.

    Each of the first twenty begins after the worst of its site's first four quarters, so that what follows is better by itself. A site has
    `cases` a quarter. Sites differ by 10 %, quarters by 10 % for all, and a site's quarter by 5 % on its own.
    """
    rng = np.random.default_rng([seed, 3])
    real, acting, sites, quarters, long = 10, 20, 40, 6, 91.0
    site = np.array([f"site_{number:02d}" for number in rng.permutation(sites) + 1])
    shape = (sites, quarters, cases)
    mix = rng.dirichlet(np.full(len(PRODUCTS), MIX), size=sites).cumsum(axis=1)
    product = np.minimum((rng.random(shape)[..., None] > mix[:, None, None, :]).sum(axis=-1), len(PRODUCTS) - 1)
    product_effect = rng.normal(0, PRODUCT_SPREAD, len(PRODUCTS))
    level = rng.normal(0, SITE_SPREAD, (sites, 1)) + rng.normal(0, 0.10, (1, quarters)) + rng.normal(0, 0.05, (sites, quarters))
    hours = np.exp(math.log(30) + level[..., None] + product_effect[product] + rng.normal(0, SIGMA, shape))
    at = np.sort(rng.uniform(0, long, shape), axis=-1) + long * np.arange(quarters)[None, :, None]
    begins = np.log(hours).mean(axis=-1)[:, :4].argmax(axis=1) + 1
    begins[acting:] = quarters - 1 if staggered else quarters
    is_real = (np.arange(sites) < real) | (np.arange(sites) >= acting)
    works = is_real[:, None] & (np.arange(quarters) >= begins[:, None])
    hours = np.where(works[..., None], hours * (1 + effect), hours)
    table = pl.DataFrame(
        {
            "site": np.repeat(site, quarters * cases),
            "product": np.array(PRODUCTS)[product].ravel(),
            "at": at.ravel(),
            "hours": hours.ravel(),
        }
    )
    begun = {str(name): float(quarter * long) for name, quarter in zip(site, begins, strict=True) if quarter < quarters}
    return Actions(table, begun, frozenset(site[:real].tolist()), frozenset(site[real:acting].tolist()))


class Upstream(NamedTuple):
    """Hold before manufacture and viability after it."""

    cases: pl.DataFrame
    """`site`, `product`, `exposure` (hours of hold), `outcome` (viability, %)."""
    slope: float
    """Change of viability by an hour of hold, in the mean of all sites there could be."""
    slope_spread: float
    """Standard deviation of that change between sites."""
    noise: float
    """Standard deviation of viability given everything."""


def effects(seed: int, *, draw: int = 0, slope: float = -0.25, slope_spread: float = 0.05) -> Upstream:
    """Sites hold for different times; the longer a site holds, the worse its cells for other reasons too; products confound as well."""
    rng = np.random.default_rng([seed, 4, draw])
    sizes = LEAST + rng.multinomial(JOURNEYS - LEAST * SITES, rng.dirichlet(np.full(SITES, 3.0)))
    site = np.repeat(np.arange(SITES), sizes)
    mix = rng.dirichlet(np.full(len(PRODUCTS), MIX), size=SITES).cumsum(axis=1)
    product = np.minimum((rng.random(JOURNEYS)[:, None] > mix[site]).sum(axis=1), len(PRODUCTS) - 1)
    usual = rng.uniform(10, 30, SITES)
    lengthening = np.array([0.8, 0.9, 1.0, 1.3])
    hold = usual[site] * lengthening[product] * np.exp(rng.normal(0, SIGMA, JOURNEYS))
    own = rng.normal(slope, slope_spread, SITES)
    level = 96 - 0.2 * (usual - usual.mean()) + rng.normal(0, 2, SITES)
    noise = 5.0
    viability = level[site] + np.array([0.0, -1.0, 1.0, -3.0])[product] + own[site] * hold + rng.normal(0, noise, JOURNEYS)
    cases = pl.DataFrame(
        {
            "site": [f"site_{number + 1:02d}" for number in site],
            "product": np.array(PRODUCTS)[product],
            "exposure": hold,
            "outcome": viability,
        }
    )
    return Upstream(cases, slope, slope_spread, noise)


class Infusions(NamedTuple):
    """Hold before manufacture and the time from receipt until infusion."""

    cases: pl.DataFrame
    """`site`, `product`, `exposure` (hours of hold), `days` (whole), `event` (0 still waiting at the edge, 1 infused, 2 dropped out)."""
    slope: float
    """Logarithm of the factor of the hazard of infusion by an hour of hold, in the mean of all sites there could be."""
    slope_spread: float
    """Standard deviation of that logarithm between sites."""


def infusions(seed: int, *, draw: int = 0, slope: float = -0.03, slope_spread: float = 0.01) -> Infusions:
    """A year of journeys: waits of about a month, drop-outs whom a longer hold makes more likely, and an edge that some do not reach.

    Sites that hold longer are slower for other reasons too, and products differ in hold, pace and drop-out: both confound.
    """
    rng = np.random.default_rng([seed, 6, draw])
    sizes = LEAST + rng.multinomial(JOURNEYS - LEAST * SITES, rng.dirichlet(np.full(SITES, 3.0)))
    site = np.repeat(np.arange(SITES), sizes)
    mix = rng.dirichlet(np.full(len(PRODUCTS), MIX), size=SITES).cumsum(axis=1)
    product = np.minimum((rng.random(JOURNEYS)[:, None] > mix[site]).sum(axis=1), len(PRODUCTS) - 1)
    usual = rng.uniform(10, 30, SITES)
    hold = usual[site] * np.array([0.8, 0.9, 1.0, 1.3])[product] * np.exp(rng.normal(0, SIGMA, JOURNEYS))
    own = rng.normal(slope, slope_spread, SITES)
    pace = -0.03 * (usual - usual.mean()) + rng.normal(0, 0.2, SITES)
    infused = pace[site] + np.array([0.0, 0.3, -0.2, -0.6])[product] + own[site] * hold
    dropped = np.array([0.0, 0.2, 0.0, 0.4])[product] + 0.02 * hold
    # Weibull with shape 2 in each site's own stretch of time; drop-outs at a constant hazard
    until_infused = 25 * np.sqrt(rng.exponential(1, JOURNEYS) / np.exp(infused))
    until_dropped = 300 * rng.exponential(1, JOURNEYS) / np.exp(dropped)
    until_edge = rng.uniform(0, 365, JOURNEYS)
    ends = np.stack([until_edge, until_infused, until_dropped])
    cases = pl.DataFrame(
        {
            "site": [f"site_{number + 1:02d}" for number in site],
            "product": np.array(PRODUCTS)[product],
            "exposure": hold,
            "days": np.floor(ends.min(axis=0)),
            "event": ends.argmin(axis=0),
        }
    )
    return Infusions(cases, slope, slope_spread)


class Dwell(NamedTuple):
    """Handoffs of one transition, what each waited for, and where more was injected."""

    handoffs: pl.DataFrame
    """`handoff`, `site`, `ready_at_utc`, `done_at_utc`."""
    waits: pl.DataFrame
    """`handoff`, `cause`, `from_at_utc`, `until_at_utc`; stamps to the minute, some missing."""
    injected: dict[str, str]
    """Site -> the cause for which its handoffs wait longer."""
    binding: pl.DataFrame
    """`handoff`, `cause`, `minutes`: what each minute was waited for in truth; the hour of work is `unexplained`."""


def dwell(seed: int, *, longer_hours: float = 24.0, missing: float = 0.05) -> Dwell:
    """Half of the sites wait longer for one cause each, `longer_hours` in the mean.

    The batch and the papers are waited for from the start, the slot from the batch on, people from the slot on, the courier from the papers
    on. When all is there, the work takes an hour, and it begins only while the place is open: weekdays from 8 to 18.
    """
    rng = np.random.default_rng([seed, 5])
    site = rng.integers(0, SITES, JOURNEYS)
    mean_minutes = {"batch": 600, "capacity": 500, "people": 120, "papers": 700, "courier": 300}
    slow = dict(zip(rng.permutation(SITES)[: SITES // 2].tolist(), rng.permutation(list(mean_minutes) * 2).tolist(), strict=False))
    waited = {}
    for cause, mean in mean_minutes.items():
        more = np.isin(site, [number for number, what in slow.items() if what == cause])
        waited[cause] = np.rint(rng.gamma(2, mean / 2, JOURNEYS) + more * rng.gamma(2, longer_hours * 30, JOURNEYS)).astype(int)
    ready = np.datetime64("2026-01-05T00:00", "m") + rng.integers(0, 360 * 1440, JOURNEYS)
    begins = {"batch": ready, "papers": ready}
    begins["capacity"] = ready + waited["batch"]
    begins["people"] = begins["capacity"] + waited["capacity"]
    begins["courier"] = ready + waited["papers"]
    until = {cause: begins[cause] + waited[cause] for cause in mean_minutes}
    there = np.maximum(until["people"], until["courier"])
    opens = _opens(there)
    begins["clock"], until["clock"] = there, opens
    done = opens + 60
    is_people = until["people"] >= until["courier"]
    binding = {cause: waited[cause] * (is_people if cause in {"batch", "capacity", "people"} else ~is_people) for cause in waited}
    binding |= {"clock": (opens - there).astype(int), "unexplained": np.array(60)}
    names = np.array([f"handoff_{number:04d}" for number in range(JOURNEYS)])
    waits = pl.concat(
        pl.DataFrame(
            {"handoff": names, "cause": [cause] * JOURNEYS, "from_at_utc": _stamps(begins[cause]), "until_at_utc": _stamps(until[cause])}
        )
        for cause in begins
    )
    lost = pl.Series(rng.random(len(waits)) < missing)
    return Dwell(
        pl.DataFrame(
            {
                "handoff": names,
                "site": [f"site_{number + 1:02d}" for number in site],
                "ready_at_utc": _stamps(ready),
                "done_at_utc": _stamps(done),
            }
        ),
        waits.with_columns(until_at_utc=pl.when(~lost).then(pl.col("until_at_utc"))),
        {f"site_{number + 1:02d}": cause for number, cause in slow.items()},
        pl.concat(
            pl.DataFrame({"handoff": names, "cause": [cause] * JOURNEYS, "minutes": np.broadcast_to(minutes, JOURNEYS).astype(int)})
            for cause, minutes in binding.items()
        ),
    )


def _stamps(at: NDArray[np.datetime64]) -> pl.Series:
    return pl.Series(at.astype("datetime64[us]")).dt.replace_time_zone("UTC")


def _opens(at: NDArray[np.datetime64]) -> NDArray[np.datetime64]:
    """The same minute where the place is open, else the next at which it is: weekdays from 8 to 18, by UTC."""
    day = at.astype("datetime64[D]")
    minute = (at - day).astype(int)
    day = np.where(minute >= 18 * 60, day + 1, day)
    minute = np.where(minute >= 18 * 60, 0, minute)
    weekday = (day.astype(int) + 3) % 7
    next_day = np.where(weekday >= 5, day + (7 - weekday), day)
    minute = np.where(weekday >= 5, 0, minute)
    opens: NDArray[np.datetime64] = next_day.astype("datetime64[m]") + np.maximum(minute, 8 * 60)
    return opens
