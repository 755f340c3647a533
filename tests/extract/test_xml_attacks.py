"""Hostile XML is refused whole, in memory that does not grow with it, and nothing but the file is opened."""

from __future__ import annotations

import socket
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from cgt_etl.contracts.formats import XmlFormat
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import Batch, Reading, limits, open_reader
from tests.extract.build import column, table

MIB = 1024 * 1024
SPEC = table("one", column("id", "@id", position=1), column("a", "a"))


def document(inside: str, *, head: str = "", root: str = "D") -> str:
    return f"<?xml version='1.0'?>{head}<{root}><R>{inside}</R></D>"


def attributes(count: int, prefix: str = "b") -> str:
    return " ".join(f"{prefix}{number}=''" for number in range(count))


def laughs() -> str:
    entities = "".join("<!ENTITY l{} '{}'>".format(level, f"&l{level - 1};" * 10) for level in range(1, 10))
    return document("<a>&l9;</a>", head=f'<!DOCTYPE D [<!ENTITY l0 "CANARY">{entities}]>')


ATTACKS: dict[str, tuple[str, Callable[[], str | bytes]]] = {
    "a billion laughs": ("document type", laughs),
    "quadratic blowup": ("document type", lambda: document("&x;" * 50_000, head="<!DOCTYPE D [<!ENTITY x '" + "CANARY" * 10_000 + "'>]>")),
    "an external entity of a file": (
        "document type",
        lambda: document("&x;", head='<!DOCTYPE D [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    ),
    "an external entity of a server": (
        "document type",
        lambda: document("&x;", head='<!DOCTYPE D [<!ENTITY x SYSTEM "http://127.0.0.1:9/">]>'),
    ),
    "a parameter entity": ("document type", lambda: document("", head='<!DOCTYPE D [<!ENTITY % x SYSTEM "http://127.0.0.1:9/">%x;]>')),
    "an external subset": ("document type", lambda: document("", head='<!DOCTYPE D SYSTEM "http://127.0.0.1:9/d.dtd">')),
    "an internal subset that is empty": ("document type", lambda: document("", head="<!DOCTYPE D>")),
    "attributes with default values": ("document type", lambda: document("", head='<!DOCTYPE D [<!ATTLIST R id CDATA "CANARY">]>')),
    "a document type that hides in UTF-16": ("UTF-16", lambda: laughs().encode("utf-16")),
    "a document type that hides in UTF-7": ("declares another", lambda: "<?xml version='1.0' encoding='UTF-7'?>+ADwAIQ-DOCTYPE D+AD4-<D/>"),
    "an entity that nothing declares": ("undefined entity", lambda: document("&CANARY;")),
    "XInclude": (
        "XInclude",
        lambda: document('<i:include xmlns:i="http://www.w3.org/2001/XInclude" href="file:///etc/passwd" parse="text"/>'),
    ),
    "depth in a record": ("nested deeper", lambda: document("<a>" * 500_000 + "</a>" * 500_000)),
    "depth outside of records": ("nested deeper", lambda: "<D><E>" + "<a>" * 500_000),
    "many elements in a record": ("more than 100000 elements", lambda: document("<a b=''/>" * 500_000)),
    "many attributes": ("more than 256 attributes", lambda: document(f"<a {attributes(1_000)}/>")),
    "attributes without end": ("is longer than", lambda: document(f"<a {attributes(500_000)}/>")),
    "an attribute without end": ("is longer than", lambda: document(f"<a b='{'x' * 20 * MIB}'/>")),
    "a long name": ("a name is longer", lambda: document(f"<{'x' * 1_000}/>")),
    "a name without end": ("is longer than", lambda: document(f"<{'x' * 20 * MIB}/>")),
    "many names": ("different names", lambda: "<D>" + "".join(f"<R><x{number}/></R>" for number in range(200_000))),
    "many names outside of records": ("different names", lambda: "<D>" + "".join(f"<x{number}/>" for number in range(200_000))),
    "a namespace before each of many attributes": (
        "a namespace is longer",
        lambda: document(f"<a xmlns:p='{'u' * 100_000}' {attributes(200, 'p:b')}/>"),
    ),
    "a prefix that nothing declares": ("prefix that is not declared", lambda: document("<p:a/>")),
    "a prefix that is undeclared again": ("prefix that is not declared", lambda: document("<p:a xmlns:p=''/>")),
    "two attributes of one name": ("duplicate attribute", lambda: document("<a b='1' b='CANARY'/>")),
    "a text without end": ("a text is longer", lambda: document(f"<a>{'x' * 20 * MIB}</a>")),
    "a CDATA section without end": ("a text is longer", lambda: document(f"<a><![CDATA[{'x' * 20 * MIB}")),
    "a comment without end": ("is longer than", lambda: document(f"<!--{'x' * 20 * MIB}-->")),
    "an instruction without end": ("is longer than", lambda: document(f"<?x {'x' * 20 * MIB}?>")),
    "a record without end": ("a record is longer", lambda: document(f"<a>{'x' * 1_000_000}</a>" * 20)),
    "references to characters that are none": ("invalid character number", lambda: document("<a>&#0;</a>")),
    "half of a surrogate pair": ("invalid character number", lambda: document("<a>&#xD800;</a>")),
    "a control character": ("invalid token", lambda: document("<a>\x08</a>")),
    "a NUL character": ("NUL", lambda: document("<a>\0</a>")),
    "overlong UTF-8": ("not utf-8", lambda: document("<a>?</a>").encode().replace(b"?", b"\xc0\xbc")),
    "XML 1.1": ("another version", lambda: "<?xml version='1.1'?><D><R/></D>"),
    "a second root": ("junk after document element", lambda: "<D><R id='1'/></D><D><R id='2'/></D>"),
    "the end missing": ("no element found", lambda: "<D><R id='1'/>"),
    "nothing but blanks": ("empty", lambda: " \n "),
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow) if "many" in name else name for name in ATTACKS])
def test_it_is_refused(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    what, made = ATTACKS[name]
    content = made()
    path = tmp_path / "f.xml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    del content

    def nowhere(*_: object, **__: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket, "socket", nowhere)
    reading = open_reader(XmlFormat(format="xml", records=["D.R"]), path, (SPEC,))
    tracemalloc.start()
    try:
        with pytest.raises(RefusedFile, match=what) as refused:
            list(reading)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 64 * MIB
    assert refused.value.rule == "F01"
    assert refused.value.remedy
    assert "CANARY" not in str(refused.value)


PLAIN = """<!DOCTYPE D [
<!-- Export, one dash - is fine -->
<!ELEMENT D (R,(a|b|EMPTY)*)>
<!ATTLIST D
  locale CDATA #REQUIRED
>
<!ELEMENT R EMPTY>
<!ATTLIST R
  id  CDATA #REQUIRED
  b   CDATA   #IMPLIED
>
<!ATTLIST a>
]>
"""
DECLARED: dict[str, str] = {
    "an entity": "<!ENTITY x 'CANARY'>",
    "an entity of a file": "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
    "an entity that is not parsed": "<!ENTITY x SYSTEM 'CANARY' NDATA n>",
    "a parameter entity": "<!ENTITY % x '<!ENTITY y \"CANARY\">'>",
    "a reference to a parameter entity": "%x;",
    "a reference to a parameter entity in a declaration": "<!ELEMENT R %x;>",
    "a notation": "<!NOTATION n SYSTEM 'CANARY'>",
    "a default value": "<!ATTLIST R id CDATA 'CANARY'>",
    "a fixed value": '<!ATTLIST R id CDATA #FIXED "CANARY">',
    "a value of few": "<!ATTLIST R id (a|b) #IMPLIED>",
    "a type that takes blanks away": "<!ATTLIST R id NMTOKEN #IMPLIED>",
    "an id": "<!ATTLIST R id ID #IMPLIED>",
    "an instruction": "<?x y?>",
    "a conditional section": "<![INCLUDE[<!ELEMENT R EMPTY>]]>",
    "a comment that does not end": "<!-- x",
    "a declaration that does not end": "<!ATTLIST R\n  id CDATA #IMPLIED\n<!ELEMENT a EMPTY>",
    "a declaration that has two ends": "<!ELEMENT R EMPTY>>",
    "depth": f"<!ELEMENT R {'(' * 40_000}a{')' * 40_000}>",
    "length": "<!ELEMENT R EMPTY>\n" * 4_000,
    "a comment without end": f"<!--{'x' * 2 * MIB}-->",
    "a subset in a subset": "<!DOCTYPE D []>",
}


def taking(path: Path, text: str) -> tuple[Reading, list[Batch]]:
    path.write_text(text, encoding="utf-8")
    reading = open_reader(XmlFormat(format="xml", records=["D.R"], document_type="declarations_only"), path, (SPEC,))
    return reading, list(reading)


def test_a_document_type_of_plain_declarations_is_passed_over_where_the_contract_takes_it(tmp_path: Path) -> None:
    text = document("<a> x </a>", head=PLAIN).replace("<R>", "<R id=' 1  2 '>")
    reading, [batch] = taking(tmp_path / "f.xml", text)
    assert (reading.units, batch.columns) == (1, {"id": [" 1  2 "], "a": [" x "]})
    assert taking(tmp_path / "f.xml", document("<a>x</a>", head="<!DOCTYPE D>"))[0].units == 1
    assert taking(tmp_path / "f.xml", document("<a>x</a>", head="<!DOCTYPE D []  >"))[0].units == 1
    with pytest.raises(RefusedFile, match="document type"):
        list(open_reader(XmlFormat(format="xml", records=["D.R"]), tmp_path / "f.xml", (SPEC,)))


@pytest.mark.parametrize("declared", DECLARED.values(), ids=DECLARED.keys())
def test_no_other_declaration_is_taken(tmp_path: Path, declared: str) -> None:
    text = document("<a>x</a>", head=PLAIN.replace("<!ELEMENT R EMPTY>", declared))
    tracemalloc.start()
    try:
        with pytest.raises(RefusedFile, match="plain declarations") as refused:
            taking(tmp_path / "f.xml", text)
        assert tracemalloc.get_traced_memory()[1] < 16 * MIB
    finally:
        tracemalloc.stop()
    assert "CANARY" not in str(refused.value)


@pytest.mark.parametrize("outside", ['SYSTEM "CANARY.dtd"', 'PUBLIC "CANARY" "d.dtd"', 'SYSTEM "CANARY.dtd" [<!ELEMENT a EMPTY>]'])
def test_no_document_type_outside_the_document_is_taken(tmp_path: Path, outside: str) -> None:
    with pytest.raises(RefusedFile, match="outside the document") as refused:
        taking(tmp_path / "f.xml", document("<a>x</a>", head=f"<!DOCTYPE D {outside}>"))
    assert "CANARY" not in str(refused.value)


def test_a_broken_document_type_is_refused_with_its_line_and_no_entity_is_ever_known(tmp_path: Path) -> None:
    with pytest.raises(RefusedFile, match=r"line 7\)"):
        taking(tmp_path / "f.xml", document("", head=PLAIN.replace("<!ELEMENT R EMPTY>", "<!ELEMENT R EMPTY")))
    for inside in ("&CANARY;", "<a b='&CANARY;'/>"):
        with pytest.raises(RefusedFile, match="undefined entity"):
            taking(tmp_path / "f.xml", document(inside, head=PLAIN))


def test_what_is_near_the_limits_is_read(tmp_path: Path) -> None:
    deep = "<a>" * (limits.MAX_DEPTH - 2) + "x" + "</a>" * (limits.MAX_DEPTH - 2)
    wide = f"<b {attributes(limits.MAX_ATTRIBUTES)}/>"
    long = f"<c>{'x' * limits.MAX_FIELD_CHARACTERS}</c><!--{'x' * (limits.MAX_TOKEN_BYTES - 128 * 1024)}-->"
    path = tmp_path / "f.xml"
    path.write_text(document(deep + wide + long), encoding="utf-8")
    [batch] = open_reader(XmlFormat(format="xml", records=["D.R"]), path, (table("one", column("c")),))
    assert [len(text or "") for text in batch.columns["c"]] == [limits.MAX_FIELD_CHARACTERS]
