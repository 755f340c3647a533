"""Flow cytometry files: the numbers are those of the events, and what a file says of them is held to what it holds."""

from __future__ import annotations

import math
import statistics
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import FcsFormat
from cgt_etl.errors import DeclarationError, RefusedFile
from cgt_etl.extract import Batch, Reading, limits, open_reader
from cgt_etl.extract.fcs import STATISTICS, printed
from tests.extract.build import column, table
from tests.extract.fcs_files import fcs

ACQUISITION = table(
    "acquisition",
    column("version", "(version)"),
    column("events", "$TOT"),
    column("serial", "$CYTSN|CYTNUM"),
    column("sample", "SAMPLE ID"),
)
PARAMETER = table(
    "parameter",
    column("number", "(number)"),
    column("name", "$PnN"),
    column("detector", "PnDETECTORNAME"),
    *(column(f"s{place}", name) for place, name in enumerate(STATISTICS)),
    explode="parameter",
)
TWO = [("FSC-H", 16, 1024), ("FL1-H", 16, 1024)]
EVENTS = [(10, 1023), (20, 1), (40, 1023)]
CANARY = "CANARY-77"


def read(path: Path, content: bytes, ignored: dict[str, str] | None = None) -> tuple[Reading, dict[str, Batch]]:
    path.write_bytes(content)
    reading = open_reader(FcsFormat(format="fcs"), path, (ACQUISITION, PARAMETER), ignored_elements=ignored)
    return reading, {batch.object: batch for batch in reading}


def rows(batch: Batch) -> list[list[str | None]]:
    return [list(row) for row in zip(*batch.columns.values(), strict=True)]


def test_an_acquisition_and_its_parameters(tmp_path: Path) -> None:
    keywords = {"$CYTSN": "E1", "CYTNUM": "other", "SAMPLE ID": "T/1", "P2DETECTORNAME": "FL1", "BD$WORD7": 1, "$OP": CANARY}
    reading, found = read(tmp_path / "f.fcs", fcs(TWO, EVENTS, keywords), {"BD$WORDn": "settings"})
    assert rows(found["acquisition"]) == [["FCS3.1", "3", "E1", "T/1"]]
    assert rows(found["parameter"]) == [
        ["1", "FSC-H", None, "10", "40", repr(70 / 3), "20.0", repr(math.sqrt(statistics.variance([10.0, 20.0, 40.0]))), "0", "0"],
        ["2", "FL1-H", "FL1", "1", "1023", repr(2047 / 3), "1023.0", repr(statistics.stdev([1023.0, 1.0, 1023.0])), "2", "0"],
    ]
    assert (reading.units, found["parameter"].positions, found["parameter"].items) == (1, [1, 1], [0, 1])
    assert reading.unmapped == {"$OP": 1, "$PnE": 1}


def test_numbers_do_not_depend_on_version_order_delimiter_or_bits(tmp_path: Path) -> None:
    plain = rows(read(tmp_path / "f.fcs", fcs(TWO, EVENTS))[1]["parameter"])
    for number, changed in enumerate(
        [
            fcs(TWO, EVENTS, version="FCS2.0"),
            fcs(TWO, EVENTS, version="FCS3.0", order="4,3,2,1", delimiter="\\"),
            fcs([("FSC-H", 32, 1024), ("FL1-H", 32, 1024)], EVENTS, delimiter="|"),
            fcs([("FSC-H", 8, 256), ("FL1-H", 16, 1024)], EVENTS, delimiter="\x0c"),
        ]
    ):
        assert rows(read(tmp_path / f"{number}.fcs", changed)[1]["parameter"]) == plain


def test_bits_above_the_range_are_no_part_of_a_value(tmp_path: Path) -> None:
    parameters = [("FL1-H", 16, 1000), ("Time", 32, 2**20)]
    [first, _] = rows(read(tmp_path / "f.fcs", fcs(parameters, [(0xFC00 | 7, 1), (1001, 2)]))[1]["parameter"])
    assert first[3:5] == ["7", "1001"]
    assert first[8] == "1"  # 1001 is above 999


def test_values_that_are_no_finite_numbers_are_counted_and_left_out(tmp_path: Path) -> None:
    events = [(math.nan,), (math.inf,), (0.1,), (-2.5,)]
    [row] = rows(read(tmp_path / "f.fcs", fcs([("FL1-A", 32, 262144)], events, kind="F"))[1]["parameter"])
    tenth = struct.unpack("<f", struct.pack("<f", 0.1))[0]
    assert row[3:] == [
        "-2.5",
        repr(tenth),
        repr((tenth - 2.5) / 2),
        repr((tenth - 2.5) / 2),
        repr(statistics.stdev([tenth, -2.5])),
        "1",
        "2",
    ]


def test_what_there_is_no_number_of_is_no_cell(tmp_path: Path) -> None:
    one = rows(read(tmp_path / "1.fcs", fcs(TWO, [(5, 6)]))[1]["parameter"])
    assert one[0][3:] == ["5", "5", "5.0", "5.0", None, "0", "0"]
    nothing = rows(read(tmp_path / "0.fcs", fcs(TWO, []))[1]["parameter"])
    assert nothing[0][3:] == [None, None, None, None, None, "0", "0"]
    huge = rows(read(tmp_path / "d.fcs", fcs([("A", 64, 1)], [(1e308,), (1e308,), (-1e308,)], kind="D"))[1]["parameter"])
    assert huge[0][3:] == ["-1e+308", "1e+308", None, "1e+308", None, "2", "0"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    values=st.lists(
        st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-(2.0**40), max_value=2.0**40), min_size=2, max_size=50
    )
)
def test_statistics_are_those_of_exact_arithmetic(tmp_path: Path, values: list[float]) -> None:
    [row] = rows(read(tmp_path / "f.fcs", fcs([("A", 32, 1)], [(value,) for value in values], kind="F"))[1]["parameter"])
    minimum, maximum, mean, median, deviation = (float(text or "nan") for text in row[3:8])
    assert (minimum, maximum, median) == (min(values), max(values), statistics.median(values))
    assert mean == pytest.approx(float(statistics.mean(values)), rel=1e-12, abs=1e-12)
    assert deviation == pytest.approx(statistics.stdev(values), rel=1e-9, abs=1e-9)
    again = rows(read(tmp_path / "g.fcs", fcs([("A", 32, 1)], [(value,) for value in reversed(values)], kind="F"))[1]["parameter"])
    assert again == [row]


def test_a_doubled_delimiter_is_itself_in_a_value_and_an_empty_value_after_a_keyword(tmp_path: Path) -> None:
    tail = "$SRC//SAMPLE ID/T//cells/$COM///"[:-1]
    reading, found = read(tmp_path / "f.fcs", fcs(TWO, EVENTS, tail=tail))
    assert rows(found["acquisition"]) == [["FCS3.1", "3", None, "T/cells"]]
    assert {"$SRC", "$COM"} <= reading.unmapped.keys()


def test_a_keyword_given_twice_is_several_values(tmp_path: Path) -> None:
    reading, found = read(tmp_path / "f.fcs", fcs(TWO, EVENTS, {"SAMPLE ID": "one"}, tail="sample id/two/$CYTSN/E1/$CYTSN/E1/"))
    assert found["acquisition"].ambiguous == {(0, "sample"): '["one", "two"]'}
    assert found["acquisition"].columns["serial"] == ["E1"]
    assert reading.units == 1


def test_text_that_is_no_utf_8_is_latin_1(tmp_path: Path) -> None:
    content = fcs(TWO, EVENTS, {"SAMPLE ID": "ab"}).replace(b"/ab/", b"/\xe4b/")
    assert rows(read(tmp_path / "f.fcs", content)[1]["acquisition"])[0][3] == "äb"


def test_a_supplement_of_keywords_is_read(tmp_path: Path) -> None:
    plain = fcs(TWO, EVENTS, {"$BEGINSTEXT": "        ", "$ENDSTEXT": "        "})
    supplement = b"/SAMPLE ID/late/"
    for keyword, place in ((b"$BEGINSTEXT", len(plain)), (b"$ENDSTEXT", len(plain) + len(supplement) - 1)):
        plain = plain.replace(keyword + b"/        /", keyword + f"/{place:8d}/".encode())
    assert rows(read(tmp_path / "f.fcs", plain + supplement)[1]["acquisition"])[0][3] == "late"


WHOLE = fcs(TWO, EVENTS, {"$OP": CANARY})
REFUSED: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "empty"),
    "another format": (b"RIFF" * 40, "begin as one of"),
    "a later version": (fcs(TWO, EVENTS, version="FCS3.2"), "begin as one of"),
    "no header": (WHOLE[:40], "HEADER breaks off"),
    "cut in its text": (WHOLE[:150], "TEXT is said to end behind the file"),
    "cut in its events": (WHOLE[:-1], "DATA is said to end behind the file"),
    "no numbers": (WHOLE[:10] + b"   ?" + WHOLE[14:], "TEXT lies"),
    "text in the header": (fcs(TWO, EVENTS, offsets={"TEXT": (10, 300)}), "TEXT is said to lie where it cannot"),
    "text that breaks off": (fcs(TWO, EVENTS, tail="$COM/x"), "breaks off"),
    "a keyword too many": (fcs(TWO, EVENTS, tail="$COM/x/y/"), "keyword without a value"),
    "a value too many": (fcs(TWO, EVENTS, tail=" /x/"), "value without a keyword"),
    "a letter for delimiter": (WHOLE.replace(b"    $BYTEORD", b"    A$BYTEORD", 1)[:58] + b"A" + WHOLE[59:], "begin with a delimiter"),
    "a NUL": (fcs(TWO, EVENTS, tail="$COM/a\0b/"), "NUL"),
    "more events said": (fcs(TWO, EVENTS, {"$TOT": 4}), "DATA holds 3 events"),
    "fewer events said": (fcs(TWO, EVENTS, {"$TOT": 2}), "DATA holds 3 events"),
    "no events said, some there": (fcs(TWO, EVENTS, {"$TOT": 0}), "DATA holds 3 events"),
    "the end one byte late": (fcs(TWO, EVENTS, version="FCS2.0", offsets={"DATA": (198, 210)}) + b"\0", "1 bytes over"),
    "offsets that text does not say": (fcs(TWO, EVENTS, {"$BEGINDATA": None}, version="FCS3.0"), r"\$BEGINDATA is missing"),
    "offsets that differ": (fcs(TWO, EVENTS, offsets={"DATA": (400, 411)}), "disagree"),
    "half an event": (fcs(TWO, EVENTS, version="FCS2.0", offsets={"DATA": (199, 205)}), "3 bytes over, of 4 an event"),
    "events in the text": (fcs(TWO, EVENTS, version="FCS2.0", offsets={"DATA": (58, 69)}), "overlap"),
    "no total": (fcs(TWO, EVENTS, {"$TOT": None}), r"\$TOT is missing"),
    "a total of two minds": (fcs(TWO, EVENTS, tail="$tot/4/"), r"\$TOT stands twice"),
    "a total beside the total": (fcs(TWO, EVENTS, tail="TOT/4/"), r"without its \$"),
    "several data sets": (fcs(TWO, EVENTS, {"$NEXTDATA": 500}), "several data sets"),
    "a histogram": (fcs(TWO, EVENTS, {"$MODE": "U"}), r"\$MODE is not L"),
    "text for events": (fcs(TWO, EVENTS, {"$DATATYPE": "A"}), r"\$DATATYPE"),
    "an odd byte order": (fcs(TWO, EVENTS, {"$BYTEORD": "3,4,1,2"}), r"\$BYTEORD"),
    "odd bits": (fcs([("A", 10, 1024)], [(1,)]), r"\$P1B"),
    "bits of another kind": (fcs([("A", 32, 1024)], [(1,)], {"$DATATYPE": "D"}), r"\$P1B"),
    "a range beyond its bits": (fcs([("A", 8, 1024)], [(1,)]), r"\$P1R is no range"),
    "a range of nothing": (fcs([("A", 8, 0)], [(1,)]), r"\$P1R is no range"),
    "no range": (fcs([("A", 32, "top")], [(1.0,)], kind="F"), r"\$P1R is no number"),
    "a range that Python would take": (fcs([("A", 8, "1_0")], [(1,)]), r"\$P1R is no whole number"),
    "no parameters": (fcs(TWO, EVENTS, {"$PAR": 0}), r"\$PAR is not between"),
    "too many parameters": (fcs(TWO, EVENTS, {"$PAR": 1000}), r"\$PAR is not between"),
    "more values than can be held": (fcs(TWO, EVENTS, {"$TOT": limits.MAX_FLOW_INTEGERS}), "more than .* values"),
    "an analysis behind the file": (fcs(TWO, EVENTS, offsets={"ANALYSIS": (58, 99999)}), "ANALYSIS"),
    "what flowio does not take": (fcs(TWO, EVENTS, {"$P1E": CANARY}), "cannot be read"),
}


@pytest.mark.parametrize(("content", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_read_is_refused_with_its_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(RefusedFile, match=reason) as caught:
        read(tmp_path / "f.fcs", content)
    assert (caught.value.rule, caught.value.file) == ("F01", "f.fcs")
    assert caught.value.remedy
    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(("limit", "most"), [("MAX_FLOW_BYTES", 100), ("MAX_FLOW_TEXT_BYTES", 100), ("MAX_FLOW_INTEGERS", 5)])
def test_a_file_beyond_a_limit_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int) -> None:
    monkeypatch.setattr(limits, limit, most)
    with pytest.raises(RefusedFile, match=str(most)):
        read(tmp_path / "f.fcs", WHOLE)


def test_a_statistic_that_nobody_counts_is_a_mistake_of_the_contract(tmp_path: Path) -> None:
    spec = table("acquisition", column("gate", "(lymphocytes)"))
    (tmp_path / "f.fcs").write_bytes(WHOLE)
    with pytest.raises(DeclarationError, match="lymphocytes"):
        list(open_reader(FcsFormat(format="fcs"), tmp_path / "f.fcs", (spec,)))


def test_keywords_are_printed_for_who_may_see_them(tmp_path: Path) -> None:
    path: Any = tmp_path / "f.fcs"
    path.write_bytes(WHOLE)
    assert f"$OP: {CANARY}" in list(printed(path))
