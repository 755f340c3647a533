"""A labelled head above a delimited table: every row gets what it says; a head that is not the declared one is refused whole."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import CsvFormat
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import Batch, Reading, limits, open_reader, records
from tests.door.build import binding, through, verdicts
from tests.extract.build import column, table

SPEC = table(
    "reading",
    column("time", "Time"),
    column("serial", "Serial Number"),
    column("value", "Ch1(C)"),
    column("start", "Start"),
    column("zone", "Start[1]"),
)
FILE: dict[str, Any] = {"format": "csv", "head": {"columns": ["serial", "start", "zone"]}}
HEAD = "Serial Number,LT1\nStart,2025-11-04 19:00:00,UTC\n"
TABLE = "Time,Ch1(C)\n19:00,-192.1\n19:30,-190.4\n"
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\n"), max_size=8) | st.sampled_from(
    ["", '"', ",", "a\nb", " x ", "Time", "Start", "Serial Number", "-999"]
)


def read(path: Path, content: str, ignored: dict[str, str] | None = None, **changes: Any) -> tuple[Reading, list[Batch]]:
    path.write_bytes(content.encode())
    reading = open_reader(CsvFormat.model_validate({**FILE, **changes}), path, (SPEC,), ignored_elements=ignored)
    return reading, list(reading)


def refusal(path: Path, content: str) -> RefusedFile:
    with pytest.raises(RefusedFile) as refused:
        read(path, content)
    assert "CANARY" not in str(refused.value)
    return refused.value


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.tuples(TEXTS, TEXTS, TEXTS), rows=st.lists(st.tuples(TEXTS, TEXTS), max_size=5), blank=st.booleans(), swapped=st.booleans())
def test_every_row_gets_what_the_head_says(
    tmp_path: Path, said: tuple[str, str, str], rows: list[tuple[str, str]], *, blank: bool, swapped: bool
) -> None:
    rows = [row for row in rows if row != ("Time", "Ch1(C)")]
    head = [["Serial Number", said[0]], ["Start", *said[1:]]]
    stream = io.StringIO(newline="")
    lines = [*(reversed(head) if swapped else head), *([[]] if blank else []), ["Time", "Ch1(C)"], *rows]
    csv.writer(stream).writerows(lines)
    reading, batches = read(tmp_path / "f.csv", stream.getvalue())
    names = ("serial", "start", "zone", "time", "value")
    found = [cells for batch in batches for cells in zip(*(batch.columns[name] for name in names), strict=True)]
    assert found == [(*said, *row) for row in rows]
    assert (reading.units, reading.set_aside, reading.unmapped) == (len(rows), [], {})


def test_a_row_stands_on_its_own_line_and_goes_aside_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "BATCH_ROWS", 1)
    reading, batches = read(tmp_path / "f.csv", "\n" + HEAD + "\n" + TABLE + "20:00,-1,CANARY\n20:30,-190\n")
    assert [position for batch in batches for position in batch.positions] == [6, 7, 9]
    assert [(one.position, one.reason, one.raw) for one in reading.set_aside] == [(8, "3 fields instead of 2", b"20:00,-1,CANARY")]
    assert reading.units == 4


def test_a_value_that_is_not_there_is_not_delivered(tmp_path: Path) -> None:
    _, [batch] = read(tmp_path / "f.csv", "Serial Number\nStart,19:00\n" + TABLE)
    assert [batch.columns[name][0] for name in ("serial", "start", "zone")] == [None, "19:00", None]


@pytest.mark.parametrize(
    ("above", "ignored", "unmapped"),
    [
        ("Operator,CANARY\n" + HEAD, {}, {"(a field outside the head)": 2}),
        (HEAD.replace("LT1", "LT1,CANARY"), {}, {"(a field outside the head)": 2}),
        ("Operator,CANARY\n" + HEAD, {"Operator": "a name"}, {}),
        (HEAD.replace("LT1", "LT1,,"), {}, {}),
    ],
    ids=["a label", "a value beside", "a label not read", "empty fields"],
)
def test_what_the_contract_does_not_know_is_told_without_its_words(
    tmp_path: Path, above: str, ignored: dict[str, str], unmapped: dict[str, int]
) -> None:
    reading, _ = read(tmp_path / "f.csv", above + TABLE, ignored)
    assert reading.unmapped == unmapped
    first = TABLE.splitlines().index("19:00,-192.1") + above.count("\n") + 1
    assert reading.unmapped_first == dict.fromkeys(unmapped, first)


@pytest.mark.parametrize(
    ("content", "what", "position"),
    [
        ("Serial Number,CANARY\n" + TABLE, "missing label Start", 2),
        (TABLE, "missing label Serial Number, Start", 1),
        (HEAD + "Serial Number,CANARY\n" + TABLE, "label given twice Serial Number", 3),
        (HEAD, "the head has no table below it: no line holds all its column names, missing Time, Ch1(C)", 1),
        (HEAD + "Time,CANARY\n19:00,-1\n", "missing Ch1(C)", 3),
        (HEAD + TABLE.replace("(C)", "(C),CANARY NAME"), "extra column number 3", 3),
        (HEAD + TABLE.replace("Time,", "Time,Time,"), "column given twice Time", 3),
        ((HEAD + TABLE).replace(",", ";"), "wrong delimiter: the header is divided by semicolon", 3),
        (HEAD + TABLE + HEAD + TABLE, "header comes a second time", 8),
        (HEAD.replace("LT1", '"CANARY') + TABLE, "never closed", 1),
        (HEAD.replace("LT1", '"CA"N"ARY"') + TABLE, "quotation mark inside a field of the head", 1),
        (HEAD + TABLE + "20:00", "truncated", 6),
    ],
)
def test_another_head_is_refused_with_its_line(tmp_path: Path, content: str, what: str, position: int) -> None:
    refused = refusal(tmp_path / "f.csv", content)
    assert what in refused.what
    assert refused.position == position


def test_a_head_without_end_is_not_read_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cgt_etl.extract.head.MAX_HEAD_RECORDS", 3)
    assert limits.MAX_HEAD_RECORDS > 3
    assert "no table" in refusal(tmp_path / "f.csv", HEAD + "Note,a\n" * 2 + TABLE).what


CLOCK = {"privacy": "date", "cast": "instant", "zone_column": "zone", "formats": ["%Y-%m-%d %H:%M:%S"]}
DELIVERED = table(
    "reading",
    column("serial", "Serial Number", position=1, required=True, cast="identifier", identifier="logger", privacy="quasi", action="token"),
    column("zone", "Start[1]", required=True, cast="code", code_map="logger_zone", key=True),
    column("time", "Time", position=2, key=True, required=True, **CLOCK),
    column("value", "Ch1(C)", cast="measured", missing={"-999": "sentinel"}),
)


def delivered(path: Path, content: str) -> Any:
    path.write_text(content, encoding="utf-8", newline="")
    return through(binding(DELIVERED, file={"format": "csv", "head": {"columns": ["serial", "zone"]}}, ignored={}), path)


ROWS = "Time,Ch1(C)\n2025-11-02 01:30:00,-192.1\n2025-11-05 21:10:00,-999\nyesterday,1\n1,2,3\n"


def test_units_and_cells_add_up_and_a_clock_is_read_in_its_stated_zone(tmp_path: Path) -> None:
    admission = delivered(tmp_path / "f.csv", HEAD.replace("2025-11-04 19:00:00", "") + ROWS)
    assert admission.counts["units"] == {"in": 4, "accepted": 2, "set_aside": 2, "erased": 0}
    assert {name: admission.counts["cells"][name] for name in ("in", "accepted", "set_aside")} == {"in": 16, "accepted": 8, "set_aside": 8}
    rows = admission.tables["reading"].to_dicts()
    # a site in New York would have said 01:30 twice that night
    assert [(row["source_row"], str(row["time_at_utc"]), row["time_zone_source"]) for row in rows] == [
        (4, "2025-11-02 01:30:00", "stated"),
        (5, "2025-11-05 21:10:00", "stated"),
    ]
    assert [(row["value"], row["value__status"]) for row in rows] == [(-192.1, "ok"), (None, "sentinel")]
    assert verdicts(admission) == [(6, "time", "D02", "row"), (7, None, "D01", "row")]


def test_a_clock_in_no_known_zone_gives_no_instant(tmp_path: Path) -> None:
    admission = delivered(tmp_path / "f.csv", HEAD.replace("UTC", "CANARY") + ROWS)
    assert admission.counts["units"] == {"in": 4, "accepted": 0, "set_aside": 4, "erased": 0}
    assert {rule for _, column, rule, _ in verdicts(admission) if column == "zone"} == {"D04"}
