"""A file without some of its records reads as the file did, less these: same positions, same counts, every other byte as it came."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import tempfile
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cgt_etl.contracts.formats import (
    ArffFormat,
    CsvFormat,
    FileFormat,
    Hl7Format,
    JsonFormat,
    NdjsonFormat,
    PlateFormat,
    XlsxFormat,
    XmlFormat,
)
from cgt_etl.contracts.load import ObjectSpec
from cgt_etl.errors import RefusedFile
from cgt_etl.extract import Reading, open_reader
from cgt_etl.extract.without import CannotEmpty, contents, without
from tests.extract.build import column, table
from tests.extract.workbooks import workbook

EXAMPLES = settings(max_examples=40, deadline=None)
CHOICES = st.lists(st.booleans(), min_size=8, max_size=8)
TEXTS = st.text("ab,;\"' \n\r\té|{}<>&", max_size=8)
WORDS = st.text("abé .-", max_size=6)
TABLE = table("one", column("id", "ID"), column("text", "TEXT"))


def read(file: FileFormat, objects: tuple[ObjectSpec, ...], path: Path, name: str, passed_over: frozenset[int] = frozenset()) -> Any:
    """(units, rows, records that cannot be read) of a file."""
    reading: Reading = open_reader(file, path, objects, name=name).passing_over(passed_over, objects[0].name)
    rows: list[tuple[Any, ...]] = []
    for batch in reading:
        cells = list(zip(*batch.columns.values(), strict=True))
        for row, (position, item) in enumerate(zip(batch.positions, batch.items, strict=True)):
            digest = batch.digests[row] if batch.digests else None
            several = sorted((of, text) for (number, of), text in {**batch.ambiguous, **batch.unreadable}.items() if number == row)
            rows.append((batch.object, position, item, cells[row], digest, several))
    return reading.units, rows, [(one.position, one.raw) for one in reading.set_aside]


def emptied(
    file: FileFormat, content: bytes, name: str, choice: list[bool], *objects: ObjectSpec, texts: frozenset[str] = frozenset()
) -> tuple[bytes, frozenset[int]]:
    """The file without the records chosen, and their positions; held against the file as it came."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "delivered"
        path.write_bytes(content)
        try:
            units, rows, misread = read(file, objects, path, name)
        except RefusedFile:
            assume(False)
        positions = sorted({position for of, position, *_ in rows if of == objects[0].name} | {position for position, _ in misread})
        gone = frozenset(position for number, position in enumerate(positions) if choice[number % len(choice)])
        feed: Any = SimpleNamespace(extension=SimpleNamespace(file=file, entry=None))
        made = b"".join(without(feed, path, name, gone, texts))
        passed_over = read(file, objects, path, name, gone)
        path.write_bytes(made)
        left = read(file, objects, path, name, gone)
        kept_rows, kept_misread = [row for row in rows if row[1] not in gone], [one for one in misread if one[0] not in gone]
        count = sum(1 for row in rows if row[0] == objects[0].name and row[1] in gone) + len(misread) - len(kept_misread)
        assert left == passed_over == (units - count, kept_rows, kept_misread)
        return made, gone


def physical(text: str) -> list[str]:
    return re.findall(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+", text)


def check_lines(content: str, made: str, gone: frozenset[int], lengths: dict[int, int]) -> None:
    """Every line but those of the records (first line -> how many) that are gone is as it came, where it came."""
    before, after = physical(content), physical(made)
    inside = {line for first in gone for line in range(first, first + lengths[first])}
    assert len(before) == len(after)
    assert [line for number, line in enumerate(after, start=1) if number not in inside] == [
        line for number, line in enumerate(before, start=1) if number not in inside
    ]


def packed(content: bytes, packing: str) -> tuple[bytes, str]:
    if packing == "gz":
        return gzip.compress(content), "file.gz"
    if packing == "zip":
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inside.txt", content)
        return made.getvalue(), "file.zip"
    return content, "file"


def unpacked(content: bytes, packing: str) -> bytes:
    if packing == "zip":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return archive.read("inside.txt")
    return gzip.decompress(content) if packing == "gz" else content


@EXAMPLES
@given(
    rows=st.lists(st.lists(TEXTS, min_size=1, max_size=3), max_size=8),
    choice=CHOICES,
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(["utf-8-sig", "utf-8", "utf-16", "latin-1"]),
    packing=st.sampled_from(["", "", "gz", "zip"]),
    has_foot=st.booleans(),
)
def test_delimited(rows: list[list[str]], choice: list[bool], end: str, encoding: Any, packing: str, *, has_foot: bool) -> None:
    more = {"foot": r"(?P<rows>\d+) rows"} if has_foot else {}
    file = CsvFormat.model_validate({"format": "csv", "encoding": encoding, "delimiter": ";", **more})
    text, lengths = f"ID;TEXT{end}", {}
    for row in rows:
        stream = io.StringIO()
        quoting = csv.QUOTE_ALL if any("\r" in cell for cell in row) else csv.QUOTE_MINIMAL  # not every Python quotes it
        csv.writer(stream, delimiter=";", lineterminator=end, quoting=quoting).writerow(row)
        lengths[len(physical(text)) + 1] = len(physical(stream.getvalue()))
        text += stream.getvalue()
    text += f"{len(rows)} rows{end}" if has_foot else ""
    content, name = packed(text.encode(encoding), packing)
    made, gone = emptied(file, content, name, choice, TABLE)
    check_lines(text, unpacked(made, packing).decode(encoding), gone, lengths)


def test_a_row_with_a_wrong_quotation_mark_goes_too() -> None:
    file = CsvFormat.model_validate({"format": "csv"})
    content = b'ID,TEXT\n1,fine\n2,"secret"x\n3,fine\n'
    made, _ = emptied(file, content, "f", [False, True, False], TABLE)
    assert made == b'ID,TEXT\n1,fine\n""\n3,fine\n'


LINES = st.lists(
    st.one_of(
        st.builds(lambda text: json.dumps({"resourceType": "P", "ID": text}, ensure_ascii=False), TEXTS),
        st.sampled_from(["", "  ", "{broken", "[]", '{"ID": 1}', '{"resourceType":"P","ID":"a","ID":"b"}']),
    ),
    max_size=8,
)


@EXAMPLES
@given(
    lines=LINES,
    choice=CHOICES,
    end=st.sampled_from(["\n", "\r\n"]),
    kind=st.sampled_from([None, "P"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
)
def test_json_lines(lines: list[str], choice: list[bool], end: str, kind: str | None, mark: bytes) -> None:
    file = NdjsonFormat.model_validate({"format": "ndjson", "resource_type": kind})
    content = mark + "".join(line + end for line in lines).encode()
    made, gone = emptied(file, content, "f", choice, table("one", column("id", "ID")))
    assert made.startswith(mark)
    kept = [line for number, line in enumerate(content.split(b"\n"), start=1) if number not in gone]
    assert [line for number, line in enumerate(made.split(b"\n"), start=1) if number not in gone] == kept


@EXAMPLES
@given(rows=st.lists(st.lists(WORDS, min_size=1, max_size=3), max_size=8), choice=CHOICES)
def test_arff(rows: list[list[str]], choice: list[bool]) -> None:
    head = "% note\n@relation r\n@attribute ID string\n@attribute TEXT string\n@data\n"
    text = head + "".join(",".join(f"'{cell}'" for cell in row) + "\n" for row in rows)
    made, gone = emptied(ArffFormat.model_validate({"format": "arff"}), text.encode(), "f", choice, TABLE)
    check_lines(text, made.decode(), gone, dict.fromkeys(gone, 1))


FIELDS = st.lists(st.text("ab^~é ", max_size=6), max_size=3)
SIGNS = st.sampled_from(["|^~\\&", "|^~\\&#", ""])
MESSAGES = st.lists(st.tuples(st.sampled_from(["ORU^R01", "ADT^A01"]), FIELDS, SIGNS), max_size=6)


@EXAMPLES
@given(messages=MESSAGES, choice=CHOICES, end=st.sampled_from(["\r", "\n", "\r\n"]), is_framed=st.booleans(), is_batch=st.booleans())
def test_messages(messages: list[tuple[str, list[str], str]], choice: list[bool], end: str, *, is_framed: bool, is_batch: bool) -> None:
    file = Hl7Format.model_validate({"format": "hl7", "messages": ["ORU^R01"]})
    text, lengths = (f"BHS|^~\\&|lab{end}" if is_batch else ""), {}
    for kind, fields, signs in messages:
        lines = [("\x0b" if is_framed else "") + f"MSH{signs}|a|b|c|d|2025||{kind}|1", *(f"PID|{field}" for field in fields), "", "NTE|x"]
        lengths[len(physical(text)) + 1] = len(lines)
        text += "".join(line + end for line in lines)
    text += f"BTS|{len(messages)}{end}" if is_batch else ""
    assume(text)
    objects = table("message", column("kind", "MSH-9.1"), column("who", "PID-1"))
    made, gone = emptied(file, text.encode(), "f", choice, objects)
    check_lines(text, made.decode(), gone, lengths)


def check_document(parts: list[str], made: str, gone: frozenset[int]) -> None:
    """`parts` in turn layout and record, from position 1 on; the emptied ones are short, and all else is as it came."""
    pattern = "".join(".{0,60}?" if number % 2 and number // 2 + 1 in gone else re.escape(part) for number, part in enumerate(parts))
    assert re.fullmatch(pattern, made, re.DOTALL)


RECORDS = st.lists(
    st.one_of(
        st.builds(lambda text, number: json.dumps({"ID": text, "TEXT": number, "entry": [{"a": text}] * 2}), TEXTS, st.integers()),
        st.sampled_from(['{"ID": 1.50, "ID": 2}', '{"ID": NaN}', "[1, 2]", '{ "ID" : "}]" }']),
    ),
    min_size=1,
    max_size=8,
)
BLANKS = st.sampled_from(["", " ", "\r\n  "])


@EXAMPLES
@given(records=RECORDS, choice=CHOICES, blank=BLANKS, is_member=st.booleans(), mark=st.sampled_from(["", "\ufeff"]))
def test_json_documents(records: list[str], choice: list[bool], blank: str, mark: str, *, is_member: bool) -> None:
    file = JsonFormat.model_validate({"format": "json", "records": "of.list.*" if is_member else "of.list"})
    open_, close = ("{", "}") if is_member else ("[", "]")
    begins = [f'"secret {number}"{blank}:{blank}' if is_member else "" for number in range(len(records))]
    parts = [f'{mark}{{{blank}"who": "me", "of": {{"list": {open_}{blank}']
    for begin, record in zip(begins, records, strict=True):
        parts += [begin + record, f"{blank},{blank}"]
    parts[-1] = f'{blank}{close}}}, "n": 1}}'
    objects = table("one", column("id", "ID"), column("text", "TEXT")), table("entry", column("a", "a"), explode="entry")
    made, gone = emptied(file, "".join(parts).encode(), "f", choice, *objects)
    check_document(parts, made.decode(), gone)
    assert not any(f'"secret {position - 1}"' in made.decode() for position in gone)


def test_a_resource_that_another_feed_reads_and_the_address_beside_it_go_with_the_person() -> None:
    resources = [{"resourceType": "P", "ID": "p-1001"}, {"resourceType": "O", "of": "P/p-1001"}, {"resourceType": "O", "of": "P/p-1002"}]
    bundle = {"entry": [{"fullUrl": f"https://x/P/{one.get('ID', 'o')}", "resource": one} for one in resources]}
    file = JsonFormat.model_validate({"format": "json", "records": "entry.resource", "resource_type": "P"})
    made, _ = emptied(file, json.dumps(bundle).encode(), "f", [True], table("one", column("id", "ID")), texts=frozenset({"p-1001"}))
    left = json.loads(made)
    assert [one["resource"] for one in left["entry"]] == [{"resourceType": "P"}, {"resourceType": "O"}, resources[2]]
    assert [one["fullUrl"] for one in left["entry"]] == ["", "https://x/P/o", "https://x/P/o"]


@EXAMPLES
@given(
    texts=st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6),
    choice=CHOICES,
    blank=BLANKS,
    encoding=st.sampled_from(["utf-8", "utf-16", "latin-1", "windows-1250"]),
    prefix=st.sampled_from(["", "x:"]),
)
def test_xml(texts: list[tuple[str, str]], choice: list[bool], blank: str, encoding: str, prefix: str) -> None:
    file = XmlFormat.model_validate({"format": "xml", "encoding": encoding, "records": ["m:d.m:r"], "namespaces": {"m": "urn:m"}})
    of = f' xmlns{":x" if prefix else ""}="urn:m"'
    parts = [f'<?xml version="1.0" encoding="{encoding}"?>{blank}<{prefix}d{of}>{blank}']
    for number, (attribute, text) in enumerate(texts):
        own, declared = ("y:", ' xmlns:y="urn:m"') if number % 2 else (prefix, "")
        inside = f"<{own}e>{text}</{own}e>" if number % 3 else ""
        parts += [f'<{own}r{declared}\tid="{attribute}>">{inside}</{own}r>', f"{blank}<!-- c -->"]
    parts[-1] += f"</{prefix}d>{blank}"
    made, gone = emptied(file, "".join(parts).encode(encoding), "f", choice, table("one", column("id", "@id"), column("text", "m:e")))
    check_document(parts, made.decode(encoding), gone)


CELLS = st.one_of(st.none(), WORDS.filter(bool), st.integers(0, 99), st.sampled_from(["shared", "#", "a&b"]))


@EXAMPLES
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=8), choice=CHOICES)
def test_workbooks(rows: list[tuple[Any, Any]], choice: list[bool]) -> None:
    cells = {(1, 1): "ID", (1, 2): "TEXT"}
    cells |= {(row, at): value for row, of in enumerate(rows, start=2) for at, value in enumerate(of, start=1) if value is not None}
    file = XlsxFormat.model_validate({"format": "xlsx", "sheet": "Data"})
    content = workbook(cells)
    made, gone = emptied(file, content, "f.xlsx", choice, TABLE)
    kept = {str(value) for (row, _), value in cells.items() if row not in gone}
    went = {value for (row, _), value in cells.items() if row in gone and isinstance(value, str) and value.strip()} - kept
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        shared = re.findall(r"<t[^>]*>([^<]*)</t>", package.read("xl/sharedStrings.xml").decode()) if went else []
    assert not {text.replace("&amp;", "&") for text in shared} & went


def test_comments_and_links_of_a_row_go_with_it() -> None:
    xlsxwriter = pytest.importorskip("xlsxwriter")
    stream = io.BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet = book.add_worksheet("Data")
    for row, texts in enumerate([("ID", "TEXT"), ("one", "kept"), ("two", "gone")]):
        sheet.write_row(row, 0, texts)
    sheet.write_comment("A2", "said of one")
    sheet.write_comment("B3", "said of two")
    sheet.write_url("A3", "internal:Data!A1", None, "two", "tip of two")
    book.close()
    file = XlsxFormat.model_validate({"format": "xlsx", "sheet": "Data"})
    made, _ = emptied(file, stream.getvalue(), "f.xlsx", [False, True], TABLE)
    with zipfile.ZipFile(io.BytesIO(made)) as package:
        everything = b"".join(package.read(part) for part in package.namelist())
    assert b"said of one" in everything
    assert not any(text in everything for text in (b"said of two", b"tip of two", b">two<", b"gone"))


@pytest.mark.parametrize("part", ["xl/pivotCache/pivotCacheRecords1.xml", "xl/drawings/drawing1.xml", "customXml/item1.xml"])
def test_a_workbook_that_may_hold_its_rows_twice_is_left(part: str) -> None:
    stream = io.BytesIO(workbook({(1, 1): "ID", (1, 2): "TEXT", (2, 1): "one"}))
    with zipfile.ZipFile(stream, "a") as package:
        package.writestr(part, "<x/>")
    with pytest.raises(CannotEmpty, match="second time"):
        emptied(XlsxFormat.model_validate({"format": "xlsx", "sheet": "Data"}), stream.getvalue(), "f.xlsx", [True], TABLE)


def test_a_format_that_is_not_taken_apart_is_left(tmp_path: Path) -> None:
    file = PlateFormat.model_validate({"format": "plate", "divider": "tab"})
    feed: Any = SimpleNamespace(extension=SimpleNamespace(file=file, entry=None))
    (tmp_path / "f").write_bytes(b"x")
    with pytest.raises(CannotEmpty):
        list(without(feed, tmp_path / "f", "f", frozenset({1})))


def test_other_entries_of_a_zip_stay_and_are_told_of(tmp_path: Path) -> None:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("inside.csv", "ID,TEXT\n1,a\n2,b\n")
        archive.writestr("readme.txt", "of 1")
    (tmp_path / "f").write_bytes(made.getvalue())
    file = CsvFormat.model_validate({"format": "csv"})
    feed: Any = SimpleNamespace(extension=SimpleNamespace(file=file, entry=r".*\.csv"))
    (tmp_path / "g").write_bytes(b"".join(without(feed, tmp_path / "f", "f.zip", frozenset({2}))))
    assert list(contents(feed, tmp_path / "g", "f.zip")) == [b"inside.csv", b"ID,TEXT\n,\n2,b\n", b"readme.txt", b"of 1"]
