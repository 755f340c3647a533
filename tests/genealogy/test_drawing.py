"""Drawings: nothing lies on anything, each thing stands once, the file stands alone and is the same every time."""

from __future__ import annotations

from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.registry import Registry
from cgt_etl.errors import CgtError
from cgt_etl.genealogy import svg, tree
from cgt_etl.genealogy.layout import arrange
from cgt_etl.genealogy.recall import Recall, recall
from cgt_etl.settings import Settings
from tests.genealogy.released import Row, edges, release, step

SVG = "{http://www.w3.org/2000/svg}"
GAP = 10.0
_BOXES = [f"b{number:02}" for number in range(9)]
_PAIRS = st.lists(st.tuples(st.sampled_from(_BOXES), st.sampled_from(_BOXES)), max_size=20)
_HEIGHTS = st.lists(st.floats(10, 90), min_size=len(_BOXES), max_size=len(_BOXES))


@settings(max_examples=50, deadline=None)
@given(_PAIRS, _HEIGHTS)
def test_no_box_lies_on_another_whatever_the_graph(pairs: list[tuple[str, str]], heights: list[float]) -> None:
    tall = dict(zip(_BOXES, heights, strict=True))
    layout = arrange(tall, pairs, gap=GAP)
    assert layout.centre.keys() == layout.layer.keys() == tall.keys()
    for at in set(layout.layer.values()):
        column = sorted((box for box in tall if layout.layer[box] == at), key=layout.centre.__getitem__)
        for above, below in pairwise(column):
            assert layout.centre[below] - layout.centre[above] >= (tall[above] + tall[below]) / 2 + GAP - 0.1
    for box, centre in layout.centre.items():
        assert tall[box] / 2 - 0.1 <= centre <= layout.height - tall[box] / 2 + 0.1
    assert arrange(tall, pairs[::-1], gap=GAP) == layout


@settings(max_examples=50, deadline=None)
@given(_PAIRS)
def test_steps_lead_to_the_right_and_bend_once_in_each_layer_that_they_pass(pairs: list[tuple[str, str]]) -> None:
    acyclic = [(a, b) for a, b in pairs if a < b]
    layout = arrange(dict.fromkeys(_BOXES, 20.0), acyclic, gap=GAP)
    for parent, child in acyclic:
        assert layout.layer[parent] < layout.layer[child]
        assert len(layout.ways[parent, child]) == layout.layer[child] - layout.layer[parent] - 1


def test_infusions_stand_last_and_a_material_just_before_what_it_went_into() -> None:
    steps = [("c", "p"), ("p", "b"), ("v", "b"), ("b", "d"), ("d", "a"), ("c2", "a2")]
    boxes = dict.fromkeys(["c", "c2", "v", "p", "b", "d", "a", "a2"], 20.0)
    layout = arrange(boxes, steps, gap=GAP, last=["a", "a2"], beside_child=["v"])
    assert (layout.layer["c"], layout.layer["v"], layout.layer["b"]) == (0, 1, 2)
    assert layout.layer["a"] == layout.layer["a2"] == 4


def _answer(folder: Path, patients: int, *, site_name: str = "Ward") -> Recall:
    numbers = [f"{number:032x}" for number in range(patients)]
    rows: dict[str, list[Row]] = {
        "collection": [{"collection_id": "c" * 32, "site_id": "s", "started_date": date(2026, 1, 2)}],
        "batch": [{"batch_id": "b" * 32, "disposition_code": "released"}, {"batch_id": "a" * 32, "disposition_code": "terminated"}],
        "administration": [{"administration_id": one, "site_id": "s"} for one in numbers],
        "site": [{"site_id": "s", "site_name": site_name}],
        "product_edge": edges(
            [
                step(f"collection {'c' * 32}", f"batch {'b' * 32}", "consume", volume_ml=12.5, cell_count_10_6=123456.7),
                step(f"collection {'c' * 32}", f"batch {'a' * 32}", "consume"),
                step(f"batch {'a' * 32}", f"batch {'b' * 32}", "remanufacture"),
                *(step(f"batch {'b' * 32}", f"administration {one}", "administer") for one in numbers),
            ]
        ),
    }
    return recall(Settings(folder, (), (), None), release(folder, rows), Registry({}, {}, {}, []), "b" * 32)


def test_the_file_stands_alone_says_what_it_is_and_is_the_same_every_time(tmp_path: Path) -> None:
    answer = _answer(tmp_path, 50, site_name='Ward <2> & "3"')
    text = svg.draw(answer)
    assert text == svg.draw(_answer(tmp_path, 50, site_name='Ward <2> & "3"'))
    root = ElementTree.fromstring(text)
    assert root.get("role") == "img"
    named = {one.get("id"): one.text for one in root.iter() if one.get("id")}
    assert named["title"] == "Genealogy of 1 batch"
    assert "50 administrations, 2 batches, 1 collection" in str(named["desc"])
    assert set(str(root.get("aria-labelledby")).split()) <= named.keys()
    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {"svg", "title", "desc", "defs", "marker", "path", "rect", "text", "g"}
    assert text.count("http") == 1
    assert len([one for one in root.iter(f"{SVG}g") if one.find(f"{SVG}title") is not None]) == len(answer.things) == 53
    texts = Counter(one.text for one in root.iter(f"{SVG}text"))
    assert texts['Ward <2> & "3"'] == 51
    assert texts["consume 12.5 mL"] == 1
    assert texts["123457 ×10⁶"] == 1
    assert texts["administer"] == 50


def test_what_several_things_led_to_stands_once_in_the_tree_and_is_referred_to(tmp_path: Path) -> None:
    assert list(tree.text(_answer(tmp_path, 1))) == [
        f"2 collection: collection; used; 2026-01-02; Ward [{'c' * 32}]",
        f"├─ consume 12.5 mL, 123457 ×10⁶ → 1* batch: batch; released [{'b' * 32}]",
        f"│  └─ administer → 4 administration: administration; administered; Ward [{'0' * 32}]",
        f"└─ consume → 3 batch: batch; terminated [{'a' * 32}]",
        "   └─ remanufacture → 1 (see there)",
    ]


def test_a_circle_is_drawn_and_told_and_ends(tmp_path: Path) -> None:
    rows = {"product_edge": edges([step(f"batch {'a' * 32}", f"batch {'b' * 32}"), step(f"batch {'b' * 32}", f"batch {'a' * 32}")])}
    answer = recall(Settings(tmp_path, (), (), None), release(tmp_path, rows), Registry({}, {}, {}, []), "a" * 32)
    assert [line.split(" [")[0] for line in tree.text(answer)] == [
        "1* batch: batch; used",
        "└─ x → 2 batch: batch; used",
        "   └─ x → 1 (see there)",
    ]
    assert svg.draw(answer).count("<path d=") == 2 + 1  # the arrow's head


def test_too_much_for_a_drawing_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(svg, "MOST_DRAWN", 5)
    with pytest.raises(CgtError, match="this would hold 6"):
        svg.draw(_answer(tmp_path, 3))
