"""Whatever text XML can hold, in attributes, elements and lists of them, comes back cell for cell; empty is empty and missing missing."""

from __future__ import annotations

import tempfile
from pathlib import Path
from xml.etree import ElementTree

from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import XmlFormat
from cgt_etl.extract import Batch, open_reader
from tests.extract.build import column, table

ANY = st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff") | st.sampled_from("\t\n\r\x7f\x85")
"""What XML 1.0 may hold."""
TEXTS = st.text(ANY, max_size=12) | st.sampled_from(
    ["", " ", "\r\n", "<a>", "]]>", "&amp;", "&#10;", '"', "'", " x ", "\u2028", "Müller", "血"]
)
STARTS, REST = "aZ_éßΩжאあ血", "aZ_éßΩжאあ血-09"
NAMES = st.builds(str.__add__, st.sampled_from(STARTS), st.text(REST, max_size=6))
"""A parser of XML 1.0 knows the letters of older Unicode alone; these are of several scripts."""
CELLS = st.none() | TEXTS
ROWS = st.lists(st.tuples(CELLS, CELLS, st.lists(st.tuples(TEXTS, CELLS), max_size=3)), max_size=4)
SPEC = table("one", column("attribute", "@at"), column("element", "of.element"))
LISTED = table("listed", column("text", "$this"), column("attribute", "@at"), column("parent", "^.@at"), explode="list.entry")


def _escaped(text: str) -> str:
    """Written so that no parser takes a line end or a blank for layout."""
    named = {"<": "&lt;", ">": "&gt;", "&": "&amp;", '"': "&quot;"}
    return "".join(named.get(sign) or (f"&#{ord(sign)};" if sign in "\t\r\n" else sign) for sign in text)


def _attribute(text: str | None) -> str:
    return "" if text is None else f' at="{_escaped(text)}"'


def _written(rows: list[tuple[str | None, str | None, list[tuple[str, str | None]]]], layout: str) -> str:
    records = []
    for attribute, element, entries in rows:
        inside = "" if element is None else f"<of>{layout}<element>{_escaped(element)}</element></of>"
        listed = "".join(f"<entry{_attribute(at)}>{_escaped(text)}</entry>{layout}" for text, at in entries)
        records.append(f"<r{_attribute(attribute)}>{layout}{inside}<list>{listed}</list></r>")
    return f"<d>{layout}{layout.join(records)}</d>"


def _read(text: str, encoding: str, file: XmlFormat, *objects: object) -> dict[str, Batch]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.xml"
        path.write_bytes(f"<?xml version='1.0' encoding='{encoding}'?>{text}".encode(encoding))
        reading = open_reader(file, path, objects)  # type: ignore[arg-type]
        batches = {batch.object: batch for batch in reading}
        assert reading.set_aside == []
        assert reading.unmapped == {}
    return batches


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, layout=st.sampled_from(["", "\n", "\r\n  ", "<!-- layout -->"]), encoding=st.sampled_from(["utf-8", "utf-16", "gb18030"]))
def test_texts_and_attributes(rows: list[tuple[str | None, str | None, list[tuple[str, str | None]]]], layout: str, encoding: str) -> None:
    file = XmlFormat.model_validate({"format": "xml", "records": ["d.r"], "encoding": encoding})
    batches = _read(_written(rows, layout), encoding, file, SPEC, LISTED)
    expected = [(attribute, element) for attribute, element, _ in rows]
    of = batches["one"].columns if rows else {"attribute": [], "element": []}
    assert list(zip(of["attribute"], of["element"], strict=True)) == expected
    listed = [(text, at, attribute) for attribute, _, entries in rows for text, at in entries]
    found = batches["listed"].columns if listed else {"text": [], "attribute": [], "parent": []}
    assert list(zip(found["text"], found["attribute"], found["parent"], strict=True)) == listed


@settings(max_examples=40, deadline=None)
@given(root=NAMES, record=NAMES, names=st.lists(NAMES, min_size=1, max_size=3, unique=True), text=TEXTS)
def test_names_of_any_script(root: str, record: str, names: list[str], text: str) -> None:
    """Against another writer than this test: what ElementTree writes is read."""
    document = ElementTree.Element(root)
    of = ElementTree.SubElement(document, record, dict.fromkeys(names, text))
    for name in names:
        ElementTree.SubElement(of, name).text = text
    file = XmlFormat.model_validate({"format": "xml", "records": [f"{root}.{record}"]})
    spec = table("one", *(column(f"c{place}", f"{sign}{name}") for place, name in enumerate(names) for sign in ("", "@")))
    [batch] = _read(ElementTree.tostring(document, encoding="unicode"), "utf-8", file, spec).values()
    assert {cell for cells in batch.columns.values() for cell in cells} == {text}
