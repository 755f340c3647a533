"""The catalogue: it speaks of categories and columns that exist, and takes no question beyond it."""

from __future__ import annotations

import csv
from itertools import permutations
from pathlib import Path

import pytest

from cgt_etl.egress.collective.home import listed
from cgt_etl.egress.questions.catalogue import Catalogue, load
from cgt_etl.errors import CgtError, DeclarationError
from tests.egress.questions.worlds import CATALOGUE

EVERY = (*CATALOGUE.outcomes, *CATALOGUE.exposures, *CATALOGUE.times)


def test_its_categories_are_those_of_the_rows() -> None:
    tables = {one.name: one.categories for one in listed().dimensions}
    written = (Path(__file__).parents[3] / "cgt_etl/egress/questions/features.sql").read_text()
    for one in EVERY:
        for level in one.levels:
            for category in level:
                assert category in tables[one.dimension] if one.dimension in tables else f"'{category}'" in written, (one.name, category)


def test_it_reads_released_columns() -> None:
    newest = sorted((Path(__file__).parents[3] / "docs" / "schema").glob("*.csv"))[-1]
    with newest.open(encoding="utf-8") as file:
        released = {f"{row['table']}.{row['column']}" for row in csv.DictReader(file)}
    assert {column for one in EVERY for column in one.reads} <= released


def test_the_same_question_in_another_order_is_the_same() -> None:
    names = ("frozen_start", "hold_48_h_or_more", "dose_above_200")
    assert len({str(CATALOGUE.question("model", "out_of_specification", order)) for order in permutations(names)}) == 1


@pytest.mark.parametrize(
    ("kind", "outcome", "exposures", "says"),
    [
        ("mean", "out_of_specification", ("frozen_start",), "no such kind"),
        ("contrast", "vein_to_vein", ("frozen_start",), "no such outcome"),
        ("contrast", "out_of_specification", ("x'; drop table batch; --",), "no such exposure"),
        ("contrast", "out_of_specification", ("frozen_start", "dose_above_200"), "takes 1 exposures"),
        ("model", "out_of_specification", ("frozen_start",), "takes 2 to 3 exposures"),
        ("model", "out_of_specification", ("hold_24_h_or_more", "hold_48_h_or_more"), "each dimension once"),
        ("contrast", "viability_below_80", ("viability_90_or_more",), "each dimension once"),
    ],
)
def test_nothing_else_can_be_asked(kind: str, outcome: str, exposures: tuple[str, ...], says: str) -> None:
    with pytest.raises(CgtError, match=says):
        CATALOGUE.question(kind, outcome, exposures)


def test_a_wrong_catalogue_says_where(tmp_path: Path) -> None:
    path = tmp_path / "catalogue.yaml"
    said = CATALOGUE.model_dump(mode="json")
    said["outcomes"][0]["against"] = said["outcomes"][0]["has"]
    path.write_text(str(said))
    with pytest.raises(DeclarationError, match=r"outcomes\.0.*stands twice"):
        load(path)
    with pytest.raises(ValueError, match="stands twice"):
        Catalogue.model_validate(CATALOGUE.model_dump() | {"exposures": [*CATALOGUE.exposures, CATALOGUE.exposures[0]]})
