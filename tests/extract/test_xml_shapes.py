"""XML records of one shape read at once: whatever the document, the same rows, counts, refusals and records set aside as one by one."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import XmlFormat
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import open_reader, xml_records
from tests.extract.build import column, table

RECORD = table(
    "record",
    column("id", "@id", position=1),
    column("kind", "kind"),
    column("chosen", "v[@code=a].x"),
    column("size", "v[0].@size|size"),
    column("name", "$key"),
    column("text", "$text"),
)
VALUE = table("value", column("x", "x"), column("code", "@code"), column("of", "^.@id"), explode="v")
TEXTS = st.sampled_from(
    ["a", "b c", "é", "", " ", "&amp;", "&#65;", "x]]", "]", "\n", "\t", "\u2028", "\x7f", ">", "a>b", "'", "<!-- c -->"]
)
VALUES = st.sampled_from(["a", "b c", "é", "", " ", "&lt;", "]]>", "\n", ">", "/>", "'"])
BLANKS = st.sampled_from(["", "\n", "\n ", " "])
ODD = [
    '<!-- <R id="1"><kind>k</kind></R> -->',
    "<![CDATA[<R/>]]>",
    '<?p <R id="1"/>?>',
    "stray",
    "<other><R id='9'/></other>",
    "<R/>",
    "</R>",
    "<R",
    '<x:R id="2"/>',
    '<R xmlns:x="urn:x" x:id="3" id="3"/>',
    "</G><G xmlns:x='urn:y'>",
    "&#0;",
    "\x0b",
    "\ufffe",
]


@st.composite
def records(draw: st.DrawFn) -> str:
    name = draw(st.sampled_from(["R", "R", "R", "S"]))
    if draw(st.integers(0, 12)) == 12:
        return draw(st.sampled_from(ODD))
    attributes = f'id="{draw(VALUES)}"' + draw(st.sampled_from(["", " size='1'", ' id="2"', ' x:id="7"', " note='n'"]))
    inside = draw(st.sampled_from(["", "<kind>{}</kind>", "<kind nil='1'>{}</kind><extra/>", "{}", '<v code="{}" size="2"><x>{}</x></v>']))
    blank = draw(BLANKS)
    inside = blank.join(part.format(draw(VALUES if "code" in part else TEXTS), draw(TEXTS)) for part in [inside] * draw(st.integers(1, 2)))
    return f"<{name} {attributes}/>" if not inside and draw(st.booleans()) else f"<{name} {attributes}>{blank}{inside}{blank}</{name}>"


def told(path: Path) -> Any:
    """Everything that a reading tells."""
    reading = open_reader(XmlFormat(format="xml", records=["D.G.*"]), path, (RECORD, VALUE))
    rows: dict[str, list[Any]] = {"record": [], "value": []}
    try:
        for batch in reading:
            for place, row in enumerate(zip(batch.positions, batch.items, *batch.columns.values(), strict=True)):
                rows[batch.object].append((*row, {name: said for (number, name), said in batch.ambiguous.items() if number == place}))
    except RefusedFile as refused:
        return str(refused), refused.position, refused.rule
    return rows, reading.units, reading.set_aside, reading.unmapped, reading.unmapped_first


def both(document: str) -> tuple[Any, Any]:
    """What is told with and without shapes."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        path = Path(folder) / "f"
        path.write_bytes(document.encode())
        patch.setattr(xml_records, "_CHUNK_CHARACTERS", 60)
        patch.setattr(xml_records, "LEAST_ALIKE", 0)
        quick = told(path)
        patch.setattr(xml_records, "_MOST_SHAPES", 0)
        return quick, told(path)


@settings(max_examples=250, deadline=None)
@given(written=st.lists(records(), max_size=14), blank=BLANKS, end=st.sampled_from(["</G></D>", "</G></D>", "</D>", "</G></D><D>"]))
def test_a_document_says_the_same(written: list[str], blank: str, end: str) -> None:
    quick, careful = both(f"<D xmlns:x='urn:x'><G>{blank}{blank.join(written)}{blank}{end}")
    assert quick == careful


@pytest.mark.parametrize(
    "odd",
    [
        '<R id="8"><kind>k</kind></R><!-- <a/><R id="6"/> -->',
        '<!-- <R id="6"/><R id="6"/> -->',
        '<?p <R id="6"/><R id="6"/>?>',
        '<R id="8"><kind><![CDATA[<a/><R id="6"/>]]></kind></R>',
        '<R id="<"/>',
        "</G><H><R id='6'/></H><G>",
        '</G><G xmlns:x="urn:y"><R id="6"/>',
    ],
)
def test_what_only_looks_like_a_record_is_none(odd: str) -> None:
    alike = '<R id="1"/>' * 30
    quick, careful = both(f"<D><G>{alike}{odd}{alike}</G></D>")
    assert quick == careful


def test_records_of_one_shape_skip_the_parser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f.xml"
    path.write_text("<D><G>" + '<R id="1"><kind>k</kind></R>\n' * 9_000 + "</G></D>", encoding="utf-8")
    added: list[int] = []
    monkeypatch.setattr(xml_records._Pass, "_add", lambda self, *_: added.append(self._result.units))
    list(open_reader(XmlFormat(format="xml", records=["D.G.R"]), path, (RECORD,)))
    assert len(added) > 6_000
