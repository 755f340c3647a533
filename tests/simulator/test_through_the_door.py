"""Every simulated file through reader and door: what was put in is found where the truth says, and nothing else is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cgt_etl.contracts.registry import Registry
from cgt_etl.door.admit import admit
from cgt_etl.door.tokens import Keys
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import open_reader
from cgt_etl.settings import Settings
from cgt_etl.simulator import simulate

pytestmark = pytest.mark.slow

Found = tuple[int, str, str, int | None, str | None, str, str]
"""Night, partner, file, position, column (none for a row), rule, effect."""
NOT_AT_THE_DOOR = {"D11", "D12"}
"""Findings of the house: both need the sense of the whole row."""


def _said(out: Path) -> set[Found]:
    records = map(json.loads, (out / "truth/defects.jsonl").read_text(encoding="utf-8").splitlines())
    names = ("night", "partner", "file", "position", "column", "rule", "effect")
    return {tuple(record[name] for name in names) for record in records if record["rule"] not in NOT_AT_THE_DOOR}


def _found(out: Path) -> set[Found]:
    registry = Registry.load(Settings(home=Path("/nowhere")))
    found: set[Found] = set()
    for path in sorted(path for path in out.glob("inbox/*/*/*/*") if path.name != "envelope.json"):
        night, partner, feed, name = path.parts[-4:]
        binding = registry.binding(partner, feed)
        extension = binding.feed.extension
        reading = open_reader(extension.file, path, binding.feed.objects, ignored_elements=extension.ignored_elements)
        try:
            admission = admit(binding, reading, Keys(bytes(32)), frozenset(), registry, source_delivery="simulated", sequence="1")
        except RefusedFile:
            found.add((int(night), partner, name, None, None, "D01", "refuse"))
            continue
        for verdict in admission.verdicts.iter_rows(named=True):
            column = None if verdict["effect"] == "row" else verdict["column"]
            found.add((int(night), partner, name, verdict["source_row"], column, verdict["rule"], verdict["effect"]))
    return found


@pytest.mark.parametrize(("seed", "defects"), [(7, True), (7, False)])
def test_the_door_finds_what_was_put_in_and_nothing_else(tmp_path: Path, seed: int, defects: bool) -> None:
    simulate(tmp_path, seed=seed, defects=defects)
    assert _found(tmp_path) == _said(tmp_path)
