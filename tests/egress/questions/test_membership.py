"""Nobody can tell from an answer who was in it; without the noise, or the rule of one row a subject, everybody can."""

from __future__ import annotations

import polars as pl
import pytest

from cgt_etl.egress.questions import gate, noise
from cgt_etl.egress.questions.answer import answer, exact, protected
from tests.egress.questions import membership
from tests.egress.questions.worlds import CONTRAST, INCIDENCE, KEY, MODEL_OF_THREE, SPLITS, played

MOST = 0.55


def test_a_member_is_not_told_from_a_stranger_by_the_figures() -> None:
    assert membership.shadows(membership.natural(CONTRAST), 400, 1_200).upper <= MOST


def test_nor_by_the_noisy_statistics_themselves() -> None:
    """Of counts, which anybody moves by as much as the noise is made for."""
    assert membership.worst(membership.natural(INCIDENCE), 5_000).upper <= MOST


def test_without_noise_the_attack_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = membership.natural(MODEL_OF_THREE)
    monkeypatch.setattr(noise, "noisy", lambda stream, values, variances: list(values))
    assert membership.shadows(pair, 60, 60).lower > MOST


def test_a_person_of_many_rows_would_be_told() -> None:
    """What `statistics.used` refuses: a bound on nobody's part is no bound."""
    assert membership.worst(membership.contrived(CONTRAST, copies=20), 200).lower > MOST


def test_two_answers_differ_by_more_than_who_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same key serves every quarter: were the noise the same too, the difference of two answers would be exact."""
    pair = membership.natural(CONTRAST)

    def difference() -> list[float]:
        told = [protected(noise.Stream(KEY, [block.values for block in one.blocks]), one.blocks) for one in pair]
        return [b - a for one, other in zip(*told, strict=True) for a, b in zip(one.values, other.values, strict=True)]

    truth = [
        (b - a) / 1024
        for one, other in zip(pair.out.blocks, pair.within.blocks, strict=True)
        for a, b in zip(one.values, other.values, strict=True)
    ]
    assert difference() != pytest.approx(truth)
    whole = noise.Stream.__init__
    monkeypatch.setattr(noise.Stream, "__init__", lambda self, key, said: whole(self, key, "always the same"))
    assert difference() == pytest.approx(truth)


def test_a_group_of_too_few_contributors_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two contributors alone have frozen starts, and a few of a third: with each other's help they would know the third's."""
    frozen, plain = SPLITS[0].categories[1], SPLITS[0].categories[0]
    made = pl.when(pl.col("contributor").is_in(["maker_00", "maker_01"])).then(pl.lit(frozen)).otherwise(pl.lit(plain))
    of = exact(played(1).with_columns(made.alias(SPLITS[0].dimension)), CONTRAST)
    assert answer(of, "2026Q1", KEY).is_withheld
    monkeypatch.setattr(gate, "opens", lambda stream, slack: True)
    assert not answer(of, "2026Q1", KEY).is_withheld


def test_the_same_question_of_the_same_rows_has_the_same_answer() -> None:
    rows = played(2)
    first = answer(exact(rows, CONTRAST), "2026Q1", KEY)
    assert first == answer(exact(rows.sample(fraction=1, shuffle=True, seed=3), CONTRAST), "2026Q1", KEY)
    assert first != answer(exact(rows, CONTRAST), "2026Q1", bytes(32))
