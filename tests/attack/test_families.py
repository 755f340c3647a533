"""One seed of every attack finds nothing, and each is played on something; `make attack` plays ten."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.attack import table, worlds
from tests.attack.families import curves, metadata, policies, tools, tracker
from tests.egress.world import ASKED


@pytest.mark.slow
def test_no_attack_finds_anything() -> None:
    assert {name: many for name, many in table.play([0], cuts=2).items() if sum(many.values())} == {}


@pytest.mark.slow
def test_metadata_tell_nothing() -> None:
    """What else `make attack` plays once is played, in part, beside the tests of what is attacked."""
    assert not any(sum(many.values()) for many in table.once(table.ONCE[:1]).values())


@pytest.mark.slow
def test_the_worlds_are_worth_an_attack(tmp_path: Path) -> None:
    played = worlds.small_changes(0)
    assert sum(trace.value is not None for cut in played.cuts for trace in cut.cells.values()) > 60
    assert sum(1 for _ in tracker.pairs(played)) == tracker.PAIRS
    one, other = worlds.twins(0, tmp_path)
    assert (one / "hub" / "2026Q2.json").read_bytes() != (other / "hub" / "2026Q2.json").read_bytes()


def test_the_band_of_a_quartile_is_where_it_may_be() -> None:
    assert curves.bands([(10, 10), (10, 10), (40, 40)], 0.5) == {2}
    assert curves.bands([(20, 30), (20, 30), (0, 5)], 0.5) == {0, 1}


def test_an_attacker_of_metadata_sees_one_more_digit(tmp_path: Path) -> None:
    for name, count in (("one", 9), ("other", 10)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "2026Q1.json").write_text(f'{{"previous": "p", "behind": "b", "members": "m", "left": {count}}}')
    assert {found.says for found in metadata.ledgers(tmp_path / "one", tmp_path / "other")} == {
        "names, sizes or modes of files differ",
        "2026Q1.json differs besides its marks",
    }


@pytest.mark.slow
def test_a_share_that_shows_a_rare_code_differs_from_its_twin(tmp_path: Path) -> None:
    one, other = worlds.twin_shares(tmp_path, replace(ASKED, minimum=1))
    assert {found.says for found in metadata.shares(one, other)} >= {"tables/journey/part-0000.parquet differs"}


def test_words_in_a_footer_are_seen(tmp_path: Path) -> None:
    pl.DataFrame({"code": ["a"]}).write_parquet(tmp_path / "part.parquet", metadata={"rows_before": "12"})
    assert [found.says for found in metadata.statistics(tmp_path)] == [f"{tmp_path.name} has words of its own in its footer"]


def test_a_refusal_that_says_the_count_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "audit", lambda cuts: [sum(sum(trace.counts.values()) for trace in cuts[-1].cells.values())])
    assert [found.says for found in metadata.refusals()] == ["the text of a refusal differs with the count"]


def _home(folder: Path, said: str) -> Path:
    """A home with one row, and what each tool left."""
    accepted = folder / "landing" / "a" / "b" / "c" / "d" / "accepted"
    accepted.mkdir(parents=True)
    pl.DataFrame({"lot": ["LOT-48151623"]}).write_parquet(accepted / "b.parquet")
    for place in tools.PLACES:
        (folder / place).mkdir()
        (folder / place / "left.html").write_text(said if place == "dbt" else "nothing")
    return folder


def test_a_word_of_a_row_in_an_artefact_is_seen(tmp_path: Path) -> None:
    assert [found.says for found in tools.attack(_home(tmp_path, "failed for LOT-48151623"))] == ["dbt/left.html: 1 words of rows"]


def test_a_tool_that_left_nothing_is_no_success(tmp_path: Path) -> None:
    home = _home(tmp_path, "fine")
    assert list(tools.attack(home)) == []
    (home / "quality" / "left.html").unlink()
    assert len(list(tools.attack(home))) == 1


def test_a_decision_that_gives_more_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies.world, "oracle", lambda of, asked: asked.form == "aggregate")
    assert list(policies.attack(0))
