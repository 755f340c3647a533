"""Many seeds: figures are pooled over them, the worst seed is named, and what was scored is not played again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from scripts.seeds import done, injected, newest, pooled


def _score(right: int, total: int) -> dict[str, Any]:
    share = right / total
    return {
        "figures": [
            {"part": "links", "name": "recall", "right": right, "total": total, "share": share, "target": 1.0, "is_missed": share < 1}
        ]
    }


def test_figures_are_added_up_and_the_worst_seed_is_named() -> None:
    [_, line] = pooled({3: _score(10, 10), 4: _score(7, 10), 5: _score(9, 10)})
    assert line.split() == ["links", "recall", "26", "30", "0.86667", "0.70000", "4", "1.00", "2"]


def test_what_the_house_finds_has_its_target_over_all_seeds_together() -> None:
    def house(right: int, total: int) -> dict[str, Any]:
        figure = {**_score(right, total)["figures"][0], "part": "house defects", "target": None, "is_missed": False}
        return {"figures": [figure]}

    [_, enough] = pooled({1: house(0, 1), 2: house(99, 99)})
    assert enough.split()[-2:] == ["0.98", "-"]
    [_, short] = pooled({1: house(1, 1), 2: house(96, 99)})
    assert short.split()[-2:] == ["0.98", "1"]


def test_defects_of_both_levels_are_counted_together_by_rule_and_few_injections_are_told_from_twenty_seeds_on() -> None:
    def found(right: int, total: int, precise: int) -> dict[str, Any]:
        names = (("R32 one, recall", right, total), ("R32 other, recall", 0, 0), ("R32, precision", precise, 10))
        figures = [
            {"part": "house defects", "name": name, "right": hit, "total": of, "share": hit / of if of else 1.0, "is_missed": False}
            for name, hit, of in names
        ]
        return {"figures": figures}

    few = {"typical": {1: found(10, 10, 10)}, "harsh": {1: found(9, 10, 10)}, "none": {1: found(0, 9, 0)}}
    [_, line], missed = injected(few)
    assert line.split()[:6] == ["R32", "house", "defects", "20", "0.95000", "20"]
    assert missed == ["R32, recall"]
    levels = ("typical", "harsh")
    assert injected({level: {seed: found(9, 9, 10) for seed in range(20)} for level in levels})[1] == ["R32, injections"]
    assert injected({level: {seed: found(10, 10, 9) for seed in range(20)} for level in levels})[1] == ["R32, precision"]


def test_a_score_counts_for_what_was_asked_alone(tmp_path: Path) -> None:
    asked = {"journeys": 200, "nights": 2, "seed": 1, "defects": "none"}
    assert done(tmp_path, asked) is None
    (tmp_path / "score.json").write_text(json.dumps({"asked": asked, **_score(1, 1)}), encoding="utf-8")
    assert done(tmp_path, asked) is not None
    assert done(tmp_path, {**asked, "journeys": 30}) is None


def test_what_is_scored_is_of_the_last_night_whether_it_was_held_or_not(tmp_path: Path) -> None:
    assert newest(tmp_path) is None
    held, release = tmp_path / "builds" / "held-0.duckdb", tmp_path / "releases" / "current"
    held.parent.mkdir()
    held.touch()
    release.mkdir(parents=True)
    for path, at in ((held, 1), (release, 2)):
        os.utime(path, (at, at))
    assert newest(tmp_path) == release
    os.utime(held, (3, 3))
    assert newest(tmp_path) == held
