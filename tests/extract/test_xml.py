"""XML documents: records by their way from the root, attributes and elements as cells, namespaces, what is set aside, what is refused."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from cgt_etl.contracts.formats import XmlFormat
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import Batch, Reading, limits, open_reader, records, xml_records
from cgt_etl.settings import REPOSITORY
from tests.extract.build import column, table

RECORD = table(
    "event",
    column("id", "@id", position=1),
    column("kind", "$key"),
    column("time", "eventTime"),
    column("first", "epcList.epc[0]"),
    column("any", "epcList.epc"),
    column("giver", "sourceList.source[@type=possessor]"),
    column("giver_kind", "sourceList.source[@type=possessor].@type"),
)
CHILD = table("epc", column("id", "^.@id"), column("epc", "$this"), explode="epcList.epc")
WAYS = ["Doc.Body.*"]
APPLE = REPOSITORY.parent / "shared" / "real" / "wearables_apple"
EVENT = """
  <Object id="e1">
    <eventTime>10:00</eventTime>
    <epcList><epc>a</epc><epc n="2">b &amp; c</epc></epcList>
    <sourceList><source type="owner">o</source><source type="possessor">p</source></sourceList>
  </Object>"""


def document(*elements: str, head: str = '<?xml version="1.0"?>', around: str = "") -> str:
    return f"{head}<Doc><Body>{''.join(elements)}</Body>{around}</Doc>"


def read(
    path: Path, text: str | bytes, *objects: ObjectSpec, ignored: dict[str, str] | None = None, **stated: Any
) -> tuple[Reading, dict[str, Batch]]:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    file = XmlFormat(**{"format": "xml", "records": WAYS, **stated})
    reading = open_reader(file, path, objects or (RECORD, CHILD), ignored_elements=ignored)
    return reading, {batch.object: batch for batch in reading}


def test_cells_by_path(tmp_path: Path) -> None:
    reading, batches = read(tmp_path / "f", document(EVENT))
    assert {name: cells[0] for name, cells in batches["event"].columns.items()} == {
        "id": "e1",
        "kind": "Object",
        "time": "10:00",
        "first": "a",
        "any": None,
        "giver": "p",
        "giver_kind": "possessor",
    }
    assert list(batches["event"].ambiguous) == [(0, "any")]
    assert (reading.units, reading.unmapped) == (1, {})


def test_list_elements_are_rows_whether_they_have_attributes_or_not(tmp_path: Path) -> None:
    _, batches = read(tmp_path / "f", document('<Object id="e0"/>', EVENT))
    assert (batches["epc"].positions, batches["epc"].items) == ([2, 2], [0, 1])
    assert batches["epc"].columns == {"id": ["e1", "e1"], "epc": ["a", "b & c"]}


def test_records_of_one_line_have_positions_of_their_own(tmp_path: Path) -> None:
    _, batches = read(tmp_path / "f", document(*(f'<Object id="{number}"/>' for number in range(3))))
    assert batches["event"].positions == [1, 2, 3]


def test_empty_is_not_missing_and_nothing_is_trimmed(tmp_path: Path) -> None:
    nil = '<eventTime xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:nil="true"/>'
    said = [
        f"<O>{time}</O>" for time in ("<eventTime/>", "", " <eventTime>  1\r\n</eventTime>", nil, "<eventTime><![CDATA[<a>]]></eventTime>")
    ]
    _, batches = read(tmp_path / "f", document(*said))
    assert batches["event"].columns["time"] == ["", None, "  1\n", None, "<a>"]


def test_an_element_that_says_nil_and_has_a_text_keeps_it(tmp_path: Path) -> None:
    said = '<O><eventTime xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:nil="true">9</eventTime></O>'
    _, batches = read(tmp_path / "f", document(said))
    assert batches["event"].columns["time"] == ["9"]


def test_what_nothing_reads_is_counted_inside_records_and_outside(tmp_path: Path) -> None:
    text = '<Doc made="today"><Head><x/></Head><Body><O note="n" id="1"><more/></O><O><more/>  </O></Body>stray</Doc>'
    reading, _ = read(tmp_path / "f", text)
    assert reading.unmapped == {"@note": 1, "Doc.$text": 1, "Doc.@made": 1, "Doc.Head": 1, "more": 2}
    assert reading.unmapped_first["more"] == 1
    known = {"@note": "", "more": "", "Doc.Head": "", "Doc.@made": "", "Doc.$text": ""}
    reading, _ = read(tmp_path / "f", text, ignored=known)
    assert reading.unmapped == {}


def test_the_names_of_unread_elements_carry_no_numbers_and_are_not_endless(tmp_path: Path) -> None:
    odd = "".join(f"<n{'abcdefghij'[number % 10]}x{number // 10:b}/>".replace("0", "o").replace("1", "l") for number in range(5_000))
    reading, _ = read(tmp_path / "f", document(f"<O><mrn0012345/>{odd}</O>"))
    assert reading.unmapped["(an element whose name is no name)"] == 1
    assert len(reading.unmapped) == limits.MAX_UNMAPPED + 1
    assert sum(reading.unmapped.values()) == 5_001


def test_text_between_elements_sets_the_record_aside_where_it_would_be_lost(tmp_path: Path) -> None:
    mixed = '<Object id="e2"><eventTime>9</eventTime>CANARY</Object>'
    deep = '<Object id="e3"><epcList>CANARY<epc>a</epc></epcList></Object>'
    unread = '<Object id="e4"><story>long <b>tale</b></story></Object>'
    reading, batches = read(tmp_path / "f", document(EVENT, mixed, deep, unread))
    assert [(one.position, one.rule, one.raw.decode()) for one in reading.set_aside] == [(2, "D01", mixed), (3, "D01", deep)]
    assert reading.set_aside[0].reason == "text between its elements (from line 6)"
    assert batches["event"].columns["id"] == ["e1", "e4"]
    assert reading.units == 4


def test_several_kinds_of_record_and_records_at_the_root(tmp_path: Path) -> None:
    spec = table("one", column("kind", "$key"), column("a", "@a"))
    _, batches = read(tmp_path / "f", '<D><R a="1"/><S a="2"/><T a="3"/></D>', spec, records=["D.R", "D.T", "R"])
    assert batches["one"].columns == {"kind": ["R", "T"], "a": ["1", "3"]}
    _, batches = read(tmp_path / "f", '<R a="1"/>', spec, records=["D.R", "D.T", "R"])
    assert batches["one"].columns == {"kind": ["R"], "a": ["1"]}


def test_an_element_inside_a_record_is_no_record(tmp_path: Path) -> None:
    reading, _ = read(tmp_path / "f", "<D><R><R/></R></D>", table("one", column("r", "R")), records=["D.R"])
    assert reading.units == 1


def test_namespaces_are_ignored_unless_stated(tmp_path: Path) -> None:
    text = '<p:D xmlns:p="urn:one" xmlns:q="urn:two"><R xmlns="urn:one" a="0" q:a="1"><v>2</v><q:v>3</q:v><w xmlns="">4</w></R></p:D>'
    ignoring = table("one", column("v", "v"), column("w", "w"))
    _, batches = read(tmp_path / "f", text, ignoring, records=["D.R"])
    assert batches["one"].columns == {"v": [None], "w": ["4"]}
    assert batches["one"].ambiguous == {(0, "v"): '["2", "3"]'}
    stated = table("one", column("v", "x:v"), column("w", "w"), column("a", "@a"))
    reading, batches = read(tmp_path / "f", text, stated, records=["x:D.x:R"], namespaces={"x": "urn:one"})
    assert batches["one"].columns == {"v": ["2"], "w": ["4"], "a": ["0"]}
    assert reading.unmapped == {"*:v": 1, "@*:a": 1}


def test_names_without_a_prefix_may_have_a_namespace(tmp_path: Path) -> None:
    text = '<D xmlns="urn:one" xmlns:q="urn:two"><R a="0"><v>2</v><q:v>3</q:v><v xmlns="">4</v></R></D>'
    spec = table("one", column("v", "v"), column("a", "@a"))
    reading, batches = read(tmp_path / "f", text, spec, records=["D.R"], namespaces={"": "urn:one"})
    assert batches["one"].columns == {"v": ["2"], "a": ["0"]}
    assert reading.unmapped == {"*:v": 1}
    with pytest.raises(RefusedFile, match="the root element is not the contract's"):
        read(tmp_path / "f", "<D/>", spec, records=["D.R"], namespaces={"": "urn:one"})


def test_a_prefix_holds_only_where_it_was_declared(tmp_path: Path) -> None:
    text = '<D><R xmlns:p="urn:one"><p:v>1</p:v></R><R xmlns:p="urn:two"><p:v>2</p:v></R></D>'
    spec = table("one", column("v", "x:v"))
    _, batches = read(tmp_path / "f", text, spec, records=["D.R"], namespaces={"x": "urn:one"})
    assert batches["one"].columns["v"] == ["1", None]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "latin-1", "iso-8859-15", "windows-1252", "shift_jis", "gb18030"])
@pytest.mark.parametrize("is_declared", [True, False])
def test_every_stated_encoding(tmp_path: Path, encoding: str, is_declared: bool) -> None:
    sign = {"shift_jis": "血", "gb18030": "血", "iso-8859-15": "€", "windows-1252": "€"}.get(encoding, "é")
    head = f"<?xml version='1.0' encoding='{encoding}'?>" if is_declared else ""
    _, batches = read(tmp_path / "f", document(f'<O id="{sign}"/>', head=head).encode(encoding), encoding=encoding)
    assert batches["event"].columns["id"] == [sign]


@pytest.mark.parametrize(
    ("content", "stated"),
    [
        (document(EVENT, head='<?xml version="1.0" encoding="ISO-8859-1"?>').encode("latin-1"), "utf-8"),
        (document(EVENT, head='<?xml version="1.0" encoding="UTF-8"?>').encode(), "latin-1"),
        (document(EVENT, head='<?xml version="1.0" encoding="no-such-encoding"?>').encode(), "utf-8"),
        (document(EVENT, head='<?xml version="1.0" encoding="UTF-7"?>').encode(), "utf-8"),
        (document(EVENT, head='<?xml version="1.0" encoding="UTF-8"?>').encode("utf-16"), "utf-16"),
        (document(EVENT, head="").encode("utf-16"), "utf-8"),
        (document('<O id="é"/>', head="").encode("latin-1"), "utf-8"),
        (document('<O id="é"/>', head="").encode(), "latin-1"),
        (document('<O id="é"/>', head="").encode(), "us-ascii"),
    ],
)
def test_another_encoding_than_the_contracts_is_refused(tmp_path: Path, content: bytes, stated: str) -> None:
    with pytest.raises(RefusedFile, match=r"encoding|the bytes are not") as refused:
        read(tmp_path / "f", content, encoding=stated)
    assert refused.value.rule == "F01"


def test_a_byte_order_mark_is_no_data(tmp_path: Path) -> None:
    reading, _ = read(tmp_path / "f", b"\xef\xbb\xbf" + document(EVENT).encode())
    assert reading.units == 1


def test_what_is_not_well_formed_is_refused_with_its_line_and_without_a_value(tmp_path: Path) -> None:
    with pytest.raises(RefusedFile, match=r"position 2, rule F01: not well-formed XML: mismatched tag .line 7") as refused:
        read(tmp_path / "CANARY.xml", document(EVENT, "<O>\n<eventTime>CANARY</O>"))
    assert "CANARY" not in str(refused.value).replace("CANARY.xml", "")


def test_another_root_is_another_document(tmp_path: Path) -> None:
    with pytest.raises(RefusedFile, match="the root element is not the contract's") as refused:
        read(tmp_path / "f", "<Doc2><Body/></Doc2>")
    assert refused.value.rule == "F02"


def test_a_document_without_records_has_none(tmp_path: Path) -> None:
    reading, batches = read(tmp_path / "f", document())
    assert (reading.units, batches) == (0, {})


def test_records_without_a_key_are_told_apart_by_all_that_they_say(tmp_path: Path) -> None:
    spec = table("one", column("a", "@a"))
    said = [
        '<O a="1"><b c="1">x</b></O>',
        '<O a="1"><b c="1">y</b></O>',
        "<O a='1'>\n<b c='1'>x</b></O>",
        '<O a="1"/>',
        '<O a="1">t</O>',
    ]
    _, batches = read(tmp_path / "f", document(*said), spec)
    digests = batches["one"].digests
    assert digests is not None
    assert digests[0] == digests[2]
    assert len(set(digests)) == 4


def test_records_are_printed_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "f.xml"
    path.write_text(document('<O id="1"/>', '<O\n a="/>"/>', "<O></O>", "<O><x/></O>", "<O>\n/></O>", "<P/>"), encoding="utf-8")
    file = XmlFormat(format="xml", records=WAYS)
    assert list(xml_records.printed(file, path, 1, 5)) == ['<O id="1"/>', "<O", ' a="/>"/>', "<O></O>", "<O><x/></O>", "<O>", "/></O>"]
    assert list(xml_records.printed(file, path, 6, 9)) == ["<P/>"]


@pytest.mark.parametrize("characters", [1, 2, 7, 100])
def test_where_a_chunk_ends_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, characters: int) -> None:
    text = document(EVENT, "<!-- é -->", '<Object id="é">lost<x/></Object>', EVENT, '<O id="3"/>')
    whole = read(tmp_path / "f", text)
    monkeypatch.setattr(xml_records, "_CHUNK_CHARACTERS", characters)
    parts = read(tmp_path / "f", text)
    assert parts[1] == whole[1]
    assert parts[0].set_aside == whole[0].set_aside
    assert len(parts[0].set_aside) == 1


def test_a_path_to_records_that_is_none_is_no_contract() -> None:
    for way in ("", "a..b", "*", "a.*.b", ".a", "//a"):
        with pytest.raises(ValidationError):
            XmlFormat(format="xml", records=[way])


def test_one_record_is_held_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a night of a wearable takes does not grow with the number of its records, but for the batch that is handed on."""
    monkeypatch.setattr(records, "BATCH_ROWS", 1_000)
    path, record = tmp_path / "f", '<O id="{}" type="heart"><eventTime>10:00</eventTime></O>\n'
    path.write_text(document(*map(record.format, range(30_000))), encoding="utf-8")
    reading = open_reader(XmlFormat(format="xml", records=WAYS), path, (table("event", column("id", "@id", position=1)),))
    tracemalloc.start()
    try:
        rows = sum(len(batch.positions) for batch in reading)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert rows == reading.units == 30_000
    assert peak < 6 * 1024 * 1024  # the tree of all of them takes more than 30


@pytest.mark.real
@pytest.mark.skipif(not APPLE.is_dir(), reason="../shared/real is not there")
@pytest.mark.parametrize("name", ["example_tagbug", "export_records_tagbug", "export_workouts_paulstaab"])
def test_real_records_agree_with_a_plain_search(name: str) -> None:
    path = APPLE / f"{name}.xml"
    spec = table("record", *(column(of, f"@{of}") for of in ("type", "value", "startDate")))
    reading = open_reader(XmlFormat(format="xml", records=["HealthData.Record"]), path, (spec,))
    [batch] = reading
    tags = re.findall(r"<Record\b([^>]*)/>", path.read_text(encoding="utf-8"))
    said = [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in tags]
    assert reading.units == len(said)
    assert batch.columns == {of: [one.get(of) for one in said] for of in batch.columns}
    assert "HealthData.@locale" in reading.unmapped
