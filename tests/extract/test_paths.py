"""The quick way to a cell and the thorough one agree wherever the quick one is sure."""

from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from cgt_etl.extract import paths

NAMES = st.sampled_from("abc")
LEAVES = st.none() | st.booleans() | st.sampled_from(["x", "y", ""])
NODES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3) | st.dictionaries(NAMES, inner).map(paths.Element)
    ),
)
STEPS = st.builds(lambda name, selector: f"{name}{selector}", NAMES, st.sampled_from(["", "", "[0]", "[1]", "[a=x]", "[a.b=y]"]))
PATHS = st.lists(STEPS, min_size=1, max_size=3).map(".".join) | st.just("$this")


@settings(max_examples=1_000, deadline=None)
@given(NODES, PATHS)
@example({"a": [None, {"b": "x"}]}, "a[0].b")
@example({"a": [[], [{"b": "x"}]]}, "a[0].b")
@example({"a": [{"a": "x", "b": "1"}, {"a": "x", "b": "2"}]}, "a[a=x].b")
@example({"a": [{"a": ["x", "y"], "b": "1"}]}, "a[a=x].b")
def test_what_is_found_quickly_is_what_is_found(node: Any, path: str) -> None:
    parsed = paths.parse(path)
    leaves = parsed.find(node)
    match parsed.text(node):
        case None:
            assert leaves == []
        case str() as text:
            assert leaves == [text]
        case unsure:
            assert unsure is paths.UNSURE


def test_what_is_usual_is_found_quickly() -> None:
    """Else nothing would be gained."""
    node = {"code": {"coding": [{"system": "a", "code": "1"}, {"system": "b", "code": "2"}]}, "name": [{"family": "x"}], "at": "y"}
    for path, text in {"code.coding[system=b].code": "2", "name[0].family": "x", "at": "y", "code.coding[system=c].code": None}.items():
        assert paths.parse(path).text(node) == text
