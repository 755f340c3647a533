"""Text forms: what was written comes back; a form that is not whole, or not the contract's, is refused with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import TextFormFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.contracts.model import ObjectExtension
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import Batch, Reading, open_reader, text_form
from tests.extract.build import column, table

RUN = table("run", column("ratio", "Inlet:AC ratio"), column("inlet", "Inlet"), column("time", "Run time"))
ALARM = ObjectSpec("alarm", "", ObjectExtension(explode="table"), (column("code", "Code"), column("raised", "Time")))
FILE: dict[str, Any] = {"format": "form", "table_title": "Alarm log", "end": "End"}
FORM = "Summary\n\nRun time: 225\nInlet:AC ratio: 12:1\nInlet : 10240\nAlarm log\nTime;Code\n\n08:41;A1\n09:15;B2\nEnd\n"
VALUES = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=8).map(str.strip)


def read(
    path: Path, content: str, objects: tuple[ObjectSpec, ...] = (RUN, ALARM), ignored: tuple[str, ...] = ("Summary",), **changes: Any
) -> tuple[Reading, list[Batch]]:
    path.write_bytes(content.encode())
    file = TextFormFormat.model_validate({**FILE, **changes})
    reading = open_reader(file, path, objects, ignored_elements=dict.fromkeys(ignored, "why"))
    return reading, list(reading)


def refusal(path: Path, content: str) -> RefusedFile:
    with pytest.raises(RefusedFile) as refused:
        read(path, content)
    assert "CANARY" not in str(refused.value)
    return refused.value


def test_a_form_is_one_record_and_its_lines(tmp_path: Path) -> None:
    reading, [run, alarms] = read(tmp_path / "f.txt", FORM)
    assert run.columns == {"ratio": ["12:1"], "inlet": ["10240"], "time": ["225"]}
    assert (run.positions, run.items) == ([3], [0])
    assert alarms.columns == {"code": ["A1", "B2"], "raised": ["08:41", "09:15"]}
    assert (alarms.positions, alarms.items) == ([3, 3], [9, 10])
    assert (reading.units, reading.unmapped) == (1, {})


def test_a_log_without_lines_is_a_log(tmp_path: Path) -> None:
    _, [run] = read(tmp_path / "f.txt", FORM.replace("08:41;A1\n09:15;B2\n", ""))
    assert run.columns["time"] == ["225"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.tuples(VALUES, VALUES, VALUES))
def test_what_was_written_comes_back(tmp_path: Path, values: tuple[str, str, str]) -> None:
    ratio, inlet, time = values
    content = f"Inlet: {inlet}\nRun time: {time}\nInlet:AC ratio: {ratio}\nEnd\n"
    _, [run] = read(tmp_path / "f.txt", content, (RUN,), table_title="")
    assert run.columns == {"ratio": [ratio], "inlet": [inlet], "time": [time]}


@pytest.mark.parametrize(
    ("change", "line", "rule", "said"),
    [
        (("End\n", ""), 10, "F01", "the form does not end"),
        (("End\n", f"End\n{FORM}"), 12, "F01", "below the form's end"),
        (("Run time: 225", "Run time: 225\nRun time: CANARY"), 4, "F01", "label given twice Run time"),
        (("Run time: 225\n", ""), 1, "F02", "missing label Run time"),
        (("Alarm log\n", ""), 1, "F02", "missing table Alarm log"),
        (("Time;Code", "Time;Codes"), 7, "F02", "missing column Code; extra column Codes"),
        (("08:41;A1", "08:41;A1;CANARY"), 9, "F01", "a line of the table has 3 fields instead of 2"),
        (("08:41;A1", '08:41;"CANARY'), 9, "F01", "a quotation mark is not closed"),
        (("Time;Code\n\n08:41;A1\n09:15;B2\n", ""), 6, "F01", "the table of the form has no column names"),
    ],
)
def test_a_form_that_is_not_whole_is_refused(tmp_path: Path, change: tuple[str, str], line: int, rule: str, said: str) -> None:
    error = refusal(tmp_path / "f.txt", FORM.replace(*change))
    assert said in str(error)
    assert (error.position, error.rule) == (line, rule)


def test_what_a_form_holds_beside_the_contract_is_counted_and_not_named(tmp_path: Path) -> None:
    reading, _ = read(tmp_path / "f.txt", FORM, ignored=())
    assert (reading.unmapped, reading.unmapped_first) == ({text_form.OUTSIDE: 1}, {text_form.OUTSIDE: 3})
    reading, _ = read(tmp_path / "f.txt", "Rinseback: CANARY\n" + FORM, ignored=("Summary", "Rinseback"))
    assert reading.unmapped == {}


def test_a_text_of_endless_lines_is_no_form(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_form, "MAX_FORM_CELLS", 8)
    assert "more than 8 lines" in str(refusal(tmp_path / "f.txt", FORM))
