"""ARFF files: attributes are the contract's, quoting is undone, `?` stays `?`."""

from __future__ import annotations

from pathlib import Path

import pytest

from cgt_etl.contracts.formats import ArffFormat
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import Batch, Reading, open_reader
from tests.extract.build import column, table

SPEC = table("transplant", column("age", "donor age"), column("abo", "ABO"))
HEAD = "% a comment\n@relation bone-marrow\n\n@attribute 'donor age' numeric\n@ATTRIBUTE ABO {0, A, 'A B'}\n@data\n"


def read(path: Path, content: str, relation: str | None = None) -> tuple[Reading, list[Batch]]:
    path.write_text(content, encoding="utf-8")
    reading = open_reader(ArffFormat(format="arff", relation=relation), path, (SPEC,))
    return reading, list(reading)


def test_rows(tmp_path: Path) -> None:
    reading, [batch] = read(tmp_path / "f.arff", HEAD + '22.83, A\n% between\n?,\'A B\'\n1,"it\'s \\"x\\", y"\n', "bone-marrow")
    assert batch.columns == {"age": ["22.83", "?", "1"], "abo": ["A", "A B", 'it\'s "x", y']}
    assert batch.positions == [7, 9, 10]
    assert (reading.units, reading.set_aside) == (3, [])


def test_rows_that_cannot_be_taken_apart_are_set_aside(tmp_path: Path) -> None:
    reading, [batch] = read(tmp_path / "f.arff", HEAD + "1,A,CANARY\n{0 1, 1 A}\n2,'CANARY\n3,A\n")
    assert batch.columns["age"] == ["3"]
    assert [(one.position, one.reason) for one in reading.set_aside] == [
        (7, "3 fields instead of 2"),
        (8, "no plain row"),
        (9, "no plain row"),
    ]
    assert reading.units == 4


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "empty"),
        (HEAD.replace("@ATTRIBUTE ABO", "@attribute XYZ"), "missing attribute ABO; extra attribute XYZ"),
        (HEAD.replace("bone-marrow", "CANARY"), "the relation is not bone-marrow"),
        (HEAD.replace("@data\n", ""), "no @data line"),
        (HEAD.replace("@data", "CANARY"), "neither @relation, @attribute nor @data"),
        (HEAD + "1,A\nCANARY", "truncated"),
    ],
)
def test_refusals(tmp_path: Path, content: str, what: str) -> None:
    with pytest.raises(RefusedFile, match=what) as refused:
        read(tmp_path / "f.arff", content, "bone-marrow")
    assert "CANARY" not in str(refused.value)
