"""What the simulator writes in a format, the reader of that format gives back cell for cell; workbooks are tested in `test_coa`."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import CsvFormat, NdjsonFormat
from cgt_etl.extract import open_reader
from cgt_etl.simulator.calendar import Calendar
from cgt_etl.simulator.delivery import Inbox
from cgt_etl.simulator.facts import Csv, Ndjson
from tests.extract.build import column, table

ANY = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
TEXTS = st.text(ANY, max_size=12) | st.sampled_from(
    ["", '"', '""', "a,b", "a;b", "a\nb", "a\r\nb", " x ", "Müller", "O'Neil", "-193.2", "\u2028", "=1+1"]
)
LATIN = st.text(st.characters(codec="latin-1", exclude_characters="\0"), max_size=12) | st.sampled_from(["Präparat", "µ", "-80,5", ""])
NUMBERS = st.integers(-(10**12), 10**12) | st.decimals(-400, 400, places=2).map(float)
COLUMNS = ("ONE", "TWO", "THREE")


def _rows(cells: st.SearchStrategy[str]) -> st.SearchStrategy[list[tuple[str, ...]]]:
    return st.lists(st.tuples(cells, cells, cells).filter(lambda row: row != COLUMNS), max_size=6)


@settings(max_examples=80, deadline=None)
@given(
    dialect=st.sampled_from([",", ";", "\t", "|"]),
    written=st.tuples(st.sampled_from(["utf-8", "utf-16"]), _rows(TEXTS)) | st.tuples(st.just("latin-1"), _rows(LATIN)),
)
def test_delimited_text(dialect: str, written: tuple[str, list[tuple[str, ...]]]) -> None:
    encoding, rows = written
    if encoding == "latin-1" and any(_is_also_utf8(cell) for row in rows for cell in row):
        return  # bytes that are UTF-8 too are refused as such: two readings, and none is guessed
    layout = Csv("feed_{stamp}.csv", COLUMNS, delimiter=dialect, encoding=encoding)
    with tempfile.TemporaryDirectory() as folder:
        inbox = Inbox(Path(folder), Calendar(2))
        file = inbox.file(1, "partner", "feed", layout, day=date(2026, 1, 1))
        positions = [inbox.append(file, dict(zip(COLUMNS, row, strict=True))) for row in rows]
        inbox.close()
        spec = table("feed", *(column(name.lower(), name) for name in COLUMNS))
        stated = CsvFormat.model_validate({"format": "csv", "delimiter": dialect, "encoding": encoding})
        reading = open_reader(stated, Path(folder) / file.id, (spec,))
        batches = list(reading)
    found = [row for batch in batches for row in zip(*(batch.columns[name.lower()] for name in COLUMNS), strict=True)]
    assert found == rows
    assert [position for batch in batches for position in batch.positions] == positions
    assert reading.set_aside == []


def _is_also_utf8(cell: str) -> bool:
    raw = cell.encode("latin-1")
    try:
        return not raw.isascii() and bool(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return False


MAYBE = TEXTS | NUMBERS | st.booleans() | st.none()


@settings(max_examples=80, deadline=None)
@given(rows=st.lists(st.fixed_dictionaries({"id": TEXTS}, optional={"value": MAYBE, "unit": MAYBE}), min_size=1, max_size=6))
def test_json_lines(rows: list[dict[str, object]]) -> None:
    layout = Ndjson("Feed.ndjson")
    with tempfile.TemporaryDirectory() as folder:
        inbox = Inbox(Path(folder), Calendar(2))
        file = inbox.file(1, "partner", "feed", layout, day=date(2026, 1, 1))
        for row in rows:
            inbox.append(file, {"resourceType": "Feed", "id": row["id"], "quantity": {k: v for k, v in row.items() if k != "id"}})
        inbox.close()
        spec = table("feed", column("id"), column("value", "quantity.value"), column("unit", "quantity.unit"))
        reading = open_reader(NdjsonFormat(format="ndjson", resource_type="Feed"), Path(folder) / file.id, (spec,))
        batches = list(reading)
    found = [row for batch in batches for row in zip(*(batch.columns[name] for name in ("id", "value", "unit")), strict=True)]
    assert found == [tuple(_text(row.get(name)) for name in ("id", "value", "unit")) for row in rows]
    assert reading.set_aside == []


def _text(value: object) -> str | None:
    """As it stands in JSON: numbers by their digits, absent and null alike no cell at all."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)
