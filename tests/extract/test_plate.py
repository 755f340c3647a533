"""Plates: what a plain scan finds in every block comes back well by well; a grid that is not whole is refused with its line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import PlateFormat
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import Batch, Reading, limits, open_reader, plate
from tests.extract.build import column, table

SPEC = table(
    "well",
    column("serial", "serial"),
    column("row", "$row"),
    column("number", "$column"),
    column("spots", "Spots"),
    column("sizes", "Mean sizes"),
)
FILE: dict[str, Any] = {"format": "plate", "divider": "tab", "rows": 2, "columns": 3, "lines": [r"Serial: (?P<serial>\S+)(?:; .*)?"]}
WELLS = ["A1", "A2", "A3", "B1", "B2", "B3"]
CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=6) | st.sampled_from(
    ["", "TNTC", "-1", " 7 ", "*", "A"]
)
WORDS = st.text(st.characters(categories=["L", "N", "P"], exclude_characters='"_'), min_size=1, max_size=6)


def block(title: str, *rows: str, numbers: str = "\t1\t2\t3") -> str:
    return "\n".join([f"\t{title}", "", numbers, "\t______", *rows, ""])


PLATE = "Serial: S6; CANARY\n" + block("Spots", "A\t1\t2\t3", "B\t4\tTNTC\t6") + block("Mean sizes", "B\t.4\t.5\t.6", "A\t.1\t.2\t.3")


def read(path: Path, content: str, ignored: dict[str, str] | None = None, **changes: Any) -> tuple[Reading, Batch]:
    path.write_bytes(content.encode())
    reading = open_reader(PlateFormat.model_validate({**FILE, **changes}), path, (SPEC,), ignored_elements=ignored)
    [batch] = list(reading)
    return reading, batch


def refusal(path: Path, content: str, **changes: Any) -> RefusedFile:
    with pytest.raises(RefusedFile) as refused:
        read(path, content, **changes)
    assert "CANARY" not in str(refused.value)
    return refused.value


def test_blocks_are_joined_by_well_and_a_well_stands_at_the_line_of_its_row(tmp_path: Path) -> None:
    reading, batch = read(tmp_path / "f.txt", PLATE)
    assert reading.units == 6
    assert batch.columns == {
        "serial": ["S6"] * 6,
        "row": ["A", "A", "A", "B", "B", "B"],
        "number": ["1", "2", "3"] * 2,
        "spots": ["1", "2", "3", "4", "TNTC", "6"],
        "sizes": [".1", ".2", ".3", ".4", ".5", ".6"],
    }
    assert batch.positions == [6, 6, 6, 7, 7, 7]
    assert batch.items == [0, 1, 2, 0, 1, 2]
    assert reading.unmapped == {}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spots=st.lists(CELLS, min_size=6, max_size=6), sizes=st.lists(CELLS, min_size=6, max_size=6))
def test_cells_side_by_side_come_back_as_they_stand(tmp_path: Path, spots: list[str], sizes: list[str]) -> None:
    rows = ["\t".join([letter, *spots[at : at + 3], "", letter, *sizes[at : at + 3], ""]) for letter, at in (("A", 0), ("B", 3))]
    _, batch = read(tmp_path / "f.txt", "Serial: S6\n" + block("Spots\t\tMean sizes", *rows, numbers="\t1\t2\t3\t\t\t1\t2\t3"))
    assert (batch.columns["spots"], batch.columns["sizes"]) == (spots, sizes)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spots=st.lists(WORDS, min_size=6, max_size=6))
def test_cells_divided_by_blanks_come_back(tmp_path: Path, spots: list[str]) -> None:
    rows = [f" {letter}  {'    '.join(spots[at : at + 3])} " for letter, at in (("A", 0), ("B", 3))]
    _, batch = read(tmp_path / "f.txt", "Serial: S6\n" + block("Spots", *rows, numbers="   1   2  3"), divider="space")
    assert batch.columns["spots"] == spots
    assert batch.columns["sizes"] == [None] * 6


@pytest.mark.parametrize(
    ("before", "after", "line", "said"),
    [
        ("B\t4\tTNTC\t6\n", "", 9, "a block ends without its rows B"),
        ("B\t4\tTNTC\t6", "A\t4\tTNTC\t6", 7, "a row of a block comes twice"),
        ("B\t4\tTNTC\t6", "B\t4\tTNTC\t6\nB\t4\tTNTC\t6", 8, "a row of a block comes twice"),
        ("B\t4\tTNTC\t6", "B\t4\tTNTC\t6\nC\t4\tTNTC\t6", 8, "a row of a block is none of the plate"),
        ("B\t4\tTNTC\t6", "B\t4\tCANARY", 7, "a row of a block has 2 wells instead of 3"),
        ("B\t4\tTNTC\t6", "B\t4\tTNTC\t6\tCANARY", 7, "a row of a block has more than 3 wells"),
        ("\t1\t2\t3", "\t1\t2\t3\t4", 4, "the columns of a block are not 1 to 3"),
        ("\t1\t2\t3", "\t1\t2", 4, "the columns of a block are not 1 to 3"),
        ("\tMean sizes", "\tSpots", 8, "a block comes a second time"),
        ("\tSpots", "\tSpots\tMean sizes", 4, "titles of blocks and their columns do not stand together"),
        ("Serial: S6", "Serial: S6\nSerial: CANARY", 2, "serial is said twice"),
    ],
)
def test_a_grid_that_is_not_whole_leaves_no_well_sure(tmp_path: Path, before: str, after: str, line: int, said: str) -> None:
    error = refusal(tmp_path / "f.txt", PLATE.replace(before, after, 1))
    assert said in str(error)
    assert (error.position, error.rule) == (line, "F01")


def test_what_the_contract_requires_is_there(tmp_path: Path) -> None:
    spec = replace(SPEC, columns=tuple(replace(one, required=True) for one in SPEC.columns))
    path = tmp_path / "f.txt"
    path.write_text(block("Spots", "A\t1\t2\t3", "B\t4\t5\t6"), encoding="utf-8")
    with pytest.raises(RefusedFile, match="missing block `Mean sizes`, line of serial") as refused:
        list(open_reader(PlateFormat.model_validate(FILE), path, (spec,)))
    assert refused.value.rule == "F02"
    assert refusal(path, "Serial: S6\n").rule == "F02"


def test_what_the_contract_does_not_know_is_counted(tmp_path: Path) -> None:
    other = block("Circularity", "A\t1\t2\t3", "B\t4\t5\t6")
    reading, batch = read(tmp_path / "f.txt", PLATE + other)
    assert batch.columns["spots"] == ["1", "2", "3", "4", "TNTC", "6"]
    assert reading.unmapped == {plate.OTHER_BLOCK: 6, plate.OTHER_LINE: 6}
    assert reading.unmapped_first == {plate.OTHER_BLOCK: 6, plate.OTHER_LINE: 6}
    reading, _ = read(tmp_path / "f.txt", PLATE + "A note CANARY\n", ignored={"A note .*": "for people"})
    assert reading.unmapped == {}


def test_a_text_of_endless_lines_is_no_plate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plate, "MAX_PLATE_LINES", 8)
    assert "more than 8 lines" in str(refusal(tmp_path / "f.txt", PLATE))
    assert limits.MAX_PLATE_LINES > 500
