"""Forms and heads in workbooks: a form gives its certificate and lines, a head goes with every row of the table below it."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import XlsxFormat
from cgt_etl.extract.workbook import printed
from tests.extract.build import column, table
from tests.extract.workbooks import (
    CERTIFICATE,
    ERROR,
    FORM,
    FORM_CELLS,
    PLAIN,
    TEXTS,
    VALUES,
    Formula,
    as_text,
    form,
    read,
    refusal,
    rows,
    workbook,
)


def test_a_column_or_label_that_a_workbook_may_lack_is_read_where_it_is_and_missing_where_not(tmp_path: Path) -> None:
    some = column("some", "SOME", may_lack=True)
    objects = (table("t", column("one", "ONE"), some, column("two", "TWO")),)
    with_it = {(1, 1): "SOME", (1, 2): "TWO", (1, 3): "ONE", (2, 1): "c", (2, 2): "b", (2, 3): "a"}
    _, [batch] = read(tmp_path / "w.xlsx", workbook(with_it), objects=objects)
    assert batch.columns == {"one": ["a"], "some": ["c"], "two": ["b"]}
    without = {(1, 1): "ONE", (1, 2): "TWO", (2, 1): "a", (2, 2): "b", (3, 1): "c", (3, 2): "d", (3, 3): "e"}
    reading, [batch] = read(tmp_path / "w.xlsx", workbook(without), objects=objects)
    assert batch.columns == {"one": ["a"], "some": [None], "two": ["b"]}
    assert [one.position for one in reading.set_aside] == [3]
    certificate = (table("certificate", *CERTIFICATE[0].columns, column("some", "Some:", may_lack=True)), CERTIFICATE[1])
    for value, cells in (("x", {(2, 7): "Some:", (2, 8): "x"}), (None, {})):
        _, [record, _] = read(tmp_path / "w.xlsx", form(lambda of, more=cells: of.update(more)), FORM, certificate)
        assert record.columns == {"batch": ["7781"], "issued": ["2025-12-10T14:30:00"], "some": [value]}


def test_a_form_is_one_record_and_its_lines(tmp_path: Path) -> None:
    reading, [certificate, lines] = read(
        tmp_path / "w.xlsx", form(), FORM, CERTIFICATE, ignored_elements={"Certificate of analysis": "title"}
    )
    assert (certificate.object, certificate.positions, certificate.items) == ("certificate", [2], [0])
    assert certificate.columns == {"batch": ["7781"], "issued": ["2025-12-10T14:30:00"]}
    assert (lines.object, lines.positions, lines.items) == ("line", [2, 2], [5, 7])
    assert lines.columns == {"test": ["Viability", "Endotoxin"], "result": ["78", "<0.25"]}
    assert (reading.units, reading.unmapped) == (1, {})


def test_a_form_may_stand_anywhere_and_be_merged(tmp_path: Path) -> None:
    moved = {(row + 10, place + 6): value for (row, place), value in FORM_CELLS.items() if (row, place) != (2, 2)}
    moved[12, 9] = 7781  # the label takes two columns, so its value is one further
    _, [certificate, lines] = read(tmp_path / "w.xlsx", workbook(moved, {(12, 7): (12, 8)}), FORM, CERTIFICATE)
    assert certificate.columns == {"batch": ["7781"], "issued": ["2025-12-10T14:30:00"]}
    assert (certificate.positions, lines.items) == ([12], [15, 17])


def test_what_a_person_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "w.xlsx"
    path.write_bytes(form(lambda cells: cells.update({(5, 3): ERROR})))
    shown = printed(FORM, path, 2, 2)
    assert shown[1] == "row 2: Batch #: | 7781 | Issued: | 2025-12-10T14:30:00"
    assert shown[3:] == ["row 5: Viability | #N/A", "row 7: Endotoxin | <0.25", "row 8: End"]
    path.write_bytes(workbook({(1, 1): "ONE", (1, 2): "TWO", (2, 1): "a", (4, 2): 5}))
    assert printed(PLAIN, path, 2, 4) == ["row 2: a", "row 4: 5"]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.tuples(VALUES, VALUES),
    written=st.lists(st.tuples(TEXTS.map(lambda text: f"t{text}"), VALUES), max_size=4),
    down=st.integers(0, 20),
    right=st.integers(0, 20),
    swapped=st.booleans(),
)
def test_what_was_written_on_a_form_comes_back(
    tmp_path: Path, *, values: tuple[Any, Any], written: list[tuple[str, Any]], down: int, right: int, swapped: bool
) -> None:
    labels = [("Issued:", values[1]), ("Batch #:", values[0])] if swapped else [("Batch #:", values[0]), ("Issued:", values[1])]
    cells: dict[tuple[int, int], Any] = {}
    for number, (label, value) in enumerate(labels):
        cells |= {(1, 1 + 3 * number): label, (1, 2 + 3 * number): value}
    cells |= {(3, 2): "Result", (3, 1): "Test"}
    for row, (test, result) in enumerate(written, start=4):
        cells |= {(row, 1): test, (row, 2): result}
    cells[4 + len(written), 1] = "End"
    moved = {(row + down, place + right): value for (row, place), value in cells.items() if value is not None}
    _, found = read(tmp_path / "w.xlsx", workbook(moved), FORM, CERTIFICATE)
    assert rows(found[:1], "batch", "issued") == [(as_text(values[0]), as_text(values[1]))]
    assert rows(found[1:], "test", "result") == [(test, as_text(result)) for test, result in written]
    assert [item for batch in found[1:] for item in batch.items] == [4 + down + number for number in range(len(written))]


def test_an_empty_value_is_missing_and_a_label_is_never_a_value(tmp_path: Path) -> None:
    def crowded(cells: dict[tuple[int, int], Any]) -> None:
        cells[2, 2] = cells.pop((2, 4))
        cells[2, 3] = cells.pop((2, 5))

    _, [certificate, _] = read(tmp_path / "w.xlsx", form(crowded), FORM, CERTIFICATE)
    assert certificate.columns == {"batch": [None], "issued": ["2025-12-10T14:30:00"]}
    _, [certificate, _] = read(tmp_path / "w.xlsx", form(lambda cells: cells.pop((2, 5))), FORM, CERTIFICATE)
    assert certificate.columns == {"batch": ["7781"], "issued": [None]}


def test_what_a_form_holds_beside_the_contract_is_counted_and_not_named(tmp_path: Path) -> None:
    reading, _ = read(tmp_path / "w.xlsx", form(lambda cells: cells.update({(9, 2): "CANARY 4711"})), FORM, CERTIFICATE)
    assert (reading.unmapped, reading.unmapped_first) == ({"(a cell outside the form)": 1}, {"(a cell outside the form)": 2})


def test_an_error_in_a_form_is_no_empty_cell(tmp_path: Path) -> None:
    _, [certificate, lines] = read(tmp_path / "w.xlsx", form(lambda cells: cells.update({(2, 2): ERROR, (5, 3): ERROR})), FORM, CERTIFICATE)
    assert certificate.unreadable == {(0, "batch"): "#N/A"}
    assert lines.unreadable == {(0, "result"): "#N/A"}


@pytest.mark.parametrize(
    ("change", "rule", "says"),
    [
        (lambda cells: (cells.pop((2, 1)), cells.pop((2, 4))), "F02", "missing label Batch #:, Issued:"),
        (lambda cells: cells.update({(3, 4): "Batch #:"}), "F02", "label given twice Batch #:"),
        (lambda cells: cells.pop((4, 3)), "F02", "missing column Result"),
        (lambda cells: cells.update({(4, 5): "Comment"}), "F02", "extra column Comment"),
        (lambda cells: cells.update({(6, 1): "Test", (6, 3): "Result"}), "F02", "header comes twice"),
        (lambda cells: cells.pop((8, 1)), "F01", "there is no `End`"),
        (lambda cells: cells.clear(), "F02", "no column of the contract is there"),
    ],
)
def test_a_form_that_is_not_the_contracts(tmp_path: Path, change: Any, rule: str, says: str) -> None:
    refused = refusal(tmp_path / "w.xlsx", form(change), FORM, CERTIFICATE)
    assert (refused.rule, says in str(refused)) == (rule, True), str(refused)


HEADED = XlsxFormat.model_validate(
    {"format": "xlsx", "is_only_sheet": True, "head": {"columns": ["plate", "made"]}, "has_empty_margin": True}
)
BELOW = (table("t", column("plate", "Plate"), column("made", "Made"), column("well", "Well"), column("count", "Count")),)
HEAD_CELLS = {(1, 1): "Plate", (1, 2): "CANARY", (2, 1): "Made", (2, 2): datetime(2025, 5, 20, 12, 25), (4, 2): "Well", (4, 4): "Count"}  # noqa: DTZ001


def test_a_table_below_a_head_gets_what_the_head_says(tmp_path: Path) -> None:
    cells = {**HEAD_CELLS, (5, 2): "A1", (5, 4): 7, (6, 2): "A2", (6, 3): "a note", (6, 4): 8, (7, 4): 9}
    reading, batches = read(tmp_path / "f.xlsx", workbook(cells, sheet="any name"), HEADED, BELOW)
    when = "2025-05-20T12:25:00"
    assert rows(batches, "plate", "made", "well", "count") == [("CANARY", when, "A1", "7"), ("CANARY", when, None, "9")]
    assert [(one.position, one.rule, one.reason) for one in reading.set_aside] == [(6, "D01", "a value in a column without a name")]
    assert reading.units == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({(1, 1): "Plates"}, "missing label Plate"),
        ({(3, 1): "Made"}, "label given twice Made"),
        ({(4, 4): "Counts"}, "no line holds all its column names, missing Count"),
        ({(4, 5): "More"}, "extra column More"),
        ({(2, 2): Formula("=NA()", "#N/A")}, "a cell of the head is no value"),
    ],
)
def test_another_head_is_refused(tmp_path: Path, change: dict[tuple[int, int], Any], said: str) -> None:
    assert said in str(refusal(tmp_path / "f.xlsx", workbook({**HEAD_CELLS, (5, 2): "A1", **change}), HEADED, BELOW))


def test_the_only_sheet_is_alone(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True}) as book:
        book.add_worksheet("one")
        book.add_worksheet("two")
    assert "has 2 sheets, the contract says one" in str(refusal(tmp_path / "f.xlsx", stream.getvalue(), HEADED, BELOW))
