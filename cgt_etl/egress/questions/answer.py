"""Answers a question from rows: counts, asks the gate, draws the noise, reads the figures. The one way from rows to an answer.

Writes nothing and keeps no account; `ledger` does.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import polars as pl

from cgt_etl.egress.questions import estimate, gate, noise, statistics
from cgt_etl.egress.questions.catalogue import Question
from cgt_etl.egress.questions.estimate import Figure, Protected

STATISTICS_RHO = Fraction(6, 1000)
RHO = gate.RHO + STATISTICS_RHO
"""What a question costs, answered or withheld."""


class Answer(NamedTuple):
    """What everybody is told. Of a withheld answer `subjects` is None and there are no figures."""

    is_withheld: bool
    subjects: int | None
    figures: tuple[Figure, ...]


class Exact(NamedTuple):
    """What a question counts, without protection. Never leaves the hub."""

    question: Question
    blocks: tuple[statistics.Block, ...]
    slack: int
    """See `gate.slack`."""


def exact(rows: pl.DataFrame, question: Question) -> Exact:
    """What a question counts over these rows.

    Args:
        rows: one row per subject, of those alone whose rows may serve: `subject`, `contributor`, `also_known_to` (legal entities) and the
            dimensions of the question.
        question: of the catalogue.

    Raises:
        CgtError: a subject has two rows.
    """
    of = statistics.used(rows, question)
    return Exact(question, statistics.blocks(of, question), gate.slack(of, question))


def answer(of: Exact, about: str, key: bytes) -> Answer:
    """The answer under noise.

    Args:
        of: what was counted.
        about: which rows these are meant to be, such as a quarter: part of what the noise is drawn by.
        key: of the hub alone.
    """
    stream = noise.Stream(key, [about, str(of.question), [block.values for block in of.blocks], of.slack])
    if not gate.opens(stream, of.slack):
        return Answer(is_withheld=True, subjects=None, figures=())
    told = protected(stream, of.blocks)
    return Answer(is_withheld=False, subjects=estimate.subjects(told), figures=tuple(estimate.figures(of.question, told)))


def protected(stream: noise.Stream, blocks: tuple[statistics.Block, ...]) -> list[Protected]:
    """The blocks with their noise, in subjects."""
    made = []
    for block in blocks:
        variance = block.variance(STATISTICS_RHO)
        drawn = noise.noisy(stream, block.values, [variance] * len(block.values))
        made.append(Protected([value / statistics.GRID for value in drawn], float(variance) ** 0.5 / statistics.GRID))
    return made
