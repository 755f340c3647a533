"""The shapes that delimited exports come in: encodings, a `sep=` line, headers of several lines, a foot that counts, lines inside cells."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cgt_etl.contracts.formats import CsvFormat
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import open_reader
from tests.door.build import binding, through
from tests.extract.build import column, table

SPEC = table("one", column("name", "Name", position=1), column("dose", "Dose", cast="decimal"))
TEXT = "Name;Dose\r\nMüller €;2,5\r\n"


def read(tmp_path: Path, content: bytes, *, spec: Any = SPEC, **stated: Any) -> list[list[str | None]]:
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    batches = list(open_reader(CsvFormat(format="csv", delimiter=";", **stated), path, (spec,)))
    return [[cell for batch in batches for cell in batch.columns[of.name]] for of in spec.columns]


@pytest.mark.parametrize(
    ("stated", "content"),
    [
        ("utf-8-sig", TEXT.encode()),
        ("utf-8-sig", codecs.BOM_UTF8 + TEXT.encode()),
        ("utf-8", TEXT.encode()),
        ("utf-16", codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le")),
        ("utf-16", codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be")),
        ("windows-1252", TEXT.encode("windows-1252")),
        ("windows-1250", TEXT.encode("windows-1250")),
        ("iso-8859-15", TEXT.encode("iso-8859-15")),
    ],
)
def test_the_stated_encoding_is_read_with_its_decimal_comma(stated: str, content: bytes, tmp_path: Path) -> None:
    assert read(tmp_path, content, encoding=stated) == [["Müller €"], ["2,5"]]
    admitted = through(
        binding(SPEC, file={"format": "csv", "delimiter": ";", "decimal": ",", "encoding": stated, "header_lines": 1}), tmp_path / "f.csv"
    )
    assert admitted.tables["one"]["dose"].to_list() == [2.5]


@pytest.mark.parametrize("stated", ["latin-1", "windows-1252", "windows-1250", "iso-8859-15"])
def test_utf_8_does_not_pass_for_an_encoding_of_one_byte(stated: str, tmp_path: Path) -> None:
    for content in (TEXT.encode(), codecs.BOM_UTF8 + TEXT.encode()):
        with pytest.raises(RefusedFile, match="wrong encoding"):
            read(tmp_path, content, encoding=stated)


def test_a_byte_that_the_encoding_does_not_have_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(RefusedFile, match="not windows-1252") as refused:
        read(tmp_path, TEXT.encode("windows-1252") + b"\x81;1\r\n", encoding="windows-1252")
    assert refused.value.position == 3


@pytest.mark.rule("F02")
def test_a_line_that_names_the_delimiter_is_a_line_before_the_header(tmp_path: Path) -> None:
    assert read(tmp_path, b"sep=;\r\n" + TEXT.encode(), header_lines=2)[1] == ["2,5"]
    with pytest.raises(RefusedFile) as refused:
        read(tmp_path, b"sep=;\r\n" + TEXT.encode())
    assert refused.value.rule == "F02"


def test_two_lines_together_are_the_header(tmp_path: Path) -> None:
    spec = table("one", column("name", "Name", position=1), column("dose", "Dose mL"), column("note", "(free)"))
    content = b"Export of November\nName;Dose;\n;mL;(free)\n1;2;x\n"
    assert read(tmp_path, content, spec=spec, header_lines=3, header_joined=2) == [["1"], ["2"], ["x"]]
    with pytest.raises(RefusedFile, match="missing column Dose mL"):
        read(tmp_path, content.replace(b"mL", b"L"), spec=spec, header_lines=3, header_joined=2)
    with pytest.raises(RefusedFile, match="second time"):
        read(tmp_path, content + b"Name;Dose;\n;mL;(free)\n", spec=spec, header_lines=3, header_joined=2)


@pytest.mark.parametrize("foot", ["Total rows: 3", "Total rows: 3\r\n", "Total rows: 3;;\r\n\r\n", '"Total rows: 3"'])
def test_the_foot_is_no_row_and_its_count_is_that_of_the_rows(foot: str, tmp_path: Path) -> None:
    content = (TEXT + "b;1\r\nc;1;too many\r\n" + foot).encode()
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    reading = open_reader(
        CsvFormat(format="csv", delimiter=";", foot=r'"?Total rows: (?P<rows>\d+)"?'),
        path,
        (SPEC,),
    )
    assert [batch.positions for batch in reading] == [[2, 3]]
    assert (reading.units, [one.position for one in reading.set_aside]) == (3, [4])


@pytest.mark.rule("F01")
@pytest.mark.parametrize(
    ("behind", "what"),
    [
        ("", "the foot that closes its table is not there"),
        ("b;1\r\n", "the foot that closes its table is not there"),
        ("Total rows: 12\r\n", "another number of rows than the 1 above"),
        ("Total rows: none\r\n", "the foot that closes its table is not there"),
        ("Total rows: 1\r\nb;1\r\n", "something follows the foot"),
        ("Total rows: 1\r\nTotal rows: 1\r\n", "something follows the foot"),
        ("Total ro", "the foot|breaks off"),
    ],
)
def test_a_table_that_its_foot_does_not_close_is_refused(behind: str, what: str, tmp_path: Path) -> None:
    with pytest.raises(RefusedFile, match=what) as refused:
        read(tmp_path, (TEXT + behind).encode(), foot=r"Total rows: (?P<rows>\d+)")
    assert refused.value.rule == "F01"


def test_a_foot_without_a_count_shows_that_the_file_is_whole(tmp_path: Path) -> None:
    assert read(tmp_path, (TEXT + "*** End of report ***").encode(), foot=r"\*\*\* End of report \*\*\*")[1] == ["2,5"]
    with pytest.raises(RefusedFile, match="truncated"):
        read(tmp_path, TEXT.encode(), foot=r"\*\*\* End of report \*\*\*")


def test_a_quoted_cell_may_hold_line_ends_of_any_kind(tmp_path: Path) -> None:
    content = b'Name;Dose\r\n"a\r\nb";1\r\n"c\nd\r";2\r\n"Total; rows: 9";3\r\ne;4\r\n'
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    [batch] = open_reader(CsvFormat(format="csv", delimiter=";"), path, (SPEC,))
    assert batch.columns["name"] == ["a\r\nb", "c\nd\r", "Total; rows: 9", "e"]
    assert batch.positions == [2, 4, 7, 8]


@pytest.mark.parametrize(
    "stated", [{"foot": "("}, {"foot": "(?P<other>x)"}, {"header_joined": 2}, {"header_lines": 0}, {"encoding": "windows-1251"}]
)
def test_what_the_contract_may_not_say(stated: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CsvFormat(format="csv", **stated)
