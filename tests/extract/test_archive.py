"""The first look at a workbook: parts that cannot be read refuse the file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from cgt_etl.errors import RefusedFile
from cgt_etl.extract.archive import look


@pytest.mark.parametrize("encoding", ["true", "utf-32", "shift_jis"])
def test_a_part_in_an_encoding_that_is_not_read_is_damage(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("_rels/.rels", "<Relationships/>")
        made.writestr("xl/workbook.xml", f'<?xml version="1.0" encoding="{encoding}"?><workbook/>')
        made.writestr("xl/_rels/workbook.xml.rels", "<Relationships/>")
    with pytest.raises(RefusedFile, match="damaged") as refused:
        look(path, "S")
    assert refused.value.rule == "F01"
