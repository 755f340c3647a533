"""Membership inference on released models and answers: whether somebody is among the rows, and what the gate and the noise are for.

How the attacker scores is `tests/egress/questions/membership`; here stands what is attacked, how often, and what counts as success.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import polars as pl

from cgt_etl.egress.questions import noise
from cgt_etl.egress.questions.answer import answer, exact, protected
from tests.attack.history import Figure, Found
from tests.egress.questions import membership
from tests.egress.questions.membership import Curve, Pair
from tests.egress.questions.worlds import CONTRAST, INCIDENCE, KEY, MODEL, MODEL_OF_THREE, SPLITS, played

QUESTIONS = {"contrast": CONTRAST, "model of two": MODEL, "model of three": MODEL_OF_THREE, "incidence": INCIDENCE}
MOST = 0.55
"""Area under the attacker's curve that the upper 95 % bound may reach."""
GRID = 1024


class Sizes(NamedTuple):
    """Answers with the person, and as many without: those that the attacker on figures makes under keys of its own, and those that are
    attacked, of figures and of noisy statistics."""

    learned: int = 400
    figures: int = 400
    statistics: int = 800


EACH_SEED = Sizes()


@cache
def _natural(name: str) -> Pair:
    return membership.natural(QUESTIONS[name])


@cache
def targets() -> dict[str, Pair]:
    """By question: a world and the person who would move its answer most; and one contrived for a person to move as far as anybody can."""
    return {f"{name}, figures": _natural(name) for name in QUESTIONS} | {
        f"{name}, noisy statistics": membership.contrived(question) for name, question in QUESTIONS.items()
    }


@cache
def attackers(learned: int) -> dict[str, np.ndarray]:
    """What the attacker on figures made of so many answers, once for all that are attacked."""
    return {name: membership.learned(pair, learned) for name, pair in targets().items() if name.endswith("figures")}


def curves(key: str, sizes: Sizes = EACH_SEED) -> dict[str, Curve]:
    """Each attack on answers under keys of a hub; `key` begins the name of each."""
    return {
        name: membership.attacked(pair, attackers(sizes.learned)[name], sizes.figures, key)
        if name.endswith("figures")
        else membership.worst(pair, sizes.statistics, key)
        for name, pair in targets().items()
    }


def pooled(found: Sequence[dict[str, Curve]]) -> dict[str, Curve]:
    """Each attack over all seeds."""
    return {name: membership.pooled([one[name] for one in found]) for name in found[0]}


def attack(found: dict[str, Curve]) -> Iterator[Found]:
    """Attacks of which it is not shown that they tell members from strangers no better than they may."""
    yield from (_members(name, curve) for name, curve in found.items() if curve.upper > MOST)


def told(curve: Curve) -> Iterator[Found]:
    """Where an attack surely tells members from strangers: what is asked once a defence is gone."""
    if curve.lower > MOST:
        yield _members("an answer", curve)


def few_contributors() -> Iterator[Found]:
    """Two contributors alone have frozen starts, and a few of a third: with each other's help they would know the third's."""
    frozen, plain = SPLITS[0].categories[1], SPLITS[0].categories[0]
    made = pl.when(pl.col("contributor").is_in(["maker_00", "maker_01"])).then(pl.lit(frozen)).otherwise(pl.lit(plain))
    of = exact(played(1).with_columns(made.alias(SPLITS[0].dimension)), CONTRAST)
    if not answer(of, "2026Q1", KEY).is_withheld:
        yield Found(Figure.RESTS, "a group of two contributors is told of")


def two_answers() -> Iterator[Found]:
    """The same key serves every quarter: were the noise the same too, the difference of two answers would be who joined."""
    pair = _natural("contrast")
    before, after = (protected(noise.Stream(KEY, [block.values for block in one.blocks]), one.blocks) for one in pair)
    said = [b - a for one, other in zip(before, after, strict=True) for a, b in zip(one.values, other.values, strict=True)]
    truth = [
        (b - a) / GRID
        for one, other in zip(pair.out.blocks, pair.within.blocks, strict=True)
        for a, b in zip(one.values, other.values, strict=True)
    ]
    if np.allclose(said, truth):
        yield Found(Figure.DETERMINED, "the difference of two answers is exact")


def _members(name: str, curve: Curve) -> Found:
    return Found(Figure.MEMBERS, f"{name}: area {curve.area:.4f}, {curve.lower:.4f} to {curve.upper:.4f}")


def questioned(name: str, learned: int, tried: int) -> Iterator[Found]:
    """The attacker on figures, of one question and few answers."""
    yield from told(membership.shadows(_natural(name), learned, tried))
