"""The noise: its distribution against the formula, its cost against OpenDP, and that the key and the numbers decide it."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

import numpy as np
import opendp.prelude as dp
import pytest
from scipy.stats import chisquare

from cgt_etl.egress.questions.noise import Stream, epsilon, variance
from tests.egress.questions.worlds import KEY


@pytest.mark.parametrize("spread", [Fraction(1, 3), Fraction(7, 2), Fraction(40)])
def test_it_falls_as_the_discrete_gaussian_does(spread: Fraction) -> None:
    stream, many = Stream(KEY, "draws"), 8_000
    found = Counter(stream.gaussian(spread) for _ in range(many))
    reach = math.ceil(2.5 * float(spread) ** 0.5)
    weight = {k: math.exp(-k * k / (2 * float(spread))) for k in range(-12 * reach, 12 * reach + 1)}
    total = sum(weight.values())
    inside = {k: many * weight[k] / total for k in range(-reach, reach + 1)}
    seen = [found[k] for k in inside]
    expected = [*inside.values(), many - sum(inside.values())]
    assert chisquare([*seen, many - sum(seen)], expected).pvalue > 1e-3


def test_it_costs_what_opendp_says() -> None:
    dp.enable_features("contrib")
    for bound, rho in ((1, Fraction(2, 1000)), (3, Fraction(1, 100))):
        scale = float(variance(Fraction(bound), rho)) ** 0.5
        theirs = dp.m.make_gaussian(dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T=float), scale=scale)
        assert theirs.map(bound**0.5) == pytest.approx(float(rho), rel=1e-6)


def test_epsilon_bounds_what_the_gaussian_lets_out() -> None:
    """Against the exact trade-off of a Gaussian of that cost: delta(epsilon) = Φ(μ/2 - ε/μ) - e^ε Φ(-μ/2 - ε/μ), Balle and Wang 2018."""
    for rho in (0.01, 0.1, 1.0):
        mu, at = math.sqrt(2 * rho), epsilon(rho, 1e-6)
        below = [0.5 * math.erfc(-(sign * mu / 2 - at / mu) / math.sqrt(2)) for sign in (1, -1)]
        assert 0 < below[0] - math.exp(at) * below[1] < 1e-6


def test_it_is_the_same_for_the_same_numbers_alone() -> None:
    def drawn(key: bytes, said: object) -> list[int]:
        stream = Stream(key, said)
        return [stream.gaussian(Fraction(10_000)) for _ in range(200)]

    first = drawn(KEY, [1, 2])
    assert first == drawn(KEY, [1, 2])
    for other in (drawn(KEY, [1, 3]), drawn(bytes(32), [1, 2])):
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.3
