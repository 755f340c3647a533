"""A file goes through the door in parts: whatever their number, the same rows, links, verdicts, counts and what is set aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from cgt_etl.door import admit as door
from cgt_etl.extract import ndjson, open_reader
from tests.door.build import KEYS, REGISTRY, binding
from tests.extract.build import column, table

MESSAGE = table(
    "message",
    column("number", "number", position=1, required=True),
    column("at", "at", cast="instant", key=True),
    column("mrn", "mrn", cast="identifier", identifier="mrn", privacy="direct", action="token", person="recipient"),
)
RESULT = table("result", column("code", "code", position=1), column("value", "value", cast="decimal"), explode="results")


def messages(path: Path) -> Path:
    """Thirty messages with two results each: repeated numbers and codes, times and values that are none."""
    lines = [
        {
            "number": str(n % 17),
            "at": "2025-01-01T00:00:00Z" if n % 5 else "soon",
            "mrn": f"M{n % 4}",
            "results": [{"code": str(n % 11), "value": n / 7}, {"code": f"x{n}", "value": "much"}],
        }
        for n in range(30)
    ]
    path.write_text("\n".join([*map(json.dumps, lines), "{"]) + "\n", encoding="utf-8")
    return path


def told(path: Path) -> tuple[Any, ...]:
    of = binding(MESSAGE, RESULT, file={"format": "ndjson"})
    parts: list[door.Part] = []
    reading = open_reader(of.feed.extension.file, path, of.feed.objects)
    last = door.admit(of, reading, KEYS, frozenset(), REGISTRY, source_delivery="northgate/feed/0", sequence="1", hand_on=parts.append)
    parts.append(last)
    tables = {name: pl.concat([part.tables[name] for part in parts]).rows() for name in last.tables}
    links = sorted(pl.concat([part.links for part in parts]).rows())
    aside = sorted(repr(one) for one in last.set_aside)
    return len(parts), (tables, links, aside, last.verdicts.rows(), last.counts)


def test_parts_are_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = messages(tmp_path / "f.ndjson")
    count, whole = told(path)
    monkeypatch.setattr(ndjson, "_STRETCH_BYTES", 500)
    monkeypatch.setattr(door, "LEAST_ROWS", 3)
    many, parts = told(path)
    assert (count, many > 5) == (1, True)
    assert parts == whole
    again = [row for row in whole[3] if row[4] == door.TWICE]
    assert {name for name, *_ in again} == {"message", "result"}
