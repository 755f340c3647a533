"""Every simulated file through reader and door: what was put in is found where the truth says, and nothing else is."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.admit import admit
from cgt_etl.door.tokens import Keys
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import open_reader
from cgt_etl.landing.delivery import sequence_of
from cgt_etl.settings import PACKAGE, Settings
from cgt_etl.simulator.engine import Level
from cgt_etl.simulator.sample import World, simulate

Found = tuple[str, int | None, str | None, str, str]
"""File, position, column (none for a row), rule, effect."""


def _rows(out: Path, name: str) -> list[dict[str, Any]]:
    path = out / "truth" / f"{name}.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def _said(out: Path) -> set[Found]:
    names = ("file", "position", "column", "rule", "effect")
    return {tuple(record[name] for name in names) for record in _rows(out, "defects") if record["at_door"]}  # type: ignore[misc]


def _found(out: Path) -> tuple[set[Found], dict[str, int], set[str]]:
    """What reader and door say, the units that they counted, and files that are the bytes of earlier ones: the same delivery."""
    registry = Registry.load(Settings(home=Path("/nowhere"), partner_paths=(PACKAGE / "partners", out / "partners")))
    found: set[Found] = set()
    units = {}
    seen: set[tuple[str, str, str]] = set()
    again: set[str] = set()
    for path in sorted(path for path in out.glob("inbox/*/*/*/*") if path.name != "envelope.json"):
        file = path.relative_to(out / "inbox").as_posix()
        partner, feed = path.parts[-3:-1]
        content = (partner, feed, hashlib.sha256(path.read_bytes()).hexdigest())
        if content in seen:
            again.add(file)
            continue
        seen.add(content)
        binding = registry.binding(partner, feed)
        extension = binding.feed.extension
        reading = open_reader(extension.file, path, binding.feed.objects, ignored_elements=extension.ignored_elements)
        sequence = sequence_of(binding.sequence, path.name, "1")
        try:
            admission = admit(binding, reading, Keys(bytes(32)), frozenset(), registry, source_delivery="simulated", sequence=sequence)
        except RefusedFile as refused:
            found.add((file, None, None, refused.rule or "", "refuse"))
            continue
        units[file] = admission.counts["units"]["in"]
        for verdict in admission.verdicts.iter_rows(named=True):
            column = None if verdict["effect"] == "row" else verdict["column"]
            found.add((file, verdict["source_row"], column, verdict["rule"], verdict["effect"]))
    return found, units, again


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seed", "defects", "world"),
    [(7, "none", "network"), (8, "typical", "network"), (9, "harsh", "network"), (7, "typical", "wide")],
)
def test_the_door_finds_what_was_put_in_and_nothing_else(tmp_path: Path, seed: int, defects: Level, world: World) -> None:
    (tmp_path / "partners").mkdir()
    simulate(tmp_path, seed=seed, defects=defects, world=world)
    found, units, repeated = _found(tmp_path)
    assert found == {one for one in _said(tmp_path) if one[0] not in repeated}
    said = {row["file"]: row["units"] for row in _rows(tmp_path, "files") if not row["refused"]}
    assert units == {file: said[file] for file in units}
    again = {row["sha256"] for row in _rows(tmp_path, "files") if row["file"] in units}
    assert {row["sha256"] for row in _rows(tmp_path, "files") if not row["refused"]} == again
