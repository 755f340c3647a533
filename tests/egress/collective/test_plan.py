"""A list of tables that could not be protected is refused when it is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from cgt_etl.egress import collective
from cgt_etl.egress.collective.plan import load
from cgt_etl.errors import DeclarationError
from tests.egress.collective.worlds import plan

PUBLISHED = Path(collective.__file__).parent / "tables.yaml"


def test_the_published_list_is_one() -> None:
    assert len(load(PUBLISHED).tables) >= 4


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        (("ab", "a"), "table a is a margin of table ab"),
        (("ab", "ba"), "is a margin of"),
        (("ab", "bc", "ac"), "table ac closes a ring"),
        (("ab", "ab"), "declared twice"),
        (("ax",), "not declared"),
        (("aa",), "names a dimension twice"),
        (("abc",), "at most 2"),
    ],
)
def test_no_margins_and_no_cubes(tables: tuple[str, ...], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        plan(*tables)


def test_tables_may_share_a_dimension() -> None:
    assert [cell.categories for cell in plan("ab", "bc").cells(plan("ab", "bc").tables[0])] == [
        ("a1", "b1"),
        ("a1", "b2"),
        ("a2", "b1"),
        ("a2", "b2"),
    ]


@pytest.mark.parametrize(
    ("said", "says"),
    [("version: [", "not YAML"), ("version: '1'\ntables: []\ndimensions: []\nmargins: true", "unknown key")],
)
def test_a_wrong_file_is_named(tmp_path: Path, said: str, says: str) -> None:
    (tmp_path / "tables.yaml").write_text(said)
    with pytest.raises(DeclarationError, match=says):
        load(tmp_path / "tables.yaml")
