"""Planted effects, nulls and the confounder, as data: the generator works with these constants and the truth file states them.

An analysis that reports a planted null as an effect, or misses that distance explains freezing, is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from cgt_etl.simulator.draws import probability, table


@dataclass(frozen=True)
class Effect:
    """One cause of one outcome; names are those of `Features`, of `measurements.csv`, or of the simulated records."""

    name: str
    kind: str
    """effect, null or confounder."""
    cause: str
    outcome: str
    size: float
    scale: str
    """What `size` multiplies or adds: log per unit, points, odds ratio, hazard ratio per unit."""
    source: str


MONOCYTES = Effect(
    "monocytes slow expansion", "effect", "cd14_pct", "fold_expansion", -0.04, "natural log of the fold per percentage point",
    "distributions.csv: product_cd14_pct, fold_expansion; direction Stroncek 2016, size reasoned",
)  # fmt: skip
BENDAMUSTINE = Effect(
    "bendamustine fails manufacture", "effect", "had_bendamustine", "batch_terminated", 6.0, "odds ratio",
    "UK, Blood Cancer J 2025",
)  # fmt: skip
LOW_RATIO = Effect(
    "low CD4:CD8 fails manufacture", "effect", "cd4_cd8_ratio < 1/3", "batch_terminated", 3.25, "odds ratio", "BJH 2023",
)  # fmt: skip
LONG_HOLD = Effect(
    "long hold lowers viability", "effect", "hold_h > 48", "dp_viability", -4.0, "percentage points", "Blood Adv 2021",
)  # fmt: skip
LATE_HOUR = Effect(
    "late infusion shortens progression-free survival", "effect", "infusion_hour", "relapsed", 1.11, "hazard ratio per hour", "Blood 2026",
)  # fmt: skip
SMOKING = Effect(
    "smoking donors mobilise less", "effect", "donor is_smoker", "pre_cd34", -0.2, "natural log",
    "n = 7216 donors, direction; size reasoned",
)  # fmt: skip
FEMALE_DONOR = Effect(
    "female donors mobilise less", "effect", "donor sex female", "pre_cd34", -0.1, "natural log",
    "n = 7216 donors, direction; size reasoned",
)  # fmt: skip
DONOR_AGE = Effect(
    "older donors mobilise less", "effect", "donor age", "pre_cd34", -0.006, "natural log per year from 35",
    "n = 7216 donors, direction; size reasoned",
)  # fmt: skip
PRIOR_LINES = Effect(
    "prior lines lower T cells", "effect", "prior_lines", "pre_cd3", -0.12, "natural log per line", "Allen 2017, direction; size reasoned",
)  # fmt: skip
BENDAMUSTINE_CD3 = Effect(
    "bendamustine lowers T cells", "effect", "had_bendamustine", "pre_cd3", -0.35, "natural log", "direction; size reasoned",
)  # fmt: skip
PLATELETS = Effect(
    "high platelets lower collection efficiency", "effect", "platelets before", "ce2", -0.03, "points per 10*9/L from 140",
    "J Clin Apher 2018, direction; size reasoned",
)  # fmt: skip
SEX_NULL = Effect("sex and expansion", "null", "patient sex", "fold_expansion", 0.0, "natural log", "planted")
DEVICE_NULL = Effect("device and viability", "null", "device", "dp_viability", 0.0, "percentage points", "planted")
FROZEN_NULL = Effect(
    "frozen starting material and viability, at equal transit and hold", "null", "starting_material", "dp_viability", 0.0,
    "percentage points", "planted",
)  # fmt: skip
DISTANCE = Effect(
    "distance: why material is frozen, and lower viability", "confounder", "transit_h", "dp_viability", -0.15,
    "percentage points per hour from the median; beyond FAR_HOURS material is frozen for distance", "reasoned",
)  # fmt: skip

PLANTED = (
    MONOCYTES, BENDAMUSTINE, LOW_RATIO, LONG_HOLD, LATE_HOUR, SMOKING, FEMALE_DONOR, DONOR_AGE, PRIOR_LINES, BENDAMUSTINE_CD3, PLATELETS,
    SEX_NULL, DEVICE_NULL, FROZEN_NULL, DISTANCE,
)  # fmt: skip
"""What the truth file `effects.json` states."""

LONG_HOLD_HOURS = 48.0
LOW_RATIO_LIMIT = 1 / 3
LOW_RATIO_SHARE = 0.15
"""Share of patients below it, by the distribution of the ratio."""
FAR_HOURS = 30.0
"""A transit this long makes a collector freeze for distance, sometimes."""
FROZEN_IF_FAR = 0.45
MEDIAN_TRANSIT_H = math.exp(3.1)
TYPICAL_CD14 = 18.6
"""Median of the monocytes, %."""
MEAN_LINES = 2.8
MEDIAN_PLATELETS = 140.0
SPONSOR_SHARE = 0.25
"""Share of autologous journeys whose product takes frozen material alone."""


def _odds(share: float) -> float:
    return share / (1 - share)


def _share(odds: float) -> float:
    return odds / (1 + odds)


def raised(share: float, odds_ratios: Iterable[float]) -> float:
    """A probability with its odds multiplied."""
    return _share(_odds(share) * math.prod(odds_ratios))


@cache
def base_failure(cohort: str) -> float:
    """Probability of failure in a patient without a risk, so that all together fail as often as the table says."""
    marginal = probability("mfg_fail_p", cohort)
    exposed = probability("bendamustine_lt6mo_p", "LBCL")

    def overall(base: float) -> float:
        total = 0.0
        for has, share in ((True, exposed), (False, 1 - exposed)):
            for low, part in ((True, LOW_RATIO_SHARE), (False, 1 - LOW_RATIO_SHARE)):
                total += share * part * raised(base, [BENDAMUSTINE.size] * has + [LOW_RATIO.size] * low)
        return total

    return _solve(overall, marginal, 1e-6, marginal)


@cache
def below(limit: float) -> float:
    """Share of drug products whose viability lies below a limit in %, by its distribution alone."""
    row = table()["dp_viability", "DP"]
    steps = 2000
    heights = [math.pow(step / steps, row.first - 1) * math.pow(1 - step / steps, row.second - 1) for step in range(steps + 1)]
    return sum(heights[: round(limit / 100 * steps)]) / sum(heights)


@cache
def schedule_share() -> float:
    """Share of the rest that is frozen for the schedule, so that all frozen material is the table's share."""
    transit = table()["transit_hours", "domestic"]
    far = 0.5 * math.erfc((math.log(FAR_HOURS) - transit.first) / transit.second / math.sqrt(2))
    wanted = (probability("starting_material_frozen_p", "by sponsor") - SPONSOR_SHARE) / (1 - SPONSOR_SHARE)
    return 1 - (1 - wanted) / (1 - far * FROZEN_IF_FAR)


@cache
def progression_hazard() -> float:
    """Per day at the median infusion hour; the table gives progression-free survival at a year for early and late infusions."""
    row = table()["pfs_12mo", "early/late infusion"]
    return -math.log((row.first + row.second) / 2) / 365


@cache
def death_hazard() -> float:
    """Per day after progression, so that survival at a year is the table's."""
    first = progression_hazard()

    def dead(second: float) -> float:
        return 1 - (second * math.exp(-first * 365) - first * math.exp(-second * 365)) / (second - first)

    return _solve(dead, 1 - table()["os_12mo", "LBCL DE"].first, first * 1.01, 1.0)


def _solve(rising: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rising(middle) < wanted else (low, middle)
    return (low + high) / 2
