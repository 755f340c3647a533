"""Tables in workbooks: what was written comes back cell for cell."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import XlsxFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import open_reader
from tests.extract.build import column, table
from tests.extract.workbooks import (
    ERROR,
    PLAIN,
    TABLE,
    VALUES,
    Formula,
    as_text,
    read,
    refusal,
    rows,
    workbook,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=st.lists(st.tuples(VALUES, VALUES), max_size=6))
def test_what_was_written_comes_back(tmp_path: Path, written: list[tuple[Any, Any]]) -> None:
    written = [pair for pair in written if pair not in {(None, None), ("ONE", "TWO")}]
    cells = {(1, 1): "ONE", (1, 2): "TWO"}
    cells |= {
        (row, place): value for row, pair in enumerate(written, start=3) for place, value in enumerate(pair, start=1) if value is not None
    }
    reading, batches = read(tmp_path / "w.xlsx", workbook(cells))
    assert rows(batches, "one", "two") == [(as_text(one), as_text(two)) for one, two in written]
    assert [position for batch in batches for position in batch.positions] == list(range(3, 3 + len(written)))
    assert (reading.units, reading.set_aside) == (len(written), [])


def test_other_kinds_of_cells(tmp_path: Path) -> None:
    cells = {
        (1, 1): "ONE",
        (1, 2): "TWO",
        (2, 1): timedelta(hours=36, minutes=5),
        (2, 2): Formula("=SUM(A1)", 42),
        (3, 1): ERROR,
        (3, 2): 2.0**60,
    }
    _, [batch] = read(tmp_path / "w.xlsx", workbook(cells))
    assert rows([batch], "one", "two") == [("36:05:00", "42"), (None, None)]
    assert batch.unreadable == {(1, "one"): "#N/A", (1, "two"): str(2.0**60)}


def test_an_empty_text_is_an_empty_cell_and_a_stray_column_sets_the_row_aside(tmp_path: Path) -> None:
    cells = {(1, 1): "ONE", (1, 2): "TWO", (2, 1): "", (2, 2): "x", (4, 1): "a", (4, 2): "b", (4, 5): "CANARY"}
    reading, batches = read(tmp_path / "w.xlsx", workbook(cells))
    assert rows(batches, "one", "two") == [(None, "x")]
    assert [(one.position, one.rule) for one in reading.set_aside] == [(4, "D01")]
    assert reading.units == 2


def test_the_header_row_is_where_the_contract_says(tmp_path: Path) -> None:
    cells = {(1, 1): "A title", (3, 2): "ONE", (3, 1): "TWO", (5, 2): "a"}
    file = XlsxFormat.model_validate({"format": "xlsx", "sheet": "Data", "header_row": 3})
    _, [batch] = read(tmp_path / "w.xlsx", workbook(cells), file)
    assert (batch.positions, batch.columns) == ([5], {"one": ["a"], "two": [None]})
    refused = refusal(tmp_path / "w.xlsx", workbook(cells))
    assert (refused.rule, refused.position) == ("F02", 1)
    assert refusal(tmp_path / "w.xlsx", workbook({(1, 1): "x"}), file).rule == "F02"


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (("ONE",), "missing column TWO"),
        (("ONE", "TWO", "THREE"), "extra column THREE"),
        (("ONE", "TWO", "TWO"), "column given twice TWO"),
        (("ONE", "TWO", "CANARY 12345"), "extra column number 3"),
    ],
)
def test_columns_that_are_not_the_contracts(tmp_path: Path, header: tuple[str, ...], says: str) -> None:
    refused = refusal(tmp_path / "w.xlsx", workbook({(1, place): name for place, name in enumerate(header, start=1)}))
    assert (refused.rule, says in str(refused)) == ("F02", True)


def test_another_sheet_is_refused(tmp_path: Path) -> None:
    refused = refusal(tmp_path / "w.xlsx", workbook({(1, 1): "ONE"}, sheet="Other"))
    assert (refused.rule, "there is no sheet `Data`" in str(refused)) == ("F02", True)


def test_the_name_of_the_file_names_the_sheet(tmp_path: Path) -> None:
    file = XlsxFormat.model_validate({"format": "xlsx", "sheet_in_name": r"log_[0-9]{6}_(?P<sheet>[A-Z][a-z]{2})[.]xlsx"})
    path = tmp_path / "raw"
    path.write_bytes(workbook({(1, 1): "ONE", (1, 2): "TWO", (2, 1): "a", (2, 2): "b"}, sheet="Nov"))
    [batch] = open_reader(file, path, (TABLE,), name="log_202511_Nov.xlsx")
    assert batch.columns == {"one": ["a"], "two": ["b"]}
    for name, rule, what in [("log_202512_Dec.xlsx", "F02", "no sheet `Dec`"), ("log.xlsx", "F03", "names no sheet")]:
        with pytest.raises(RefusedFile) as refused:
            list(open_reader(file, path, (TABLE,), name=name))
        assert (refused.value.rule, what in refused.value.what) == (rule, True)


SHEET_CELLS = st.sampled_from(["a", "a", "b", 1, 2.5, 10**15, True, "", None, ERROR, date(2025, 1, 2), "ONE"])
SHEET_ROWS = st.lists(
    st.one_of(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["c", 1.5, 2])), st.tuples(SHEET_CELLS, SHEET_CELLS, SHEET_CELLS)),
    max_size=12,
)


@pytest.mark.parametrize("spec", [TABLE, table("keyed", column("two", "TWO"), column("one", "ONE", position=1))])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(written=SHEET_ROWS, last=st.sampled_from(["TWO", "ONE"]))
def test_rows_read_together_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: ObjectSpec, written: list[tuple[Any, ...]], last: str
) -> None:
    lines = [("ONE", "TWO"), *written, (last, "TWO")][: None if last == "ONE" else -1]
    cells = {(row, place): value for row, of in enumerate(lines, start=1) for place, value in enumerate(of, start=1) if value is not None}
    path = tmp_path / "f"
    path.write_bytes(workbook(cells))

    def told() -> Any:
        reading = open_reader(PLAIN, path, (spec,))
        try:
            rows = [(batch.positions, batch.items, batch.columns, batch.unreadable, batch.digests) for batch in reading]
        except RefusedFile as refused:
            return str(refused), refused.position
        return rows, reading.units, reading.set_aside

    with monkeypatch.context() as patch:
        patch.setattr("cgt_etl.extract.workbook._BLOCK_ROWS", 3)
        together = told()
        patch.setattr("cgt_etl.extract.workbook._Sheet._columns", lambda *_: None)
        assert together == told()


def test_plain_rows_are_read_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(workbook({(row, place): ["ONE", "TWO"][place - 1] if row == 1 else row for row in range(1, 9) for place in (1, 2)}))
    walked: list[int] = []
    monkeypatch.setattr("cgt_etl.extract.workbook.Rows.add", lambda *_, **__: walked.append(1))
    keyed = table("keyed", column("one", "ONE", position=1), column("two", "TWO"))
    [batch] = open_reader(PLAIN, path, (keyed,))
    assert (batch.positions, walked) == ([*range(2, 9)], [])
