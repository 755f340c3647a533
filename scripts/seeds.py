"""Plays many seeds of the network, scores each against its truth and prints the figures pooled over seeds.

Each seed and level has a folder with its score; what is there is not done again, so that a run can be stopped and taken up. A run that met
its targets leaves its score alone, one that did not also its deliveries and its home. The seeds of a level are played one at a time, in one
place, where dbt's parse of the project stays; two levels can be played at once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "cgt_etl"]
LEVELS = ("none", "typical", "harsh")
POOLED = {"house defects": 0.98}
"""Part of a score -> what is asked of its figures over all seeds together; of one seed, with a few cases each, nothing is."""
INJECTED = ("typical", "harsh")
"""Levels whose defects are counted together by the rule that must find them."""
PARTS, FOUND, ENOUGH, ENOUGH_SEEDS = ("defects", "house defects"), 0.98, 400, 20
"""Parts of a score that tell of defects; recall and precision asked of each rule; injections it is asked over, and seeds of each level
from which on there must be so many."""

HANDED = {"recall": 0.98, "precision": 0.95}
"""Asked of each fault of handoffs, over `ENOUGH` injections."""


@dataclass
class Pooled:
    """One figure over seeds: counts added up, and the seed in which its share was least."""

    target: float | None
    right: int = 0
    total: int = 0
    worst: float = 1.0
    worst_seed: int = 0
    missed: int = 0

    def add(self, seed: int, figure: dict[str, Any]) -> None:
        self.right += figure["right"]
        self.total += figure["total"]
        self.missed += figure["is_missed"]
        if figure["total"] and figure["share"] < self.worst:
            self.worst, self.worst_seed = figure["share"], seed


def play(folder: Path, key: Path, asked: dict[str, Any]) -> dict[str, Any] | None:
    """Simulate, run and score; None where nothing could be scored, whose log stays in the folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    home, out = folder.parent / f"home-{asked['defects']}", folder / "simulated"
    clear(home)
    environment = os.environ | {"CGT_HOME": str(home), "CGT_MASTER_KEY_FILE": str(key)}
    options = [part for name, value in asked.items() for part in (f"--{name}", str(value))]
    took: dict[str, float] = {}

    def run(what: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        begun = time.monotonic()
        done = subprocess.run([*COMMAND, what, *arguments], env=environment, check=False, capture_output=True, text=True)
        took[what] = round(time.monotonic() - begun, 1)
        (folder / f"{what}.log").write_text(done.stdout + done.stderr, encoding="utf-8")
        return done

    run("simulate", *options, "--out", str(out))
    run("run", "--plain", "--inbox", str(out / "inbox"))
    built = newest(home)
    if built is None:
        return None
    told = run("score", "--json", "--release", str(built), "--truth", str(out / "truth"))
    if not told.stdout.startswith("{"):
        return None
    score: dict[str, Any] = {"asked": asked, "is_held": built.is_file(), "took_s": took, **json.loads(told.stdout)}
    (folder / "score.json").write_text(json.dumps(score, indent=1) + "\n", encoding="utf-8")
    if score["targets_missed"]:
        shutil.copytree(home, folder / "home", symlinks=True)
    else:
        shutil.rmtree(out)
    return score


def clear(home: Path) -> None:
    """Leave nothing of a home but what dbt knows of the project."""
    for entry in home.iterdir() if home.exists() else ():
        if entry.name != "dbt":
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()


def newest(home: Path) -> Path | None:
    """The release, or the build that the gate held back, of the last night."""
    built = [home / "releases" / "current", *home.glob("builds/held-*.duckdb")]
    return max((one for one in built if one.exists()), key=lambda one: one.stat().st_mtime, default=None)


def done(folder: Path, asked: dict[str, Any]) -> dict[str, Any] | None:
    """The score that an earlier run left; None where there is none of what is asked."""
    path = folder / "score.json"
    score: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return score if score.get("asked") == asked else None


def pooled(scores: dict[int, dict[str, Any]]) -> Iterator[str]:
    """A table of one level."""
    figures: dict[tuple[str, str], Pooled] = {}
    for seed, score in sorted(scores.items()):
        for one in score["figures"]:
            figures.setdefault((one["part"], one["name"]), Pooled(one["target"])).add(seed, one)
    width = max(len(name) for _, name in figures)
    yield f"{'part':14}{'figure':{width}}  {'right':>8} {'of':>8}  {'share':>8}  {'worst':>8} of seed  target  missed in"
    for (part, name), one in figures.items():
        share = one.right / one.total if one.total else 1.0
        wanted = POOLED.get(part, one.target)
        missed = int(share < POOLED[part]) if part in POOLED else one.missed
        target = "-" if wanted is None else f"{wanted:.2f}"
        yield (
            f"{part:14}{name:{width}}  {one.right:>8} {one.total:>8}  {share:8.5f}  {one.worst:8.5f} {one.worst_seed or '-':>7}"
            f"  {target:>6}  {missed or '-'}"
        )


def injected(scores: Mapping[str, Mapping[int, dict[str, Any]]]) -> tuple[list[str], list[str]]:
    """A table by rule of all seeds of the levels with defects, and the rules that miss: too few injections, recall or precision."""
    pooled: dict[tuple[str, str], dict[str, Pooled]] = {}
    for level in INJECTED:
        for seed, score in sorted(scores.get(level, {}).items()):
            for one in score["figures"]:
                if one["part"] in PARTS:
                    rule, kind = one["name"].split(maxsplit=1)[0].rstrip(","), one["name"].rsplit(", ", 1)[1]
                    figures = pooled.setdefault((rule, one["part"]), {"recall": Pooled(FOUND), "precision": Pooled(FOUND)})
                    figures[kind].add(seed, one)
    is_enough = all(len(scores.get(level, {})) >= ENOUGH_SEEDS for level in INJECTED)
    lines, missed = [f"{'rule':6}{'part':14}  {'injected':>8}  {'recall':>8}  {'found':>8}  {'precision':>9}  target  what is missed"], []
    for (rule, part), figures in sorted(pooled.items()):
        shares = {kind: one.right / one.total if one.total else 1.0 for kind, one in figures.items()}
        wrong = [kind for kind, share in shares.items() if share < FOUND]
        wrong += ["injections"] if is_enough and figures["recall"].total < ENOUGH else []
        missed += [f"{rule}, {kind}" for kind in wrong]
        lines.append(
            f"{rule:6}{part:14}  {figures['recall'].total:>8}  {shares['recall']:8.5f}  {figures['precision'].total:>8}"
            f"  {shares['precision']:9.5f}  {FOUND:6.2f}  {', '.join(wrong) or '-'}"
        )
    return lines, missed


def handed(scores: Mapping[str, Mapping[int, dict[str, Any]]]) -> tuple[list[str], list[str]]:
    """A table by fault of handoffs of all seeds of all levels, and what misses. Networks have few (`handoffs evaluate` draws many)."""
    figures: dict[str, dict[str, Pooled]] = {}
    for found in scores.values():
        for seed, score in sorted(found.items()):
            for one in score["figures"]:
                fault, _, kind = one["name"].partition(", ")
                if one["part"] == "handoffs" and kind in ("found", "nothing else"):
                    figures.setdefault(fault, {}).setdefault(kind, Pooled(None)).add(seed, one)
    lines, missed = [f"{'fault':16}  {'injected':>8}  {'recall':>8}  {'shown':>8}  {'precision':>9}  targets      what is missed"], []
    for fault, of in sorted(figures.items()):
        shares = {kind: one.right / one.total if one.total else 1.0 for kind, one in of.items()}
        wrong = [word for kind, word in (("found", "recall"), ("nothing else", "precision")) if shares[kind] < HANDED[word]]
        is_enough, injected = of["found"].total >= ENOUGH, of["found"].total
        what = f"{', '.join(wrong) or '-'}{'' if is_enough else f' (fewer than {ENOUGH})'}"
        missed += [f"{fault}, {word}" for word in wrong if is_enough]
        lines.append(
            f"{fault:16}  {injected:>8}  {shares['found']:8.5f}  {of['nothing else'].total:>8}  {shares['nothing else']:9.5f}"
            f"  {HANDED['recall']:.2f}, {HANDED['precision']:.2f}  {what}"
        )
    return lines, missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dir", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=1, help="the first seed")
    parser.add_argument("--journeys", type=int, default=200)
    parser.add_argument("--nights", type=int, default=3)
    parser.add_argument("--levels", default=",".join(LEVELS), help="of none, typical and harsh, divided by commas")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no other run after so long")
    given = parser.parse_args()
    levels = given.levels.split(",")
    if not set(levels) <= set(LEVELS):
        parser.error(f"levels are {', '.join(LEVELS)}")
    folder, begun = given.dir.resolve(), time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "seeds.key"
    if not key.exists():
        subprocess.run([*COMMAND, "key", "new", str(key)], check=True, stdout=subprocess.DEVNULL)
    scores: dict[str, dict[int, dict[str, Any]]] = {level: {} for level in levels}
    unscored = 0
    for seed in range(given.first, given.first + given.seeds):
        for level in levels:
            place = folder / f"{level}-{seed:04d}"
            asked = {"journeys": given.journeys, "nights": given.nights, "seed": seed, "defects": level}
            score = done(place, asked)
            if score is None and time.monotonic() - begun > given.minutes * 60:
                continue
            score = score or play(place, key, asked)
            if score is None:
                unscored += 1
                print(f"seed {seed}, {level}: could not be scored, see the logs in {place.name}", flush=True)
                continue
            scores[level][seed] = score
            print(f"seed {seed}, {level}: targets missed {score['targets_missed']}, {sum(score['took_s'].values()):.0f} s", flush=True)
    for level, found in scores.items():
        if found:
            print(f"\n== {level}: {len(found)} seeds ({', '.join(map(str, sorted(found)))})")
            print("\n".join(pooled(found)))
    lines, missed = injected(scores)
    if len(lines) > 1:
        print(f"\n== defects of {' and '.join(INJECTED)} together, by rule")
        print("\n".join(lines))
    told, wrong = handed(scores)
    if len(told) > 1:
        print("\n== faults of handoffs, all levels together")
        print("\n".join(told))
    return int(
        bool(missed or wrong) or unscored > 0 or any(score["targets_missed"] for found in scores.values() for score in found.values())
    )


if __name__ == "__main__":
    sys.exit(main())
